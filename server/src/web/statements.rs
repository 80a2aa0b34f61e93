//! Frozen statements: which there are, and their texts. What they would say today is `/api/v1/statement`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use uphold_core::ledger::book::Frozen;
use uphold_core::ledger::digest::Digest;

use super::paging::{self, Asked, ByPlace};
use super::{App, api, problem};
use crate::ledger::{FILE, Reader};
use crate::live::Live;

/// `GET /api/v1/statements`
pub(super) async fn list(State(app): State<App>, query: Asked<ByPlace>) -> Response {
    paging::read(query).and_then(|query| page(&app.live(), &query)).unwrap_or_else(|refused| *refused)
}

fn page(live: &Live, query: &ByPlace) -> Result<Response, Box<Response>> {
    let limit = paging::limit(query.limit)?;
    let begin = live.statements.partition_point(|frozen| query.after.is_some_and(|after| frozen.seq <= after));
    let (page, more) = paging::cut(&live.statements[begin..], limit);
    let next = page.last().filter(|_| more).map(|frozen| frozen.seq);
    let statements = page.into_iter().map(StatementJson::from).collect();
    Ok(api::json(&StatementsJson { as_known_at: live.as_known_at.to_string(), statements, next }))
}

#[derive(Serialize)]
struct StatementsJson<'a> {
    as_known_at: String,
    statements: Vec<StatementJson<'a>>,
    next: Option<u64>,
}

#[derive(Serialize)]
struct StatementJson<'a> {
    period: &'a str,
    customer: Option<&'a str>,
    number: u64,
    as_known_at: String,
    recorded_at: String,
    seq: u64,
    text: String,
    figures: String,
}

impl<'a> From<&'a Frozen> for StatementJson<'a> {
    fn from(frozen: &'a Frozen) -> Self {
        let fact = &frozen.fact;
        Self {
            period: &fact.period,
            customer: fact.customer.as_ref().map(|customer| customer.as_str()),
            number: fact.number,
            as_known_at: fact.as_known_at.to_string(),
            recorded_at: frozen.recorded_at.to_string(),
            seq: frozen.seq,
            text: fact.text.to_string(),
            figures: fact.figures.to_string(),
        }
    }
}

/// `GET /api/v1/statements/{digest}`
pub(super) async fn text(State(app): State<App>, Path(digest): Path<String>) -> Response {
    let known =
        Digest::parse(&digest).ok().filter(|digest| app.live().statements.iter().any(|s| s.fact.text == *digest));
    let Some(digest) = known else {
        return problem::json(StatusCode::NOT_FOUND, "no-such-statement", "no statement has this digest");
    };
    let path = app.web.data.join(FILE);
    let found = app.judge(move || Reader::open(&path).and_then(|reader| reader.text(digest))).await;
    match found {
        Some(Ok(Some(text))) => api::text(text),
        Some(Ok(None)) => problem::json(StatusCode::GONE, "text-erased", "the text of this statement was erased"),
        Some(Err(_)) | None => problem::internal(),
    }
}
