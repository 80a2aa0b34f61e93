//! The ways from pages to their forms: for whoever may tell by hand, and for nobody else.
//!
//! A link fills in what the page knows. Nothing of it is recorded before its consequence was shown and confirmed.

use uphold_core::history::{CheckScope, Maintenance, MaintenanceStatus, Scope};
use uphold_core::id::FactId;
use uphold_core::time::Instant;

use super::super::paging;
use super::super::routes;
use super::super::visitor::Visitor;
use crate::schedule::{Standing, Window};
use crate::wording::Texts;

/// A way to a form.
pub(in crate::web) struct Link {
    /// The address, with what is filled in.
    pub(in crate::web) address: String,
    /// What is done there.
    pub(in crate::web) name: String,
}

/// What is filled in: the key of a field, and its value.
type Filled<'a> = Vec<(&'a str, String)>;

/// These links, if the visitor may open the forms.
fn for_operators(links: impl FnOnce() -> Vec<Link>) -> Vec<Link> {
    let may = routes::access_of("/tell").is_some_and(|access| Visitor::current().opens(access));
    if may { links() } else { Vec::new() }
}

fn link(texts: Texts, name: &str, kind: &str, filled: &Filled<'_>, field: &str) -> Link {
    let filled: Vec<(&str, &str)> = filled.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let address = paging::address(&format!("/tell/{kind}"), &paging::encoded(&filled));
    let place = if field.is_empty() { String::new() } else { format!("#{field}") };
    Link { address: format!("{address}{place}"), name: texts.get(name) }
}

fn of(id: &FactId) -> Filled<'static> {
    vec![("of", id.to_string())]
}

/// What an operator may do about an incident.
pub(in crate::web) fn incident(texts: Texts, id: &FactId) -> Vec<Link> {
    for_operators(|| {
        let about = vec![("about", id.to_string())];
        let notice = vec![("about.id", id.to_string()), ("kind", "incident".to_owned())];
        vec![
            link(texts, "act-update", "update", &about, ""),
            link(texts, "act-cause", "correction", &of(id), "cause"),
            link(texts, "act-notice", "notice", &notice, ""),
            link(texts, "act-correct", "correction", &of(id), ""),
        ]
    })
}

/// What an operator may do about a maintenance as it stands.
pub(in crate::web) fn window(texts: Texts, window: &Window) -> Vec<Link> {
    for_operators(|| {
        let (id, plan) = (&window.id, &window.plan);
        let begun = matches!(window.standing, Standing::Due | Standing::Running | Standing::Overrun | Standing::Untold);
        let is_over = matches!(window.standing, Standing::Completed | Standing::Untold | Standing::Cancelled);
        let mut links = Vec::new();
        if begun {
            let went = plan_again(id, plan, plan.sequence, MaintenanceStatus::Completed);
            links.push(link(texts, "act-went", "maintenance", &went, "actual_from"));
        }
        if !is_over {
            let moved = plan_again(id, plan, plan.sequence.saturating_add(1), plan.status);
            links.push(link(texts, "act-move", "maintenance", &moved, "from"));
            let cancelled = MaintenanceStatus::Cancelled.name().to_owned();
            let filled = [of(id), vec![("status", cancelled)]].concat();
            links.push(link(texts, "act-cancel", "correction", &filled, ""));
        }
        links.push(link(texts, "act-correct", "correction", &of(id), ""));
        links
    })
}

/// A plan as a form has it.
fn plan_again<'a>(id: &FactId, plan: &Maintenance, sequence: u32, status: MaintenanceStatus) -> Filled<'a> {
    let mut filled = vec![("id", id.to_string()), ("sequence", sequence.to_string())];
    filled.extend([("class", plan.class.clone()), ("status", status.name().to_owned())]);
    filled.extend(of_scope(&plan.scope));
    let moment = |at: Instant| Some(at).filter(|at| *at < Instant::MAX).map(|at| at.to_string());
    let times = [
        ("from", moment(plan.planned.from())),
        ("until", moment(plan.planned.until())),
        ("actual_from", plan.actual_from.and_then(moment)),
        ("actual_until", plan.actual_until.and_then(moment)),
        ("performer", plan.performer.clone()),
        ("impact", plan.impact.clone()),
        ("iaas", plan.iaas.then(|| "true".to_owned())),
        ("controllable", Some(plan.controllable.to_string())),
    ];
    filled.extend(times.into_iter().filter_map(|(key, value)| Some((key, value?))));
    filled
}

fn of_scope<'a>(scope: &Scope) -> Filled<'a> {
    let parts = &scope.parts;
    let all = [
        ("scope.solution", scope.solution.as_ref().map(ToString::to_string)),
        ("scope.interface", scope.interface.as_ref().map(ToString::to_string)),
        ("scope.region", parts.region.as_ref().map(ToString::to_string)),
        ("scope.zone", parts.zone.as_ref().map(ToString::to_string)),
        ("scope.instance", parts.instance.as_ref().map(ToString::to_string)),
        ("scope.feature", parts.feature.as_ref().map(ToString::to_string)),
        ("scope.customer", parts.customer.as_ref().map(ToString::to_string)),
    ];
    all.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

/// What an operator may do about a suspension that is in force.
pub(in crate::web) fn suspension(texts: Texts, id: &FactId) -> Vec<Link> {
    for_operators(|| {
        let link = link(texts, "act-lift", "correction", &of(id), "lifted_at");
        vec![Link { name: texts.with("act-lift", &[("id", id.as_str().into())]), ..link }]
    })
}

/// What an operator may record of what a check measures, from an instant on.
pub(in crate::web) fn check(texts: Texts, scope: &CheckScope, from: Instant) -> Vec<Link> {
    for_operators(|| {
        let parts = scope.parts.clone();
        let (solution, interface) = (Some(scope.solution.clone()), Some(scope.interface.clone()));
        let measured = of_scope(&Scope { solution, interface, parts });
        let since = [&measured[..], &[("from", from.to_string())]].concat();
        vec![
            link(texts, "act-incident", "incident", &since, ""),
            link(texts, "act-exclusion", "exclusion", &since, ""),
            link(texts, "act-maintenance", "maintenance", &measured, ""),
        ]
    })
}

/// The form for what a page has nothing of.
pub(in crate::web) fn first(texts: Texts, kind: &'static str) -> Vec<Link> {
    let name = match kind {
        "maintenance" => "act-maintenance",
        "incident" => "act-incident",
        "subprocessor" => "act-subprocessor",
        _ => "nav-tell",
    };
    for_operators(|| vec![link(texts, name, kind, &Vec::new(), "")])
}
