// Package florin is the Go client of Florin, a payment engine: typed calls, deadlines, retries under
// the same id, single payments that travel on one stream, and a feed that goes on by itself.
//
//	client, err := florin.Dial(ctx, "127.0.0.1:7411")
//	…
//	id := florin.NewID() // store it with the order, before the call
//	payment := florin.NewMove(id, florin.ByName("cash"), florin.ByName("customer:2375/wallet"), florin.Units(1250))
//	posted, err := client.Transfer(ctx, payment)
//
// # Errors
//
// An error is one of three types. [*Refusal] is an answer: no. [*Fault] is what the server says of a
// call that it cannot take; nothing was applied. [*Error] is what this client found out; among them
// only [ErrOutcomeUnknown] (and an answer that is malformed) leaves open whether something was applied,
// and the same call with the same ids finds out. [ReasonOf] gives the stable reason of any of them.
//
// # Deadlines
//
// A call ends with its context, or 10 s after it began if that has no deadline (see [WithDeadline]).
// Within that time, what may help is tried again: see [Retry].
//
// The generated types of the contract are in the package florinv1.
package florin
