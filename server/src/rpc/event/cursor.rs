//! Places in the feed, as callers keep them.

use florin_engine::Sequence;
use florin_proto::v1::refusal::Reason;
use tonic::Status;

use crate::rpc::{fault, token};

/// The only partition there is.
const PARTITION: u32 = 0;

/// Right after an event of one history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    /// Which history.
    pub(super) lineage: [u8; 16],
    /// The last event that was looked at; 0 = none.
    pub(super) position: Sequence,
    /// When that event was decided, ns since 1970; 0 = not known. A server that was promoted without some of the last events
    /// of the one before it has others under their numbers, and by this it is found out.
    pub(super) decided_at_ns: u64,
}

/// Lineage, partition, position; and when it was decided, where that is known.
const SHORT_BYTES: usize = 16 + 4 + 8;
const LONG_BYTES: usize = SHORT_BYTES + 8;

impl Cursor {
    pub(super) fn encode(self) -> String {
        let mut body = [0; LONG_BYTES];
        body[..16].copy_from_slice(&self.lineage);
        body[16..20].copy_from_slice(&PARTITION.to_le_bytes());
        body[20..SHORT_BYTES].copy_from_slice(&self.position.to_le_bytes());
        body[SHORT_BYTES..].copy_from_slice(&self.decided_at_ns.to_le_bytes());
        let len = if self.decided_at_ns == 0 { SHORT_BYTES } else { LONG_BYTES };
        token::seal(token::Kind::Cursor, &[], &body[..len])
    }

    /// # Errors
    /// `CURSOR_INVALID`.
    pub(super) fn decode(text: &str) -> Result<Self, Status> {
        let body = token::open(token::Kind::Cursor, &[], text);
        let cursor = body.and_then(|body| {
            let (lineage, rest) = body.split_first_chunk::<16>()?;
            let (partition, rest) = rest.split_first_chunk::<4>()?;
            let (position, rest) = rest.split_first_chunk::<8>()?;
            let position = u64::from_le_bytes(*position);
            let decided_at_ns = match rest {
                [] => 0, // of an earlier release
                rest => u64::from_le_bytes(rest.try_into().ok()?),
            };
            let here = u32::from_le_bytes(*partition) == PARTITION;
            here.then_some(Self { lineage: *lineage, position, decided_at_ns })
        });
        cursor.ok_or_else(|| {
            let message = "this is no cursor: pass it on as it came, or begin without one";
            fault::status(Reason::CursorInvalid, message, [])
        })
    }

    /// Whether the feed can go on from here, where it has the events from `first` through `last`.
    ///
    /// # Errors
    /// `LINEAGE_CHANGED`, `CURSOR_AHEAD` or `CURSOR_ARCHIVED`.
    pub(super) fn check(
        self,
        lineage: [u8; 16],
        first: Sequence,
        last: Sequence,
    ) -> Result<(), Status> {
        let Self { position, .. } = self;
        if self.lineage != lineage {
            let message = "the cursor is of another history: read again from the beginning";
            return Err(fault::status(Reason::LineageChanged, message, []));
        }
        if position > last {
            let message =
                format!("the cursor stands at {position}, the last durable event is {last}");
            return Err(fault::status(Reason::CursorAhead, message, []));
        }
        if position + 1 < first {
            return Err(self.archived(first, ""));
        }
        Ok(())
    }

    /// Whether the last event that was looked at is the one that is here; `decided_at_ns` is when that was decided.
    ///
    /// # Errors
    /// `LINEAGE_CHANGED`.
    pub(super) fn check_event(self, decided_at_ns: u64) -> Result<(), Status> {
        if self.decided_at_ns == 0 || self.decided_at_ns == decided_at_ns {
            return Ok(());
        }
        let message = format!(
            "event {} is another one here than the one that the cursor stands behind: this server was promoted without the last events of the one before it. Look for what you were told by that one and is not here, and read again from before it",
            self.position
        );
        Err(fault::status(Reason::LineageChanged, message, []))
    }

    /// What is after it was archived and cannot be had; `first` is the first event that can.
    pub(super) fn archived(self, first: Sequence, why: &str) -> Status {
        let Self { lineage, position, .. } = self;
        let message =
            format!("event {} was archived: {first} is the first here{why}", position + 1);
        let first_cursor = Self { lineage, position: first - 1, decided_at_ns: 0 }.encode();
        fault::status(Reason::CursorArchived, message, [("first_cursor", first_cursor)])
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;
    use tonic_types::StatusExt as _;

    use super::*;

    const HERE: [u8; 16] = [7; 16];

    fn at(position: Sequence) -> Cursor {
        Cursor { lineage: HERE, position, decided_at_ns: 0 }
    }

    #[test]
    fn round_trip_and_nothing_else() {
        for position in [0, 1, 1 << 40, u64::MAX] {
            let text = at(position).encode();
            assert_eq!(Cursor::decode(&text).expect("ours"), at(position));
            for text in [&text[1..], &text[..text.len() - 2], &format!("{text}0")] {
                assert!(Cursor::decode(text).is_err(), "{text}");
            }
            let dated = Cursor { decided_at_ns: 1_700_000_000_000_000_000, ..at(position) };
            let text = dated.encode();
            assert_eq!(Cursor::decode(&text).expect("ours"), dated);
            for text in [&text[1..], &text[..text.len() - 2], &format!("{text}0")] {
                assert!(Cursor::decode(text).is_err(), "{text}");
            }
            assert!(dated.check_event(dated.decided_at_ns).is_ok());
            let status = dated.check_event(dated.decided_at_ns + 1).expect_err("another event");
            let info = status.get_details_error_info().expect("a reason");
            assert_eq!(info.reason, "LINEAGE_CHANGED");
            assert!(at(position).check_event(7).is_ok(), "it says nothing of that");
        }
        let mut other = [0; 28];
        other[16] = 1;
        let of_another_partition = token::seal(token::Kind::Cursor, &[], &other);
        let page = token::seal(token::Kind::Payments, &[], &[0; 28]);
        let short = token::seal(token::Kind::Cursor, &[], &[0; 27]);
        for text in ["", "7", "0105", &of_another_partition, &page, &short] {
            let status = Cursor::decode(text).expect_err(text);
            let info = status.get_details_error_info().expect("a reason");
            assert_eq!(
                (info.reason.as_str(), status.code()),
                ("CURSOR_INVALID", Code::InvalidArgument)
            );
        }
    }

    #[test]
    fn where_it_can_go_on() {
        let elsewhere = Cursor { lineage: [8; 16], position: 50, decided_at_ns: 0 };
        for (cursor, expected) in [
            (at(99), Ok(())),
            (at(100), Ok(())),
            (at(200), Ok(())),
            (at(201), Err(("CURSOR_AHEAD", Code::OutOfRange))),
            (at(u64::MAX), Err(("CURSOR_AHEAD", Code::OutOfRange))),
            (at(98), Err(("CURSOR_ARCHIVED", Code::OutOfRange))),
            (at(0), Err(("CURSOR_ARCHIVED", Code::OutOfRange))),
            (elsewhere, Err(("LINEAGE_CHANGED", Code::FailedPrecondition))),
        ] {
            let checked = cursor.check(HERE, 100, 200).map_err(|status| {
                let info = status.get_details_error_info().expect("a reason");
                if info.reason == "CURSOR_ARCHIVED" {
                    let first = Cursor::decode(&info.metadata["first_cursor"]).expect("a cursor");
                    assert_eq!(first, at(99), "with which it can go on");
                }
                (info.reason, status.code())
            });
            let expected = expected.map_err(|(reason, code)| (reason.to_owned(), code));
            assert_eq!(checked, expected, "{cursor:?}");
        }
        assert!(at(0).check(HERE, 1, 0).is_ok(), "an empty ledger");
    }
}
