//! What an alert says to people. Every text is one line: a name of the agreement cannot begin another one.

use uphold_core::agreement::{Agreement, Subject};
use uphold_core::id::CommitmentId;
use uphold_core::statement::Row;
use uphold_core::time::{Instant, Millis};
use uphold_core::timeline::State;

use super::subject::{name, solution_of};
use super::words::Words;
use crate::live::Live;
use crate::operate::alerts::{Alert, AlertKind};

/// The longest text of one line, in characters.
const LINE_MAX: usize = 500;

/// A text as one line.
fn line(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() || c == '\u{a0}' { ' ' } else { c }).collect();
    match text.char_indices().nth(LINE_MAX) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

/// What is wrong.
pub(crate) fn title(words: &Words, agreement: &Agreement, kind: AlertKind, subject: Option<&Subject>) -> String {
    let texts = words.texts;
    let name = subject.map_or_else(String::new, |subject| full_name(words, agreement, subject));
    line(&match kind {
        AlertKind::Down => texts.with("alert-down", &[("name", name.into())]),
        AlertKind::Unknown => texts.with("alert-unknown", &[("name", name.into())]),
        AlertKind::Burning => texts.with("alert-burning", &[("name", name.into())]),
        AlertKind::NotRecorded => texts.get("alert-not-recorded"),
        AlertKind::ClockNotSynchronised => texts.get("alert-clock"),
    })
}

/// That it is still so.
pub(crate) fn still(words: &Words, title: &str) -> String {
    line(&words.texts.with("alert-still", &[("title", title.into())]))
}

/// What holds instead, now that it is over.
pub(crate) fn over(
    words: &Words,
    agreement: &Agreement,
    kind: AlertKind,
    subject: Option<&Subject>,
    instead: Option<State>,
) -> String {
    let texts = words.texts;
    let name = subject.map_or_else(String::new, |subject| full_name(words, agreement, subject));
    line(&match (kind, instead) {
        (AlertKind::Down, Some(State::Excluded)) => texts.with("alert-over-excluded", &[("name", name.into())]),
        (AlertKind::Down, _) => texts.with("alert-over-down", &[("name", name.into())]),
        (AlertKind::Unknown, _) => texts.with("alert-over-unknown", &[("name", name.into())]),
        (AlertKind::Burning, _) => texts.with("alert-over-burning", &[("name", name.into())]),
        (AlertKind::NotRecorded, _) => texts.get("alert-over-not-recorded"),
        (AlertKind::ClockNotSynchronised, _) => texts.get("alert-over-clock"),
    })
}

/// That what a message told of is judged no more.
pub(crate) fn gone(words: &Words, title: &str) -> String {
    line(&words.texts.with("alert-over-gone", &[("title", title.into())]))
}

/// How long it lasted.
pub(crate) fn lasted(words: &Words, since: Instant, until: Instant) -> String {
    let blanks = [
        ("from", words.moment(since).into()),
        ("until", words.moment(until).into()),
        ("duration", words.length(until - since).into()),
    ];
    line(&words.texts.with("alert-lasted", &blanks))
}

/// The title and the text of a message that tries a channel.
pub(crate) fn test(words: &Words, channel: &str) -> (String, String) {
    (words.texts.get("alert-test"), line(&words.texts.with("alert-test-text", &[("channel", channel.into())])))
}

/// Since when, which clauses, what the figures are, and what the machine says.
pub(crate) fn lines(words: &Words, live: &Live, alert: &Alert, now: Instant) -> Vec<String> {
    let texts = words.texts;
    let since = [("moment", words.moment(alert.since).into()), ("duration", words.lasting(now - alert.since).into())];
    let mut lines = vec![texts.with("alert-since", &since)];
    lines.extend(alert.commitments.iter().filter_map(|(id, subject)| of_commitment(words, live, id, subject)));
    match alert.kind {
        AlertKind::Down => {}
        AlertKind::Unknown => lines.push(texts.get("alert-unknown-means")),
        AlertKind::Burning => {
            lines.extend(alert.commitments.iter().filter_map(|(id, subject)| spent(words, live, id, subject)));
            lines.push(texts.get("alert-burning-means"));
        }
        AlertKind::NotRecorded => lines.push(texts.get("alert-not-recorded-means")),
        AlertKind::ClockNotSynchronised => lines.push(texts.get("alert-clock-means")),
    }
    lines.extend(alert.detail.clone());
    lines.iter().map(|text| line(text)).collect()
}

/// How much of the down time that the target allows is used up.
fn spent(words: &Words, live: &Live, id: &CommitmentId, subject: &Subject) -> Option<String> {
    let view = live.budgets.iter().find(|view| view.commitment == *id && view.subject == *subject)?;
    let budget = view.budget?;
    let blanks = [("spent", words.length(budget.spent_least).into()), ("allowed", words.length(budget.allowed).into())];
    Some(words.texts.with("alert-spent", &blanks))
}

fn of_commitment(words: &Words, live: &Live, id: &CommitmentId, subject: &Subject) -> Option<String> {
    let commitment = live.agreement.find_commitment(id)?;
    let name = words.phrase(&commitment.name).text;
    let clause = [("id", commitment.clause.as_str().into()), ("name", name.into())];
    let clause = words.texts.with("alert-clause", &clause);
    let mut parts = vec![clause];
    parts.extend(
        commitment.target().map(|target| words.texts.with("promised", &[("percent", target.percent.as_str().into())])),
    );
    if let (Some(figure), Some(row)) = (figure(words, live, id, subject), row(live, id, subject)) {
        let period = words.period(&row.period.name);
        parts.push(words.texts.with("alert-so-far", &[("period", period.into()), ("figure", figure.into())]));
    }
    Some(parts.join(&words.texts.get("alert-separator")))
}

/// Both bounds of the percentage of the period in progress, or one where they are equal.
pub(crate) fn figure(words: &Words, live: &Live, id: &CommitmentId, subject: &Subject) -> Option<String> {
    let row = row(live, id, subject)?;
    let percent = |text: String| line(&words.texts.with("percent", &[("percent", text.into())]));
    let Some(bounds) = &row.availability else { return Some(percent(row.observed.as_ref()?.percent(row.decimals))) };
    let [lower, upper] = [&bounds.lower, &bounds.upper].map(|ratio| ratio.percent(row.decimals));
    if lower == upper {
        return Some(percent(lower));
    }
    Some(line(&words.texts.with("percent-range", &[("lower", lower.into()), ("upper", upper.into())])))
}

fn row<'a>(live: &'a Live, id: &CommitmentId, subject: &Subject) -> Option<&'a Row> {
    let last = live.as_known_at - Millis(1);
    let mut rows = live.statement.rows.iter().filter(|row| row.commitment == *id && row.subject == *subject);
    rows.clone().find(|row| row.period.interval.contains(last)).or_else(|| rows.next_back())
}

/// A subject with its solution: `API of Workload Security`.
fn full_name(words: &Words, agreement: &Agreement, subject: &Subject) -> String {
    let part = name(words, agreement, subject).text;
    let Some(solution) = solution_of(agreement, subject) else { return part };
    let solution = words.phrase(&solution.name).text;
    if (Subject { solution: None, ..subject.clone() }) == Subject::default() {
        return solution;
    }
    words.texts.with("alert-part-of", &[("part", part.into()), ("solution", solution.into())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_many_lines_becomes_one_and_a_long_one_ends() {
        assert_eq!(line("a\r\nBcc: x\u{0}"), "a  Bcc: x ");
        assert_eq!(line(&"ä".repeat(600)).chars().count(), LINE_MAX + 1);
    }
}
