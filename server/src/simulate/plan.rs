//! What is made up: when each part fails, when nobody watches, and what is announced.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uphold_core::agreement::Agreement;
use uphold_core::id::{InterfaceId, SolutionId, VantageId};
use uphold_core::interval::{Interval, IntervalSet};
use uphold_core::time::{Instant, Millis};

use super::dice::Dice;
use crate::config::{CheckDefinition, Checks};

/// What is to be made up.
#[derive(Debug, Clone)]
pub struct Plan {
    /// From when on something was measured.
    pub from: Instant,
    /// Until when.
    pub until: Instant,
    /// Equal seeds make equal pasts.
    pub seed: u64,
    /// How often one check fails in a year, on the average.
    pub outages_a_year: u32,
    /// A vantage point flushes at least this often.
    pub flush_every: Millis,
    /// Outages that are no accident.
    pub staged: Vec<Staged>,
    /// What is told beside what follows from the rest.
    pub told: Vec<Telling>,
}

/// An outage that is no accident: an interface fails for all who look.
#[derive(Debug, Clone)]
pub struct Staged {
    /// The solution.
    pub solution: SolutionId,
    /// Its interface.
    pub interface: InterfaceId,
    /// When it is down.
    pub span: Interval,
}

/// Lines that are told at an instant.
#[derive(Debug, Clone)]
pub struct Telling {
    /// When.
    pub at: Instant,
    /// The outage of an interface whose incident [`Telling::INCIDENT`] stands for.
    pub about: Option<(InterfaceId, Interval)>,
    /// Why.
    pub why: String,
    /// The lines of a history, without `v`, `recorded_at` and `by`.
    pub lines: Vec<Value>,
}

impl Telling {
    /// In the place of an id: that of the incident which the telling is about.
    pub const INCIDENT: &str = "$incident";
}

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;

/// A part of a solution fails as a whole once in so many days.
const SHARED_EVERY: i64 = 120 * DAY;

/// Nothing fails so shortly before or after a time in which nobody watches.
const MARGIN: i64 = 10 * MINUTE;

/// A window of announced maintenance: it holds, and a part of it the solution is down.
#[derive(Debug, Clone)]
pub(super) struct Window {
    pub(super) solution: SolutionId,
    pub(super) span: Interval,
    pub(super) down: Interval,
    pub(super) class: String,
}

/// Everything that is made up, but for when checks look.
#[derive(Debug)]
pub(super) struct Story {
    /// When the server of each vantage point was stopped, rising.
    pub(super) stops: BTreeMap<VantageId, Vec<Interval>>,
    pub(super) windows: Vec<Window>,
    shared: BTreeMap<(SolutionId, InterfaceId), Vec<Interval>>,
    from: Instant,
    dice: Dice,
}

impl Story {
    pub(super) fn new(plan: &Plan, agreement: &Agreement, checks: &Checks) -> Self {
        let mut dice = Dice(plan.seed);
        let stops = checks.vantage_points.iter().map(|vantage| (vantage.clone(), stops(plan, &mut dice))).collect();
        let windows = windows(plan, agreement, &mut dice);
        let mut shared = BTreeMap::new();
        for check in &checks.checks {
            let place = (check.scope.solution.clone(), check.scope.interface.clone());
            shared.entry(place).or_insert_with(|| outages(plan, SHARED_EVERY, 3 * MINUTE, &mut dice));
        }
        for staged in &plan.staged {
            shared.entry((staged.solution.clone(), staged.interface.clone())).or_default().push(staged.span);
        }
        Self { stops, windows, shared, from: plan.from, dice }
    }

    /// When what a check measures is down.
    pub(super) fn outages_of(&mut self, plan: &Plan, check: &CheckDefinition) -> IntervalSet {
        let place = (check.scope.solution.clone(), check.scope.interface.clone());
        let every = 365 * DAY / i64::from(plan.outages_a_year.max(1));
        let mut all = if plan.outages_a_year == 0 {
            Vec::new()
        } else {
            outages(plan, every, check.interval.0 * 2, &mut self.dice)
        };
        all.extend(self.shared.get(&place).into_iter().flatten());
        all.extend(self.windows.iter().filter(|window| window.solution == place.0).map(|window| window.down));
        all.into_iter().collect()
    }

    /// Whether an outage lies where a vantage point watched all the while. `settle` is how long it takes after a start until
    /// every check was looked at.
    pub(super) fn is_watched(&self, vantage: &VantageId, outage: Interval, settle: Millis) -> bool {
        let margin = Millis(MARGIN);
        if outage.from() < self.from + settle + margin {
            return false;
        }
        self.stops
            .get(vantage)
            .into_iter()
            .flatten()
            .all(|stop| outage.until() + margin <= stop.from() || outage.from() >= stop.until() + settle + margin)
    }
}

/// Once in thirty days nobody watches, for some minutes.
fn stops(plan: &Plan, dice: &mut Dice) -> Vec<Interval> {
    let months = (plan.until - plan.from).0 / (30 * DAY);
    let one = |month: i64| {
        let from = plan.from + Millis(month * 30 * DAY + DAY + dice.below(27 * DAY));
        Interval::new(from, from + Millis(dice.length(30_000))).filter(|stop| stop.until() + Millis(DAY) < plan.until)
    };
    (0..months).filter_map(one).collect()
}

/// Outages at random, on the average one in every `every` milliseconds, at least so long.
fn outages(plan: &Plan, every: i64, least: i64, dice: &mut Dice) -> Vec<Interval> {
    let mut outages = Vec::new();
    let mut at = plan.from + Millis(60 * MINUTE + dice.below(2 * every));
    loop {
        let until = at + Millis(dice.length(least));
        if until + Millis(60 * MINUTE) > plan.until {
            return outages;
        }
        outages.extend(Interval::new(at, until));
        at = until + Millis(1 + dice.below(2 * every));
    }
}

/// One window in thirty days, of one solution after another, where the agreement has a class of maintenance.
fn windows(plan: &Plan, agreement: &Agreement, dice: &mut Dice) -> Vec<Window> {
    let terms = agreement.commitments.iter().filter_map(|commitment| commitment.availability());
    let classes = terms.flat_map(|terms| &terms.exclusions.value).filter(|exclusion| exclusion.notice.is_some());
    let Some(class) = classes.map(|exclusion| exclusion.class.clone()).next() else { return Vec::new() };
    let months = (plan.until - plan.from).0 / (30 * DAY);
    let one = |month: i64| {
        let place = usize::try_from(month).ok()? % agreement.solutions.len().max(1);
        let solution = agreement.solutions.get(place)?.id.clone();
        let from = plan.from + Millis(month * 30 * DAY + 15 * DAY + dice.below(8) * 60 * MINUTE);
        let span = Interval::new(from, from + Millis(120 * MINUTE))?;
        let down = Interval::new(from + Millis(5 * MINUTE), from + Millis((10 + dice.below(40)) * MINUTE))?;
        (span.until() < plan.until).then_some(Window { solution, span, down, class: class.clone() })
    };
    (0..months).filter_map(one).collect()
}

impl Window {
    /// What is told of it: when, and the lines.
    pub(super) fn tellings(&self, number: usize) -> [Telling; 2] {
        let id = format!("maintenance-{number}");
        let (from, until) = (self.span.from(), self.span.until());
        let announced = from - Millis(10 * DAY);
        let line = |status: &str| {
            json!({
                "type": "maintenance", "id": id, "sequence": 0, "scope": { "solution": self.solution.as_str() },
                "class": self.class, "status": status, "from": from.to_string(), "until": until.to_string(),
            })
        };
        let mut done = line("COMPLETED");
        done["actual_from"] = json!(from.to_string());
        done["actual_until"] = json!((until - Millis(30 * MINUTE)).to_string());
        let notice = json!({
            "type": "notice", "about": { "id": id, "sequence": 0 }, "kind": "maintenance", "customer": "public",
            "channel": "schedule-page", "published_at": announced.to_string(),
        });
        let telling = |at, lines| Telling { at, about: None, why: "it is simulated".to_owned(), lines };
        [telling(announced, vec![line("CONFIRMED"), notice]), telling(until, vec![done])]
    }
}
