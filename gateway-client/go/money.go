package florin

import (
	"fmt"
	"math/big"
	"strings"

	pb "florin.dev/gateway-client/go/florinv1"
)

// ScaleMax is the most decimals that an asset can have.
const ScaleMax = 18

// decimalMax is the largest amount as decimal text, without its point: 2^96 - 1.
var decimalMax = Minor{Hi: 1<<32 - 1, Lo: 1<<64 - 1}

// AmountError says why a text is not an amount.
type AmountError struct {
	// Reason is AMOUNT_INVALID, AMOUNT_NEGATIVE, AMOUNT_TOO_PRECISE, AMOUNT_TOO_LARGE or AMOUNT_ZERO.
	Reason Reason
	// Scale is how many decimals the asset has.
	Scale uint32
}

// Error is one sentence for people.
func (e *AmountError) Error() string {
	switch e.Reason {
	case ReasonAmountNegative:
		return "amounts are never negative: swap the accounts instead"
	case ReasonAmountTooPrecise:
		return fmt.Sprintf("more decimals than the asset has (%d)", e.Scale)
	case ReasonAmountTooLarge:
		return "above the largest decimal amount, " + decimalMax.String() + " minor units"
	case ReasonAmountZero:
		return "the amount is zero"
	default:
		return "not a decimal number like 12.50"
	}
}

// ParseMinor reads a decimal amount as minor units of an asset with scale decimals: "12.50" at scale 2
// is 1250. It never rounds. Trailing zeros beyond the scale are no decimals: "12.500" is 12.50 EUR.
// What is no amount gives an [*AmountError].
func ParseMinor(text string, scale uint32) (Minor, error) {
	minor, err := ParseMinorOrZero(text, scale)
	if err == nil && minor.IsZero() {
		return Minor{}, &AmountError{ReasonAmountZero, scale}
	}
	return minor, err
}

// ParseMinorOrZero reads as [ParseMinor] does, where zero is a value like any other (an opening
// balance, an overdraft).
func ParseMinorOrZero(text string, scale uint32) (Minor, error) {
	digits, isNegative := strings.CutPrefix(text, "-")
	whole, fraction, hasPoint := strings.Cut(digits, ".")
	if !isDigits(whole) || hasPoint && !isDigits(fraction) {
		return Minor{}, &AmountError{ReasonAmountInvalid, scale}
	}
	whole = strings.TrimLeft(whole, "0")
	fraction = strings.TrimRight(fraction, "0")
	if isNegative && whole+fraction != "" {
		return Minor{}, &AmountError{ReasonAmountNegative, scale}
	}
	if uint64(len(fraction)) > uint64(scale) {
		return Minor{}, &AmountError{ReasonAmountTooPrecise, scale}
	}
	if whole+fraction == "" {
		return Minor{}, nil
	}
	// 2^96 - 1 has 29 digits: longer ones need no arithmetic to be too large.
	if uint64(len(whole))+uint64(scale) > 29+ScaleMax {
		return Minor{}, &AmountError{ReasonAmountTooLarge, scale}
	}
	number, _ := new(big.Int).SetString(whole+fraction+strings.Repeat("0", int(scale)-len(fraction)), 10)
	minor, fits := MinorFromBig(number)
	if !fits || minor.Cmp(decimalMax) > 0 {
		return Minor{}, &AmountError{ReasonAmountTooLarge, scale}
	}
	return minor, nil
}

func isDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

// Format writes minor units as decimal text with exactly scale decimals: 1250 at scale 2 is "12.50".
func (m Minor) Format(scale uint32) string {
	digits := m.Big().String()
	if scale == 0 {
		return digits
	}
	decimals := int(scale)
	if missing := decimals + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - decimals
	return digits[:point] + "." + digits[point:]
}

// Format writes a balance as decimal text with exactly scale decimals: -5 at scale 2 is "-0.05".
func (b Balance) Format(scale uint32) string {
	text := b.Abs().Format(scale)
	if b.Sign() < 0 {
		return "-" + text
	}
	return text
}

// Asset is what an amount is an amount of.
type Asset struct {
	// Code is "EUR", "POINTS": 1 to 16 characters of A-Z 0-9 _, beginning with a letter.
	Code string
	// Scale is the decimals of its minor unit, 0 to 18: EUR 2, JPY 0, KWD 3.
	Scale uint32
}

// Parse reads a decimal amount of this asset, as [ParseMinor].
func (a Asset) Parse(text string) (Minor, error) { return ParseMinor(text, a.Scale) }

// Money is an amount of this asset as people write it.
func (a Asset) Money(minor Minor) Money {
	return Money{Amount: minor.Format(a.Scale), Currency: a.Code}
}

func assetFromWire(wire *pb.Asset) Asset {
	return Asset{Code: wire.GetCode(), Scale: wire.GetScale()}
}

// Money is an amount as people write it, with its currency. Payments are in money; the server reads
// the text by the rules of [ParseMinor].
type Money struct {
	// Amount is decimal text: "12.50", "1200".
	Amount string
	// Currency is the code of the asset: "EUR", "POINTS".
	Currency string
}

// Minor is the amount in minor units of its asset, which has scale decimals. Zero is an amount here.
func (m Money) Minor(scale uint32) (Minor, error) { return ParseMinorOrZero(m.Amount, scale) }

// String is the amount and its currency: "12.50 EUR".
func (m Money) String() string { return m.Amount + " " + m.Currency }

// wire leaves money unset that is none.
func (m Money) wire() *pb.Money {
	if (m == Money{}) {
		return nil
	}
	return &pb.Money{Amount: m.Amount, Currency: m.Currency}
}

func moneyFromWire(wire *pb.Money) Money {
	return Money{Amount: wire.GetAmount(), Currency: wire.GetCurrency()}
}
