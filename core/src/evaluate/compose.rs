//! Composition: vantage points make a check, checks make a part, parts make the subject.
//!
//! One three-valued operator serves every level. Over the parts that are registered at an instant, the whole is down when
//! `k` are known to be down, up when the unknown ones cannot make it `k`, else unknown. Where fewer than `k` parts are
//! registered nobody could have established an outage, so the whole is unknown.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::view::View;
use crate::agreement::{Composition, Level, StateTerms, Weights};
use crate::history::{Check, Connections, Role, Scope};
use crate::id::{CheckId, InterfaceId, PartId, Series};
use crate::interval::{Interval, IntervalSet};
use crate::statement::Cause;
use crate::time::Instant;
use crate::timeline::{Counts, State, Timeline};

/// Inside a composition this state marks a part that is not registered. Exclusion is a later step, so the name is free.
pub(super) const ABSENT: State = State::Excluded;

/// The state of the whole from the states of its parts at one instant.
///
/// ```
/// use uphold_core::{agreement::Composition, evaluate::whole, timeline::State};
/// use State::{Down, Unknown, Up};
/// assert_eq!(whole(&Composition::DownWhen(2), &[Down, Unknown, Up]), Unknown);
/// assert_eq!(whole(&Composition::DownWhen(2), &[Down, Down, Up]), Down);
/// assert_eq!(whole(&Composition::DownWhen(2), &[Unknown, Up, Up]), Up);
/// assert_eq!(whole(&Composition::DownWhen(2), &[Up]), Unknown);
/// ```
#[must_use]
pub fn whole(composition: &Composition, parts: &[State]) -> State {
    of_counts(composition, Counts::of(parts))
}

fn of_counts(composition: &Composition, parts: Counts) -> State {
    // What is not registered is marked as excluded: see `ABSENT`.
    let Counts { down, unknown, excluded: absent, .. } = parts;
    let registered = parts.all() - absent;
    if let Composition::OverReporting { least, .. } = composition {
        return match () {
            () if down >= composition.threshold(registered) => State::Down,
            () if registered == 0 || registered - unknown < *least as usize => State::Unknown,
            () => State::Up,
        };
    }
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

/// A part of the subject with everything below it.
#[derive(Debug)]
pub(super) enum Node<'a> {
    /// What one registered series says.
    Leaf(Leaf<'a>),
    /// What the numbers of connected software say.
    Connections(Timeline),
    /// Parts that make one.
    Group(Group<'a>),
    /// What is measured, and what it is compared with.
    Guard { measured: Box<Node<'a>>, control: Box<Node<'a>> },
}

/// One registered series.
#[derive(Debug)]
pub(super) struct Leaf<'a> {
    pub(super) check: &'a Check,
    pub(super) timeline: Rc<Timeline>,
}

/// Parts that make one.
#[derive(Debug)]
pub(super) struct Group<'a> {
    /// What it is, for windows that cover it; absent below the smallest part that anything is said of.
    place: Option<Scope>,
    composition: Composition,
    /// The level that its parts stand on.
    level: Level,
    parts: Vec<Node<'a>>,
    /// Whether it is not registered while none of its parts is; else it is unknown then.
    vanishes: bool,
    /// What its parts make without any relief, once that was asked for.
    plain: OnceCell<Timeline>,
}

/// Windows under which the components that they cover count as up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Relief<'r> {
    pub(super) scope: &'r Scope,
    pub(super) set: &'r IntervalSet,
}

impl<'a> Node<'a> {
    /// Its states, with the components that the relief covers up. Parts that are not registered are absent.
    fn states(&self, relief: &[Relief<'_>]) -> Cow<'_, Timeline> {
        match self {
            Self::Leaf(leaf) => Cow::Borrowed(&leaf.timeline),
            Self::Connections(timeline) => Cow::Borrowed(timeline),
            Self::Guard { measured, control } => {
                Cow::Owned(Timeline::combine(&[&*measured.states(relief), &*control.states(relief)], |states| {
                    match (states[0], states[1]) {
                        (State::Up, _) | (State::Down | State::Unknown, State::Down) => State::Up,
                        (State::Down, State::Up | ABSENT) => State::Down,
                        (ABSENT, _) => ABSENT,
                        _ => State::Unknown,
                    }
                }))
            }
            Self::Group(group) => group.states(relief),
        }
    }

    /// Whether the relief covers it or a part of it.
    fn is_relieved(&self, relief: &[Relief<'_>]) -> bool {
        match self {
            Self::Leaf(_) | Self::Connections(_) => false,
            Self::Guard { measured, control } => measured.is_relieved(relief) || control.is_relieved(relief),
            // Below the smallest part that anything is said of, nothing is covered.
            Self::Group(Group { place: None, .. }) => false,
            Self::Group(Group { place: Some(place), parts, .. }) => {
                relief.iter().any(|relief| relief.scope.covers(place))
                    || parts.iter().any(|part| part.is_relieved(relief))
            }
        }
    }

    /// Every series below it.
    pub(super) fn leaves(&self) -> Vec<&Leaf<'a>> {
        let mut leaves = Vec::new();
        self.collect(&mut leaves);
        leaves
    }

    fn collect<'n>(&'n self, leaves: &mut Vec<&'n Leaf<'a>>) {
        match self {
            Self::Leaf(leaf) => leaves.push(leaf),
            Self::Connections(_) => {}
            Self::Guard { measured, control } => [measured, control].into_iter().for_each(|part| part.collect(leaves)),
            Self::Group(group) => group.parts.iter().for_each(|part| part.collect(leaves)),
        }
    }

    /// What it is, where it is a part that something can be said of.
    pub(super) fn place(&self) -> Option<&Scope> {
        match self {
            Self::Leaf(_) | Self::Connections(_) => None,
            Self::Guard { measured, .. } => measured.place(),
            Self::Group(group) => group.place.as_ref(),
        }
    }

    /// What it is called among the parts of a level, for weights.
    fn name(&self, level: Level) -> Option<&str> {
        let part = |one: fn(&Scope) -> &Option<PartId>| one(self.place()?).as_ref().map(PartId::as_str);
        match level {
            Level::Regions => part(|place| &place.parts.region),
            Level::Zones => part(|place| &place.parts.zone),
            Level::Interfaces => self.place()?.interface.as_ref().map(InterfaceId::as_str),
            Level::Features => part(|place| &place.parts.feature),
            Level::Instances => part(|place| &place.parts.instance),
            Level::Checks | Level::Vantages => self.leaves().first().map(|leaf| leaf.check.series.check.as_str()),
        }
    }

    /// What it weighs among the parts of a level.
    fn weight(&self, weights: &Weights, level: Level) -> i64 {
        match weights {
            Weights::Named(named) => self.name(level).and_then(|name| named.get(name)).copied().map_or(0, i64::from),
            Weights::OfChecks => self.leaves().first().map_or(1, |leaf| i64::from(leaf.check.weight)),
        }
    }

    /// The state at every instant of what stands at the top: unknown where nothing is registered.
    pub(super) fn timeline(&self, relief: &[Relief<'_>]) -> Timeline {
        self.states(relief).map(|state| if state == ABSENT { State::Unknown } else { state })
    }

    /// The parts that are judged alone, where the worst of them counts.
    pub(super) fn worst(&self) -> Option<&[Node<'a>]> {
        match self {
            Self::Group(group) if group.composition == Composition::Worst => Some(&group.parts),
            _ => None,
        }
    }

    /// The weighted parts, where the share of the up ones counts, each with its states.
    pub(super) fn weighted(&self) -> Option<Vec<(i64, Timeline)>> {
        match self {
            Self::Group(Group { composition: Composition::Weighted(weights), parts, level, .. }) => {
                Some(parts.iter().map(|part| (part.weight(weights, *level), part.states(&[]).into_owned())).collect())
            }
            _ => None,
        }
    }
}

/// Whether a weighted part is registered, and up, at an instant.
pub(super) fn weighs(state: State) -> bool {
    state != ABSENT
}

impl<'a> Group<'a> {
    fn new(place: Option<Scope>, composition: Composition, level: Level, parts: Vec<Node<'a>>, vanishes: bool) -> Self {
        Self { place, composition, level, parts, vanishes, plain: OnceCell::new() }
    }

    fn states(&self, relief: &[Relief<'_>]) -> Cow<'_, Timeline> {
        let composed = match self.parts.iter().any(|part| part.is_relieved(relief)) {
            true => Cow::Owned(self.composed(relief)),
            false => Cow::Borrowed(self.plain.get_or_init(|| self.composed(&[]))),
        };
        let Some(place) = &self.place else { return composed };
        let own = relief.iter().filter(|relief| relief.scope.covers(place));
        own.fold(composed, |states, relief| Cow::Owned(states.overlay(relief.set, State::Up)))
    }

    /// What its parts make, whatever covers the whole of it.
    fn composed(&self, relief: &[Relief<'_>]) -> Timeline {
        let parts: Vec<Cow<'_, Timeline>> = self.parts.iter().map(|part| part.states(relief)).collect();
        let parts: Vec<&Timeline> = parts.iter().map(|part| &**part).collect();
        Timeline::combine_counts(&parts, |counts| {
            if self.vanishes && counts.excluded == counts.all() { ABSENT } else { of_counts(&self.composition, counts) }
        })
    }
}

/// Builds the tree of a subject.
pub(super) fn tree<'a>(view: &View<'a>, terms: &'a StateTerms) -> Node<'a> {
    let checks: Vec<&Check> = view.checks().collect();
    let builder = Builder { view, terms };
    builder.level(
        &[Level::Regions, Level::Zones, Level::Interfaces, Level::Features, Level::Instances],
        checks,
        view.scope(),
        false,
    )
}

struct Builder<'v, 'a> {
    view: &'v View<'a>,
    terms: &'a StateTerms,
}

impl<'a> Builder<'_, 'a> {
    fn composition(&self, level: Level) -> Composition {
        // A level that no term speaks of has one part: more would be a problem, which is found before anything is judged.
        self.terms.levels.get(&level).map_or(Composition::All, |term| term.value.clone())
    }

    /// The node of everything in `place`, whose levels from the top are `levels`.
    fn level(&self, levels: &[Level], checks: Vec<&'a Check>, place: Scope, vanishes: bool) -> Node<'a> {
        let Some((level, below)) = levels.split_first() else { return self.checks(&checks, place, vanishes) };
        let parts: Vec<Node<'a>> = if *level == Level::Interfaces {
            if place.interface.is_some() {
                return self.level(below, checks, place, vanishes);
            }
            self.interfaces(&checks)
                .into_iter()
                .map(|id| {
                    let own = checks.iter().filter(|check| check.scope.interface == id).copied().collect();
                    let place = Scope { interface: Some(id), ..place.clone() };
                    self.level(below, own, place, false)
                })
                .collect()
        } else {
            let named: BTreeSet<&PartId> = checks.iter().filter_map(|check| part(*level, check)).collect();
            if named.is_empty() || set(*level, &mut place.clone()).is_some() {
                return self.level(below, checks, place, vanishes);
            }
            let mut groups: BTreeMap<Option<&PartId>, Vec<&'a Check>> = BTreeMap::new();
            for check in checks {
                groups.entry(part(*level, check)).or_default().push(check);
            }
            groups
                .into_iter()
                .map(|(name, own)| {
                    let mut inner = place.clone();
                    *set(*level, &mut inner) = name.cloned();
                    self.level(below, own, inner, true)
                })
                .collect()
        };
        Node::Group(Group::new(Some(place), self.composition(*level), *level, parts, vanishes))
    }

    /// The interfaces that are measured here, and those that nothing measures anywhere.
    fn interfaces(&self, here: &[&'a Check]) -> Vec<InterfaceId> {
        let measured = |id: &InterfaceId| self.view.checks().any(|check| check.scope.interface == *id);
        // Connections are counted per interface; they stand in every place that has no checks of its own.
        let declared = self.view.interfaces();
        declared
            .into_iter()
            .filter(|id| here.iter().any(|check| check.scope.interface == *id) || !measured(id))
            .collect()
    }

    /// The node of the checks of one place.
    fn checks(&self, checks: &[&'a Check], place: Scope, vanishes: bool) -> Node<'a> {
        let of_role = |role: Role| checks.iter().filter(move |check| check.role == role).copied();
        let group = |composition: Composition, role: Role, place: Option<Scope>, vanishes: bool| {
            let mut by_check: BTreeMap<&CheckId, Vec<Node<'a>>> = BTreeMap::new();
            for check in of_role(role) {
                let leaf = Leaf { check, timeline: self.view.seen.series(check, self.terms) };
                by_check.entry(&check.series.check).or_default().push(Node::Leaf(leaf));
            }
            let vantages = self.composition(Level::Vantages);
            // A check with no vantage point at an instant is itself not registered then.
            let one = |parts| Group::new(None, vantages.clone(), Level::Vantages, parts, true);
            let mut parts: Vec<Node<'a>> = by_check.into_values().map(|parts| Node::Group(one(parts))).collect();
            if let (Role::Measure, Some(place)) = (role, &place) {
                parts.extend(self.connections(place).map(Node::Connections));
            }
            Node::Group(Group::new(place, composition, Level::Checks, parts, vanishes))
        };
        let measured = group(self.composition(Level::Checks), Role::Measure, Some(place), vanishes);
        if of_role(Role::Control).next().is_none() {
            return measured;
        }
        let controls = self.terms.controls.as_ref().map_or(Composition::All, |term| term.value.clone());
        // While no control is registered there is nothing to compare an outage with, and it counts.
        let control = group(controls, Role::Control, None, true);
        Node::Guard { measured: Box::new(measured), control: Box::new(control) }
    }

    /// What the connections of installed software at one place say: absent before the first count of them, unknown between
    /// two counts.
    fn connections(&self, place: &Scope) -> Option<Timeline> {
        let terms = &self.terms.connections.as_ref()?.value;
        let customer = self.view.customer();
        let own = self.view.known.facts.connections.iter().map(|fact| &fact.body).filter(|own| {
            place.interface.is_some()
                && place.covers(&own.scope)
                && own.scope.parts.customer.as_ref().is_none_or(|own| Some(own) == customer)
        });
        let mut own: Vec<&Connections> = own.collect();
        own.sort_by_key(|own| own.span);
        // Counts that overlap lie in layers of their own, and the worst known state counts.
        let mut layers: Vec<(Instant, Vec<(Instant, State)>)> = Vec::new();
        for own in own {
            let state = terms.state(own.expected, own.connected, own.customer_side, own.undetermined);
            let steps = [(own.span.from(), state), (own.span.until(), State::Unknown)];
            match layers.iter_mut().find(|(end, _)| *end <= own.span.from()) {
                Some((end, layer)) => {
                    *end = own.span.until();
                    layer.extend(steps);
                }
                None => layers.push((own.span.until(), steps.to_vec())),
            }
        }
        let layers: Vec<Timeline> = layers.into_iter().map(|(_, steps)| Timeline::from_steps(steps)).collect();
        let parts: Vec<&Timeline> = layers.iter().collect();
        let all = Timeline::combine(&parts, |states| {
            let known = states.iter().copied().filter(|state| *state != State::Unknown);
            known.min().unwrap_or(State::Unknown)
        });
        if layers.is_empty() {
            return None;
        }
        let begins = all.steps().first().map_or(Instant::MAX, |(at, _)| *at);
        let before = Interval::new(Instant::MIN, begins).map_or_else(IntervalSet::empty, IntervalSet::from);
        Some(all.overlay(&before, ABSENT))
    }
}

fn part(level: Level, check: &Check) -> Option<&PartId> {
    let parts = &check.scope.parts;
    match level {
        Level::Regions => parts.region.as_ref(),
        Level::Zones => parts.zone.as_ref(),
        Level::Features => parts.feature.as_ref(),
        Level::Instances => parts.instance.as_ref(),
        Level::Vantages | Level::Checks | Level::Interfaces => None,
    }
}

/// Where a scope names the part of a level.
fn set(level: Level, scope: &mut Scope) -> &mut Option<PartId> {
    match level {
        Level::Regions => &mut scope.parts.region,
        Level::Zones => &mut scope.parts.zone,
        Level::Features => &mut scope.parts.feature,
        Level::Vantages | Level::Checks | Level::Interfaces | Level::Instances => &mut scope.parts.instance,
    }
}

/// What the series of a subject said besides that it is up, to find what a stretch of time is due to.
pub(super) struct Witnesses<'n> {
    /// Which interfaces they measure.
    interfaces: BTreeSet<&'n InterfaceId>,
    /// Every stretch that is down or unknown by one of them, in the order of their beginnings.
    said: Vec<(Interval, State, &'n Check)>,
}

impl<'n> Witnesses<'n> {
    /// What they said within this time.
    pub(super) fn of(root: &'n Node<'_>, within: &IntervalSet) -> Self {
        let leaves = root.leaves();
        let hull = within.parts().first().zip(within.parts().last());
        let hull = hull.and_then(|(first, last)| Interval::new(first.from(), last.until()));
        let mut said = Vec::new();
        for leaf in &leaves {
            let pieces = hull.into_iter().flat_map(|hull| leaf.timeline.pieces(hull));
            let bad = pieces.filter(|(_, state)| matches!(state, State::Down | State::Unknown));
            said.extend(bad.map(|(piece, state)| (piece, state, leaf.check)));
        }
        said.sort_unstable_by_key(|(piece, ..)| piece.from());
        Self { interfaces: leaves.iter().map(|leaf| &leaf.check.scope.interface).collect(), said }
    }

    /// What made a stretch of that time be in this state.
    pub(super) fn causes(&self, view: &View<'_>, interval: Interval, state: State) -> Vec<Cause> {
        let begun = &self.said[..self.said.partition_point(|(piece, ..)| piece.from() < interval.until())];
        let during = begun.iter().filter(|(piece, said, _)| *said == state && piece.until() > interval.from());
        // One series may say it more than once.
        let checks: BTreeSet<(&InterfaceId, &Series)> =
            during.map(|(.., check)| (&check.scope.interface, &check.series)).collect();
        let mut causes: BTreeSet<Cause> = checks
            .into_iter()
            .map(|(interface, series)| Cause::Check { interface: interface.clone(), series: series.clone() })
            .collect();
        if state == State::Unknown {
            self.unseen(view, interval, &mut causes);
        }
        causes.into_iter().collect()
    }

    /// Why nobody saw what a stretch was like, as far as no series says so.
    fn unseen(&self, view: &View<'_>, interval: Interval, causes: &mut BTreeSet<Cause>) {
        let counted = |id: &InterfaceId| {
            view.known.facts.connections.iter().any(|fact| fact.body.scope.interface.as_ref() == Some(id))
        };
        let measured = |id: &InterfaceId| counted(id) || self.interfaces.contains(id);
        for interface in view.interfaces().into_iter().filter(|id| !measured(id)) {
            causes.insert(Cause::NotMeasured { interface });
        }
        for gap in view.known.gaps.iter().filter(|gap| gap.interval.intersect(interval).is_some()) {
            let (id, why) = (gap.id.clone(), gap.why.clone());
            causes.insert(match gap.erased_at {
                Some(on) => Cause::Erased { id, why, on },
                None => Cause::Gap { id, why },
            });
        }
    }
}
