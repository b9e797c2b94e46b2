package florin

import (
	"errors"
	"strings"

	pb "florin.dev/gateway-client/go/florinv1"
)

// What begins an id where a name could stand too.
const idPrefix = "id:"

// ErrAccountKey says that a text names no account.
var ErrAccountKey = errors.New(
	"an account is a name, 1 to 128 characters of A-Z a-z 0-9 and : / _ . @ + -, or id: and 32 hex digits")

// AccountKey says which account is meant, by id or by name. The zero value means none.
type AccountKey struct {
	id   ID
	name string
}

// ByName means the account of this name. The server refuses a bad name with NAME_INVALID.
func ByName(name string) AccountKey { return AccountKey{name: name} }

// ByID means the account of this id.
func ByID(id ID) AccountKey { return AccountKey{id: id} }

// ParseAccountKey reads what people write, a name or "id:" and 32 hex digits, and checks it.
func ParseAccountKey(text string) (AccountKey, error) {
	if hex, isID := strings.CutPrefix(text, idPrefix); isID {
		id, err := ParseID(hex)
		if err != nil || id.IsZero() {
			return AccountKey{}, ErrAccountKey
		}
		return ByID(id), nil
	}
	if len(text) < 1 || len(text) > 128 || strings.ContainsFunc(text, isNotOfName) {
		return AccountKey{}, ErrAccountKey
	}
	return ByName(text), nil
}

func isNotOfName(r rune) bool {
	isOf := 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9' ||
		strings.ContainsRune(":/_.@+-", r)
	return !isOf
}

// IsZero tells whether it means no account.
func (k AccountKey) IsZero() bool { return k == AccountKey{} }

// ID is the account's id, which for a name is computed from it.
func (k AccountKey) ID() ID {
	if k.name != "" {
		return AccountIDOf(k.name)
	}
	return k.id
}

// Name is the account's name; empty if it is meant by id.
func (k AccountKey) Name() string { return k.name }

// String is the name, or "id:" and 32 hex digits; empty if no account is meant.
func (k AccountKey) String() string {
	switch {
	case k.name != "":
		return k.name
	case k.IsZero():
		return ""
	default:
		return idPrefix + k.id.String()
	}
}

// wire leaves a key unset that means no account.
func (k AccountKey) wire() *pb.AccountKey {
	switch {
	case k.name != "":
		return &pb.AccountKey{Key: &pb.AccountKey_Name{Name: k.name}}
	case k.IsZero():
		return nil
	default:
		return &pb.AccountKey{Key: &pb.AccountKey_Id{Id: k.id.wire()}}
	}
}

// keysToWire leaves nothing out, so that the server says what is wrong with a key that means nothing.
func keysToWire(keys []AccountKey) []*pb.AccountKey {
	wire := make([]*pb.AccountKey, len(keys))
	for i, key := range keys {
		if wire[i] = key.wire(); wire[i] == nil {
			wire[i] = &pb.AccountKey{}
		}
	}
	return wire
}

func keyFromWire(wire *pb.AccountKey) AccountKey {
	return AccountKey{id: idFromWire(wire.GetId()), name: wire.GetName()}
}
