//! Whose instances are: the customers that own them, as the records of resources say.
//!
//! What names an instance that belongs to somebody is theirs, although it may name no customer. Not here: what a statement counts
//! for whom. It goes by the customer that a record names, which is why such a record has to name one before it is recorded.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use uphold_core::history::{Parts, Resource, Scope};
use uphold_core::id::{CustomerId, PartId, SolutionId};
use uphold_core::ledger::record::customer_named;
use uphold_core::time::Instant;

/// The types of line whose ids and times statements tell of: one of an instance that belongs to somebody has to name the customer.
const EVENTS: [&str; 4] = ["exclusion", "impact", "incident", "maintenance"];

/// The instances that belong to customers.
#[derive(Debug, Default)]
pub struct Owners<'a>(BTreeMap<&'a PartId, Vec<&'a Resource>>);

impl<'a> Owners<'a> {
    /// As these resources say.
    pub fn new(resources: impl IntoIterator<Item = &'a Resource>) -> Self {
        let mut of: BTreeMap<&PartId, Vec<&Resource>> = BTreeMap::new();
        for resource in resources {
            let parts = &resource.scope.parts;
            if let (Some(instance), Some(_)) = (&parts.instance, &parts.customer) {
                of.entry(instance).or_default().push(resource);
            }
        }
        Self(of)
    }

    /// What is told of the instance that a scope names, as far as it belongs to somebody.
    fn resources(&self, scope: &Scope) -> impl Iterator<Item = &'a Resource> {
        let all = scope.parts.instance.as_ref().and_then(|instance| self.0.get(instance));
        let solution = scope.solution.clone();
        all.into_iter().flatten().copied().filter(move |resource| {
            let own = &resource.scope.solution;
            own.is_none() || solution.is_none() || *own == solution
        })
    }

    /// Every customer that the instance of a scope belongs to, or belonged to: one that went from one to the other is both's.
    #[must_use]
    pub fn all(&self, scope: &Scope) -> BTreeSet<&'a CustomerId> {
        self.resources(scope).filter_map(|resource| resource.scope.parts.customer.as_ref()).collect()
    }

    /// The customer that the instance of a scope belongs to at a moment, or did last before it, or else will first.
    #[must_use]
    pub fn at(&self, scope: &Scope, at: Instant) -> Option<&'a CustomerId> {
        let begun = self.resources(scope).filter(|resource| resource.span.from() <= at);
        let held = begun.max_by_key(|resource| (resource.span.until(), resource.span.from()));
        let held = held.or_else(|| self.resources(scope).min_by_key(|resource| resource.span.from()));
        held.and_then(|resource| resource.scope.parts.customer.as_ref())
    }

    /// Whether something of this scope is of nobody in particular.
    #[must_use]
    pub fn is_public(&self, scope: &Scope) -> bool {
        scope.parts.customer.is_none() && self.resources(scope).next().is_none()
    }

    /// Whether something of this scope concerns others than this customer alone.
    #[must_use]
    pub fn is_foreign(&self, scope: &Scope, customer: &CustomerId) -> bool {
        match &scope.parts.customer {
            Some(named) => named != customer,
            None => {
                let owners = self.all(scope);
                !owners.is_empty() && !owners.contains(customer)
            }
        }
    }
}

impl Owners<'_> {
    /// Why a line would tell everybody of what is one customer's, if it would: it is of an instance that belongs to somebody, and
    /// names nobody.
    #[must_use]
    pub fn unnamed(&self, line: &Map<String, Value>) -> Option<String> {
        let kind = line.get("type")?.as_str()?;
        let scope = scope_of(line);
        let owners: Vec<String> = self.all(&scope).into_iter().map(|owner| format!("`{owner}`")).collect();
        if !EVENTS.contains(&kind) || scope.parts.customer.is_some() || owners.is_empty() {
            return None;
        }
        let instance = scope.parts.instance.map_or_else(String::new, |instance| instance.to_string());
        let owners = owners.join(" and ");
        Some(format!("`{instance}` belongs to {owners}: name the `customer` in the scope, or everybody is told of it"))
    }
}

/// What a line is about, as far as owners go by it.
fn scope_of(line: &Map<String, Value>) -> Scope {
    let named = |key: &str| line.get("scope").and_then(|scope| scope.get(key)).and_then(Value::as_str);
    Scope {
        solution: named("solution").and_then(|name| SolutionId::parse(name).ok()),
        interface: None,
        parts: Parts {
            instance: named("instance").and_then(|name| PartId::parse(name).ok()),
            customer: customer_named(line),
            ..Parts::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use uphold_core::interval::Interval;

    use super::*;

    fn scope(solution: &str, instance: &str, customer: &str) -> Scope {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Scope {
            solution: some(solution).map(|text| SolutionId::parse(&text).unwrap()),
            parts: Parts {
                instance: some(instance).map(|text| PartId::parse(&text).unwrap()),
                customer: some(customer).map(|text| CustomerId::parse(&text).unwrap()),
                ..Parts::default()
            },
            ..Scope::default()
        }
    }

    fn resource(scope: Scope, from: i64, until: i64) -> Resource {
        let span = Interval::new(Instant(from), Instant(until)).unwrap();
        Resource { scope, kind: "vm".to_owned(), tier: None, span }
    }

    #[test]
    fn an_instance_is_its_owners_in_its_solution_and_while_it_is() {
        let (acme, other) = (CustomerId::parse("acme").unwrap(), CustomerId::parse("other").unwrap());
        let resources = [
            resource(scope("shop", "vm", "acme"), 100, 200),
            resource(scope("shop", "vm", "other"), 200, 300),
            resource(scope("shop", "everybodys", ""), 0, 300),
            resource(scope("", "wide", "acme"), 0, 300),
        ];
        let owners = Owners::new(&resources);
        let vm = scope("shop", "vm", "");
        assert_eq!(owners.all(&vm), BTreeSet::from([&acme, &other]));
        for (at, owner) in [(0, &acme), (100, &acme), (199, &acme), (200, &other), (300, &other)] {
            assert_eq!(owners.at(&vm, Instant(at)), Some(owner), "{at}");
        }
        assert!(owners.is_public(&scope("mail", "vm", "")), "the name of another solution's");
        assert!(!owners.is_public(&scope("", "vm", "")) && !owners.is_public(&scope("mail", "wide", "")));
        assert!(owners.is_public(&scope("shop", "everybodys", "")) && owners.is_public(&scope("shop", "", "")));
        assert!(!owners.is_public(&scope("shop", "", "acme")));
        let third = CustomerId::parse("third").unwrap();
        let foreign = |scope: &Scope| [&acme, &other, &third].map(|customer| owners.is_foreign(scope, customer));
        assert_eq!(foreign(&vm), [false, false, true]);
        assert_eq!(foreign(&scope("shop", "vm", "acme")), [false, true, true], "a name says more than an instance");
        assert_eq!(foreign(&scope("shop", "everybodys", "")), [false; 3]);
    }
}
