package florin

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
)

// The same table as in proto/src/money.rs.
func TestTextToMinorUnits(t *testing.T) {
	most := decimalMax
	for _, c := range []struct {
		text   string
		scale  uint32
		minor  Minor
		reason Reason
	}{
		{"1", 2, Units(100), ""},
		{"1.0", 2, Units(100), ""},
		{"0.01", 2, Units(1), ""},
		{"001.10", 2, Units(110), ""},
		{"12.500", 2, Units(1250), ""},
		{"500", 0, Units(500), ""},
		{"500.0", 0, Units(500), ""},
		{"1.234", 3, Units(1234), ""},
		{"0.000000000000000001", 18, Units(1), ""},
		{"79228162514264337593543950335", 0, most, ""},
		{"792281625142643375935439503.35", 2, most, ""},
		{strings.Repeat("0", 100) + "1", 18, Units(1_000_000_000_000_000_000), ""},
		{"79228162514264337593543950336", 0, Minor{}, ReasonAmountTooLarge},
		{"792281625142643375935439503.36", 2, Minor{}, ReasonAmountTooLarge},
		{"79228162514264337593543950335", 2, Minor{}, ReasonAmountTooLarge},
		{strings.Repeat("9", 100_000), 18, Minor{}, ReasonAmountTooLarge},
		{"1.005", 2, Minor{}, ReasonAmountTooPrecise},
		{"1.5", 0, Minor{}, ReasonAmountTooPrecise},
		{"-1", 2, Minor{}, ReasonAmountNegative},
		{"-1.005", 2, Minor{}, ReasonAmountNegative},
		{"-0", 2, Minor{}, ReasonAmountZero},
		{"0", 2, Minor{}, ReasonAmountZero},
		{"0.00", 2, Minor{}, ReasonAmountZero},
		{"", 2, Minor{}, ReasonAmountInvalid},
		{".", 2, Minor{}, ReasonAmountInvalid},
		{"1.", 2, Minor{}, ReasonAmountInvalid},
		{".5", 2, Minor{}, ReasonAmountInvalid},
		{"NaN", 2, Minor{}, ReasonAmountInvalid},
		{"inf", 2, Minor{}, ReasonAmountInvalid},
		{"1e3", 2, Minor{}, ReasonAmountInvalid},
		{"1_000", 2, Minor{}, ReasonAmountInvalid},
		{"1,5", 2, Minor{}, ReasonAmountInvalid},
		{"1.2.3", 2, Minor{}, ReasonAmountInvalid},
		{"+1", 2, Minor{}, ReasonAmountInvalid},
		{" 1", 2, Minor{}, ReasonAmountInvalid},
		{"--1", 2, Minor{}, ReasonAmountInvalid},
		{"１", 2, Minor{}, ReasonAmountInvalid},
	} {
		minor, err := ParseMinor(c.text, c.scale)
		if minor != c.minor || ReasonOf(err) != c.reason {
			t.Errorf("%.40q at scale %d: %v %v, want %v %q", c.text, c.scale, minor, err, c.minor, c.reason)
		}
		if reason := (*AmountError)(nil); err != nil && (!errors.As(err, &reason) || err.Error() == "") {
			t.Errorf("%.40q: %T", c.text, err)
		}
	}
	if zero, err := ParseMinorOrZero("-0.000", 2); !zero.IsZero() || err != nil {
		t.Error("zero is a value there", zero, err)
	}
}

func TestMinorUnitsToText(t *testing.T) {
	for _, c := range []struct {
		balance Balance
		scale   uint32
		text    string
	}{
		{Balance{}, 2, "0.00"},
		{Balance{-1, math.MaxUint64 - 4}, 2, "-0.05"},
		{Balance{Lo: 1250}, 2, "12.50"},
		{Balance{Lo: 500}, 0, "500"},
		{Balance{Lo: 1}, 3, "0.001"},
		{Balance{Lo: 1}, 18, "0.000000000000000001"},
		{Balance{Hi: math.MinInt64}, 0, "-170141183460469231731687303715884105728"},
		{Balance{Hi: math.MaxInt64, Lo: math.MaxUint64}, 0, "170141183460469231731687303715884105727"},
	} {
		if got := c.balance.Format(c.scale); got != c.text {
			t.Errorf("%v at scale %d: %s, want %s", c.balance, c.scale, got, c.text)
		}
	}
	all := Minor{math.MaxUint64, math.MaxUint64}
	if got := all.Format(2); got != "3402823669209384634633746074317682114.55" {
		t.Error(got)
	}
	euro := Asset{"EUR", 2}
	if got := euro.Money(Units(1250)).String(); got != "12.50 EUR" {
		t.Error(got)
	}
	if minor, err := euro.Money(Units(1250)).Minor(2); minor != Units(1250) || err != nil {
		t.Error(minor, err)
	}
	if minor, err := euro.Parse("12.50"); minor != Units(1250) || err != nil {
		t.Error(minor, err)
	}
}

func TestMoneyThereAndBack(t *testing.T) {
	for range 10_000 {
		minor := Minor{Hi: rand.Uint64() >> (32 + rand.IntN(33)), Lo: rand.Uint64()>>rand.IntN(64) | 1}
		scale := rand.Uint32N(ScaleMax + 1)
		text := minor.Format(scale)
		if back, err := ParseMinor(text, scale); back != minor || err != nil {
			t.Fatalf("%v at scale %d is %s, and that is %v %v", minor, scale, text, back, err)
		}
	}
}

// Against arithmetic without limits.
func TestWideArithmetic(t *testing.T) {
	limit := new(big.Int).Lsh(big.NewInt(1), 128)
	interesting := []uint64{0, 1, 2, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64 - 1, math.MaxUint64}
	var all []Minor
	for _, hi := range interesting {
		for _, lo := range interesting {
			all = append(all, Minor{hi, lo})
		}
	}
	for _, a := range all {
		if back, ok := MinorFromBig(a.Big()); back != a || !ok {
			t.Fatal(a, back)
		}
		narrow, fits := a.Uint64()
		if fits != a.Big().IsUint64() || fits && narrow != a.Big().Uint64() {
			t.Fatal(a, narrow, fits)
		}
		for _, b := range all {
			if a.Cmp(b) != a.Big().Cmp(b.Big()) {
				t.Fatal(a, "cmp", b)
			}
			sum := new(big.Int).Add(a.Big(), b.Big())
			if got, ok := a.Add(b); ok != (sum.Cmp(limit) < 0) || ok && got.Big().Cmp(sum) != 0 {
				t.Fatal(a, "+", b, got, ok)
			}
			difference := new(big.Int).Sub(a.Big(), b.Big())
			if got, ok := a.Sub(b); ok != (difference.Sign() >= 0) || ok && got.Big().Cmp(difference) != 0 {
				t.Fatal(a, "-", b, got, ok)
			}
			x, y := Balance{int64(a.Hi), a.Lo}, Balance{int64(b.Hi), b.Lo}
			if x.Cmp(y) != x.Big().Cmp(y.Big()) {
				t.Fatal(x, "cmp", y)
			}
		}
		balance := Balance{int64(a.Hi), a.Lo}
		if balance.Sign() != balance.Big().Sign() || balance.Abs().Big().CmpAbs(balance.Big()) != 0 {
			t.Fatal(balance)
		}
		signed, fits := balance.Int64()
		if fits != balance.Big().IsInt64() || fits && signed != balance.Big().Int64() {
			t.Fatal(balance, signed, fits)
		}
	}
	for _, n := range []*big.Int{big.NewInt(-1), limit} {
		if _, ok := MinorFromBig(n); ok {
			t.Error("took", n)
		}
	}
}

func TestUnitsInJSON(t *testing.T) {
	type line struct {
		Amount  Minor
		Balance Balance
	}
	for _, c := range []struct {
		line line
		text string
	}{
		{line{Units(1250), Balance{-1, math.MaxUint64 - 4}}, `{"Amount":"1250","Balance":"-5"}`},
		{line{}, `{"Amount":"0","Balance":"0"}`},
		{
			line{Minor{math.MaxUint64, math.MaxUint64}, Balance{Hi: math.MinInt64}},
			`{"Amount":"340282366920938463463374607431768211455","Balance":"-170141183460469231731687303715884105728"}`,
		},
		{line{Balance: Balance{math.MaxInt64, math.MaxUint64}}, `{"Amount":"0","Balance":"170141183460469231731687303715884105727"}`},
	} {
		text, err := json.Marshal(c.line)
		if string(text) != c.text || err != nil {
			t.Errorf("%v is written %s %v", c.line, text, err)
		}
		var back line
		if err := json.Unmarshal([]byte(c.text), &back); err != nil || back != c.line {
			t.Errorf("%s is read %v %v", c.text, back, err)
		}
	}
	for _, text := range []string{
		`{"Amount":"-1"}`, `{"Amount":"+1"}`, `{"Amount":"1.5"}`, `{"Amount":""}`, `{"Amount":"1_0"}`,
		`{"Amount":"340282366920938463463374607431768211456"}`, `{"Balance":"--1"}`, `{"Balance":"+1"}`,
		`{"Balance":"170141183460469231731687303715884105728"}`,
		`{"Balance":"-170141183460469231731687303715884105729"}`,
	} {
		if err := json.Unmarshal([]byte(text), &line{}); err == nil {
			t.Errorf("%s was read", text)
		}
	}
}
