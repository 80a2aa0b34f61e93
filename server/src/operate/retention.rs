//! Retention: up to when observations may be erased, and asking for it once a day.
//!
//! The limit is pure over what is known. What is old enough stays all the same while something needs it: a month whose
//! statement is not frozen and whatever its figures may reach back to, an incident that goes on, a failure that goes on.
//! Not here: where the ledger can be cut, and the erasing itself (`measure/retention.rs`).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use uphold_core::evaluate::customers;
use uphold_core::history::{Check, History};
use uphold_core::id::{FactId, Series};
use uphold_core::ledger::book::Frozen;
use uphold_core::run::{Observed, Run};
use uphold_core::time::{Instant, Millis};

use crate::config::Retention;
use crate::live::Live;
use crate::measure::retention::{Erase, Plan};
use crate::revisions::Revisions;

const DAY: i64 = 86_400_000;

/// How far back a figure may reach from the beginning of its month: a year. With the month in progress that makes the 397
/// days that the checks file asks for at least.
const REACH: Millis = Millis(366 * DAY);

/// How often it is looked whether a new day has begun.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);

/// What must be known to say what is no longer needed.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The revisions of the agreement.
    pub revisions: &'a Revisions,
    /// Everything that is recorded.
    pub history: &'a History,
    /// The statements that were frozen.
    pub statements: &'a [Frozen],
    /// Up to when all this is known.
    pub as_known_at: Instant,
}

/// Up to when observations may be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// What was observed at this instant or later must stay.
    pub before: Instant,
    /// What needs observations that are old enough, by the instant from which it needs them, the earliest first.
    pub held: Vec<(Instant, Need)>,
}

/// What needs observations.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The statement of a month is not frozen.
    Unfrozen(String),
    /// An incident goes on.
    Incident(FactId),
    /// A failure goes on.
    Failing(Series),
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unfrozen(month) => {
                write!(f, "the statement of {month} is not frozen, and its figures may reach back a year")
            }
            Self::Incident(id) => write!(f, "the incident `{id}` goes on"),
            Self::Failing(series) => write!(f, "`{series}` has failed since then"),
        }
    }
}

impl<'a> From<&'a Live> for Known<'a> {
    fn from(live: &'a Live) -> Self {
        let Live { revisions, history, statements, as_known_at, .. } = live;
        Self { revisions, history, statements, as_known_at: *as_known_at }
    }
}

/// Up to when observations may be erased, if those before `wanted` are old enough.
#[must_use]
pub fn limit(known: &Known<'_>, wanted: Instant) -> Limit {
    let now = known.history.known_at(known.as_known_at);
    let open = now.facts.incidents.iter().filter(|incident| incident.body.span.until() == Instant::MAX);
    let incidents = open.map(|incident| (incident.body.span.from(), Need::Incident(incident.id.clone())));
    let goes_on = now.checks.iter().filter(|check| check.active.until() > known.as_known_at);
    let failing = goes_on.filter_map(|check| Some((failing_since(&now, check)?, Need::Failing(check.series.clone()))));
    let mut held: Vec<(Instant, Need)> = unfrozen(known, &now).into_iter().chain(incidents).chain(failing).collect();
    held.retain(|(from, _)| *from < wanted);
    held.sort();
    Limit { before: held.first().map_or(wanted, |(from, _)| *from), held }
}

/// The first month that is not frozen, for nobody in particular and for each customer that is known.
fn unfrozen(known: &Known<'_>, now: &History) -> Option<(Instant, Need)> {
    let first = now.checks.iter().map(|check| check.active.from()).min()?;
    let first = first.max(known.revisions.valid().from());
    let whose: Vec<_> = std::iter::once(None).chain(customers(now).into_iter().map(Some)).collect();
    let mut month = known.revisions.month_of(first);
    while month.interval.until() <= known.as_known_at {
        // A month of which something was erased already was frozen then.
        let is_judged = now.erased_before().is_none_or(|erased| erased <= month.interval.from());
        let is_frozen = |customer: &Option<_>| {
            known.statements.iter().any(|frozen| frozen.fact.period == month.name && frozen.fact.customer == *customer)
        };
        if is_judged && !whose.iter().all(is_frozen) {
            break;
        }
        month = known.revisions.month_of(month.interval.until());
    }
    Some((month.interval.from() - REACH, Need::Unfrozen(month.name)))
}

/// When the failure of a series began that goes on: the row of failures that no observation of it working has ended.
fn failing_since(now: &History, check: &Check) -> Option<Instant> {
    let runs = now.runs.get(&check.series)?;
    let row = runs.iter().rev().take_while(|run| run.state != Observed::Up);
    let failed = |run: &&Run| matches!(run.state, Observed::Down | Observed::Degraded);
    row.filter(failed).last().map(|run| run.from)
}

/// Asks once a day for what is old to be erased, until the engine ends. `by` is who says so.
pub async fn retain(
    live: watch::Receiver<Arc<Live>>,
    policy: watch::Receiver<Retention>,
    erase: mpsc::Sender<Erase>,
    by: String,
) {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let mut done = None;
    loop {
        tokio::select! {
            _ = looks.tick() => {}
            () = erase.closed() => return,
        }
        let Some(kept) = policy.borrow().measurements else { continue };
        let picture = Arc::clone(&live.borrow());
        let today = picture.as_known_at.0.div_euclid(DAY);
        if done == Some(today) {
            continue;
        }
        let wanted = picture.as_known_at - kept;
        let looked = tokio::task::spawn_blocking(move || limit(&Known::from(&*picture), wanted)).await;
        let Ok(limit) = looked else { return };
        for (from, need) in &limit.held {
            tracing::info!(%from, %need, "what is old enough to be erased is still needed");
        }
        let (reply, answer) = oneshot::channel();
        let why = format!("the retention policy: measurements {kept}");
        if erase.send(Erase { limit: limit.before, by: by.clone(), why, reply }).await.is_err() {
            return;
        }
        match answer.await {
            Ok(Ok(plan)) => {
                done = Some(today);
                if let Some(Plan { before, until, .. }) = plan {
                    tracing::info!(%before, until, "what was observed was erased under the retention policy");
                }
            }
            Ok(Err(error)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "what is old cannot be erased");
            }
            Err(_) => return,
        }
    }
}
