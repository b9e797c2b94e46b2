package order_test

import (
	"errors"
	"testing"
	"time"

	florin "florin.dev/gateway-client/go"
	"florin.dev/gateway-client/go/examples/order"
	"florin.dev/gateway-client/go/internal/testserver"
)

func euro(amount string) florin.Money { return florin.Money{Amount: amount, Currency: "EUR"} }

// An order's life, with restarts of the server between its steps, each step made twice as if its answer
// had been lost.
func TestAnOrderFromPlacingToReturn(t *testing.T) {
	ctx := t.Context()
	server := testserver.Start(t)
	client, err := florin.Dial(ctx, server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	customer, shop := florin.ByName("customer:2375/wallet"), florin.ByName("shop")
	fund(t, client, customer, shop)

	service := order.NewService(client, shop)
	cart := order.Order{
		ID: florin.NewID(), Number: "4711", Customer: customer, Total: euro("40.00"), PlacedAt: time.Now(),
	}
	first := order.Shipment{ID: florin.NewID(), Value: euro("15.00")}
	last := order.Shipment{ID: florin.NewID(), Value: euro("12.50"), Last: true}
	back := florin.NewID()
	book := &order.Book{}

	for _, step := range []struct {
		name                         string
		do                           func() (florin.Payment, error)
		between                      func(testing.TB)
		state                        florin.PaymentState
		balance, available, received string
		sums                         order.Sums
	}{
		{
			"placed", func() (florin.Payment, error) { return service.Place(ctx, cart) }, server.Restart,
			florin.PaymentRequiresCapture, "100.00", "60.00", "0.00",
			order.Sums{Reserved: florin.Units(4000), Steps: 1},
		},
		{
			"shipped in part", func() (florin.Payment, error) { return service.Ship(ctx, cart.ID, first) }, server.Kill,
			florin.PaymentPartiallyCaptured, "85.00", "60.00", "15.00",
			order.Sums{Reserved: florin.Units(4000), Captured: florin.Units(1500), Steps: 2},
		},
		{
			"shipped, and the rest given back", func() (florin.Payment, error) { return service.Ship(ctx, cart.ID, last) }, server.Restart,
			florin.PaymentCaptured, "72.50", "72.50", "27.50",
			order.Sums{Reserved: florin.Units(4000), Captured: florin.Units(2750), Steps: 3},
		},
		{
			"returned in part", func() (florin.Payment, error) { return service.Return(ctx, cart.ID, back, euro("12.50")) }, server.Kill,
			florin.PaymentPartiallyRefunded, "85.00", "85.00", "15.00",
			order.Sums{Reserved: florin.Units(4000), Captured: florin.Units(2750), Returned: florin.Units(1250), Steps: 4},
		},
	} {
		for attempt := range 2 {
			payment, err := step.do()
			if err != nil {
				t.Fatalf("%s, attempt %d: %v", step.name, attempt, err)
			}
			if payment.State != step.state {
				t.Errorf("%s: %v, want %v", step.name, payment.State, step.state)
			}
			if attempt == 0 {
				step.between(t)
			}
		}
		wallet, till := account(t, client, customer), account(t, client, shop)
		balance, available := wallet.Balance.Format(2), wallet.Available.Format(2)
		if received := till.Balance.Format(2); balance != step.balance || available != step.available || received != step.received {
			t.Errorf("%s: %s, of which %s available; the shop has %s", step.name, balance, available, received)
		}
		if err := service.Follow(ctx, book, true); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if book.Orders[cart.ID] != step.sums {
			t.Errorf("%s: the book says %+v", step.name, book.Orders[cart.ID])
		}
	}

	anew := &order.Book{}
	if err := service.Follow(ctx, anew, true); err != nil || anew.Orders[cart.ID] != book.Orders[cart.ID] {
		t.Errorf("read from the beginning, the book says %+v (%v)", anew.Orders, err)
	}
	stored, err := client.GetPayment(ctx, cart.ID)
	if err != nil || stored.Released != euro("12.50") || stored.Captured != euro("27.50") || stored.Refunded != euro("12.50") || stored.Reference != "4711" {
		t.Errorf("%+v %v", stored, err)
	}
}

func TestWhatAnOrderServiceIsRefused(t *testing.T) {
	ctx := t.Context()
	server := testserver.Start(t)
	client, err := florin.Dial(ctx, server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	customer, shop := florin.ByName("customer:1/wallet"), florin.ByName("shop")
	fund(t, client, customer, shop)
	service := order.NewService(client, shop)
	placed := order.Order{ID: florin.NewID(), Number: "1", Customer: customer, Total: euro("10"), PlacedAt: time.Now()}
	if _, err := service.Place(ctx, placed); err != nil {
		t.Fatal(err)
	}

	for _, c := range []struct {
		name      string
		do        func() error
		reason    florin.Reason
		wouldPass string
	}{
		{"too dear", func() error {
			dear := order.Order{ID: florin.NewID(), Number: "2", Customer: customer, Total: euro("90.01"), PlacedAt: time.Now()}
			_, err := service.Place(ctx, dear)
			return err
		}, florin.ReasonInsufficientFunds, "90.00"},
		{"more than was ordered", func() error {
			_, err := service.Ship(ctx, placed.ID, order.Shipment{ID: florin.NewID(), Value: euro("10.01")})
			return err
		}, florin.ReasonPaymentExceeded, "10.00"},
		{"returned before it was shipped", func() error {
			_, err := service.Return(ctx, placed.ID, florin.NewID(), euro("1"))
			return err
		}, florin.ReasonPaymentStateInvalid, ""},
		{"no such order", func() error {
			_, err := service.Ship(ctx, florin.NewID(), order.Shipment{ID: florin.NewID()})
			return err
		}, florin.ReasonPaymentNotFound, ""},
		{"another order under the same id", func() error {
			other := placed
			other.Total = euro("11")
			_, err := service.Place(ctx, other)
			return err
		}, florin.ReasonIDReused, ""},
	} {
		err := c.do()
		var refusal *florin.Refusal
		if !errors.As(err, &refusal) || refusal.Reason != c.reason {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if c.wouldPass != "" && (refusal.WouldPass == nil || refusal.WouldPass.Format(2) != c.wouldPass) {
			t.Errorf("%s: %v would pass", c.name, refusal.WouldPass)
		}
	}
}

// fund opens the accounts and gives the customer 100.00 EUR.
func fund(t *testing.T, client *florin.Client, customer, shop florin.AccountKey) {
	t.Helper()
	cash := florin.ByName("cash")
	opened, err := client.CreateAccounts(t.Context(),
		florin.NewAccount{Key: cash, Asset: "EUR", Floor: florin.FloorNone()},
		florin.NewAccount{Key: customer, Asset: "EUR"},
		florin.NewAccount{Key: shop, Asset: "EUR"},
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, account := range opened {
		if account.Err() != nil {
			t.Fatal(account.Err())
		}
	}
	if _, err := client.Transfer(t.Context(), florin.NewMove(florin.NewID(), cash, customer, florin.Units(10_000))); err != nil {
		t.Fatal(err)
	}
}

func account(t *testing.T, client *florin.Client, key florin.AccountKey) florin.Account {
	t.Helper()
	found, err := client.GetAccounts(t.Context(), key)
	if err != nil || len(found.Found) != 1 {
		t.Fatal(key, found, err)
	}
	return found.Found[0]
}
