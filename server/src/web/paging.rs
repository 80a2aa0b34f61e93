//! Pages of lists: how many entries one has, and where the next begins. `docs/api.md` describes it.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::history::in_path;
use super::problem;

/// How many entries a page has unless asked otherwise, and at most.
pub(super) const PAGE: (usize, usize) = (100, 1_000);

/// Which page of a list that stands in the order of the ledger.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ByPlace {
    /// The `next` of the page before.
    pub(super) after: Option<u64>,
    pub(super) limit: Option<usize>,
}

/// Which page of a list that people read, from 1.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageOf {
    page: Option<usize>,
}

impl PageOf {
    /// The number of the page.
    pub(super) fn number(&self) -> usize {
        self.page.unwrap_or(1)
    }
}

/// What a request asks for, as far as it can be understood.
pub(super) type Asked<Q> = Result<Query<Q>, QueryRejection>;

/// An address with a query, if there is one.
pub(super) fn address(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A query without what is empty, as RFC 3986 writes it.
pub(super) fn encoded(query: &[(&str, &str)]) -> String {
    let said = query.iter().filter(|(_, value)| !value.is_empty());
    said.map(|(key, value)| format!("{key}={}", in_path(value))).collect::<Vec<_>>().join("&")
}

/// A request that cannot be understood.
pub(super) fn refuse(detail: &str) -> Box<Response> {
    Box::new(problem::json(StatusCode::BAD_REQUEST, "bad-query", detail))
}

/// The query; the answer, where it is none.
pub(super) fn read<Q>(asked: Asked<Q>) -> Result<Q, Box<Response>> {
    asked.map(|Query(query)| query).map_err(|rejection| refuse(&rejection.body_text()))
}

/// How many entries are asked for; the answer, where that is too many or none.
pub(super) fn limit(asked: Option<usize>) -> Result<usize, Box<Response>> {
    let limit = asked.unwrap_or(PAGE.0);
    let fits = (1..=PAGE.1).contains(&limit);
    if fits { Ok(limit) } else { Err(refuse(&format!("`limit` must be from 1 to {}", PAGE.1))) }
}

/// The first entries, as many as fit on a page, and whether there are more.
pub(super) fn cut<T>(all: impl IntoIterator<Item = T>, limit: usize) -> (Vec<T>, bool) {
    let mut page: Vec<T> = all.into_iter().take(limit + 1).collect();
    let more = page.len() > limit;
    page.truncate(limit);
    (page, more)
}
