//! Closing periods: the statement of a month is frozen when its time to close has passed, and what is learned later makes
//! the next one beside it. Nothing is overwritten.
//!
//! Pure over a picture. Not here: what a statement says (`uphold_core::evaluate`), and who may read it.

use uphold_core::evaluate::{Customers, Request, customers, evaluate};
use uphold_core::id::{CustomerId, FactId};
use uphold_core::ledger::book::Frozen;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::fact::{Fact, Statement as StatementFact};
use uphold_core::statement::{Inputs, Statement};
use uphold_core::time::{Instant, Millis, Period};

use crate::ledger::NewFact;
use crate::live::Live;

/// The months whose statements are due to be frozen, or are: those that ended at least `close_after` ago, from the one in
/// which something was first measured, the oldest first. Not those of which something was erased: their statements are
/// frozen, and would be made anew of less than was known.
#[must_use]
pub fn closed(live: &Live) -> Vec<Period> {
    let Some(first) = live.history.checks.iter().map(|check| check.active.from()).min() else { return Vec::new() };
    let mut periods = Vec::new();
    let mut period = live.revisions.month_of(first.max(live.revisions.valid().from()));
    while closes_at(live, &period) <= live.as_known_at && periods.len() < MONTHS_MAX {
        let next = live.revisions.month_of(period.interval.until());
        periods.push(std::mem::replace(&mut period, next));
    }
    if let Some(erased) = live.history.erased_before() {
        periods.retain(|period| period.interval.from() >= erased);
    }
    periods
}

/// A century: a first measurement that is dated wrongly must not keep the server busy for ever.
const MONTHS_MAX: usize = 1_200;

/// The facts that freeze what is not frozen of a month, or differs from what was: for nobody in particular, and for each
/// customer that is known. None, when all is as it was.
#[must_use]
pub fn due(live: &Live, period: &Period, by: &str) -> Vec<NewFact> {
    let known = live.history.known_at(live.as_known_at);
    let whose = std::iter::once(None).chain(customers(&known).into_iter().map(Some));
    whose.filter_map(|customer| one(live, period, customer, by)).collect()
}

fn one(live: &Live, period: &Period, customer: Option<CustomerId>, by: &str) -> Option<NewFact> {
    let asked = customer.clone().map_or(Customers::Nobody, Customers::One);
    let request = Request { period: period.clone(), as_known_at: live.as_known_at, customers: asked };
    // What the agreement leaves open is said elsewhere, at every picture; a statement without figures freezes nothing.
    let statement = evaluate(live.revisions.all(), &live.history, &request).ok()?;
    // A year that ends in this month may have begun in time that was erased since.
    let erased = live.history.erased_before().unwrap_or(Instant::MIN);
    if statement.rows.iter().any(|row| row.period.interval.from() < erased) {
        return None;
    }
    let figures = statement.figures();
    let earlier: Vec<&Frozen> = frozen(live, period, customer.as_ref()).collect();
    if earlier.last().is_some_and(|last| last.fact.figures == figures) {
        return None;
    }
    let number = earlier.len() as u64 + 1;
    let text = text(live, &statement);
    let whom = customer.as_ref().map_or_else(String::new, |customer| format!("-{customer}"));
    let id = format!("statement-{}{whom}-{number}", period.name);
    let fact = Fact::Statement(StatementFact {
        id: FactId::parse(&id).ok()?,
        by: by.to_owned(),
        agreement: statement.agreement.clone(),
        period: period.name.clone(),
        customer,
        number,
        as_known_at: live.as_known_at,
        text: Digest::of(&[text.as_bytes()]),
        figures,
    });
    Some(NewFact { fact, segment: Some(text.into_bytes()) })
}

/// The statements of a month that are frozen, in their order.
pub fn frozen<'a>(
    live: &'a Live,
    period: &'a Period,
    customer: Option<&'a CustomerId>,
) -> impl Iterator<Item = &'a Frozen> {
    let of = move |frozen: &&Frozen| frozen.fact.period == period.name && frozen.fact.customer.as_ref() == customer;
    live.statements.iter().filter(of)
}

fn text(live: &Live, statement: &Statement) -> String {
    let inputs = Inputs { digest: live.ledger.root.clone(), lines: live.ledger.size, skipped: 0 };
    statement.to_json_text(&inputs)
}

/// When a month closes, for whoever wants to know how long its figures may still change without a new revision.
#[must_use]
pub fn closes_at(live: &Live, period: &Period) -> Instant {
    // The revisions that may judge a part of it, and so the longest time that any of them gives.
    let judging = live.revisions.all().iter().filter(|each| each.valid.intersect(period.interval).is_some());
    let close_after = judging.flat_map(|each| &each.commitments).map(|each| each.terms.close_after.value).max();
    period.interval.until() + close_after.unwrap_or(Millis(0))
}
