package florin

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	pb "florin.dev/gateway-client/go/florinv1"
)

// silenceMax is how long the feed may be silent. A server says something at least every 5 seconds.
const silenceMax = 20 * time.Second

// Subscription says from where the feed is read, and what of it.
type Subscription struct {
	// Cursor: right after this one. Empty: from the first event.
	Cursor string
	// FromNow: only what happens after this call. Not together with Cursor.
	FromNow bool
	// Filter leaves out all but some events. Nil: everything.
	Filter *EventFilter
	// BatchEvents is the most events in a batch, 1 to 8,190; 0 means the server's default, 1,024.
	BatchEvents int
}

// EventFilter says which events. Each field that is set narrows it down further; within a field, one
// match is enough. Each list has at most 1,000 entries.
type EventFilter struct {
	// Accounts: those that change one of these.
	Accounts []AccountKey
	// NamePrefixes: those that change an account whose name begins with one of these.
	NamePrefixes []string
	// Assets: those of these assets, by code.
	Assets []string
	// Kinds: those of these kinds.
	Kinds []EventKind
}

func (s *Subscription) wire() (*pb.SubscribeRequest, error) {
	wire := &pb.SubscribeRequest{BatchEvents: pageSize(s.BatchEvents)}
	switch {
	case s.Cursor != "" && s.FromNow:
		return nil, invalidOption("Subscription has either Cursor or FromNow")
	case s.Cursor != "":
		wire.From = &pb.SubscribeRequest_Cursor{Cursor: s.Cursor}
	case s.FromNow:
		wire.From = &pb.SubscribeRequest_End{End: true}
	default:
		wire.From = &pb.SubscribeRequest_Beginning{Beginning: true}
	}
	if s.Filter != nil {
		wire.Filter = &pb.EventFilter{
			Accounts:     keysToWire(s.Filter.Accounts),
			NamePrefixes: s.Filter.NamePrefixes,
			Assets:       s.Filter.Assets,
			Kinds:        s.Filter.Kinds,
		}
	}
	return wire, nil
}

// Subscribe gives every durable event, in order, each exactly once, from a cursor on: first what is in
// the journal already, then each as soon as it is on disk.
//
//	for batch, err := range client.Subscribe(ctx, florin.Subscription{Cursor: saved}) {
//		if err != nil {
//			return err
//		}
//		for _, event := range batch.Events {
//			…
//		}
//		save(batch.Cursor) // together with what was made of the events
//	}
//
// It goes on by itself after a broken connection, a restart of the server, or SUBSCRIBER_SLOW: right
// after the last batch that it gave, so that nothing is lost or seen twice. If that fails as often as
// [Retry] has attempts, it gives the error; who goes on with the loop lets it try further. It ends when
// ctx does, with the error of ctx, or with a [*Fault] that stays as it is: LINEAGE_CHANGED,
// CURSOR_INVALID, CURSOR_AHEAD, CURSOR_ARCHIVED, FILTER_INVALID. It has no deadline but that of ctx.
func (c *Client) Subscribe(ctx context.Context, subscription Subscription) iter.Seq2[EventBatch, error] {
	return func(yield func(EventBatch, error) bool) {
		request, err := subscription.wire()
		if err != nil {
			yield(EventBatch{}, err)
			return
		}
		attempts := attempts{kind: reads}
		for {
			f, stopped := c.follow(ctx, request, func(batch EventBatch) bool {
				attempts.failed = 0
				request.From = &pb.SubscribeRequest_Cursor{Cursor: batch.Cursor}
				return yield(batch, nil)
			})
			switch {
			case stopped:
				return
			case ctx.Err() != nil:
				yield(EventBatch{}, contextError(ctx.Err()))
				return
			// Where "from now on" was is not known: to go on from a later now would leave a gap.
			case f.effect == final, request.GetEnd() && f.effect == lost:
				yield(EventBatch{}, f.err)
				return
			}
			wait, again := attempts.after(f, c.retry)
			if !again {
				if !yield(EventBatch{}, f.err) {
					return
				}
				attempts.failed = 0
			}
			if err := sleep(ctx, wait); err != nil {
				yield(EventBatch{}, err)
				return
			}
		}
	}
}

// follow reads one stream until it breaks, or until give tells to stop.
func (c *Client) follow(
	ctx context.Context, request *pb.SubscribeRequest, give func(EventBatch) bool,
) (f failure, stopped bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ctx, way := withWay(ctx)
	// Runs while the server is waited for, not while the batch is worked on.
	silence := time.AfterFunc(silenceMax, cancel)
	defer silence.Stop()
	stream, err := c.events.Subscribe(ctx, request)
	for err == nil {
		silence.Reset(silenceMax)
		var wire *pb.EventBatch
		if wire, err = stream.Recv(); err != nil {
			break
		}
		silence.Stop()
		batch, malformed := batchFromWire(wire)
		if malformed != nil {
			return failure{err: malformed}, false
		}
		if !give(batch) {
			return failure{}, true
		}
	}
	if errors.Is(err, io.EOF) {
		return failure{err: &Error{Reason: ReasonConnectionLost, Message: "the feed ended"}, effect: lost}, false
	}
	if ctx.Err() != nil {
		return failure{err: &Error{Reason: ReasonConnectionLost, Message: "the feed was silent for too long"}, effect: lost}, false
	}
	f = failureOf(ctx, ctx, way, err)
	if ReasonOf(f.err) == ReasonSubscriberSlow {
		f.effect = notTaken
	}
	return f, false
}
