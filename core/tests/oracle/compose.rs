//! Composition at one tick (R4, R14), with components under an exclusion set to up (R6).

use crate::fraction::Frac;
use crate::model::*;
use crate::timeline::{Obs, Points};

/// How to read unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolve {
    /// Three-valued.
    Keep,
    Up,
    Down,
}

impl Resolve {
    fn apply(self, obs: Obs) -> Obs {
        match (self, obs) {
            (Resolve::Up, Obs::Unknown) => Obs::Up,
            (Resolve::Down, Obs::Unknown) => Obs::Down,
            _ => obs,
        }
    }

    /// R2: control probes go the opposite way.
    fn opposite(self) -> Resolve {
        match self {
            Resolve::Keep => Resolve::Keep,
            Resolve::Up => Resolve::Down,
            Resolve::Down => Resolve::Up,
        }
    }
}

/// Whether a window with this scope sits on the component itself.
pub(crate) fn names(scope: &[String], id: &str) -> bool {
    scope.is_empty() || scope.iter().any(|s| s == id)
}

/// Whether a window with this scope touches the component or a part of it.
pub(crate) fn touches(scope: &[String], node: &Node) -> bool {
    names(scope, &node.id) || parts(node).iter().any(|p| touches(scope, p))
}

fn parts(node: &Node) -> Vec<&Node> {
    match &node.kind {
        Kind::Point(_) => Vec::new(),
        Kind::All(p) | Kind::Any(p) | Kind::DownWhen(_, p) | Kind::Reporting { parts: p, .. } => p.iter().collect(),
        Kind::Weighted(p) => p.iter().map(|(_, n)| n).collect(),
        Kind::Guard { measured, control } => vec![measured, control],
    }
}

fn threshold(seen: &[Obs], k: usize) -> Obs {
    let count = |o: Obs| seen.iter().filter(|s| **s == o).count();
    if seen.iter().all(|s| *s == Obs::Absent) {
        Obs::Unknown
    } else if count(Obs::Down) >= k {
        Obs::Down
    } else if count(Obs::Down) + count(Obs::Unknown) < k {
        Obs::Up
    } else {
        Obs::Unknown
    }
}

/// The state of a component at tick index `i`. `relieved` lists the scopes of the windows in force.
pub(crate) fn state(node: &Node, points: &Points, i: usize, resolve: Resolve, relieved: &[&[String]]) -> Obs {
    if relieved.iter().any(|scope| names(scope, &node.id)) {
        return Obs::Up;
    }
    let each = |p: &Vec<Node>, r: Resolve| -> Vec<Obs> { p.iter().map(|n| state(n, points, i, r, relieved)).collect() };
    let present = |p: &Vec<Node>| each(p, resolve).iter().filter(|s| **s != Obs::Absent).count();
    let found = match &node.kind {
        Kind::Point(id) => points.get(id).map_or(Obs::Absent, |states| states[i]),
        Kind::All(p) => threshold(&each(p, resolve), 1),
        Kind::Any(p) => threshold(&each(p, resolve), present(p).max(1)),
        Kind::DownWhen(k, p) => threshold(&each(p, resolve), *k),
        Kind::Reporting { k, min_reporting, parts } => {
            // R14 looks at who reports, so nothing below is resolved; its own answer is.
            let mut seen = each(parts, Resolve::Keep);
            seen.retain(|s| matches!(s, Obs::Up | Obs::Down));
            let down = seen.iter().filter(|s| **s == Obs::Down).count();
            match () {
                () if down >= *k => Obs::Down,
                () if seen.len() < *min_reporting => Obs::Unknown,
                () => Obs::Up,
            }
        }
        Kind::Weighted(p) => {
            let seen: Vec<Obs> = p.iter().map(|(_, n)| state(n, points, i, resolve, relieved)).collect();
            threshold(&seen, 1)
        }
        Kind::Guard { measured, control } => {
            let m = state(measured, points, i, resolve, relieved);
            let c = state(control, points, i, resolve.opposite(), relieved);
            match (m, c) {
                (Obs::Up, _) | (_, Obs::Down) => Obs::Up,
                (Obs::Down, Obs::Up | Obs::Absent) => Obs::Down,
                (Obs::Absent, _) => Obs::Absent,
                _ => Obs::Unknown,
            }
        }
    };
    resolve.apply(found)
}

/// R4 `weighted`: up weight ÷ weight at tick index `i`; other compositions are 0 or 1.
pub(crate) fn share_up(root: &Node, points: &Points, i: usize, resolve: Resolve) -> Frac {
    let Kind::Weighted(weighted) = &root.kind else {
        let up = state(root, points, i, resolve, &[]) == Obs::Up;
        return Frac::whole(i64::from(up));
    };
    let mut up = 0;
    let mut all = 0;
    for (weight, node) in weighted {
        let seen = state(node, points, i, resolve, &[]);
        all += if seen == Obs::Absent { 0 } else { *weight };
        up += if seen == Obs::Up { *weight } else { 0 };
    }
    if all == 0 { Frac::whole(i64::from(resolve == Resolve::Up)) } else { Frac::new(up, all) }
}
