package florin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// pay makes transfers with the ids 1 to count, each in a goroutine of its own.
func pay(client *Client, count uint64) []error {
	errs := make([]error, count)
	var all sync.WaitGroup
	for i := range count {
		all.Go(func() {
			posted, err := client.Transfer(context.Background(), move(i+1))
			if err == nil && (posted.ID != ID{Lo: i + 1} || posted.Amount != Units(i+1)) {
				err = fmt.Errorf("%d was answered with %v", i+1, posted)
			}
			errs[i] = err
		})
	}
	all.Wait()
	return errs
}

func TestCallsAtTheSameTimeShareOneStreamAndEachGetsItsOwnAnswer(t *testing.T) {
	fake := startFake(t)
	client := fake.dial(t)
	for i, err := range pay(client, 1_000) {
		if err != nil {
			t.Fatal(i, err)
		}
	}
	seen := fake.seen()
	if len(seen.streamed) != 1 || len(seen.streamed[0]) != 1_000 || len(seen.calls) > 0 {
		t.Errorf("%d streams, %d calls", len(seen.streamed), len(seen.calls))
	}
	if seen.balance != 1_000*1_001/2 {
		t.Error("balance", seen.balance)
	}
}

// Whatever a stream does, what was not answered is sent again under the same ids, and moves once.
func TestStreamsThatBreak(t *testing.T) {
	stopping := said(codes.Unavailable, "SHUTTING_DOWN", 5*time.Millisecond)
	for _, c := range []struct {
		name    string
		does    []step
		streams int
	}{
		{"before anything", []step{{loses: true}}, 2},
		{"after some answers", []step{{answers: 10, loses: true}}, 2},
		{"after one that is done but not answered", []step{{answers: 10, applies: true, loses: true}}, 2},
		{"again and again", []step{{answers: 1, loses: true}, {answers: 1, applies: true, loses: true}, {loses: true}}, 4},
		{"by a server that stops", []step{{answers: 10, err: stopping}}, 2},
		{"by a server that stops, with one done", []step{{answers: 10, applies: true, err: stopping}}, 2},
		{"by ending without a status", []step{{answers: 10}}, 2},
		{"by silence", []step{{answers: 10, applies: true, waits: time.Minute}}, 2},
		{"by a status that is not Florin's", []step{{answers: 3, err: status.Error(codes.Internal, "proxy")}}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t)
			client := fake.dial(t)
			fake.mu.Lock()
			fake.streams = c.does
			fake.mu.Unlock()
			for i, err := range pay(client, 100) {
				if err != nil {
					t.Error(i+1, err)
				}
			}
			seen := fake.seen()
			if seen.balance != 100*101/2 {
				t.Error("balance", seen.balance)
			}
			if len(seen.streamed) != c.streams {
				t.Errorf("%d streams", len(seen.streamed))
			}
		})
	}
}

func TestWhatIsSentAgainKeepsItsOrder(t *testing.T) {
	fake := startFake(t)
	client := fake.dial(t)
	fake.streams = []step{{answers: 1, applies: true, waits: 300 * time.Millisecond, loses: true}}
	var all sync.WaitGroup
	for id := range uint64(5) {
		all.Go(func() {
			if _, err := client.Transfer(t.Context(), move(id+1)); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(30 * time.Millisecond) // one after the other
	}
	all.Wait()
	if seen := fake.seen(); !reflect.DeepEqual(seen.streamed, [][]uint64{{1, 2}, {2, 3, 4, 5}}) {
		t.Error(seen.streamed)
	}
}

func TestWhatACallerHearsIfAStreamStaysBroken(t *testing.T) {
	many := func(does step) []step { return []step{does, does, does, does, does} }
	for _, c := range []struct {
		name  string
		does  []step
		heard Reason
		moved bool
	}{
		{"answers are lost", many(step{applies: true, loses: true}), "OUTCOME_UNKNOWN", true},
		{"stopping", many(step{applies: true, err: said(codes.Unavailable, "SHUTTING_DOWN", 0)}), "OUTCOME_UNKNOWN", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			fake := startFake(t)
			client := fake.dial(t)
			fake.streams = c.does
			_, err := client.Transfer(t.Context(), move(7))
			if ReasonOf(err) != c.heard {
				t.Error(err)
			}
			if moved := fake.seen().balance == 7; moved != c.moved {
				t.Error("balance", fake.seen().balance)
			}
			// The client is as good as before, and the first answer is given again if there was one.
			if posted, err := client.Transfer(t.Context(), move(7)); err != nil || posted.Replayed != c.moved {
				t.Error(posted, err)
			}
		})
	}
}

// A stream that fails for good may do so because of one of those on it: each goes on alone.
func TestAfterAFailureThatStaysEachGoesOnAlone(t *testing.T) {
	for _, c := range []struct {
		name    string
		streams []step
		calls   []step
		heard   Reason
		again   int // streams for the transfer after it
	}{
		{"an old server", []step{{err: status.Error(codes.Unimplemented, "old")}}, nil, "", 0},
		{"a fault", []step{{err: said(codes.OutOfRange, "MESSAGE_TOO_LARGE", never)}}, nil, "", 1},
		{"its own fault", []step{{err: said(codes.OutOfRange, "MESSAGE_TOO_LARGE", never)}}, []step{{err: said(codes.OutOfRange, "MESSAGE_TOO_LARGE", never)}}, "MESSAGE_TOO_LARGE", 1},
		{"nonsense", []step{{garbles: true}}, nil, "", 1},
		{"a fault, and then nobody answers", []step{{applies: true, err: said(codes.OutOfRange, "MESSAGE_TOO_LARGE", never)}}, []step{{err: status.Error(codes.PermissionDenied, "proxy")}}, "OUTCOME_UNKNOWN", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			fake := startFake(t)
			client := fake.dial(t)
			fake.streams = c.streams
			fake.does(c.calls...)
			if _, err := client.Transfer(t.Context(), move(7)); ReasonOf(err) != c.heard {
				t.Error(err)
			}
			if seen := fake.seen(); len(seen.calls) != 1 {
				t.Error(seen)
			}
			if _, err := client.Transfer(t.Context(), move(8)); err != nil {
				t.Error(err)
			}
			if streams := len(fake.seen().streamed) - 1; streams != c.again {
				t.Errorf("%d more streams", streams)
			}
		})
	}
}

func TestEachCallerHasADeadlineOfItsOwn(t *testing.T) {
	fake := startFake(t)
	client := fake.dial(t, WithRetry(NoRetry()))
	fake.streams = []step{{applies: true, waits: time.Minute}}

	hurried, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := client.Transfer(hurried, move(1)); !errors.Is(err, ErrOutcomeUnknown) || !errors.Is(err, context.DeadlineExceeded) {
		t.Error("sent, and not answered in time:", err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	if _, err := client.Transfer(canceled, move(2)); !errors.Is(err, ErrOutcomeUnknown) || !errors.Is(err, context.Canceled) {
		t.Error("sent, and canceled:", err)
	}
	if _, err := client.Transfer(canceled, move(3)); !errors.Is(err, ErrCanceled) {
		t.Error("canceled before:", err)
	}
}

func TestWhoWasNeverSentHearsThatNothingHappened(t *testing.T) {
	fake := startFake(t)
	addr := fake.addr()
	fake.stop()
	client, err := Dial(t.Context(), addr, WithRetry(quick), WithLazyConnect())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for i, err := range pay(client, 3) {
		if !errors.Is(err, ErrUnreachable) {
			t.Error(i, err)
		}
	}
	hurried, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := client.Transfer(hurried, move(7)); !IsRetryable(err) || errors.Is(err, ErrOutcomeUnknown) {
		t.Error(err)
	}
}

func TestAServerThatRestarts(t *testing.T) {
	fake := startFake(t)
	addr := fake.addr()
	patient := quick
	patient.Attempts = 1_000
	client := fake.dial(t, WithRetry(patient))
	if errs := pay(client, 10); errors.Join(errs...) != nil {
		t.Fatal(errs)
	}
	fake.stop()
	time.AfterFunc(30*time.Millisecond, func() { fake.listen(t, addr) })
	for i, err := range pay(client, 20) {
		if err != nil {
			t.Error(i, err)
		}
	}
	if balance := fake.seen().balance; balance != 20*21/2 {
		t.Error("balance", balance)
	}
}

func TestALargeTransferGoesAlone(t *testing.T) {
	fake := startFake(t)
	client := fake.dial(t)
	large := move(7)
	large.Metadata = map[string]string{"k": strings.Repeat("v", streamBytesMax)}
	fake.does(step{err: said(codes.OutOfRange, "MESSAGE_TOO_LARGE", never)})
	if _, err := client.Transfer(t.Context(), large); ReasonOf(err) != ReasonMessageTooLarge {
		t.Error(err)
	}
	if posted, err := client.Transfer(t.Context(), large); err != nil || posted.ID != large.ID {
		t.Error(posted, err)
	}
	if seen := fake.seen(); len(seen.streamed) != 0 || len(seen.calls) != 2 {
		t.Error(seen)
	}
}

func TestCloseEndsWhatRuns(t *testing.T) {
	fake := startFake(t)
	client := fake.dial(t, WithRetry(NoRetry()))
	fake.streams = []step{{applies: true, waits: time.Minute}}
	time.AfterFunc(300*time.Millisecond, func() { client.Close() })
	if _, err := client.Transfer(t.Context(), move(1)); !errors.Is(err, ErrOutcomeUnknown) {
		t.Error("was on its way:", err)
	}
	if _, err := client.Transfer(t.Context(), move(2)); !errors.Is(err, ErrClosed) {
		t.Error("came after:", err)
	}
	if _, err := client.CreateTransfers(t.Context(), []Transfer{move(3)}); !errors.Is(err, ErrClosed) {
		t.Error("came after:", err)
	}
}

func TestAnIdleStreamIsNotBroken(t *testing.T) {
	t.Parallel()
	fake := startFake(t)
	hasty := quick
	hasty.AttemptTimeout = time.Second
	client := fake.dial(t, WithRetry(hasty))
	for range 3 {
		if _, err := client.Transfer(t.Context(), move(7)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(hasty.AttemptTimeout + hasty.AttemptTimeout/4)
	}
	if seen := fake.seen(); len(seen.streamed) != 1 {
		t.Error(seen.streamed)
	}
}

func TestWhoeverHasGoneIsNotSent(t *testing.T) {
	fake := startFake(t)
	client := fake.dial(t)
	// The second stream comes after a while, in which the caller of 2 goes.
	fake.streams = []step{{err: said(codes.Unavailable, "SHUTTING_DOWN", time.Second)}}
	var all sync.WaitGroup
	all.Go(func() {
		if _, err := client.Transfer(t.Context(), move(1)); err != nil {
			t.Error(err)
		}
	})
	time.Sleep(200 * time.Millisecond)
	gone, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := client.Transfer(gone, move(2)); !errors.Is(err, ErrDeadlineExceeded) {
		t.Error(err)
	}
	all.Wait()
	if _, err := client.Transfer(t.Context(), move(3)); err != nil {
		t.Error(err)
	}
	if seen := fake.seen(); !reflect.DeepEqual(seen.streamed[len(seen.streamed)-1], []uint64{1, 3}) {
		t.Error(seen.streamed)
	}
}

// What becomes of those on a stream that breaks, and of those who wait for it.
func TestWhoIsSentAgainAndWhoHearsOfIt(t *testing.T) {
	now := time.Now()
	soon, late := now.Add(time.Second), now.Add(time.Minute)
	resumeAt := now.Add(2 * time.Second)
	one := func(id uint64, deadline time.Time) *pending {
		transfer := move(id)
		return &pending{
			wire:     transfer.wire(),
			deadline: deadline,
			answer:   make(chan answer, 1),
			attempts: attempts{kind: idempotent},
		}
	}
	gone := func(p *pending) *pending { p.gone = true; return p }
	tired := func(p *pending) *pending { p.attempts.failed = quick.Attempts - 1; return p }
	doubtful := func(p *pending) *pending { p.attempts.maybeApplied = true; return p }
	unreachable := failure{err: ErrUnreachable, effect: notTaken}
	broken := failure{err: ErrConnectionLost, effect: lost}
	fault := failure{err: &Fault{Reason: "MESSAGE_TOO_LARGE"}}

	for _, c := range []struct {
		name                string
		f                   failure
		opened              bool
		unanswered, waiting []*pending
		again               []uint64
		heard               map[uint64]Reason
	}{
		{"in order", broken, true, []*pending{one(1, late), one(2, late)}, []*pending{one(3, late)}, []uint64{1, 2, 3}, nil},
		{"no time left", broken, true, []*pending{one(1, soon), one(2, late)}, nil, []uint64{2}, map[uint64]Reason{1: "OUTCOME_UNKNOWN"}},
		{"not yet tried", broken, true, nil, []*pending{one(1, soon), tired(one(2, late))}, []uint64{1, 2}, nil},
		{"not opened", unreachable, false, nil, []*pending{one(1, soon), one(2, late)}, []uint64{2}, map[uint64]Reason{1: "UNREACHABLE"}},
		{"not opened, and done before, maybe", unreachable, false, nil, []*pending{doubtful(one(1, soon))}, nil, map[uint64]Reason{1: "OUTCOME_UNKNOWN"}},
		{"often enough", broken, true, []*pending{tired(one(1, late)), one(2, late)}, nil, []uint64{2}, map[uint64]Reason{1: "OUTCOME_UNKNOWN"}},
		{"gone", broken, true, []*pending{gone(one(1, late)), one(2, late)}, []*pending{gone(one(3, late))}, []uint64{2}, nil},
		{"alone from now on", fault, true, []*pending{one(1, late), gone(one(2, late))}, []*pending{one(3, late)}, []uint64{3}, map[uint64]Reason{1: "alone"}},
	} {
		s := newStreamer(&Client{retry: quick})
		s.unanswered, s.waiting = slices.Clone(c.unanswered), slices.Clone(c.waiting)
		somebody := s.takeBack(c.f, c.opened, resumeAt)
		var again []uint64
		for p := s.next(); p != nil; p = s.next() {
			again = append(again, p.wire.GetId().GetLo())
		}
		if !slices.Equal(again, c.again) || somebody != (len(c.again) > 0) {
			t.Errorf("%s: %v again, %v", c.name, again, somebody)
		}
		heard := map[uint64]Reason{}
		for _, p := range append(c.unanswered, c.waiting...) {
			select {
			case answer := <-p.answer:
				heard[p.wire.GetId().GetLo()] = ReasonOf(answer.err)
				if answer.alone {
					heard[p.wire.GetId().GetLo()] = "alone"
				}
			default:
			}
		}
		if !maps.Equal(heard, c.heard) {
			t.Errorf("%s: heard %v", c.name, heard)
		}
	}

	s := newStreamer(&Client{retry: quick})
	s.waiting = []*pending{gone(one(1, late)), one(2, late)}
	if p := s.next(); p.wire.GetId().GetLo() != 2 || !p.sent || s.next() != nil || len(s.unanswered) != 1 {
		t.Error("who has gone is not sent", s.unanswered)
	}
}
