package florin

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/big"
	"math/bits"

	pb "florin.dev/gateway-client/go/florinv1"
)

// Minor is an amount in minor units of an asset: 1250 is 12.50 EUR. Unsigned, 128 bits, never a float.
type Minor struct {
	// Hi is the high half: the amount is Hi * 2^64 + Lo.
	Hi uint64
	// Lo is the low half, which is nearly always all of it.
	Lo uint64
}

// Units is an amount of minor units that fits 64 bits.
func Units(minor uint64) Minor { return Minor{Lo: minor} }

// MinorFromBig takes a number of any size. It tells false if that is negative or above 2^128 - 1.
func MinorFromBig(n *big.Int) (Minor, bool) {
	if n.Sign() < 0 || n.BitLen() > 128 {
		return Minor{}, false
	}
	var whole [16]byte
	n.FillBytes(whole[:])
	return Minor{Hi: binary.BigEndian.Uint64(whole[:8]), Lo: binary.BigEndian.Uint64(whole[8:])}, true
}

// IsZero tells whether the amount is zero.
func (m Minor) IsZero() bool { return m == Minor{} }

// Uint64 is the amount, and true, if it fits 64 bits.
func (m Minor) Uint64() (uint64, bool) { return m.Lo, m.Hi == 0 }

// Big is the amount as a number of any size.
func (m Minor) Big() *big.Int {
	var whole [16]byte
	binary.BigEndian.PutUint64(whole[:8], m.Hi)
	binary.BigEndian.PutUint64(whole[8:], m.Lo)
	return new(big.Int).SetBytes(whole[:])
}

// Cmp is negative if m is less than other, positive if it is more, zero if they are equal.
func (m Minor) Cmp(other Minor) int {
	difference, borrow := m.sub(other)
	switch {
	case borrow:
		return -1
	case difference.IsZero():
		return 0
	default:
		return 1
	}
}

// Add is the sum, and false if it is above 2^128 - 1.
func (m Minor) Add(other Minor) (Minor, bool) {
	lo, carry := bits.Add64(m.Lo, other.Lo, 0)
	hi, carry := bits.Add64(m.Hi, other.Hi, carry)
	return Minor{Hi: hi, Lo: lo}, carry == 0
}

// Sub is the difference, and false if it is below zero.
func (m Minor) Sub(other Minor) (Minor, bool) {
	difference, borrow := m.sub(other)
	return difference, !borrow
}

func (m Minor) sub(other Minor) (Minor, bool) {
	lo, borrow := bits.Sub64(m.Lo, other.Lo, 0)
	hi, borrow := bits.Sub64(m.Hi, other.Hi, borrow)
	return Minor{Hi: hi, Lo: lo}, borrow != 0
}

// String is the number of minor units, in decimal.
func (m Minor) String() string { return m.Format(0) }

// MarshalText is for encoding/json and its like: the number of minor units, in decimal.
func (m Minor) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads a number of minor units, in decimal.
func (m *Minor) UnmarshalText(text []byte) error {
	number, is := new(big.Int).SetString(string(text), 10)
	if !is || !isDigits(string(text)) {
		return errMinor
	}
	minor, fits := MinorFromBig(number)
	if !fits {
		return errMinor
	}
	*m = minor
	return nil
}

var errMinor = errors.New("minor units are a whole number, 0 to 2^128 - 1")

func (m Minor) wire() *pb.Uint128 { return &pb.Uint128{Hi: m.Hi, Lo: m.Lo} }

func minorFromWire(wire *pb.Uint128) Minor { return Minor{Hi: wire.GetHi(), Lo: wire.GetLo()} }

func optionalMinorToWire(m *Minor) *pb.Uint128 {
	if m == nil {
		return nil
	}
	return m.wire()
}

func optionalMinorFromWire(wire *pb.Uint128) *Minor {
	if wire == nil {
		return nil
	}
	minor := minorFromWire(wire)
	return &minor
}

// Balance is a sum of minor units that may be below zero. Signed, 128 bits in two's complement.
type Balance struct {
	// Hi is the high half, with the sign: the balance is Hi * 2^64 + Lo.
	Hi int64
	// Lo is the low half.
	Lo uint64
}

// Sign is -1, 0 or 1.
func (b Balance) Sign() int {
	switch {
	case b.Hi < 0:
		return -1
	case b == Balance{}:
		return 0
	default:
		return 1
	}
}

// Abs is the balance without its sign.
func (b Balance) Abs() Minor {
	if b.Hi >= 0 {
		return Minor{Hi: uint64(b.Hi), Lo: b.Lo}
	}
	magnitude, _ := Minor{}.sub(Minor{Hi: uint64(b.Hi), Lo: b.Lo})
	return magnitude
}

// Int64 is the balance, and true, if it fits 64 bits.
func (b Balance) Int64() (int64, bool) {
	narrow := int64(b.Lo)
	return narrow, b.Hi == narrow>>63
}

// Big is the balance as a number of any size.
func (b Balance) Big() *big.Int {
	whole := b.Abs().Big()
	if b.Sign() < 0 {
		whole.Neg(whole)
	}
	return whole
}

// Cmp is negative if b is less than other, positive if it is more, zero if they are equal.
func (b Balance) Cmp(other Balance) int {
	if b.Hi != other.Hi {
		if b.Hi < other.Hi {
			return -1
		}
		return 1
	}
	return Minor{Lo: b.Lo}.Cmp(Minor{Lo: other.Lo})
}

// String is the number of minor units, in decimal.
func (b Balance) String() string { return b.Format(0) }

// MarshalText is for encoding/json and its like: the number of minor units, in decimal.
func (b Balance) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads a number of minor units, in decimal.
func (b *Balance) UnmarshalText(text []byte) error {
	digits, isNegative := bytes.CutPrefix(text, []byte("-"))
	var magnitude Minor
	if err := magnitude.UnmarshalText(digits); err != nil {
		return errBalance
	}
	if isNegative {
		magnitude, _ = Minor{}.sub(magnitude)
	}
	balance := Balance{Hi: int64(magnitude.Hi), Lo: magnitude.Lo}
	if sign := balance.Sign(); sign != 0 && (sign < 0) != isNegative {
		return errBalance
	}
	*b = balance
	return nil
}

var errBalance = errors.New("a balance is a whole number, -2^127 to 2^127 - 1")

func balanceFromWire(wire *pb.Int128) Balance { return Balance{Hi: wire.GetHi(), Lo: wire.GetLo()} }

func optionalBalanceFromWire(wire *pb.Int128) *Balance {
	if wire == nil {
		return nil
	}
	balance := balanceFromWire(wire)
	return &balance
}
