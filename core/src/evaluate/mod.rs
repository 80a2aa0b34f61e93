//! The evaluation: revisions of an agreement, a history and a moment of knowledge make a statement.
//!
//! One file for each step of the fixed order: coverage → indicator → composition → slice → qualification → exclusion and
//! caps → aggregate → exact comparison → remedy → claim. Nothing here is kept between calls: live figures are this
//! function called again.

mod availability;
mod budget;
mod caps;
mod claim;
mod compose;
mod coverage;
mod fee;
mod obligation;
mod period;
mod problem;
mod remedy;
mod revision;
mod seen;
mod subjects;
mod view;
mod windows;

pub use budget::{BURN_RULES, Budget, Burn, BurnRule, Urgency, budget, burns};
pub use compose::whole;
pub use coverage::{Coverage, coverage};
pub use obligation::{Announcement, announcements, suspension_told};
pub use problem::{Problem, problems, revision_problems};
pub use revision::{binding, in_force, timeline_over};
pub use seen::Seen;
pub use subjects::{customers, subjects};

use crate::agreement::{Agreement, Commitment, PeriodTerm, Promise, Subject};
use crate::history::{History, Parts};
use crate::id::CustomerId;
use crate::interval::{Interval, IntervalSet};
use crate::statement::{Row, Statement, Verdict};
use crate::time::{Instant, Millis, Period};
use crate::timeline::{Tally, Timeline};
use revision::Revisions;
use view::View;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Every commitment is judged for its own periods that overlap this one.
    pub period: Period,
    /// Facts recorded later do not count, and instants after it do not exist.
    pub as_known_at: Instant,
    /// For whom.
    pub customers: Customers,
}

/// For whom a statement is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Customers {
    /// For nobody in particular: the service as such.
    Nobody,
    /// For one customer.
    One(CustomerId),
    /// For each customer that the history speaks of.
    All,
}

/// Judges every commitment of the agreement for every subject, customer and period that the request asks for. `revisions`
/// are those of one agreement in the order of their validity.
///
/// # Errors
/// Every term that what the history holds needs and the agreement does not state.
pub fn evaluate(revisions: &[Agreement], history: &History, request: &Request) -> Result<Statement, Vec<Problem>> {
    evaluate_known(revisions, &Seen::new(&history.known_at(request.as_known_at)), request)
}

/// The same over what was known at the moment that the request names: what [`History::known_at`] gave.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_known(revisions: &[Agreement], seen: &Seen<'_>, request: &Request) -> Result<Statement, Vec<Problem>> {
    let known = seen.known();
    let Some(first) = revisions.first() else {
        let message = "there is no agreement to judge by".to_owned();
        return Err(vec![Problem { message, help: "give at least one revision".to_owned() }]);
    };
    let problems = problems(revisions, known, request);
    if !problems.is_empty() {
        return Err(problems);
    }
    let all = Revisions::new(revisions);
    let customers: Vec<Option<CustomerId>> = match &request.customers {
        Customers::Nobody => vec![None],
        Customers::One(customer) => vec![Some(customer.clone())],
        Customers::All => customers(known).into_iter().map(Some).collect(),
    };
    let mut rows: Vec<(Row, Option<String>)> = Vec::new();
    for agreement in revisions {
        for commitment in &agreement.commitments {
            for subject in subjects(agreement, commitment, known) {
                for customer in &customers {
                    let subject = Subject {
                        parts: Parts { customer: customer.clone(), ..subject.parts.clone() },
                        ..subject.clone()
                    };
                    let binds = all.binds(agreement, customer.as_ref(), known);
                    let view = View {
                        agreement,
                        commitment,
                        subject: &subject,
                        seen,
                        known,
                        now: request.as_known_at,
                        binds: &binds,
                    };
                    let group = group(commitment);
                    rows.extend(of_subject(&view, &all, request).into_iter().map(|row| (row, group.clone())));
                }
            }
        }
    }
    remedy::do_not_stack(&mut rows);
    let rows: Vec<Row> = rows.into_iter().map(|(row, _)| row).collect();
    let mut judged: Vec<String> = Vec::new();
    for agreement in revisions {
        if revisions.len() == 1 || rows.iter().any(|row| row.revision == agreement.revision) {
            judged.push(agreement.revision.clone());
        }
    }
    Ok(Statement {
        agreement: first.id.clone(),
        revisions: judged,
        period: request.period.clone(),
        as_known_at: request.as_known_at,
        made_up_until: made_up_until(known, request),
        rows,
    })
}

/// Until when the facts of the period are made up, as far as it was known.
fn made_up_until(known: &History, request: &Request) -> Option<Instant> {
    let until = known.made_up_until()?.min(request.as_known_at);
    (until > request.period.interval.from()).then_some(until)
}

fn group(commitment: &Commitment) -> Option<String> {
    commitment.availability().and_then(|terms| terms.remedy.as_ref()).and_then(|remedy| remedy.value.group.clone())
}

/// The rows of one subject under one revision, for the periods that were asked for.
fn of_subject(view: &View<'_>, revisions: &Revisions<'_>, request: &Request) -> Vec<Row> {
    let asked = request.period.interval;
    let reach = remedy::reaches_back(view, asked);
    let asked_period = Period { interval: reach, ..request.period.clone() };
    let periods =
        if reach == asked { period::periods(view, &request.period) } else { period::periods(view, &asked_period) };
    let mut rows: Vec<Row> = Vec::new();
    for period in &periods {
        let judges = revisions.judges(view.binds, period);
        if judges.parts().is_empty() && !revisions.is_one() {
            continue;
        }
        rows.push(row(&View { binds: &judges, ..*view }, period));
    }
    if let Some(terms) = view.commitment.availability() {
        if let Some(total) = terms.remedy.as_ref().and_then(|remedy| remedy.value.total.as_ref()) {
            remedy::cap_total(view, total, &mut rows);
        }
        if let Some(termination) = &terms.termination {
            remedy::termination(&termination.value, &mut rows);
        }
        if let Some(claim) = &terms.claim
            && terms.remedy.is_some()
            && view.customer().is_some()
        {
            for row in &mut rows {
                let frozen = row.period.interval.until() + view.commitment.terms.close_after.value;
                row.claim = Some(claim::state(view, &claim.value, row, frozen));
            }
        }
    }
    // A claim belongs to the statement of the time in which it was filed.
    let by_claim = matches!(view.commitment.terms.period.value, PeriodTerm::Claim { .. });
    rows.retain(|row| match by_claim {
        true => asked.contains(row.period.interval.until()),
        false => row.period.interval.intersect(asked).is_some(),
    });
    rows
}

fn row(view: &View<'_>, period: &Period) -> Row {
    let commitment = view.commitment;
    let mut row = Row {
        commitment: commitment.id.clone(),
        kind: commitment.kind(),
        clause: commitment.clause.clone(),
        force: view.agreement.find_clause(&commitment.clause).map(|clause| clause.force),
        revision: view.agreement.revision.clone(),
        subject: view.subject.clone(),
        period: period.clone(),
        zone: commitment.terms.zone.value.clone(),
        decimals: commitment.terms.decimals.value as usize,
        counted: IntervalSet::empty(),
        verdict: Verdict::NotCovered,
        binding: None,
        target: commitment.target().cloned(),
        availability: None,
        tally: Tally::default(),
        observed: None,
        goals: Vec::new(),
        measured: Vec::new(),
        credit: None,
        claim: None,
        termination: None,
        reasons: Vec::new(),
    };
    match &commitment.promise {
        Promise::Availability(terms) => {
            let goals: Vec<_> = terms.goals.iter().map(|goal| availability::judge(view, terms, goal, period)).collect();
            let partial = terms.partial.as_ref().map(|partial| partial.value);
            let span = period.interval;
            row.counted = coverage::counted(view, &terms.service_time.value, partial, span, span).all();
            row.binding = terms.binding.as_ref().map(|binding| binding.value);
            if let Some(decides) = availability::together(&goals).cloned() {
                row.verdict = decides.verdict;
                row.target = decides.target;
                row.availability = decides.availability;
                row.tally = decides.tally;
                row.observed = decides.observed;
                row.reasons = decides.reasons;
                row.credit = decides.credit;
            }
            if goals.len() > 1 {
                // Of conjoined targets the larger credit is owed.
                row.credit = goals
                    .iter()
                    .filter_map(|goal| goal.credit.clone())
                    .reduce(|held, next| if next.amount > held.amount { next } else { held });
                row.goals = goals;
            }
        }
        Promise::Monitoring(terms) => obligation::monitoring(view, terms, &mut row),
        Promise::Obligation(promise) => obligation::judge(view, promise, &mut row),
    }
    row
}

/// The timeline that a commitment's subject is judged by around a period, for drawing it; unknown where it is not judged
/// by time.
#[must_use]
pub fn timeline(
    agreement: &Agreement,
    commitment: &Commitment,
    subject: &Subject,
    seen: &Seen<'_>,
    now: Instant,
) -> Timeline {
    let binds = IntervalSet::from(Interval::ALL);
    let view = View { agreement, commitment, subject, seen, known: seen.known(), now, binds: &binds };
    let Some(interval) = Interval::new(now - Millis(1), now) else { return Timeline::unknown() };
    match &commitment.promise {
        Promise::Availability(terms) => availability::timeline(&view, terms, &Period { name: String::new(), interval }),
        Promise::Monitoring(terms) => compose::tree(&view, &terms.states).timeline(&[]),
        Promise::Obligation(_) => Timeline::unknown(),
    }
}

#[cfg(test)]
mod tests;
