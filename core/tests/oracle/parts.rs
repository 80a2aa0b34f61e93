//! What is measured, and how its parts combine: the tree of the oracle, the terms and the checks of the other side.

use serde_json::{Map, Value, json};

use crate::draw::Draw;
use crate::model::*;
use crate::scene::{Scene, quoted};

pub(crate) const INTERFACES: [&str; 2] = ["console", "api"];

/// How parts combine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Comp {
    All,
    Any,
    DownWhen(usize),
    Reporting(usize, usize),
    /// By name.
    Weighted(Vec<(String, i64)>),
    /// By the weight of each check.
    OfChecks,
    Worst,
}

impl Comp {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::All => quoted("all"),
            Self::Any => quoted("any"),
            Self::DownWhen(k) => format!("{{ down_when = {k} }}"),
            Self::Reporting(k, least) => {
                format!("{{ down_when = {k}, over = \"reporting\", min_reporting = {least} }}")
            }
            Self::Weighted(weights) => {
                let each: Vec<String> = weights.iter().map(|(name, weight)| format!("{name} = {weight}")).collect();
                format!("{{ weights = {{ {} }} }}", each.join(", "))
            }
            Self::OfChecks => quoted("weighted"),
            Self::Worst => quoted("worst"),
        }
    }

    /// `weights` are those of the parts in their order.
    fn kind(&self, parts: Vec<Node>, weights: &[i64]) -> Kind {
        match self {
            Self::All | Self::Worst => Kind::All(parts),
            Self::Any => Kind::Any(parts),
            Self::DownWhen(k) => Kind::DownWhen(*k, parts),
            Self::Reporting(k, least) => Kind::Reporting { k: *k, min_reporting: *least, parts },
            Self::Weighted(_) | Self::OfChecks => Kind::Weighted(weights.iter().copied().zip(parts).collect()),
        }
    }
}

/// One check of one place.
#[derive(Debug, Clone)]
pub(crate) struct CheckOf {
    pub(crate) interface: usize,
    pub(crate) part: Option<usize>,
    pub(crate) control: bool,
    pub(crate) vantages: usize,
    pub(crate) weight: i64,
    pub(crate) active: (i64, Option<i64>),
    pub(crate) staleness: Option<i64>,
}

/// The place of a component, and what windows are about. Absent means all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    /// Another solution than the one that is judged.
    pub(crate) elsewhere: bool,
    pub(crate) interface: Option<usize>,
    pub(crate) part: Option<usize>,
}

/// Everything that is measured.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) per_interface: bool,
    /// The level between interfaces and checks, or above interfaces, with how many parts.
    pub(crate) fine: Option<(&'static str, usize)>,
    pub(crate) checks: Vec<CheckOf>,
    pub(crate) vantages: Comp,
    pub(crate) of_checks: Comp,
    pub(crate) of_fine: Comp,
    pub(crate) interfaces: Comp,
    pub(crate) controls: Comp,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            per_interface: false,
            fine: None,
            checks: Vec::new(),
            vantages: Comp::All,
            of_checks: Comp::All,
            of_fine: Comp::All,
            interfaces: Comp::All,
            controls: Comp::All,
        }
    }
}

impl Parts {
    /// Whether some level has weights, which slices, events and users do not know.
    pub(crate) fn weighs(&self) -> bool {
        [&self.vantages, &self.of_checks, &self.of_fine, &self.interfaces, &self.controls]
            .into_iter()
            .any(|comp| matches!(comp, Comp::Weighted(_) | Comp::OfChecks))
    }

    fn fine_above(&self) -> bool {
        self.fine.is_some_and(|(level, _)| level == "regions" || level == "zones")
    }

    /// The ids of the components that something of this scope covers; empty means all.
    pub(crate) fn covered(&self, scope: Place) -> Vec<String> {
        if scope.elsewhere {
            return vec!["elsewhere".into()];
        }
        if scope == Place::default() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for interface in [None, Some(0), Some(1)] {
            for part in [None, Some(0), Some(1)] {
                let place = Place { elsewhere: false, interface, part };
                let within = |own: Option<usize>, theirs: Option<usize>| own.is_none() || own == theirs;
                if within(scope.interface, interface) && within(scope.part, part) {
                    found.push(id_of(place));
                }
            }
        }
        found
    }

    /// A scope as lines write it.
    pub(crate) fn scope(&self, place: Place, customer: Option<&str>) -> Value {
        let mut scope = Map::new();
        scope.insert("solution".into(), if place.elsewhere { "t".into() } else { "s".into() });
        if let Some(interface) = place.interface {
            scope.insert("interface".into(), INTERFACES[interface].into());
        }
        if let (Some(part), Some((level, _))) = (place.part, self.fine) {
            scope.insert(level.trim_end_matches('s').into(), format!("p{part}").into());
        }
        if let Some(customer) = customer {
            scope.insert("customer".into(), customer.into());
        }
        scope.into()
    }

    /// The scopes that windows may have.
    pub(crate) fn some_place(&self, draw: &mut Draw) -> Place {
        let interface = draw.pick(&[None, None, Some(0), Some(1)]);
        let part = self.fine.filter(|_| draw.one_in(2)).map(|(_, parts)| draw.below(parts));
        Place { elsewhere: draw.one_in(4) && interface.is_none() && part.is_none(), interface, part }
    }

    /// Every subject: its interface, if it is one, and the roots that are judged.
    pub(crate) fn subjects(&self) -> Vec<(Option<usize>, Vec<Node>)> {
        if self.per_interface {
            (0..2).map(|interface| (Some(interface), self.roots(Some(interface)))).collect()
        } else {
            vec![(None, self.roots(None))]
        }
    }

    fn roots(&self, interface: Option<usize>) -> Vec<Node> {
        let top = Place { interface, ..Place::default() };
        let above = self.fine_above() || interface.is_some();
        let (comp, parts, weights) = match (self.fine, interface) {
            (Some((_, number)), _) if above => {
                let places = (0..number).map(|part| Place { part: Some(part), ..top });
                let nodes = places.map(|place| self.below_fine(place)).collect();
                (&self.of_fine, nodes, self.weights(&self.of_fine, (0..number).map(|part| format!("p{part}"))))
            }
            (_, None) => {
                let nodes = (0..2).map(|one| self.interface(Place { interface: Some(one), ..top })).collect();
                (&self.interfaces, nodes, self.weights(&self.interfaces, INTERFACES.map(String::from).into_iter()))
            }
            (_, Some(_)) => return self.checks_as_roots(top),
        };
        if *comp == Comp::Worst {
            return parts;
        }
        vec![Node { id: id_of(top), kind: comp.kind(parts, &weights) }]
    }

    fn weights(&self, comp: &Comp, names: impl Iterator<Item = String>) -> Vec<i64> {
        let Comp::Weighted(named) = comp else { return Vec::new() };
        names.map(|name| named.iter().find(|(own, _)| *own == name).map_or(0, |(_, weight)| *weight)).collect()
    }

    /// One part of the fine level that stands at the top.
    fn below_fine(&self, place: Place) -> Node {
        if place.interface.is_some() {
            return self.place(place);
        }
        let nodes = (0..2).map(|one| self.place(Place { interface: Some(one), ..place })).collect();
        Node { id: id_of(place), kind: self.interfaces.kind(nodes, &[]) }
    }

    /// One interface, whose fine parts stand below it.
    fn interface(&self, place: Place) -> Node {
        let Some((_, number)) = self.fine else { return self.place(place) };
        let nodes = (0..number).map(|part| self.place(Place { part: Some(part), ..place })).collect();
        Node { id: id_of(place), kind: self.of_fine.kind(nodes, &[]) }
    }

    fn checks_as_roots(&self, place: Place) -> Vec<Node> {
        let measured = self.nodes_at(place, false);
        // No check at all is one unknown subject.
        if self.of_checks == Comp::Worst && !measured.is_empty() {
            return measured
                .into_iter()
                .map(|(_, node)| Node { id: id_of(place), kind: Kind::All(vec![node]) })
                .collect();
        }
        vec![self.place(place)]
    }

    /// The checks of one place, with what they are compared with.
    fn place(&self, place: Place) -> Node {
        let (weights, nodes): (Vec<i64>, Vec<Node>) = self.nodes_at(place, false).into_iter().unzip();
        let measured = Node { id: id_of(place), kind: self.of_checks.kind(nodes, &weights) };
        let controls: Vec<Node> = self.nodes_at(place, true).into_iter().map(|(_, node)| node).collect();
        let control = match controls.as_slice() {
            [] => return measured,
            [one] if matches!(self.controls, Comp::All | Comp::Any) => one.clone(),
            _ => Node { id: "controls".into(), kind: self.controls.kind(controls, &[]) },
        };
        Node { id: id_of(place), kind: Kind::Guard { measured: Box::new(measured), control: Box::new(control) } }
    }

    fn nodes_at(&self, place: Place, control: bool) -> Vec<(i64, Node)> {
        let mut found = Vec::new();
        for (number, check) in self.checks.iter().enumerate() {
            if check.control != control || Some(check.interface) != place.interface || check.part != place.part {
                continue;
            }
            let point = |vantage| point_id(number, vantage);
            let leaf = |vantage| Node { id: point(vantage), kind: Kind::Point(point(vantage)) };
            let leaves: Vec<Node> = (0..check.vantages).map(leaf).collect();
            let node = match leaves.as_slice() {
                [one] if matches!(self.vantages, Comp::All | Comp::Any) => one.clone(),
                _ => Node { id: format!("check-{number}"), kind: self.vantages.kind(leaves, &[]) },
            };
            found.push((check.weight, node));
        }
        found
    }

    /// The same tree without a measurement, always up: what events are judged on.
    pub(crate) fn unmeasured(&self, interface: Option<usize>) -> Node {
        let top = Place { interface, ..Place::default() };
        let up = |place| Node { id: id_of(place), kind: Kind::Point(ALWAYS_UP.into()) };
        let mut all = vec![Node { id: ALWAYS_UP.into(), kind: Kind::Point(ALWAYS_UP.into()) }];
        for one in [None, Some(0), Some(1)].into_iter().filter(|one| interface.is_none() || *one == interface) {
            for part in [None, Some(0), Some(1)] {
                let place = Place { elsewhere: false, interface: one, part };
                let exists = part.is_none_or(|part| self.fine.is_some_and(|(_, number)| part < number));
                if place != top && exists {
                    all.push(up(place));
                }
            }
        }
        Node { id: id_of(top), kind: Kind::All(all) }
    }
}

/// A point of the oracle's world alone, for what is judged without checks.
pub(crate) const ALWAYS_UP: &str = "always-up";

fn id_of(place: Place) -> String {
    let part = |one: Option<usize>| one.map_or("*".to_owned(), |one| one.to_string());
    format!("s/{}/{}", part(place.interface), part(place.part))
}

pub(crate) fn point_id(check: usize, vantage: usize) -> String {
    format!("{check}@{vantage}")
}

/// Draws what is measured, and states how it combines.
pub(crate) fn draw_parts(draw: &mut Draw, scene: &mut Scene, few: bool) {
    let mut parts = Parts { per_interface: draw.one_in(3), ..Parts::default() };
    if !few && draw.one_in(3) {
        let level = draw.pick(&["regions", "zones", "features", "instances"]);
        parts.fine = Some((level, 1 + draw.below(2)));
    }
    let bounds = scene.terms.unknown == UnknownPolicy::Bounds;
    let inner = |draw: &mut Draw| match draw.below(if bounds { 6 } else { 7 }) {
        0 | 1 => Comp::All,
        2 | 3 => Comp::Any,
        4 | 5 => Comp::DownWhen(1 + draw.below(2)),
        _ => Comp::Reporting(1 + draw.below(2), 1 + draw.below(2)),
    };
    parts.vantages = inner(draw);
    parts.of_checks = inner(draw);
    parts.of_fine = inner(draw);
    parts.interfaces = inner(draw);
    parts.controls = draw.pick(&[Comp::All, Comp::Any, Comp::DownWhen(2)]);
    let guarded = draw_checks(draw, &mut parts, scene.end(), few);
    if parts.fine.is_some_and(|(_, number)| number < 2) && parts.of_fine == Comp::DownWhen(2) {
        parts.of_fine = Comp::All;
    }
    draw_top(draw, &mut parts, guarded);
    scene.state("vantages", parts.vantages.text());
    scene.state("checks", parts.of_checks.text());
    scene.state("interfaces", parts.interfaces.text());
    scene.state("controls", parts.controls.text());
    if let Some((level, _)) = parts.fine {
        scene.state(level, parts.of_fine.text());
    }
    scene.parts = parts;
}

/// Draws the checks. What decision 0003 makes unknown is avoided: where two must be down, two are always registered.
fn draw_checks(draw: &mut Draw, parts: &mut Parts, end: i64, few: bool) -> bool {
    let mut places = Vec::new();
    for interface in 0..2 {
        let number = parts.fine.map_or(1, |(_, number)| number);
        places.extend((0..number).map(|part| (interface, parts.fine.map(|_| part))));
    }
    let plain = |comp: &Comp| matches!(comp, Comp::All | Comp::Any);
    let partial = parts.fine.is_none() && plain(&parts.vantages) && plain(&parts.of_checks);
    let guarded = draw.one_in(4);
    for (interface, part) in places {
        let least = match (&parts.of_checks, parts.fine) {
            (Comp::DownWhen(k), _) => *k,
            (_, Some(_)) => 1,
            _ => 0,
        };
        let measured = least + draw.below(if few { 2 } else { 3 });
        let controls = match (guarded, &parts.controls) {
            (false, _) => 0,
            (true, Comp::DownWhen(k)) => *k,
            (true, _) => draw.below(3),
        };
        for number in 0..measured + controls {
            let least = if let Comp::DownWhen(k) = parts.vantages { k } else { 1 };
            let vantages = least + draw.pick(&[0, 0, 1]);
            let control = number >= measured;
            let alone = vantages == 1 && partial && (!control || controls == 1) && plain(&parts.controls);
            let limited = alone && draw.one_in(3);
            let active = if limited {
                let from = draw.within(0, end / 2);
                (from, (!draw.one_in(3)).then(|| from + 1 + draw.within(end / 4, end)))
            } else {
                (-100, None)
            };
            let staleness = if draw.one_in(2) { Some(1 + draw.within(0, end / 4)) } else { None };
            let weight = 1 + draw.within(0, 4);
            parts.checks.push(CheckOf { interface, part, control, vantages, weight, active, staleness });
        }
    }
    guarded
}

/// What stands at the top may be weighted, or the worst part.
fn draw_top(draw: &mut Draw, parts: &mut Parts, guarded: bool) {
    let final_one = draw.below(6);
    if final_one < 4 {
        return;
    }
    let weighted = final_one == 4;
    let named = |names: &[&str], draw: &mut Draw| {
        Comp::Weighted(names.iter().map(|name| ((*name).to_owned(), 1 + draw.within(0, 4))).collect())
    };
    let top_is_fine = parts.fine.is_some() && (parts.fine_above() || parts.per_interface);
    if top_is_fine {
        parts.of_fine = if weighted { named(&["p0", "p1"], draw) } else { Comp::Worst };
    } else if !parts.per_interface {
        parts.interfaces = if weighted { named(&INTERFACES, draw) } else { Comp::Worst };
    } else if !guarded {
        // Two must be down no longer, so that nothing is demanded of how many there are.
        parts.of_checks = if weighted { Comp::OfChecks } else { Comp::Worst };
        if weighted {
            // The share of no weight at all is nobody's figure.
            for interface in 0..2 {
                if let Some(first) = parts.checks.iter_mut().find(|check| check.interface == interface) {
                    first.active = (-100, None);
                } else {
                    parts.checks.push(CheckOf {
                        interface,
                        part: None,
                        control: false,
                        vantages: 2,
                        weight: 1,
                        active: (-100, None),
                        staleness: None,
                    });
                }
            }
        }
    }
}

/// The checks as facts and lines, without what they saw.
pub(crate) fn tell_checks(scene: &mut Scene) {
    let checks = scene.parts.checks.clone();
    for (number, check) in checks.iter().enumerate() {
        for vantage in 0..check.vantages {
            let id = point_id(number, vantage);
            let body = Point {
                id: id.clone(),
                vantage: format!("v{vantage}"),
                staleness: check.staleness,
                from: check.active.0,
                until: check.active.1,
            };
            scene.world.points.push(Fact { id, recorded_at: -1_000, body });
            let place = Place { elsewhere: false, interface: Some(check.interface), part: check.part };
            let staleness = check.staleness.map_or("none".to_owned(), |ticks| scene.clock.length(ticks));
            let mut line = json!({
                "type": "check", "id": format!("c{number}"), "vantage": format!("v{vantage}"),
                "scope": scene.parts.scope(place, None), "staleness": staleness, "weight": check.weight,
                "role": if check.control { "control" } else { "measure" },
                "recorded_at": scene.clock.text(-1_000),
            });
            for (key, value) in scene.spanned(check.active.0, check.active.1) {
                line[key] = value;
            }
            scene.lines.push(line.to_string());
        }
    }
}
