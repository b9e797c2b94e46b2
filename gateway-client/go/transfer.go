package florin

import (
	"maps"
	"math"
	"time"

	pb "florin.dev/gateway-client/go/florinv1"
)

// Kind is what a transfer does.
type Kind = pb.TransferKind

// What a transfer can be asked to do. Records and events know more kinds: florinv1.TransferKind.
const (
	// KindMove moves money from the debit to the credit account, now. So does the zero value.
	KindMove = pb.TransferKind_TRANSFER_KIND_MOVE
	// KindHold reserves money of the debit account for the credit account, under the transfer's id.
	KindHold = pb.TransferKind_TRANSFER_KIND_HOLD
	// KindCapture moves what a hold reserves.
	KindCapture = pb.TransferKind_TRANSFER_KIND_CAPTURE
	// KindRelease gives back what a hold reserves.
	KindRelease = pb.TransferKind_TRANSFER_KIND_RELEASE
	// KindChange increases a hold, moves the time at which it falls due, or both.
	KindChange = pb.TransferKind_TRANSFER_KIND_CHANGE
)

// AtDue is what becomes of the rest of a hold or payment when it falls due.
type AtDue = pb.AtDue

// What becomes of the rest.
const (
	// AtDueRelease: it is given back. So it is with the zero value.
	AtDueRelease = pb.AtDue_AT_DUE_RELEASE
	// AtDueCapture: it is captured.
	AtDueCapture = pb.AtDue_AT_DUE_CAPTURE
)

// Transfer is a transfer to make. NewMove, NewHold, NewCapture, NewRelease, NewChange and NewReversal
// make one; set what else it needs. Fields that do not go with its kind stay zero.
type Transfer struct {
	// ID is its id, and its idempotency key. Not zero.
	ID ID
	// Kind is what it does.
	Kind Kind
	// Debit is who pays. Of MOVE and HOLD.
	Debit AccountKey
	// Credit is who receives. Of MOVE and HOLD.
	Credit AccountKey
	// Amount in minor units of the accounts' asset, 1 to 2^127 - 1. Zero means all that is left (CAPTURE,
	// RELEASE) or no increase (CHANGE).
	Amount Minor
	// UpToAvailable moves the amount, or as much of it as the debit account has available.
	UpToAvailable bool
	// Asset is a guard: if set, both accounts must hold it.
	Asset string
	// Code is yours: a reason or ledger code.
	Code uint32
	// ValueDate is the date on which it counts, YYYYMMDD; 0 if it counts when it happens.
	ValueDate uint32
	// Metadata is anything; at most 4,096 bytes in all, counting 2 more for each key and each value.
	Metadata map[string]string
	// Reverses is the id of a posted transfer that this one undoes, once and in full.
	Reverses ID
	// Hold is the id of the hold. Of CAPTURE, RELEASE and CHANGE.
	Hold ID
	// Due is when a HOLD falls due, or will after a CHANGE; zero means never, or as it was.
	Due time.Time
	// AtDue is what happens then.
	AtDue AtDue
	// ReleaseRest gives back what is left after a CAPTURE.
	ReleaseRest bool
}

// NewMove moves an amount from the debit account, which pays, to the credit account, which receives.
func NewMove(id ID, debit, credit AccountKey, amount Minor) Transfer {
	return Transfer{ID: id, Kind: KindMove, Debit: debit, Credit: credit, Amount: amount}
}

// NewHold reserves an amount of the debit account for the credit account. The hold's id is the
// transfer's. Set Due and AtDue if it is not to last for ever.
func NewHold(id ID, debit, credit AccountKey, amount Minor) Transfer {
	return Transfer{ID: id, Kind: KindHold, Debit: debit, Credit: credit, Amount: amount}
}

// NewCapture moves an amount of what a hold reserves, or all that is left if it is zero. Set
// ReleaseRest if it is the last one.
func NewCapture(id, hold ID, amount Minor) Transfer {
	return Transfer{ID: id, Kind: KindCapture, Hold: hold, Amount: amount}
}

// NewRelease gives back an amount of what a hold reserves, or all that is left if it is zero.
func NewRelease(id, hold ID, amount Minor) Transfer {
	return Transfer{ID: id, Kind: KindRelease, Hold: hold, Amount: amount}
}

// NewChange increases a hold by an amount, which may be zero. Set Due to move the time at which it
// falls due.
func NewChange(id, hold ID, increase Minor) Transfer {
	return Transfer{ID: id, Kind: KindChange, Hold: hold, Amount: increase}
}

// NewReversal undoes a posted transfer, once and in full.
func NewReversal(id, original ID) Transfer { return Transfer{ID: id, Reverses: original} }

func (t *Transfer) wire() *pb.NewTransfer {
	wire := &pb.NewTransfer{
		Id:            t.ID.wire(),
		DebitAccount:  t.Debit.wire(),
		CreditAccount: t.Credit.wire(),
		Asset:         t.Asset,
		Code:          t.Code,
		ValueDate:     t.ValueDate,
		Metadata:      maps.Clone(t.Metadata), // sent again with what it was, whatever its owner does
		Reverses:      t.Reverses.wire(),
		Kind:          t.Kind,
		Hold:          t.Hold.wire(),
		DueAtNs:       timeToWire(t.Due),
		AtDue:         t.AtDue,
		ReleaseRest:   t.ReleaseRest,
	}
	if !t.Amount.IsZero() {
		wire.Amount = t.Amount.wire()
	}
	if t.UpToAvailable {
		wire.AmountMode = pb.AmountMode_AMOUNT_MODE_UP_TO_AVAILABLE
	}
	return wire
}

func transfersToWire(transfers []Transfer) []*pb.NewTransfer {
	wire := make([]*pb.NewTransfer, len(transfers))
	for i := range transfers {
		wire[i] = transfers[i].wire()
	}
	return wire
}

// timeToWire is nanoseconds since 1970. A time before that is the first one after it, since 0 means
// something else: the server refuses both with DUE_PASSED.
func timeToWire(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	seconds := t.Unix()
	if seconds < 0 {
		return 1
	}
	if uint64(seconds) >= math.MaxUint64/uint64(time.Second) {
		return math.MaxUint64
	}
	return max(1, uint64(seconds)*uint64(time.Second)+uint64(t.Nanosecond()))
}

func timeFromWire(ns uint64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(int64(ns/uint64(time.Second)), int64(ns%uint64(time.Second)))
}
