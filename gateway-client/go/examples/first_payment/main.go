// Opens two accounts and pays from one to the other, against a server that runs:
//
//	florin serve &
//	go run ./examples/first_payment
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	florin "florin.dev/gateway-client/go"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	server := os.Getenv("FLORIN_SERVER")
	if server == "" {
		server = "127.0.0.1:7411"
	}
	client, err := florin.Dial(ctx, server)
	if err != nil {
		return err
	}
	defer client.Close()

	// Money comes from somewhere: cash may go below zero, a wallet may not. Opening an account that is
	// open already is safe.
	cash, wallet := florin.ByName("cash"), florin.ByName("customer:2375/wallet")
	opened, err := client.CreateAccounts(ctx,
		florin.NewAccount{Key: cash, Asset: "EUR", Floor: florin.FloorNone()},
		florin.NewAccount{Key: wallet, Asset: "EUR"},
	)
	if err != nil {
		return err
	}
	for _, account := range opened {
		if err := account.Err(); err != nil {
			return err
		}
	}

	amount, err := florin.ParseMinor("12.50", 2)
	if err != nil {
		return err
	}
	id := florin.NewID() // in a real program: store it with the order before the call
	posted, err := client.Transfer(ctx, florin.NewMove(id, cash, wallet, amount))
	var refusal *florin.Refusal
	switch {
	case errors.As(err, &refusal):
		fmt.Println("refused:", refusal.Reason, refusal.Message)
	case err != nil:
		return err
	default:
		fmt.Println("posted", posted.ID, "as sequence", posted.Sequence)
	}

	accounts, err := client.GetAccounts(ctx, cash, wallet)
	if err != nil {
		return err
	}
	for _, account := range accounts.Found {
		fmt.Println(account.Key(), account.Balance.Format(account.Asset.Scale), account.Asset.Code)
	}
	return nil
}
