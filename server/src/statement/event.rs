//! Commitments that are no percentage: the figures that were measured, and each event that was judged.

use uphold_core::agreement::Solution;
use uphold_core::statement::{Amount, Cause, Measured, Reason, ReasonKind, Row};
use uphold_core::time::{Instant, Millis};
use uphold_core::timeline::State;

use super::when::{self, Moment};
use crate::wording::{Words, cause};

/// One event.
pub(super) struct Event {
    /// The name of what came of it, which is also its class.
    pub(super) class: &'static str,
    /// What came of it.
    pub(super) outcome: String,
    pub(super) from: Moment,
    /// Absent where it is a moment.
    pub(super) until: Option<Moment>,
    /// What it shows, one sentence each.
    pub(super) notes: Vec<String>,
}

/// How many events came to what.
pub(super) struct Count {
    pub(super) kept: usize,
    pub(super) missed: usize,
    pub(super) undecided: usize,
    pub(super) all: usize,
}

/// Counts the events of a row.
pub(super) fn count(row: &Row) -> Count {
    let of = |kind: ReasonKind| row.reasons.iter().filter(|reason| reason.kind == kind).count();
    let (kept, missed, undecided) = (of(ReasonKind::Kept), of(ReasonKind::Missed), of(ReasonKind::Undecided));
    Count { kept, missed, undecided, all: kept + missed + undecided + of(ReasonKind::Measured) }
}

/// Every event of a row, in the order of time.
pub(super) fn all(words: &Words, solution: Option<&Solution>, row: &Row) -> Vec<Event> {
    row.reasons.iter().filter(|reason| reason.state().is_none()).map(|reason| event(words, solution, reason)).collect()
}

fn event(words: &Words, solution: Option<&Solution>, reason: &Reason) -> Event {
    let key = match reason.kind {
        ReasonKind::Kept => "statement-kept",
        ReasonKind::Missed => "statement-missed",
        ReasonKind::Undecided => "statement-undecided",
        ReasonKind::Measured | ReasonKind::State(_) => "statement-measured",
    };
    let (from, until) = (reason.interval.from(), reason.interval.until());
    // A moment is given as the shortest stretch that there is.
    let lasts = until - from > Millis(1);
    let text = |each: &Cause| cause::text(words, solution, State::Down, each);
    Event {
        class: reason.kind.name(),
        outcome: words.texts.get(key),
        from: when::moment(words, from),
        until: (lasts || until >= Instant::MAX).then(|| when::moment(words, until)),
        notes: reason.causes.iter().map(text).collect(),
    }
}

/// The figures of a row: what each is, and how much.
pub(super) fn measured(words: &Words, row: &Row) -> Vec<(String, String)> {
    row.measured.iter().map(|each| (label(words, each), amount(words, row, &each.amount))).collect()
}

fn amount(words: &Words, row: &Row, amount: &Amount) -> String {
    match amount {
        Amount::Time(length) => words.texts.with(
            "statement-length",
            &[("clock", when::clock_length(*length).into()), ("seconds", when::seconds(words, *length).into())],
        ),
        Amount::Moment(at) => when::moment(words, *at).text,
        Amount::Count(_) | Amount::Share(_) => words.amount(amount, row.decimals),
    }
}

fn label(words: &Words, measured: &Measured) -> String {
    let texts = words.texts;
    match measured.key {
        "absent" => texts.get("statement-measured-absent"),
        "count" => texts.get("statement-measured-count"),
        "disasters" => texts.get("statement-measured-disasters"),
        "events" => texts.get("statement-measured-events"),
        "exercises" => texts.get("statement-measured-exercises"),
        "extensions" => texts.get("statement-measured-extensions"),
        "incidents" => texts.get("statement-measured-incidents"),
        "last" => texts.get("statement-measured-last"),
        "left" => texts.get("statement-measured-left"),
        "limit" => texts.get("statement-measured-limit"),
        "longest" => texts.get("statement-measured-longest"),
        "longest_exercise" => texts.get("statement-measured-longest-exercise"),
        "longest_extension" => texts.get("statement-measured-longest-extension"),
        "longest_gap" => texts.get("statement-measured-longest-gap"),
        "not_restored" => texts.get("statement-measured-not-restored"),
        "observed" => texts.get("statement-observed"),
        "planned" => texts.get("statement-measured-planned"),
        "present" => texts.get("statement-measured-present"),
        "shortest_notice" => texts.get("statement-measured-shortest-notice"),
        "slowest_notice" => texts.get("statement-measured-slowest-notice"),
        "suspensions" => texts.get("statement-measured-suspensions"),
        "unannounced" => texts.get("statement-measured-unannounced"),
        "untold" => texts.get("statement-measured-untold"),
        "used" => texts.get("statement-measured-used"),
        "windows" => texts.get("statement-measured-windows"),
        other => other.replace('_', " "),
    }
}
