//! The maintenance schedule: every maintenance that everybody may know of, as it stands, with what was announced of it.
//!
//! Pure over what is recorded. Not here: pages, calendars and feeds (`web`), and the fact that it was published
//! (`operate/publication.rs`). Whatever was ever told of a single customer is not in it.

use std::collections::BTreeSet;

use uphold_core::agreement::Agreement;
use uphold_core::evaluate::{Announcement, Seen, announcements};
use uphold_core::history::{Audience, Change, Correction, Fact, History, Maintenance, MaintenanceStatus};
use uphold_core::id::FactId;
use uphold_core::interval::Interval;
use uphold_core::time::Instant;

/// How far a maintenance has come, as far as it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It is still to begin.
    Planned,
    /// Its time has begun, and nobody has told yet that the work has.
    Due,
    /// The work is going on within its time.
    Running,
    /// The work is going on after its time.
    Overrun,
    /// The work has ended.
    Completed,
    /// Its time is over, and nobody has told what happened.
    Untold,
    /// It was called off or taken back.
    Cancelled,
}

/// One maintenance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Which.
    pub id: FactId,
    /// The plan in force; of one that was taken back the last there was.
    pub plan: Maintenance,
    /// The times of earlier plans, where they differ from the next, the first one first.
    pub earlier: Vec<Interval>,
    /// How far it has come.
    pub standing: Standing,
    /// A number that grows whenever anything about it is told.
    pub version: u64,
    /// When it was first told.
    pub told_at: Instant,
    /// When something about it was told last.
    pub changed_at: Instant,
    /// Since when the plan in force is as it is.
    pub planned_since: Instant,
    /// When the plan in force was first published to everybody.
    pub published_at: Option<Instant>,
    /// What had to be announced of it, each plan under each commitment that promises a notice.
    pub announced: Vec<Announcement>,
}

impl Window {
    /// Whether it is still ahead, or going on; or was to be, and was called off.
    #[must_use]
    pub fn is_ahead(&self, now: Instant) -> bool {
        match self.standing {
            Standing::Planned | Standing::Due | Standing::Running | Standing::Overrun => true,
            Standing::Completed | Standing::Untold => false,
            Standing::Cancelled => self.plan.planned.until() > now,
        }
    }

    /// What really happened: when the work began, and when it ended.
    #[must_use]
    pub fn actual(&self) -> Option<(Instant, Option<Instant>)> {
        self.plan.actual_from.map(|from| (from, self.plan.actual_until))
    }

    /// What is said of the announcement of its plan in force, under each commitment: that plan's own, or that of the plan
    /// which it goes back to.
    pub fn of_plan(&self) -> impl Iterator<Item = &Announcement> {
        let last = |each: &&Announcement| {
            !self.announced.iter().any(|other| other.commitment == each.commitment && other.sequence > each.sequence)
        };
        self.announced.iter().filter(last)
    }
}

/// The schedule as known at a moment, in the order of time. `all` is everything that was recorded, and `seen` what holds of
/// it then.
#[must_use]
pub fn windows(revisions: &[Agreement], all: &History, seen: &Seen<'_>, now: Instant) -> Vec<Window> {
    let ids: BTreeSet<&FactId> = all.facts.maintenance.iter().map(|fact| &fact.id).collect();
    let announced = announcements(revisions, seen, now);
    let window = |id: &FactId| {
        let announced = announced.iter().filter(|each| each.id == *id).cloned().collect();
        window(id, &Told::of(all, id), seen.known(), announced, now)
    };
    let mut windows: Vec<Window> = ids.into_iter().filter_map(window).collect();
    windows.sort_by(|a, b| (a.plan.planned, &a.id).cmp(&(b.plan.planned, &b.id)));
    windows
}

/// Everything that was ever told of one maintenance.
struct Told<'h> {
    plans: Vec<&'h Fact<Maintenance>>,
    corrections: Vec<&'h Fact<Correction>>,
}

impl<'h> Told<'h> {
    fn of(all: &'h History, id: &FactId) -> Self {
        let mut plans: Vec<_> = all.facts.maintenance.iter().filter(|fact| fact.id == *id).collect();
        plans.sort_by_key(|fact| (fact.recorded_at, fact.body.sequence));
        Self { plans, corrections: all.facts.corrections.iter().filter(|fact| fact.body.of == *id).collect() }
    }

    /// Whether it was ever said to be a single customer's.
    fn is_of_a_customer(&self) -> bool {
        let set = |correction: &&Fact<Correction>| match &correction.body.change {
            Change::Set(set) => set.get("scope").is_some_and(|scope| scope.get("customer").is_some()),
            Change::Retract => false,
        };
        self.plans.iter().any(|plan| plan.body.scope.parts.customer.is_some()) || self.corrections.iter().any(set)
    }

    fn times(&self) -> impl Iterator<Item = Instant> {
        let plans = self.plans.iter().map(|fact| fact.recorded_at);
        plans.chain(self.corrections.iter().map(|fact| fact.recorded_at))
    }
}

/// One maintenance, unless nobody or a single customer was ever told of it.
fn window(id: &FactId, told: &Told<'_>, known: &History, announced: Vec<Announcement>, now: Instant) -> Option<Window> {
    let is_plan = |fact: &&Fact<Maintenance>| fact.body.status != MaintenanceStatus::Tentative;
    if told.is_of_a_customer() {
        return None;
    }
    let mut held: Vec<&Fact<Maintenance>> =
        known.facts.maintenance.iter().filter(|fact| fact.id == *id).filter(is_plan).collect();
    held.sort_by_key(|fact| fact.body.sequence);
    let fact = held.last().copied().or_else(|| told.plans.iter().copied().rfind(is_plan))?;
    let standing = if held.is_empty() { Standing::Cancelled } else { standing(&fact.body, now) };
    let spans: Vec<Interval> = held.iter().map(|fact| fact.body.planned).collect();
    let moved = spans.windows(2).filter(|pair| pair[0] != pair[1]).map(|pair| pair[0]);
    let of_plan = known.facts.notices.iter().filter(|notice| {
        let notice = &notice.body;
        notice.about == *id && notice.sequence == fact.body.sequence && notice.audience == Audience::Public
    });
    let tellings = told.times().count() as u64;
    let highest = told.plans.iter().map(|plan| plan.body.sequence).max().unwrap_or(0);
    Some(Window {
        id: id.clone(),
        plan: fact.body.clone(),
        earlier: moved.collect(),
        standing,
        version: u64::from(highest) + tellings.saturating_sub(1),
        told_at: told.times().min()?,
        changed_at: told.times().max()?,
        planned_since: known.planned_since(fact),
        published_at: of_plan.filter_map(|notice| notice.body.published_at).min().filter(|at| *at <= now),
        announced,
    })
}

/// How far a maintenance has come at a moment, as far as it was told.
#[must_use]
pub fn standing(plan: &Maintenance, now: Instant) -> Standing {
    let has_ended = plan.actual_until.is_some_and(|until| until <= now);
    let has_begun = plan.actual_from.is_some_and(|from| from <= now) || plan.status == MaintenanceStatus::InProcess;
    let is_over = plan.planned.until() <= now;
    match () {
        () if plan.status == MaintenanceStatus::Cancelled => Standing::Cancelled,
        () if has_ended || plan.status == MaintenanceStatus::Completed => Standing::Completed,
        () if has_begun && is_over => Standing::Overrun,
        () if has_begun => Standing::Running,
        () if is_over => Standing::Untold,
        () if plan.planned.from() <= now => Standing::Due,
        () => Standing::Planned,
    }
}
