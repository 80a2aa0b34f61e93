//! What was known at a moment, for many questions about it: checks are found by their solution, and what a series says is
//! worked out once for all commitments that read it alike.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::rc::Rc;

use super::compose::ABSENT;
use crate::agreement::{Confirm, StateTerms};
use crate::history::{Check, History};
use crate::id::{SolutionId, VantageId};
use crate::interval::IntervalSet;
use crate::run::Sight;
use crate::timeline::{State, Timeline};

/// How series are read, so far as an agreement says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reading {
    degraded: State,
    confirm: Option<Confirm>,
}

/// What each check says, by where it stands in the history.
type Said = HashMap<*const Check, Rc<Timeline>>;

/// What was known at a moment, and what was worked out of it so far. Nothing in it outlives the question.
pub struct Seen<'h> {
    /// What [`History::known_at`] gave.
    known: &'h History,
    of_solution: BTreeMap<&'h SolutionId, Vec<&'h Check>>,
    gaps: BTreeMap<&'h VantageId, IntervalSet>,
    said: RefCell<Vec<(Reading, Said)>>,
}

impl fmt::Debug for Seen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen").field("checks", &self.known.checks.len()).finish_non_exhaustive()
    }
}

impl<'h> Seen<'h> {
    /// Of what [`History::known_at`] gave.
    #[must_use]
    pub fn new(known: &'h History) -> Self {
        let mut of_solution: BTreeMap<&SolutionId, Vec<&Check>> = BTreeMap::new();
        let mut gaps: BTreeMap<&VantageId, IntervalSet> = BTreeMap::new();
        for check in &known.checks {
            of_solution.entry(&check.scope.solution).or_default().push(check);
            let vantage = &check.series.vantage;
            gaps.entry(vantage).or_insert_with(|| {
                let own = known.gaps.iter().filter(|gap| gap.vantage.as_ref().is_none_or(|whose| whose == vantage));
                own.map(|gap| gap.interval).collect()
            });
        }
        Self { known, of_solution, gaps, said: RefCell::default() }
    }

    /// What was known.
    #[must_use]
    pub fn known(&self) -> &'h History {
        self.known
    }

    /// The checks of a solution, or all, in the order of the history.
    pub(super) fn checks(&self, solution: Option<&SolutionId>) -> impl Iterator<Item = &'h Check> + use<'h> {
        let own = solution.map(|solution| self.of_solution.get(solution).cloned().unwrap_or_default());
        let all = own.is_none().then_some(&self.known.checks);
        own.into_iter().flatten().chain(all.into_iter().flatten())
    }

    /// What one registered series says, absent outside the time in which it is registered. What was observed outside it
    /// belongs to another registration, of perhaps another target, and says nothing here.
    pub(super) fn series(&self, check: &'h Check, terms: &StateTerms) -> Rc<Timeline> {
        let confirm = terms.confirm.as_ref().map(|confirm| confirm.value);
        let reading = Reading { degraded: terms.degraded.value, confirm };
        let mut said = self.said.borrow_mut();
        let place = said.iter().position(|(known, _)| *known == reading).unwrap_or_else(|| {
            said.push((reading, Said::new()));
            said.len() - 1
        });
        let timeline = said[place].1.entry(std::ptr::from_ref(check)).or_insert_with(|| {
            let seen = self.read(check, reading);
            Rc::new(seen.only(check.active, ABSENT))
        });
        Rc::clone(timeline)
    }

    fn read(&self, check: &Check, reading: Reading) -> Timeline {
        let runs = self.known.runs.get(&check.series).map_or(&[][..], Vec::as_slice);
        let Reading { degraded, confirm } = reading;
        let sight = Sight { staleness: check.staleness, degraded, confirm };
        check.observed(runs, sight, self.gaps.get(&check.series.vantage).unwrap_or(&IntervalSet::empty()))
    }
}
