package florin

import (
	"encoding/json"
	"math"
	"testing"
	"time"
)

func TestTimeStandsInTheHighBits(t *testing.T) {
	full := [10]byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 255}
	for _, c := range []struct {
		unixMs uint64
		random [10]byte
		id     string
	}{
		{0, [10]byte{}, "00000000000000000000000000000000"},
		{1, [10]byte{}, "00000000000100000000000000000000"},
		{0, full, "000000000000ffffffffffffffffffff"},
		{0xffff_ffff_ffff, full, "ffffffffffffffffffffffffffffffff"},
		{
			0x0197_f3c2_a9b4,
			[10]byte{0x7d, 0x11, 0xe2, 0xc6, 0x4b, 0xb9, 0xa0, 0xd3, 0x5f, 0x08},
			"0197f3c2a9b47d11e2c64bb9a0d35f08",
		},
	} {
		if got := timeOrdered(c.unixMs, c.random).String(); got != c.id {
			t.Errorf("%d: %s, want %s", c.unixMs, got, c.id)
		}
	}
}

func TestNewIDsAreNewAndOfNow(t *testing.T) {
	before := uint64(time.Now().UnixMilli())
	seen := map[ID]bool{}
	for range 1_000 {
		id := NewID()
		if seen[id] {
			t.Fatal("twice", id)
		}
		seen[id] = true
		if ms := id.Hi >> 16; ms < before || ms > before+60_000 {
			t.Fatal("not of now", id)
		}
	}
}

func TestIDTextThereAndBack(t *testing.T) {
	for _, c := range []struct {
		text string
		id   ID
		ok   bool
	}{
		{"00000000000000000000000000000001", ID{Lo: 1}, true},
		{"ffffffffffffffffffffffffffffffff", ID{math.MaxUint64, math.MaxUint64}, true},
		{"0197f3c2a9b47d11e2c64bb9a0d35f08", ID{0x0197f3c2a9b47d11, 0xe2c64bb9a0d35f08}, true},
		{"", ID{}, false},
		{"1", ID{}, false},
		{"+0000000000000000000000000000001", ID{}, false},
		{"0000000000000000000000000000000g", ID{}, false},
		{"000000000000000000000000000000001", ID{}, false},
	} {
		id, err := ParseID(c.text)
		if id != c.id || (err == nil) != c.ok {
			t.Errorf("%q: %v %v", c.text, id, err)
		}
		if c.ok && id.String() != c.text {
			t.Errorf("%q is written %q", c.text, id)
		}
	}
	if id, err := ParseID("0197F3C2A9B47D11E2C64BB9A0D35F08"); err != nil || id.String() != "0197f3c2a9b47d11e2c64bb9a0d35f08" {
		t.Error("capitals are read too", id, err)
	}
}

func TestIDInJSON(t *testing.T) {
	text, err := json.Marshal(map[ID]ID{{Lo: 1}: {Lo: 2}})
	want := `{"00000000000000000000000000000001":"00000000000000000000000000000002"}`
	if string(text) != want || err != nil {
		t.Fatal(string(text), err)
	}
	var back map[ID]ID
	if err := json.Unmarshal(text, &back); err != nil || back[ID{Lo: 1}] != (ID{Lo: 2}) {
		t.Fatal(back, err)
	}
	var id ID
	if err := json.Unmarshal([]byte(`"7"`), &id); err == nil {
		t.Fatal("read an id of one digit")
	}
}

// The ids are those that florin_proto::name::account_id gives.
func TestAccountIDOfName(t *testing.T) {
	for name, id := range map[string]string{
		"cash":                 "c95aa4a78e0cf05c52890646ac718430",
		"customer:2375/wallet": "432b85c52cd6fb84b044e098d722ebbe",
	} {
		if got := AccountIDOf(name).String(); got != id {
			t.Errorf("%s: %s, want %s", name, got, id)
		}
		if got := ByName(name).ID().String(); got != id {
			t.Errorf("key %s: %s, want %s", name, got, id)
		}
	}
}

func TestAccountKeyTextThereAndBack(t *testing.T) {
	one := "id:00000000000000000000000000000001"
	for _, c := range []struct {
		text string
		key  AccountKey
		ok   bool
	}{
		{"cash", ByName("cash"), true},
		{"customer:2375/wallet", ByName("customer:2375/wallet"), true},
		{one, ByID(ID{Lo: 1}), true},
		{"id:1", AccountKey{}, false},
		{"id:", AccountKey{}, false},
		{"id:00000000000000000000000000000000", AccountKey{}, false},
		{"", AccountKey{}, false},
		{"two words", AccountKey{}, false},
		{"grün", AccountKey{}, false},
	} {
		key, err := ParseAccountKey(c.text)
		if key != c.key || (err == nil) != c.ok {
			t.Errorf("%q: %v %v", c.text, key, err)
		}
		if c.ok && (key.String() != c.text || keyFromWire(key.wire()) != key) {
			t.Errorf("%q does not come back: %q %v", c.text, key, keyFromWire(key.wire()))
		}
	}
	if wire := (AccountKey{}).wire(); wire != nil {
		t.Error("no account is unset on the wire", wire)
	}
}

func TestTimesOnTheWire(t *testing.T) {
	for _, c := range []struct {
		time time.Time
		ns   uint64
	}{
		{time.Time{}, 0},
		{time.Unix(0, 1), 1},
		{time.Unix(1_796_000_000, 123_456_789), 1_796_000_000_123_456_789},
		{time.Unix(10_000_000_000, 7), 10_000_000_000_000_000_007}, // beyond what int64 nanoseconds hold
	} {
		if got := timeToWire(c.time); got != c.ns {
			t.Errorf("%v: %d, want %d", c.time, got, c.ns)
		}
		if got := timeFromWire(c.ns); !got.Equal(c.time) {
			t.Errorf("%d: %v, want %v", c.ns, got, c.time)
		}
	}
	for _, c := range []struct {
		time time.Time
		ns   uint64
	}{
		{time.Unix(0, 0), 1},
		{time.Unix(-5, 0), 1},
		{time.Unix(math.MaxInt64, 0), math.MaxUint64},
	} {
		if got := timeToWire(c.time); got != c.ns {
			t.Errorf("%v: %d, want %d", c.time, got, c.ns)
		}
	}
}
