//! Every route there is, in one table: its method, who may use it, and what it answers with.
//!
//! The router is made from this table, so that no route can be without its access, and the description of the interface
//! too, so that none is without its words. A route that answers GET answers HEAD.

use axum::routing::{MethodRouter, get, post};

use super::{
    App, agreement, api, assets, budgets, checks, contract, events, evidence, feeds, health, heartbeats, history,
    incidents, maintenance, metrics, openapi, records, statement_pages, statements, status, subprocessors,
    vantage_points,
};
use crate::access::Scope;

/// What kind of answer a route gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// HTML for people, in their language.
    Page,
    /// JSON.
    Api,
    /// Files that pages need.
    Asset,
    /// An open stream of events.
    Events,
    /// Prometheus text.
    Metrics,
    /// A signed note, as other tools read it.
    Note,
    /// A file to keep or a feed to subscribe to, for people, with a type of its own.
    Download,
}

/// How a route is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// For what there is: it changes nothing.
    Get,
    /// To record something.
    Post,
}

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Whoever reaches the server.
    Everybody,
    /// Whoever brings a token with this scope.
    Token(Scope),
    /// Everybody, and for one customer or all of them whoever brings a token with this scope.
    TokenForCustomers(Scope),
}

/// One route.
pub struct Route {
    /// How it is asked.
    pub method: Method,
    /// Who may use it.
    pub access: Access,
    /// Its path, as the router writes it.
    pub path: &'static str,
    /// A path that matches it, for tests.
    pub sample: &'static str,
    /// What it answers with.
    pub kind: Kind,
    pub(super) handler: fn() -> MethodRouter<App>,
}

/// The table.
pub const ROUTES: &[Route] = &[
    page("/", || get(contract::show)),
    page("/status", || get(status::show)),
    page("/checks", || get(checks::show)),
    page("/agreement/history", || get(history::show)),
    of(Kind::Events, "/events", || get(events::stream)),
    of(Kind::Api, "/api/v1/agreement", || get(api::agreement)),
    of(Kind::Api, "/api/v1/agreement/revisions", || get(history::list)),
    Route {
        sample: "/api/v1/agreement/revisions/reference",
        ..of(Kind::Api, "/api/v1/agreement/revisions/{revision}", || get(history::one))
    },
    Route {
        access: Access::TokenForCustomers(Scope::Read),
        ..of(Kind::Api, "/api/v1/statement", || get(api::statement))
    },
    of(Kind::Api, "/api/v1/checks", || get(api::checks)),
    Route {
        access: Access::Token(Scope::Read),
        sample: "/api/v1/checks/api/evidence",
        ..of(Kind::Api, "/api/v1/checks/{check}/evidence", || get(evidence::list))
    },
    Route {
        access: Access::Token(Scope::Read),
        sample: "/api/v1/evidence/0000000000000000000000000000000000000000000000000000000000000000",
        ..of(Kind::Api, "/api/v1/evidence/{digest}", || get(evidence::show))
    },
    of(Kind::Api, "/api/v1/ledger", || get(api::ledger)),
    of(Kind::Note, "/api/v1/ledger/checkpoint", || get(api::checkpoint)),
    of(Kind::Api, "/api/v1/budgets", || get(budgets::list)),
    Route { access: Access::Token(Scope::Read), ..of(Kind::Api, "/api/v1/incidents", || get(incidents::list)) },
    Route { access: Access::Token(Scope::Read), ..of(Kind::Api, "/api/v1/statements", || get(statements::list)) },
    Route {
        access: Access::Token(Scope::Read),
        sample: "/api/v1/statements/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ..of(Kind::Api, "/api/v1/statements/{digest}", || get(statements::text))
    },
    of(Kind::Api, "/healthz", || get(health::show)),
    of(Kind::Api, "/api/v1/openapi.json", || get(openapi::show)),
    Route { access: Access::Token(Scope::Read), ..of(Kind::Api, "/api/v1/records", || get(records::list)) },
    Route {
        method: Method::Post,
        access: Access::Token(Scope::Record),
        ..of(Kind::Api, "/api/v1/records", || post(records::tell))
    },
    Route {
        method: Method::Post,
        access: Access::Token(Scope::Heartbeat),
        sample: "/api/v1/heartbeats/nightly",
        ..of(Kind::Api, "/api/v1/heartbeats/{check}", || post(heartbeats::report))
    },
    of(Kind::Api, "/api/v1/vantage-points", || get(vantage_points::list)),
    Route {
        method: Method::Post,
        access: Access::Token(Scope::Vantage),
        sample: "/api/v1/vantage-points/osaka/reports",
        ..of(Kind::Api, "/api/v1/vantage-points/{vantage}/reports", || post(vantage_points::report))
    },
    // The public schedule, and documents for everybody.
    page("/agreement", || get(agreement::newest)),
    page("/agreement/compare", || get(agreement::comparison)),
    Route { sample: "/agreement/reference", ..page("/agreement/{revision}", || get(agreement::one)) },
    page("/sub-processors", || get(subprocessors::show)),
    page("/statements", || get(statement_pages::list)),
    Route { sample: "/statements/2026-11", ..page("/statements/{period}", || get(statement_pages::show)) },
    Route {
        sample: "/statements/2026-11/statement.html",
        ..of(Kind::Download, "/statements/{period}/{file}", || get(statement_pages::file))
    },
    page("/maintenance", || get(maintenance::show)),
    of(Kind::Download, "/maintenance.ics", || get(feeds::calendar)),
    of(Kind::Download, "/maintenance.atom", || get(feeds::feed)),
    of(Kind::Metrics, "/metrics", || get(metrics::show)),
    Route { sample: "/assets/0/style.css", ..of(Kind::Asset, "/assets/{digest}/{name}", || get(assets::show)) },
];

const fn page(path: &'static str, handler: fn() -> MethodRouter<App>) -> Route {
    of(Kind::Page, path, handler)
}

const fn of(kind: Kind, path: &'static str, handler: fn() -> MethodRouter<App>) -> Route {
    Route { method: Method::Get, access: Access::Everybody, path, sample: path, kind, handler }
}

/// Whether a path is one of the pages, so that it may be the target of a redirect.
pub(super) fn is_page(path: &str) -> bool {
    let fits = |(pattern, part): (&str, &str)| pattern == part || (pattern.starts_with('{') && !part.is_empty());
    ROUTES.iter().filter(|route| route.kind == Kind::Page).any(|route| {
        let (patterns, parts) = (route.path.split('/'), path.split('/'));
        patterns.clone().count() == parts.clone().count() && patterns.zip(parts).all(fits)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_known_by_its_path_and_no_path_leads_to_another_host() {
        for route in ROUTES {
            assert_eq!(is_page(route.sample), route.kind == Kind::Page, "{}", route.sample);
        }
        for path in ["", "//", "//evil.example", "//evil.example/", "/\\evil.example", "/status/", "/checks//x"] {
            assert!(!is_page(path), "{path}");
        }
    }
}
