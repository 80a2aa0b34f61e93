//! Commitments that are no percentage: each event that was judged.

use uphold_core::agreement::Solution;
use uphold_core::statement::{Cause, Reason, ReasonKind, Row};
use uphold_core::time::{Instant, Millis};
use uphold_core::timeline::State;

use crate::wording::when::{self, Moment};
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
