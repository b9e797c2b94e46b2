package florin

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const never = -1 // no RetryInfo

func TestWaitsDoubleUpToTheLongestAndAreShortenedByUpToAHalf(t *testing.T) {
	retry := Retry{BaseBackoff: 10 * time.Millisecond, MaxBackoff: 35 * time.Millisecond}
	for _, c := range []struct {
		failed int
		random float64
		wait   time.Duration
	}{
		{1, 0, 10 * time.Millisecond},
		{2, 0, 20 * time.Millisecond},
		{3, 0, 35 * time.Millisecond},
		{1_000, 0, 35 * time.Millisecond},
		{1, 0.5, 7_500 * time.Microsecond},
		{2, 0.5, 15 * time.Millisecond},
		{3, 0.25, 30_625 * time.Microsecond},
	} {
		if got := waitAfter(retry, c.failed, c.random); got != c.wait {
			t.Errorf("%d %v: %v, want %v", c.failed, c.random, got, c.wait)
		}
	}
	hours := Retry{BaseBackoff: 2_000 * time.Hour, MaxBackoff: 3_000 * time.Hour}
	if got := waitAfter(hours, 40, 0); got != 3_000*time.Hour {
		t.Error("beyond what a duration holds:", got)
	}
}

func TestWhatAStatusMeans(t *testing.T) {
	const left, answered = 1, 2
	for _, c := range []struct {
		name   string
		err    error
		came   int
		reason Reason
		effect effect
		after  time.Duration
	}{
		{"overloaded", said(codes.ResourceExhausted, "OVERLOADED", 50), answered, "OVERLOADED", notTaken, 50},
		{"stopping", said(codes.Unavailable, "SHUTTING_DOWN", never), answered, "SHUTTING_DOWN", notTaken, 0},
		{"full", said(codes.Unavailable, "DISK_FULL", 0), answered, "DISK_FULL", notTaken, 0},
		{"empty", said(codes.InvalidArgument, "BATCH_EMPTY", never), answered, "BATCH_EMPTY", final, 0},
		{"not empty", said(codes.FailedPrecondition, "ACCOUNT_NOT_EMPTY", never), answered, "ACCOUNT_NOT_EMPTY", final, 0},
		{"newer than this client", said(codes.Aborted, "SOMETHING_NEW", never), answered, "SOMETHING_NEW", final, 0},
		{"no connection", status.Error(codes.Unavailable, "refused"), 0, "UNREACHABLE", notTaken, 0},
		{"broken", status.Error(codes.Unavailable, "EOF"), left, "CONNECTION_LOST", lost, 0},
		{"not UTF-8", status.Error(codes.Internal, "marshaling"), 0, "REQUEST_INVALID", final, 0},
		{"proxy", status.Error(codes.Unavailable, "proxy"), answered, "UNEXPECTED_STATUS", lost, 0},
		{"canceled elsewhere", status.Error(codes.Canceled, ""), answered, "UNEXPECTED_STATUS", lost, 0},
		{"old server", status.Error(codes.Unimplemented, ""), answered, "UNEXPECTED_STATUS", final, 0},
		{"foreign", foreign(), answered, "UNEXPECTED_STATUS", final, 0},
	} {
		way := new(way)
		way.left.Store(c.came >= left)
		way.answered.Store(c.came >= answered)
		f := failureOf(t.Context(), t.Context(), way, c.err)
		if ReasonOf(f.err) != c.reason || f.effect != c.effect || f.retryAfter != c.after {
			t.Errorf("%s: %v %v %v", c.name, f.err, f.effect, f.retryAfter)
		}
		if f.err.Error() == "" {
			t.Errorf("%s says nothing", c.name)
		}
	}
}

func foreign() error {
	made := said(codes.InvalidArgument, "QUOTA", never)
	proto := status.Convert(made).Proto()
	proto.Details[0].Value = append([]byte(nil), proto.Details[0].Value...)
	// The domain is not Florin's.
	for i := range proto.Details[0].Value {
		if proto.Details[0].Value[i] == '.' {
			proto.Details[0].Value[i] = '-'
		}
	}
	return status.ErrorProto(proto)
}

func TestWhetherAnotherAttemptFollowsAndWhatTheCallerHearsIfNot(t *testing.T) {
	fromServer := func(err error) failure {
		way := new(way)
		way.left.Store(true)
		way.answered.Store(true)
		return failureOf(t.Context(), t.Context(), way, err)
	}
	stopping := fromServer(said(codes.Unavailable, "SHUTTING_DOWN", never))
	invalid := fromServer(said(codes.InvalidArgument, "MODE_UNKNOWN", never))
	gone := fromServer(status.Error(codes.Unavailable, "proxy"))
	denied := fromServer(status.Error(codes.PermissionDenied, "proxy"))
	retry := Retry{Attempts: 4, AttemptTimeout: time.Second, MaxBackoff: time.Second}

	for _, c := range []struct {
		name     string
		kind     callKind
		failures []failure
		again    bool
		reason   Reason
	}{
		{"read, lost", reads, []failure{gone}, true, "UNEXPECTED_STATUS"},
		{"write, lost", idempotent, []failure{gone}, true, "OUTCOME_UNKNOWN"},
		{"update, lost", once, []failure{gone}, false, "OUTCOME_UNKNOWN"},
		{"read, stopping", reads, []failure{stopping}, true, "SHUTTING_DOWN"},
		{"write, stopping", idempotent, []failure{stopping}, true, "SHUTTING_DOWN"},
		{"update, stopping", once, []failure{stopping}, true, "SHUTTING_DOWN"},
		{"write, invalid", idempotent, []failure{invalid}, false, "MODE_UNKNOWN"},
		{"write, denied", idempotent, []failure{denied}, false, "UNEXPECTED_STATUS"},
		{"write, lost, stopping", idempotent, []failure{gone, stopping}, true, "OUTCOME_UNKNOWN"},
		{"write, lost, invalid", idempotent, []failure{gone, invalid}, false, "MODE_UNKNOWN"},
		{"write, lost, denied", idempotent, []failure{gone, denied}, false, "OUTCOME_UNKNOWN"},
		{"read, lost, denied", reads, []failure{gone, denied}, false, "UNEXPECTED_STATUS"},
		{"write, stopping for long", idempotent, []failure{stopping, stopping, stopping, stopping}, false, "SHUTTING_DOWN"},
	} {
		attempts := attempts{kind: c.kind}
		var again bool
		var last failure
		for _, last = range c.failures {
			_, again = attempts.after(last, retry)
		}
		if verdict := attempts.verdict(last.err); again != c.again || ReasonOf(verdict) != c.reason {
			t.Errorf("%s: %v %v", c.name, again, verdict)
		}
	}
}

func TestTheWaitThatTheServerAsksForIsKept(t *testing.T) {
	asked := failure{effect: notTaken, retryAfter: 300 * time.Millisecond}
	attempts := attempts{kind: idempotent}
	wait, again := attempts.after(asked, quick)
	if !again || wait < asked.retryAfter || wait > asked.retryAfter+quick.BaseBackoff {
		t.Error(wait, again)
	}
}

func TestFailuresOfTheServerAndWhatTheCallerHears(t *testing.T) {
	overloaded := step{err: said(codes.ResourceExhausted, "OVERLOADED", 10*time.Millisecond)}
	stopping := step{err: said(codes.Unavailable, "SHUTTING_DOWN", never)}
	loses := step{applies: true, loses: true}
	for _, c := range []struct {
		name  string
		steps []step
		calls int
		moved bool
		heard Reason
	}{
		{"answers", nil, 1, true, "POSTED"},
		{"stops and comes back", []step{stopping, stopping}, 3, true, "POSTED"},
		{"is overloaded for a while", []step{overloaded}, 2, true, "POSTED"},
		{"answers too late", []step{{applies: true, waits: time.Minute}}, 2, true, "REPLAYED"},
		{"loses its answer", []step{loses}, 2, true, "REPLAYED"},
		{"loses every answer", []step{loses, loses, loses, loses, loses}, 5, true, "OUTCOME_UNKNOWN"},
		{"loses its answer, then stops", []step{loses, stopping, stopping, stopping, stopping}, 5, true, "OUTCOME_UNKNOWN"},
		{"stays overloaded", []step{overloaded, overloaded, overloaded, overloaded, overloaded}, 5, false, "OVERLOADED"},
		{"cannot take it", []step{{err: said(codes.InvalidArgument, "BATCH_TOO_LARGE", never)}}, 1, false, "BATCH_TOO_LARGE"},
		{"is not a Florin", []step{{err: status.Error(codes.Unimplemented, "what?")}}, 1, false, "UNEXPECTED_STATUS"},
		{"answers nonsense", []step{{garbles: true}}, 1, false, "ANSWER_MALFORMED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t)
			client := fake.dial(t)
			fake.does(c.steps...)
			outcomes, err := client.CreateTransfers(t.Context(), []Transfer{move(7)})
			heard := ReasonOf(err)
			if err == nil {
				heard = "POSTED"
				if outcomes[0].Posted.Replayed {
					heard = "REPLAYED"
				}
			}
			if heard != c.heard {
				t.Errorf("heard %v %v", outcomes, err)
			}
			seen := fake.seen()
			if len(seen.calls) != c.calls {
				t.Errorf("%d calls", len(seen.calls))
			}
			if moved := seen.balance == 7; moved != c.moved {
				t.Errorf("balance %d", seen.balance)
			}
		})
	}
}

func TestAnUpdateWhoseAnswerIsLostIsNotMadeAgain(t *testing.T) {
	fake := startFake(t)
	client := fake.dial(t)
	for _, c := range []struct {
		does  step
		calls int
		heard Reason
	}{
		{step{loses: true}, 1, "OUTCOME_UNKNOWN"},
		{step{err: said(codes.ResourceExhausted, "OVERLOADED", 0)}, 2, ""},
		{step{err: said(codes.FailedPrecondition, "ACCOUNT_NOT_EMPTY", never)}, 1, "ACCOUNT_NOT_EMPTY"},
	} {
		fake.does(c.does)
		_, err := client.UpdateAccount(t.Context(), AccountUpdate{Account: ByName("a"), Close: true})
		if calls := len(fake.seen().calls); ReasonOf(err) != c.heard || calls != c.calls {
			t.Errorf("%v: %v after %d calls", c.does, err, calls)
		}
	}
}

func TestTheDeadlineEndsACall(t *testing.T) {
	slow := step{waits: time.Minute}
	for _, c := range []struct {
		name  string
		retry Retry
		does  step
		heard Reason
	}{
		{"one attempt", NoRetry(), slow, "OUTCOME_UNKNOWN"},
		{"many attempts", quick, slow, "OUTCOME_UNKNOWN"},
		{"a long wait", quick, step{err: said(codes.ResourceExhausted, "OVERLOADED", time.Minute)}, "OVERLOADED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fake := startFake(t)
			client := fake.dial(t, WithRetry(c.retry), WithDeadline(500*time.Millisecond))
			fake.does(c.does, c.does, c.does)
			began := time.Now()
			_, err := client.CreateTransfers(t.Context(), []Transfer{move(7)})
			if took := time.Since(began); took > 5*time.Second || ReasonOf(err) != c.heard || !IsRetryable(err) {
				t.Errorf("%v after %v", err, took)
			}
		})
	}
}

func TestTheContextOfTheCallerEndsACall(t *testing.T) {
	fake := startFake(t)
	client := fake.dial(t)
	slow := step{waits: time.Minute}

	fake.does(slow)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	_, err := client.CreateTransfers(ctx, []Transfer{move(7)})
	if !errors.Is(err, ErrOutcomeUnknown) || !errors.Is(err, context.Canceled) || errors.Is(err, ErrCanceled) {
		t.Error("a write that was canceled:", err)
	}

	fake.does(slow)
	ctx, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err = client.GetTransfers(ctx, ID{Lo: 7})
	if !errors.Is(err, ErrDeadlineExceeded) || !errors.Is(err, context.DeadlineExceeded) {
		t.Error("a read without time:", err)
	}

	fake.does()
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	_, err = client.CreateTransfers(ctx, []Transfer{move(7)})
	if !errors.Is(err, ErrCanceled) || !errors.Is(err, context.Canceled) || len(fake.seen().calls) > 0 {
		t.Error("canceled before it began:", err)
	}
}

func TestAServerThatIsNotThereYet(t *testing.T) {
	fake := startFake(t)
	addr := fake.addr()
	fake.stop()
	if _, err := Dial(t.Context(), addr, WithRetry(quick)); !errors.Is(err, ErrUnreachable) {
		t.Fatal("dialed nobody:", err)
	}
	patient := quick
	patient.Attempts = 100
	client, err := Dial(t.Context(), addr, WithRetry(patient), WithLazyConnect())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	time.AfterFunc(100*time.Millisecond, func() { fake.listen(t, addr) })
	if outcomes, err := client.CreateTransfers(t.Context(), []Transfer{move(7)}); err != nil || outcomes[0].Posted.Replayed {
		t.Error(outcomes, err)
	}
}

func TestWhatCannotBeWrittenIsNotSent(t *testing.T) {
	fake := startFake(t)
	client := fake.dial(t)
	broken := move(7)
	broken.Metadata = map[string]string{"k": "\xff"}
	if _, err := client.CreateTransfers(t.Context(), []Transfer{broken}); !errors.Is(err, ErrRequestInvalid) {
		t.Error(err)
	}
	if _, err := client.Transfer(t.Context(), broken); !errors.Is(err, ErrRequestInvalid) {
		t.Error(err)
	}
	if seen := fake.seen(); len(seen.calls) > 0 || len(seen.streamed) > 0 {
		t.Error("sent", seen)
	}
}

func TestAFaultHasItsDetails(t *testing.T) {
	fake := startFake(t)
	client := fake.dial(t)
	fake.does(step{err: said(codes.InvalidArgument, "BATCH_TOO_LARGE", never)})
	_, err := client.CreateTransfers(t.Context(), []Transfer{move(7)})
	want := &Fault{
		Reason:   ReasonBatchTooLarge,
		Message:  "said the server",
		Code:     codes.InvalidArgument,
		Metadata: map[string]string{"limit": "7"},
	}
	fault := (*Fault)(nil)
	if !errors.As(err, &fault) || !reflect.DeepEqual(fault, want) {
		t.Fatalf("%#v", err)
	}
	if got := fault.Error(); got != "said the server (BATCH_TOO_LARGE, limit 7)" {
		t.Error(got)
	}
}

func TestAddressesAndOptionsAreCheckedBeforeAnythingIsSent(t *testing.T) {
	retry := DefaultRetry()
	for _, c := range []struct {
		addr   string
		option Option
		reason Reason
	}{
		{"127.0.0.1:7411", nil, ""},
		{"http://127.0.0.1:7411", nil, ""},
		{"http://127.0.0.1:7411/", nil, ""},
		{"ledger.example:7411", nil, ""},
		{"[::1]:7411", nil, ""},
		{"https://127.0.0.1:7411", nil, "ENDPOINT_INVALID"},
		{"unix:///socket", nil, "ENDPOINT_INVALID"},
		{"", nil, "ENDPOINT_INVALID"},
		{"127.0.0.1", nil, "ENDPOINT_INVALID"},
		{":7411", nil, "ENDPOINT_INVALID"},
		{"two words:7411", nil, "ENDPOINT_INVALID"},
		{"127.0.0.1:0", nil, "ENDPOINT_INVALID"},
		{"127.0.0.1:70000", nil, "ENDPOINT_INVALID"},
		{"127.0.0.1:7411", WithDeadline(0), "OPTION_INVALID"},
		{"127.0.0.1:7411", WithRetry(NoRetry()), ""},
		{"127.0.0.1:7411", WithRetry(Retry{AttemptTimeout: 1}), "OPTION_INVALID"},
		{"127.0.0.1:7411", WithRetry(Retry{Attempts: 1}), "OPTION_INVALID"},
		{"127.0.0.1:7411", WithRetry(Retry{Attempts: 1, AttemptTimeout: 1, BaseBackoff: 2, MaxBackoff: 1}), "OPTION_INVALID"},
		{"127.0.0.1:7411", WithRetry(retry), ""},
	} {
		opts := []Option{WithLazyConnect()}
		if c.option != nil {
			opts = append(opts, c.option)
		}
		client, err := Dial(t.Context(), c.addr, opts...)
		if ReasonOf(err) != c.reason {
			t.Errorf("%q: %v", c.addr, err)
		}
		if client != nil {
			client.Close()
		}
	}
}

// move moves as many units as its id.
func move(id uint64) Transfer {
	return NewMove(ID{Lo: id}, ByName("a"), ByName("b"), Units(id))
}
