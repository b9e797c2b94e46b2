package florin

import (
	"context"

	pb "florin.dev/gateway-client/go/florinv1"
)

// Transfer makes one transfer. Calls that run at the same time share one stream, on which each has its
// own answer and its own deadline; when it breaks, what was not answered is sent again under the same
// ids on a new one.
//
// A refusal is an error, [*Refusal]. After [ErrOutcomeUnknown] the transfer may or may not have been
// made: call again with the same id and content, and get the first answer.
func (c *Client) Transfer(ctx context.Context, transfer Transfer) (Posted, error) {
	ctx, cancel := c.withDeadline(ctx)
	defer cancel()
	result, err := c.streamer.submit(ctx, transfer.wire())
	if err != nil {
		return Posted{}, err
	}
	outcome, err := outcomeFromWire(result)
	if err != nil {
		return Posted{}, err
	}
	if outcome.Refused != nil {
		return Posted{}, outcome.Refused
	}
	return *outcome.Posted, nil
}

// CreateTransfers makes a batch of 1 to 8,190 transfers, each on its own. One answer a transfer, in
// order; a refusal is not an error here but an answer.
func (c *Client) CreateTransfers(ctx context.Context, transfers []Transfer) ([]Outcome, error) {
	request := &pb.CreateTransfersRequest{
		Mode:      pb.TransferMode_TRANSFER_MODE_INDEPENDENT,
		Transfers: transfersToWire(transfers),
	}
	response, err := call(ctx, c, idempotent, request, c.ledger.CreateTransfers)
	if err != nil {
		return nil, err
	}
	if err := checkBelongs(request.Transfers, response.Results); err != nil {
		return nil, err
	}
	return outcomesFromWire(response.Results)
}

// CreateGroup makes a group of 1 to 8,190 transfers: all or nothing. The group's id is its idempotency
// key; groups have ids of their own. A refusal of the group is an error, [*Refusal], whose Member says
// which member decided.
func (c *Client) CreateGroup(ctx context.Context, group ID, transfers []Transfer) (GroupPosted, error) {
	request := &pb.CreateTransfersRequest{
		Mode:      pb.TransferMode_TRANSFER_MODE_GROUP,
		GroupId:   group.wire(),
		Transfers: transfersToWire(transfers),
	}
	response, err := call(ctx, c, idempotent, request, c.ledger.CreateTransfers)
	if err != nil {
		return GroupPosted{}, err
	}
	posted, err := groupFromWire(response.Group, response.Results)
	if err != nil {
		return GroupPosted{}, err
	}
	return posted, checkBelongs(request.Transfers, response.Results)
}

// Bulk makes a batch in columns: the fast way to move much. Refusals of members are answers; the
// refusal of a group is an error, [*Refusal].
func (c *Client) Bulk(ctx context.Context, batch *Bulk) (BulkOutcome, error) {
	response, err := call(ctx, c, idempotent, &batch.wire, c.ledger.BulkTransfers)
	if err != nil {
		return BulkOutcome{}, err
	}
	return bulkFromWire(response)
}

// GetTransfers looks up to 8,190 transfers up by id, posted and refused ones alike.
func (c *Client) GetTransfers(ctx context.Context, ids ...ID) (Lookup[TransferRecord, ID], error) {
	request := &pb.GetTransfersRequest{Ids: idsToWire(ids)}
	response, err := call(ctx, c, reads, request, c.ledger.GetTransfers)
	if err != nil {
		return Lookup[TransferRecord, ID]{}, err
	}
	found, err := recordsFromWire(response.Transfers)
	return Lookup[TransferRecord, ID]{Found: found, Missing: idsFromWire(response.Missing)}, err
}

// GetHolds looks up to 8,190 holds up by id, open and closed ones alike. Payments are no holds.
func (c *Client) GetHolds(ctx context.Context, ids ...ID) (Lookup[Hold, ID], error) {
	request := &pb.GetHoldsRequest{Ids: idsToWire(ids)}
	response, err := call(ctx, c, reads, request, c.ledger.GetHolds)
	if err != nil {
		return Lookup[Hold, ID]{}, err
	}
	return Lookup[Hold, ID]{
		Found:   mapped(response.Holds, holdFromWire),
		Missing: idsFromWire(response.Missing),
	}, nil
}
