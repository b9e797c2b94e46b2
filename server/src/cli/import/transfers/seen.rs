//! What stood in the rows before: it gives a row its id, and finds what stands in a file twice.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use florin_client::TransferId;
use florin_proto::{BATCH_MEMBERS_MAX, MESSAGE_BYTES_MAX};

use super::rows::TransferRow;
use crate::cli::import::FILLED_BYTES_MAX;
use crate::cli::import::file::Cells;
use crate::cli::import::ids::{self, Content};

/// By what the rows of a file are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// A column of ids.
    Id(usize),
    /// A column of keys within the import.
    Column(usize),
    /// What they say.
    Content,
}

/// What the id of a row follows from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identity<'a> {
    pub key: Key,
    /// Name of the import; empty if it has none.
    pub import: &'a str,
    pub content: Content,
    /// The id that an earlier refusal used up, and the column in which it stands.
    pub refused: Option<u128>,
    pub refused_place: Option<usize>,
    /// It is in a group.
    pub is_member: bool,
}

/// What stood in the rows before: 21 bytes a row, and 16 a group.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The line of an id or key, or how often a content came.
    rows: HashMap<[u8; 16], u32>,
    groups: HashSet<[u8; 16]>,
    group: Option<OpenGroup>,
}

/// The group that the last row belongs to.
#[derive(Debug)]
struct OpenGroup {
    label: String,
    refused: Option<u128>,
    members: usize,
    bytes: usize,
}

impl Seen {
    /// Groups until now.
    pub fn groups(&self) -> u64 {
        self.groups.len() as u64
    }

    /// The id of a row. `None` if it has none of its own: that is noted.
    pub fn id(&mut self, cells: &mut Cells<'_>, row: Identity<'_>) -> Option<TransferId> {
        let Identity { key, import, content, refused, refused_place, is_member } = row;
        // Members of a group that is tried again have ids of that group, or still their own.
        let has_own = matches!(key, Key::Id(_)) && is_member;
        if let Some(refused) = refused.filter(|_| !has_own) {
            let id = TransferId(ids::after_refusal(refused));
            if !is_member {
                self.note(cells, id.0.to_le_bytes(), refused_place, "REFUSED_ID_TWICE_IN_FILE")?;
            }
            return Some(id);
        }
        match key {
            Key::Id(place) => {
                let text = cells.text(Some(place));
                if text.is_empty() {
                    cells.fail(Some(place), "ID_MISSING", "no id");
                    return None;
                }
                let id = ids::of_text(import, text);
                if id.0 == 0 {
                    cells.fail(Some(place), "ID_ZERO", "zero is no id");
                    return None;
                }
                self.note(cells, id.0.to_le_bytes(), Some(place), "ID_TWICE_IN_FILE")?;
                Some(id)
            }
            _ if import.is_empty() => {
                let message = "neither an id nor the id of a refusal: give the import a name with --import-name";
                cells.fail(None, "ID_MISSING", message);
                None
            }
            Key::Column(place) => {
                let text = cells.text(Some(place));
                if text.is_empty() {
                    cells.fail(Some(place), "KEY_MISSING", "no key");
                    return None;
                }
                let id = ids::of_key(import, text);
                self.note(cells, id.0.to_le_bytes(), Some(place), "KEY_TWICE_IN_FILE")?;
                Some(id)
            }
            Key::Content => {
                let before = self.rows.entry(content.0).or_insert(0);
                let id = ids::of_row(import, content, *before);
                *before = before.saturating_add(1);
                Some(id)
            }
        }
    }

    /// Takes note of what may stand in the file once.
    fn note(
        &mut self,
        cells: &mut Cells<'_>,
        bytes: [u8; 16],
        place: Option<usize>,
        reason: &'static str,
    ) -> Option<()> {
        let line = u32::try_from(cells.line()).unwrap_or(u32::MAX);
        match self.rows.entry(bytes) {
            Entry::Occupied(first) => {
                let message = format!("the same as on line {}", first.get());
                cells.fail(place, reason, message);
                None
            }
            Entry::Vacant(free) => {
                free.insert(line);
                Some(())
            }
        }
    }

    /// Takes note of the group of a row: its rows stand together, and fit one message.
    pub fn group(&mut self, cells: &mut Cells<'_>, place: Option<usize>, row: &TransferRow) {
        let Some(label) = &row.group else {
            self.group = None;
            return;
        };
        let same = self.group.take_if(|open| open.label == *label);
        let open = same.unwrap_or_else(|| {
            if !self.groups.insert(ids::digest(label)) {
                let message =
                    "rows of this group stand further up: those of a group have to stand together";
                cells.fail(place, "GROUP_SCATTERED", message);
            }
            OpenGroup { label: label.clone(), refused: row.refused, members: 0, bytes: 0 }
        });
        let open = self.group.insert(OpenGroup {
            members: open.members + 1,
            bytes: open.bytes + row.wire_bytes(),
            ..open
        });
        if open.refused != row.refused {
            let message =
                "the rows of a group were refused together: leave the column as it was written";
            cells.fail(place, "REFUSED_ID_INVALID", message);
        }
        let was_small =
            open.members <= BATCH_MEMBERS_MAX && open.bytes - row.wire_bytes() <= FILLED_BYTES_MAX;
        if open.members == BATCH_MEMBERS_MAX + 1 {
            let message = format!("more than {BATCH_MEMBERS_MAX} rows in one group");
            cells.fail(place, "GROUP_TOO_LARGE", message);
        } else if open.bytes > FILLED_BYTES_MAX && was_small {
            let message =
                format!("the group has more metadata than fits {MESSAGE_BYTES_MAX} bytes");
            cells.fail(place, "GROUP_TOO_LARGE", message);
        }
    }
}
