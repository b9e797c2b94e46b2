package florin_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	florin "florin.dev/gateway-client/go"
)

// One payment, and what can become of it.
func ExampleClient_Transfer() {
	ctx := context.Background()
	client, err := florin.Dial(ctx, "127.0.0.1:7411")
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	id := florin.NewID() // store it with the order, before the call
	payment := florin.NewMove(id, florin.ByName("cash"), florin.ByName("customer:2375/wallet"), florin.Units(1250))

	posted, err := client.Transfer(ctx, payment)
	var refusal *florin.Refusal
	switch {
	case err == nil:
		fmt.Println("posted as sequence", posted.Sequence)
	case errors.As(err, &refusal):
		fmt.Println("refused:", refusal.Reason, "would pass:", refusal.WouldPass)
	case errors.Is(err, florin.ErrOutcomeUnknown):
		fmt.Println("call again with the same id, later")
	default:
		fmt.Println("not done:", florin.ReasonOf(err))
	}
}

// Money is reserved for a week, captured in part, and the rest is given back.
func ExampleNewHold() {
	ctx := context.Background()
	client, err := florin.Dial(ctx, "127.0.0.1:7411")
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	hold := florin.NewHold(florin.NewID(), florin.ByName("customer:2375/wallet"), florin.ByName("shop"), florin.Units(4000))
	hold.Due, hold.AtDue = time.Now().Add(7*24*time.Hour), florin.AtDueRelease
	if _, err := client.Transfer(ctx, hold); err != nil {
		log.Fatal(err)
	}
	capture := florin.NewCapture(florin.NewID(), hold.ID, florin.Units(2750))
	capture.ReleaseRest = true
	if _, err := client.Transfer(ctx, capture); err != nil {
		log.Fatal(err)
	}
}

// The feed goes on right after the last batch that was dealt with, tomorrow too.
func ExampleClient_Subscribe() {
	ctx := context.Background()
	client, err := florin.Dial(ctx, "127.0.0.1:7411")
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	cursor := "" // from the beginning, or the one that was stored
	for batch, err := range client.Subscribe(ctx, florin.Subscription{Cursor: cursor}) {
		if err != nil {
			log.Fatal(err)
		}
		for _, event := range batch.Events {
			fmt.Println(event.Sequence, event.Kind)
		}
		cursor = batch.Cursor // store it together with what was made of the events
	}
}

func ExampleParseMinor() {
	minor, err := florin.ParseMinor("12.50", 2)
	fmt.Println(minor, err)
	_, err = florin.ParseMinor("12.505", 2)
	fmt.Println(err)
	fmt.Println(florin.Units(1250).Format(2), florin.Units(500).Format(0), florin.Units(1).Format(3))
	// Output:
	// 1250 <nil>
	// more decimals than the asset has (2)
	// 12.50 500 0.001
}

func ExampleAccountIDOf() {
	fmt.Println(florin.AccountIDOf("cash"))
	// Output: c95aa4a78e0cf05c52890646ac718430
}
