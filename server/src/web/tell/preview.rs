//! What a record would change of statements, in words.

use uphold_core::statement::Row;

use super::super::subject;
use crate::live::Live;
use crate::operate::record::Change;
use crate::wording::subject::name;
use crate::wording::{Words, when};

/// One row of a statement, before and after.
pub(super) struct ChangeView {
    /// The commitment and its subject.
    pub(super) what: String,
    /// Whose statement it is: everybody's, and customers of whom the same is said.
    pub(super) whose: Vec<String>,
    /// The period.
    pub(super) period: String,
    /// What differs: what it is, what it says now, and what it would say.
    pub(super) differences: Vec<[String; 3]>,
}

/// What differs, row by row. What is said of several customers is said once.
pub(super) fn views(words: &Words, live: &Live, changes: &[Change]) -> Vec<ChangeView> {
    let mut views: Vec<ChangeView> = Vec::new();
    for change in changes {
        let one = view(words, live, change);
        let same = |other: &&mut ChangeView| {
            (&other.what, &other.period, &other.differences) == (&one.what, &one.period, &one.differences)
        };
        match views.iter_mut().find(same) {
            Some(other) => other.whose.extend(one.whose),
            None => views.push(one),
        }
    }
    views
}

fn view(words: &Words, live: &Live, change: &Change) -> ChangeView {
    let row = change.after.as_ref().or(change.before.as_ref());
    let what = row.map_or_else(String::new, |row| {
        let commitment = live.agreement.find_commitment(&row.commitment);
        let called = commitment.map_or_else(|| row.commitment.to_string(), |found| words.phrase(&found.name).text);
        format!("{called} · {}", name(words, &live.agreement, &row.subject).text)
    });
    let whose = row.map(|row| match row.customer() {
        None => words.texts.get("tell-for-everybody"),
        Some(customer) => customer.to_string(),
    });
    ChangeView {
        what,
        whose: whose.into_iter().collect(),
        period: row.map_or_else(String::new, |row| when::period(words, &row.period)),
        differences: differences(words, change),
    }
}

/// The verdict, the bounds and the figures, where they differ.
fn differences(words: &Words, change: &Change) -> Vec<[String; 3]> {
    let said = |row: &Option<Row>| row.as_ref().map_or_else(Vec::new, |row| says(words, row));
    let (before, after) = (said(&change.before), said(&change.after));
    let find = |all: &[(String, String)], label: &str| {
        all.iter().find(|(known, _)| known == label).map_or_else(|| "–".to_owned(), |(_, value)| value.clone())
    };
    let mut labels: Vec<&String> = before.iter().chain(&after).map(|(label, _)| label).collect();
    let mut seen = std::collections::BTreeSet::new();
    labels.retain(|label| seen.insert(label.as_str()));
    let all = labels.into_iter().map(|label| [label.clone(), find(&before, label), find(&after, label)]);
    let differ: Vec<[String; 3]> = all.filter(|[_, before, after]| before != after).collect();
    match differ.is_empty() {
        false => differ,
        // The figures are the same to the last digit that is shown; the reasons are others.
        true => vec![[words.texts.get("tell-reasons"), "–".to_owned(), words.texts.get("tell-reasons-change")]],
    }
}

fn says(words: &Words, row: &Row) -> Vec<(String, String)> {
    let verdict = (words.texts.get("tell-verdict"), words.verdict(row.verdict));
    std::iter::once(verdict).chain(subject::figures(words, row)).collect()
}
