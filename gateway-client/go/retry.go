package florin

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

// The domain of every google.rpc.ErrorInfo that Florin sends.
const errorDomain = "florin.dev"

// effect is what a failed attempt has done on the server.
type effect int

const (
	// final: nothing, and the answer will stay the same.
	final effect = iota
	// notTaken: nothing: it was not taken, and may be later.
	notTaken
	// lost: nobody knows: the answer was lost, if there was one.
	lost
)

// failure is a failed attempt.
type failure struct {
	err        error
	effect     effect
	retryAfter time.Duration
}

// callKind is what a call does when it is made twice.
type callKind int

const (
	// reads: it changes nothing.
	reads callKind = iota
	// idempotent: it has ids: the second time is answered as the first.
	idempotent
	// once: it has no id, so another's change in between would be overwritten: a lost answer ends it.
	once
)

// attempts are those of one call.
type attempts struct {
	kind         callKind
	failed       int
	maybeApplied bool
}

// after takes note of a failure. It gives how long to wait before the next attempt, and false to give
// up.
func (a *attempts) after(f failure, retry Retry) (time.Duration, bool) {
	a.failed++
	a.maybeApplied = a.maybeApplied || f.effect == lost
	again := f.effect == notTaken || f.effect == lost && a.kind != once
	if !again || a.failed >= retry.Attempts {
		return 0, false
	}
	return f.retryAfter + waitAfter(retry, a.failed, rand.Float64()), true
}

// verdict is what to tell the caller when no attempt follows. Without an error, it has none.
func (a *attempts) verdict(err error) error {
	if err == nil || errors.Is(err, ErrOutcomeUnknown) {
		return err
	}
	// A fault of the call is found before anything is applied, so it would have been found in the lost
	// attempt too.
	fault, isFault := err.(*Fault)
	isFault = isFault && !fault.isRetryable()
	if a.kind != reads && a.maybeApplied && !isFault {
		return &Error{Reason: ReasonOutcomeUnknown, Cause: err}
	}
	return err
}

// waitAfter is the wait after so many failed attempts: doubled each time, then shortened by up to a
// half, by random from 0 to 1.
func waitAfter(retry Retry, failed int, random float64) time.Duration {
	whole := retry.BaseBackoff << min(max(failed-1, 0), 31)
	if whole > retry.MaxBackoff || whole>>min(max(failed-1, 0), 31) != retry.BaseBackoff {
		whole = retry.MaxBackoff
	}
	return whole - time.Duration(random*float64(whole/2))
}

// call makes a call, again and again while that may help, until the deadline.
func call[Request, Response any](
	ctx context.Context,
	c *Client,
	kind callKind,
	request Request,
	send func(context.Context, Request, ...grpc.CallOption) (Response, error),
) (Response, error) {
	var none Response
	ctx, cancel := c.withDeadline(ctx)
	defer cancel()
	deadline, _ := ctx.Deadline()
	attempts := attempts{kind: kind}
	for {
		if c.streamer.ctx.Err() != nil {
			return none, attempts.verdict(ErrClosed)
		}
		response, f := attempt(ctx, c.retry.AttemptTimeout, request, send)
		if f == nil {
			return response, nil
		}
		wait, again := attempts.after(*f, c.retry)
		if !again || ctx.Err() != nil || time.Until(deadline) <= wait {
			return none, attempts.verdict(f.err)
		}
		if err := sleep(ctx, wait); err != nil {
			return none, attempts.verdict(err)
		}
	}
}

// attempt is one of them, which the server is told the end of.
func attempt[Request, Response any](
	ctx context.Context,
	timeout time.Duration,
	request Request,
	send func(context.Context, Request, ...grpc.CallOption) (Response, error),
) (Response, *failure) {
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	within, way := withWay(within)
	response, err := send(within, request)
	if err == nil {
		return response, nil
	}
	f := failureOf(ctx, within, way, err)
	return response, &f
}

func (c *Client) withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, has := ctx.Deadline(); has {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, c.deadline)
}

// sleep waits, and gives the error of a context that ended meanwhile.
func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return contextError(ctx.Err())
	}
}

func contextError(err error) error {
	reason := ReasonCanceled
	if errors.Is(err, context.DeadlineExceeded) {
		reason = ReasonDeadlineExceeded
	}
	return &Error{Reason: reason, Cause: err}
}

// failureOf says what it means that an attempt ended with err: within is the attempt's own context, ctx
// the caller's.
func failureOf(ctx, within context.Context, way *way, err error) failure {
	said, isStatus := status.FromError(err)
	if isStatus {
		if fault := faultOf(said); fault != nil {
			f := failure{err: fault}
			if fault.isRetryable() {
				f.effect = notTaken
				if fault.RetryAfter != nil {
					f.retryAfter = *fault.RetryAfter
				}
			}
			return f
		}
	}
	whatIfSent := func() effect {
		if way.left.Load() {
			return lost
		}
		return notTaken
	}
	switch {
	case ctx.Err() != nil:
		return failure{err: contextError(ctx.Err()), effect: whatIfSent()}
	case within.Err() != nil || isTimeUp(within, said.Code()):
		return failure{err: contextError(context.DeadlineExceeded), effect: whatIfSent()}
	case way.answered.Load():
		f := failure{err: &Error{Reason: ReasonUnexpectedStatus, Message: said.Message(), Code: said.Code()}}
		switch said.Code() {
		case codes.Unavailable, codes.Canceled, codes.DeadlineExceeded, codes.Unknown, codes.Internal,
			codes.Aborted, codes.DataLoss:
			f.effect = lost
		}
		return f
	case !way.left.Load() && said.Code() == codes.Internal:
		return failure{err: &Error{Reason: ReasonRequestInvalid, Message: said.Message()}}
	case !way.left.Load():
		return failure{err: &Error{Reason: ReasonUnreachable, Message: said.Message()}, effect: notTaken}
	default:
		return failure{err: &Error{Reason: ReasonConnectionLost, Message: said.Message()}, effect: lost}
	}
}

// isTimeUp: the server keeps the time of an attempt too, and may be the first to notice that it is up.
func isTimeUp(within context.Context, code codes.Code) bool {
	deadline, has := within.Deadline()
	return has && time.Until(deadline) < 10*time.Millisecond &&
		(code == codes.Canceled || code == codes.DeadlineExceeded)
}

// faultOf reads a status that Florin made.
func faultOf(said *status.Status) *Fault {
	var fault *Fault
	var retryAfter *time.Duration
	for _, detail := range said.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			if detail.GetDomain() == errorDomain && detail.GetReason() != "" {
				fault = &Fault{
					Reason:   Reason(detail.GetReason()),
					Message:  said.Message(),
					Code:     said.Code(),
					Metadata: detail.GetMetadata(),
				}
			}
		case *errdetails.RetryInfo:
			wait := detail.GetRetryDelay().AsDuration()
			retryAfter = &wait
		}
	}
	if fault != nil {
		fault.RetryAfter = retryAfter
	}
	return fault
}

// way is how far one attempt came. The transport reports it, since a status alone does not tell a
// connection that could not be made from one that broke.
type way struct {
	// left: a message was handed to a connection.
	left atomic.Bool
	// answered: the status came from the other side.
	answered atomic.Bool
}

type wayKey struct{}

func withWay(ctx context.Context) (context.Context, *way) {
	way := new(way)
	return context.WithValue(ctx, wayKey{}, way), way
}

// wayHandler notes how far attempts came.
type wayHandler struct{}

func (wayHandler) HandleRPC(ctx context.Context, event stats.RPCStats) {
	way, has := ctx.Value(wayKey{}).(*way)
	if !has {
		return
	}
	switch event.(type) {
	case *stats.OutPayload:
		way.left.Store(true)
	case *stats.InTrailer:
		way.answered.Store(true)
	}
}

func (wayHandler) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (wayHandler) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (wayHandler) HandleConn(context.Context, stats.ConnStats)                       {}
