package main

import (
	"testing"

	florin "florin.dev/gateway-client/go"
	"florin.dev/gateway-client/go/internal/testserver"
)

func TestFirstPayment(t *testing.T) {
	server := testserver.Start(t)
	t.Setenv("FLORIN_SERVER", server.Addr())
	for range 2 { // a second time it pays again
		if err := run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	client, err := florin.Dial(t.Context(), server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	found, err := client.GetAccounts(t.Context(), florin.ByName("customer:2375/wallet"))
	if err != nil || found.Found[0].Balance.Format(2) != "25.00" {
		t.Fatal(found, err)
	}
}
