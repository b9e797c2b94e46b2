package florin

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"time"

	pb "florin.dev/gateway-client/go/florinv1"
	"lukechampine.com/blake3"
)

// ID is 128 bits, chosen by the caller, written as 32 hex digits. The id of a transfer, group or
// payment is its idempotency key, for good.
type ID struct {
	// Hi is the high half: of ids made by [NewID] it begins with the time.
	Hi uint64
	// Lo is the low half.
	Lo uint64
}

// ErrID says that a text is not an id.
var ErrID = errors.New("an id is 32 hex digits, like 0197f3c2a9b47d11e2c64bb9a0d35f08")

// NewID makes a new id: milliseconds since 1970 in the high 48 bits, randomness of the operating
// system in the rest. Ids made at about the same time are neighbours, which makes lookups local.
// Make it before the call and keep it: the same call with the same id is never done twice.
func NewID() ID {
	var random [10]byte
	rand.Read(random[:]) // never fails: the runtime ends a program without randomness
	return timeOrdered(uint64(max(0, time.Now().UnixMilli())), random)
}

func timeOrdered(unixMs uint64, random [10]byte) ID {
	return ID{
		Hi: unixMs<<16 | uint64(binary.BigEndian.Uint16(random[:2])),
		Lo: binary.BigEndian.Uint64(random[2:]),
	}
}

// AccountIDOf is the id that belongs to an account's name: the first 16 bytes, little-endian, of
// BLAKE3("florin.v1.account-name\0" + name). The server computes the same.
func AccountIDOf(name string) ID {
	hash := blake3.Sum256([]byte("florin.v1.account-name\x00" + name))
	return ID{
		Lo: binary.LittleEndian.Uint64(hash[:8]),
		Hi: binary.LittleEndian.Uint64(hash[8:16]),
	}
}

// ParseID reads 32 hex digits.
func ParseID(text string) (ID, error) {
	if len(text) != 32 {
		return ID{}, ErrID
	}
	whole, err := hex.DecodeString(text)
	if err != nil {
		return ID{}, ErrID
	}
	return ID{Hi: binary.BigEndian.Uint64(whole[:8]), Lo: binary.BigEndian.Uint64(whole[8:])}, nil
}

// String is the id as 32 hex digits.
func (id ID) String() string {
	var whole [16]byte
	binary.BigEndian.PutUint64(whole[:8], id.Hi)
	binary.BigEndian.PutUint64(whole[8:], id.Lo)
	return hex.EncodeToString(whole[:])
}

// IsZero tells whether the id is zero, which is no id: the server refuses it with ID_ZERO.
func (id ID) IsZero() bool { return id == ID{} }

// MarshalText is for encoding/json and its like: the id as 32 hex digits.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads 32 hex digits.
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := ParseID(string(text))
	if err == nil {
		*id = parsed
	}
	return err
}

// wire leaves a zero id unset.
func (id ID) wire() *pb.Uint128 {
	if id.IsZero() {
		return nil
	}
	return &pb.Uint128{Hi: id.Hi, Lo: id.Lo}
}

func idFromWire(wire *pb.Uint128) ID { return ID{Hi: wire.GetHi(), Lo: wire.GetLo()} }

func idsToWire(ids []ID) []*pb.Uint128 {
	wire := make([]*pb.Uint128, len(ids))
	for i, id := range ids {
		wire[i] = &pb.Uint128{Hi: id.Hi, Lo: id.Lo}
	}
	return wire
}

func idsFromWire(wire []*pb.Uint128) []ID { return mapped(wire, idFromWire) }

func mapped[From, To any](from []From, convert func(From) To) []To {
	to := make([]To, len(from))
	for i, value := range from {
		to[i] = convert(value)
	}
	return to
}
