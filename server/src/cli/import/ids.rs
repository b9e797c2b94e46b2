//! Ids of imported transfers and groups. The same row of the same import has the same id, whenever it is read.
//!
//! Every derived id is the first 16 bytes, little-endian, of BLAKE3 over a prefix that says what it is the id of, and
//! its parts, each after its length in bytes as 8 bytes little-endian:
//!
//! | of | prefix | parts |
//! |---|---|---|
//! | a text in the id column | `florin.v1.import-id\0` | name of the import, text |
//! | the cell of the key column | `florin.v1.import-key\0` | name of the import, text |
//! | the n-th row with this content, from 0 on | `florin.v1.import-row\0` | name of the import, content, n as 8 bytes |
//! | a group | `florin.v1.import-group\0` | name of the import, text of the group, id and content of each member |
//! | what is tried again after a refusal | `florin.v1.import-again\0` | the refused id |
//! | a member of a group that is tried again | `florin.v1.import-member\0` | id of the group, index as 8 bytes |
//!
//! They are for good: a change of any of them would apply files again that were imported before.

use blake3::Hasher;
use florin_client::{AccountKey, GroupId, TransferId};

/// What a row says, in 16 bytes: equal for rows that mean the same, however they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Content(pub [u8; 16]);

/// What a row says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    pub debit: &'a AccountKey,
    pub credit: &'a AccountKey,
    pub amount_minor: u128,
    pub asset: &'a str,
    pub code: u32,
    pub value_date: u32,
    /// Ascending by key, empty values left out.
    pub metadata: &'a [(String, String)],
    pub group: Option<&'a str>,
}

impl Content {
    pub fn of(said: &Said<'_>) -> Self {
        let mut hash = Derivation::of(b"florin.v1.import-content\0")
            .number(said.debit.id().0)
            .number(said.credit.id().0)
            .number(said.amount_minor)
            .part(said.asset.as_bytes())
            .number(said.code.into())
            .number(said.value_date.into())
            .part(&[u8::from(said.group.is_some())])
            .part(said.group.unwrap_or_default().as_bytes());
        for (key, value) in said.metadata {
            hash = hash.part(key.as_bytes()).part(value.as_bytes());
        }
        Self(hash.bytes())
    }
}

/// The id that a text in the id column stands for: 32 hex digits and decimal numbers are ids as they are, any other
/// text gives one together with the name of the import.
pub(super) fn of_text(import: &str, text: &str) -> TransferId {
    if let Ok(id) = text.parse() {
        return id;
    }
    // Only as a number is written: 007 is a text, and another id than 7.
    let is_number =
        text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    match text.parse() {
        Ok(number) if is_number => TransferId(number),
        _ => derived(
            &Derivation::of(b"florin.v1.import-id\0").part(import.as_bytes()).part(text.as_bytes()),
        ),
    }
}

/// The id of the row with this key.
pub(super) fn of_key(import: &str, key: &str) -> TransferId {
    derived(&Derivation::of(b"florin.v1.import-key\0").part(import.as_bytes()).part(key.as_bytes()))
}

/// The id of a row that has nothing but its content, and `before` rows with the same content before it.
pub(super) fn of_row(import: &str, content: Content, before: u32) -> TransferId {
    let row = Derivation::of(b"florin.v1.import-row\0").part(import.as_bytes()).part(&content.0);
    derived(&row.part(&u64::from(before).to_le_bytes()))
}

/// The id of a group. It has another one as soon as anything in it is another.
pub(super) fn of_group(
    import: &str,
    group: &str,
    members: impl IntoIterator<Item = (TransferId, Content)>,
) -> GroupId {
    let mut hash = Derivation::of(b"florin.v1.import-group\0").part(import.as_bytes());
    hash = hash.part(group.as_bytes());
    for (id, content) in members {
        hash = hash.number(id.0).part(&content.0);
    }
    GroupId(derived(&hash).0)
}

/// The id under which is tried again what was refused under this one. Since it follows from the refused one alone, a
/// row is applied once, however often and in however many files it is tried again.
pub(super) fn after_refusal(refused: u128) -> u128 {
    derived(&Derivation::of(b"florin.v1.import-again\0").number(refused)).0
}

/// The id of a member of a group that is tried again.
pub(super) fn of_member(group: GroupId, index: usize) -> TransferId {
    let member = Derivation::of(b"florin.v1.import-member\0").number(group.0);
    derived(&member.part(&(index as u64).to_le_bytes()))
}

/// Sixteen bytes that stand for a text, where only equality matters.
pub(super) fn digest(text: &str) -> [u8; 16] {
    Derivation::of(b"").part(text.as_bytes()).bytes()
}

fn derived(hash: &Derivation) -> TransferId {
    TransferId(u128::from_le_bytes(hash.bytes()))
}

struct Derivation(Hasher);

impl Derivation {
    fn of(prefix: &[u8]) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(prefix);
        Self(hasher)
    }

    fn part(mut self, bytes: &[u8]) -> Self {
        self.0.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
        self
    }

    fn number(self, number: u128) -> Self {
        self.part(&number.to_le_bytes())
    }

    fn bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.0.finalize().as_bytes()[..16]);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said<'a>(
        debit: &'a AccountKey,
        credit: &'a AccountKey,
        metadata: &'a [(String, String)],
    ) -> Said<'a> {
        Said {
            debit,
            credit,
            amount_minor: 1_250,
            asset: "EUR",
            code: 0,
            value_date: 0,
            metadata,
            group: None,
        }
    }

    /// Whoever imports a file again with a later release must get the same ids.
    #[test]
    fn ids_are_for_good() {
        let (cash, alice) = (AccountKey::from("cash"), AccountKey::from("alice"));
        let content = Content::of(&said(&cash, &alice, &[("k".to_owned(), "v".to_owned())]));
        let row = of_row("books", content, 0);
        let group = of_group("books", "g", [(row, content)]);
        for (what, id, expected) in [
            ("content", u128::from_le_bytes(content.0), "ab8c44adc5b9dfeaab3250e401520dc5"),
            ("text", of_text("books", "invoice 7").0, "39da5d3a8410a6450ba9655728afeb9d"),
            ("key", of_key("books", "invoice 7").0, "9673f0362714cd89d90f4563b7719cc2"),
            ("row", row.0, "eca57dfabcfc08fd2cda4e3a23716215"),
            ("the same again", of_row("books", content, 1).0, "0336e099c1e04d78c56ad5457d6c2c8b"),
            ("group", group.0, "ebabd637d6ea35c41775ed03c9e52572"),
            ("after a refusal", after_refusal(row.0), "bd063f2a63d835e00fb9774d79a97ed8"),
            ("member", of_member(group, 1).0, "0e07480f542ca525c1d9449dd9ddc636"),
        ] {
            assert_eq!(format!("{id:032x}"), expected, "{what}");
        }
    }

    #[test]
    fn what_stands_in_the_id_column() {
        for (text, id) in [
            ("0000000000000000000000000000000a", Some(10)),
            ("10", Some(10)),
            ("0", Some(0)),
            ("340282366920938463463374607431768211455", Some(u128::MAX)),
            ("340282366920938463463374607431768211456", None),
            ("010", None),
            ("+10", None),
            ("10 ", None),
            ("a", None),
        ] {
            let derived = of_text("", text);
            assert_eq!(Some(derived.0).filter(|_| id.is_some()), id, "{text:?}");
            let depends_on_the_name = of_text("books", text) != derived;
            assert_eq!(depends_on_the_name, id.is_none(), "{text:?}");
        }
    }

    #[test]
    fn rows_that_say_something_else_have_another_content() {
        let (cash, alice) = (AccountKey::from("cash"), AccountKey::from("alice"));
        let pair = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
        let (ab, a_b) = (pair("ab", ""), pair("a", "b"));
        let base = said(&cash, &alice, &[]);
        let contents = [
            base,
            Said { amount_minor: 1_251, ..base },
            Said { asset: "USD", ..base },
            Said { code: 1, ..base },
            Said { value_date: 1, ..base },
            Said { group: Some(""), ..base },
            Said { group: Some("g"), ..base },
            Said { debit: &alice, credit: &cash, ..base },
            said(&cash, &alice, &ab),
            said(&cash, &alice, &a_b),
        ]
        .map(|said| Content::of(&said));
        let distinct: std::collections::HashSet<_> = contents.iter().collect();
        assert_eq!(distinct.len(), contents.len());
        // However an account is named, it is the same.
        let by_id = AccountKey::Id(cash.id());
        assert_eq!(Content::of(&said(&by_id, &alice, &[])), contents[0]);
    }

    #[test]
    fn ids_of_different_things_differ() {
        let content = Content([7; 16]);
        let ids = [
            of_key("a", "bc"),
            of_key("ab", "c"),
            of_text("ab", "c"),
            of_row("a", content, 0),
            of_row("a", content, 1),
            of_row("b", content, 0),
        ];
        let distinct: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        let member = (TransferId(1), content);
        let groups = [
            of_group("a", "g", [member]),
            of_group("a", "g", [member, member]),
            of_group("a", "h", [member]),
            of_group("a", "g", [(TransferId(2), content)]),
            of_group("a", "g", [(TransferId(1), Content([8; 16]))]),
        ];
        let distinct: std::collections::HashSet<_> = groups.iter().collect();
        assert_eq!(distinct.len(), groups.len());
    }
}
