//! Incidents: what was down, since when, how soon it was seen and restored, and why.

use std::cmp::Reverse;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use uphold_core::history::{Fact, Incident, Scope};
use uphold_core::time::Instant;

use super::paging::{self, Asked};
use super::{App, api};
use crate::live::Live;

/// Which page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    after: Option<String>,
    limit: Option<usize>,
}

/// `GET /api/v1/incidents`
pub(super) async fn list(State(app): State<App>, query: Asked<PageQuery>) -> Response {
    paging::read(query).and_then(|query| page(&app.live(), query)).unwrap_or_else(|refused| *refused)
}

/// Where an incident stands in the list, the newest first.
pub(super) type Place<'a> = (Reverse<Instant>, Reverse<&'a str>);

/// The place of an incident.
pub(super) fn place(fact: &Fact<Incident>) -> Place<'_> {
    (Reverse(fact.body.span.from()), Reverse(fact.id.as_str()))
}

fn page(live: &Live, query: PageQuery) -> Result<Response, Box<Response>> {
    let limit = paging::limit(query.limit)?;
    let after = query.after.as_deref().map(read_cursor).transpose()?;
    let mut all: Vec<&Fact<Incident>> = live.incidents.iter().collect();
    all.sort_by_key(|fact| place(fact));
    let begin = all.partition_point(|fact| after.is_some_and(|after| place(fact) <= after));
    let (page, more) = paging::cut(all.drain(begin..), limit);
    let next = page.last().filter(|_| more).map(|fact| cursor(fact));
    let incidents = page.into_iter().map(|fact| IncidentJson::of(live, fact)).collect();
    Ok(api::json(&IncidentsJson { as_known_at: live.as_known_at.to_string(), incidents, next }))
}

/// The place of an incident, as a text that a request brings back: it is found also if that incident is no longer there.
pub(super) fn cursor(fact: &Fact<Incident>) -> String {
    format!("{}~{}", fact.body.span.from().0, fact.id)
}

/// The place that such a text names.
pub(super) fn find_place(text: &str) -> Option<Place<'_>> {
    let (from, id) = text.split_once('~')?;
    Some((Reverse(Instant(from.parse().ok()?)), Reverse(id)))
}

fn read_cursor(text: &str) -> Result<Place<'_>, Box<Response>> {
    find_place(text).ok_or_else(|| paging::refuse("`after` must be the `next` of the page before"))
}

#[derive(Serialize)]
struct IncidentsJson<'a> {
    as_known_at: String,
    incidents: Vec<IncidentJson<'a>>,
    next: Option<String>,
}

#[derive(Serialize)]
struct IncidentJson<'a> {
    id: &'a str,
    scope: ScopeJson<'a>,
    from: String,
    until: Option<String>,
    cause: &'a str,
    attributed_to: Option<&'a str>,
    detected_at: Option<String>,
    seconds_to_detect: Option<String>,
    seconds_to_notify: Option<String>,
    seconds_to_restore: Option<String>,
    disaster: bool,
    declared_at: Option<String>,
    recorded_at: String,
    by: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct ScopeJson<'a> {
    solution: Option<&'a str>,
    interface: Option<&'a str>,
    region: Option<&'a str>,
    zone: Option<&'a str>,
    instance: Option<&'a str>,
    feature: Option<&'a str>,
    customer: Option<&'a str>,
}

impl<'a> From<&'a Scope> for ScopeJson<'a> {
    fn from(scope: &'a Scope) -> Self {
        let parts = &scope.parts;
        Self {
            solution: scope.solution.as_ref().map(|id| id.as_str()),
            interface: scope.interface.as_ref().map(|id| id.as_str()),
            region: parts.region.as_ref().map(|id| id.as_str()),
            zone: parts.zone.as_ref().map(|id| id.as_str()),
            instance: parts.instance.as_ref().map(|id| id.as_str()),
            feature: parts.feature.as_ref().map(|id| id.as_str()),
            customer: parts.customer.as_ref().map(|id| id.as_str()),
        }
    }
}

impl<'a> IncidentJson<'a> {
    fn of(live: &Live, fact: &'a Fact<Incident>) -> Self {
        let Incident { scope, span, cause, attributed_to, detected_at, disaster, declared_at } = &fact.body;
        let since = |at: Instant| (at - span.from()).seconds();
        let until = Some(span.until()).filter(|until| *until < Instant::MAX);
        let noticed = live.notices.iter().filter(|notice| notice.body.about == fact.id);
        let noticed = noticed.filter_map(|notice| notice.body.published_at.or(notice.body.accepted_at)).min();
        Self {
            id: fact.id.as_str(),
            scope: scope.into(),
            from: span.from().to_string(),
            until: until.map(|until| until.to_string()),
            cause,
            attributed_to: attributed_to.as_deref(),
            detected_at: detected_at.map(|at| at.to_string()),
            seconds_to_detect: detected_at.map(since),
            seconds_to_notify: noticed.map(since),
            seconds_to_restore: until.map(since),
            disaster: *disaster,
            declared_at: declared_at.map(|at| at.to_string()),
            recorded_at: fact.recorded_at.to_string(),
            by: fact.by.as_deref(),
        }
    }
}
