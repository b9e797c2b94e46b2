//! The rows of a file of accounts.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::Read;

use csv::StringRecord;
use florin_client::{AccountKey, Asset, Floor, NewAccount};

use crate::cli::import::file::{Cells, Columns, Field, Finding, Row, Rows};
use crate::cli::import::known::{Accounts, Assets};

/// The columns that we know, beside `metadata.KEY`.
pub(super) static FIELDS: &[Field] = &[
    Field { name: "account", aliases: &["name", "account_name"], required: true },
    Field { name: "asset", aliases: &["currency"], required: false },
    Field { name: "floor", aliases: &[], required: false },
    Field { name: "ceiling", aliases: &[], required: false },
];

/// What an account takes on the wire at most, without its name and metadata.
const ACCOUNT_BYTES: usize = 112;
/// What a pair of metadata takes beside its text.
const PAIR_BYTES: usize = 16;

/// A row that makes sense on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AccountRow {
    pub line: u64,
    pub key: AccountKey,
    pub asset: Asset,
    pub floor: Floor,
    pub ceiling_minor: Option<u128>,
    pub metadata: Vec<(String, String)>,
    /// As in the file.
    pub cells: StringRecord,
}

impl AccountRow {
    pub fn account(&self) -> NewAccount {
        let mut account =
            NewAccount::new(self.key.clone(), self.asset.code.as_str()).floor(self.floor);
        if let Some(limit) = self.ceiling_minor {
            account = account.ceiling_minor(limit);
        }
        for (key, value) in &self.metadata {
            account = account.metadata(key, value);
        }
        account
    }

    /// Bytes that it takes on the wire at most.
    pub fn wire_bytes(&self) -> usize {
        let name = match &self.key {
            AccountKey::Name(name) => name.len(),
            AccountKey::Id(_) => 0,
        };
        let pairs = self.metadata.iter().map(|(key, value)| PAIR_BYTES + key.len() + value.len());
        ACCOUNT_BYTES + name + pairs.sum::<usize>()
    }
}

/// Reads the accounts of a file, and finds what is wrong with them.
pub(super) struct AccountRows<R> {
    rows: Rows<R>,
    places: Places,
    /// For rows that name none.
    asset: Option<String>,
    assets: Assets,
    /// On which line an account stands: 21 bytes each.
    seen: HashMap<[u8; 16], u32>,
}

/// Where our columns are.
struct Places {
    account: Option<usize>,
    asset: Option<usize>,
    floor: Option<usize>,
    ceiling: Option<usize>,
    all: Columns,
}

impl<R: Read> AccountRows<R> {
    pub fn new(rows: Rows<R>, columns: Columns, asset: Option<String>, assets: Assets) -> Self {
        let places = Places {
            account: columns.place("account"),
            asset: columns.place("asset"),
            floor: columns.place("floor"),
            ceiling: columns.place("ceiling"),
            all: columns,
        };
        Self { rows, places, asset, assets, seen: HashMap::new() }
    }

    pub fn header(&self) -> &StringRecord {
        self.rows.header()
    }

    pub fn bytes(&self) -> u64 {
        self.rows.bytes()
    }

    /// The next account, or what is wrong with its row; `None` after the last.
    pub fn next(&mut self) -> std::io::Result<Option<Result<AccountRow, Vec<Finding>>>> {
        Ok(self.rows.next()?.map(|row| {
            let row = row.map_err(|finding| vec![finding])?;
            self.read(row)
        }))
    }

    fn read(&mut self, row: Row) -> Result<AccountRow, Vec<Finding>> {
        let places = &self.places;
        let mut cells = Cells::of(&row, self.rows.header());
        let key = cells.account(places.account);
        if let Some(key) = &key {
            match self.seen.entry(key.id().0.to_le_bytes()) {
                Entry::Occupied(first) => {
                    let message = format!("the same account as on line {}", first.get());
                    cells.fail(places.account, "ACCOUNT_TWICE_IN_FILE", message);
                }
                Entry::Vacant(free) => {
                    free.insert(u32::try_from(row.line).unwrap_or(u32::MAX));
                }
            }
        }
        let asset = cells.asset(places.asset, self.asset.as_deref(), &mut self.assets);
        let bounds = asset.and_then(|asset| {
            let (floor, ceiling) =
                (cells.floor(places.floor, asset), cells.ceiling(places.ceiling, asset));
            Some((asset.clone(), floor?, ceiling?))
        });
        let metadata = cells.metadata(&places.all);
        match (key, bounds, metadata) {
            (Some(key), Some((asset, floor, ceiling_minor)), Some(metadata))
                if cells.findings.is_empty() =>
            {
                let Row { line, cells } = row;
                Ok(AccountRow { line, key, asset, floor, ceiling_minor, metadata, cells })
            }
            _ => Err(cells.findings),
        }
    }

    /// What is wrong with a row by what is open already: an account never changes what it holds.
    pub fn compare(&self, row: &AccountRow, accounts: &Accounts) -> Option<Finding> {
        let held = accounts.asset_of(&row.key).filter(|held| *held != row.asset.code)?;
        let column = self.places.asset.and_then(|place| self.rows.header().get(place));
        Some(Finding {
            column: column.map(str::to_owned),
            found: Some(row.asset.code.clone()),
            ..Finding::of_record(
                row.line,
                "ASSET_MISMATCH",
                format!("{} is open and holds {held}", row.key),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::import::file::Wishes;

    /// What is read of a file, a line each.
    fn read(text: &str, asset: Option<&str>) -> Vec<String> {
        let rows = Rows::open(text.as_bytes(), b',').expect("read").expect("a header");
        let columns = Columns::find(rows.header(), 1, FIELDS, &Wishes::default()).expect("columns");
        let mut rows = AccountRows::new(rows, columns, asset.map(str::to_owned), Assets::default());
        let mut read = Vec::new();
        while let Some(row) = rows.next().expect("read") {
            match row {
                Ok(row) => read.push(format!(
                    "{} {} {} {:?} {:?} {:?}",
                    row.line, row.key, row.asset.code, row.floor, row.ceiling_minor, row.metadata
                )),
                Err(findings) => read.extend(findings.iter().map(|finding| {
                    let column = finding.column.as_deref().unwrap_or("-");
                    format!("{} {} {column}", finding.line, finding.reason)
                })),
            }
        }
        read
    }

    #[test]
    fn accounts_and_what_is_wrong_with_them() {
        for (text, asset, expected) in [
            (
                "account,asset,floor,ceiling,metadata.k\na,EUR,,,\nb,JPY,overdraft:5,7,v\n",
                None,
                vec![
                    "2 a EUR Zero None []",
                    "3 b JPY Overdraft { minor: 5 } Some(7) [(\"k\", \"v\")]",
                ],
            ),
            ("Name\na\n", Some("EUR"), vec!["2 a EUR Zero None []"]),
            (
                "name,currency\na,\nb,JPY\n",
                Some("EUR"),
                vec!["2 a EUR Zero None []", "3 b JPY Zero None []"],
            ),
            ("account\na\n", None, vec!["2 ASSET_MISSING -"]),
            ("account,asset\na,\n", None, vec!["2 ASSET_MISSING asset"]),
            ("account,asset\na,MILES\n", None, vec!["2 ASSET_NOT_FOUND asset"]),
            (
                "account\na\nb\na\n",
                Some("EUR"),
                vec![
                    "2 a EUR Zero None []",
                    "3 b EUR Zero None []",
                    "4 ACCOUNT_TWICE_IN_FILE account",
                ],
            ),
            (
                "account,floor,ceiling\n,low,high\n",
                Some("EUR"),
                vec![
                    "2 ACCOUNT_KEY_MISSING account",
                    "2 FLOOR_INVALID floor",
                    "2 AMOUNT_INVALID ceiling",
                ],
            ),
        ] {
            assert_eq!(read(text, asset), expected, "{text:?}");
        }
    }
}
