package florin

import (
	"time"

	pb "florin.dev/gateway-client/go/florinv1"
)

// FloorKind is a kind of floor.
type FloorKind = pb.Floor_Kind

// The kinds of floor.
const (
	// FloorKindZero: the balance never falls below zero. So it is with the zero value.
	FloorKindZero = pb.Floor_ZERO
	// FloorKindNone: the balance may fall without limit.
	FloorKindNone = pb.Floor_NONE
	// FloorKindOverdraft: the balance may fall to minus the overdraft.
	FloorKindOverdraft = pb.Floor_OVERDRAFT
)

// Floor is how far an account's balance may fall. The zero value is zero.
type Floor struct {
	// Kind is which kind.
	Kind FloorKind
	// Overdraft is how far, with FloorKindOverdraft: 1 to 2^127 - 1 minor units.
	Overdraft Minor
}

// FloorZero lets the balance never fall below zero: the safe default.
func FloorZero() Floor { return Floor{Kind: FloorKindZero} }

// FloorNone lets the balance fall without limit: genesis, cash, clearing and the like.
func FloorNone() Floor { return Floor{Kind: FloorKindNone} }

// FloorOverdraft lets the balance fall to minus the overdraft.
func FloorOverdraft(overdraft Minor) Floor {
	return Floor{Kind: FloorKindOverdraft, Overdraft: overdraft}
}

func (f Floor) wire() *pb.Floor {
	wire := &pb.Floor{Kind: f.Kind}
	if !f.Overdraft.IsZero() {
		wire.Overdraft = f.Overdraft.wire()
	}
	return wire
}

func floorFromWire(wire *pb.Floor) Floor {
	kind := wire.GetKind()
	if kind == pb.Floor_KIND_UNSPECIFIED {
		kind = FloorKindZero
	}
	return Floor{Kind: kind, Overdraft: minorFromWire(wire.GetOverdraft())}
}

// Freeze is which directions are frozen.
type Freeze = pb.Freeze

// Which directions.
const (
	// FreezeNone: nothing is frozen.
	FreezeNone = pb.Freeze_FREEZE_NONE
	// FreezeDebits: money may come in, not go out.
	FreezeDebits = pb.Freeze_FREEZE_DEBITS
	// FreezeCredits: money may go out, not come in.
	FreezeCredits = pb.Freeze_FREEZE_CREDITS
	// FreezeBoth: neither.
	FreezeBoth = pb.Freeze_FREEZE_BOTH
)

// NewAccount is an account to open.
type NewAccount struct {
	// Key is its id or name. With a name, the name is kept and shown.
	Key AccountKey
	// Asset is the code of what it will hold.
	Asset string
	// Floor is how far its balance may fall.
	Floor Floor
	// Ceiling is how far its balance may rise; nil: without limit.
	Ceiling *Minor
	// Metadata is anything; at most 4,096 bytes in all, counting 2 more for each key and each value.
	Metadata map[string]string
}

func (a *NewAccount) wire() *pb.NewAccount {
	return &pb.NewAccount{
		Key:      a.Key.wire(),
		Asset:    a.Asset,
		Floor:    a.Floor.wire(),
		Ceiling:  ceilingToWire(a.Ceiling),
		Metadata: a.Metadata,
	}
}

func ceilingToWire(limit *Minor) *pb.Ceiling {
	if limit == nil {
		return nil
	}
	return &pb.Ceiling{Limit: limit.wire()}
}

func ceilingFromWire(wire *pb.Ceiling) *Minor { return optionalMinorFromWire(wire.GetLimit()) }

// Opened says that an account is open.
type Opened struct {
	// ID is the account's, also where it was opened by name.
	ID ID
	// Replayed: it was opened before with this content.
	Replayed bool
	// Sequence of its opening.
	Sequence uint64
}

// AccountOutcome is the answer to one account to open: exactly one of its fields is set.
type AccountOutcome struct {
	// Opened is set if the account is open.
	Opened *Opened
	// Refused is set if it was not opened.
	Refused *Refusal
}

// Err is the refusal as an error; nil if the account is open.
func (o AccountOutcome) Err() error {
	if o.Refused == nil {
		return nil
	}
	return o.Refused
}

func accountOutcomeFromWire(wire *pb.CreateAccountResult) AccountOutcome {
	if wire.GetRefusal() != nil {
		return AccountOutcome{Refused: refusalFromWire(wire.GetRefusal())}
	}
	return AccountOutcome{Opened: &Opened{
		ID:       idFromWire(wire.GetId()),
		Replayed: wire.GetReplayed(),
		Sequence: wire.GetSequence(),
	}}
}

// AccountUpdate is changes to an account. What is not set stays.
type AccountUpdate struct {
	// Account is which one.
	Account AccountKey
	// Freeze freezes these directions and no others.
	Freeze Freeze
	// Close closes the account for good, which needs balance zero and nothing reserved.
	Close bool
	// Floor is the new floor.
	Floor *Floor
	// Ceiling is the new ceiling.
	Ceiling *Minor
	// RemoveCeiling takes the ceiling away. Not together with Ceiling.
	RemoveCeiling bool
}

func (u *AccountUpdate) wire() (*pb.UpdateAccountRequest, error) {
	wire := &pb.UpdateAccountRequest{
		Account: u.Account.wire(),
		Freeze:  u.Freeze,
		Close:   u.Close,
		Ceiling: ceilingToWire(u.Ceiling),
	}
	if u.Floor != nil {
		wire.Floor = u.Floor.wire()
	}
	if u.RemoveCeiling {
		if u.Ceiling != nil {
			return nil, invalidOption("AccountUpdate has either Ceiling or RemoveCeiling")
		}
		wire.Ceiling = &pb.Ceiling{}
	}
	return wire, nil
}

// Account is an account as it is, all parts at one moment.
type Account struct {
	// ID is the account's.
	ID ID
	// Name is empty if it was opened by id.
	Name string
	// Asset is what it holds.
	Asset Asset
	// DebitsPosted is the sum of all posted debits.
	DebitsPosted Minor
	// CreditsPosted is the sum of all posted credits.
	CreditsPosted Minor
	// DebitsPending is what open holds and payments reserve of this account.
	DebitsPending Minor
	// CreditsPending is what open holds and payments reserve for this account.
	CreditsPending Minor
	// Balance is CreditsPosted - DebitsPosted.
	Balance Balance
	// Available is what could be debited now; nil if the floor is none. Frozen and closed states are not
	// considered.
	Available *Minor
	// Floor is how far the balance may fall.
	Floor Floor
	// Ceiling is how far the balance may rise; nil: without limit.
	Ceiling *Minor
	// Freeze is what is frozen.
	Freeze Freeze
	// Closed for good.
	Closed bool
	// Metadata is what the opener attached.
	Metadata map[string]string
	// OpenedAt is when it was opened.
	OpenedAt time.Time
	// LastSequence is of the last event that changed it.
	LastSequence uint64
}

// Key is how the account is meant: by its name, or by its id if it has none.
func (a *Account) Key() AccountKey {
	if a.Name != "" {
		return ByName(a.Name)
	}
	return ByID(a.ID)
}

func accountFromWire(wire *pb.Account) Account {
	return Account{
		ID:             idFromWire(wire.GetId()),
		Name:           wire.GetName(),
		Asset:          assetFromWire(wire.GetAsset()),
		DebitsPosted:   minorFromWire(wire.GetDebitsPosted()),
		CreditsPosted:  minorFromWire(wire.GetCreditsPosted()),
		DebitsPending:  minorFromWire(wire.GetDebitsPending()),
		CreditsPending: minorFromWire(wire.GetCreditsPending()),
		Balance:        balanceFromWire(wire.GetBalance()),
		Available:      optionalMinorFromWire(wire.GetAvailable()),
		Floor:          floorFromWire(wire.GetFloor()),
		Ceiling:        ceilingFromWire(wire.GetCeiling()),
		Freeze:         wire.GetFreeze(),
		Closed:         wire.GetClosed(),
		Metadata:       wire.GetMetadata(),
		OpenedAt:       timeFromWire(wire.GetOpenedAtNs()),
		LastSequence:   wire.GetLastSequence(),
	}
}
