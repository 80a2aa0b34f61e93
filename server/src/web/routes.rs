//! Every route there is, in one table. Each answers GET and HEAD and nothing else.

use axum::routing::{MethodRouter, get};

use super::{App, api, assets, checks, contract, events, metrics, status};

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
}

/// One route.
pub struct Route {
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
    of(Kind::Events, "/events", || get(events::stream)),
    of(Kind::Api, "/api/v1/agreement", || get(api::agreement)),
    of(Kind::Api, "/api/v1/statement", || get(api::statement)),
    of(Kind::Api, "/api/v1/checks", || get(api::checks)),
    of(Kind::Api, "/api/v1/ledger", || get(api::ledger)),
    of(Kind::Metrics, "/metrics", || get(metrics::show)),
    Route {
        path: "/assets/{digest}/{name}",
        sample: "/assets/0/style.css",
        kind: Kind::Asset,
        handler: || get(assets::show),
    },
];

const fn page(path: &'static str, handler: fn() -> MethodRouter<App>) -> Route {
    of(Kind::Page, path, handler)
}

const fn of(kind: Kind, path: &'static str, handler: fn() -> MethodRouter<App>) -> Route {
    Route { path, sample: path, kind, handler }
}

/// Whether a path is one of the pages, so that it may be the target of a redirect.
pub(super) fn is_page(path: &str) -> bool {
    ROUTES.iter().any(|route| route.kind == Kind::Page && route.path == path)
}
