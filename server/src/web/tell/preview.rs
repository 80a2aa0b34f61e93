//! What a record would change of statements, in words.

use uphold_core::statement::Row;

use super::super::subject;
use crate::live::Live;
use crate::operate::record::Change;
use crate::wording::subject::name;
use crate::wording::{Words, when};

/// One row of a statement, before and after.
pub(super) struct ChangeView {
    /// The commitment, its subject, and the customer whose statement it is.
    pub(super) what: String,
    /// The period.
    pub(super) period: String,
    /// What it says now.
    pub(super) before: Vec<String>,
    /// What it would say.
    pub(super) after: Vec<String>,
}

pub(super) fn view(words: &Words, live: &Live, change: &Change) -> ChangeView {
    let row = change.after.as_ref().or(change.before.as_ref());
    let what = row.map_or_else(String::new, |row| {
        let commitment = live.agreement.find_commitment(&row.commitment);
        let called = commitment.map_or_else(|| row.commitment.to_string(), |found| words.phrase(&found.name).text);
        let subject = name(words, &live.agreement, &row.subject).text;
        let customer = row
            .customer()
            .map(|customer| words.texts.with("tell-for-customer", &[("customer", customer.as_str().into())]));
        [Some(called), Some(subject), customer].into_iter().flatten().collect::<Vec<_>>().join(" · ")
    });
    let said = |row: &Option<Row>| match row {
        None => vec![words.texts.get("tell-no-row")],
        Some(row) => says(words, row),
    };
    ChangeView {
        what,
        period: row.map_or_else(String::new, |row| when::period(words, &row.period)),
        before: said(&change.before),
        after: said(&change.after),
    }
}

/// The verdict, the bounds or the figures of a row.
fn says(words: &Words, row: &Row) -> Vec<String> {
    let figures = subject::figures(words, row).into_iter().map(|(label, value)| format!("{label} {value}"));
    std::iter::once(words.verdict(row.verdict)).chain(figures).collect()
}
