//! Every route there is, in one table: its method, who may use it, and what it answers with.
//!
//! The router is made from this table, so that no route can be without its access, and the description of the interface
//! too, so that none is without its words. A route that answers GET answers HEAD.

use axum::routing::{MethodRouter, get, post};

use super::{
    App, account, agreement, api, assets, budgets, check, checks, contract, customers, events, evidence, evidence_page,
    feeds, health, heartbeats, history, identity, incident_page, incidents, join, ledger, maintenance, metrics, mine,
    openapi, people, records, sign_in, solution, statement_pages, statements, status, subprocessors, tell,
    vantage_points,
};
use crate::access::Scope;
use crate::accounts::Role;

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
    /// Whoever brings a token with this scope; for reading, a viewer who is signed in too.
    Token(Scope),
    /// Everybody, and for one customer or all of them whoever [`Self::Token`] lets in.
    TokenForCustomers(Scope),
    /// Whoever is signed in and [may](Role::may) do what this role may.
    Person(Role),
    /// Whoever is signed in.
    SignedIn,
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
    Route { access: VIEWER, ..page("/checks", || get(checks::show)) },
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
    Route { access: Access::Token(Scope::Read), ..of(Kind::Api, "/api/v1/checks", || get(api::checks)) },
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
    // The pages of evidence.
    Route { access: VIEWER, sample: "/checks/api-health", ..page("/checks/{check}", || get(check::show)) },
    Route {
        access: VIEWER,
        sample: "/evidence/0000000000000000000000000000000000000000000000000000000000000000",
        ..page("/evidence/{digest}", || get(evidence_page::show))
    },
    Route {
        access: VIEWER,
        sample: "/evidence/0000000000000000000000000000000000000000000000000000000000000000/picture",
        ..of(Kind::Download, "/evidence/{digest}/picture", || get(evidence_page::picture))
    },
    Route { sample: "/solutions/workload-security", ..page("/solutions/{solution}", || get(solution::show)) },
    page("/incidents", || get(incident_page::list)),
    Route { sample: "/incidents/inc-1", ..page("/incidents/{id}", || get(incident_page::show)) },
    Route { access: VIEWER, ..page("/ledger", || get(ledger::list)) },
    Route { access: VIEWER, sample: "/ledger/0", ..page("/ledger/{seq}", || get(ledger::show)) },
    Route {
        access: VIEWER,
        sample: "/ledger/0/proof",
        ..of(Kind::Download, "/ledger/{seq}/proof", || get(ledger::prove))
    },
    of(Kind::Metrics, "/metrics", || get(metrics::show)),
    // People's accounts.
    page("/sign-in", || get(sign_in::show)),
    form(Access::Everybody, "/sign-in", || post(sign_in::sign_in)),
    // Telling by hand.
    Route { access: OPERATOR, ..page("/tell", || get(tell::index)) },
    Route { access: OPERATOR, sample: "/tell/incident", ..page("/tell/{kind}", || get(tell::show)) },
    Route { sample: "/tell/incident", ..form(OPERATOR, "/tell/{kind}", || post(tell::submit)) },
    form(Access::SignedIn, "/sign-out", || post(sign_in::sign_out)),
    Route { sample: JOIN, ..page("/join/{link}", || get(join::show)) },
    Route { sample: JOIN, ..form(Access::Everybody, "/join/{link}", || post(join::join)) },
    Route { access: Access::SignedIn, ..page("/account", || get(account::show)) },
    form(Access::SignedIn, "/account/password", || post(account::change_password)),
    form(Access::SignedIn, "/account/sessions", || post(account::end_sessions)),
    // Signing in through an identity provider.
    form(Access::Everybody, "/sign-in/identity", || post(identity::sign_in)),
    page(crate::identity::RETURN_PATH, || get(identity::come_back)),
    Route { sample: JOIN_IDENTITY, ..form(Access::Everybody, "/join/{link}/identity", || post(identity::join)) },
    form(Access::SignedIn, "/account/identity", || post(identity::link)),
    form(Access::SignedIn, "/account/identity/removal", || post(identity::unlink)),
    Route { access: OPERATOR, ..page("/people", || get(people::show)) },
    form(OPERATOR, "/people", || post(people::invite)),
    Route { access: OPERATOR, sample: "/people/operator", ..page("/people/{name}", || get(people::one)) },
    Route { sample: "/people/nobody/role", ..form(OPERATOR, "/people/{name}/role", || post(people::change_role)) },
    Route { sample: "/people/nobody/password", ..form(OPERATOR, "/people/{name}/password", || post(people::reset)) },
    Route { sample: "/people/nobody/removal", ..form(OPERATOR, "/people/{name}/removal", || post(people::remove)) },
    // A customer's own pages, and the pages about customers.
    Route { access: CUSTOMER, ..page("/mine", || get(mine::show)) },
    Route { access: CUSTOMER, sample: "/mine/incidents", ..page("/mine/{list}", || get(mine::list)) },
    Route {
        access: CUSTOMER,
        sample: "/mine/statements/2026-11",
        ..page("/mine/statements/{period}", || get(mine::statement))
    },
    Route {
        access: CUSTOMER,
        sample: "/mine/statements/2026-11/statement.html",
        ..of(Kind::Download, "/mine/statements/{period}/{file}", || get(mine::file))
    },
    Route { access: VIEWER, ..page("/customers", || get(customers::list)) },
    Route { access: VIEWER, sample: "/customers/acme", ..page("/customers/{customer}", || get(customers::show)) },
    Route {
        access: VIEWER,
        sample: "/customers/acme/incidents",
        ..page("/customers/{customer}/{list}", || get(customers::part))
    },
    Route {
        access: VIEWER,
        sample: "/customers/acme/statements/2026-11",
        ..page("/customers/{customer}/statements/{period}", || get(customers::statement))
    },
    Route {
        access: VIEWER,
        sample: "/customers/acme/statements/2026-11/statement.html",
        ..of(Kind::Download, "/customers/{customer}/statements/{period}/{file}", || get(customers::file))
    },
    Route { sample: "/assets/0/style.css", ..of(Kind::Asset, "/assets/{digest}/{name}", || get(assets::show)) },
];

const OPERATOR: Access = Access::Person(Role::Operator);
const VIEWER: Access = Access::Person(Role::Viewer);
const CUSTOMER: Access = Access::Person(Role::Customer);

/// A link that nobody was given.
const JOIN: &str = "/join/0000000000000000000000000000000000000000000000000000000000000000";

const JOIN_IDENTITY: &str = "/join/0000000000000000000000000000000000000000000000000000000000000000/identity";

/// What a form of a page is sent to.
const fn form(access: Access, path: &'static str, handler: fn() -> MethodRouter<App>) -> Route {
    Route { method: Method::Post, access, ..of(Kind::Page, path, handler) }
}

const fn page(path: &'static str, handler: fn() -> MethodRouter<App>) -> Route {
    of(Kind::Page, path, handler)
}

const fn of(kind: Kind, path: &'static str, handler: fn() -> MethodRouter<App>) -> Route {
    Route { method: Method::Get, access: Access::Everybody, path, sample: path, kind, handler }
}

/// Whether a path is one of the pages, so that it may be the target of a redirect.
pub(super) fn is_page(path: &str) -> bool {
    ROUTES.iter().any(|route| route.kind == Kind::Page && route.method == Method::Get && route.fits(path))
}

/// Who may see a page.
pub(super) fn access_of(path: &str) -> Option<Access> {
    ROUTES.iter().find(|route| route.method == Method::Get && route.fits(path)).map(|route| route.access)
}

/// How long an address may be that somebody is led to: some are kept until they come back.
const OWN_MAX: usize = 2_048;

/// Where somebody is led after signing in, if it is one of our own pages or a file to keep: a path of the table with its
/// query, and no other address.
pub(super) fn own(address: &str) -> Option<&str> {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let for_people = |route: &&Route| matches!(route.kind, Kind::Page | Kind::Download) && route.method == Method::Get;
    let plain = |b: u8| b.is_ascii_graphic() && b != b'\\' && b != b'#';
    let known = address.len() <= OWN_MAX && ROUTES.iter().filter(for_people).any(|route| route.fits(path));
    (known && path.bytes().chain(query.bytes()).all(plain)).then_some(address)
}

impl Route {
    fn fits(&self, path: &str) -> bool {
        let fits = |(pattern, part): (&str, &str)| pattern == part || (pattern.starts_with('{') && !part.is_empty());
        let (patterns, parts) = (self.path.split('/'), path.split('/'));
        patterns.clone().count() == parts.clone().count() && patterns.zip(parts).all(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_known_by_its_path_and_no_path_leads_to_another_host() {
        for route in ROUTES {
            let is_form_alone = route.method == Method::Post && access_of(route.sample).is_none();
            assert_eq!(is_page(route.sample), route.kind == Kind::Page && !is_form_alone, "{}", route.sample);
        }
        for address in ["/", "/status?lang=ja", "/checks?a=b&c=%20", "/account"] {
            assert_eq!(own(address), Some(address));
        }
        for foreign in [
            "",
            "//evil.example/",
            "https://evil.example/",
            "/\\evil.example",
            "/status?a=\\b",
            "/status#x",
            "/status?a b",
            "/status\r\nset-cookie: a=b",
            "/sign-out",
            "/api/v1/statement",
            "javascript:alert(1)",
        ] {
            assert_eq!(own(foreign), None, "{foreign}");
        }
        for path in ["", "//", "//evil.example", "//evil.example/", "/\\evil.example", "/status/", "/checks//x"] {
            assert!(!is_page(path), "{path}");
        }
    }
}
