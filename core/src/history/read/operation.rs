//! What the provider did and what befell it: maintenance, notices, incidents, suspensions, recoveries and the like; what
//! exists and where it runs.

use serde::Deserialize;

use super::line::{
    Str, Wrong, among, instant, lines, maybe_instant, not_before, open_span, parse, scope, scope_of_customer,
};
use crate::history::version::{Body, Pointer};
use crate::history::write::{
    write_capacity, write_connections, write_exclusion, write_incident, write_maintenance, write_notice,
    write_placement, write_plan, write_publication, write_recovery, write_resource, write_subprocessor,
    write_suspension,
};
use crate::history::{
    Audience, Capacity, Connections, ExclusionFact, Fact, Incident, Maintenance, MaintenanceStatus, Notice, Placement,
    Plan, PlanAction, Publication, Recovery, Resource, Subprocessor, Suspension, SuspensionExtent,
};
use crate::id::{CustomerId, FactId, SolutionId};

lines! {
    ResourceLine: must [kind from], may [until], scope [scope], other {
        #[serde(borrow)] attributes: Option<AttributesLine<'l>>,
    }
    PlacementLine: must [part provider data_centre from], may [until], scope [scope], other {}
    MaintenanceLine: must [class status from], may [performer impact until actual_from actual_until], scope [scope], other {
        sequence: Option<u32>,
        iaas: Option<bool>,
        controllable: Option<bool>,
    }
    NoticeLine: must [kind customer channel], may [published_at accepted_at delivered_at acknowledged_at failed_at], scope [], other {
        #[serde(borrow)] about: AboutLine<'l>,
    }
    IncidentLine: must [cause from], may [until attributed_to detected_at declared_at], scope [scope], other {
        disaster: Option<bool>,
    }
    ExclusionLine: must [cause from ground], may [until], scope [scope], other {}
    SuspensionLine: must [extent act ordered_at], may [direction enforced_at lifted_at review_at], scope [scope], other {}
    PlanLine: must [solution digest action at], may [], scope [], other {}
    RecoveryLine: must [solution kind disrupted_at], may [plan healthy_at recovery_point_at verdict], scope [], other {}
    SubprocessorLine: must [name action effective_at], may [sla], scope [scope], other {}
    PublicationLine: must [what address from], may [digest until], scope [], other {}
    ConnectionsLine: must [from], may [until], scope [scope], other {
        expected: u64,
        connected: u64,
        customer_side: Option<u64>,
        undetermined: Option<u64>,
    }
    CapacityLine: must [resource at unit], may [], scope [scope], other {
        used: u64,
        limit: u64,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AttributesLine<'l> {
    #[serde(borrow)]
    tier: Option<Str<'l>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AboutLine<'l> {
    #[serde(borrow)]
    id: Str<'l>,
    sequence: Option<u32>,
}

impl Body for Resource {
    const TYPE: &'static str = "resource";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: ResourceLine<'_> = parse(text)?;
        let tier = line.attributes.as_ref().and_then(|attributes| attributes.tier.as_deref());
        let body = Self {
            scope: scope(line.scope.as_ref())?,
            kind: line.kind.to_owned(),
            tier: tier.map(str::to_owned),
            span: open_span(&line.from, line.until.as_ref())?,
        };
        line.said().fact(text, None, body)
    }

    fn write(fact: &Fact<Self>) -> String {
        write_resource(fact)
    }

    fn pointers(&self) -> Vec<Pointer<'_>> {
        vec![Pointer::Scope(&self.scope)]
    }
}

impl Body for Placement {
    const TYPE: &'static str = "placement";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: PlacementLine<'_> = parse(text)?;
        let body = Self {
            scope: scope(line.scope.as_ref())?,
            part: line.part.to_owned(),
            provider: line.provider.to_owned(),
            data_centre: line.data_centre.to_owned(),
            span: open_span(&line.from, line.until.as_ref())?,
        };
        line.said().fact(text, None, body)
    }

    fn write(fact: &Fact<Self>) -> String {
        write_placement(fact)
    }

    fn pointers(&self) -> Vec<Pointer<'_>> {
        vec![Pointer::Scope(&self.scope)]
    }
}

impl Body for Maintenance {
    const TYPE: &'static str = "maintenance";
    const FIXED: &'static [&'static str] = &["id", "sequence"];

    fn sequence(&self) -> Option<u32> {
        Some(self.sequence)
    }

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: MaintenanceLine<'_> = parse(text)?;
        line.said().must_have_id()?;
        let actual_from = maybe_instant("actual_from", line.actual_from.as_ref())?;
        let actual_until = maybe_instant("actual_until", line.actual_until.as_ref())?;
        match (actual_from, actual_until) {
            (None, Some(_)) => return Err(Wrong::new("`actual_until` needs `actual_from`")),
            (Some(from), Some(until)) if until <= from => {
                return Err(Wrong::new(format!("`actual_until` ({until}) is not later than `actual_from` ({from})")));
            }
            _ => {}
        }
        let body = Self {
            sequence: line.sequence.unwrap_or(0),
            scope: scope(line.scope.as_ref())?,
            class: line.class.to_owned(),
            performer: line.performer.as_deref().map(str::to_owned),
            iaas: line.iaas.unwrap_or(false),
            controllable: line.controllable.unwrap_or(true),
            status: among("a status", &line.status, &MaintenanceStatus::ALL, MaintenanceStatus::name)?,
            impact: line.impact.as_deref().map(str::to_owned),
            planned: open_span(&line.from, line.until.as_ref())?,
            actual_from,
            actual_until,
        };
        line.said().fact(text, None, body)
    }

    fn write(fact: &Fact<Self>) -> String {
        write_maintenance(fact)
    }

    fn pointers(&self) -> Vec<Pointer<'_>> {
        vec![Pointer::Scope(&self.scope)]
    }
}

impl Body for Notice {
    const TYPE: &'static str = "notice";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: NoticeLine<'_> = parse(text)?;
        let audience = match &*line.customer {
            "public" => Audience::Public,
            customer => Audience::Customer(CustomerId::parse(customer)?),
        };
        let body = Self {
            about: FactId::parse(&line.about.id)?,
            sequence: line.about.sequence.unwrap_or(0),
            kind: line.kind.to_owned(),
            audience,
            channel: line.channel.to_owned(),
            published_at: maybe_instant("published_at", line.published_at.as_ref())?,
            accepted_at: maybe_instant("accepted_at", line.accepted_at.as_ref())?,
            delivered_at: maybe_instant("delivered_at", line.delivered_at.as_ref())?,
            acknowledged_at: maybe_instant("acknowledged_at", line.acknowledged_at.as_ref())?,
            failed_at: maybe_instant("failed_at", line.failed_at.as_ref())?,
        };
        line.said().fact(text, None, body)
    }

    fn write(fact: &Fact<Self>) -> String {
        write_notice(fact)
    }

    fn pointers(&self) -> Vec<Pointer<'_>> {
        vec![Pointer::Told { about: &self.about, sequence: self.sequence }]
    }
}

impl Body for Incident {
    const TYPE: &'static str = "incident";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: IncidentLine<'_> = parse(text)?;
        let disaster = line.disaster.unwrap_or(false);
        if line.declared_at.is_some() && !disaster {
            return Err(Wrong::new("`declared_at` is when a disaster was declared: it needs `\"disaster\": true`"));
        }
        let body = Self {
            scope: scope(line.scope.as_ref())?,
            span: open_span(&line.from, line.until.as_ref())?,
            cause: line.cause.to_owned(),
            attributed_to: line.attributed_to.as_deref().map(str::to_owned),
            detected_at: maybe_instant("detected_at", line.detected_at.as_ref())?,
            disaster,
            declared_at: maybe_instant("declared_at", line.declared_at.as_ref())?,
        };
        line.said().fact(text, None, body)
    }

    fn write(fact: &Fact<Self>) -> String {
        write_incident(fact)
    }

    fn pointers(&self) -> Vec<Pointer<'_>> {
        vec![Pointer::Scope(&self.scope)]
    }
}

impl Body for ExclusionFact {
    const TYPE: &'static str = "exclusion";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: ExclusionLine<'_> = parse(text)?;
        let body = Self {
            scope: scope(line.scope.as_ref())?,
            cause: line.cause.to_owned(),
            span: open_span(&line.from, line.until.as_ref())?,
            ground: line.ground.to_owned(),
        };
        line.said().fact(text, None, body)
    }

    fn write(fact: &Fact<Self>) -> String {
        write_exclusion(fact)
    }

    fn pointers(&self) -> Vec<Pointer<'_>> {
        vec![Pointer::Scope(&self.scope)]
    }
}

impl Suspension {
    /// Where the danger went.
    pub(in crate::history) const DIRECTIONS: [&'static str; 2] = ["aimed-at", "coming-from"];
}

impl Body for Suspension {
    const TYPE: &'static str = "suspension";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: SuspensionLine<'_> = parse(text)?;
        let ordered_at = instant("ordered_at", &line.ordered_at)?;
        let enforced_at = maybe_instant("enforced_at", line.enforced_at.as_ref())?;
        let lifted_at = maybe_instant("lifted_at", line.lifted_at.as_ref())?;
        not_before(("ordered_at", Some(ordered_at)), ("enforced_at", enforced_at))?;
        let (key, began) = enforced_at.map_or(("ordered_at", ordered_at), |at| ("enforced_at", at));
        if let Some(lifted) = lifted_at.filter(|lifted| *lifted <= began) {
            return Err(Wrong::new(format!("`lifted_at` ({lifted}) is not later than `{key}` ({began})")));
        }
        let direction = line.direction.as_deref();
        let direction = direction.map(|word| among("a direction", word, &Self::DIRECTIONS, |each| each)).transpose()?;
        let body = Self {
            scope: scope_of_customer(line.scope.as_ref())?,
            extent: among("an extent", &line.extent, &SuspensionExtent::ALL, SuspensionExtent::name)?,
            act: line.act.to_owned(),
            direction: direction.map(str::to_owned),
            ordered_at,
            enforced_at,
            lifted_at,
            review_at: maybe_instant("review_at", line.review_at.as_ref())?,
        };
        line.said().fact(text, None, body)
    }

    fn write(fact: &Fact<Self>) -> String {
        write_suspension(fact)
    }

    fn pointers(&self) -> Vec<Pointer<'_>> {
        vec![Pointer::Scope(&self.scope)]
    }
}

impl Body for Plan {
    const TYPE: &'static str = "plan";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: PlanLine<'_> = parse(text)?;
        let body = Self {
            solution: SolutionId::parse(&line.solution)?,
            digest: line.digest.to_owned(),
            action: among("an action on a plan", &line.action, &PlanAction::ALL, PlanAction::name)?,
            at: instant("at", &line.at)?,
        };
        line.said().fact(text, None, body)
    }

    fn write(fact: &Fact<Self>) -> String {
        write_plan(fact)
    }

    fn pointers(&self) -> Vec<Pointer<'_>> {
        vec![Pointer::Solution(&self.solution)]
    }
}

impl Recovery {
    /// What a recovery can be.
    pub(in crate::history) const KINDS: [&'static str; 2] = ["exercise", "disaster"];
}

impl Body for Recovery {
    const TYPE: &'static str = "recovery";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: RecoveryLine<'_> = parse(text)?;
        let disrupted_at = instant("disrupted_at", &line.disrupted_at)?;
        let healthy_at = maybe_instant("healthy_at", line.healthy_at.as_ref())?;
        not_before(("disrupted_at", Some(disrupted_at)), ("healthy_at", healthy_at))?;
        let body = Self {
            solution: SolutionId::parse(&line.solution)?,
            exercise: among("a kind of recovery", &line.kind, &Self::KINDS, |kind| kind)? == Self::KINDS[0],
            plan: line.plan.as_deref().map(str::to_owned),
            disrupted_at,
            healthy_at,
            recovery_point_at: maybe_instant("recovery_point_at", line.recovery_point_at.as_ref())?,
            verdict: line.verdict.as_deref().map(str::to_owned),
        };
        line.said().fact(text, None, body)
    }

    fn write(fact: &Fact<Self>) -> String {
        write_recovery(fact)
    }

    fn pointers(&self) -> Vec<Pointer<'_>> {
        let plan = self.plan.as_deref().map(|digest| Pointer::Plan { solution: &self.solution, digest });
        [Pointer::Solution(&self.solution)].into_iter().chain(plan).collect()
    }
}

impl Subprocessor {
    /// What can happen to a sub-processor.
    pub(in crate::history) const ACTIONS: [&'static str; 3] = ["added", "changed", "removed"];
}

impl Body for Subprocessor {
    const TYPE: &'static str = "subprocessor";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: SubprocessorLine<'_> = parse(text)?;
        let body = Self {
            scope: scope(line.scope.as_ref())?,
            name: line.name.to_owned(),
            action: among("an action on a sub-processor", &line.action, &Self::ACTIONS, |each| each)?.to_owned(),
            effective_at: instant("effective_at", &line.effective_at)?,
            sla: line.sla.as_deref().map(str::to_owned),
        };
        line.said().fact(text, None, body)
    }

    fn write(fact: &Fact<Self>) -> String {
        write_subprocessor(fact)
    }

    fn pointers(&self) -> Vec<Pointer<'_>> {
        vec![Pointer::Scope(&self.scope)]
    }
}

impl Body for Publication {
    const TYPE: &'static str = "publication";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: PublicationLine<'_> = parse(text)?;
        let body = Self {
            what: line.what.to_owned(),
            address: line.address.to_owned(),
            digest: line.digest.as_deref().map(str::to_owned),
            span: open_span(&line.from, line.until.as_ref())?,
        };
        line.said().fact(text, None, body)
    }

    fn write(fact: &Fact<Self>) -> String {
        write_publication(fact)
    }
}

impl Body for Connections {
    const TYPE: &'static str = "connections";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: ConnectionsLine<'_> = parse(text)?;
        let (expected, connected) = (line.expected, line.connected);
        let (customer_side, undetermined) = (line.customer_side.unwrap_or(0), line.undetermined.unwrap_or(0));
        let Some(missing) = expected.checked_sub(connected) else {
            return Err(Wrong::new(format!("`connected` ({connected}) is more than `expected` ({expected})")));
        };
        if customer_side.checked_add(undetermined).is_none_or(|explained| explained > missing) {
            return Err(Wrong::new(format!(
                "`customer_side` ({customer_side}) and `undetermined` ({undetermined}) are more than the {missing} that \
                 were missing"
            )));
        }
        let (scope, span) = (scope(line.scope.as_ref())?, open_span(&line.from, line.until.as_ref())?);
        line.said().fact(text, None, Self { scope, span, expected, connected, customer_side, undetermined })
    }

    fn write(fact: &Fact<Self>) -> String {
        write_connections(fact)
    }

    fn pointers(&self) -> Vec<Pointer<'_>> {
        vec![Pointer::Scope(&self.scope)]
    }
}

impl Body for Capacity {
    const TYPE: &'static str = "capacity";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: CapacityLine<'_> = parse(text)?;
        if line.used > line.limit {
            return Err(Wrong::new(format!("`used` ({}) is more than `limit` ({})", line.used, line.limit)));
        }
        let body = Self {
            scope: scope(line.scope.as_ref())?,
            resource: line.resource.to_owned(),
            at: instant("at", &line.at)?,
            used: line.used,
            limit: line.limit,
            unit: line.unit.to_owned(),
        };
        line.said().fact(text, None, body)
    }

    fn write(fact: &Fact<Self>) -> String {
        write_capacity(fact)
    }

    fn pointers(&self) -> Vec<Pointer<'_>> {
        vec![Pointer::Scope(&self.scope)]
    }
}
