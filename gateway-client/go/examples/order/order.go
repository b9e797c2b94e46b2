// Package order is an order service on Florin: the money is reserved when an order is placed, captured
// when it is shipped, and given back when it is returned. It is an example, and a test of the client.
//
// Two rules make it safe. Every step has an id that is made, and stored with the order, before the call:
// whatever happens to the answer, the step is made again under the same id, and is done once. And what
// the service knows of its orders it reads from the feed, with a cursor that it stores together with
// what it made of the events: so it misses nothing, and counts nothing twice.
package order

import (
	"context"
	"fmt"
	"time"

	florin "florin.dev/gateway-client/go"
	"florin.dev/gateway-client/go/florinv1"
)

// Service takes the orders of one shop.
type Service struct {
	client *florin.Client
	shop   florin.AccountKey
	// KeepFor is how long money is reserved for an order that is not shipped.
	KeepFor time.Duration
}

// NewService takes orders for the shop with this account.
func NewService(client *florin.Client, shop florin.AccountKey) *Service {
	return &Service{client: client, shop: shop, KeepFor: 7 * 24 * time.Hour}
}

// Order is what a customer wants. Its id is the payment's.
type Order struct {
	ID       florin.ID
	Number   string
	Customer florin.AccountKey
	Total    florin.Money
	// PlacedAt decides until when the money is kept. It is a part of the order and not the time of the
	// call, so that the same order is the same call however often it is made.
	PlacedAt time.Time
}

// Place reserves what the order costs. What is not shipped in time is given back by itself. A customer
// who cannot pay is a [*florin.Refusal], which says how much could be paid.
func (s *Service) Place(ctx context.Context, order Order) (florin.Payment, error) {
	answer, err := s.client.CreatePayment(ctx, florin.NewPayment{
		ID:          order.ID,
		Source:      order.Customer,
		Destination: s.shop,
		Amount:      order.Total,
		Capture:     florin.CaptureManual,
		Due:         order.PlacedAt.Add(s.KeepFor),
		AtDue:       florin.AtDueRelease,
		Reference:   order.Number,
	})
	if err != nil {
		return florin.Payment{}, fmt.Errorf("order %s: %w", order.Number, err)
	}
	return answer.Payment, nil
}

// Shipment is a part of an order that leaves the shop.
type Shipment struct {
	// ID is of this shipment.
	ID florin.ID
	// Value is what is in it.
	Value florin.Money
	// Last: nothing more will follow, and what was reserved for it is given back.
	Last bool
}

// Ship captures what is shipped.
func (s *Service) Ship(ctx context.Context, order florin.ID, shipment Shipment) (florin.Payment, error) {
	answer, err := s.client.CapturePayment(ctx, florin.Capture{
		ID:      shipment.ID,
		Payment: order,
		Amount:  shipment.Value,
		Final:   shipment.Last,
	})
	if err != nil {
		return florin.Payment{}, fmt.Errorf("shipment %s of order %s: %w", shipment.ID, order, err)
	}
	return answer.Payment, nil
}

// Return gives the customer the money back for what came back.
func (s *Service) Return(ctx context.Context, order, id florin.ID, value florin.Money) (florin.Payment, error) {
	answer, err := s.client.RefundPayment(ctx, florin.Refund{ID: id, Payment: order, Amount: value})
	if err != nil {
		return florin.Payment{}, fmt.Errorf("return %s of order %s: %w", id, order, err)
	}
	return answer.Payment, nil
}

// Book is what the service has made of the feed: sums of each order, and how far it has read. A real
// one lies in a database, and each batch is one transaction there.
type Book struct {
	Orders map[florin.ID]Sums
	// Cursor is where to go on; empty at the beginning.
	Cursor string
}

// Sums are an order's, in minor units.
type Sums struct {
	Reserved, Captured, Returned florin.Minor
	// Steps is how many events there were, refusals included.
	Steps int
}

// Follow reads the feed into the book. It stops after a batch with which everything is read that was on
// disk, if upToNow, and otherwise not before ctx ends.
func (s *Service) Follow(ctx context.Context, book *Book, upToNow bool) error {
	feed := s.client.Subscribe(ctx, florin.Subscription{
		Cursor: book.Cursor,
		Filter: &florin.EventFilter{
			Accounts: []florin.AccountKey{s.shop},
			Kinds:    []florin.EventKind{florin.EventPayment, florin.EventTransferRefused},
		},
	})
	for batch, err := range feed {
		if err != nil {
			return err
		}
		for _, event := range batch.Events {
			book.note(event)
		}
		book.Cursor = batch.Cursor
		if upToNow && batch.Live {
			return nil
		}
	}
	return nil
}

func (b *Book) note(event florin.Event) {
	transfer := event.Transfer
	if transfer == nil {
		return
	}
	order := transfer.Hold
	if order.IsZero() {
		order = transfer.ID // refused before there was a payment
	}
	sums := b.Orders[order]
	sums.Steps++
	if posted := transfer.Outcome.Posted; posted != nil {
		switch transfer.Kind {
		case florinv1.TransferKind_TRANSFER_KIND_PAYMENT_AUTHORIZE:
			sums.Reserved = plus(sums.Reserved, posted.Amount)
		case florinv1.TransferKind_TRANSFER_KIND_PAYMENT_CAPTURE:
			sums.Captured = plus(sums.Captured, posted.Amount)
		case florinv1.TransferKind_TRANSFER_KIND_PAYMENT_REFUND:
			sums.Returned = plus(sums.Returned, posted.Amount)
		}
	}
	if b.Orders == nil {
		b.Orders = map[florin.ID]Sums{}
	}
	b.Orders[order] = sums
}

// plus cannot pass the largest amount: the ledger keeps the totals of an account below it.
func plus(a, b florin.Minor) florin.Minor {
	sum, _ := a.Add(b)
	return sum
}
