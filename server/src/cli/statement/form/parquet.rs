//! Parquet: a row an entry, in columns with types; balances at both ends and totals in the file's own metadata.
//!
//! Rows are gathered until a row group is full, and no more than one of those is ever in memory.

use std::fs::File;
use std::sync::Arc;

use florin_client::Account;
use parquet::basic::Compression;
use parquet::data_type::{
    ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int32Type,
    Int64Type,
};
use parquet::errors::{ParquetError, Result as Written};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::{Form, metadata_text};
use crate::cli::failure::Failure;
use crate::cli::names::Names;
use crate::cli::statement::entry::{Edge, Entry, Totals};
use crate::cli::time;
use crate::cli::view::{id_text, kind_text};

/// Rows of a row group.
const GROUP_ROWS: usize = 65_536;
/// Digits of the widest decimal that every reader knows.
const PRECISION: u32 = 38;

/// A Parquet file.
pub(in crate::cli::statement) struct Parquet {
    out: SerializedFileWriter<File>,
    rows: Rows,
}

/// A column of a row group: the values that there are, and where in the rows they stand.
struct Column<T: DataType> {
    values: Vec<T::T>,
    /// 1 for a row with a value, 0 for one without.
    levels: Vec<i16>,
}

impl<T: DataType> Default for Column<T> {
    fn default() -> Self {
        Self { values: Vec::new(), levels: Vec::new() }
    }
}

impl<T: DataType> Column<T> {
    fn push(&mut self, value: Option<T::T>) {
        self.levels.push(i16::from(value.is_some()));
        self.values.extend(value);
    }

    fn write<W: std::io::Write + Send>(
        &mut self,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Written<()> {
        let missing = || ParquetError::General("a column that the schema lacks".to_owned());
        let mut column = group.next_column()?.ok_or_else(missing)?;
        column.typed::<T>().write_batch(&self.values, Some(&self.levels), None)?;
        self.values.clear();
        self.levels.clear();
        column.close()
    }
}

/// The columns, in the order of the schema.
#[derive(Default)]
struct Rows {
    sequence: Column<Int64Type>,
    time: Column<Int64Type>,
    value_date: Column<Int32Type>,
    kind: Column<ByteArrayType>,
    id: Column<ByteArrayType>,
    account: Column<ByteArrayType>,
    side: Column<ByteArrayType>,
    counterparty: Column<ByteArrayType>,
    counterparty_id: Column<ByteArrayType>,
    asset: Column<ByteArrayType>,
    change: Column<FixedLenByteArrayType>,
    change_minor: Column<ByteArrayType>,
    reserved: Column<FixedLenByteArrayType>,
    reserved_minor: Column<ByteArrayType>,
    balance: Column<FixedLenByteArrayType>,
    balance_minor: Column<ByteArrayType>,
    pending: Column<FixedLenByteArrayType>,
    pending_minor: Column<ByteArrayType>,
    code: Column<Int64Type>,
    reverses: Column<ByteArrayType>,
    metadata: Column<ByteArrayType>,
}

/// The schema, for an asset with so many decimals.
fn schema(scale: u32) -> String {
    let decimal = format!("fixed_len_byte_array(16)|(DECIMAL({PRECISION},{scale}))");
    let columns = [
        ("sequence", "int64|(INTEGER(64,false))"),
        ("time", "int64|(TIMESTAMP(NANOS,true))"),
        ("value_date", "int32|(DATE)"),
        ("kind", "binary|(STRING)"),
        ("id", "binary|(STRING)"),
        ("account", "binary|(STRING)"),
        ("side", "binary|(STRING)"),
        ("counterparty", "binary|(STRING)"),
        ("counterparty_id", "binary|(STRING)"),
        ("asset", "binary|(STRING)"),
        ("change", &decimal),
        ("change_minor", "binary|(STRING)"),
        ("reserved", &decimal),
        ("reserved_minor", "binary|(STRING)"),
        ("balance", &decimal),
        ("balance_minor", "binary|(STRING)"),
        ("pending", &decimal),
        ("pending_minor", "binary|(STRING)"),
        ("code", "int64|"),
        ("reverses", "binary|(STRING)"),
        ("metadata", "binary|(STRING)"),
    ];
    let columns = columns.map(|(name, kind)| {
        let (physical, logical) = kind.split_once('|').unwrap_or((kind, ""));
        format!("optional {physical} {name} {logical};")
    });
    format!("message florin_statement {{ {} }}", columns.join(" "))
}

impl Rows {
    fn len(&self) -> usize {
        self.sequence.levels.len()
    }

    fn push(&mut self, entry: &Entry<'_>, names: &Names) -> Result<(), Failure> {
        let record = entry.record;
        let counterparty = entry.counterparty();
        let balance = Some((entry.balance_minor, entry.balance_minor.to_string()));
        let metadata = metadata_text(entry)?;
        self.sequence.push(Some(entry.sequence.cast_signed()));
        self.time.push(i64::try_from(entry.timestamp_ns).ok());
        self.value_date.push(record.value_date.and_then(time::day_of_date));
        self.kind.push(Some(text(&kind_text(record))));
        self.id.push(Some(text(&id_text(record))));
        self.account.push(Some(text(&entry.account.key())));
        self.side.push(Some(text(entry.side_text())));
        self.counterparty.push(counterparty.map(|id| text(&names.of(id))));
        self.counterparty_id.push(counterparty.map(|id| text(&id)));
        self.asset.push(Some(text(&entry.account.asset.code)));
        amount(&mut self.change, &mut self.change_minor, entry.change().map(signed));
        amount(&mut self.reserved, &mut self.reserved_minor, entry.reserved.map(signed));
        amount(&mut self.balance, &mut self.balance_minor, balance);
        let pending = signed(("+", entry.pending_minor));
        amount(&mut self.pending, &mut self.pending_minor, Some(pending));
        self.code.push(Some(record.code.into()));
        self.reverses.push(record.reverses.map(|id| text(&id)));
        self.metadata.push((!metadata.is_empty()).then(|| text(&metadata)));
        Ok(())
    }

    fn write<W: std::io::Write + Send>(
        &mut self,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Written<()> {
        self.sequence.write(group)?;
        self.time.write(group)?;
        self.value_date.write(group)?;
        self.kind.write(group)?;
        self.id.write(group)?;
        self.account.write(group)?;
        self.side.write(group)?;
        self.counterparty.write(group)?;
        self.counterparty_id.write(group)?;
        self.asset.write(group)?;
        self.change.write(group)?;
        self.change_minor.write(group)?;
        self.reserved.write(group)?;
        self.reserved_minor.write(group)?;
        self.balance.write(group)?;
        self.balance_minor.write(group)?;
        self.pending.write(group)?;
        self.pending_minor.write(group)?;
        self.code.write(group)?;
        self.reverses.write(group)?;
        self.metadata.write(group)
    }
}

fn text(text: &(impl ToString + ?Sized)) -> ByteArray {
    ByteArray::from(text.to_string().into_bytes())
}

/// Minor units with their sign, and as text. What no signed number holds is too wide for a decimal anyway.
fn signed((sign, minor): (&'static str, u128)) -> (i128, String) {
    let value = i128::try_from(minor).unwrap_or(i128::MAX);
    if sign == "-" { (-value, format!("-{minor}")) } else { (value, minor.to_string()) }
}

/// An amount in both of its columns. Where it has more digits than a decimal may, only the text has it.
fn amount(
    decimals: &mut Column<FixedLenByteArrayType>,
    texts: &mut Column<ByteArrayType>,
    amount: Option<(i128, String)>,
) {
    let fits = |minor: &i128| minor.unsigned_abs() < 10u128.pow(PRECISION);
    let (minor, digits) = amount.unzip();
    let bytes = minor.filter(fits).map(|minor| ByteArray::from(minor.to_be_bytes().to_vec()));
    decimals.push(bytes.map(FixedLenByteArray::from));
    texts.push(digits.map(|digits| text(&digits)));
}

impl Parquet {
    pub fn new(file: File, account: &Account) -> Result<Self, Failure> {
        let schema = parse_message_type(&schema(account.asset.scale)).map_err(failed)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("florin ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let out = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties));
        let mut parquet = Self { out: out.map_err(failed)?, rows: Rows::default() };
        parquet.note("account", &account.key());
        parquet.note("account_id", &account.id);
        parquet.note("asset", &account.asset.code);
        parquet.note("scale", &account.asset.scale);
        Ok(parquet)
    }

    /// Notes something about the whole statement.
    fn note(&mut self, key: &str, value: &dyn ToString) {
        let pair = KeyValue::new(format!("florin.{key}"), value.to_string());
        self.out.append_key_value_metadata(pair);
    }

    fn write_group(&mut self) -> Written<()> {
        if self.rows.len() == 0 {
            return Ok(());
        }
        let mut group = self.out.next_row_group()?;
        self.rows.write(&mut group)?;
        group.close()?;
        Ok(())
    }
}

impl Form for Parquet {
    fn edge(&mut self, _: &Account, edge: &Edge) -> Result<(), Failure> {
        let which = edge.which.text();
        self.note(&format!("{which}_time_ns"), &edge.time_ns);
        self.note(&format!("{which}_balance_minor"), &edge.balance_minor);
        self.note(&format!("{which}_pending_minor"), &edge.pending_minor);
        Ok(())
    }

    fn entries(&mut self, entries: &[Entry<'_>], names: &Names) -> Result<(), Failure> {
        for entry in entries {
            self.rows.push(entry, names)?;
            if self.rows.len() == GROUP_ROWS {
                self.write_group().map_err(failed)?;
            }
        }
        Ok(())
    }

    fn end(mut self: Box<Self>, _: &Account, totals: &Totals) -> Result<(), Failure> {
        self.note("entries", &totals.entries);
        self.note("in_minor", &totals.in_minor);
        self.note("out_minor", &totals.out_minor);
        self.write_group().map_err(failed)?;
        self.out.close().map_err(failed)?;
        Ok(())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
fn failed(error: ParquetError) -> Failure {
    Failure::no_answer("OUTPUT_FAILED", &error)
}
