//! What stands beside a commitment on the contract page, by its kind: a bar, an axis, what is next and what is due.
//!
//! Every kind that an agreement has is drawn the same, whatever its clauses are called. Not here: figures themselves, which are
//! those of the statement, and availability.

use uphold_core::agreement::{Commitment, Every, Limit, Obligation};
use uphold_core::history::{Fact, Recovery, Suspension};
use uphold_core::statement::{Amount, Row};
use uphold_core::time::{Instant, Millis};

use super::gauge::{self, Axis, Bar};
use super::tell::links;
use super::{agreement, maintenance, subject, subprocessors};
use crate::live::Live;
use crate::schedule::Standing;
use crate::wording::Words;

/// How many suspensions an operator is led to at once.
const LIFTED_MAX: usize = 20;

/// What stands beside one row.
#[derive(Default)]
pub(super) struct Beside {
    /// How much of a limit is taken.
    pub(super) bar: Option<Bar>,
    /// What was achieved of a promised length, with its name.
    pub(super) axis: Option<(String, Axis)>,
    /// More figures: what each is, and how much.
    pub(super) figures: Vec<(String, String)>,
    /// Where more of it stands: the address, and what is there.
    pub(super) links: Vec<(String, String)>,
}

/// What stands beside a row, of a revision that is in use.
pub(super) fn of(words: &Words, live: &Live, row: &Row) -> Beside {
    let found = subject::find(live, row).and_then(|agreement| agreement.find_commitment(&row.commitment));
    let Some(commitment) = found else { return Beside::default() };
    let uphold_core::agreement::Promise::Obligation(promise) = &commitment.promise else { return Beside::default() };
    match promise {
        Obligation::MaintenanceCap { .. } => Beside {
            bar: maintenance::bar(words, live, row).map(|view| view.bar),
            links: vec![schedule(words)],
            ..Beside::default()
        },
        Obligation::MaintenanceNotice { classes, .. } => next_window(words, live, row, &classes.value),
        Obligation::SuspensionNotice { within, .. } => suspensions(words, live, row, ("slowest_notice", within.value)),
        Obligation::SuspensionRestore { within } => suspensions(words, live, row, ("longest", within.value)),
        Obligation::RecoveryTime { within, .. } => {
            let took = |each: &Recovery| each.healthy_at.map(|at| at - each.disrupted_at);
            recovery(words, live, (row, commitment), within.value, took)
        }
        Obligation::RecoveryPoint { within, .. } => {
            let lost = |each: &Recovery| each.recovery_point_at.map(|at| (each.disrupted_at - at).max(Millis(0)));
            recovery(words, live, (row, commitment), within.value, lost)
        }
        Obligation::Recurring { every, .. } => next_due(words, row, every.value),
        Obligation::Publication { what } => published(words, live, &what.value),
        _ => Beside::default(),
    }
}

fn schedule(words: &Words) -> (String, String) {
    ("/maintenance".to_owned(), words.texts.get("maintenance-title"))
}

fn time(row: &Row, key: &str) -> Option<Millis> {
    row.measured.iter().find(|each| each.key == key).and_then(|each| match each.amount {
        Amount::Time(length) => Some(length),
        _ => None,
    })
}

/// The next maintenance of these classes, when it begins, and what is left of the time for its notice.
fn next_window(words: &Words, live: &Live, row: &Row, classes: &[String]) -> Beside {
    let texts = words.texts;
    let solution = row.subject.solution.as_ref();
    let own = |scope: Option<&_>| scope.is_none() || solution.is_none() || scope == solution;
    let next = live.schedule.iter().find(|window| {
        window.standing == Standing::Planned
            && classes.contains(&window.plan.class)
            && own(window.plan.scope.solution.as_ref())
    });
    let Some(next) = next else {
        let figures = vec![(texts.get("beside-next"), texts.get("beside-none-planned"))];
        let to_forms = links::first(texts, "maintenance").into_iter().map(|link| (link.address, link.name));
        return Beside {
            figures,
            links: std::iter::once(schedule(words)).chain(to_forms).collect(),
            ..Beside::default()
        };
    };
    let begins = next.plan.planned.from();
    let until = [("length", words.lasting(begins - live.as_known_at).into()), ("moment", words.moment(begins).into())];
    let mut figures = vec![(texts.get("beside-next"), texts.with("beside-begins", &until))];
    for announced in next.of_plan().filter(|announced| announced.commitment == row.commitment) {
        let notice = maintenance::notice(words, live, announced);
        let by = notice.by.map(|by| format!(" {by}")).unwrap_or_default();
        figures.push((notice.label, format!("{}{by}", notice.given)));
    }
    let address = format!("/maintenance#{}", maintenance::anchor(&next.id));
    Beside { figures, links: vec![(address, texts.get("beside-to-window"))], ..Beside::default() }
}

/// How many suspensions are in force, and how long it took until the slowest was: numbers alone, of nobody by name.
fn suspensions(words: &Words, live: &Live, row: &Row, (key, limit): (&str, Limit)) -> Beside {
    let texts = words.texts;
    let solution = row.subject.solution.as_ref();
    let all = || {
        live.facts.suspensions.iter().filter(move |fact| {
            solution.is_none() || fact.body.scope.solution.is_none() || fact.body.scope.solution.as_ref() == solution
        })
    };
    let in_force = |fact: &&Fact<Suspension>| {
        let past = |at: Option<Instant>| at.is_some_and(|at| at <= live.as_known_at);
        past(fact.body.enforced_at) && !past(fact.body.lifted_at)
    };
    let of_period = all().filter(|fact| row.period.interval.contains(fact.body.ordered_at));
    let slowest = of_period.filter_map(|fact| Some(fact.body.enforced_at? - fact.body.ordered_at)).max();
    let to_lift = all().filter(in_force).flat_map(|fact| links::suspension(texts, &fact.id));
    let to_lift = to_lift.map(|link| (link.address, link.name)).take(LIFTED_MAX);
    let to_lift: Vec<_> = if row.kind == "suspension-restore" { to_lift.collect() } else { Vec::new() };
    let in_force = words.number(&all().filter(in_force).count().to_string());
    let to_enforce = slowest.map_or_else(|| texts.get("gauge-not-achieved"), |length| words.length(length));
    let figures = match row.kind {
        "suspension-notice" => vec![(texts.get("beside-to-enforce"), to_enforce)],
        _ => vec![(texts.get("beside-in-force"), in_force)],
    };
    let took = time(row, key);
    let name = crate::wording::measured::label(texts, key);
    let axis = took.map(|took| (name.clone(), gauge::axis(words, &name, Some(took), limit)));
    Beside { axis, figures, links: to_lift, ..Beside::default() }
}

/// The latest recovery of the solution, exercise or not, on the axis of the promise.
fn recovery(
    words: &Words,
    live: &Live,
    (row, commitment): (&Row, &Commitment),
    limit: Limit,
    took: impl Fn(&Recovery) -> Option<Millis>,
) -> Beside {
    let texts = words.texts;
    let solution = row.subject.solution.as_ref();
    let own = live.facts.recoveries.iter().map(|fact| &fact.body);
    let own = own.filter(|each| solution.is_none_or(|solution| *solution == each.solution));
    let last = own.filter(|each| each.disrupted_at <= live.as_known_at).max_by_key(|each| each.disrupted_at);
    let name = words.phrase(&commitment.name).text;
    let axis = gauge::axis(words, &name, last.and_then(&took), limit);
    let figure = match last {
        None => (texts.get("beside-last-exercise"), texts.get("beside-never")),
        Some(last) if last.exercise => (texts.get("beside-last-exercise"), words.moment(last.disrupted_at)),
        Some(last) => (texts.get("beside-last-disaster"), words.moment(last.disrupted_at)),
    };
    Beside { axis: Some((name, axis)), figures: vec![figure], ..Beside::default() }
}

/// When the next one is due, as far as there was one.
fn next_due(words: &Words, row: &Row, every: Option<Every>) -> Beside {
    let last = row.measured.iter().find(|each| each.key == "last").and_then(|each| match each.amount {
        Amount::Moment(at) => Some(at),
        _ => None,
    });
    let due = match (last, every) {
        (Some(last), Some(every)) => words.moment(every.after(&row.zone, last)),
        (_, None) => words.texts.get("gauge-no-promise"),
        (None, Some(_)) => words.texts.get("beside-never"),
    };
    Beside { figures: vec![(words.texts.get("beside-due"), due)], ..Beside::default() }
}

/// What stands at a public address, where it is one that this server has a page for.
fn published(words: &Words, live: &Live, what: &str) -> Beside {
    let texts = words.texts;
    match what {
        "maintenance-schedule" => Beside { links: vec![schedule(words)], ..Beside::default() },
        "sub-processors" => subprocessors::beside(words, live),
        "agreement" => agreement::beside(words, live),
        _ => Beside { figures: vec![(texts.get("beside-published"), what.to_owned())], ..Beside::default() },
    }
}
