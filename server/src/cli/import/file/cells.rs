//! What stands in the cells of a row. Nothing is guessed, rounded or cut: what is not right is found.

use clap::ValueEnum;
use florin_client::{AccountKey, Asset, Floor, KeyError, money};
use florin_engine::METADATA_BYTES_MAX;

use super::{Columns, Finding, Row};
use crate::cli::args::{CeilingText, FloorText};
use crate::cli::import::known::Assets;

/// How dates are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli::import) enum DateFormat {
    /// 2026-11-30
    #[default]
    Iso,
    /// 20261130
    Compact,
    /// 30.11.2026, 30/11/2026 or 30-11-2026
    Dmy,
    /// 11/30/2026, 11-30-2026 or 11.30.2026
    Mdy,
}

/// Reads the cells of one row, and notes what is wrong with them.
pub(in crate::cli::import) struct Cells<'a> {
    row: &'a Row,
    header: &'a csv::StringRecord,
    pub findings: Vec<Finding>,
}

impl<'a> Cells<'a> {
    pub fn of(row: &'a Row, header: &'a csv::StringRecord) -> Self {
        Self { row, header, findings: Vec::new() }
    }

    /// Line on which the row begins.
    pub fn line(&self) -> u64 {
        self.row.line
    }

    /// The text of a cell; empty if the file has no such column.
    pub fn text(&self, place: Option<usize>) -> &'a str {
        place.and_then(|place| self.row.cells.get(place)).unwrap_or_default()
    }

    /// Notes what is wrong with a cell.
    pub fn fail(&mut self, place: Option<usize>, reason: &'static str, message: impl Into<String>) {
        let found = place.and_then(|place| self.row.cells.get(place));
        let finding = Finding {
            column: place.and_then(|place| self.header.get(place)).map(str::to_owned),
            found: found.map(str::to_owned),
            ..Finding::of_record(self.row.line, reason, message)
        };
        self.findings.push(finding);
    }

    pub fn account(&mut self, place: Option<usize>) -> Option<AccountKey> {
        let text = self.text(place);
        if text.is_empty() {
            self.fail(place, "ACCOUNT_KEY_MISSING", "no account");
            return None;
        }
        match text.parse() {
            Ok(AccountKey::Id(id)) if id.0 == 0 => {
                self.fail(place, "ACCOUNT_KEY_MISSING", "no account has the id zero");
                None
            }
            Ok(key) => Some(key),
            Err(error) => {
                let error: KeyError = error;
                self.fail(place, error.reason(), error.to_string());
                None
            }
        }
    }

    /// The asset of a row: that of its cell, else the one for all rows.
    pub fn asset<'s>(
        &mut self,
        place: Option<usize>,
        for_all: Option<&str>,
        assets: &'s mut Assets,
    ) -> Option<&'s Asset> {
        let text = self.text(place);
        let code = if text.is_empty() { for_all.unwrap_or_default() } else { text };
        if code.is_empty() {
            let message = "no asset: fill the cell, or name one for all with --asset";
            self.fail(place, "ASSET_MISSING", message);
            return None;
        }
        match assets.of(code) {
            Ok(asset) => Some(asset),
            Err(unknown) => {
                self.fail(place, unknown.reason(), unknown.to_string());
                None
            }
        }
    }

    /// A decimal amount of this asset, above zero.
    pub fn amount(&mut self, place: Option<usize>, asset: &Asset) -> Option<u128> {
        let read = asset.parse_minor(self.text(place));
        self.amount_or_finding(place, asset, read)
    }

    fn amount_or_finding(
        &mut self,
        place: Option<usize>,
        asset: &Asset,
        read: Result<u128, money::AmountError>,
    ) -> Option<u128> {
        let error = match read {
            Ok(minor) => return Some(minor),
            Err(error) => error,
        };
        let message = match error {
            money::AmountError::TooPrecise { scale } => {
                format!("more decimals than {} has ({scale})", asset.code)
            }
            _ => error.to_string(),
        };
        self.fail(place, error.reason(), message);
        None
    }

    /// `zero`, `none` or `overdraft:AMOUNT`; zero if the cell is empty.
    pub fn floor(&mut self, place: Option<usize>, asset: &Asset) -> Option<Floor> {
        match self.text(place) {
            "" => Some(Floor::Zero),
            text => match text.parse() {
                Ok(FloorText::Zero) => Some(Floor::Zero),
                Ok(FloorText::None) => Some(Floor::None),
                Ok(FloorText::Overdraft(text)) => {
                    let read = asset.parse_minor(&text);
                    let minor = self.amount_or_finding(place, asset, read)?;
                    Some(Floor::Overdraft { minor })
                }
                Err(expected) => {
                    self.fail(place, "FLOOR_INVALID", expected);
                    None
                }
            },
        }
    }

    /// An amount, zero too, or `none`, as an empty cell is. The inner `None` is no limit.
    #[expect(clippy::option_option, reason = "the outer one says that the cell makes no sense")]
    pub fn ceiling(&mut self, place: Option<usize>, asset: &Asset) -> Option<Option<u128>> {
        match self.text(place) {
            "" => Some(None),
            text => {
                let Ok(ceiling) = text.parse();
                match ceiling {
                    CeilingText::None => Some(None),
                    CeilingText::Limit(text) => {
                        let read = money::parse_minor_or_zero(&text, asset.scale);
                        self.amount_or_finding(place, asset, read).map(Some)
                    }
                }
            }
        }
    }

    /// A number of the caller's; 0 if the cell is empty.
    pub fn code(&mut self, place: Option<usize>) -> Option<u32> {
        let text = self.text(place);
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            _ if text.is_empty() => Some(0),
            Ok(code) if is_number => Some(code),
            _ => {
                self.fail(place, "CODE_INVALID", "not a whole number from 0 to 4294967295");
                None
            }
        }
    }

    /// Decimal `YYYYMMDD`; 0 if the cell is empty.
    pub fn date(&mut self, place: Option<usize>, format: DateFormat) -> Option<u32> {
        let text = self.text(place);
        if text.is_empty() {
            return Some(0);
        }
        match format.read(text) {
            Some(date) if is_date(date) => Some(date),
            Some(_) => {
                let message = "not a day of the calendar from 1900-01-01 to 9999-12-31";
                self.fail(place, "VALUE_DATE_INVALID", message);
                None
            }
            None => {
                let message = format!("not a date like {}", format.example());
                self.fail(place, "VALUE_DATE_INVALID", message);
                None
            }
        }
    }

    /// Keys and values, ascending by key; empty cells attach nothing.
    pub fn metadata(&mut self, columns: &Columns) -> Option<Vec<(String, String)>> {
        let mut pairs = Vec::new();
        let mut bytes = 0;
        for (key, place) in &columns.metadata {
            let value = self.text(Some(*place));
            if !value.is_empty() {
                bytes += 2 + key.len() + 2 + value.len();
                pairs.push((key.clone(), value.to_owned()));
            }
        }
        if bytes > METADATA_BYTES_MAX {
            let message = format!("{bytes} bytes of metadata, at most {METADATA_BYTES_MAX} fit");
            self.fail(None, "METADATA_TOO_LARGE", message);
            return None;
        }
        Some(pairs)
    }
}

impl DateFormat {
    /// Decimal `YYYYMMDD` of what looks like a date, whether or not there is such a day.
    fn read(self, text: &str) -> Option<u32> {
        let parts: Vec<&str> = match self {
            Self::Compact => vec![text.get(..4)?, text.get(4..6)?, text.get(6..)?],
            Self::Iso => text.split('-').collect(),
            Self::Dmy | Self::Mdy => {
                let separator = text.chars().find(|c| matches!(c, '.' | '/' | '-'))?;
                text.split(separator).collect()
            }
        };
        let &[first, second, third] = &parts[..] else { return None };
        let (year, month, day) = match self {
            Self::Iso | Self::Compact => (first, second, third),
            Self::Dmy => (third, second, first),
            Self::Mdy => (third, first, second),
        };
        // Two digits where a standard asks for them, one or two where people write it.
        let least = if matches!(self, Self::Iso | Self::Compact) { 2 } else { 1 };
        let number = |text: &str, digits: std::ops::RangeInclusive<usize>| {
            let fits = digits.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            fits.then(|| text.parse::<u32>().ok()).flatten()
        };
        let (month, day) = (number(month, least..=2)?, number(day, least..=2)?);
        Some(number(year, 4..=4)? * 10_000 + month * 100 + day)
    }

    fn example(self) -> &'static str {
        match self {
            Self::Iso => "2026-11-30",
            Self::Compact => "20261130",
            Self::Dmy => "30.11.2026",
            Self::Mdy => "11/30/2026",
        }
    }
}

/// Whether it is a day of the Gregorian calendar from 19000101 to 99991231.
fn is_date(yyyymmdd: u32) -> bool {
    let (year, month, day) = (yyyymmdd / 10_000, yyyymmdd / 100 % 100, yyyymmdd % 100);
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => 0,
    };
    (1900..=9999).contains(&year) && (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads one cell. The reason, if it makes no sense.
    fn read<T>(
        text: &str,
        read: impl FnOnce(&mut Cells<'_>) -> Option<T>,
    ) -> Result<T, &'static str> {
        let row = Row { line: 2, cells: std::iter::once(text).collect() };
        let header = std::iter::once("column").collect();
        let mut cells = Cells::of(&row, &header);
        let value = read(&mut cells);
        match (value, &cells.findings[..]) {
            (Some(value), []) => Ok(value),
            (None, [finding]) => {
                assert_eq!((finding.line, finding.column.as_deref()), (2, Some("column")));
                assert_eq!(finding.found.as_deref(), Some(text));
                Err(finding.reason)
            }
            (_, findings) => panic!("a value or one finding: {text:?}: {findings:?}"),
        }
    }

    #[test]
    fn amounts() {
        let eur = Asset::new("EUR", 2);
        for (text, expected) in [
            ("12.50", Ok(1_250)),
            ("12.5", Ok(1_250)),
            ("12.500", Ok(1_250)),
            ("12.505", Err("AMOUNT_TOO_PRECISE")),
            ("-1", Err("AMOUNT_NEGATIVE")),
            ("0", Err("AMOUNT_ZERO")),
            ("", Err("AMOUNT_INVALID")),
            (" 1", Err("AMOUNT_INVALID")),
            ("1,50", Err("AMOUNT_INVALID")),
            ("1.000,50", Err("AMOUNT_INVALID")),
            ("NaN", Err("AMOUNT_INVALID")),
            ("1e3", Err("AMOUNT_INVALID")),
            ("79228162514264337593543950336", Err("AMOUNT_TOO_LARGE")),
        ] {
            assert_eq!(read(text, |cells| cells.amount(Some(0), &eur)), expected, "{text:?}");
        }
    }

    #[test]
    fn accounts_codes_floors_and_ceilings() {
        let eur = Asset::new("EUR", 2);
        for (text, expected) in [
            ("alice", Ok("alice")),
            ("id:0000000000000000000000000000000a", Ok("id:0000000000000000000000000000000a")),
            ("id:00000000000000000000000000000000", Err("ACCOUNT_KEY_MISSING")),
            ("id:7", Err("NAME_INVALID")),
            ("two words", Err("NAME_INVALID")),
            ("", Err("ACCOUNT_KEY_MISSING")),
        ] {
            let key = read(text, |cells| cells.account(Some(0))).map(|key| key.to_string());
            assert_eq!(key, expected.map(str::to_owned), "{text:?}");
        }
        for (text, expected) in [
            ("", Ok(0)),
            ("7", Ok(7)),
            ("4294967295", Ok(u32::MAX)),
            ("4294967296", Err("CODE_INVALID")),
            ("+7", Err("CODE_INVALID")),
            ("x", Err("CODE_INVALID")),
        ] {
            assert_eq!(read(text, |cells| cells.code(Some(0))), expected, "{text:?}");
        }
        for (text, expected) in [
            ("", Ok(Floor::Zero)),
            ("zero", Ok(Floor::Zero)),
            ("none", Ok(Floor::None)),
            ("overdraft:100.00", Ok(Floor::Overdraft { minor: 10_000 })),
            ("overdraft:0", Err("AMOUNT_ZERO")),
            ("overdraft:1.005", Err("AMOUNT_TOO_PRECISE")),
            ("100.00", Err("FLOOR_INVALID")),
        ] {
            assert_eq!(read(text, |cells| cells.floor(Some(0), &eur)), expected, "{text:?}");
        }
        for (text, expected) in [
            ("", Ok(None)),
            ("none", Ok(None)),
            ("0", Ok(Some(0))),
            ("5.00", Ok(Some(500))),
            ("-5", Err("AMOUNT_NEGATIVE")),
            ("much", Err("AMOUNT_INVALID")),
        ] {
            assert_eq!(read(text, |cells| cells.ceiling(Some(0), &eur)), expected, "{text:?}");
        }
    }

    #[test]
    fn dates() {
        use DateFormat::{Compact, Dmy, Iso, Mdy};
        let invalid = Err("VALUE_DATE_INVALID");
        for (format, text, expected) in [
            (Iso, "", Ok(0)),
            (Iso, "2026-11-30", Ok(20_261_130)),
            (Iso, "2024-02-29", Ok(20_240_229)),
            (Iso, "2026-02-29", invalid),
            (Iso, "1900-02-29", invalid),
            (Iso, "1899-12-31", invalid),
            (Iso, "0000-00-00", invalid),
            (Iso, "2026-1-30", invalid),
            (Iso, "2026-11-30-", invalid),
            (Iso, "30.11.2026", invalid),
            (Compact, "20261130", Ok(20_261_130)),
            (Compact, "2026113", invalid),
            (Compact, "202611300", invalid),
            (Compact, "2026+1+1", invalid),
            (Compact, "２026113", invalid),
            (Dmy, "30.11.2026", Ok(20_261_130)),
            (Dmy, "1/2/2026", Ok(20_260_201)),
            (Dmy, "1-2.2026", invalid),
            (Dmy, "1.2.26", invalid),
            (Dmy, "11/30/2026", invalid),
            (Mdy, "11/30/2026", Ok(20_261_130)),
            (Mdy, "1/2/2026", Ok(20_260_102)),
            (Mdy, "30.11.2026", invalid),
        ] {
            let date = read(text, |cells| cells.date(Some(0), format));
            assert_eq!(date, expected, "{format:?} {text:?}");
        }
    }

    #[test]
    fn metadata_is_bounded_and_empty_cells_attach_nothing() {
        let mut columns = Columns::default();
        columns.metadata = vec![("a".to_owned(), 1), ("b".to_owned(), 0)];
        let header: csv::StringRecord = ["metadata.b", "metadata.a"].into_iter().collect();
        for (b_bytes, fits) in [(0, true), (4_091, true), (4_092, false)] {
            let b = "x".repeat(b_bytes);
            let row = Row { line: 2, cells: [b.as_str(), ""].into_iter().collect() };
            let mut cells = Cells::of(&row, &header);
            let pairs = cells.metadata(&columns);
            let expected = if b_bytes == 0 { vec![] } else { vec![("b".to_owned(), b)] };
            assert_eq!(pairs, fits.then_some(expected), "{b_bytes}");
            assert_eq!(cells.findings.len(), usize::from(!fits));
        }
    }
}
