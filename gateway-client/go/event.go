package florin

import (
	"time"

	pb "florin.dev/gateway-client/go/florinv1"
)

// EventKind is what happened.
type EventKind = pb.EventKind

// What happened.
const (
	// EventAssetRegistered: an asset is in use from now on.
	EventAssetRegistered = pb.EventKind_EVENT_KIND_ASSET_REGISTERED
	// EventAccountOpened: an account was opened.
	EventAccountOpened = pb.EventKind_EVENT_KIND_ACCOUNT_OPENED
	// EventAccountUpdated: an account was frozen, unfrozen, closed, or given another floor or ceiling.
	EventAccountUpdated = pb.EventKind_EVENT_KIND_ACCOUNT_UPDATED
	// EventTransferPosted: money moved: a transfer or a reversal.
	EventTransferPosted = pb.EventKind_EVENT_KIND_TRANSFER_POSTED
	// EventTransferRefused: a transfer, or anything about a hold or payment, was refused.
	EventTransferRefused = pb.EventKind_EVENT_KIND_TRANSFER_REFUSED
	// EventGroupRefused: a group was refused.
	EventGroupRefused = pb.EventKind_EVENT_KIND_GROUP_REFUSED
	// EventHold: something happened to a hold: Transfer.Kind says what.
	EventHold = pb.EventKind_EVENT_KIND_HOLD
	// EventPayment: something happened to a payment: Transfer.Kind says what.
	EventPayment = pb.EventKind_EVENT_KIND_PAYMENT
	// EventCheckpoint: the ledger was drained and its state was noted. Changes nothing.
	EventCheckpoint = pb.EventKind_EVENT_KIND_CHECKPOINT
)

// EventBatch is some events, and where to go on.
type EventBatch struct {
	// Events in order. Empty in a batch that only moves the cursor on.
	Events []Event
	// Cursor is right after the last event that was looked at. Keep that of the last batch that you are
	// done with.
	Cursor string
	// Live: there was nothing more on disk when this was sent.
	Live bool
}

// Event is one event.
type Event struct {
	// Sequence is its position; strictly ascending. With a filter there are gaps.
	Sequence uint64
	// Time is when it was decided.
	Time time.Time
	// Kind is what happened. A kind that is newer than this client has none of the details below.
	Kind EventKind
	// RegisteredAsset is set for EventAssetRegistered.
	RegisteredAsset *Asset
	// Account is set for EventAccountOpened and EventAccountUpdated: the account after it.
	Account *AccountChange
	// Transfer is set for EventTransferPosted, EventTransferRefused, EventHold and EventPayment.
	Transfer *TransferRecord
	// Group is set for EventGroupRefused.
	Group *Refusal
	// GroupIndex is its place in its group, from 0.
	GroupIndex int
	// GroupLen is how many members its group has; 0 outside of groups.
	GroupLen int
	// Asset is what the accounts hold that it is about; zero if it is about none.
	Asset Asset
}

// AccountChange is an account after it was opened or updated.
type AccountChange struct {
	// ID is the account's.
	ID ID
	// Name is empty if it was opened by id.
	Name string
	// Floor is how far the balance may fall.
	Floor Floor
	// Ceiling is how far the balance may rise; nil: without limit.
	Ceiling *Minor
	// Freeze is what is frozen.
	Freeze Freeze
	// Closed for good.
	Closed bool
	// Metadata is what the opener attached. Only with EventAccountOpened.
	Metadata map[string]string
	// Balance right after.
	Balance Balance
}

func batchFromWire(wire *pb.EventBatch) (EventBatch, error) {
	batch := EventBatch{
		Events: make([]Event, len(wire.GetEvents())),
		Cursor: wire.GetCursor(),
		Live:   wire.GetLive(),
	}
	for i, event := range wire.GetEvents() {
		converted, err := eventFromWire(event)
		if err != nil {
			return EventBatch{}, err
		}
		batch.Events[i] = converted
	}
	return batch, nil
}

func eventFromWire(wire *pb.Event) (Event, error) {
	event := Event{
		Sequence:   wire.GetSequence(),
		Time:       timeFromWire(wire.GetTimestampNs()),
		Kind:       wire.GetKind(),
		GroupIndex: int(wire.GetGroupIndex()),
		GroupLen:   int(wire.GetGroupLen()),
		Asset:      Asset{Code: wire.GetAssetCode(), Scale: wire.GetAssetScale()},
	}
	switch body := wire.GetBody().(type) {
	case *pb.Event_Asset:
		asset := assetFromWire(body.Asset)
		event.RegisteredAsset = &asset
	case *pb.Event_Account:
		event.Account = &AccountChange{
			ID:       idFromWire(body.Account.GetId()),
			Name:     body.Account.GetName(),
			Floor:    floorFromWire(body.Account.GetFloor()),
			Ceiling:  ceilingFromWire(body.Account.GetCeiling()),
			Freeze:   body.Account.GetFreeze(),
			Closed:   body.Account.GetClosed(),
			Metadata: body.Account.GetMetadata(),
			Balance:  balanceFromWire(body.Account.GetBalance()),
		}
	case *pb.Event_Transfer:
		record, err := recordFromWire(body.Transfer)
		if err != nil {
			return Event{}, err
		}
		event.Transfer = &record
	case *pb.Event_Group:
		refusal := refusalFromWire(body.Group.GetRefusal())
		refusal.ID = idFromWire(body.Group.GetId())
		refusal.Sequence = body.Group.GetSequence()
		event.Group = refusal
	}
	return event, nil
}
