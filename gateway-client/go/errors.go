package florin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	pb "florin.dev/gateway-client/go/florinv1"
	"google.golang.org/grpc/codes"
)

// Refusal is the answer no: the request was understood and decided, and nothing was done. It says
// which account, which rule, how much was missing and what would have passed. Calls that give one
// answer return it as their error:
//
//	var refusal *florin.Refusal
//	if errors.As(err, &refusal) && refusal.Reason == florin.ReasonInsufficientFunds { … }
//
// Calls that give many answers have it in each of them, and their error is nil.
type Refusal struct {
	// ID is of the transfer, group or payment that was refused; zero for accounts and assets.
	ID ID
	// Reason is why: decide on it.
	Reason Reason
	// Message is one sentence for people. Not stable.
	Message string
	// Account is the id of the account on which it failed; zero if it was no account's matter.
	Account ID
	// Asked is what was asked for; nil if no amount was the matter.
	Asked *Minor
	// Missing is how much was missing.
	Missing *Minor
	// WouldPass is the largest amount that would have passed this rule. For GROUP_TOO_LARGE it is a
	// number of bytes.
	WouldPass *Minor
	// Field is the request's field that is malformed or differs, by its name in the contract.
	Field string
	// Member is the index of the member that decided, in a group's refusal.
	Member int
	// Replayed: the id was known: this is the first answer, given again.
	Replayed bool
	// Sequence of the refusal; 0 if it was not journaled, and then the id is not used up.
	Sequence uint64
	// Time is when it was decided; zero if it was not journaled.
	Time time.Time
	// Payment is the payment as it is now, where a capture, cancellation or refund was refused.
	Payment *Payment
}

// Error is the sentence for people, with the reason.
func (r *Refusal) Error() string { return fmt.Sprintf("refused: %s (%s)", r.Message, r.Reason) }

func refusalFromWire(wire *pb.Refusal) *Refusal {
	return &Refusal{
		Reason:    reasonFromWire(wire.GetReason()),
		Message:   wire.GetMessage(),
		Account:   idFromWire(wire.GetAccountId()),
		Asked:     optionalMinorFromWire(wire.GetAsked()),
		Missing:   optionalMinorFromWire(wire.GetMissing()),
		WouldPass: optionalMinorFromWire(wire.GetWouldPass()),
		Field:     wire.GetField(),
		Member:    int(wire.GetMember()),
	}
}

// reasonFromWire is empty for REASON_UNSPECIFIED.
func reasonFromWire(wire pb.Refusal_Reason) Reason {
	if wire == pb.Refusal_REASON_UNSPECIFIED {
		return ""
	}
	return Reason(wire.String())
}

// Fault is a fault of the call as the server reports it: nothing was applied.
type Fault struct {
	// Reason is a name of the contract's reasons.
	Reason Reason
	// Message is one sentence for people. Not stable.
	Message string
	// Code is the gRPC code.
	Code codes.Code
	// Metadata has details, such as the limit that was passed.
	Metadata map[string]string
	// RetryAfter is set if the same call may pass later: how long the server asks to wait before that.
	RetryAfter *time.Duration
}

// Error is the sentence for people, with the reason.
func (f *Fault) Error() string {
	details := ""
	for _, key := range slices.Sorted(maps.Keys(f.Metadata)) {
		details += fmt.Sprintf(", %s %s", key, f.Metadata[key])
	}
	return fmt.Sprintf("%s (%s%s)", f.Message, f.Reason, details)
}

// Error is a call without an answer for a reason that this client found out. Compare it with
// [errors.Is] to ErrOutcomeUnknown and its like.
type Error struct {
	// Reason is OUTCOME_UNKNOWN, UNREACHABLE, …: see the README.
	Reason Reason
	// Message says what was seen of it.
	Message string
	// Cause is what it came from: the last attempt's error, or the context's.
	Cause error
	// Code is the gRPC code of an UNEXPECTED_STATUS.
	Code codes.Code
}

// One for each reason that this client finds out, for [errors.Is].
var (
	// ErrOutcomeUnknown: the call may or may not have been applied. Make the same call again, with the
	// same ids: it is never applied twice, and you get the first answer.
	ErrOutcomeUnknown = &Error{Reason: ReasonOutcomeUnknown}
	// ErrUnreachable: there was no connection to be had: nothing was sent.
	ErrUnreachable = &Error{Reason: ReasonUnreachable}
	// ErrConnectionLost: the connection broke during a call that changes nothing.
	ErrConnectionLost = &Error{Reason: ReasonConnectionLost}
	// ErrDeadlineExceeded: the deadline passed, and nothing was applied.
	ErrDeadlineExceeded = &Error{Reason: ReasonDeadlineExceeded}
	// ErrCanceled: the caller's context was canceled, and nothing was applied.
	ErrCanceled = &Error{Reason: ReasonCanceled}
	// ErrUnexpectedStatus: a gRPC status that does not come from Florin.
	ErrUnexpectedStatus = &Error{Reason: ReasonUnexpectedStatus}
	// ErrAnswerMalformed: the answer is not what the contract promises.
	ErrAnswerMalformed = &Error{Reason: ReasonAnswerMalformed}
	// ErrRequestInvalid: the request cannot be written: nothing was sent.
	ErrRequestInvalid = &Error{Reason: ReasonRequestInvalid}
	// ErrClosed: the client was closed: nothing was sent.
	ErrClosed = &Error{Reason: ReasonClientClosed}
)

// Error is a sentence for people.
func (e *Error) Error() string {
	parts := []string{whatItMeans(e.Reason)}
	if e.Reason == ReasonUnexpectedStatus {
		parts = append(parts, e.Code.String())
	}
	if e.Message != "" {
		parts = append(parts, e.Message)
	}
	if e.Cause != nil {
		parts = append(parts, e.Cause.Error())
	}
	return strings.Join(parts, ": ") + fmt.Sprintf(" (%s)", e.Reason)
}

func whatItMeans(reason Reason) string {
	switch reason {
	case ReasonEndpointInvalid:
		return "not an address of a server"
	case ReasonOptionInvalid:
		return "an option is out of range"
	case ReasonRequestInvalid:
		return "the request cannot be written"
	case ReasonUnreachable:
		return "the server cannot be reached"
	case ReasonConnectionLost:
		return "the connection was lost"
	case ReasonDeadlineExceeded:
		return "no answer in time"
	case ReasonCanceled:
		return "canceled"
	case ReasonOutcomeUnknown:
		return "the outcome is unknown; make the same call again with the same ids, nothing is applied twice"
	case ReasonUnexpectedStatus:
		return "the call failed with a status that is not Florin's"
	case ReasonAnswerMalformed:
		return "the answer is malformed"
	case ReasonClientClosed:
		return "the client is closed"
	default:
		return "the call failed"
	}
}

// Unwrap is the cause. Of an unknown outcome it is only the context's error: whatever else its last
// attempt ended with says that nothing was applied, and that is not known here. See Cause.
func (e *Error) Unwrap() error {
	if e.Reason != ReasonOutcomeUnknown {
		return e.Cause
	}
	for _, ended := range []error{context.DeadlineExceeded, context.Canceled} {
		if errors.Is(e.Cause, ended) {
			return ended
		}
	}
	return nil
}

// Is tells whether target is the same reason.
func (e *Error) Is(target error) bool {
	other, is := target.(*Error)
	return is && other.Reason == e.Reason
}

// ReasonOf is the stable reason of any error of this package; empty for other errors.
func ReasonOf(err error) Reason {
	if own := (*Error)(nil); errors.As(err, &own) {
		return own.Reason
	}
	if refusal := (*Refusal)(nil); errors.As(err, &refusal) {
		return refusal.Reason
	}
	if fault := (*Fault)(nil); errors.As(err, &fault) {
		return fault.Reason
	}
	if amount := (*AmountError)(nil); errors.As(err, &amount) {
		return amount.Reason
	}
	return ""
}

// IsRetryable tells whether the same call, with the same ids, may have an answer when made again.
func IsRetryable(err error) bool {
	if own := (*Error)(nil); errors.As(err, &own) {
		switch own.Reason {
		case ReasonUnreachable, ReasonConnectionLost, ReasonDeadlineExceeded, ReasonCanceled, ReasonOutcomeUnknown:
			return true
		case ReasonUnexpectedStatus:
			return own.Code == codes.Unavailable || own.Code == codes.Canceled
		default:
			return false
		}
	}
	fault := (*Fault)(nil)
	return errors.As(err, &fault) && fault.isRetryable()
}

func (f *Fault) isRetryable() bool { return f.RetryAfter != nil || f.Code == codes.Unavailable }

func malformed(what string) error { return &Error{Reason: ReasonAnswerMalformed, Message: what} }
