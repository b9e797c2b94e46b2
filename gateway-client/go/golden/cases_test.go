package golden_test

import (
	"math"

	pb "florin.dev/gateway-client/go/florinv1"
	"google.golang.org/protobuf/proto"
)

// The golden messages. The name of a file is the message's type and this name. Every number is
// another one, so that fields that were swapped show. A map has one entry at most: the order of
// entries is nobody's promise.
var cases = []struct {
	name    string
	message proto.Message
}{
	{"move", move},
	{"hold", hold},
	{"capture", &pb.NewTransfer{
		Id:          wide(0x0197f3c2a9b47d11, 3),
		Amount:      wide(0, 700),
		Kind:        pb.TransferKind_TRANSFER_KIND_CAPTURE,
		Hold:        hold.Id,
		ReleaseRest: true,
	}},
	{"change", &pb.NewTransfer{
		Id:      wide(0x0197f3c2a9b47d11, 4),
		Kind:    pb.TransferKind_TRANSFER_KIND_CHANGE,
		Hold:    hold.Id,
		DueAtNs: 1_796_000_000_000_000_002,
	}},
	{"reversal", &pb.NewTransfer{
		Id:       wide(0x0197f3c2a9b47d11, 5),
		Reverses: move.Id,
	}},
	{"group", &pb.CreateTransfersRequest{
		Mode:      pb.TransferMode_TRANSFER_MODE_GROUP,
		GroupId:   wide(0x0197f3c2a9b47d11, 6),
		Transfers: []*pb.NewTransfer{move, hold},
	}},
	{"posted", &pb.TransferResult{
		Id:                 move.Id,
		Status:             pb.TransferStatus_TRANSFER_STATUS_POSTED,
		Replayed:           true,
		Sequence:           9_007_199_254_740_993,
		TimestampNs:        1_795_999_999_123_456_789,
		Amount:             wide(1, 2),
		DebitBalanceAfter:  signed(-1, math.MaxUint64-41),
		CreditBalanceAfter: signed(3, 4),
		HoldRemaining:      wide(0, 300),
	}},
	{"refused", &pb.TransferResult{
		Id:          wide(0x0197f3c2a9b47d11, 7),
		Status:      pb.TransferStatus_TRANSFER_STATUS_REFUSED,
		Sequence:    17,
		TimestampNs: 1_795_999_999_123_456_790,
		Refusal:     refusal,
	}},
	{"columns", &pb.BulkTransfersRequest{
		Mode:            pb.TransferMode_TRANSFER_MODE_INDEPENDENT,
		GroupId:         wide(8, 9),
		IdLo:            []uint64{1, 2, math.MaxUint64},
		IdHi:            []uint64{10, 11, 12},
		DebitAccountLo:  []uint64{13, 14, 15},
		DebitAccountHi:  []uint64{16, 17, 18},
		CreditAccountLo: []uint64{19, 20, 21},
		CreditAccountHi: []uint64{22, 23, 24},
		AmountLo:        []uint64{25, 26, 27},
		AmountHi:        []uint64{28, 29, math.MaxInt64},
		Code:            []uint32{31, 32, math.MaxUint32},
		ValueDate:       []uint32{20_261_201, 0, 20_261_203},
		Asset:           "EUR",
		Kind: []pb.TransferKind{
			pb.TransferKind_TRANSFER_KIND_MOVE,
			pb.TransferKind_TRANSFER_KIND_HOLD,
			pb.TransferKind_TRANSFER_KIND_CAPTURE,
		},
		HoldLo:      []uint64{0, 0, 33},
		HoldHi:      []uint64{0, 0, 34},
		DueAtNs:     []uint64{0, 1_796_000_000_000_000_001, 0},
		AtDue:       []pb.AtDue{pb.AtDue_AT_DUE_UNSPECIFIED, pb.AtDue_AT_DUE_CAPTURE, pb.AtDue_AT_DUE_RELEASE},
		ReleaseRest: []bool{false, false, true},
	}},
	{"others", &pb.BulkTransfersResponse{
		Posted:           8_188,
		Replayed:         1,
		Refused:          2,
		FirstSequence:    35,
		FirstTimestampNs: 36,
		Others: []*pb.BulkResult{{
			Index: 37,
			Result: &pb.TransferResult{
				Id:      wide(38, 39),
				Status:  pb.TransferStatus_TRANSFER_STATUS_REFUSED,
				Refusal: &pb.Refusal{Reason: pb.Refusal_ID_ZERO, Message: "the id is zero"},
			},
		}},
		Group: &pb.GroupResult{
			Id:       wide(40, 41),
			Status:   pb.TransferStatus_TRANSFER_STATUS_POSTED,
			Replayed: true,
			Sequence: 42,
		},
	}},
	{"ceiling", &pb.Account{
		Id:             wide(43, 44),
		Name:           "customer:2375/wallet",
		Asset:          &pb.Asset{Code: "EUR", Scale: 2},
		DebitsPosted:   wide(45, 46),
		CreditsPosted:  wide(47, 48),
		DebitsPending:  wide(0, 49),
		CreditsPending: wide(0, 50),
		Balance:        signed(math.MinInt64, 51),
		Available:      wide(0, 0),
		Floor:          &pb.Floor{Kind: pb.Floor_OVERDRAFT, Overdraft: wide(math.MaxInt64, math.MaxUint64)},
		Freeze:         pb.Freeze_FREEZE_CREDITS,
		Closed:         true,
		Metadata:       map[string]string{"opened by": "Zoë"},
		OpenedAtNs:     52,
		LastSequence:   53,
		Ceiling:        &pb.Ceiling{Limit: wide(0, 54)},
	}},
	{"manual", &pb.CreatePaymentRequest{
		Id:            wide(55, 56),
		Source:        named("customer:2375/wallet"),
		Destination:   &pb.AccountKey{Key: &pb.AccountKey_Id{Id: wide(57, 58)}},
		Amount:        &pb.Money{Amount: "792281625142643375935439503.35", Currency: "EUR"},
		CaptureMethod: pb.CaptureMethod_CAPTURE_METHOD_MANUAL,
		DueAtNs:       59,
		AtDue:         pb.AtDue_AT_DUE_CAPTURE,
		Fee:           &pb.Money{Amount: "0.25", Currency: "EUR"},
		Reference:     "order 4711",
		Metadata:      map[string]string{"shop": "north"},
		Score:         proto.Uint32(0), // set, and zero: not the same as unset
		Code:          60,
		ValueDate:     20_261_204,
	}},
	{"partially_refunded", &pb.PaymentResponse{
		Payment: &pb.Payment{
			Id:                   wide(55, 56),
			State:                pb.PaymentState_PAYMENT_STATE_PARTIALLY_REFUNDED,
			SourceAccountId:      wide(61, 62),
			DestinationAccountId: wide(63, 64),
			Amount:               euro("10.00"),
			AmountCapturable:     euro("1.00"),
			AmountCaptured:       euro("6.50"),
			AmountRefunded:       euro("2.25"),
			AmountReleased:       euro("2.50"),
			Fee:                  euro("0.25"),
			Reference:            "order 4711",
			Metadata:             map[string]string{"shop": "north"},
			Score:                proto.Uint32(999),
			Code:                 65,
			ValueDate:            20_261_205,
			DueAtNs:              66,
			AtDue:                pb.AtDue_AT_DUE_RELEASE,
			Tenant:               67,
			CreatedAtNs:          68,
			CreatedSequence:      69,
			LastSequence:         70,
		},
		Replayed:    true,
		Sequence:    71,
		TimestampNs: 72,
		Amount:      euro("2.25"),
	}},
	{"refused", &pb.PaymentResponse{
		Refusal: &pb.Refusal{Reason: pb.Refusal_PAYMENT_NOT_FOUND, Message: "there is no such payment"},
	}},
	{"filter", &pb.SubscribeRequest{
		From: &pb.SubscribeRequest_Cursor{Cursor: "opaque"},
		Filter: &pb.EventFilter{
			Accounts:     []*pb.AccountKey{named("cash"), {Key: &pb.AccountKey_Id{Id: wide(73, 74)}}},
			NamePrefixes: []string{"customer:", "shop:"},
			Assets:       []string{"EUR", "POINTS"},
			Kinds:        []pb.EventKind{pb.EventKind_EVENT_KIND_HOLD, pb.EventKind_EVENT_KIND_PAYMENT},
		},
		BatchEvents: 8_190,
	}},
	{"beginning", &pb.SubscribeRequest{From: &pb.SubscribeRequest_Beginning{Beginning: true}}},
	{"end", &pb.SubscribeRequest{From: &pb.SubscribeRequest_End{End: true}}},
	{"every_kind", everyKind},
	{"accepting", &pb.GetStatusResponse{Version: "0.1.0", Accepting: true}},
	{"disk_full", &pb.GetStatusResponse{
		Version:            "0.1.0",
		Lineage:            "00112233445566778899aabbccddeeff",
		UptimeS:            75,
		NotAcceptingReason: "DISK_FULL",
		Partitions: []*pb.PartitionStatus{{
			Partition:        76,
			Epoch:            77,
			Sequence:         math.MaxUint64,
			DurableSequence:  78,
			Accounts:         79,
			Ids:              80,
			TransfersPosted:  81,
			TransfersRefused: 82,
			Conserved:        true,
			Assets: []*pb.AssetTotals{{
				Code: "EUR", Scale: 2, DebitsLo: 83, DebitsHi: 84, CreditsLo: 85, CreditsHi: 86,
			}},
			Segment:      87,
			JournalBytes: 88,
			FreeBytes:    89,
			Frames:       90,
			SyncP50Us:    91,
			SyncP99Us:    92,
			InFlight:     93,
			AccountBytes: 94,
			OpenHolds:    95,
			Timers:       96,
			DuePaused:    true,
			Subscribers:  97,
		}},
	}},
}

var move = &pb.NewTransfer{
	Id:            wide(0x0197f3c2a9b47d11, 0xe2c64bb9a0d35f08),
	DebitAccount:  named("cash"),
	CreditAccount: &pb.AccountKey{Key: &pb.AccountKey_Id{Id: wide(math.MaxUint64, 1)}},
	Amount:        wide(math.MaxInt64, math.MaxUint64), // 2^127 - 1, the largest
	AmountMode:    pb.AmountMode_AMOUNT_MODE_UP_TO_AVAILABLE,
	Asset:         "EUR",
	Code:          math.MaxUint32,
	ValueDate:     20_261_201,
	Metadata:      map[string]string{"order": "4711"},
	Kind:          pb.TransferKind_TRANSFER_KIND_MOVE,
}

var hold = &pb.NewTransfer{
	Id:            wide(0x0197f3c2a9b47d11, 2),
	DebitAccount:  named("customer:2375/wallet"),
	CreditAccount: named("shop"),
	Amount:        wide(0, 1_000),
	AmountMode:    pb.AmountMode_AMOUNT_MODE_EXACT,
	Kind:          pb.TransferKind_TRANSFER_KIND_HOLD,
	DueAtNs:       1_796_000_000_000_000_001,
	AtDue:         pb.AtDue_AT_DUE_CAPTURE,
}

var refusal = &pb.Refusal{
	Reason:    pb.Refusal_INSUFFICIENT_FUNDS,
	Message:   "12.50 EUR asked, 2.50 EUR available",
	AccountId: wide(98, 99),
	Asked:     wide(0, 1_250),
	Missing:   wide(0, 1_000),
	WouldPass: wide(0, 250),
	Field:     "amount",
	Member:    100,
}

var everyKind = &pb.EventBatch{
	Events: []*pb.Event{
		{
			Sequence:    101,
			TimestampNs: 102,
			Kind:        pb.EventKind_EVENT_KIND_ASSET_REGISTERED,
			Body:        &pb.Event_Asset{Asset: &pb.Asset{Code: "POINTS"}},
			AssetCode:   "POINTS",
		},
		{
			Sequence:    103,
			TimestampNs: 104,
			Kind:        pb.EventKind_EVENT_KIND_ACCOUNT_OPENED,
			Body: &pb.Event_Account{Account: &pb.AccountChanged{
				Id:       wide(105, 106),
				Name:     "customer:2375/wallet",
				Floor:    &pb.Floor{Kind: pb.Floor_NONE},
				Ceiling:  &pb.Ceiling{Limit: wide(0, 107)},
				Freeze:   pb.Freeze_FREEZE_NONE,
				Metadata: map[string]string{"k": "v"},
				Balance:  signed(0, 0),
			}},
			AssetCode:  "EUR",
			AssetScale: 2,
		},
		{
			Sequence:    108,
			TimestampNs: 109,
			Kind:        pb.EventKind_EVENT_KIND_ACCOUNT_UPDATED,
			Body: &pb.Event_Account{Account: &pb.AccountChanged{
				Id:      wide(105, 106),
				Floor:   &pb.Floor{Kind: pb.Floor_ZERO},
				Ceiling: &pb.Ceiling{},
				Freeze:  pb.Freeze_FREEZE_BOTH,
				Closed:  true,
				Balance: signed(-1, math.MaxUint64),
			}},
			AssetCode:  "EUR",
			AssetScale: 2,
		},
		{
			Sequence:    110,
			TimestampNs: 111,
			Kind:        pb.EventKind_EVENT_KIND_TRANSFER_POSTED,
			Body: &pb.Event_Transfer{Transfer: &pb.Transfer{
				Id:                 wide(112, 113),
				Status:             pb.TransferStatus_TRANSFER_STATUS_POSTED,
				DebitAccountId:     wide(114, 115),
				CreditAccountId:    wide(116, 117),
				Amount:             wide(0, 118),
				RequestedAmount:    wide(0, 119),
				AmountMode:         pb.AmountMode_AMOUNT_MODE_UP_TO_AVAILABLE,
				Code:               120,
				ValueDate:          20_261_206,
				Metadata:           map[string]string{"order": "4711"},
				GroupId:            wide(121, 122),
				Reverses:           wide(123, 124),
				ReversedBySequence: 125,
				Sequence:           110,
				TimestampNs:        111,
				DebitBalanceAfter:  signed(-1, math.MaxUint64-125),
				CreditBalanceAfter: signed(0, 127),
				Kind:               pb.TransferKind_TRANSFER_KIND_MOVE,
				DebitPendingAfter:  wide(0, 128),
			}},
			GroupIndex: 1,
			GroupLen:   2,
			AssetCode:  "EUR",
			AssetScale: 2,
		},
		{
			Sequence:    129,
			TimestampNs: 130,
			Kind:        pb.EventKind_EVENT_KIND_TRANSFER_REFUSED,
			Body: &pb.Event_Transfer{Transfer: &pb.Transfer{
				Id:              wide(131, 132),
				Status:          pb.TransferStatus_TRANSFER_STATUS_REFUSED,
				RequestedAmount: wide(0, 1_250),
				Sequence:        129,
				TimestampNs:     130,
				Refusal:         refusal,
				Kind:            pb.TransferKind_TRANSFER_KIND_MOVE,
			}},
		},
		{
			Sequence:    133,
			TimestampNs: 134,
			Kind:        pb.EventKind_EVENT_KIND_GROUP_REFUSED,
			Body: &pb.Event_Group{Group: &pb.GroupResult{
				Id:       wide(135, 136),
				Status:   pb.TransferStatus_TRANSFER_STATUS_REFUSED,
				Sequence: 133,
				Refusal:  refusal,
			}},
		},
		{
			Sequence:    137,
			TimestampNs: 138,
			Kind:        pb.EventKind_EVENT_KIND_HOLD,
			Body: &pb.Event_Transfer{Transfer: &pb.Transfer{
				Id:                wide(139, 140),
				Status:            pb.TransferStatus_TRANSFER_STATUS_POSTED,
				Amount:            wide(0, 141),
				Kind:              pb.TransferKind_TRANSFER_KIND_DUE_RELEASE,
				HoldId:            wide(142, 143),
				HoldRemaining:     wide(0, 0),
				DueAtNs:           144,
				AtDue:             pb.AtDue_AT_DUE_CAPTURE,
				Released:          wide(0, 145),
				BlockedBy:         pb.Refusal_ACCOUNT_FROZEN,
				DebitPendingAfter: wide(0, 146),
			}},
			AssetCode:  "EUR",
			AssetScale: 2,
		},
		{
			Sequence:    147,
			TimestampNs: 148,
			Kind:        pb.EventKind_EVENT_KIND_PAYMENT,
			Body: &pb.Event_Transfer{Transfer: &pb.Transfer{
				Id:     wide(149, 150),
				Status: pb.TransferStatus_TRANSFER_STATUS_POSTED,
				Amount: wide(0, 151),
				Kind:   pb.TransferKind_TRANSFER_KIND_PAYMENT_DUE_CAPTURE,
				HoldId: wide(152, 153),
			}},
			AssetCode:  "KWD",
			AssetScale: 3,
		},
		{
			Sequence:    154,
			TimestampNs: 155,
			Kind:        pb.EventKind_EVENT_KIND_CHECKPOINT,
		},
	},
	Cursor: "opaque too",
	Live:   true,
}

func wide(hi, lo uint64) *pb.Uint128 { return &pb.Uint128{Hi: hi, Lo: lo} }

func signed(hi int64, lo uint64) *pb.Int128 { return &pb.Int128{Hi: hi, Lo: lo} }

func named(name string) *pb.AccountKey {
	return &pb.AccountKey{Key: &pb.AccountKey_Name{Name: name}}
}

func euro(amount string) *pb.Money { return &pb.Money{Amount: amount, Currency: "EUR"} }
