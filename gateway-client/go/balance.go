package florin

import (
	"context"
	"time"

	pb "florin.dev/gateway-client/go/florinv1"
)

// Moment is a moment of the past, [AtSequence] or [AtTime]. The zero value is none, and refused with
// MOMENT_MISSING.
type Moment struct {
	sequence uint64
	time     time.Time
}

// AtSequence is right after the event with this sequence, whatever it was about.
func AtSequence(sequence uint64) Moment { return Moment{sequence: sequence} }

// AtTime is right after the last event at or before this time.
func AtTime(at time.Time) Moment { return Moment{time: at} }

// BalanceAt is an account's balance as it was. The same moment always has the same one.
type BalanceAt struct {
	// Account is its id, also where it was asked for by name.
	Account ID
	// Asset is what it holds.
	Asset Asset
	// Opened: it was open at that moment. If not, its balance is zero because there was none.
	Opened bool
	// Balance is posted credits - posted debits.
	Balance Balance
	// DebitsPending is what open holds and payments reserved of it.
	DebitsPending Minor
	// Floor is how far the balance could fall; nil where the record that the balance rests on does not
	// say.
	Floor *Floor
	// Available is what could be debited; nil without a floor, or where it is not known.
	Available *Minor
	// EventSequence is of the event that the balance rests on: the account's last at or before the
	// moment; 0 if not opened.
	EventSequence uint64
	// EventTime is when that happened; zero if not opened.
	EventTime time.Time
	// ResolvedSequence is of the last event at or before the moment, of whatever account; 0 if there was
	// none. Asked with AtSequence of it, the answer never changes.
	ResolvedSequence uint64
	// ResolvedTime is when that happened; zero if there was none.
	ResolvedTime time.Time
}

// GetBalanceAt gives an account's balance as it was at a moment.
//
// A moment that has not been yet is a [*Fault], MOMENT_AHEAD; for one before the account was opened the
// balance is zero, and not Opened.
func (c *Client) GetBalanceAt(ctx context.Context, account AccountKey, moment Moment) (BalanceAt, error) {
	response, err := call(ctx, c, reads, balanceRequest(account, moment), c.ledger.GetBalanceAt)
	if err != nil {
		return BalanceAt{}, err
	}
	return balanceAtFromWire(response)
}

func balanceRequest(account AccountKey, moment Moment) *pb.GetBalanceAtRequest {
	request := &pb.GetBalanceAtRequest{Account: account.wire()}
	switch {
	case moment.sequence != 0:
		request.At = &pb.GetBalanceAtRequest_Sequence{Sequence: moment.sequence}
	case !moment.time.IsZero():
		request.At = &pb.GetBalanceAtRequest_TimeNs{TimeNs: timeToWire(moment.time)}
	}
	return request
}

func balanceAtFromWire(wire *pb.GetBalanceAtResponse) (BalanceAt, error) {
	if wire.GetAccountId() == nil || wire.GetAsset() == nil || wire.GetOpened() != (wire.GetEventSequence() != 0) {
		return BalanceAt{}, malformed("a balance without its account, or that rests on nothing")
	}
	balance := BalanceAt{
		Account:          idFromWire(wire.GetAccountId()),
		Asset:            assetFromWire(wire.GetAsset()),
		Opened:           wire.GetOpened(),
		Balance:          balanceFromWire(wire.GetBalance()),
		DebitsPending:    minorFromWire(wire.GetDebitsPending()),
		Available:        optionalMinorFromWire(wire.GetAvailable()),
		EventSequence:    wire.GetEventSequence(),
		EventTime:        timeFromWire(wire.GetEventTimeNs()),
		ResolvedSequence: wire.GetResolvedSequence(),
		ResolvedTime:     timeFromWire(wire.GetResolvedTimeNs()),
	}
	if wire.GetFloor() != nil {
		floor := floorFromWire(wire.GetFloor())
		balance.Floor = &floor
	}
	return balance, nil
}
