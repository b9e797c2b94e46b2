package florin

import (
	"time"

	pb "florin.dev/gateway-client/go/florinv1"
)

// Lookup is what a look-up found, and what it did not.
type Lookup[T, Key any] struct {
	// Found are those that exist, in the order of the request.
	Found []T
	// Missing are those that do not.
	Missing []Key
}

// TransferRecord is a transfer as it was decided.
type TransferRecord struct {
	// ID is the transfer's.
	ID ID
	// Kind is what it did: a member of the contract's TransferKind.
	Kind Kind
	// Outcome is the first answer to it.
	Outcome Outcome
	// Debit is the account that paid; zero for a refusal whose accounts are not known.
	Debit ID
	// Credit is the account that received. As above.
	Credit ID
	// Requested is what was asked for.
	Requested Minor
	// UpToAvailable: less than that was good enough.
	UpToAvailable bool
	// Code is as in the request.
	Code uint32
	// ValueDate is as in the request, YYYYMMDD; 0 if it counts when it happened.
	ValueDate uint32
	// Metadata is as in the request. A refused transfer keeps none.
	Metadata map[string]string
	// Group is the group it was posted in; zero if none.
	Group ID
	// Reverses is the transfer that it undoes; zero if none.
	Reverses ID
	// ReversedBySequence is of the transfer that undid it; 0 if none did.
	ReversedBySequence uint64
	// Hold is the hold or payment that it was about; of a hold or payment its own id. Zero otherwise.
	Hold ID
	// Due is when the hold or payment falls due right after; zero if never.
	Due time.Time
	// AtDue is what happens then.
	AtDue AtDue
	// Released is what was given back beside what was captured; nil if nothing was.
	Released *Minor
	// BlockedBy is why a capture that was due could not be made; empty otherwise.
	BlockedBy Reason
	// DebitPending is what the debit account has pending right after; nil if refused.
	DebitPending *Minor
	// CreditPending is what the credit account has pending right after, of its own money; nil if refused.
	CreditPending *Minor
}

// SideOf is the side on which an account is; SideBoth, which no transfer has, if it is on neither.
func (r *TransferRecord) SideOf(account ID) AccountSide {
	switch {
	case account.IsZero():
		return SideBoth
	case account == r.Debit:
		return SideDebit
	case account == r.Credit:
		return SideCredit
	}
	return SideBoth
}

// Counterparty is the account on the other side than this one; zero if this one is on neither.
func (r *TransferRecord) Counterparty(account ID) ID {
	switch r.SideOf(account) {
	case SideDebit:
		return r.Credit
	case SideCredit:
		return r.Debit
	}
	return ID{}
}

func recordFromWire(wire *pb.Transfer) (TransferRecord, error) {
	outcome, err := outcomeFromWire(&pb.TransferResult{
		Id:                 wire.GetId(),
		Status:             wire.GetStatus(),
		Replayed:           true,
		Sequence:           wire.GetSequence(),
		TimestampNs:        wire.GetTimestampNs(),
		Amount:             wire.GetAmount(),
		DebitBalanceAfter:  wire.GetDebitBalanceAfter(),
		CreditBalanceAfter: wire.GetCreditBalanceAfter(),
		Refusal:            wire.GetRefusal(),
		HoldRemaining:      wire.GetHoldRemaining(),
	})
	return TransferRecord{
		ID:                 idFromWire(wire.GetId()),
		Kind:               wire.GetKind(),
		Outcome:            outcome,
		Debit:              idFromWire(wire.GetDebitAccountId()),
		Credit:             idFromWire(wire.GetCreditAccountId()),
		Requested:          minorFromWire(wire.GetRequestedAmount()),
		UpToAvailable:      wire.GetAmountMode() == pb.AmountMode_AMOUNT_MODE_UP_TO_AVAILABLE,
		Code:               wire.GetCode(),
		ValueDate:          wire.GetValueDate(),
		Metadata:           wire.GetMetadata(),
		Group:              idFromWire(wire.GetGroupId()),
		Reverses:           idFromWire(wire.GetReverses()),
		ReversedBySequence: wire.GetReversedBySequence(),
		Hold:               idFromWire(wire.GetHoldId()),
		Due:                timeFromWire(wire.GetDueAtNs()),
		AtDue:              wire.GetAtDue(),
		Released:           optionalMinorFromWire(wire.GetReleased()),
		BlockedBy:          reasonFromWire(wire.GetBlockedBy()),
		DebitPending:       optionalMinorFromWire(wire.GetDebitPendingAfter()),
		CreditPending:      optionalMinorFromWire(wire.GetCreditPendingAfter()),
	}, err
}

func recordsFromWire(wire []*pb.Transfer) ([]TransferRecord, error) {
	records := make([]TransferRecord, len(wire))
	for i, transfer := range wire {
		record, err := recordFromWire(transfer)
		if err != nil {
			return nil, err
		}
		records[i] = record
	}
	return records, nil
}

// HoldState is where a hold is in its life.
type HoldState = pb.HoldState

// Where a hold is.
const (
	// HoldOpen: something is reserved.
	HoldOpen = pb.HoldState_HOLD_STATE_OPEN
	// HoldCaptured: nothing is left, and something was captured.
	HoldCaptured = pb.HoldState_HOLD_STATE_CAPTURED
	// HoldReleased: nothing is left, and nothing was captured.
	HoldReleased = pb.HoldState_HOLD_STATE_RELEASED
	// HoldExpired: it fell due, and what was left was given back.
	HoldExpired = pb.HoldState_HOLD_STATE_EXPIRED
)

// Hold is a hold as it is. Captured + Released + Remaining = Amount.
type Hold struct {
	// ID is of the transfer that placed it.
	ID ID
	// State is where it is in its life.
	State HoldState
	// Debit is whose money is reserved.
	Debit ID
	// Credit is for whom.
	Credit ID
	// Amount is what was reserved, increases included.
	Amount Minor
	// Captured is what was captured of it.
	Captured Minor
	// Released is what was given back of it.
	Released Minor
	// Remaining is what is still reserved.
	Remaining Minor
	// Due is when it falls due; zero if never.
	Due time.Time
	// AtDue is what happens then.
	AtDue AtDue
	// PlacedSequence is of the event that placed it.
	PlacedSequence uint64
	// LastSequence is of the last event that changed it.
	LastSequence uint64
}

func holdFromWire(wire *pb.Hold) Hold {
	return Hold{
		ID:             idFromWire(wire.GetId()),
		State:          wire.GetState(),
		Debit:          idFromWire(wire.GetDebitAccountId()),
		Credit:         idFromWire(wire.GetCreditAccountId()),
		Amount:         minorFromWire(wire.GetAmount()),
		Captured:       minorFromWire(wire.GetCaptured()),
		Released:       minorFromWire(wire.GetReleased()),
		Remaining:      minorFromWire(wire.GetRemaining()),
		Due:            timeFromWire(wire.GetDueAtNs()),
		AtDue:          wire.GetAtDue(),
		PlacedSequence: wire.GetPlacedSequence(),
		LastSequence:   wire.GetLastSequence(),
	}
}
