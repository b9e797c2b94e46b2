package florin

import (
	"time"

	pb "florin.dev/gateway-client/go/florinv1"
)

// Bulk is a batch in columns, built row by row: half the bytes and far less work a transfer.
type Bulk struct {
	wire pb.BulkTransfersRequest
}

// BulkMember is one row of a [Bulk]. Its accounts are meant by id: [AccountIDOf] gives the id of a name.
type BulkMember struct {
	// ID is its id, and its idempotency key.
	ID ID
	// Kind is what it does; zero means MOVE.
	Kind Kind
	// Debit is who pays. Of MOVE and HOLD.
	Debit ID
	// Credit is who receives. Of MOVE and HOLD.
	Credit ID
	// Amount in minor units.
	Amount Minor
	// Code is yours: a reason or ledger code.
	Code uint32
	// ValueDate is YYYYMMDD; 0 if it counts when it happens.
	ValueDate uint32
	// Hold is the id of the hold. Of CAPTURE, RELEASE and CHANGE.
	Hold ID
	// Due is when a HOLD falls due, or will after a CHANGE; zero means never, or as it was.
	Due time.Time
	// AtDue is what happens then.
	AtDue AtDue
	// ReleaseRest gives back what is left after a CAPTURE.
	ReleaseRest bool
}

// NewBulk is a batch in which each member has its own answer. If asset is not empty, it is a guard for
// all members: both accounts must hold it.
func NewBulk(asset string) *Bulk {
	bulk := new(Bulk)
	bulk.wire.Mode = pb.TransferMode_TRANSFER_MODE_INDEPENDENT
	bulk.wire.Asset = asset
	return bulk
}

// NewBulkGroup is a group: all or nothing. The asset is as in [NewBulk].
func NewBulkGroup(group ID, asset string) *Bulk {
	bulk := NewBulk(asset)
	bulk.wire.Mode = pb.TransferMode_TRANSFER_MODE_GROUP
	bulk.wire.GroupId = group.wire()
	return bulk
}

// Add appends a member. Optional columns stay empty until a value needs them.
func (b *Bulk) Add(m BulkMember) {
	members, wire := b.Len(), &b.wire
	wire.IdLo = append(wire.IdLo, m.ID.Lo)
	wire.DebitAccountLo = append(wire.DebitAccountLo, m.Debit.Lo)
	wire.CreditAccountLo = append(wire.CreditAccountLo, m.Credit.Lo)
	wire.AmountLo = append(wire.AmountLo, m.Amount.Lo)
	addOptional(&wire.IdHi, m.ID.Hi, members)
	addOptional(&wire.DebitAccountHi, m.Debit.Hi, members)
	addOptional(&wire.CreditAccountHi, m.Credit.Hi, members)
	addOptional(&wire.AmountHi, m.Amount.Hi, members)
	addOptional(&wire.Code, m.Code, members)
	addOptional(&wire.ValueDate, m.ValueDate, members)
	addOptional(&wire.Kind, m.Kind, members)
	addOptional(&wire.HoldLo, m.Hold.Lo, members)
	addOptional(&wire.HoldHi, m.Hold.Hi, members)
	addOptional(&wire.DueAtNs, timeToWire(m.Due), members)
	addOptional(&wire.AtDue, m.AtDue, members)
	addOptional(&wire.ReleaseRest, m.ReleaseRest, members)
}

// Len is how many members it has.
func (b *Bulk) Len() int { return len(b.wire.IdLo) }

// addOptional appends to a column that is either empty, which means zero for every member, or full.
func addOptional[T comparable](column *[]T, value T, members int) {
	var zero T
	if len(*column) == 0 && value != zero {
		*column = make([]T, members, members+1)
	}
	if len(*column) > 0 || value != zero {
		*column = append(*column, value)
	}
}

// BulkOutcome is what became of a bulk batch. A member that is not in Others was posted now.
type BulkOutcome struct {
	// Posted is how many were posted now.
	Posted int
	// Replayed is how many were known: first answer, given again.
	Replayed int
	// Refused is how many were refused now.
	Refused int
	// FirstSequence is of the first member that was journaled now; the others follow without gaps. 0 if
	// none was.
	FirstSequence uint64
	// FirstTime is of the first member that was journaled now; the i-th is i ns later. Zero if none was.
	FirstTime time.Time
	// Others are the members that were not posted now, by index.
	Others map[int]Outcome
	// Group is set for a group.
	Group *GroupPosted
}

func bulkFromWire(wire *pb.BulkTransfersResponse) (BulkOutcome, error) {
	outcome := BulkOutcome{
		Posted:        int(wire.GetPosted()),
		Replayed:      int(wire.GetReplayed()),
		Refused:       int(wire.GetRefused()),
		FirstSequence: wire.GetFirstSequence(),
		FirstTime:     timeFromWire(wire.GetFirstTimestampNs()),
		Others:        make(map[int]Outcome, len(wire.GetOthers())),
	}
	for _, other := range wire.GetOthers() {
		one, err := outcomeFromWire(other.GetResult())
		if err != nil {
			return BulkOutcome{}, err
		}
		outcome.Others[int(other.GetIndex())] = one
	}
	if wire.GetGroup() != nil {
		group, err := groupFromWire(wire.GetGroup(), nil)
		if err != nil {
			return BulkOutcome{}, err
		}
		outcome.Group = &group
	}
	return outcome, nil
}
