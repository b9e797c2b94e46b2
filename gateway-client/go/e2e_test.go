package florin_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	florin "florin.dev/gateway-client/go"
	"florin.dev/gateway-client/go/internal/testserver"
)

// Against the real server: what the contract promises, through the typed calls.

var cash, alice, bob = florin.ByName("cash"), florin.ByName("alice"), florin.ByName("bob")

// ledger is a server with three accounts in EUR, of which cash may fall without limit.
func ledger(t testing.TB) (*testserver.Server, *florin.Client) {
	t.Helper()
	server := testserver.Start(t)
	client, err := florin.Dial(t.Context(), server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	open(t, client,
		florin.NewAccount{Key: cash, Asset: "EUR", Floor: florin.FloorNone()},
		florin.NewAccount{Key: alice, Asset: "EUR"},
		florin.NewAccount{Key: bob, Asset: "EUR"},
	)
	return server, client
}

func open(t testing.TB, client *florin.Client, accounts ...florin.NewAccount) {
	t.Helper()
	opened, err := client.CreateAccounts(t.Context(), accounts...)
	if err != nil {
		t.Fatal(err)
	}
	for i, account := range opened {
		if account.Err() != nil || account.Opened.ID != accounts[i].Key.ID() {
			t.Fatalf("%v: %+v", accounts[i].Key, account)
		}
	}
}

func get(t testing.TB, client *florin.Client, key florin.AccountKey) florin.Account {
	t.Helper()
	found, err := client.GetAccounts(t.Context(), key)
	if err != nil || len(found.Found) != 1 {
		t.Fatal(key, found, err)
	}
	return found.Found[0]
}

func balance(t testing.TB, client *florin.Client, key florin.AccountKey) string {
	t.Helper()
	account := get(t, client, key)
	return account.Balance.Format(account.Asset.Scale)
}

func move(from, to florin.AccountKey, minor uint64) florin.Transfer {
	return florin.NewMove(florin.NewID(), from, to, florin.Units(minor))
}

func pay(t testing.TB, client *florin.Client, transfer florin.Transfer) florin.Posted {
	t.Helper()
	posted, err := client.Transfer(t.Context(), transfer)
	if err != nil {
		t.Fatal(err)
	}
	return posted
}

// refusedWith is the refusal, which must be for this reason.
func refusedWith(t testing.TB, err error, reason florin.Reason) *florin.Refusal {
	t.Helper()
	var refusal *florin.Refusal
	if !errors.As(err, &refusal) || refusal.Reason != reason {
		t.Fatalf("%v, want %s", err, reason)
	}
	return refusal
}

func TestAHoldFromPlacingToReversal(t *testing.T) {
	server, client := ledger(t)
	ctx := t.Context()
	pay(t, client, move(cash, alice, 10_000))

	hold := florin.NewHold(florin.NewID(), alice, bob, florin.Units(4_000))
	hold.Due = time.Now().Add(time.Hour).Truncate(0)
	hold.AtDue = florin.AtDueCapture
	change := florin.NewChange(florin.NewID(), hold.ID, florin.Units(500))
	change.Due = hold.Due.Add(time.Hour)
	release := florin.NewRelease(florin.NewID(), hold.ID, florin.Units(1_000))
	part := florin.NewCapture(florin.NewID(), hold.ID, florin.Units(1_500))
	last := florin.NewCapture(florin.NewID(), hold.ID, florin.Units(1_250))
	last.ReleaseRest = true
	undo := florin.NewReversal(florin.NewID(), last.ID)

	for _, step := range []struct {
		name          string
		transfer      florin.Transfer
		amount        uint64
		remaining     *florin.Minor
		alice, usable string
		bob           string
		state         florin.HoldState
	}{
		{"placed", hold, 4_000, &florin.Minor{Lo: 4_000}, "100.00", "60.00", "0.00", florin.HoldOpen},
		{"increased, and due later", change, 500, &florin.Minor{Lo: 4_500}, "100.00", "55.00", "0.00", florin.HoldOpen},
		{"partly given back", release, 1_000, &florin.Minor{Lo: 3_500}, "100.00", "65.00", "0.00", florin.HoldOpen},
		{"partly captured", part, 1_500, &florin.Minor{Lo: 2_000}, "85.00", "65.00", "15.00", florin.HoldOpen},
		{"captured, and the rest given back", last, 1_250, &florin.Minor{}, "72.50", "72.50", "27.50", florin.HoldCaptured},
		{"the last capture undone", undo, 1_250, nil, "85.00", "85.00", "15.00", florin.HoldCaptured},
	} {
		posted := pay(t, client, step.transfer)
		if posted.Amount != florin.Units(step.amount) || posted.Replayed || !reflect.DeepEqual(posted.HoldRemaining, step.remaining) {
			t.Errorf("%s: %+v", step.name, posted)
		}
		server.Restart(t)
		if again := pay(t, client, step.transfer); !again.Replayed || again.Sequence != posted.Sequence {
			t.Errorf("%s, again: %+v", step.name, again)
		}
		wallet := get(t, client, alice)
		if wallet.Balance.Format(2) != step.alice || wallet.Available.Format(2) != step.usable || balance(t, client, bob) != step.bob {
			t.Errorf("%s: %s, of which %s available; bob has %s", step.name, wallet.Balance.Format(2), wallet.Available.Format(2), balance(t, client, bob))
		}
		holds, err := client.GetHolds(ctx, hold.ID, undo.ID)
		if err != nil || len(holds.Found) != 1 || !slices.Equal(holds.Missing, []florin.ID{undo.ID}) {
			t.Fatalf("%s: %+v %v", step.name, holds, err)
		}
		if found := holds.Found[0]; found.State != step.state || found.Debit != alice.ID() || found.Credit != bob.ID() {
			t.Errorf("%s: %+v", step.name, found)
		}
	}
	holds, _ := client.GetHolds(ctx, hold.ID)
	found := holds.Found[0]
	if found.Amount != florin.Units(4_500) || found.Captured != florin.Units(2_750) || found.Released != florin.Units(1_750) || !found.Due.Equal(change.Due) {
		t.Errorf("%+v", found)
	}
	records, err := client.GetTransfers(ctx, last.ID)
	if err != nil || len(records.Found) != 1 {
		t.Fatal(records, err)
	}
	record := records.Found[0]
	if record.Hold != hold.ID || record.Kind != florin.KindCapture || record.Released == nil || *record.Released != florin.Units(750) || record.ReversedBySequence == 0 {
		t.Errorf("%+v", record)
	}

	_, err = client.Transfer(ctx, florin.NewCapture(florin.NewID(), hold.ID, florin.Units(1)))
	refusedWith(t, err, florin.ReasonHoldClosed)
	_, err = client.Transfer(ctx, florin.NewCapture(florin.NewID(), florin.NewID(), florin.Units(1)))
	refusedWith(t, err, florin.ReasonHoldNotFound)
}

func TestAHoldFallsDue(t *testing.T) {
	_, client := ledger(t)
	pay(t, client, move(cash, alice, 1_000))
	hold := florin.NewHold(florin.NewID(), alice, bob, florin.Units(400))
	hold.Due = time.Now().Add(3 * time.Second)
	hold.AtDue = florin.AtDueCapture
	pay(t, client, hold)
	eventually(t, "the hold is captured when it is due", func() bool { return balance(t, client, bob) == "4.00" })
	holds, err := client.GetHolds(t.Context(), hold.ID)
	if err != nil || holds.Found[0].State != florin.HoldCaptured {
		t.Error(holds, err)
	}
	past := florin.NewHold(florin.NewID(), alice, bob, florin.Units(1))
	past.Due = time.Now().Add(-time.Hour)
	_, err = client.Transfer(t.Context(), past)
	refusedWith(t, err, florin.ReasonDuePassed)
}

func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for range 200 {
		if is() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("not so after 10 s:", what)
}

func TestARefusalSaysWhatWouldPass(t *testing.T) {
	_, client := ledger(t)
	pay(t, client, move(cash, alice, 250))
	transfer := move(alice, bob, 1_250)
	_, err := client.Transfer(t.Context(), transfer)
	refusal := refusedWith(t, err, florin.ReasonInsufficientFunds)
	if *refusal.Asked != florin.Units(1_250) || *refusal.Missing != florin.Units(1_000) || *refusal.WouldPass != florin.Units(250) ||
		refusal.Account != alice.ID() || refusal.ID != transfer.ID || refusal.Sequence == 0 {
		t.Errorf("%+v", refusal)
	}
	// The first answer stands, whatever has become of the account.
	pay(t, client, move(cash, alice, 10_000))
	_, err = client.Transfer(t.Context(), transfer)
	if again := refusedWith(t, err, florin.ReasonInsufficientFunds); !again.Replayed || again.Sequence != refusal.Sequence {
		t.Errorf("%+v", again)
	}
	most := move(alice, bob, 1_000_000)
	most.UpToAvailable = true
	if posted := pay(t, client, most); posted.Amount != florin.Units(10_250) {
		t.Errorf("%+v", posted)
	}
}

func TestBatchesGroupsAndColumns(t *testing.T) {
	server, client := ledger(t)
	ctx := t.Context()

	outcomes, err := client.CreateTransfers(ctx, []florin.Transfer{move(cash, alice, 500), move(bob, alice, 1), move(alice, bob, 200)})
	if err != nil {
		t.Fatal(err)
	}
	if outcomes[0].Err() != nil || outcomes[2].Err() != nil || outcomes[1].Refused.Reason != florin.ReasonInsufficientFunds {
		t.Errorf("%+v", outcomes)
	}

	group, members := florin.NewID(), []florin.Transfer{move(alice, bob, 300), move(bob, alice, 100)}
	for replayed := range 2 {
		posted, err := client.CreateGroup(ctx, group, members)
		if err != nil || len(posted.Members) != 2 || posted.Replayed != (replayed == 1) || posted.ID != group {
			t.Errorf("%+v %v", posted, err)
		}
		server.Restart(t)
	}
	_, err = client.CreateGroup(ctx, florin.NewID(), []florin.Transfer{move(bob, alice, 400), move(bob, alice, 1)})
	if refusal := refusedWith(t, err, florin.ReasonInsufficientFunds); refusal.Member != 1 {
		t.Errorf("%+v", refusal)
	}

	bulk := florin.NewBulk("EUR")
	bulk.Add(florin.BulkMember{ID: florin.NewID(), Debit: cash.ID(), Credit: alice.ID(), Amount: florin.Units(900)})
	bulk.Add(florin.BulkMember{ID: florin.NewID(), Debit: alice.ID(), Credit: bob.ID(), Amount: florin.Units(999_999)})
	hold := florin.BulkMember{ID: florin.NewID(), Kind: florin.KindHold, Debit: alice.ID(), Credit: bob.ID(), Amount: florin.Units(600)}
	bulk.Add(hold)
	bulk.Add(florin.BulkMember{ID: florin.NewID(), Kind: florin.KindCapture, Hold: hold.ID, Amount: florin.Units(500), ReleaseRest: true})
	outcome, err := client.Bulk(ctx, bulk)
	if err != nil || outcome.Posted != 3 || outcome.Refused != 1 || outcome.Others[1].Refused.Reason != florin.ReasonInsufficientFunds {
		t.Errorf("%+v %v", outcome, err)
	}
	again, err := client.Bulk(ctx, bulk)
	if err != nil || again.Posted != 0 || again.Replayed != 4 || len(again.Others) != 4 {
		t.Errorf("%+v %v", again, err)
	}
	if got := balance(t, client, alice) + " " + balance(t, client, bob); got != "5.00 9.00" {
		t.Error(got)
	}

	columns := florin.NewBulkGroup(florin.NewID(), "")
	columns.Add(florin.BulkMember{ID: florin.NewID(), Debit: bob.ID(), Credit: alice.ID(), Amount: florin.Units(901)})
	_, err = client.Bulk(ctx, columns)
	refusedWith(t, err, florin.ReasonInsufficientFunds)
	_, err = client.CreateTransfers(ctx, nil)
	if fault := (*florin.Fault)(nil); !errors.As(err, &fault) || fault.Reason != florin.ReasonBatchEmpty {
		t.Error(err)
	}
}

func TestAccountsAndTheirRules(t *testing.T) {
	_, client := ledger(t)
	ctx := t.Context()
	limit := florin.Units(1_000)
	card := florin.NewAccount{
		Key: florin.ByName("card"), Asset: "EUR", Floor: florin.FloorOverdraft(florin.Units(300)), Ceiling: &limit,
		Metadata: map[string]string{"plan": "blue"},
	}
	open(t, client, card)
	opened := get(t, client, card.Key)
	if opened.Floor != card.Floor || *opened.Ceiling != limit || opened.Metadata["plan"] != "blue" || opened.Asset != (florin.Asset{Code: "EUR", Scale: 2}) {
		t.Errorf("%+v", opened)
	}
	pay(t, client, move(card.Key, bob, 300))
	_, err := client.Transfer(ctx, move(card.Key, bob, 1))
	refusedWith(t, err, florin.ReasonInsufficientFunds)
	_, err = client.Transfer(ctx, move(cash, card.Key, 1_301))
	if refusal := refusedWith(t, err, florin.ReasonCeilingExceeded); *refusal.WouldPass != florin.Units(1_300) {
		t.Errorf("%+v", refusal)
	}
	pay(t, client, move(cash, card.Key, 1_300))

	zero, low := florin.FloorZero(), florin.Units(999)
	for _, c := range []struct {
		name   string
		update florin.AccountUpdate
		reason florin.Reason
		is     func(florin.Account) bool
	}{
		{"freeze", florin.AccountUpdate{Freeze: florin.FreezeDebits}, "", func(a florin.Account) bool { return a.Freeze == florin.FreezeDebits }},
		{"unfreeze", florin.AccountUpdate{Freeze: florin.FreezeNone}, "", func(a florin.Account) bool { return a.Freeze == florin.FreezeNone }},
		{"floor", florin.AccountUpdate{Floor: &zero}, "", func(a florin.Account) bool { return a.Floor == zero }},
		{"a ceiling too low", florin.AccountUpdate{Ceiling: &low}, florin.ReasonBalanceAboveCeiling, nil},
		{"no ceiling", florin.AccountUpdate{RemoveCeiling: true}, "", func(a florin.Account) bool { return a.Ceiling == nil }},
		{"nothing", florin.AccountUpdate{}, florin.ReasonUpdateEmpty, nil},
		{"close", florin.AccountUpdate{Close: true}, florin.ReasonAccountNotEmpty, nil},
		{"another", florin.AccountUpdate{Account: florin.ByName("nobody"), Close: true}, florin.ReasonAccountNotFound, nil},
	} {
		if c.update.Account.IsZero() {
			c.update.Account = card.Key
		}
		account, err := client.UpdateAccount(ctx, c.update)
		if florin.ReasonOf(err) != c.reason || err == nil && !c.is(account) {
			t.Errorf("%s: %+v %v", c.name, account, err)
		}
	}

	found, err := client.GetAccounts(ctx, alice, florin.ByName("nobody"), florin.ByID(bob.ID()))
	if err != nil || len(found.Found) != 2 || !slices.Equal(found.Missing, []florin.AccountKey{florin.ByName("nobody")}) {
		t.Errorf("%+v %v", found, err)
	}
	if found.Found[0].Key() != alice || found.Found[1].Key() != bob {
		t.Errorf("%+v", found.Found)
	}
}

func TestListingsAreReadPageByPage(t *testing.T) {
	_, client := ledger(t)
	ctx := t.Context()
	var many []florin.NewAccount
	for i := range 25 {
		many = append(many, florin.NewAccount{Key: florin.ByName(fmt.Sprintf("customer:%02d", i)), Asset: "EUR"})
	}
	open(t, client, many...)
	for _, c := range []struct {
		query florin.AccountQuery
		first string
		count int
	}{
		{florin.AccountQuery{PageSize: 10}, "cash", 28},
		{florin.AccountQuery{}, "cash", 28},
		{florin.AccountQuery{PageSize: 7, NamePrefix: "customer:"}, "customer:00", 25},
		{florin.AccountQuery{NamePrefix: "customer:1"}, "customer:10", 10},
		{florin.AccountQuery{NamePrefix: "nobody"}, "", 0},
	} {
		var names []string
		for account, err := range client.ListAccounts(ctx, c.query) {
			if err != nil {
				t.Fatalf("%+v: %v", c.query, err)
			}
			names = append(names, account.Name)
		}
		if len(names) != c.count || c.count > 0 && names[0] != c.first {
			t.Errorf("%+v: %v", c.query, names)
		}
	}
	for _, err := range client.ListAccounts(ctx, florin.AccountQuery{PageSize: 1_001}) {
		if florin.ReasonOf(err) != florin.ReasonPageSizeInvalid {
			t.Error(err)
		}
	}

	for i := range uint64(12) {
		transfer := move(cash, alice, 100+i)
		transfer.Code = uint32(i % 3)
		pay(t, client, transfer)
	}
	pay(t, client, move(alice, bob, 50))
	code := uint32(1)
	for _, c := range []struct {
		name  string
		query florin.StatementQuery
		first uint64
		count int
	}{
		{"all, newest first", florin.StatementQuery{PageSize: 5}, 50, 13},
		{"what came in", florin.StatementQuery{Side: florin.SideCredit}, 111, 12},
		{"what went out", florin.StatementQuery{Side: florin.SideDebit}, 50, 1},
		{"with a code", florin.StatementQuery{Code: &code}, 110, 4},
		{"holds", florin.StatementQuery{Kinds: []florin.Kind{florin.KindHold}}, 0, 0},
		{"before it was opened", florin.StatementQuery{Until: time.Unix(1, 0)}, 0, 0},
	} {
		c.query.Account = alice
		var amounts []florin.Minor
		for record, err := range client.ListAccountTransfers(ctx, c.query) {
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			amounts = append(amounts, record.Outcome.Posted.Amount)
		}
		if len(amounts) != c.count || c.count > 0 && amounts[0] != florin.Units(c.first) {
			t.Errorf("%s: %v", c.name, amounts)
		}
	}

	for _, c := range []struct {
		asset    florin.Asset
		reason   florin.Reason
		replayed bool
	}{
		{florin.Asset{Code: "POINTS"}, "", false},
		{florin.Asset{Code: "POINTS"}, "", true},
		{florin.Asset{Code: "POINTS", Scale: 3}, florin.ReasonIDReused, false},
		{florin.Asset{Code: "points"}, florin.ReasonAssetInvalid, false},
	} {
		assets, err := client.CreateAssets(ctx, c.asset)
		if err != nil || florin.ReasonOf(assets[0].Err()) != c.reason || assets[0].Replayed != c.replayed {
			t.Errorf("%v: %+v %v", c.asset, assets, err)
		}
	}
	listed, err := client.ListAssets(ctx)
	if err != nil || !slices.Equal(listed, []florin.Asset{{Code: "EUR", Scale: 2}, {Code: "POINTS"}}) {
		t.Error(listed, err)
	}
}

func TestPaymentsOfEveryKind(t *testing.T) {
	_, client := ledger(t)
	ctx := t.Context()
	pay(t, client, move(cash, alice, 10_000))
	euro := func(amount string) florin.Money { return florin.Money{Amount: amount, Currency: "EUR"} }

	score := uint32(0)
	at := florin.NewPayment{ID: florin.NewID(), Source: alice, Destination: bob, Amount: euro("10"), Fee: euro("0.25"), Reference: "order 1", Score: &score}
	answer, err := client.CreatePayment(ctx, at)
	if err != nil || answer.Payment.State != florin.PaymentCaptured || answer.Amount != euro("10.00") || *answer.Payment.Score != 0 || answer.Payment.Fee != euro("0.25") {
		t.Errorf("%+v %v", answer, err)
	}
	later := florin.NewPayment{ID: florin.NewID(), Source: alice, Destination: bob, Amount: euro("20"), Capture: florin.CaptureManual}
	if _, err := client.CreatePayment(ctx, later); err != nil {
		t.Fatal(err)
	}
	canceled, err := client.CancelPayment(ctx, florin.NewID(), later.ID)
	if err != nil || canceled.Payment.State != florin.PaymentCanceled || canceled.Payment.Released != euro("20.00") {
		t.Errorf("%+v %v", canceled, err)
	}
	_, err = client.CapturePayment(ctx, florin.Capture{ID: florin.NewID(), Payment: later.ID})
	if refusal := refusedWith(t, err, florin.ReasonPaymentStateInvalid); refusal.Payment == nil || refusal.Payment.State != florin.PaymentCanceled {
		t.Errorf("%+v", refusal)
	}
	refunded, err := client.RefundPayment(ctx, florin.Refund{ID: florin.NewID(), Payment: at.ID})
	if err != nil || refunded.Payment.State != florin.PaymentRefunded || refunded.Amount != euro("10.00") {
		t.Errorf("%+v %v", refunded, err)
	}
	for _, c := range []struct {
		amount string
		reason florin.Reason
	}{
		{"1.005", florin.ReasonAmountTooPrecise},
		{"-1", florin.ReasonAmountNegative},
		{"many", florin.ReasonAmountInvalid},
		{"79228162514264337593543950336", florin.ReasonAmountTooLarge},
	} {
		_, err := client.CreatePayment(ctx, florin.NewPayment{ID: florin.NewID(), Source: alice, Destination: bob, Amount: euro(c.amount)})
		if florin.ReasonOf(err) != c.reason {
			t.Errorf("%s: %v", c.amount, err)
		}
	}
	if _, err := client.GetPayment(ctx, florin.NewID()); florin.ReasonOf(err) != florin.ReasonPaymentNotFound {
		t.Error(err)
	}
	for _, c := range []struct {
		states []florin.PaymentState
		ids    []florin.ID
	}{
		{nil, []florin.ID{later.ID, at.ID}},
		{[]florin.PaymentState{florin.PaymentRefunded}, []florin.ID{at.ID}},
		{[]florin.PaymentState{florin.PaymentExpired}, nil},
	} {
		var ids []florin.ID
		for payment, err := range client.ListPayments(ctx, florin.PaymentQuery{States: c.states, PageSize: 1}) {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, payment.ID)
		}
		if !slices.Equal(ids, c.ids) {
			t.Errorf("%v: %v", c.states, ids)
		}
	}
}

func TestStatus(t *testing.T) {
	_, client := ledger(t)
	pay(t, client, move(cash, alice, 100))
	hold := florin.NewHold(florin.NewID(), alice, bob, florin.Units(40))
	hold.Due = time.Now().Add(time.Hour)
	pay(t, client, hold)
	status, err := client.Status(t.Context())
	if err != nil || !status.Accepting || len(status.Partitions) != 1 || len(status.Lineage) != 32 {
		t.Fatalf("%+v %v", status, err)
	}
	partition := status.Partitions[0]
	euro := florin.AssetTotals{Asset: florin.Asset{Code: "EUR", Scale: 2}, Debits: florin.Units(100), Credits: florin.Units(100)}
	if !partition.Conserved || partition.Accounts != 3 || partition.OpenHolds != 1 || partition.Timers != 1 || !slices.Equal(partition.Assets, []florin.AssetTotals{euro}) {
		t.Errorf("%+v", partition)
	}
	if paused, err := client.AcceptClock(t.Context()); paused || err != nil {
		t.Error(paused, err)
	}
}

// Many payments at once, while the server is killed and comes back: each is done once.
func TestPaymentsSurviveAServerThatIsKilled(t *testing.T) {
	server, client := ledger(t)
	const callers, each = 64, 50
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var all sync.WaitGroup
	errs := make(chan error, callers*each)
	for range callers {
		all.Go(func() {
			for range each {
				if _, err := client.Transfer(ctx, move(cash, alice, 1)); err != nil {
					errs <- err
				}
			}
		})
	}
	for range 3 {
		time.Sleep(50 * time.Millisecond)
		server.Kill(t)
	}
	all.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	if got := balance(t, client, alice); got != "32.00" {
		t.Errorf("%s after %d payments of 0.01", got, callers*each)
	}
}

// The feed, read with its cursor across a restart, is every event once.
func TestTheFeedAcrossARestart(t *testing.T) {
	server, client := ledger(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	const before, after = 40, 20
	var want []florin.ID
	make := func(count int) {
		for range count {
			transfer := move(cash, alice, 1)
			pay(t, client, transfer)
			want = append(want, transfer.ID)
		}
	}
	make(before)
	filter := &florin.EventFilter{Kinds: []florin.EventKind{florin.EventTransferPosted}}
	var got []florin.ID
	var sequences []uint64
	restarted := false
	for batch, err := range client.Subscribe(ctx, florin.Subscription{Filter: filter, BatchEvents: 16}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range batch.Events {
			got = append(got, event.Transfer.ID)
			sequences = append(sequences, event.Sequence)
		}
		if len(got) >= before && !restarted {
			restarted = true
			server.Restart(t) // while the loop runs
			make(after)
		}
		if len(got) >= before+after {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d events, want %d", len(got), len(want))
	}
	if !slices.IsSorted(sequences) || len(slices.Compact(sequences)) != len(got) {
		t.Error("not strictly ascending", sequences)
	}

	var kinds []florin.EventKind
	for batch, err := range client.Subscribe(ctx, florin.Subscription{Filter: &florin.EventFilter{Accounts: []florin.AccountKey{bob}}}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range batch.Events {
			kinds = append(kinds, event.Kind)
		}
		if batch.Live {
			break
		}
	}
	if !slices.Equal(kinds, []florin.EventKind{florin.EventAccountOpened}) {
		t.Error(kinds)
	}
	for _, err := range client.Subscribe(ctx, florin.Subscription{Cursor: "nonsense"}) {
		if florin.ReasonOf(err) != florin.ReasonCursorInvalid {
			t.Error(err)
		}
	}

	// The cursor of another ledger.
	other, otherClient := ledger(t)
	_ = other
	for batch, err := range client.Subscribe(ctx, florin.Subscription{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range otherClient.Subscribe(ctx, florin.Subscription{Cursor: batch.Cursor}) {
			if florin.ReasonOf(err) != florin.ReasonLineageChanged {
				t.Error(err)
			}
		}
		break
	}
}

func TestTheFeedFromNowOn(t *testing.T) {
	_, client := ledger(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	pay(t, client, move(cash, alice, 1))
	after := move(cash, alice, 2)
	paid := false
	for batch, err := range client.Subscribe(ctx, florin.Subscription{FromNow: true}) {
		if err != nil {
			t.Fatal(err)
		}
		// The first batch has a cursor, and from then on nothing is missed.
		if !paid {
			paid = true
			if len(batch.Events) > 0 || batch.Cursor == "" {
				t.Errorf("%+v", batch)
			}
			pay(t, client, after)
		}
		if len(batch.Events) > 0 {
			if event := batch.Events[0]; event.Transfer == nil || event.Transfer.ID != after.ID || event.Asset.Code != "EUR" {
				t.Errorf("%+v", event)
			}
			break
		}
	}
}

// BenchmarkCoalesced pays from many goroutines over one client. Set FLORIN_SERVER to a server of your
// own to measure that one.
func BenchmarkCoalesced(b *testing.B) {
	for _, callers := range []int{1, 64, 1_024} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			client := benchmarkClient(b)
			ctx := b.Context()
			b.ResetTimer()
			var all sync.WaitGroup
			for caller := range callers {
				all.Go(func() {
					for i := caller; i < b.N; i += callers {
						if _, err := client.Transfer(ctx, move(cash, alice, 1)); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "transfers/s")
		})
	}
}

func benchmarkClient(b *testing.B) *florin.Client {
	b.Helper()
	addr := os.Getenv("FLORIN_SERVER")
	if addr == "" {
		_, client := ledger(b)
		return client
	}
	client, err := florin.Dial(b.Context(), addr)
	if err != nil {
		b.Skip(err)
	}
	b.Cleanup(func() { client.Close() })
	open(b, client,
		florin.NewAccount{Key: cash, Asset: "EUR", Floor: florin.FloorNone()},
		florin.NewAccount{Key: alice, Asset: "EUR"},
	)
	return client
}
