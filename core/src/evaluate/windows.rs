//! Windows: time of an excludable class, which part of it is admissible, and what its notices prove.
//!
//! A window is made of every sequence of one maintenance, of one incident, or of one exclusion. Not here: what an
//! admissible window does to a figure, and how far caps allow it.

use std::collections::BTreeMap;

use super::view::View;
use crate::agreement::{Exclusion, ExtensionRule, Lead, NoticeBy};
use crate::history::{Audience, Fact, Maintenance, MaintenanceStatus, Scope};
use crate::id::FactId;
use crate::interval::{Interval, IntervalSet};
use crate::time::{Instant, Millis, Zone};

/// One window as the subject's customer sees it.
#[derive(Debug, Clone)]
pub(super) struct Window {
    pub(super) id: FactId,
    pub(super) class: String,
    pub(super) scope: Scope,
    /// Admissible time: what was announced in time, with valid extensions.
    pub(super) announced: IntervalSet,
    /// Actual time within that.
    pub(super) actual: IntervalSet,
    /// Actual time, admissible or not.
    pub(super) work: IntervalSet,
    /// Planned time, admissible or not.
    pub(super) planned: IntervalSet,
    /// When the first plan begins.
    pub(super) begins: Instant,
    /// How long before that its notice came, and how long before it had to come; absent where none is needed.
    pub(super) notice: Option<(Option<Millis>, Lead)>,
    /// Whether that notice came in time.
    pub(super) in_time: bool,
    /// Whether it was called off.
    pub(super) cancelled: bool,
    /// Whether it is work by a provider of infrastructure beyond the provider's control.
    pub(super) uncontrollable_iaas: bool,
    /// When it was first recorded as it is.
    pub(super) recorded_at: Instant,
    /// Every extension of it.
    pub(super) extensions: Vec<Extension>,
}

/// One extension of a window.
#[derive(Debug, Clone)]
pub(super) struct Extension {
    /// The end that was in force before it.
    pub(super) end_in_force: Instant,
    /// The new end.
    pub(super) end: Instant,
    /// How long before the end in force its notice came.
    pub(super) given: Option<Millis>,
    /// By how much it passes the first plan's end.
    pub(super) beyond: Millis,
    /// The most by which it may.
    pub(super) longest: Option<Millis>,
    /// Whether the notice came in time.
    pub(super) in_time: bool,
}

impl Extension {
    /// Whether it follows every rule.
    pub(super) fn is_valid(&self) -> bool {
        self.in_time && self.longest.is_none_or(|longest| self.beyond <= longest)
    }
}

impl Window {
    /// Whether it was recorded only after it began.
    pub(super) fn recorded_late(&self) -> Option<Instant> {
        (self.recorded_at > self.begins).then_some(self.recorded_at)
    }
}

/// Whether a notice that came at `at` came early enough before `before`. Limits are inclusive.
fn early_enough(at: Option<Instant>, lead: Lead, before: Instant, zone: &Zone) -> bool {
    let latest = match lead {
        Lead::Elapsed(length) => before - length,
        Lead::CalendarDays(days) => zone.shift_days(before, -i64::from(days)),
    };
    at.is_some_and(|at| at <= latest)
}

/// When the notice about one sequence of something was given, as far as it can be proved.
pub(super) fn noticed_at(view: &View<'_>, about: &FactId, sequence: u32, by: NoticeBy) -> Option<Instant> {
    let of_this =
        |notice: &&Fact<crate::history::Notice>| notice.body.about == *about && notice.body.sequence == sequence;
    // Where nobody in particular is judged there is nobody to accept: publication proves it.
    let by = if view.customer().is_none() { NoticeBy::Published } else { by };
    let proved = view.known.facts.notices.iter().filter(of_this).filter_map(|notice| match by {
        NoticeBy::Published => notice.body.published_at,
        NoticeBy::Accepted => match &notice.body.audience {
            Audience::Customer(customer) if Some(customer) == view.customer() => notice.body.accepted_at,
            Audience::Customer(_) | Audience::Public => None,
        },
    });
    proved.min()
}

/// Every window of the classes that `rules` name and that concerns the subject's customer.
pub(super) fn windows<'r>(view: &View<'_>, rules: &'r [Exclusion]) -> Vec<(Window, &'r Exclusion)> {
    let mut found = maintenance(view, rules);
    found.extend(causes(view, rules));
    found
}

/// Those of them that are maintenance.
pub(super) fn maintenance<'r>(view: &View<'_>, rules: &'r [Exclusion]) -> Vec<(Window, &'r Exclusion)> {
    let mut found = Vec::new();
    let mut sequences: BTreeMap<&FactId, Vec<&Fact<Maintenance>>> = BTreeMap::new();
    for fact in &view.known.facts.maintenance {
        if fact.body.status != MaintenanceStatus::Tentative {
            sequences.entry(&fact.id).or_default().push(fact);
        }
    }
    for (_, mut plans) in sequences {
        plans.sort_by_key(|plan| plan.body.sequence);
        let Some(latest) = plans.last() else { continue };
        if let Some(rule) = rule_of(rules, &latest.body.class)
            && is_for(view, &latest.body.scope)
        {
            found.push((of_maintenance(view, &plans, rule), rule));
        }
    }
    found
}

/// Those of them that are interruptions or exclusions.
fn causes<'r>(view: &View<'_>, rules: &'r [Exclusion]) -> Vec<(Window, &'r Exclusion)> {
    let mut found = Vec::new();
    let incidents = view
        .known
        .facts
        .incidents
        .iter()
        .map(|fact| (fact.about(), &fact.body.scope, &fact.body.cause, fact.body.span));
    let exclusions = view
        .known
        .facts
        .exclusions
        .iter()
        .map(|fact| (fact.about(), &fact.body.scope, &fact.body.cause, fact.body.span));
    for (about, scope, cause, span) in incidents.chain(exclusions) {
        if let Some(rule) = rule_of(rules, cause)
            && is_for(view, scope)
        {
            found.push((of_span(view, about, scope, span, rule), rule));
        }
    }
    found
}

fn rule_of<'r>(rules: &'r [Exclusion], class: &str) -> Option<&'r Exclusion> {
    rules.iter().find(|rule| rule.class == class)
}

fn is_for(view: &View<'_>, scope: &Scope) -> bool {
    scope.parts.customer.as_ref().is_none_or(|customer| Some(customer) == view.customer())
}

impl<T> Fact<T> {
    fn about(&self) -> (&FactId, Instant) {
        (&self.id, self.recorded_at)
    }
}

/// A span that was not planned: all of it is announced, where its notice came in time or none is needed.
fn of_span(view: &View<'_>, about: (&FactId, Instant), scope: &Scope, span: Interval, rule: &Exclusion) -> Window {
    let (id, recorded_at) = about;
    let all = IntervalSet::from(span).intersect(&view.past());
    let at = rule.notice.and_then(|notice| noticed_at(view, id, 0, notice.by));
    let in_time = rule.notice.is_none_or(|notice| early_enough(at, notice.lead, span.from(), view.zone()));
    let announced = if in_time { all.clone() } else { IntervalSet::empty() };
    Window {
        id: id.clone(),
        class: rule.class.clone(),
        scope: scope.clone(),
        actual: announced.clone(),
        announced,
        work: all.clone(),
        planned: all,
        begins: span.from(),
        notice: rule.notice.map(|notice| (at.map(|at| span.from() - at), notice.lead)),
        in_time,
        cancelled: false,
        uncontrollable_iaas: false,
        recorded_at,
        extensions: Vec::new(),
    }
}

/// The window of every sequence of one maintenance, in their order.
fn of_maintenance(view: &View<'_>, plans: &[&Fact<Maintenance>], rule: &Exclusion) -> Window {
    let (first, latest) = (plans[0], plans[plans.len() - 1]);
    let plan = Planned::of(view, plans, rule);
    let cancelled = latest.body.status == MaintenanceStatus::Cancelled;
    let told = plans.iter().rev().find(|plan| plan.body.actual_from.is_some());
    let work = match told.filter(|_| !cancelled).and_then(|plan| Some((plan.body.actual_from?, plan.body.actual_until)))
    {
        Some((from, until)) => Interval::new(from, until.unwrap_or(view.now).min(view.now)),
        None => None,
    };
    let work = work.map_or_else(IntervalSet::empty, IntervalSet::from);
    let begins = first.body.planned.from();
    let at = rule.notice.and_then(|notice| noticed_at(view, &first.id, first.body.sequence, notice.by));
    Window {
        id: latest.id.clone(),
        class: latest.body.class.clone(),
        scope: latest.body.scope.clone(),
        actual: plan.in_force.intersect(&work),
        announced: plan.in_force,
        work,
        planned: plan.planned,
        begins,
        notice: rule.notice.map(|notice| (at.map(|at| begins - at), notice.lead)),
        in_time: rule.notice.is_none_or(|notice| early_enough(at, notice.lead, begins, view.zone())),
        cancelled,
        uncontrollable_iaas: latest.body.iaas && !latest.body.controllable,
        recorded_at: plans.iter().map(|plan| view.known.planned_since(plan)).min().unwrap_or(first.recorded_at),
        extensions: plan.extensions,
    }
}

/// What the plans of a maintenance come to.
struct Planned {
    in_force: IntervalSet,
    planned: IntervalSet,
    extensions: Vec<Extension>,
}

impl Planned {
    /// Each sequence keeps what was in force and it still plans; adds an extension that follows its rule; and adds other
    /// time that has its own notice. An extension that breaks a rule has no effect.
    fn of(view: &View<'_>, plans: &[&Fact<Maintenance>], rule: &Exclusion) -> Self {
        let first_plan = plans[0].body.planned;
        let mut all = Self { in_force: IntervalSet::empty(), planned: IntervalSet::empty(), extensions: Vec::new() };
        let mut end_in_force = Instant::MIN;
        for (place, plan) in plans.iter().enumerate() {
            let span = plan.body.planned;
            let by = |by| noticed_at(view, &plan.id, plan.body.sequence, by);
            let own =
                rule.notice.is_none_or(|notice| early_enough(by(notice.by), notice.lead, span.from(), view.zone()));
            let extends = place > 0 && span.from() <= end_in_force && span.until() > end_in_force;
            let extension = rule
                .extension
                .filter(|_| extends)
                .map(|rule| extension(by(rule.by), rule, end_in_force, span.until(), first_plan));
            let extended = extension.as_ref().is_some_and(Extension::is_valid);
            let planned = match plan.body.status {
                MaintenanceStatus::Cancelled => IntervalSet::empty(),
                _ => IntervalSet::from(span).intersect(&view.past()),
            };
            let before = Interval::new(Instant::MIN, end_in_force).map_or_else(IntervalSet::empty, IntervalSet::from);
            let kept = planned.intersect(&all.in_force);
            let (early, late) = if extends {
                (planned.intersect(&before), planned.difference(&before))
            } else {
                (planned.clone(), IntervalSet::empty())
            };
            let mut in_force = kept;
            if own {
                in_force = in_force.union(&early);
            }
            if extended {
                in_force = in_force.union(&late);
            }
            // What was not announced in time is no window, and nothing extends it.
            if extended || (!extends && own) {
                end_in_force = span.until();
            }
            all.in_force = in_force;
            all.planned = planned;
            all.extensions.extend(extension);
        }
        all
    }
}

fn extension(
    at: Option<Instant>,
    rule: ExtensionRule,
    end_in_force: Instant,
    end: Instant,
    first: Interval,
) -> Extension {
    Extension {
        end_in_force,
        end,
        given: at.map(|at| end_in_force - at),
        beyond: end - first.until(),
        longest: rule.longest(first.length()),
        in_time: at.is_some_and(|at| at <= end_in_force - rule.lead),
    }
}
