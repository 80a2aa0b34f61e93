//! Reasons: every stretch of a period that was not simply up, and what made it so.

use super::pass::{Pass, suspended};
use super::{Case, slices};
use crate::agreement::{Effect, Exclusion, Indicator, Suspended, UnknownPolicy};
use crate::evaluate::caps;
use crate::evaluate::compose::Witnesses;
use crate::evaluate::windows::Window;
use crate::interval::{Interval, IntervalSet};
use crate::statement::{Cause, Reason, ReasonKind, WindowAct};
use crate::timeline::{State, Timeline};

/// Every stretch of the counted time that was not up, or was up only by a rule. `strict` is the pass that reads unknown
/// time the worse way.
pub(super) fn of(case: &Case<'_, '_>, strict: &Pass, merged: &Timeline) -> Vec<Reason> {
    let list = case.terms.caps.as_ref().map_or(&[][..], |caps| caps.value.as_slice());
    let allowed = caps::allowed(case.view, list, case.windows, (&case.subject, &strict.raw), case.period);
    let windows = case.windows.iter().zip(&allowed).filter(|((window, _), _)| case.view.concerns(&window.scope));
    let windows = windows.map(|((window, rule), allowed)| (window, *rule, allowed)).collect();
    let counted = case.counted.all();
    let witnesses = case.root.map(|root| Witnesses::of(root, &counted));
    let shown = Shown { case, strict, windows, witnesses };
    let mut reasons = Vec::new();
    for part in counted.parts() {
        for (piece, state) in merged.pieces(*part) {
            if state == State::Up {
                // Time that was measured down and counts as up is worth a line of its own.
                let spared = strict.raw.intersect(&IntervalSet::from(piece));
                let seen_down = case.states.when(State::Down, piece).intersect(&spared);
                reasons.extend(seen_down.parts().iter().map(|span| shown.reason(*span, state)));
                continue;
            }
            reasons.push(shown.reason(piece, state));
        }
    }
    reasons
}

struct Shown<'s, 'v, 'a> {
    case: &'s Case<'v, 'a>,
    strict: &'s Pass,
    /// Those that concern the subject, each with its rule and the time in which it may excuse.
    windows: Vec<(&'s Window, &'s Exclusion, &'s IntervalSet)>,
    /// What the series of the subject said, where it has any.
    witnesses: Option<Witnesses<'s>>,
}

impl Shown<'_, '_, '_> {
    fn reason(&self, interval: Interval, state: State) -> Reason {
        let mut causes = self.windows_in(interval);
        let view = self.case.view;
        if self.case.terms.suspended.as_ref().is_some_and(|term| term.value != Suspended::Measured) {
            let during = |fact: &crate::history::Fact<crate::history::Suspension>| {
                let until = fact.body.lifted_at.unwrap_or(view.now);
                let span = Interval::new(fact.body.enforced_at?, until)?;
                span.intersect(interval)
            };
            if !suspended(view).intersect(&IntervalSet::from(interval)).parts().is_empty() {
                let own = view.known.facts.suspensions.iter().filter(|fact| {
                    fact.body.scope.parts.customer.as_ref() == view.customer() && during(fact).is_some()
                });
                causes.extend(own.map(|fact| Cause::Suspended { id: fact.id.clone() }));
            }
        }
        if let Some(witnesses) = &self.witnesses {
            match state {
                State::Down | State::Unknown => causes.extend(witnesses.causes(view, interval, state)),
                State::Up | State::Excluded => {}
            }
        }
        causes.extend(self.rules(interval, state));
        Reason { interval, kind: ReasonKind::State(state), causes }
    }

    /// What rules of the agreement made of the stretch.
    fn rules(&self, interval: Interval, state: State) -> Vec<Cause> {
        let mut causes = Vec::new();
        let span = IntervalSet::from(interval);
        let measured_down = !self.strict.raw.intersect(&span).parts().is_empty();
        let outage = !self.strict.outages.intersect(&span).parts().is_empty();
        let has_bad = self.case.goal.slice.as_ref().is_some_and(|slice| slice.bad.is_some());
        match state {
            State::Down if has_bad => causes.push(Cause::Slice),
            State::Down if !measured_down => causes.push(Cause::MergedGap),
            State::Up if self.case.counted.deemed.contains(interval.from()) => causes.push(Cause::DeemedUp),
            State::Up if measured_down && !outage => match &self.case.terms.outage {
                Some(outage) if !has_bad => causes.push(Cause::TooShort { minimum: outage.value.minimum }),
                _ => causes.push(Cause::Slice),
            },
            State::Unknown if self.case.goal.indicator == Indicator::Counts => {
                let unseen = slices::uncounted(self.case).intersect(&span);
                if !unseen.parts().is_empty() {
                    causes.push(Cause::NotCounted);
                }
            }
            _ => {}
        }
        let unseen = self.case.states.at(interval.from()) == State::Unknown;
        if unseen && state != State::Unknown && self.case.terms.unknown.value != UnknownPolicy::Bounds {
            causes.push(Cause::Policy);
        }
        causes
    }

    /// What every window that overlaps the stretch did to it.
    fn windows_in(&self, interval: Interval) -> Vec<Cause> {
        let span = IntervalSet::from(interval);
        let meets = |set: &IntervalSet| !set.intersect(&span).parts().is_empty();
        let mut causes = Vec::new();
        for (window, rule, allowed) in &self.windows {
            if !(meets(&window.work) || meets(&window.planned)) {
                continue;
            }
            let late = match (window.in_time, window.notice) {
                (false, Some((given, needed))) => Some(WindowAct::ShortNotice { given, needed }),
                _ => None,
            };
            let act = match (rule.effect, late) {
                (Effect::Nothing, _) => WindowAct::NoEffect,
                (Effect::Remove, _) if meets(allowed) => WindowAct::Removed,
                (Effect::AsUp, _) if meets(allowed) => WindowAct::AsUp,
                (_, Some(late)) => late,
                _ if meets(caps::extent(window, rule)) => WindowAct::CapUsedUp,
                _ if meets(&window.work) => WindowAct::Overrun,
                _ => continue,
            };
            causes.push(Cause::Window {
                id: window.id.clone(),
                class: window.class.clone(),
                act,
                recorded_late: window.recorded_late(),
            });
        }
        causes
    }
}
