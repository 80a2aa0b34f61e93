//! The evaluation: an agreement, a history and a moment of knowledge make a statement.
//!
//! One file for each step of the fixed order: [`compose`] makes the timeline of a subject, [`availability`] judges it.
//! Nothing here is kept between calls: live figures are this function called again.

pub mod availability;
pub mod compose;
mod period;

pub use period::periods;

use crate::agreement::{Agreement, Commitment, Subject};
use crate::history::History;
use crate::interval::Interval;
use crate::statement::{Row, Statement};
use crate::time::{Instant, Period};
use crate::timeline::Timeline;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Every commitment is judged for its own periods that overlap this one.
    pub period: Period,
    /// Facts recorded later do not count, and instants after it do not exist.
    pub as_known_at: Instant,
}

/// Judges every commitment of the agreement for every subject and period that the request asks for.
#[must_use]
pub fn evaluate(agreement: &Agreement, history: &History, request: &Request) -> Statement {
    let known = history.known_at(request.as_known_at);
    let mut rows = Vec::new();
    for commitment in &agreement.commitments {
        let periods = periods(&commitment.terms, &request.period);
        for subject in agreement.subjects(commitment) {
            let view = compose::Subject { agreement, commitment, subject: &subject, known: &known };
            let timeline = view.timeline();
            for period in &periods {
                rows.push(row(&view, &timeline, period, request.as_known_at));
            }
        }
    }
    Statement {
        agreement: agreement.id.clone(),
        revision: agreement.revision.clone(),
        period: request.period.clone(),
        as_known_at: request.as_known_at,
        rows,
    }
}

/// The timeline that a commitment's subject is judged by, for drawing it. `known` is what [`History::known_at`] returned.
#[must_use]
pub fn timeline(agreement: &Agreement, commitment: &Commitment, subject: &Subject, known: &History) -> Timeline {
    compose::Subject { agreement, commitment, subject, known }.timeline()
}

fn row(view: &compose::Subject<'_>, timeline: &Timeline, period: &Period, as_known_at: Instant) -> Row {
    let commitment = view.commitment;
    let counted = counted(view, period, as_known_at);
    let judged = availability::judge(commitment, timeline, counted, as_known_at >= period.interval.until());
    Row {
        commitment: commitment.id.clone(),
        clause: commitment.clause.clone(),
        force: view.agreement.find_clause(&commitment.clause).map(|clause| clause.force),
        subject: view.subject.clone(),
        period: period.clone(),
        zone: commitment.terms.zone.value.clone(),
        decimals: commitment.terms.decimals.value as usize,
        counted,
        verdict: judged.verdict,
        target: commitment.target.clone(),
        binding: commitment.terms.binding.as_ref().map(|binding| binding.value),
        availability: judged.availability,
        tally: judged.tally,
        reasons: counted.map_or_else(Vec::new, |span| view.reasons(timeline, span)),
    }
}

/// The part of the period that counts: the revision is in force, the solution is covered, and the instant is not after
/// the moment of knowledge.
fn counted(view: &compose::Subject<'_>, period: &Period, as_known_at: Instant) -> Option<Interval> {
    let solution = view.agreement.find_solution(&view.subject.solution);
    let covered_from = solution.and_then(|solution| solution.covered_from).unwrap_or(Instant::MIN);
    let covered_and_known = Interval::new(covered_from, as_known_at)?;
    period.interval.intersect(view.agreement.valid)?.intersect(covered_and_known)
}

#[cfg(test)]
mod tests;
