//! The customers, for operators and viewers: a list of them, and a page of each.
//!
//! Not here: how a customer stands (`standing.rs`), what concerns it (`concerns.rs`), and the customer's own page (`mine.rs`).

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use uphold_core::id::CustomerId;

use super::concerns::{self, Concerns, ListView};
use super::frame::{self, Frame};
use super::language::Reader;
use super::made::Whose;
use super::paging::{self, Asked, PageOf};
use super::standing::{self, CoveredView, Records, Said, Standing};
use super::statement_pages::{self, VersionQuery};
use super::visitor::Visitor;
use super::{App, problem};
use crate::accounts::Role;
use crate::live::Live;
use crate::wording::{Phrase, Texts, Words, form};

/// How many customers one page of the list has.
const SHOWN: usize = 50;

/// What is told of a customer by hand: the type of the record, and the key that names the customer.
const TOLD: [(&str, &str); 10] = [
    ("entitlement", "scope.customer"),
    ("assent", "customer"),
    ("suspension", "scope.customer"),
    ("incident", "scope.customer"),
    ("maintenance", "scope.customer"),
    ("notice", "customer"),
    ("connections", "scope.customer"),
    ("fee", "scope.customer"),
    ("report", "customer"),
    ("claim", "customer"),
];

/// Which customers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    standing: Option<Filter>,
    /// A part of the id.
    id: Option<String>,
    /// The id of the last one of the page before.
    after: Option<String>,
}

/// How the customers stand that are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Filter {
    Covered,
    Uncovered,
    Suspended,
    /// Whoever agreed to another revision than the one in force.
    Behind,
}

impl Filter {
    const ALL: [(Option<Self>, &'static str, &'static str); 5] = [
        (None, "", "customers-all"),
        (Some(Self::Covered), "covered", "customers-covered"),
        (Some(Self::Uncovered), "uncovered", "customers-uncovered"),
        (Some(Self::Suspended), "suspended", "customers-suspended"),
        (Some(Self::Behind), "behind", "customers-behind"),
    ];

    fn lets_through(self, live: &Live, standing: &Standing<'_>) -> bool {
        match self {
            Self::Covered => standing.is_covered() == Some(true),
            Self::Uncovered => standing.is_covered() == Some(false),
            Self::Suspended => !standing.suspended.is_empty(),
            Self::Behind => standing.is_behind(live),
        }
    }
}

/// `GET /customers`
pub(super) async fn list(State(app): State<App>, Reader(texts): Reader, asked: Asked<Wanted>) -> Response {
    let live = app.live();
    let Ok(Query(wanted)) = asked else {
        return problem::bad(texts, &live, "/customers", texts.get("customers-bad-query"));
    };
    let page = app.judge(move || ListPage::new(texts, &live, &wanted)).await;
    page.map_or_else(problem::internal, |page| frame::respond(StatusCode::OK, texts, &page))
}

/// `GET /customers/{customer}`
pub(super) async fn show(State(app): State<App>, Reader(texts): Reader, Path(id): Path<String>) -> Response {
    let (live, has_printer) = (app.live(), app.web.printer.is_there());
    let page = app.judge(move || match known(&live, &id) {
        Some((id, records)) => {
            frame::respond(StatusCode::OK, texts, &CustomerPage::new(texts, &live, &id, &records, has_printer))
        }
        None => unknown(texts, &live),
    });
    page.await.unwrap_or_else(problem::internal)
}

/// `GET /customers/{customer}/{list}`
pub(super) async fn part(
    State(app): State<App>,
    Reader(texts): Reader,
    Path((id, name)): Path<(String, String)>,
    asked: Asked<PageOf>,
) -> Response {
    let (live, shared) = (app.live(), Arc::clone(&app));
    let Ok(Query(asked)) = asked else { return problem::bad_query(texts, &live) };
    let page = app.judge(move || match known(&live, &id) {
        Some((id, _)) => concerns::page(&shared, texts, &live, &Whose::of(id), &name, asked.number()),
        None => unknown(texts, &live),
    });
    page.await.unwrap_or_else(problem::internal)
}

/// `GET /customers/{customer}/statements/{period}`
pub(super) async fn statement(
    State(app): State<App>,
    Reader(texts): Reader,
    Path((id, period)): Path<(String, String)>,
    asked: Asked<VersionQuery>,
) -> Response {
    match known(&app.live(), &id).map(|(id, _)| id) {
        Some(id) => statement_pages::shown(&app, texts, &Whose::of(id), &period, asked).await,
        None => unknown(texts, &app.live()),
    }
}

/// `GET /customers/{customer}/statements/{period}/{file}`
pub(super) async fn file(
    State(app): State<App>,
    Reader(texts): Reader,
    Path((id, period, name)): Path<(String, String, String)>,
    asked: Asked<VersionQuery>,
) -> Response {
    match known(&app.live(), &id).map(|(id, _)| id) {
        Some(id) => statement_pages::kept(&app, texts, &Whose::of(id), (&period, &name), asked).await,
        None => unknown(texts, &app.live()),
    }
}

/// The customer of that id with what was told of it, if something was.
fn known<'a>(live: &'a Live, id: &str) -> Option<(CustomerId, Records<'a>)> {
    let id = CustomerId::parse(id).ok()?;
    let records = standing::of(live, &id)?;
    Some((id, records))
}

fn unknown(texts: Texts, live: &Live) -> Response {
    let said = (texts.get("customers-unknown"), texts.get("customers-unknown-advice"));
    problem::show(StatusCode::NOT_FOUND, texts, live, said)
}

#[derive(Template)]
#[template(path = "customers.html")]
struct ListPage {
    frame: Frame,
    /// The filters: what each says, its address, and whether it is this page's.
    filters: Vec<(String, String, bool)>,
    /// What the field for a part of an id holds, and the filter that the form keeps.
    id: String,
    standing: &'static str,
    lines: Vec<Line>,
    is_filtered: bool,
    /// How many there are.
    count: String,
    first: Option<String>,
    next: Option<String>,
    may_tell: bool,
}

/// One customer of the list.
struct Line {
    id: String,
    right: Said,
    acceptance: Said,
    revision: Said,
    /// The solutions that are covered now; absent, where the agreement does not state what it asks for.
    covered: Option<Vec<Phrase>>,
    suspension: Option<Said>,
    software: Said,
}

impl ListPage {
    fn new(texts: Texts, live: &Live, wanted: &Wanted) -> Self {
        let words = frame::words(texts, live);
        let id = wanted.id.as_deref().unwrap_or_default().trim().to_lowercase();
        let all = standing::all(live);
        let fits = |(customer, records): &(&CustomerId, Records<'_>)| {
            customer.as_str().contains(&*id)
                && wanted.standing.is_none_or(|filter| filter.lets_through(live, &Standing::new(live, records)))
        };
        let found: Vec<(&CustomerId, Records<'_>)> = all.into_iter().filter(fits).collect();
        let count = words.number(&found.len().to_string());
        let begin = found
            .partition_point(|(customer, _)| wanted.after.as_deref().is_some_and(|after| customer.as_str() <= after));
        let (shown, more) = paging::cut(found.into_iter().skip(begin), SHOWN);
        let standing =
            Filter::ALL.iter().find(|(filter, ..)| *filter == wanted.standing).map_or("", |(_, name, _)| name);
        let last = shown.last().filter(|_| more).map(|(customer, _)| customer.to_string());
        let filters = Filter::ALL
            .map(|(filter, name, key)| (texts.get(key), address(name, &id, None), filter == wanted.standing));
        Self {
            frame: Frame::new(&words, live, "/customers", texts.get("nav-customers")).asking(query(
                standing,
                &id,
                wanted.after.as_deref(),
            )),
            filters: filters.into(),
            is_filtered: wanted.standing.is_some() || !id.is_empty(),
            count: texts.with("customers-count", &[("n", count.into())]),
            first: wanted.after.is_some().then(|| address(standing, &id, None)),
            next: last.map(|last| address(standing, &id, Some(&last))),
            lines: shown.iter().map(|(customer, records)| line(&words, live, customer, records)).collect(),
            may_tell: Visitor::current().may(Role::Operator),
            standing,
            id,
        }
    }
}

/// The address of a part of the list.
fn address(standing: &str, id: &str, after: Option<&str>) -> String {
    paging::address("/customers", &query(standing, id, after))
}

fn query(standing: &str, id: &str, after: Option<&str>) -> String {
    paging::encoded(&[("standing", standing), ("id", id), ("after", after.unwrap_or_default())])
}

fn line(words: &Words, live: &Live, customer: &CustomerId, records: &Records<'_>) -> Line {
    let standing = Standing::new(live, records);
    let covered = standing.solutions.iter().filter(|each| each.covered.is_some_and(standing::Holds::is_now));
    let covered: Vec<Phrase> = covered.map(|each| words.phrase(&each.solution.name)).collect();
    Line {
        id: customer.to_string(),
        right: standing::right(words, &standing),
        acceptance: standing::acceptance(words, live, &standing),
        revision: standing::revision(words, live, &standing),
        covered: standing.is_covered().map(|_| covered),
        suspension: (!standing.suspended.is_empty()).then(|| standing::suspension(words, &standing)),
        software: standing::connected(words, live, records),
    }
}

#[derive(Template)]
#[template(path = "customer.html")]
struct CustomerPage {
    frame: Frame,
    customer: String,
    says: Vec<Said>,
    solutions: Vec<CoveredView>,
    lists: Vec<ListView>,
    /// The forms that tell something of it: the address and the name; none for whoever may not tell.
    tells: Vec<(String, String)>,
}

impl CustomerPage {
    fn new(texts: Texts, live: &Live, customer: &CustomerId, records: &Records<'_>, has_printer: bool) -> Self {
        let words = frame::words(texts, live);
        let standing = Standing::new(live, records);
        let whose = Whose::of(customer.clone());
        let tell = |(kind, key): (&str, &str)| (format!("/tell/{kind}?{key}={customer}"), form::kind(texts, kind));
        let may_tell = Visitor::current().may(Role::Operator);
        Self {
            frame: Frame::new(&words, live, whose.base(), customer.to_string()),
            says: standing::says(&words, live, records, &standing),
            solutions: standing::solutions(&words, &standing),
            lists: Concerns::new(&words, live, customer, &whose, has_printer).beginnings(),
            tells: TOLD.into_iter().filter(|_| may_tell).map(tell).collect(),
            customer: customer.to_string(),
        }
    }
}
