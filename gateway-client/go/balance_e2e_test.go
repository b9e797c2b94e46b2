package florin_test

import (
	"testing"
	"time"

	florin "florin.dev/gateway-client/go"
)

// A balance is what it was, whatever has happened since.
func TestBalancesOfThePast(t *testing.T) {
	_, client := ledger(t)
	ctx := t.Context()
	first := pay(t, client, move(cash, alice, 1_000))
	hold, err := client.Transfer(ctx, florin.NewHold(florin.NewID(), alice, bob, florin.Units(300)))
	if err != nil {
		t.Fatal(err)
	}
	second := pay(t, client, move(alice, bob, 250))
	for _, c := range []struct {
		name    string
		account florin.AccountKey
		moment  florin.Moment
		balance string
		pending uint64
		// event is what it rests on; 0 if the account was not open.
		event uint64
		// available is empty where it is not known.
		available string
	}{
		{"right after the first", alice, florin.AtSequence(first.Sequence), "10.00", 0, first.Sequence, ""},
		{"with a hold", alice, florin.AtSequence(hold.Sequence), "10.00", 300, hold.Sequence, ""},
		{"the last", alice, florin.AtSequence(second.Sequence), "7.50", 300, second.Sequence, "4.50"},
		{"at the time of the first", alice, florin.AtTime(first.Time), "10.00", 0, first.Sequence, ""},
		{"just before the second", alice, florin.AtTime(second.Time.Add(-1)), "10.00", 300, hold.Sequence, ""},
		{"as it was opened", alice, florin.AtSequence(first.Sequence - 1), "0.00", 0, first.Sequence - 2, "0.00"},
		{"before it was opened", alice, florin.AtTime(time.Unix(1, 0)), "0.00", 0, 0, ""},
		{"of the other", bob, florin.AtSequence(second.Sequence), "2.50", 0, second.Sequence, "2.50"},
	} {
		then, err := client.GetBalanceAt(ctx, c.account, c.moment)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		available := ""
		if then.Available != nil {
			available = then.Available.Format(then.Asset.Scale)
		}
		if then.Balance.Format(then.Asset.Scale) != c.balance || then.DebitsPending != florin.Units(c.pending) ||
			available != c.available || then.EventSequence != c.event || then.Opened != (c.event != 0) {
			t.Errorf("%s: %+v", c.name, then)
		}
		if then.ResolvedSequence == 0 {
			continue
		}
		again, err := client.GetBalanceAt(ctx, c.account, florin.AtSequence(then.ResolvedSequence))
		if err != nil || again.Balance != then.Balance || again.ResolvedTime != then.ResolvedTime {
			t.Errorf("%s, resolved: %+v %v", c.name, again, err)
		}
	}

	for _, c := range []struct {
		account florin.AccountKey
		moment  florin.Moment
		reason  florin.Reason
	}{
		{florin.ByName("nobody"), florin.AtSequence(1), "ACCOUNT_NOT_FOUND"},
		{florin.AccountKey{}, florin.AtSequence(1), "ACCOUNT_KEY_MISSING"},
		{alice, florin.Moment{}, florin.ReasonMomentMissing},
		{alice, florin.AtSequence(second.Sequence + 1_000), florin.ReasonMomentAhead},
		{alice, florin.AtTime(time.Now().Add(time.Hour)), florin.ReasonMomentAhead},
	} {
		if _, err := client.GetBalanceAt(ctx, c.account, c.moment); florin.ReasonOf(err) != c.reason {
			t.Errorf("%v: %v", c.reason, err)
		}
	}
}
