//! Tables for people.

use std::fmt::Write;

/// Which side of its column a text stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// A table that is printed in pieces: columns only grow, so a long list need not be held in memory.
#[derive(Debug)]
pub(super) struct Table<const N: usize> {
    columns: [(&'static str, Side); N],
    widths: [usize; N],
    rows: Vec<[String; N]>,
    headed: bool,
}

impl<const N: usize> Table<N> {
    pub fn new(columns: [(&'static str, Side); N]) -> Self {
        let widths = columns.map(|(title, _)| title.len());
        Self { columns, widths, rows: Vec::new(), headed: false }
    }

    pub fn row(&mut self, row: [String; N]) {
        for (width, cell) in self.widths.iter_mut().zip(&row) {
            *width = (*width).max(cell.chars().count());
        }
        self.rows.push(row);
    }

    /// Rows that are not printed yet.
    pub fn pending(&self) -> usize {
        self.rows.len()
    }

    /// The rows that are not printed yet, after the titles if those are not either.
    pub fn take(&mut self) -> String {
        let mut text = String::new();
        if !self.headed {
            self.line(&mut text, self.columns.map(|(title, _)| title));
            self.headed = true;
        }
        for row in std::mem::take(&mut self.rows) {
            self.line(&mut text, row.each_ref().map(String::as_str));
        }
        text
    }

    fn line(&self, text: &mut String, cells: [&str; N]) {
        let mut line = String::new();
        for ((cell, width), (_, side)) in cells.iter().zip(self.widths).zip(self.columns) {
            let _ = match side {
                Side::Left => write!(line, "{cell:<width$}  "),
                Side::Right => write!(line, "{cell:>width$}  "),
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

/// What belongs to one thing, a line each: its name and its value.
pub(super) fn block(lines: &[(&str, String)]) -> String {
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines = lines.iter().map(|(name, value)| format!("{name:<width$}  {value}"));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_only_grow() {
        let mut table = Table::new([("ACCOUNT", Side::Left), ("BALANCE", Side::Right)]);
        table.row(["a".to_owned(), "1.00".to_owned()]);
        assert_eq!(table.pending(), 1);
        assert_eq!(table.take(), "ACCOUNT  BALANCE\na           1.00\n");
        table.row(["a-longer-one".to_owned(), "-12345.00".to_owned()]);
        table.row(["b".to_owned(), String::new()]);
        assert_eq!(table.take(), "a-longer-one  -12345.00\nb\n");
        assert_eq!(table.take(), "");
    }

    #[test]
    fn a_block_lines_up() {
        let lines = [("id", "1".to_owned()), ("sequence", "2".to_owned())];
        assert_eq!(block(&lines), "id        1\nsequence  2");
    }
}
