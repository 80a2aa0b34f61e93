//! Vantage points in the checks file: which there are, and which of them each check is measured from.

use std::ops::Range;
use std::sync::Arc;

use uphold_core::agreement::{Agreement, Composition, Level};
use uphold_core::diagnostic::{Diagnostic, Refusal};
use uphold_core::document::{Findings, Placed, Table};
use uphold_core::id::{SolutionId, VantageId};
use uphold_core::nearest::nearest;

use super::{CheckDefinition, Checks, Source};

/// The vantage points of a file, its own among them.
#[derive(Debug)]
pub(super) struct Points {
    pub(super) own: VantageId,
    pub(super) all: Vec<VantageId>,
}

/// Reads `vantage` and `vantage_points`.
pub(super) fn read(root: &mut Table<'_, '_>) -> Option<Points> {
    let own = root.require("vantage", |item| Ok(VantageId::parse(item.text()?)?))?;
    let Some(item) = root.find("vantage_points") else {
        return Some(Points { all: vec![own.value.clone()], own: own.value });
    };
    let span = item.span.clone();
    let all = item.each(root.findings, |item| Ok(VantageId::parse(item.text()?)?))?;
    if let Some(twice) = all.iter().enumerate().find_map(|(at, name)| all[..at].contains(name).then_some(name)) {
        let error = Diagnostic::error(format!("the vantage point `{twice}` is listed twice"), span.clone());
        root.findings.push(error.help("list each once"));
    }
    if !all.contains(&own.value) {
        let error = Diagnostic::error(format!("`vantage_points` lacks `{}`", own.value), span);
        root.findings.push(error.help("list this server's own `vantage` too, beside those that report to it"));
    }
    Some(Points { own: own.value, all })
}

/// Reads the `vantage_points` of one check: those of the file where it names none.
pub(super) fn read_of_check(table: &mut Table<'_, '_>, points: Option<&Points>) -> Vec<VantageId> {
    let all = points.map_or(&[][..], |points| &points.all);
    let known = |name: VantageId| {
        if points.is_none() || all.contains(&name) {
            return Ok(name);
        }
        let refusal = Refusal::new(format!("`vantage_points` of the file lacks `{name}`"));
        Err(match nearest(name.as_str(), all.iter().map(VantageId::as_str)) {
            Some(near) => refusal.help(format!("did you mean `{near}`?")),
            None => refusal.help("list it at the top of the file"),
        })
    };
    let Some(item) = table.find("vantage_points") else { return all.to_vec() };
    let named = item.each(table.findings, |item| known(VantageId::parse(item.text()?)?)).unwrap_or_default();
    let mut once: Vec<VantageId> = Vec::new();
    for name in named {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    if once.is_empty() {
        let error = Diagnostic::error("`vantage_points` names no vantage point", item.span.clone());
        table.findings.push(error.help("leave it out for all of them, or name at least one"));
    }
    once
}

/// How many vantage points an agreement needs before it calls a check of this solution down, and for which commitment.
fn needed<'a>(agreement: &'a Agreement, solution: &SolutionId) -> Option<(u32, &'a str)> {
    let about = agreement
        .commitments
        .iter()
        .filter(|commitment| commitment.solutions.as_ref().is_none_or(|solutions| solutions.contains(solution)));
    about
        .filter_map(|commitment| {
            let composition = &commitment.states()?.levels.get(&Level::Vantages)?.value;
            let needed = match composition {
                Composition::DownWhen(k) => *k,
                Composition::OverReporting { k, least } => (*k).max(*least),
                _ => 1,
            };
            Some((needed, commitment.id.as_str()))
        })
        .max_by_key(|(needed, _)| *needed)
}

/// A check with fewer vantage points than must see it down is unknown for ever: that is honest, and seldom meant.
pub(super) fn warn_of_too_few(checks: &[Placed<&CheckDefinition>], agreement: &Agreement, findings: &Findings) {
    for Placed { value: check, span } in checks {
        let count = check.vantage_points.len();
        let Some((needed, commitment)) = needed(agreement, &check.scope.solution) else { continue };
        if needed as usize <= count {
            continue;
        }
        let message = format!("`{commitment}` asks {needed} vantage points, and `{}` has {count}", check.id);
        let help = match check.source {
            Source::Heartbeat(_) => {
                "a heartbeat is told to one server; until the agreement asks one, its time is unknown"
            }
            Source::Probe(_) => "name more in `vantage_points`; until then all of its time is unknown",
        };
        findings.push(Diagnostic::warning(message, span.clone()).help(help));
    }
}

/// Where a check begins in its file.
pub(super) fn placed(check: &CheckDefinition, span: Range<usize>) -> Placed<&CheckDefinition> {
    Placed { value: check, span }
}

impl Checks {
    /// The same file as another of its vantage points runs it: with the checks that it measures alone. Heartbeats are told
    /// to the server that the file names, and to no other. Nothing, if the file lists no such vantage point.
    #[must_use]
    pub fn seen_from(mut self, vantage: &VantageId) -> Option<Self> {
        if !self.vantage_points.contains(vantage) {
            return None;
        }
        self.checks.retain(|check| check.vantage_points.contains(vantage));
        for check in &mut self.checks {
            Arc::make_mut(check).vantage_points = vec![vantage.clone()];
        }
        self.vantage = vantage.clone();
        self.vantage_points = vec![vantage.clone()];
        Some(self)
    }

    /// The checks that this vantage point measures.
    pub fn own(&self) -> impl Iterator<Item = &Arc<CheckDefinition>> {
        self.checks.iter().filter(|check| check.vantage_points.contains(&self.vantage))
    }

    /// The vantage points that report to this server.
    pub fn remote(&self) -> impl Iterator<Item = &VantageId> {
        self.vantage_points.iter().filter(|vantage| **vantage != self.vantage)
    }
}
