package florin

import (
	"os"
	"strings"
	"testing"

	pb "florin.dev/gateway-client/go/florinv1"
)

// Every reason of the contract has a constant here.
func TestReasonsAreThoseOfTheContract(t *testing.T) {
	source, err := os.ReadFile("reason.go")
	if err != nil {
		t.Fatal(err)
	}
	for number, name := range pb.Refusal_Reason_name {
		if number != 0 && !strings.Contains(string(source), ` Reason = "`+name+`"`) {
			t.Errorf("reason %s (%d) has no constant", name, number)
		}
	}
	for wire, reason := range map[pb.Refusal_Reason]Reason{
		pb.Refusal_REASON_UNSPECIFIED: "",
		pb.Refusal_INSUFFICIENT_FUNDS: ReasonInsufficientFunds,
		pb.Refusal_ID_ZERO:            ReasonIDZero,
		9_999:                         "9999", // newer than this client
	} {
		if got := reasonFromWire(wire); got != reason {
			t.Errorf("%v: %q, want %q", wire, got, reason)
		}
	}
}
