package florin

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	pb "florin.dev/gateway-client/go/florinv1"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
)

// streamBytesMax is the largest transfer that travels on the shared stream. A larger one breaks some
// limit for certain (metadata alone may have 4 KiB): it goes alone, where it is refused alone.
const streamBytesMax = 16 << 10

// pending is a transfer on its way, and the way back to its caller. Everything but wire and answer is
// guarded by the streamer's lock.
type pending struct {
	wire     *pb.NewTransfer
	deadline time.Time
	// Takes one answer, and never blocks who gives it.
	answer chan answer
	// gone: the caller does not wait any more.
	gone bool
	// sent: it is on the stream that is open now.
	sent     bool
	attempts attempts
}

type answer struct {
	result *pb.TransferResult
	err    error
	// alone: the stream failed for good, maybe because of this one: it has to go on alone.
	alone bool
}

// streamer makes many calls travel on one stream. There is no timer: a transfer leaves at once, and
// those that come together leave together. A stream is opened when it is needed.
type streamer struct {
	client *Client

	ctx   context.Context
	close context.CancelFunc
	start sync.Once
	ended chan struct{}

	// noStreams: the server is an old one.
	noStreams atomic.Bool

	mu sync.Mutex
	// waiting were not sent on the stream that is open now.
	waiting []*pending
	// unanswered were, in this order, which is that of the answers.
	unanswered []*pending
	// progress is when the last answer came, or when there was last nothing to wait for.
	progress time.Time
	// wake has a token when waiting may have something in it.
	wake chan struct{}
}

func newStreamer(client *Client) *streamer {
	ctx, cancel := context.WithCancel(context.Background())
	return &streamer{
		client: client,
		ctx:    ctx,
		close:  cancel,
		ended:  make(chan struct{}),
		wake:   make(chan struct{}, 1),
	}
}

// submit hands in a transfer and waits for its answer. The context has a deadline.
func (s *streamer) submit(ctx context.Context, wire *pb.NewTransfer) (*pb.TransferResult, error) {
	if err := ctx.Err(); err != nil {
		return nil, contextError(err)
	}
	if err := checkText(wire); err != nil {
		return nil, err
	}
	if s.noStreams.Load() || proto.Size(wire) > streamBytesMax {
		return s.alone(ctx, wire)
	}
	deadline, _ := ctx.Deadline()
	p := &pending{
		wire:     wire,
		deadline: deadline,
		answer:   make(chan answer, 1),
		attempts: attempts{kind: idempotent},
	}
	if !s.enqueue(p) {
		return nil, ErrClosed
	}
	select {
	case answer := <-p.answer:
		if answer.alone {
			result, err := s.alone(ctx, wire)
			return result, p.attempts.verdict(err)
		}
		return answer.result, answer.err
	case <-ctx.Done():
		return s.leave(p, contextError(ctx.Err()))
	case <-s.ended:
		return s.leave(p, ErrClosed)
	}
}

// alone sends one transfer as a batch.
func (s *streamer) alone(ctx context.Context, wire *pb.NewTransfer) (*pb.TransferResult, error) {
	request := &pb.CreateTransfersRequest{
		Mode:      pb.TransferMode_TRANSFER_MODE_INDEPENDENT,
		Transfers: []*pb.NewTransfer{wire},
	}
	response, err := call(ctx, s.client, idempotent, request, s.client.ledger.CreateTransfers)
	if err != nil {
		return nil, err
	}
	if err := checkBelongs(request.Transfers, response.Results); err != nil {
		return nil, err
	}
	return response.Results[0], nil
}

func (s *streamer) enqueue(p *pending) bool {
	if s.ctx.Err() != nil {
		return false
	}
	s.start.Do(func() { go s.run() })
	s.mu.Lock()
	if len(s.unanswered)+len(s.waiting) == 0 {
		s.progress = time.Now()
	}
	s.waiting = append(s.waiting, p)
	s.mu.Unlock()
	s.signal()
	return true
}

func (s *streamer) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// leave is for a caller that waits no more, unless the answer has come meanwhile.
func (s *streamer) leave(p *pending, why error) (*pb.TransferResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case answer := <-p.answer:
		if !answer.alone {
			return answer.result, answer.err
		}
	default:
	}
	p.gone = true
	p.attempts.maybeApplied = p.attempts.maybeApplied || p.sent
	return nil, p.attempts.verdict(why)
}

// run opens stream after stream while there is something to send.
func (s *streamer) run() {
	defer close(s.ended)
	failed := 0
	for {
		select {
		case <-s.wake:
		case <-s.ctx.Done():
			return
		}
		if !s.hasWaiting() {
			continue
		}
		served := s.serve()
		if s.ctx.Err() != nil {
			return
		}
		if served.answered {
			failed = 0
		}
		failed++
		wait := served.retryAfter + waitAfter(s.client.retry, failed, rand.Float64())
		if s.takeBack(served.failure, served.opened, time.Now().Add(wait)) {
			if sleep(s.ctx, wait) != nil {
				return
			}
			s.signal()
		}
	}
}

func (s *streamer) hasWaiting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = stillThere(s.waiting)
	return len(s.waiting) > 0
}

func stillThere(from []*pending) []*pending {
	there := from[:0]
	for _, p := range from {
		if !p.gone {
			there = append(there, p)
		}
	}
	clear(from[len(there):])
	return there
}

// served is how far a stream came.
type served struct {
	failure
	// opened: there was a stream, so that what still waits has not been tried.
	opened bool
	// answered: it has answered something.
	answered bool
}

// serve opens a stream, and sends and receives on it until it breaks.
func (s *streamer) serve() served {
	ctx, cancel := context.WithCancelCause(s.ctx)
	defer cancel(nil)
	ctx, way := withWay(ctx)
	s.mu.Lock()
	s.progress = time.Now()
	s.mu.Unlock()
	ended := make(chan struct{})
	defer close(ended)
	go s.watch(ended, cancel)

	var served served
	stream, err := s.client.ledger.StreamTransfers(ctx)
	if err == nil {
		served.opened = true
		received := make(chan error, 1)
		go func() {
			err := s.receive(stream, &served.answered)
			received <- err
			cancel(nil)
		}()
		s.send(ctx, stream)
		err = <-received
	}
	served.failure = s.failureOf(err, context.Cause(ctx), way)
	return served
}

// receive gives answers to their callers until the stream breaks.
func (s *streamer) receive(stream pb.LedgerService_StreamTransfersClient, answered *bool) error {
	for {
		result, err := stream.Recv()
		if err != nil {
			return err
		}
		if err := s.give(result); err != nil {
			return err
		}
		*answered = true
	}
}

// failureOf says what the end of a stream means for what was sent on it.
func (s *streamer) failureOf(err, cause error, way *way) failure {
	var f failure
	switch own := (*Error)(nil); {
	case errors.As(err, &own): // an answer that is malformed
		return failure{err: err}
	case errors.Is(cause, errSilent):
		f = failure{err: contextError(context.DeadlineExceeded), effect: notTaken}
	case errors.Is(err, io.EOF):
		f = failure{err: &Error{Reason: ReasonConnectionLost, Message: "the stream ended"}, effect: notTaken}
	default:
		f = failureOf(s.ctx, s.ctx, way, err)
	}
	// Whatever the status says: of what was sent on a stream, some may have been done.
	if way.left.Load() && f.effect == notTaken {
		f.effect = lost
	}
	return f
}

// send sends what is waiting, and what comes, until the stream is broken. The error of a broken stream
// is what receiving gives.
func (s *streamer) send(ctx context.Context, stream pb.LedgerService_StreamTransfersClient) {
	for {
		for p := s.next(); p != nil; p = s.next() {
			if stream.Send(p.wire) != nil {
				return
			}
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return
		}
	}
}

// next is who is sent now; nil if nobody waits.
func (s *streamer) next() *pending {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.waiting) > 0 {
		p := s.waiting[0]
		s.waiting[0] = nil
		s.waiting = s.waiting[1:]
		if p.gone {
			continue // nobody waits for it, and it was not sent
		}
		p.sent = true
		s.unanswered = append(s.unanswered, p)
		return p
	}
	return nil
}

// give gives an answer to the caller whose turn it is.
func (s *streamer) give(result *pb.TransferResult) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.unanswered) == 0 {
		return malformed("an answer that nobody asked for")
	}
	p := s.unanswered[0]
	if idFromWire(result.GetId()) != idFromWire(p.wire.GetId()) {
		return malformed("a result for another transfer")
	}
	s.unanswered[0] = nil
	s.unanswered = s.unanswered[1:]
	s.progress = time.Now()
	p.answer <- answer{result: result}
	return nil
}

// takeBack takes what was not answered off a broken stream, in order, for a new one that is opened at
// resumeAt. Who cannot wait for that, or has waited often enough, hears it now. After a failure that
// stays as it is, each goes on alone, since one of them may be the cause. It tells whether anybody is
// left.
func (s *streamer) takeBack(f failure, opened bool, resumeAt time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	tried := s.unanswered
	if !opened {
		tried, s.waiting = append(tried, s.waiting...), nil
	}
	isOld := isUnimplemented(f.err)
	if isOld {
		s.noStreams.Store(true)
		tried, s.waiting = append(tried, s.waiting...), nil
	}
	var again []*pending
	for _, p := range tried {
		if p.gone {
			continue
		}
		if f.effect == final {
			p.attempts.maybeApplied = p.attempts.maybeApplied || p.sent && !isOld
			p.answer <- answer{alone: true}
			continue
		}
		p.sent = false
		if _, more := p.attempts.after(f, s.client.retry); !more || !p.deadline.After(resumeAt) {
			p.answer <- answer{err: p.attempts.verdict(f.err)}
			continue
		}
		again = append(again, p)
	}
	s.unanswered = nil
	s.waiting = stillThere(append(again, s.waiting...))
	return len(s.waiting) > 0
}

// isUnimplemented: an old server has no such call, and has done nothing.
func isUnimplemented(err error) bool {
	own := (*Error)(nil)
	return errors.As(err, &own) && own.Reason == ReasonUnexpectedStatus && own.Code == codes.Unimplemented
}

// watch gives a stream up on which somebody waits and nothing comes for as long as an attempt may take.
func (s *streamer) watch(ended <-chan struct{}, giveUp context.CancelCauseFunc) {
	ticker := time.NewTicker(max(s.client.retry.AttemptTimeout/4, time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case <-ended:
			return
		case now := <-ticker.C:
			s.mu.Lock()
			silent := len(s.unanswered)+len(s.waiting) > 0 && now.Sub(s.progress) >= s.client.retry.AttemptTimeout
			s.mu.Unlock()
			if silent {
				giveUp(errSilent)
				return
			}
		}
	}
}

var errSilent = errors.New("no answer for as long as an attempt may take")

// checkText finds what cannot be written, which on the shared stream would be everybody's failure.
func checkText(wire *pb.NewTransfer) error {
	texts := []string{wire.GetDebitAccount().GetName(), wire.GetCreditAccount().GetName(), wire.GetAsset()}
	for key, value := range wire.GetMetadata() {
		texts = append(texts, key, value)
	}
	for _, text := range texts {
		if !utf8.ValidString(text) {
			return &Error{Reason: ReasonRequestInvalid, Message: "a text is not UTF-8"}
		}
	}
	return nil
}
