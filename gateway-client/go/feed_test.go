package florin

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	pb "florin.dev/gateway-client/go/florinv1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// batchOf has events with these sequences, and a cursor of that name.
func batchOf(cursor string, sequences ...uint64) *pb.EventBatch {
	batch := &pb.EventBatch{Cursor: cursor}
	for _, sequence := range sequences {
		batch.Events = append(batch.Events, &pb.Event{
			Sequence: sequence,
			Kind:     pb.EventKind_EVENT_KIND_CHECKPOINT,
		})
	}
	return batch
}

func TestTheFeedGoesOnByItself(t *testing.T) {
	stopping := said(codes.Unavailable, "SHUTTING_DOWN", 5*time.Millisecond)
	first, second := batchOf("c2", 1, 2), batchOf("c3", 3)
	last := feedStep{batches: []*pb.EventBatch{batchOf("c4", 4)}}
	for _, c := range []struct {
		name  string
		feeds []feedStep
		from  []string
	}{
		{"whole", []feedStep{{batches: []*pb.EventBatch{first, second, batchOf("c4", 4)}}}, []string{"c0"}},
		{"broken", []feedStep{{batches: []*pb.EventBatch{first, second}, loses: true}, last}, []string{"c0", "c3"}},
		{"broken at once", []feedStep{{loses: true}, {batches: []*pb.EventBatch{first, second}}, last}, []string{"c0", "c0", "c3"}},
		{"stopped", []feedStep{{batches: []*pb.EventBatch{first}, err: stopping}, {batches: []*pb.EventBatch{second}, err: stopping}, last}, []string{"c0", "c2", "c3"}},
		{"ended", []feedStep{{batches: []*pb.EventBatch{first, second}}, last}, []string{"c0", "c3"}},
		{"only the cursor moved", []feedStep{{batches: []*pb.EventBatch{first, batchOf("c2b"), second, batchOf("c3b")}, loses: true}, last}, []string{"c0", "c3b"}},
		{"slow", []feedStep{{batches: []*pb.EventBatch{first, second}, err: said(codes.ResourceExhausted, "SUBSCRIBER_SLOW", never)}, last}, []string{"c0", "c3"}},
		{"a proxy that stops", []feedStep{{batches: []*pb.EventBatch{first, second}, err: status.Error(codes.Unavailable, "proxy")}, last}, []string{"c0", "c3"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t)
			client := fake.dial(t)
			fake.feeds = c.feeds
			var sequences []uint64
			for batch, err := range client.Subscribe(t.Context(), Subscription{Cursor: "c0"}) {
				if err != nil {
					t.Fatal(err)
				}
				for _, event := range batch.Events {
					sequences = append(sequences, event.Sequence)
				}
				if batch.Cursor == "c4" {
					break
				}
			}
			if want := []uint64{1, 2, 3, 4}; !reflect.DeepEqual(sequences, want) {
				t.Errorf("events %v", sequences)
			}
			if from := fake.seen().from; !reflect.DeepEqual(from, c.from) {
				t.Errorf("began at %v", from)
			}
		})
	}
}

func TestWhatEndsTheFeed(t *testing.T) {
	for _, c := range []struct {
		reason Reason
		err    error
	}{
		{ReasonLineageChanged, said(codes.FailedPrecondition, "LINEAGE_CHANGED", never)},
		{ReasonCursorInvalid, said(codes.InvalidArgument, "CURSOR_INVALID", never)},
		{ReasonCursorAhead, said(codes.OutOfRange, "CURSOR_AHEAD", never)},
		{ReasonCursorArchived, said(codes.OutOfRange, "CURSOR_ARCHIVED", never)},
		{ReasonFilterInvalid, said(codes.InvalidArgument, "FILTER_INVALID", never)},
		{ReasonUnexpectedStatus, status.Error(codes.Unimplemented, "old")},
	} {
		fake := startFake(t)
		client := fake.dial(t)
		fake.feeds = []feedStep{{batches: []*pb.EventBatch{batchOf("c1", 1)}, err: c.err}}
		var last error
		batches := 0
		for _, err := range client.Subscribe(t.Context(), Subscription{}) {
			if last = err; err == nil {
				batches++
			}
		}
		if ReasonOf(last) != c.reason || batches != 1 || len(fake.seen().from) != 1 {
			t.Errorf("%s: %v after %d batches", c.reason, last, batches)
		}
	}
}

func TestTheContextEndsTheFeed(t *testing.T) {
	fake := startFake(t)
	client := fake.dial(t)
	for _, c := range []struct {
		name string
		when func()
		from Subscription
	}{
		{"while it waits", func() {}, Subscription{FromNow: true}},
		{"while nobody is there", fake.stop, Subscription{Cursor: "c"}},
	} {
		c.when()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		var last error
		for _, err := range client.Subscribe(ctx, c.from) {
			last = err
		}
		cancel()
		if !errors.Is(last, context.DeadlineExceeded) || ReasonOf(last) != ReasonDeadlineExceeded {
			t.Errorf("%s: %v", c.name, last)
		}
	}
	if from := fake.seen().from; from[0] != "end" {
		t.Error(from)
	}
	for _, err := range client.Subscribe(t.Context(), Subscription{FromNow: true, Cursor: "c"}) {
		if ReasonOf(err) != ReasonOptionInvalid {
			t.Error(err)
		}
	}
}

func TestTheFeedTellsOfAServerThatStaysAway(t *testing.T) {
	fake := startFake(t)
	client := fake.dial(t)
	addr := fake.addr()
	fake.stop()
	errs := 0
	for batch, err := range client.Subscribe(t.Context(), Subscription{Cursor: "c0"}) {
		if err == nil {
			if batch.Cursor != "c1" {
				t.Error(batch)
			}
			break
		}
		if !errors.Is(err, ErrUnreachable) || !IsRetryable(err) {
			t.Fatal(err)
		}
		// Who goes on lets it try further.
		if errs++; errs == 2 {
			fake.feeds = []feedStep{{batches: []*pb.EventBatch{batchOf("c1", 1)}}}
			fake.listen(t, addr)
		}
	}
	if errs < 2 {
		t.Errorf("told %d times", errs)
	}
}

func TestFromNowOnIsNotTwoMoments(t *testing.T) {
	fake := startFake(t)
	client := fake.dial(t)
	for _, c := range []struct {
		name  string
		feeds []feedStep
		heard Reason
		from  []string
	}{
		{"before a cursor", []feedStep{{loses: true}}, ReasonConnectionLost, []string{"end"}},
		{"not taken", []feedStep{{err: said(codes.Unavailable, "SHUTTING_DOWN", 0)}, {batches: []*pb.EventBatch{batchOf("c1")}}}, "", []string{"end", "end"}},
		{"after a cursor", []feedStep{{batches: []*pb.EventBatch{batchOf("c0")}, loses: true}, {batches: []*pb.EventBatch{batchOf("c1")}}}, "", []string{"end", "c0"}},
	} {
		fake.mu.Lock()
		fake.feeds, fake.from = c.feeds, nil
		fake.mu.Unlock()
		var last error
		for batch, err := range client.Subscribe(t.Context(), Subscription{FromNow: true}) {
			if last = err; err != nil || batch.Cursor == "c1" {
				break
			}
		}
		if from := fake.seen().from; ReasonOf(last) != c.heard || !reflect.DeepEqual(from, c.from) {
			t.Errorf("%s: %v, began at %v", c.name, last, from)
		}
	}
}

func TestTheFilterOnTheWire(t *testing.T) {
	subscription := Subscription{
		Cursor: "c",
		Filter: &EventFilter{
			Accounts:     []AccountKey{ByName("cash"), {}},
			NamePrefixes: []string{"customer:"},
			Assets:       []string{"EUR"},
			Kinds:        []EventKind{EventHold},
		},
		BatchEvents: 7,
	}
	wire, err := subscription.wire()
	want := &pb.SubscribeRequest{
		From: &pb.SubscribeRequest_Cursor{Cursor: "c"},
		Filter: &pb.EventFilter{
			// A key that means nothing is not left out: the server says what is wrong.
			Accounts:     []*pb.AccountKey{{Key: &pb.AccountKey_Name{Name: "cash"}}, {}},
			NamePrefixes: []string{"customer:"},
			Assets:       []string{"EUR"},
			Kinds:        []pb.EventKind{pb.EventKind_EVENT_KIND_HOLD},
		},
		BatchEvents: 7,
	}
	if err != nil || !proto.Equal(wire, want) {
		t.Error(wire, err)
	}
}
