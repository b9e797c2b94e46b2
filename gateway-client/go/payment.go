package florin

import (
	"time"

	pb "florin.dev/gateway-client/go/florinv1"
)

// CaptureMethod is when a payment is captured.
type CaptureMethod = pb.CaptureMethod

// When a payment is captured.
const (
	// CaptureAutomatic: at its creation. So it is with the zero value.
	CaptureAutomatic = pb.CaptureMethod_CAPTURE_METHOD_AUTOMATIC
	// CaptureManual: by CapturePayment; until then the money is reserved.
	CaptureManual = pb.CaptureMethod_CAPTURE_METHOD_MANUAL
)

// PaymentState is where a payment is in its life.
type PaymentState = pb.PaymentState

// Where a payment is.
const (
	// PaymentRequiresCapture: the money is reserved and nothing was captured yet.
	PaymentRequiresCapture = pb.PaymentState_PAYMENT_STATE_REQUIRES_CAPTURE
	// PaymentPartiallyCaptured: a part was captured, and more can be.
	PaymentPartiallyCaptured = pb.PaymentState_PAYMENT_STATE_PARTIALLY_CAPTURED
	// PaymentCaptured: something was captured, and nothing more is reserved.
	PaymentCaptured = pb.PaymentState_PAYMENT_STATE_CAPTURED
	// PaymentCanceled: it was canceled before anything was captured.
	PaymentCanceled = pb.PaymentState_PAYMENT_STATE_CANCELED
	// PaymentExpired: it fell due before anything was captured.
	PaymentExpired = pb.PaymentState_PAYMENT_STATE_EXPIRED
	// PaymentPartiallyRefunded: a part of what was captured was refunded.
	PaymentPartiallyRefunded = pb.PaymentState_PAYMENT_STATE_PARTIALLY_REFUNDED
	// PaymentRefunded: all that was captured was refunded, and nothing more is reserved.
	PaymentRefunded = pb.PaymentState_PAYMENT_STATE_REFUNDED
)

// NewPayment is a payment to create.
type NewPayment struct {
	// ID is its id, and its idempotency key. Ids of payments, transfers and holds are one set.
	ID ID
	// Source is who pays.
	Source AccountKey
	// Destination is who is paid.
	Destination AccountKey
	// Amount is how much.
	Amount Money
	// Capture is when it is captured.
	Capture CaptureMethod
	// Due is when what is reserved falls due, with CaptureManual; zero means never.
	Due time.Time
	// AtDue is what happens then.
	AtDue AtDue
	// Fee is kept for your books, not moved. Of the same currency, or zero.
	Fee Money
	// Reference is what people know it by: an order number, an invoice. At most 128 bytes.
	Reference string
	// Metadata is anything; at most 4,096 bytes in all, counting 2 more for each key and each value.
	Metadata map[string]string
	// Score is how risky it was thought to be, 0 to 1,000; nil if nobody thought. Kept, not acted on.
	Score *uint32
	// Code is yours: a reason or ledger code.
	Code uint32
	// ValueDate is the date on which it counts, YYYYMMDD; 0 if it counts when it happens.
	ValueDate uint32
}

func (p *NewPayment) wire() *pb.CreatePaymentRequest {
	return &pb.CreatePaymentRequest{
		Id:            p.ID.wire(),
		Source:        p.Source.wire(),
		Destination:   p.Destination.wire(),
		Amount:        p.Amount.wire(),
		CaptureMethod: p.Capture,
		DueAtNs:       timeToWire(p.Due),
		AtDue:         p.AtDue,
		Fee:           p.Fee.wire(),
		Reference:     p.Reference,
		Metadata:      p.Metadata,
		Score:         p.Score,
		Code:          p.Code,
		ValueDate:     p.ValueDate,
	}
}

// Payment is a payment as it is.
type Payment struct {
	// ID is the payment's.
	ID ID
	// State is where it is in its life.
	State PaymentState
	// Source is the account that pays.
	Source ID
	// Destination is the account that is paid.
	Destination ID
	// Amount is what it is about.
	Amount Money
	// Capturable is what is reserved and can still be captured.
	Capturable Money
	// Captured is what was captured, refunds not taken off.
	Captured Money
	// Refunded is what was refunded of it.
	Refunded Money
	// Released is what was given back without being captured.
	Released Money
	// Fee is as in the request.
	Fee Money
	// Reference is as in the request.
	Reference string
	// Metadata is as in the request.
	Metadata map[string]string
	// Score is as in the request.
	Score *uint32
	// Code is as in the request.
	Code uint32
	// ValueDate is as in the request.
	ValueDate uint32
	// Due is when what is reserved falls due; zero if never.
	Due time.Time
	// AtDue is what happens then.
	AtDue AtDue
	// Tenant is the number of whose it is.
	Tenant uint32
	// CreatedAt is when it was created.
	CreatedAt time.Time
	// CreatedSequence is of its creation.
	CreatedSequence uint64
	// LastSequence is of the last event that changed it.
	LastSequence uint64
}

func paymentFromWire(wire *pb.Payment) Payment {
	return Payment{
		ID:              idFromWire(wire.GetId()),
		State:           wire.GetState(),
		Source:          idFromWire(wire.GetSourceAccountId()),
		Destination:     idFromWire(wire.GetDestinationAccountId()),
		Amount:          moneyFromWire(wire.GetAmount()),
		Capturable:      moneyFromWire(wire.GetAmountCapturable()),
		Captured:        moneyFromWire(wire.GetAmountCaptured()),
		Refunded:        moneyFromWire(wire.GetAmountRefunded()),
		Released:        moneyFromWire(wire.GetAmountReleased()),
		Fee:             moneyFromWire(wire.GetFee()),
		Reference:       wire.GetReference(),
		Metadata:        wire.GetMetadata(),
		Score:           wire.Score,
		Code:            wire.GetCode(),
		ValueDate:       wire.GetValueDate(),
		Due:             timeFromWire(wire.GetDueAtNs()),
		AtDue:           wire.GetAtDue(),
		Tenant:          wire.GetTenant(),
		CreatedAt:       timeFromWire(wire.GetCreatedAtNs()),
		CreatedSequence: wire.GetCreatedSequence(),
		LastSequence:    wire.GetLastSequence(),
	}
}

// PaymentAnswer says that what was asked of a payment is done.
type PaymentAnswer struct {
	// Payment is the payment as it is now.
	Payment Payment
	// Replayed: the id was known: this is the first answer, given again. (Payment is as it is now, not
	// as it was.)
	Replayed bool
	// Sequence of what was decided.
	Sequence uint64
	// Time is when it was decided.
	Time time.Time
	// Amount is what this moved, reserved, or gave back.
	Amount Money
}

func paymentAnswerFromWire(id ID, wire *pb.PaymentResponse) (PaymentAnswer, error) {
	if wire.GetRefusal() != nil {
		refusal := refusalFromWire(wire.GetRefusal())
		refusal.ID = id
		refusal.Replayed = wire.GetReplayed()
		refusal.Sequence = wire.GetSequence()
		refusal.Time = timeFromWire(wire.GetTimestampNs())
		if wire.GetPayment() != nil {
			payment := paymentFromWire(wire.GetPayment())
			refusal.Payment = &payment
		}
		return PaymentAnswer{}, refusal
	}
	if wire.GetPayment() == nil {
		return PaymentAnswer{}, malformed("neither a payment nor a refusal")
	}
	return PaymentAnswer{
		Payment:  paymentFromWire(wire.GetPayment()),
		Replayed: wire.GetReplayed(),
		Sequence: wire.GetSequence(),
		Time:     timeFromWire(wire.GetTimestampNs()),
		Amount:   moneyFromWire(wire.GetAmount()),
	}, nil
}
