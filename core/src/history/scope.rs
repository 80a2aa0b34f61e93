//! How scopes lie in one another.

use super::record::{CheckScope, Parts, Scope};
use crate::agreement::Subject;
use crate::id::{InterfaceId, PartId, SolutionId};

/// The names in a scope, from the outermost.
type Names<'s> = [Option<&'s str>; 6];

fn names<'s>(solution: Option<&'s SolutionId>, interface: Option<&'s InterfaceId>, parts: &'s Parts) -> Names<'s> {
    let Parts { region, zone, instance, feature, customer: _ } = parts;
    let [region, zone, instance, feature] =
        [region, zone, instance, feature].map(|part| part.as_ref().map(PartId::as_str));
    [solution.map(SolutionId::as_str), interface.map(InterfaceId::as_str), region, zone, instance, feature]
}

fn covers(own: Names<'_>, theirs: Names<'_>) -> bool {
    own.iter().zip(theirs).all(|(own, theirs)| own.is_none() || *own == theirs)
}

fn meets(own: Names<'_>, theirs: Names<'_>) -> bool {
    own.iter().zip(theirs).all(|(own, theirs)| own.is_none() || theirs.is_none() || *own == theirs)
}

impl Scope {
    fn names(&self) -> Names<'_> {
        names(self.solution.as_ref(), self.interface.as_ref(), &self.parts)
    }

    /// Whether all of `other` lies within it. Customers are not looked at.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        covers(self.names(), other.names())
    }

    /// Whether what a check measures lies within it. Customers are not looked at.
    #[must_use]
    pub fn covers_check(&self, check: &CheckScope) -> bool {
        covers(self.names(), names(Some(&check.solution), Some(&check.interface), &check.parts))
    }

    /// Whether something can lie within both. Customers are not looked at.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        meets(self.names(), other.names())
    }

    /// Whether something can lie within both it and what is judged. Customers are not looked at.
    #[must_use]
    pub fn meets_subject(&self, subject: &Subject) -> bool {
        meets(self.names(), names(subject.solution.as_ref(), subject.interface.as_ref(), &subject.parts))
    }
}
