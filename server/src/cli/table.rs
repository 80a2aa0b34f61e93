//! A plain table for a terminal.

use std::fmt;

/// A column that is wider than this has a rule that is not.
const LONGEST_RULE: usize = 80;

/// Rows of text under a header, aligned by width; below each row may stand notes, which widen nothing.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    cells: Vec<String>,
    notes: Vec<String>,
}

impl Table {
    pub(super) fn new(header: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut table = Self { rows: Vec::new() };
        table.row(header, Vec::new());
        table
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>, notes: Vec<String>) {
        self.rows.push(Row { cells: cells.into_iter().map(Into::into).collect(), notes });
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.cells.get(column));
            cells.map(|cell| columns_of(cell)).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for (number, row) in self.rows.iter().enumerate() {
            let mut line = String::from(" ");
            for (cell, width) in row.cells.iter().zip(&widths) {
                line.push_str(&format!(" {cell}{} ", " ".repeat(width - columns_of(cell))));
            }
            writeln!(f, "{}", line.trim_end())?;
            if number == 0 {
                let rule: Vec<String> = widths.iter().map(|width| "─".repeat(width.min(&LONGEST_RULE) + 2)).collect();
                writeln!(f, " {}", rule.join(""))?;
            }
            for note in &row.notes {
                writeln!(f, "      {note}")?;
            }
        }
        Ok(())
    }
}

/// Columns on a terminal: East Asian wide characters take two.
fn columns_of(text: &str) -> usize {
    text.chars().map(|c| if matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}') { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_over_wide_characters_and_notes_widen_nothing() {
        let mut table = Table::new(["a", "b"]);
        table.row(["可用性", "x"], vec!["a note that is wider than the table".to_owned()]);
        table.row(["api", "y"], Vec::new());
        let expected =
            "  a       b\n ───────────\n  可用性  x\n      a note that is wider than the table\n  api     y\n";
        assert_eq!(table.to_string(), expected);
    }
}
