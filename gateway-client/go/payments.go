package florin

import (
	"context"
	"iter"

	pb "florin.dev/gateway-client/go/florinv1"
)

// CreatePayment creates a payment under an id of yours: captured at once, or reserved to be captured
// later. Safe to repeat. A refusal is an error, [*Refusal], here and in the calls below.
func (c *Client) CreatePayment(ctx context.Context, payment NewPayment) (PaymentAnswer, error) {
	response, err := call(ctx, c, idempotent, payment.wire(), c.payments.CreatePayment)
	if err != nil {
		return PaymentAnswer{}, err
	}
	return paymentAnswerFromWire(payment.ID, response)
}

// Capture is a capture of a payment.
type Capture struct {
	// ID is of this capture, and its idempotency key.
	ID ID
	// Payment is the id of the payment.
	Payment ID
	// Amount is how much; zero: all that can be captured.
	Amount Money
	// Final gives back what is left afterwards: this was the last part.
	Final bool
}

// CapturePayment captures what is reserved, all of it or in several parts. Safe to repeat.
func (c *Client) CapturePayment(ctx context.Context, capture Capture) (PaymentAnswer, error) {
	request := &pb.CapturePaymentRequest{
		Id:        capture.ID.wire(),
		PaymentId: capture.Payment.wire(),
		Amount:    capture.Amount.wire(),
		Final:     capture.Final,
	}
	response, err := call(ctx, c, idempotent, request, c.payments.CapturePayment)
	if err != nil {
		return PaymentAnswer{}, err
	}
	return paymentAnswerFromWire(capture.ID, response)
}

// CancelPayment gives back what is reserved and was not captured, under an id of this cancellation.
// Safe to repeat.
func (c *Client) CancelPayment(ctx context.Context, id, payment ID) (PaymentAnswer, error) {
	request := &pb.CancelPaymentRequest{Id: id.wire(), PaymentId: payment.wire()}
	response, err := call(ctx, c, idempotent, request, c.payments.CancelPayment)
	if err != nil {
		return PaymentAnswer{}, err
	}
	return paymentAnswerFromWire(id, response)
}

// Refund is a refund of a payment.
type Refund struct {
	// ID is of this refund, and its idempotency key.
	ID ID
	// Payment is the id of the payment.
	Payment ID
	// Amount is how much; zero: all that was captured and not yet refunded.
	Amount Money
	// Metadata is anything; at most 4,096 bytes in all, counting 2 more for each key and each value.
	Metadata map[string]string
}

// RefundPayment moves captured money back, all of it or in several parts. Safe to repeat.
func (c *Client) RefundPayment(ctx context.Context, refund Refund) (PaymentAnswer, error) {
	request := &pb.RefundPaymentRequest{
		Id:        refund.ID.wire(),
		PaymentId: refund.Payment.wire(),
		Amount:    refund.Amount.wire(),
		Metadata:  refund.Metadata,
	}
	response, err := call(ctx, c, idempotent, request, c.payments.RefundPayment)
	if err != nil {
		return PaymentAnswer{}, err
	}
	return paymentAnswerFromWire(refund.ID, response)
}

// GetPayment gives a payment as it is. If there is none, that is a [*Fault], PAYMENT_NOT_FOUND.
func (c *Client) GetPayment(ctx context.Context, id ID) (Payment, error) {
	response, err := call(ctx, c, reads, &pb.GetPaymentRequest{Id: id.wire()}, c.payments.GetPayment)
	if err != nil {
		return Payment{}, err
	}
	return paymentFromWire(response), nil
}

// PaymentQuery says which payments are listed. The zero value means every one.
type PaymentQuery struct {
	// States: only those in one of these; empty: all.
	States []PaymentState
	// PageSize is how many are fetched at once, 1 to 1,000; 0 means the server's default, 100.
	PageSize int
}

// ListPayments gives payments, newest first, one by one, fetched page by page as in
// [Client.ListAccounts].
func (c *Client) ListPayments(ctx context.Context, query PaymentQuery) iter.Seq2[Payment, error] {
	return pages(func(token string) ([]Payment, string, error) {
		return c.PaymentsPage(ctx, query, token)
	})
}

// PaymentsPage is a page of payments, as in [Client.AccountsPage].
func (c *Client) PaymentsPage(ctx context.Context, query PaymentQuery, token string) ([]Payment, string, error) {
	request := &pb.ListPaymentsRequest{
		PageSize:  pageSize(query.PageSize),
		PageToken: token,
		States:    query.States,
	}
	response, err := call(ctx, c, reads, request, c.payments.ListPayments)
	if err != nil {
		return nil, "", err
	}
	return mapped(response.Payments, paymentFromWire), response.NextPageToken, nil
}
