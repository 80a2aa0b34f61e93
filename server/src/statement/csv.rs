//! The statement as comma-separated values: one line a row, the same values as the public JSON form.
//!
//! Lines end with CR LF and cells are quoted as RFC 4180 asks. Reasons are not in it: a cell cannot hold them.

use serde_json::Value;
use uphold_core::statement::{Inputs, Row, Statement};

/// The header, in its order: each column with the place of its value in the row's JSON form, where it has one there.
/// Columns may be added at the end; none changes its meaning or its place.
const COLUMNS: [(&str, &str); 43] = [
    ("agreement", ""),
    ("revision", "/revision"),
    ("commitment", "/id"),
    ("kind", "/kind"),
    ("clause", "/clause"),
    ("force", "/force"),
    ("subject", "/subject"),
    ("customer", "/customer"),
    ("period", "/period/name"),
    ("start", "/period/start"),
    ("end", "/period/end"),
    ("zone", "/period/zone"),
    ("verdict", "/verdict"),
    ("binding", "/binding"),
    ("target", "/target"),
    ("lower", "/availability/lower"),
    ("upper", "/availability/upper"),
    ("exact_lower_num", "/availability/exact_lower/num"),
    ("exact_lower_den", "/availability/exact_lower/den"),
    ("exact_upper_num", "/availability/exact_upper/num"),
    ("exact_upper_den", "/availability/exact_upper/den"),
    ("covered_s", "/seconds/covered"),
    ("up_s", "/seconds/up"),
    ("down_s", "/seconds/down"),
    ("excluded_s", "/seconds/excluded"),
    ("unknown_s", "/seconds/unknown"),
    ("observed", ""),
    ("measured", ""),
    ("credit_amount", "/credit/amount"),
    ("credit_currency", "/credit/currency"),
    ("claim_state", "/claim/state"),
    ("claim_deadline", "/claim/deadline"),
    ("termination", "/termination/arises"),
    ("as_known_at", ""),
    ("tzdb", "/period/tzdb"),
    ("inputs_digest", ""),
    ("inputs_lines", ""),
    ("inputs_skipped", ""),
    ("termination_lapses", "/termination/lapses"),
    ("credit_base", "/credit/base"),
    ("credit_notes", ""),
    ("claim_missing", ""),
    ("made_up_until", ""),
];

/// The table: a header and a line for each row. Percentages are in percent, rounded down as on pages; lengths are exact
/// seconds; moments are RFC 3339 in UTC; what does not apply is empty. A cell that a spreadsheet would take for a formula
/// begins with an apostrophe.
///
/// # Panics
/// Never: it is written to memory.
#[must_use]
pub fn csv(statement: &Statement, inputs: &Inputs) -> String {
    const IN_MEMORY: &str = "writing to memory does not fail";
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(COLUMNS.map(|(name, _)| name)).expect(IN_MEMORY);
    let json = statement.to_json(inputs);
    let told = json["commitments"].as_array().map_or(&[][..], Vec::as_slice);
    for (row, told) in statement.rows.iter().zip(told) {
        let cells = COLUMNS.map(|(name, place)| harmless(cell(statement, inputs, row, told, name, place)));
        writer.write_record(cells).expect(IN_MEMORY);
    }
    String::from_utf8(writer.into_inner().expect(IN_MEMORY)).expect("every cell is text")
}

fn cell(statement: &Statement, inputs: &Inputs, row: &Row, told: &Value, name: &str, place: &str) -> String {
    if !place.is_empty() {
        return match told.pointer(place) {
            Some(Value::String(text)) => text.clone(),
            None | Some(Value::Null) => String::new(),
            Some(other) => other.to_string(),
        };
    }
    let texts = |place: &str| {
        let all = told.pointer(place).and_then(Value::as_array).into_iter().flatten();
        all.filter_map(Value::as_str).collect::<Vec<_>>().join(";")
    };
    match name {
        "agreement" => statement.agreement.to_string(),
        "observed" => row.observed.as_ref().map_or_else(String::new, |share| share.percent(row.decimals)),
        "measured" => {
            let each = row.measured.iter().map(|measured| format!("{}={}", measured.key, measured.amount));
            each.collect::<Vec<_>>().join(";")
        }
        "as_known_at" => statement.as_known_at.to_string(),
        "made_up_until" => statement.made_up_until.map_or_else(String::new, |until| until.to_string()),
        "inputs_digest" => inputs.digest.clone(),
        "inputs_lines" => inputs.lines.to_string(),
        "inputs_skipped" => inputs.skipped.to_string(),
        "credit_notes" => texts("/credit/notes"),
        "claim_missing" => texts("/claim/missing"),
        _ => String::new(),
    }
}

/// The cell, with an apostrophe before what a spreadsheet would run. Plain numbers stay numbers.
fn harmless(cell: String) -> String {
    let runs = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if runs && !is_number(&cell) { format!("'{cell}") } else { cell }
}

fn is_number(cell: &str) -> bool {
    let digits = cell.strip_prefix(['+', '-']).unwrap_or(cell);
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, decimals].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_text_and_a_number_stays_one() {
        for cell in ["=1+1", "+cmd", "-2+3", "@sum", "\tx", "\r=1", "-", "+", "-1.", "-1.2.3", "+-1", "=1"] {
            assert_eq!(harmless(cell.to_owned()), format!("'{cell}"));
        }
        for cell in ["-1", "+2.5", "-0.25", "1", "99.865", "", "2026-10", "a=b", "total"] {
            assert_eq!(harmless(cell.to_owned()), cell);
        }
    }
}
