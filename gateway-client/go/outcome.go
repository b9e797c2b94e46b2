package florin

import (
	"time"

	pb "florin.dev/gateway-client/go/florinv1"
)

// Posted says that a transfer is done: the money has moved, or the hold was placed, changed or given
// back.
type Posted struct {
	// ID is the transfer's.
	ID ID
	// Replayed: the id was known: this is the first answer, given again.
	Replayed bool
	// Sequence is its place in the ledger's history.
	Sequence uint64
	// Time is when it was decided.
	Time time.Time
	// Amount is what was moved, reserved, or given back.
	Amount Minor
	// DebitBalance is the debit account's balance right after.
	DebitBalance Balance
	// CreditBalance is the credit account's balance right after.
	CreditBalance Balance
	// HoldRemaining is what the hold reserves right after; nil if no hold was the matter.
	HoldRemaining *Minor
}

// Outcome is the answer to one of many transfers: exactly one of its fields is set.
type Outcome struct {
	// Posted is set if it is done.
	Posted *Posted
	// Refused is set if nothing was done.
	Refused *Refusal
}

// Err is the refusal as an error; nil if it was posted.
func (o Outcome) Err() error {
	if o.Refused == nil {
		return nil
	}
	return o.Refused
}

// GroupPosted says that all members of a group are done.
type GroupPosted struct {
	// ID is the group's.
	ID ID
	// Replayed: the group was known: this is the first answer, given again.
	Replayed bool
	// Sequence of its first member.
	Sequence uint64
	// Members in the order of the request. Empty for a group sent in columns.
	Members []Posted
}

func outcomeFromWire(wire *pb.TransferResult) (Outcome, error) {
	switch wire.GetStatus() {
	case pb.TransferStatus_TRANSFER_STATUS_POSTED:
		return Outcome{Posted: &Posted{
			ID:            idFromWire(wire.GetId()),
			Replayed:      wire.GetReplayed(),
			Sequence:      wire.GetSequence(),
			Time:          timeFromWire(wire.GetTimestampNs()),
			Amount:        minorFromWire(wire.GetAmount()),
			DebitBalance:  balanceFromWire(wire.GetDebitBalanceAfter()),
			CreditBalance: balanceFromWire(wire.GetCreditBalanceAfter()),
			HoldRemaining: optionalMinorFromWire(wire.GetHoldRemaining()),
		}}, nil
	case pb.TransferStatus_TRANSFER_STATUS_REFUSED:
		if wire.GetRefusal() == nil {
			return Outcome{}, malformed("refused without a refusal")
		}
		refusal := refusalFromWire(wire.GetRefusal())
		refusal.ID = idFromWire(wire.GetId())
		refusal.Replayed = wire.GetReplayed()
		refusal.Sequence = wire.GetSequence()
		refusal.Time = timeFromWire(wire.GetTimestampNs())
		return Outcome{Refused: refusal}, nil
	default:
		return Outcome{}, malformed("neither posted nor refused")
	}
}

func outcomesFromWire(wire []*pb.TransferResult) ([]Outcome, error) {
	outcomes := make([]Outcome, len(wire))
	for i, result := range wire {
		outcome, err := outcomeFromWire(result)
		if err != nil {
			return nil, err
		}
		outcomes[i] = outcome
	}
	return outcomes, nil
}

// checkBelongs: as many results as transfers, each for its own: one payment's answer is never given to
// another.
func checkBelongs(asked []*pb.NewTransfer, results []*pb.TransferResult) error {
	if len(asked) != len(results) {
		return malformed("not one result for each transfer")
	}
	for i := range asked {
		if idFromWire(asked[i].GetId()) != idFromWire(results[i].GetId()) {
			return malformed("a result for another transfer")
		}
	}
	return nil
}

func groupFromWire(group *pb.GroupResult, results []*pb.TransferResult) (GroupPosted, error) {
	switch group.GetStatus() {
	case pb.TransferStatus_TRANSFER_STATUS_POSTED:
		posted := GroupPosted{
			ID:       idFromWire(group.GetId()),
			Replayed: group.GetReplayed(),
			Sequence: group.GetSequence(),
		}
		for _, result := range results {
			outcome, err := outcomeFromWire(result)
			if err != nil {
				return GroupPosted{}, err
			}
			if outcome.Posted == nil {
				return GroupPosted{}, malformed("a refused member in a group that was posted")
			}
			posted.Members = append(posted.Members, *outcome.Posted)
		}
		return posted, nil
	case pb.TransferStatus_TRANSFER_STATUS_REFUSED:
		if group.GetRefusal() == nil {
			return GroupPosted{}, malformed("refused without a refusal")
		}
		refusal := refusalFromWire(group.GetRefusal())
		refusal.ID = idFromWire(group.GetId())
		refusal.Replayed = group.GetReplayed()
		refusal.Sequence = group.GetSequence()
		return GroupPosted{}, refusal
	default:
		return GroupPosted{}, malformed("a group neither posted nor refused")
	}
}
