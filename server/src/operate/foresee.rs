//! What a maintenance that somebody is about to tell would come to, if it were recorded and published at once: whether its
//! notice is in time, and what it leaves of every limit on maintenance that it touches.
//!
//! Every figure is the evaluation's own, over a history in which both have happened. Not here: what it does to statements
//! (`record.rs`), and how any of it is said (`web/tell`).

use uphold_core::agreement::{Agreement, CapScope, Obligation, Promise};
use uphold_core::evaluate::{Customers, Request, Seen, evaluate};
use uphold_core::history::{Change, Fact, History, Maintenance, MaintenanceStatus};
use uphold_core::id::{CustomerId, FactId};
use uphold_core::interval::Interval;
use uphold_core::ledger::fact::Record;
use uphold_core::ledger::record::Recorded;
use uphold_core::statement::{Amount, Cause, EventNote, ReasonKind, Row};
use uphold_core::time::{Instant, Millis, Period};

use super::publication;
use crate::live::Live;
use crate::schedule;

/// How far ahead of its beginning the months of a maintenance are looked at: thirteen are more than any limit lasts.
const REACH: Millis = Millis(366 * 86_400_000);

/// What a maintenance would come to.
#[derive(Debug, Clone)]
pub struct Foreseen {
    /// What the server would record of its publication, where everybody may know of it.
    pub publication: Vec<Record>,
    /// What would be said of its notice and of its extension, for whoever each is promised to.
    pub notices: Vec<Notice>,
    /// What it would take of each limit, for each period that it touches, and for whoever that is promised to.
    pub limits: Vec<Limit>,
    /// Whether everybody may know of it, so that the schedule shows it.
    pub is_public: bool,
    /// Whether it is only a thought so far, which announces and takes nothing.
    pub is_tentative: bool,
    /// Whether there would be none any more.
    pub is_gone: bool,
    /// The last instant that was looked at, where the maintenance is planned for longer.
    pub looked_until: Option<Instant>,
}

/// What would be said of one promise of a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The row of the statement that says it.
    pub row: Row,
    /// Whether it is about the beginning of the work, about moving its end, or about how far that is moved.
    pub note: EventNote,
    /// The instant that the notice is held against: the beginning, or the end that was in force.
    pub of: Instant,
    /// How long before that it would come, or how far the end is moved; nothing, where nothing proves one.
    pub given: Option<Millis>,
    /// How long before that it must come, or how far the end may be moved.
    pub needed: Option<Millis>,
    /// Whether it would be in time, too late, or may still come.
    pub kind: ReasonKind,
}

/// What would be taken of one limit in one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The row of the statement with the maintenance in it.
    pub row: Row,
    /// What was used before.
    pub used: Millis,
    /// What others plan.
    pub planned: Millis,
    /// What this one adds, time that others plan as well counted once; less than nothing, where it gives time back.
    pub adds: Millis,
    /// The limit.
    pub limit: Millis,
}

/// What these records would come to, if one of them is a maintenance or corrects one. Nothing, where none is, and where
/// they cannot be judged.
#[must_use]
pub fn foresee(live: &Live, records: &[Record], now: Instant) -> Option<Foreseen> {
    let mut after = (*live.history).clone();
    let mut about = None;
    for record in records {
        let (_, said) = Recorded::read(record, live.ledger.size, now).ok()?;
        about = told(&said, &after).or(about);
        after.append(said);
    }
    let about = about?;
    let schedule = schedule(live, &after, now);
    let is_public = schedule.schedule.iter().any(|window| window.id == about);
    let own = about.clone();
    let publication = publication::due(&schedule, now, &records.first()?.by, &move |_, id| *id == own);
    for record in &publication {
        after.append(Recorded::read(record, live.ledger.size, now).ok()?.1);
    }
    let (known_before, known) = (live.history.known_at(now), after.known_at(now));
    let held = latest(&known, &about).filter(|plan| plan.body.status != MaintenanceStatus::Cancelled);
    let plan = latest(&known, &about).or_else(|| latest(&known_before, &about))?;
    let plans =
        [&known_before, &known].map(|known| plans(known, &about).map(|plan| plan.body.planned).collect::<Vec<_>>());
    let spans: Vec<Interval> = plans.into_iter().flatten().collect();
    let from = spans.iter().map(|span| span.from()).min()?;
    let end = spans.iter().map(|span| span.until()).max()?;
    let looked_until = (end > from + REACH).then(|| from + REACH);
    let asked = Interval::new(from, looked_until.unwrap_or(end))?;
    let revisions = of_maintenance(live.revisions.all());
    let (before, rows) = (rows(&revisions, &live.history, asked, now), rows(&revisions, &after, asked, now));
    let notices = rows.iter().flat_map(|row| notices(row, &about, held)).collect();
    let touched = |row: &&Row| spans.iter().any(|span| row.period.interval.intersect(*span).is_some());
    let limits = rows.iter().filter(touched).filter(|row| concerns(&revisions, row, plan));
    let limits = limits.filter_map(|row| limit(row, &before)).collect();
    let is_tentative = held.is_some_and(|plan| plan.body.status == MaintenanceStatus::Tentative);
    Some(Foreseen { publication, notices, limits, is_public, is_tentative, is_gone: held.is_none(), looked_until })
}

/// The maintenance that a record tells or corrects.
fn told(said: &History, before: &History) -> Option<FactId> {
    if let Some(plan) = said.facts.maintenance.first() {
        return Some(plan.id.clone());
    }
    let corrects = said.facts.corrections.first()?;
    let is_one = before.facts.maintenance.iter().any(|plan| plan.id == corrects.body.of);
    let of_plan = matches!(corrects.body.change, Change::Retract | Change::Set(_));
    (is_one && of_plan).then(|| corrects.body.of.clone())
}

/// The picture that the schedule would be drawn from.
fn schedule(live: &Live, after: &History, now: Instant) -> Live {
    let known = after.known_at(now);
    Live {
        as_known_at: now,
        notices: known.facts.notices.clone(),
        schedule: schedule::windows(live.revisions.all(), after, &Seen::new(&known), now).into(),
        history: after.clone().into(),
        ..live.clone()
    }
}

/// The revisions with what they promise of maintenance, and nothing else: the rest takes longer and says nothing of it.
fn of_maintenance(revisions: &[Agreement]) -> Vec<Agreement> {
    let mut revisions = revisions.to_vec();
    for agreement in &mut revisions {
        agreement.commitments.retain(|each| {
            let Promise::Obligation(promise) = &each.promise else { return false };
            matches!(
                promise,
                Obligation::MaintenanceNotice { .. }
                    | Obligation::MaintenanceExtension { .. }
                    | Obligation::MaintenanceCap { .. }
            )
        });
    }
    revisions
}

/// What is judged of maintenance for everybody and for each customer; nothing, where the agreement leaves that open.
fn rows(revisions: &[Agreement], history: &History, asked: Interval, now: Instant) -> Vec<Row> {
    let period = Period { name: "maintenance".to_owned(), interval: asked };
    let of = |customers| {
        let request = Request { period: period.clone(), as_known_at: now, customers };
        evaluate(revisions, history, &request).map(|statement| statement.rows).unwrap_or_default()
    };
    [Customers::Nobody, Customers::All].into_iter().flat_map(of).collect()
}

fn plans<'h>(known: &'h History, about: &FactId) -> impl Iterator<Item = &'h Fact<Maintenance>> {
    known.facts.maintenance.iter().filter(move |plan| plan.id == *about)
}

fn latest<'h>(known: &'h History, about: &FactId) -> Option<&'h Fact<Maintenance>> {
    plans(known, about).max_by_key(|plan| plan.body.sequence)
}

/// What a row says of the latest plan: of its beginning, and of its end where that was moved.
fn notices(row: &Row, about: &FactId, plan: Option<&Fact<Maintenance>>) -> Vec<Notice> {
    let mut found = Vec::new();
    let Some(plan) = plan else { return found };
    let of_it =
        |cause: &Cause| matches!(cause, Cause::Event { id: Some(id), note: EventNote::Announced, .. } if id == about);
    let begins =
        row.reasons.iter().filter(|reason| reason.causes.iter().any(of_it)).map(|reason| reason.interval.from());
    // A beginning that was moved within what was announced already is held against that announcement.
    let planned = plan.body.planned.from();
    let announced = begins.clone().find(|from| *from == planned).or_else(|| begins.max());
    for reason in &row.reasons {
        for cause in &reason.causes {
            let Cause::Event { id: Some(id), note, took, limit } = cause else { continue };
            let is_latest = match note {
                EventNote::Announced => announced == Some(reason.interval.from()),
                EventNote::Extended | EventNote::ExtendedTooFar => reason.interval.until() == plan.body.planned.until(),
                _ => false,
            };
            if id == about && is_latest {
                // An extension that goes too far may well have been told in time.
                let in_time =
                    *note == EventNote::Extended && took.zip(*limit).is_some_and(|(given, lead)| given >= lead);
                let kind = if in_time { ReasonKind::Kept } else { reason.kind };
                let (row, of) = (row.clone(), reason.interval.from());
                found.push(Notice { row, note: *note, of, given: *took, needed: *limit, kind });
            }
        }
    }
    found
}

/// Whether a limit is one on this maintenance: on its class, and on what it is done to.
fn concerns(revisions: &[Agreement], row: &Row, plan: &Fact<Maintenance>) -> bool {
    let judging = revisions.iter().find(|agreement| agreement.revision == row.revision);
    let commitment = judging.and_then(|agreement| agreement.find_commitment(&row.commitment));
    let Some(Promise::Obligation(Obligation::MaintenanceCap { classes, scope: counted, .. })) =
        commitment.map(|commitment| &commitment.promise)
    else {
        return false;
    };
    let of_class = classes.value.contains(&plan.body.class);
    let of_all = counted.value == CapScope::All;
    let scope = &plan.body.scope;
    let same = |a: Option<&CustomerId>, b: Option<&CustomerId>| a.is_none() || a == b;
    let (own, whose) = (row.subject.solution.as_ref(), row.customer());
    of_class
        && (of_all || scope.solution.is_none() || own.is_none() || scope.solution.as_ref() == own)
        && same(scope.parts.customer.as_ref(), whose)
}

/// What is taken of a limit, held against what was without the maintenance.
fn limit(row: &Row, before: &[Row]) -> Option<Limit> {
    let earlier = before.iter().find(|other| {
        (&other.commitment, &other.subject, &other.period, &other.revision)
            == (&row.commitment, &row.subject, &row.period, &row.revision)
    });
    let of = |row: &Row, key: &str| {
        row.measured.iter().find(|each| each.key == key).and_then(|each| match each.amount {
            Amount::Time(length) => Some(length),
            _ => None,
        })
    };
    let (used, planned) = earlier.map_or((Millis(0), Millis(0)), |row| {
        (of(row, "used").unwrap_or(Millis(0)), of(row, "planned").unwrap_or(Millis(0)))
    });
    let adds = of(row, "used")? + of(row, "planned")? - (used + planned);
    Some(Limit { row: row.clone(), used, planned, adds, limit: of(row, "limit")? })
}
