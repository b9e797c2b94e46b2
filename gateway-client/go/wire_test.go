package florin

import (
	"errors"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	pb "florin.dev/gateway-client/go/florinv1"
	"google.golang.org/protobuf/proto"
)

// golden reads one of the messages that all clients share.
func golden[T proto.Message](t *testing.T, name string, message T) T {
	t.Helper()
	if _, err := os.Stat("../../proto"); err != nil {
		t.Skip("the golden messages are in Florin's repository, and this is the module alone")
	}
	bytes, err := os.ReadFile("../../proto/golden/" + name + ".bin")
	if err != nil {
		t.Fatal(err)
	}
	if err := proto.Unmarshal(bytes, message); err != nil {
		t.Fatal(err)
	}
	return message
}

const at = 0x0197f3c2a9b47d11 // the high half of ids in the golden messages

func TestTypedRequestsAreTheGoldenMessages(t *testing.T) {
	hold := NewHold(ID{at, 2}, ByName("customer:2375/wallet"), ByName("shop"), Units(1_000))
	hold.Due, hold.AtDue = time.Unix(0, 1_796_000_000_000_000_001), AtDueCapture
	capture := NewCapture(ID{at, 3}, hold.ID, Units(700))
	capture.ReleaseRest = true
	change := NewChange(ID{at, 4}, hold.ID, Minor{})
	change.Due = time.Unix(0, 1_796_000_000_000_000_002)
	move := NewMove(ID{at, 0xe2c64bb9a0d35f08}, ByName("cash"), ByID(ID{math.MaxUint64, 1}),
		Minor{math.MaxInt64, math.MaxUint64})
	move.UpToAvailable = true
	move.Asset, move.Code, move.ValueDate = "EUR", math.MaxUint32, 20_261_201
	move.Metadata = map[string]string{"order": "4711"}
	reversal := NewReversal(ID{at, 5}, move.ID)

	bulk := NewBulkGroup(ID{8, 9}, "EUR")
	bulk.wire.Mode = pb.TransferMode_TRANSFER_MODE_INDEPENDENT // the golden message has everything at once
	bulk.Add(BulkMember{
		ID: ID{10, 1}, Kind: KindMove, Debit: ID{16, 13}, Credit: ID{22, 19}, Amount: Minor{28, 25},
		Code: 31, ValueDate: 20_261_201,
	})
	bulk.Add(BulkMember{
		ID: ID{11, 2}, Kind: KindHold, Debit: ID{17, 14}, Credit: ID{23, 20}, Amount: Minor{29, 26},
		Code: 32, Due: time.Unix(0, 1_796_000_000_000_000_001), AtDue: AtDueCapture,
	})
	bulk.Add(BulkMember{
		ID: ID{12, math.MaxUint64}, Kind: KindCapture, Debit: ID{18, 15}, Credit: ID{24, 21},
		Amount: Minor{math.MaxInt64, 27}, Code: math.MaxUint32, ValueDate: 20_261_203,
		Hold: ID{34, 33}, AtDue: AtDueRelease, ReleaseRest: true,
	})

	score := uint32(0)
	payment := NewPayment{
		ID: ID{55, 56}, Source: ByName("customer:2375/wallet"), Destination: ByID(ID{57, 58}),
		Amount: Money{"792281625142643375935439503.35", "EUR"}, Capture: CaptureManual,
		Due: time.Unix(0, 59), AtDue: AtDueCapture, Fee: Money{"0.25", "EUR"}, Reference: "order 4711",
		Metadata: map[string]string{"shop": "north"}, Score: &score, Code: 60, ValueDate: 20_261_204,
	}
	subscription := Subscription{Cursor: "opaque", BatchEvents: 8_190, Filter: &EventFilter{
		Accounts:     []AccountKey{ByName("cash"), ByID(ID{73, 74})},
		NamePrefixes: []string{"customer:", "shop:"},
		Assets:       []string{"EUR", "POINTS"},
		Kinds:        []EventKind{EventHold, EventPayment},
	}}
	filter, _ := subscription.wire()
	beginning, _ := (&Subscription{}).wire()
	end, _ := (&Subscription{FromNow: true}).wire()

	for name, wire := range map[string]proto.Message{
		"NewTransfer.move":             move.wire(),
		"NewTransfer.hold":             explicit(hold.wire()),
		"NewTransfer.capture":          capture.wire(),
		"NewTransfer.change":           change.wire(),
		"NewTransfer.reversal":         reversal.wire(),
		"BulkTransfersRequest.columns": &bulk.wire,
		"CreatePaymentRequest.manual":  payment.wire(),
		"GetBalanceAtRequest.sequence": balanceRequest(ByName("customer:2375/wallet"), AtSequence(168)),
		"GetBalanceAtRequest.time":     balanceRequest(ByID(ID{169, 170}), AtTime(time.Unix(0, 1_795_996_800_000_000_001))),
		"SubscribeRequest.filter":      filter,
		"SubscribeRequest.beginning":   beginning,
		"SubscribeRequest.end":         end,
	} {
		want := golden(t, "florin.v1."+name, wire.ProtoReflect().New().Interface())
		if !proto.Equal(wire, want) {
			t.Errorf("%s:\n got %v\nwant %v", name, wire, want)
		}
	}
}

// explicit says EXACT where nothing says the same.
func explicit(wire *pb.NewTransfer) *pb.NewTransfer {
	wire.AmountMode = pb.AmountMode_AMOUNT_MODE_EXACT
	return wire
}

func TestAnswersAreReadWhole(t *testing.T) {
	posted, err := outcomeFromWire(golden(t, "florin.v1.TransferResult.posted", new(pb.TransferResult)))
	if err != nil {
		t.Fatal(err)
	}
	wantPosted := Posted{
		ID: ID{at, 0xe2c64bb9a0d35f08}, Replayed: true, Sequence: 9_007_199_254_740_993,
		Time: time.Unix(1_795_999_999, 123_456_789), Amount: Minor{1, 2},
		DebitBalance: Balance{-1, math.MaxUint64 - 41}, CreditBalance: Balance{3, 4},
		HoldRemaining: &Minor{0, 300},
	}
	equal(t, "posted", *posted.Posted, wantPosted)

	refused, err := outcomeFromWire(golden(t, "florin.v1.TransferResult.refused", new(pb.TransferResult)))
	if err != nil {
		t.Fatal(err)
	}
	wantRefused := Refusal{
		ID: ID{at, 7}, Reason: ReasonInsufficientFunds, Message: "12.50 EUR asked, 2.50 EUR available",
		Account: ID{98, 99}, Asked: &Minor{0, 1_250}, Missing: &Minor{0, 1_000}, WouldPass: &Minor{0, 250},
		Field: "amount", Member: 100, Sequence: 17, Time: time.Unix(1_795_999_999, 123_456_790),
	}
	equal(t, "refused", *refused.Refused, wantRefused)
	if !errors.Is(refused.Err(), refused.Refused) || posted.Err() != nil {
		t.Error(refused.Err(), posted.Err())
	}
	if got := refused.Err().Error(); got != "refused: 12.50 EUR asked, 2.50 EUR available (INSUFFICIENT_FUNDS)" {
		t.Error(got)
	}

	account := accountFromWire(golden(t, "florin.v1.Account.ceiling", new(pb.Account)))
	equal(t, "account", account, Account{
		ID: ID{43, 44}, Name: "customer:2375/wallet", Asset: Asset{"EUR", 2}, DebitsPosted: Minor{45, 46},
		CreditsPosted: Minor{47, 48}, DebitsPending: Units(49), CreditsPending: Units(50),
		Balance: Balance{math.MinInt64, 51}, Available: &Minor{},
		Floor:   FloorOverdraft(Minor{math.MaxInt64, math.MaxUint64}),
		Ceiling: &Minor{0, 54}, Freeze: FreezeCredits, Closed: true,
		Metadata: map[string]string{"opened by": "Zoë"}, OpenedAt: time.Unix(0, 52), LastSequence: 53,
	})
	whole(t, "account", account)
	then, err := balanceAtFromWire(golden(t, "florin.v1.GetBalanceAtResponse.opened", new(pb.GetBalanceAtResponse)))
	if err != nil {
		t.Fatal(err)
	}
	floor := FloorOverdraft(Units(172))
	equal(t, "balance", then, BalanceAt{
		Account: ID{169, 170}, Asset: Asset{"KWD", 3}, Opened: true,
		Balance: Balance{-1, math.MaxUint64 - 170}, DebitsPending: Units(171), Floor: &floor, Available: &Minor{},
		EventSequence: 173, EventTime: time.Unix(0, 174), ResolvedSequence: 175, ResolvedTime: time.Unix(0, 176),
	})
	whole(t, "balance", then)
	before, err := balanceAtFromWire(golden(t, "florin.v1.GetBalanceAtResponse.not_opened", new(pb.GetBalanceAtResponse)))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "before", before, BalanceAt{
		Account: ID{169, 170}, Asset: Asset{"KWD", 3}, ResolvedSequence: 177, ResolvedTime: time.Unix(0, 178),
	})
	page := golden(t, "florin.v1.ListAccountTransfersResponse.statement", new(pb.ListAccountTransfersResponse))
	record, err := recordFromWire(page.GetTransfers()[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		account, counterparty ID
		side                  AccountSide
	}{
		{ID{158, 159}, ID{160, 161}, SideDebit},
		{ID{160, 161}, ID{158, 159}, SideCredit},
		{ID{1, 1}, ID{}, SideBoth},
		{ID{}, ID{}, SideBoth},
	} {
		if side, other := record.SideOf(c.account), record.Counterparty(c.account); side != c.side || other != c.counterparty {
			t.Errorf("%v: %v %v", c.account, side, other)
		}
	}
	equal(t, "pending", []Minor{*record.DebitPending, *record.CreditPending}, []Minor{Units(166), Units(167)})
	if account.Key() != ByName("customer:2375/wallet") {
		t.Error(account.Key())
	}

	answer, err := paymentAnswerFromWire(ID{55, 56}, golden(t, "florin.v1.PaymentResponse.partially_refunded", new(pb.PaymentResponse)))
	if err != nil {
		t.Fatal(err)
	}
	whole(t, "payment", answer)
	whole(t, "payment", answer.Payment)
	equal(t, "amounts", []Money{
		answer.Payment.Amount, answer.Payment.Capturable, answer.Payment.Captured, answer.Payment.Refunded,
		answer.Payment.Released, answer.Payment.Fee, answer.Amount,
	}, []Money{
		{"10.00", "EUR"}, {"1.00", "EUR"}, {"6.50", "EUR"}, {"2.25", "EUR"},
		{"2.50", "EUR"}, {"0.25", "EUR"}, {"2.25", "EUR"},
	})
	_, err = paymentAnswerFromWire(ID{1, 2}, golden(t, "florin.v1.PaymentResponse.refused", new(pb.PaymentResponse)))
	refusal := (*Refusal)(nil)
	if !errors.As(err, &refusal) || refusal.Reason != ReasonPaymentNotFound || refusal.ID != (ID{1, 2}) {
		t.Error(err)
	}

	bulk, err := bulkFromWire(golden(t, "florin.v1.BulkTransfersResponse.others", new(pb.BulkTransfersResponse)))
	if err != nil {
		t.Fatal(err)
	}
	whole(t, "bulk", bulk)
	if other := bulk.Others[37].Refused; other == nil || other.Reason != ReasonIDZero {
		t.Error(bulk.Others)
	}
	equal(t, "group", *bulk.Group, GroupPosted{ID: ID{40, 41}, Replayed: true, Sequence: 42})
	whole(t, "partition", partitionFromWire(golden(t, "florin.v1.GetStatusResponse.snapshot", new(pb.GetStatusResponse)).Partitions[0]))
}

func TestEventsAreReadWhole(t *testing.T) {
	batch, err := batchFromWire(golden(t, "florin.v1.EventBatch.every_kind", new(pb.EventBatch)))
	if err != nil {
		t.Fatal(err)
	}
	whole(t, "batch", batch)
	for i, c := range []struct {
		kind  EventKind
		check func(Event) bool
	}{
		{EventAssetRegistered, func(e Event) bool { return *e.RegisteredAsset == Asset{"POINTS", 0} }},
		{EventAccountOpened, func(e Event) bool { return e.Account.Floor == FloorNone() && *e.Account.Ceiling == Units(107) }},
		{EventAccountUpdated, func(e Event) bool { return e.Account.Closed && e.Account.Ceiling == nil }},
		{EventTransferPosted, func(e Event) bool { return e.Transfer.Outcome.Posted.Amount == Units(118) && e.GroupLen == 2 }},
		{EventTransferRefused, func(e Event) bool { return e.Transfer.Outcome.Refused.Sequence == 129 }},
		{EventGroupRefused, func(e Event) bool { return e.Group.ID == ID{135, 136} && e.Group.Member == 100 }},
		{EventHold, func(e Event) bool {
			return *e.Transfer.Released == Units(145) && e.Transfer.BlockedBy == ReasonAccountFrozen &&
				e.Transfer.Hold == ID{142, 143} && *e.Transfer.Outcome.Posted.HoldRemaining == Minor{} &&
				e.Transfer.Due.Equal(time.Unix(0, 144)) && *e.Transfer.DebitPending == Units(146)
		}},
		{EventPayment, func(e Event) bool { return e.Transfer.Kind == pb.TransferKind_TRANSFER_KIND_PAYMENT_DUE_CAPTURE }},
		{EventCheckpoint, func(e Event) bool { return e.Sequence == 154 && e.Time.Equal(time.Unix(0, 155)) }},
	} {
		if event := batch.Events[i]; event.Kind != c.kind || !c.check(event) {
			t.Errorf("%v: %+v", c.kind, event)
		}
	}
}

func TestWhatTheContractDoesNotPromiseIsMalformed(t *testing.T) {
	status := pb.TransferStatus_TRANSFER_STATUS_REFUSED
	posted := pb.TransferStatus_TRANSFER_STATUS_POSTED
	for name, read := range map[string]func() error{
		"no status":         func() error { _, err := outcomeFromWire(&pb.TransferResult{}); return err },
		"unknown status":    func() error { _, err := outcomeFromWire(&pb.TransferResult{Status: 99}); return err },
		"no refusal":        func() error { _, err := outcomeFromWire(&pb.TransferResult{Status: status}); return err },
		"no group":          func() error { _, err := groupFromWire(nil, nil); return err },
		"group, no refusal": func() error { _, err := groupFromWire(&pb.GroupResult{Status: status}, nil); return err },
		"balance of nobody": func() error {
			_, err := balanceAtFromWire(&pb.GetBalanceAtResponse{Asset: &pb.Asset{Code: "EUR"}})
			return err
		},
		"balance of nothing": func() error {
			_, err := balanceAtFromWire(&pb.GetBalanceAtResponse{AccountId: wide(1), Asset: &pb.Asset{Code: "EUR"}, Opened: true})
			return err
		},
		"no payment": func() error { _, err := paymentAnswerFromWire(ID{}, &pb.PaymentResponse{}); return err },
		"result of another": func() error {
			return checkBelongs([]*pb.NewTransfer{{Id: wide(1)}}, []*pb.TransferResult{{Id: wide(2)}})
		},
		"one result too few": func() error { return checkBelongs([]*pb.NewTransfer{{Id: wide(1)}}, nil) },
		"half a group": func() error {
			_, err := groupFromWire(&pb.GroupResult{Status: posted}, []*pb.TransferResult{{Status: status, Refusal: &pb.Refusal{}}})
			return err
		},
	} {
		if err := read(); !errors.Is(err, ErrAnswerMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOptionalColumnsAreEmptyOrFull(t *testing.T) {
	for _, c := range []struct{ values, column []uint32 }{
		{nil, nil},
		{[]uint32{0, 0, 0}, nil},
		{[]uint32{0, 0, 7}, []uint32{0, 0, 7}},
		{[]uint32{7, 0, 0}, []uint32{7, 0, 0}},
		{[]uint32{0, 7, 0, 8}, []uint32{0, 7, 0, 8}},
	} {
		var column []uint32
		for members, value := range c.values {
			addOptional(&column, value, members)
		}
		if !reflect.DeepEqual(column, c.column) {
			t.Errorf("%v: %v", c.values, column)
		}
	}
}

func TestUpdatesOnTheWire(t *testing.T) {
	floor := FloorOverdraft(Units(5))
	ceiling := Units(0)
	a := &pb.AccountKey{Key: &pb.AccountKey_Name{Name: "a"}}
	for _, c := range []struct {
		name   string
		update AccountUpdate
		wire   *pb.UpdateAccountRequest
	}{
		{"nothing", AccountUpdate{Account: ByName("a")}, &pb.UpdateAccountRequest{Account: a}},
		{"freeze", AccountUpdate{Account: ByName("a"), Freeze: FreezeBoth}, &pb.UpdateAccountRequest{Account: a, Freeze: FreezeBoth}},
		{"close", AccountUpdate{Account: ByName("a"), Close: true}, &pb.UpdateAccountRequest{Account: a, Close: true}},
		{"floor", AccountUpdate{Account: ByName("a"), Floor: &floor}, &pb.UpdateAccountRequest{Account: a, Floor: &pb.Floor{Kind: pb.Floor_OVERDRAFT, Overdraft: wide(5)}}},
		{"ceiling", AccountUpdate{Account: ByName("a"), Ceiling: &ceiling}, &pb.UpdateAccountRequest{Account: a, Ceiling: &pb.Ceiling{Limit: wide(0)}}},
		{"no ceiling", AccountUpdate{Account: ByName("a"), RemoveCeiling: true}, &pb.UpdateAccountRequest{Account: a, Ceiling: &pb.Ceiling{}}},
		{"both", AccountUpdate{Account: ByName("a"), RemoveCeiling: true, Ceiling: &ceiling}, nil},
	} {
		wire, err := c.update.wire()
		if (err != nil) != (c.wire == nil) || err == nil && !proto.Equal(wire, c.wire) {
			t.Errorf("%s: %v %v", c.name, wire, err)
		}
	}
}

func TestPagesAreReadOneAfterTheOther(t *testing.T) {
	broken := errors.New("broken")
	book := map[string][]string{"": {"a", "b"}, "2": {}, "3": {"c"}, "4": {"d"}}
	next := map[string]string{"": "2", "2": "3", "3": "4"}
	for _, c := range []struct {
		name      string
		breaksAt  string
		stopsAt   string
		want      string
		isEnd     bool
		fetchedAt string
	}{
		{"all", "never", "", "abcd", false, ",2,3,4"},
		{"stopped", "never", "b", "ab", false, ""},
		{"broken", "3", "", "ab", true, ",2,3"},
	} {
		var read string
		var fetched []string
		var last error
		for item, err := range pages(func(token string) ([]string, string, error) {
			fetched = append(fetched, token)
			if token == c.breaksAt {
				return nil, "", broken
			}
			return book[token], next[token], nil
		}) {
			read += item
			if last = err; item == c.stopsAt {
				break
			}
		}
		if read != c.want || errors.Is(last, broken) != c.isEnd || strings.Join(fetched, ",") != c.fetchedAt {
			t.Errorf("%s: %q %v %v", c.name, read, last, fetched)
		}
	}
}

func wide(lo uint64) *pb.Uint128 { return &pb.Uint128{Lo: lo} }

func equal(t *testing.T, name string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", name, got, want)
	}
}

// whole: the golden message sets every field, so a field that is zero here was not read.
func whole(t *testing.T, name string, of any) {
	t.Helper()
	value := reflect.ValueOf(of)
	for i := range value.NumField() {
		if value.Field(i).IsZero() {
			t.Errorf("%s: %s was not read", name, value.Type().Field(i).Name)
		}
	}
}
