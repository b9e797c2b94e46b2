use florin_engine::Body;

use super::*;
use crate::partition::Next;

fn frame(sequences: std::ops::RangeInclusive<Sequence>) -> Vec<Entry<()>> {
    let event = |sequence| Event {
        sequence,
        timestamp_ns: sequence,
        body: Body::DigestTaken { digest: [0; 32], with_ids: false },
    };
    let events: Arc<Vec<Event>> = Arc::new(sequences.map(event).collect());
    let range = 0..events.len();
    vec![Entry { events, range, weight_bytes: 0, next: Next::Nothing }]
}

fn publish(feed: &Feed, sequences: std::ops::RangeInclusive<Sequence>) {
    let (first_sequence, last_sequence) = (*sequences.start(), *sequences.end());
    let appended = Appended { first_sequence, last_sequence, frame_bytes: 4_096 };
    feed.publish(appended, &frame(sequences), &[]);
}

#[test]
fn frames_are_kept_and_told_only_while_somebody_is_live() {
    let feed = Feed::new(Directory::new(), 3);
    let mut seat = feed.seat(1).expect("a place");
    publish(&feed, 4..=5);
    assert_eq!((feed.published(), feed.recent(4).is_some()), (5, false), "nobody is live");

    let mut tip = feed.tip();
    assert!(seat.go_live() && !seat.go_live());
    assert!(!tip.has_changed().expect("the feed is there"), "nothing has come since");
    publish(&feed, 6..=8);
    assert_eq!(tip.borrow_and_update().published, 8);
    publish(&feed, 9..=9);
    assert!(tip.has_changed().expect("the feed is there"));
    assert_eq!(feed.published(), 9);
    for (sequence, there) in [(5, false), (6, true), (8, true), (9, true), (10, false)] {
        assert_eq!(feed.recent(sequence).is_some(), there, "{sequence}");
    }
    drop(seat);
    assert!(feed.recent(9).is_none(), "nobody is left");
    publish(&feed, 10..=10);
    assert!(feed.recent(10).is_none());
}

#[test]
fn seats_are_counted() {
    let feed = Feed::new(Directory::new(), 0);
    let mut seats: Vec<Seat> = (0..3).filter_map(|_| feed.seat(2)).collect();
    assert_eq!((seats.len(), feed.subscribers()), (2, 2));
    seats[0].go_live();
    seats[0].go_live();
    seats.pop();
    assert_eq!(feed.subscribers(), 1);
    assert!(feed.seat(2).is_some(), "and given back at once");
    publish(&feed, 1..=1);
    assert!(feed.recent(1).is_some(), "the other one is still live");
    drop(seats);
    assert_eq!((feed.subscribers(), feed.live.load(Ordering::Relaxed)), (0, 0));
}

#[test]
fn the_end_is_told_to_all() {
    let feed = Feed::new(Directory::new(), 7);
    let tip = feed.tip();
    for end in [End::Fenced, End::AtTheLast, End::Now] {
        feed.close(end);
        assert!(tip.has_changed().expect("the feed is there"));
        assert_eq!(*tip.borrow(), Tip { published: 7, end });
    }
}

/// Whoever becomes live while frames are published misses none: it sees it at once, or is woken.
#[test]
fn becoming_live_and_publishing_at_the_same_moment() {
    for _ in 0..300 {
        let feed = Feed::new(Directory::new(), 0);
        let mut seat = feed.seat(1).expect("a place");
        let publisher = Arc::clone(&feed);
        let publishing = std::thread::spawn(move || {
            for sequence in 1..=20 {
                publish(&publisher, sequence..=sequence);
            }
        });
        let mut tip = feed.tip();
        seat.go_live();
        let seen = feed.published();
        publishing.join().expect("published");
        let told = tip.borrow_and_update().published;
        assert!(seen == 20 || told == 20, "saw {seen}, was told {told}");
    }
}
