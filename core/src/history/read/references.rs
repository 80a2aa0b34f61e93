//! What lines point at, looked up when all of them have been read: the order of lines means nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::line::{Wrong, absent};
use crate::agreement::Agreement;
use crate::history::version::{Corrections, Pointer, Version, known};
use crate::history::{Correction, Counts, Fact, History, Place, Scope};
use crate::id::{CommitmentId, FactId, InterfaceId, Series, SolutionId};
use crate::nearest::nearest;
use crate::time::Instant;

/// A fact that cannot be used, and why; without a reason where another line tells it.
pub(super) type Found = (Place, Option<Wrong>);

/// The line of each fact of a type, in the order of its list.
type Lines = BTreeMap<&'static str, Vec<u64>>;

/// Everything that points at nothing, and counts that count a time twice. Of a part of a history only the latter.
pub(super) fn check(revisions: Option<&[Agreement]>, history: &History, lines: &Lines) -> Vec<Found> {
    let mut found = Vec::new();
    let mut corrections: Vec<Fact<Correction>> = history.facts.corrections.clone();
    if let Some(revisions) = revisions {
        let known = Known::of(revisions, history);
        history.facts.visit(&mut |place, _, _, pointers| {
            found.extend(pointers.into_iter().find_map(|pointer| known.find(&pointer)).map(|wrong| (place, wrong)));
        });
        corrections = correct(history, &known, &mut found);
    }
    overlaps(history, &corrections, lines, &mut found);
    found
}

/// Whether a revision of the agreement has an interface of a solution.
pub(super) fn interface(revisions: &[Agreement], solution: &SolutionId, interface: &InterfaceId) -> Result<(), Wrong> {
    self::solution(revisions, solution)?;
    let found = || revisions.iter().filter_map(|agreement| agreement.find_solution(solution));
    let names = found().flat_map(|solution| &solution.interfaces).map(|interface| interface.id.as_str());
    if names.clone().any(|name| name == interface.as_str()) {
        return Ok(());
    }
    Err(absent(&format!("the solution `{solution}`"), "interface", interface.as_str(), names))
}

fn solution(revisions: &[Agreement], id: &SolutionId) -> Result<(), Wrong> {
    let names = revisions.iter().flat_map(|agreement| &agreement.solutions).map(|solution| solution.id.as_str());
    let is_there = names.clone().any(|name| name == id.as_str());
    is_there.then_some(()).ok_or_else(|| absent("the agreement", "solution", id.as_str(), names))
}

fn scope(revisions: &[Agreement], scope: &Scope) -> Result<(), Wrong> {
    match (&scope.solution, &scope.interface) {
        (None, None) => Ok(()),
        (Some(id), None) => solution(revisions, id),
        (Some(id), Some(part)) => interface(revisions, id, part),
        (None, Some(part)) => {
            let solutions = revisions.iter().flat_map(|agreement| &agreement.solutions);
            let names = solutions.flat_map(|solution| &solution.interfaces).map(|interface| interface.id.as_str());
            let is_there = names.clone().any(|name| name == part.as_str());
            is_there.then_some(()).ok_or_else(|| absent("the agreement", "interface", part.as_str(), names))
        }
    }
}

fn commitment(revisions: &[Agreement], id: &CommitmentId) -> Result<(), Wrong> {
    let all = revisions.iter().flat_map(|agreement| &agreement.commitments);
    let names = all.map(|commitment| commitment.id.as_str());
    let is_there = names.clone().any(|name| name == id.as_str());
    is_there.then_some(()).ok_or_else(|| absent("the agreement", "commitment", id.as_str(), names))
}

/// What lines can point at.
struct Known<'a> {
    revisions: &'a [Agreement],
    series: BTreeSet<&'a Series>,
    checks: BTreeSet<&'a str>,
    plans: BTreeSet<(&'a SolutionId, &'a str)>,
    /// Of the ids that any line points at: the types of the lines that have it, and their sequences.
    ids: BTreeMap<&'a str, BTreeMap<&'static str, BTreeSet<u32>>>,
    /// What a wrong id may have meant.
    names: BTreeSet<&'a str>,
}

impl<'a> Known<'a> {
    fn of(revisions: &'a [Agreement], history: &'a History) -> Self {
        let facts = &history.facts;
        let told = facts.notices.iter().map(|notice| &notice.body.about);
        let updated = facts.updates.iter().map(|update| &update.body.about);
        let wanted = told.chain(updated).chain(facts.corrections.iter().map(|correction| &correction.body.of));
        let mut known = Self {
            revisions,
            series: history.checks.iter().map(|check| &check.series).collect(),
            checks: history.checks.iter().map(Version::id).collect(),
            plans: facts.plans.iter().map(|plan| (&plan.body.solution, plan.body.digest.as_str())).collect(),
            ids: wanted.map(|id| (id.as_str(), BTreeMap::new())).collect(),
            names: BTreeSet::new(),
        };
        let mut note = |kind, id: &'a str, sequence: Option<u32>| {
            if let Some(types) = known.ids.get_mut(id) {
                types.entry(kind).or_default().extend(sequence);
            }
            if !["counts", "run", "observation"].contains(&kind) {
                known.names.insert(id);
            }
        };
        facts.visit(&mut |(kind, _), id, sequence, _| note(kind, id.as_str(), sequence));
        history.checks.iter().for_each(|check| note("check", check.id(), None));
        history.gaps.iter().for_each(|gap| note("observer_gap", gap.id(), None));
        known
    }

    /// What is wrong with a pointer, if anything is: a reason, or none where it is told elsewhere.
    fn find(&self, pointer: &Pointer<'_>) -> Option<Option<Wrong>> {
        let result = match pointer {
            Pointer::Series(series) => return (!self.series.contains(series)).then_some(None),
            Pointer::Scope(about) => scope(self.revisions, about),
            Pointer::Solution(id) => solution(self.revisions, id),
            Pointer::Commitment(id) => commitment(self.revisions, id),
            Pointer::Check(check) if self.checks.contains(check.as_str()) => Ok(()),
            Pointer::Check(check) => {
                let help = meant(check.as_str(), &self.checks);
                Err(Wrong::new(format!("no line registers the check `{check}`{help}")))
            }
            Pointer::About(id) => self.about(id),
            Pointer::Told { about, sequence } => self.told(about, *sequence),
            Pointer::Plan { solution, digest } if self.plans.contains(&(*solution, *digest)) => Ok(()),
            Pointer::Plan { solution, digest } => Err(Wrong::new(format!(
                "no line of type `plan` has the digest `{digest}` for the solution `{solution}`"
            ))),
        };
        result.err().map(Some)
    }

    fn about(&self, id: &FactId) -> Result<(), Wrong> {
        if self.ids.get(id.as_str()).is_some_and(|types| !types.is_empty()) {
            return Ok(());
        }
        let help = meant(id.as_str(), &self.names);
        Err(Wrong::new(format!("the update is about `{id}`, and no line has that id{help}")))
    }

    fn told(&self, about: &FactId, sequence: u32) -> Result<(), Wrong> {
        let types = self.ids.get(about.as_str()).filter(|types| !types.is_empty());
        let Some(types) = types else {
            let help = meant(about.as_str(), &self.names);
            return Err(Wrong::new(format!("the notice is about `{about}`, and no line has that id{help}")));
        };
        match types.get("maintenance") {
            Some(sequences) if !sequences.contains(&sequence) => {
                let all: Vec<String> = sequences.iter().map(ToString::to_string).collect();
                Err(Wrong::new(format!(
                    "the maintenance `{about}` has no sequence {sequence}; it has {}",
                    all.join(", ")
                )))
            }
            None if sequence != 0 => {
                Err(Wrong::new(format!("`{about}` is no maintenance, so it has no sequence {sequence}")))
            }
            _ => Ok(()),
        }
    }

    /// The type of the lines that a correction is about.
    fn corrected(&self, correction: &Correction) -> Result<(), Wrong> {
        let of = &correction.of;
        let types: Vec<&str> = self.ids.get(of.as_str()).into_iter().flat_map(|types| types.keys().copied()).collect();
        match types.as_slice() {
            [] => {
                let help = meant(of.as_str(), &self.names);
                Err(Wrong::new(format!(
                    "the correction is of `{of}`, and no line has that id{help}; a run or an observation can be \
                     corrected only if it has an id of its own"
                )))
            }
            ["correction"] => Err(Wrong::new(format!(
                "`{of}` is a correction, which cannot be corrected; write it again with the same id, or correct the line \
                 once more"
            ))),
            ["maintenance"] => Ok(()),
            [kind] if correction.sequence.is_some() => {
                Err(Wrong::new(format!("`{of}` is a line of type `{kind}`, which has no sequence")))
            }
            [_] => Ok(()),
            several => Err(Wrong::new(format!(
                "`{of}` is the id of lines of several types ({}); write the line that is meant again instead",
                several.join(", ")
            ))),
        }
    }
}

fn meant(id: &str, names: &BTreeSet<&str>) -> String {
    let others = names.iter().copied().filter(|name| *name != id);
    nearest(id, others).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

/// Tries every correction, and returns those that can be done.
fn correct(history: &History, known: &Known<'_>, found: &mut Vec<Found>) -> Vec<Fact<Correction>> {
    let mut refused: BTreeMap<FactId, Wrong> = BTreeMap::new();
    for correction in &history.facts.corrections {
        if let Err(wrong) = known.corrected(&correction.body) {
            refused.insert(correction.id.clone(), wrong);
        }
    }
    let all = &history.facts.corrections;
    let able: Vec<Fact<Correction>> = all.iter().filter(|each| !refused.contains_key(&each.id)).cloned().collect();
    let mut moments: BTreeSet<Instant> = BTreeSet::new();
    if !able.is_empty() {
        moments.insert(Instant::MAX);
        // A correction that was told again had another effect before.
        let held = crate::history::version::known(&able, Instant::MAX, &Corrections::default(), &mut |_, _| {});
        moments.extend(able.iter().filter(|each| !held.contains(each)).map(|each| each.recorded_at));
    }
    for moment in moments {
        let held = crate::history::version::known(&able, moment, &Corrections::default(), &mut |_, _| {});
        let by_id = Corrections::of(&held);
        let mut refuse = |id: &FactId, wrong: Wrong| drop(refused.insert(id.clone(), wrong));
        history.facts.known(moment, &by_id, &mut refuse);
        crate::history::version::known(&history.checks, moment, &by_id, &mut refuse);
        crate::history::version::known(&history.gaps, moment, &by_id, &mut refuse);
    }
    for (place, correction) in all.iter().enumerate() {
        if let Some(Wrong { column, message }) = refused.get(&correction.id) {
            let wrong = Wrong { column: *column, message: message.clone() };
            found.push((("correction", place), Some(wrong)));
        }
    }
    all.iter().filter(|each| !refused.contains_key(&each.id)).cloned().collect()
}

/// Counts of one source that share time, as they are known last: they would count events twice.
fn overlaps(history: &History, corrections: &[Fact<Correction>], lines: &Lines, found: &mut Vec<Found>) {
    let corrections = known(corrections, Instant::MAX, &Corrections::default(), &mut |_, _| {});
    let mut counts = known(&history.facts.counts, Instant::MAX, &Corrections::of(&corrections), &mut |_, _| {});
    let key = |fact: &Fact<Counts>| (fact.body.check.clone(), fact.body.scope.clone(), fact.body.span);
    counts.sort_by_cached_key(key);
    let line_of = |id: &FactId| {
        let places = history.facts.counts.iter().enumerate().filter(|(_, fact)| fact.id == *id);
        let all = lines.get("counts");
        places.filter_map(|(place, _)| Some((all?.get(place).copied()?, place))).max()
    };
    let mut widest: Option<&Fact<Counts>> = None;
    for fact in &counts {
        let same =
            |other: &&Fact<Counts>| (&other.body.check, &other.body.scope) == (&fact.body.check, &fact.body.scope);
        let before = widest.filter(same);
        if let Some(other) = before.filter(|other| other.body.span.until() > fact.body.span.from())
            && let (Some(a), Some(b)) = (line_of(&other.id), line_of(&fact.id))
        {
            let ((first, _), (_, place)) = (a.min(b), a.max(b));
            let span = other.body.span.intersect(fact.body.span).unwrap_or(fact.body.span);
            let message = format!(
                "these counts and those of line {first} both count the time from {} to {}",
                span.from(),
                span.until()
            );
            found.push((("counts", place), Some(Wrong::new(message))));
            // An earlier telling must not come back in its stead.
            let id = &history.facts.counts[place].id;
            let tellings = history.facts.counts.iter().enumerate().filter(|(_, fact)| fact.id == *id);
            found.extend(tellings.map(|(place, _)| (("counts", place), None)));
        }
        if before.is_none_or(|other| other.body.span.until() < fact.body.span.until()) {
            widest = Some(fact);
        }
    }
}
