//! Composition: vantage points make a check, checks make an interface, interfaces make a solution.
//!
//! One three-valued operator serves every level. Over the parts that are registered at an instant, the whole is down when
//! `k` are known to be down, up when the unknown ones cannot make it `k`, else unknown. Where fewer than `k` parts are
//! registered nobody could have established an outage, so the whole is unknown.

use std::collections::{BTreeMap, BTreeSet};

use crate::agreement::{self, Agreement, Commitment, Composition};
use crate::history::{Check, CheckScope, Gap, History};
use crate::id::{CheckId, InterfaceId};
use crate::interval::{Interval, IntervalSet};
use crate::run::{Run, observed_timeline};
use crate::statement::{Cause, Reason};
use crate::timeline::{State, Timeline};

/// Inside a composition this state marks a part that is not registered. Exclusion is a later step, so the name is free.
const ABSENT: State = State::Excluded;

/// The state of the whole from the states of its parts at one instant.
///
/// ```
/// use uphold_core::{agreement::Composition, evaluate::compose::whole, timeline::State};
/// use State::{Down, Unknown, Up};
/// assert_eq!(whole(Composition::DownWhen(2), &[Down, Unknown, Up]), Unknown);
/// assert_eq!(whole(Composition::DownWhen(2), &[Down, Down, Up]), Down);
/// assert_eq!(whole(Composition::DownWhen(2), &[Unknown, Up, Up]), Up);
/// assert_eq!(whole(Composition::DownWhen(2), &[Up]), Unknown);
/// ```
#[must_use]
pub fn whole(composition: Composition, parts: &[State]) -> State {
    let count = |wanted: State| parts.iter().filter(|state| **state == wanted).count();
    let registered = parts.len() - count(ABSENT);
    let (down, unknown) = (count(State::Down), count(State::Unknown));
    let k = composition.threshold(registered);
    if registered == 0 || registered < k {
        State::Unknown
    } else if down >= k {
        State::Down
    } else if down + unknown < k {
        State::Up
    } else {
        State::Unknown
    }
}

/// One subject of one commitment, with what is known.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The agreement.
    pub agreement: &'a Agreement,
    /// The commitment.
    pub commitment: &'a Commitment,
    /// What it is judged for.
    pub subject: &'a agreement::Subject,
    /// The history as known.
    pub known: &'a History,
}

impl<'a> Subject<'a> {
    /// The subject's timeline, uncut.
    #[must_use]
    pub fn timeline(&self) -> Timeline {
        let interfaces: Vec<Timeline> = self.interfaces().iter().map(|id| self.interface(id)).collect();
        match (&self.subject.interface, interfaces.as_slice()) {
            (Some(_), [one]) => one.clone(),
            _ => {
                let composition = self.commitment.terms.interfaces.as_ref().map_or(Composition::All, |term| term.value);
                combine(composition, &interfaces)
            }
        }
    }

    /// Every stretch of `span` that is not up, with what made it so.
    #[must_use]
    pub fn reasons(&self, timeline: &Timeline, span: Interval) -> Vec<Reason> {
        let parts: Vec<(InterfaceId, Vec<(&'a Check, Timeline)>)> = self
            .interfaces()
            .into_iter()
            .map(|id| {
                let series = self.checks(&id).map(|check| (check, self.series(check))).collect();
                (id, series)
            })
            .collect();
        timeline
            .pieces(span)
            .filter(|(_, state)| *state != State::Up)
            .map(|(interval, state)| {
                let mut causes = BTreeSet::new();
                for (interface, series) in &parts {
                    if series.is_empty() {
                        causes.insert(Cause::NotMeasured { interface: interface.clone() });
                    }
                    for (check, timeline) in series {
                        if !timeline.when(state, interval).parts().is_empty() {
                            causes.insert(Cause::Check { interface: interface.clone(), series: check.series.clone() });
                        }
                    }
                }
                if state == State::Unknown {
                    causes.extend(
                        self.gaps_in(interval).map(|gap| Cause::Gap { id: gap.id.clone(), why: gap.why.clone() }),
                    );
                } else {
                    causes.retain(|cause| matches!(cause, Cause::Check { .. }));
                }
                Reason { interval, state, causes: causes.into_iter().collect() }
            })
            .collect()
    }

    fn interfaces(&self) -> Vec<InterfaceId> {
        match &self.subject.interface {
            Some(interface) => vec![interface.clone()],
            None => {
                let solution = self.agreement.find_solution(&self.subject.solution);
                solution.map_or_else(Vec::new, |s| s.interfaces.iter().map(|interface| interface.id.clone()).collect())
            }
        }
    }

    fn checks(&self, interface: &InterfaceId) -> impl Iterator<Item = &'a Check> + use<'a> {
        let scope = CheckScope::whole(self.subject.solution.clone(), interface.clone());
        self.known.checks.iter().filter(move |check| check.scope == scope)
    }

    fn interface(&self, id: &InterfaceId) -> Timeline {
        let mut checks: BTreeMap<&CheckId, Vec<Timeline>> = BTreeMap::new();
        for check in self.checks(id) {
            checks.entry(&check.series.check).or_default().push(self.series(check));
        }
        let terms = &self.commitment.terms;
        let checks: Vec<Timeline> = checks
            .into_values()
            .map(|vantages| {
                let parts: Vec<&Timeline> = vantages.iter().collect();
                // A check with no vantage point at an instant is itself not registered then.
                Timeline::combine(&parts, |states| {
                    if states.iter().all(|state| *state == ABSENT) {
                        ABSENT
                    } else {
                        whole(terms.vantages.value, states)
                    }
                })
            })
            .collect();
        combine(terms.checks.value, &checks)
    }

    /// What one registered series says, absent outside the time in which it is registered. What was observed outside it
    /// belongs to another registration, of perhaps another target, and says nothing here.
    fn series(&self, check: &Check) -> Timeline {
        let all = self.known.runs.get(&check.series).into_iter().flatten();
        let own = all.filter(|run| run.last >= check.active.from() && run.from < check.active.until());
        let runs: Vec<Run> = own.map(|run| Run { from: run.from.max(check.active.from()), ..run.clone() }).collect();
        let gaps = self.known.gaps.iter().filter(|gap| watches(gap, check)).map(|gap| gap.interval).collect();
        let seen = observed_timeline(&runs, check.staleness, self.commitment.terms.degraded.value, &gaps);
        let registered = IntervalSet::from(check.active);
        let outside = IntervalSet::from(Interval::ALL).difference(&registered);
        seen.overlay(&outside, ABSENT)
    }

    fn gaps_in(&self, interval: Interval) -> impl Iterator<Item = &'a Gap> + use<'a> {
        self.known.gaps.iter().filter(move |gap| gap.interval.intersect(interval).is_some())
    }
}

fn watches(gap: &Gap, check: &Check) -> bool {
    gap.vantage.as_ref().is_none_or(|vantage| *vantage == check.series.vantage)
}

fn combine(composition: Composition, parts: &[Timeline]) -> Timeline {
    let parts: Vec<&Timeline> = parts.iter().collect();
    Timeline::combine(&parts, |states| whole(composition, states))
}
