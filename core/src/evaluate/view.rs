//! What is looked at while one commitment is judged for one subject: its checks, its scope, its customer.

use super::seen::Seen;
use crate::agreement::{Agreement, Commitment, Subject};
use crate::history::{Check, History, Parts, Scope};
use crate::id::{CustomerId, InterfaceId};
use crate::interval::{Interval, IntervalSet};
use crate::time::{Instant, Zone};

/// One subject of one commitment, with what is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) agreement: &'a Agreement,
    pub(super) commitment: &'a Commitment,
    pub(super) subject: &'a Subject,
    /// What was worked out of the history so far.
    pub(super) seen: &'a Seen<'a>,
    /// The history as known: one version of each fact.
    pub(super) known: &'a History,
    /// The moment of knowledge: instants from it on do not exist.
    pub(super) now: Instant,
    /// When this revision of the agreement binds the customer.
    pub(super) binds: &'a IntervalSet,
}

impl<'a> View<'a> {
    pub(super) fn zone(&self) -> &'a Zone {
        &self.commitment.terms.zone.value
    }

    pub(super) fn customer(&self) -> Option<&'a CustomerId> {
        self.subject.parts.customer.as_ref()
    }

    /// The subject as a scope, without its customer.
    pub(super) fn scope(&self) -> Scope {
        Scope {
            solution: self.subject.solution.clone(),
            interface: self.subject.interface.clone(),
            parts: Parts { customer: None, ..self.subject.parts.clone() },
        }
    }

    /// All time up to the moment of knowledge.
    pub(super) fn past(&self) -> IntervalSet {
        Interval::new(Instant::MIN, self.now).map_or_else(IntervalSet::empty, IntervalSet::from)
    }

    /// The checks that measure the subject or a part of it. One that is a customer's own counts for that customer alone.
    pub(super) fn checks(&self) -> impl Iterator<Item = &'a Check> + use<'a> {
        let (scope, customer) = (self.scope(), self.customer());
        self.seen.checks(scope.solution.as_ref()).filter(move |check| {
            let own = check.scope.parts.customer.as_ref().is_none_or(|own| Some(own) == customer);
            own && scope.covers_check(&check.scope)
        })
    }

    /// The interfaces of the subject.
    pub(super) fn interfaces(&self) -> Vec<InterfaceId> {
        if let Some(interface) = &self.subject.interface {
            return vec![interface.clone()];
        }
        let solution = self.subject.solution.as_ref().and_then(|id| self.agreement.find_solution(id));
        solution.map_or_else(Vec::new, |s| s.interfaces.iter().map(|interface| interface.id.clone()).collect())
    }

    /// Whether a fact of this scope is about the subject, a part of it, or something that it is a part of; and about its
    /// customer or everybody.
    pub(super) fn concerns(&self, scope: &Scope) -> bool {
        let customer = scope.parts.customer.as_ref().is_none_or(|customer| Some(customer) == self.customer());
        customer && scope.meets_subject(self.subject)
    }
}
