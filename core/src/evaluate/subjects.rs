//! What a commitment is judged for, one by one.

use std::collections::BTreeSet;

use crate::agreement::{Agreement, Commitment, Per, Subject};
use crate::history::{History, Parts, Scope};
use crate::id::{CustomerId, PartId, SolutionId};

/// Every solution, interface or part that a commitment is judged for, in the order of the file; parts by their names, as
/// far as the history speaks of them.
#[must_use]
pub fn subjects(agreement: &Agreement, commitment: &Commitment, known: &History) -> Vec<Subject> {
    let of = |solution: &SolutionId| Subject { solution: Some(solution.clone()), ..Subject::default() };
    if commitment.per == Per::Agreement {
        return vec![Subject::default()];
    }
    let mut found = Vec::new();
    for solution in agreement.covered(commitment) {
        match commitment.per {
            Per::Solution | Per::Agreement => found.push(of(&solution.id)),
            Per::Interface => found.extend(
                solution
                    .interfaces
                    .iter()
                    .map(|interface| Subject { interface: Some(interface.id.clone()), ..of(&solution.id) }),
            ),
            Per::Region | Per::Zone | Per::Instance | Per::Feature => {
                let parts: BTreeSet<&PartId> = named(known)
                    .filter(|scope| scope.0.as_ref().is_none_or(|id| *id == solution.id))
                    .filter_map(|scope| part(commitment.per, scope.1))
                    .collect();
                found.extend(parts.into_iter().map(|name| {
                    let mut subject = of(&solution.id);
                    *part_of(commitment.per, &mut subject.parts) = Some(name.clone());
                    subject
                }));
            }
        }
    }
    found
}

/// Every scope that can name a part that is measured.
fn named(known: &History) -> impl Iterator<Item = (Option<SolutionId>, &Parts)> {
    let facts = &known.facts;
    let scope = |scope: &'_ Scope| scope.solution.clone();
    known
        .checks
        .iter()
        .map(|check| (Some(check.scope.solution.clone()), &check.scope.parts))
        .chain(facts.counts.iter().map(move |fact| (scope(&fact.body.scope), &fact.body.scope.parts)))
        .chain(facts.resources.iter().map(move |fact| (scope(&fact.body.scope), &fact.body.scope.parts)))
        .chain(facts.populations.iter().map(move |fact| (scope(&fact.body.scope), &fact.body.scope.parts)))
}

fn part(per: Per, parts: &Parts) -> Option<&PartId> {
    match per {
        Per::Region => parts.region.as_ref(),
        Per::Zone => parts.zone.as_ref(),
        Per::Instance => parts.instance.as_ref(),
        Per::Feature => parts.feature.as_ref(),
        Per::Agreement | Per::Solution | Per::Interface => None,
    }
}

fn part_of(per: Per, parts: &mut Parts) -> &mut Option<PartId> {
    match per {
        Per::Region => &mut parts.region,
        Per::Zone => &mut parts.zone,
        Per::Feature => &mut parts.feature,
        Per::Agreement | Per::Solution | Per::Interface | Per::Instance => &mut parts.instance,
    }
}

/// Every customer that the history speaks of as having something, in the order of their ids.
#[must_use]
pub fn customers(known: &History) -> Vec<CustomerId> {
    let facts = &known.facts;
    let entitled = facts.entitlements.iter().filter_map(|fact| fact.body.scope.parts.customer.clone());
    let paying = facts.fees.iter().filter_map(|fact| fact.body.scope.parts.customer.clone());
    let assenting = facts.assents.iter().map(|fact| fact.body.customer.clone());
    let all: BTreeSet<CustomerId> = entitled.chain(paying).chain(assenting).collect();
    all.into_iter().collect()
}
