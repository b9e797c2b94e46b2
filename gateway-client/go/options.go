package florin

import (
	"time"

	"google.golang.org/grpc"
)

const (
	// membersMax is the most members of a batch.
	membersMax = 8_190
	// answerBytes is enough for the largest answer that the contract allows: 8,190 objects with all
	// their metadata.
	answerBytes = 64 << 20
)

// Retry says when and how often a call is tried again, always under the same ids and within its
// deadline.
type Retry struct {
	// Attempts at most, the first included. 1 means no retries.
	Attempts int
	// AttemptTimeout: an attempt without an answer for this long is given up, and made again.
	AttemptTimeout time.Duration
	// BaseBackoff is the wait before the second attempt; doubled before each further one. Each wait is
	// shortened at random by up to a half, so that callers do not come back all at once.
	BaseBackoff time.Duration
	// MaxBackoff is the longest wait.
	MaxBackoff time.Duration
}

// DefaultRetry is 20 attempts, which is more than fit into the default deadline, of 3 s each, with
// waits from 25 ms to 1 s.
func DefaultRetry() Retry {
	return Retry{
		Attempts:       20,
		AttemptTimeout: 3 * time.Second,
		BaseBackoff:    25 * time.Millisecond,
		MaxBackoff:     time.Second,
	}
}

// NoRetry is one attempt, which may take the whole deadline.
func NoRetry() Retry {
	retry := DefaultRetry()
	retry.Attempts = 1
	retry.AttemptTimeout = 24 * time.Hour
	return retry
}

func (r Retry) check() error {
	switch {
	case r.Attempts < 1:
		return invalidOption("Retry.Attempts is at least 1")
	case r.AttemptTimeout <= 0:
		return invalidOption("Retry.AttemptTimeout is longer than zero")
	case r.BaseBackoff < 0 || r.BaseBackoff > r.MaxBackoff:
		return invalidOption("Retry.BaseBackoff is 0 to Retry.MaxBackoff")
	default:
		return nil
	}
}

func invalidOption(what string) error { return &Error{Reason: ReasonOptionInvalid, Message: what} }

type options struct {
	deadline time.Duration
	retry    Retry
	lazy     bool
	grpc     []grpc.DialOption
}

// Option changes how a client is made: see [Dial].
type Option func(*options)

// WithDeadline is how long a call may take, all its attempts included, whose context has no deadline.
// Default 10 s.
func WithDeadline(deadline time.Duration) Option {
	return func(o *options) { o.deadline = deadline }
}

// WithRetry says when and how often a call is tried again. Default [DefaultRetry].
func WithRetry(retry Retry) Option {
	return func(o *options) { o.retry = retry }
}

// WithLazyConnect connects at the first call, whose retries then cover a server that is still
// starting.
func WithLazyConnect() Option {
	return func(o *options) { o.lazy = true }
}

// WithGRPC adds options of gRPC, which come after those of this client: transport credentials for a
// proxy that speaks TLS, interceptors, another dialer.
func WithGRPC(dial ...grpc.DialOption) Option {
	return func(o *options) { o.grpc = append(o.grpc, dial...) }
}
