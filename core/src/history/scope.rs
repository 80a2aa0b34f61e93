//! How scopes lie in one another.

use super::record::{CheckScope, Scope};
use crate::id::PartId;

impl CheckScope {
    /// The same as a scope of any fact.
    #[must_use]
    pub fn as_scope(&self) -> Scope {
        Scope {
            solution: Some(self.solution.clone()),
            interface: Some(self.interface.clone()),
            parts: self.parts.clone(),
        }
    }
}

impl Scope {
    fn keys<'s>(&'s self, other: &'s Self) -> [(Option<&'s str>, Option<&'s str>); 6] {
        let part = |one: &'s Option<PartId>| one.as_ref().map(PartId::as_str);
        [
            (self.solution.as_ref().map(|id| id.as_str()), other.solution.as_ref().map(|id| id.as_str())),
            (self.interface.as_ref().map(|id| id.as_str()), other.interface.as_ref().map(|id| id.as_str())),
            (part(&self.parts.region), part(&other.parts.region)),
            (part(&self.parts.zone), part(&other.parts.zone)),
            (part(&self.parts.instance), part(&other.parts.instance)),
            (part(&self.parts.feature), part(&other.parts.feature)),
        ]
    }

    /// Whether all of `other` lies within it. Customers are not looked at.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.keys(other).iter().all(|(own, theirs)| own.is_none() || own == theirs)
    }

    /// Whether something can lie within both. Customers are not looked at.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.keys(other).iter().all(|(own, theirs)| own.is_none() || theirs.is_none() || own == theirs)
    }
}
