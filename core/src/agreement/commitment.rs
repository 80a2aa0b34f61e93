//! One measurable promise, and how it is read.

use super::indicator::{Below, Slice};
use super::obligation::{KINDS, Obligation};
use super::read::{Known, exists, read_text};
use super::sources::{Listed, Lookup, Origin, Source, Sources};
use super::terms::{Availability, Goal, Monitoring, StateTerms, Target, Terms};
use super::words::{Aggregate, Indicator, Per, UnknownPolicy};
use super::{Composition, Extent, Language, Level, Text};
use crate::diagnostic::{Diagnostic, Refusal};
use crate::document::{Item, Placed, Table};
use crate::id::{ClauseId, CommitmentId, SolutionId};

/// One measurable promise.
#[derive(Debug, Clone)]
pub struct Commitment {
    /// Its id.
    pub id: CommitmentId,
    /// Its name.
    pub name: Text,
    /// The clause that promises it.
    pub clause: ClauseId,
    /// What it is judged for.
    pub per: Per,
    /// The solutions it is about; absent means all.
    pub solutions: Option<Vec<SolutionId>>,
    /// The terms that every commitment has.
    pub terms: Terms,
    /// What is promised.
    pub promise: Promise,
    /// Every term as its file writes it, with who stated it.
    pub listed: Vec<Listed>,
}

/// What is promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Promise {
    /// A percentage of time, slices, events or users.
    Availability(Box<Availability>),
    /// An observed share of time.
    Monitoring(Box<Monitoring>),
    /// Something that is no percentage.
    Obligation(Obligation),
}

impl Commitment {
    /// The name of its kind that files use.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.promise {
            Promise::Availability(_) => "availability",
            Promise::Monitoring(_) => "monitoring",
            Promise::Obligation(obligation) => obligation.kind(),
        }
    }

    /// Its terms, where it promises an availability.
    #[must_use]
    pub fn availability(&self) -> Option<&Availability> {
        match &self.promise {
            Promise::Availability(availability) => Some(availability),
            _ => None,
        }
    }

    /// How observations make states, where it is judged by them.
    #[must_use]
    pub fn states(&self) -> Option<&StateTerms> {
        match &self.promise {
            Promise::Availability(availability) => availability.states.as_ref(),
            Promise::Monitoring(monitoring) => Some(&monitoring.states),
            Promise::Obligation(_) => None,
        }
    }

    /// The percentage that it promises, if it promises one.
    #[must_use]
    pub fn target(&self) -> Option<&Target> {
        match &self.promise {
            Promise::Availability(availability) => availability.target(),
            Promise::Monitoring(monitoring) => monitoring.target.as_ref(),
            Promise::Obligation(_) => None,
        }
    }

    pub(super) fn read<'d, 'f>(
        table: &mut Table<'d, 'f>,
        languages: &[Language],
        sources: &Sources<'d, 'f, '_>,
        known: &Known<'_>,
    ) -> Option<Self> {
        let id = table.require("id", |item| Ok(CommitmentId::parse(item.text()?)?));
        let name = read_text(table, "name", languages);
        let clause = table.require("clause", |item| {
            let clause = ClauseId::parse(item.text()?)?;
            exists(known.findings, "clause", clause.as_str(), known.clauses.iter().map(|clause| clause.id.as_str()))?;
            Ok(clause)
        });
        let kind = table.require("kind", read_kind);
        let per = table.require("per", Per::read);
        let solutions = table.find("solutions").map(|item| {
            item.each(table.findings, |item| {
                let solution = SolutionId::parse(item.text()?)?;
                let valid = known.solutions.iter().map(|solution| solution.id.as_str());
                exists(known.findings, "solution", solution.as_str(), valid)?;
                Ok(solution)
            })
        });
        // A list that was refused must not be read as "all", and the rest is read all the same.
        let refused = matches!(solutions, Some(None));
        let solutions = solutions.flatten();
        let Some(kind) = kind else {
            // Without its kind nobody can say which of the other keys are right.
            table.take_all();
            return None;
        };
        let covered = known.solutions.iter().filter(|s| solutions.as_ref().is_none_or(|chosen| chosen.contains(&s.id)));
        let interfaces = !refused && covered.into_iter().any(|solution| solution.interfaces.len() > 1);
        if let Some(per) = &per {
            check_per(table, &kind, per);
        }
        let targets = read_targets(table, kind.value);
        let own_policy = table.table("policy").map(|policy| Source::new(Origin::Policy, policy));
        let lookup = Lookup::new(table, own_policy.as_ref(), sources);
        let terms = Terms::read(&lookup, known.findings);
        // Whatever was refused, the rest is read all the same, so that every problem is found at once.
        let read_per = per.as_ref().map_or(Per::Interface, |per| per.value);
        let promise = read_promise(kind.value, &lookup, known, targets, read_per, interfaces);
        let listed = lookup.into_listed();
        if let Some(own_policy) = own_policy {
            own_policy.finish(promise.is_some());
        }
        if refused {
            return None;
        }
        Some(Self {
            id: id?.value,
            name: name?,
            clause: clause?.value,
            per: per?.value,
            solutions,
            terms: terms?,
            promise: promise?,
            listed,
        })
    }
}

fn read_kind(item: &Item<'_>) -> Result<&'static str, Refusal> {
    let text = item.text()?;
    let kinds: Vec<&'static str> = ["availability", "monitoring"].into_iter().chain(KINDS).collect();
    kinds
        .iter()
        .copied()
        .find(|kind| *kind == text)
        .ok_or_else(|| Refusal::not_among("a kind of commitment", text, &kinds))
}

/// What is measured in time has a subject that is measured.
fn check_per(table: &Table<'_, '_>, kind: &Placed<&'static str>, per: &Placed<Per>) {
    let measured = matches!(kind.value, "availability" | "monitoring");
    let fits = match per.value {
        Per::Agreement => !measured,
        Per::Solution => true,
        Per::Interface | Per::Region | Per::Zone | Per::Instance | Per::Feature => measured,
    };
    if !fits {
        table.findings.push(
            Diagnostic::error(
                format!("a commitment of kind `{}` is not judged per {}", kind.value, per.value),
                per.span.clone(),
            )
            .help(if measured {
                "use \"solution\", \"interface\" or a part"
            } else {
                "use \"solution\" or \"agreement\""
            }),
        );
    }
}

/// The goals as far as the commitment's own table states them: name, target, and what they measure.
type Targets = Vec<(Option<String>, Option<Target>, Overrides)>;

fn no_target() -> Targets {
    vec![(None, None, Overrides::default())]
}

#[derive(Debug, Clone, Default)]
struct Overrides {
    indicator: Option<Indicator>,
    aggregate: Option<Aggregate>,
    slice: Option<Slice>,
}

fn read_targets(table: &mut Table<'_, '_>, kind: &str) -> Option<Targets> {
    if !matches!(kind, "availability" | "monitoring") {
        return Some(Vec::new());
    }
    let findings = table.findings;
    let target = table.find("target").map(|item| item.accept(findings, Target::read));
    let several = if kind == "availability" { table.find("targets") } else { None };
    let Some(several) = several else {
        return match target {
            None => Some(no_target()),
            Some(target) => Some(vec![(None, Some(target?), Overrides::default())]),
        };
    };
    if target.is_some() {
        findings.push(
            Diagnostic::error("a commitment has both `target` and `targets`", several.span.clone())
                .help("keep `target` for one figure, or `targets` for several that must all be reached"),
        );
    }
    let all = several.each(findings, |item| {
        let mut table = item.table(findings)?;
        let name = table.option("name", Item::word);
        let target = table.require("target", Target::read);
        let overrides = Overrides {
            indicator: table.option("indicator", Indicator::read).map(|read| read.value),
            aggregate: table.option("aggregate", Aggregate::read).map(|read| read.value),
            slice: table.option("slice", |item| Slice::read(item, findings)).map(|read| read.value),
        };
        table.finish();
        let target = target.ok_or_else(|| Refusal::new("one of `targets` has no usable `target`"))?;
        Ok((name.map(|name| name.value), Some(target.value), overrides))
    })?;
    if all.is_empty() {
        findings
            .push(Diagnostic::error("`targets` is empty", several.span).help("leave it out where nothing is promised"));
        return None;
    }
    Some(all)
}

fn read_promise(
    kind: &'static str,
    lookup: &Lookup<'_, '_, '_, '_>,
    known: &Known<'_>,
    targets: Option<Targets>,
    per: Per,
    interfaces: bool,
) -> Option<Promise> {
    match kind {
        "availability" => {
            let goals = read_goals(lookup, known, targets.clone().unwrap_or_else(no_target));
            let stand_in = goals.clone().unwrap_or_default();
            let availability = Availability::read(lookup, known.findings, stand_in, per, interfaces);
            if targets.is_none() || goals.is_none() {
                lookup.allow_all();
                return None;
            }
            let availability = availability?;
            refuse_bounds(lookup, known, &availability);
            if let Some(states) = &availability.states {
                refuse_final(lookup, known, per, states, &availability.goals);
            }
            Some(Promise::Availability(Box::new(availability)))
        }
        "monitoring" => {
            let states = StateTerms::read(lookup, known.findings, per, interfaces);
            let service_time = lookup.need("service_time", |item| super::ServiceTime::read(item, lookup));
            let target = targets?.into_iter().find_map(|(_, target, _)| target);
            Some(Promise::Monitoring(Box::new(Monitoring { target, states: states?, service_time: service_time? })))
        }
        other => Obligation::read(other, lookup, known.findings).map(Promise::Obligation),
    }
}

fn read_goals(lookup: &Lookup<'_, '_, '_, '_>, known: &Known<'_>, targets: Targets) -> Option<Vec<Goal>> {
    let each_says = |says: fn(&Overrides) -> bool| targets.iter().all(|(_, _, overrides)| says(overrides));
    let indicator =
        if each_says(|o| o.indicator.is_some()) { None } else { Some(lookup.need("indicator", Indicator::read)?) };
    let aggregate =
        if each_says(|o| o.aggregate.is_some()) { None } else { Some(lookup.need("aggregate", Aggregate::read)?) };
    let slice = lookup.find("slice", |item| Slice::read(item, known.findings));
    if slice.is_none() && lookup.is_stated("slice") {
        return None;
    }
    let mut goals = Vec::new();
    for (name, target, overrides) in targets {
        let goal = Goal {
            name,
            target,
            indicator: overrides.indicator.or(indicator.as_ref().map(|stated| stated.value))?,
            aggregate: overrides.aggregate.or(aggregate.as_ref().map(|stated| stated.value))?,
            slice: overrides.slice.or_else(|| slice.as_ref().map(|stated| stated.value.clone())),
        };
        if let Some(problem) = problem_of(&goal) {
            lookup.report(Diagnostic::error(problem.message, lookup.place()).help(problem.help.unwrap_or_default()));
            return None;
        }
        goals.push(goal);
    }
    Some(goals)
}

/// What does not fit together in what a goal measures.
fn problem_of(goal: &Goal) -> Option<Refusal> {
    let bad = goal.slice.as_ref().is_some_and(|slice| slice.bad.is_some());
    let counts = goal.indicator == Indicator::Counts;
    let minimum = goal.slice.as_ref().is_some_and(|slice| slice.minimum.is_some());
    let say = |message: &str, help: &str| Some(Refusal::new(message).help(help));
    match goal.aggregate {
        Aggregate::Events if !counts => {
            say("a ratio of events needs `indicator = \"counts\"`", "state both, or another `aggregate`")
        }
        Aggregate::GoodSlices if !bad => say(
            "good slices need a `slice` that says when one is bad",
            "add `slice = { width = \"5m\", bad_above = \"5\" }`",
        ),
        Aggregate::SliceMean if goal.slice.is_none() => {
            say("a mean of slices needs a `slice`", "add `slice = { width = \"5m\" }`")
        }
        Aggregate::Duration if counts && !bad => say(
            "counts make down time only by bad slices",
            "add `slice = { width = \"1m\", bad_above = \"5\", empty = \"good\" }`",
        ),
        _ if counts && goal.slice.as_ref().is_some_and(|slice| slice.empty.is_none()) => say(
            "a slice of counts does not say what one without events is worth",
            "add `empty = \"good\"`, `\"bad\"` or `\"leave\"`",
        ),
        _ if !counts && minimum => {
            say("a minimum of events needs `indicator = \"counts\"`", "leave `minimum` and `below` out")
        }
        _ => None,
    }
}

/// A weighted or worst composition makes a figure and no state, so something that stands above it could not use it; and a
/// share of weight is a figure of exact time alone.
fn refuse_final(lookup: &Lookup<'_, '_, '_, '_>, known: &Known<'_>, per: Per, states: &StateTerms, goals: &[Goal]) {
    let by_time = goals.iter().all(|goal| goal.aggregate == Aggregate::Duration && goal.slice.is_none());
    let controls = states.controls.iter().map(|term| ("controls", &term.value, true));
    let levels = states.levels.iter().map(|(level, term)| {
        let below = match level {
            Level::Vantages => true,
            Level::Checks | Level::Instances | Level::Features => per != Per::Interface,
            Level::Interfaces | Level::Zones | Level::Regions => false,
        };
        (level.key(), &term.value, below)
    });
    for (key, composition, below) in levels.chain(controls) {
        let finding = match composition {
            _ if composition.is_final() && below => Diagnostic::error(
                format!("`{key}` does not stand at the top of what is judged, where alone it can be `{composition}`"),
                lookup.place(),
            )
            .help("use \"all\", \"any\" or { down_when = 2 } there"),
            Composition::Weighted(_) if !by_time => Diagnostic::error(
                format!(
                    "`{key}` is weighted, and slices, events and users know no weights: a part that is down is down"
                ),
                lookup.place(),
            )
            .help("judge by `aggregate = \"duration\"` without slices, or state how the parts combine"),
            _ => continue,
        };
        known.findings.push(finding);
    }
}

/// Why more down time can raise a figure, where it can.
pub(super) fn not_monotone(availability: &Availability) -> Option<&'static str> {
    let levels = availability.states.iter().flat_map(|states| states.levels.values());
    let reporting = levels.into_iter().any(|level| matches!(level.value, Composition::OverReporting { .. }));
    let minimum = |goal: &Goal| goal.slice.as_ref().and_then(|slice| slice.minimum);
    let adaptive = availability.goals.iter().any(|goal| matches!(minimum(goal), Some((_, Below::WholeDay))));
    let fewest = availability.goals.iter().any(|goal| minimum(goal).is_some());
    let down_cap = |cap: &super::Cap| {
        cap.measure == super::CapMeasure::Down
            && availability
                .exclusions
                .value
                .iter()
                .any(|exclusion| cap.classes.contains(&exclusion.class) && exclusion.extent != Extent::Down)
    };
    let capped = availability.caps.iter().flat_map(|caps| &caps.value).any(down_cap);
    match () {
        () if reporting => Some("a composition over reporting points: a point that falls silent changes who decides"),
        () if adaptive => Some("slices whose width depends on their events"),
        () if fewest => Some("a minimum of events: a slice that is not observed can stop to decide"),
        () if capped => {
            Some("a cap on down time over a whole window: more down time uses it up earlier, and up time returns")
        }
        () => None,
    }
}

/// Rule 2: where a term is not monotone, more down time can raise the figure, so that no bounds exist.
fn refuse_bounds(lookup: &Lookup<'_, '_, '_, '_>, known: &Known<'_>, availability: &Availability) {
    if availability.unknown.value != UnknownPolicy::Bounds {
        return;
    }
    let Some(why) = not_monotone(availability) else { return };
    let finding = Diagnostic::error(
        "there are no bounds to give: `unknown = \"bounds\"` stands with a term that is not monotone",
        lookup.place(),
    )
    .label(why)
    .help("state `unknown = \"up\"`, `\"down\"` or `\"excluded\"` in this commitment or in [policy]");
    known.findings.push(finding);
}
