//! Records: what was told, page by page, and telling more. `docs/api.md` describes the shapes.

use axum::Extension;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;
use uphold_core::id::FactId;
use uphold_core::ledger::fact::Record;
use uphold_core::statement::Row;
use uphold_core::time::Instant;

use super::authorize::Bearer;
use super::paging::{self, Asked};
use super::{App, problem};
use crate::ledger::{LedgerError, Receipt};
use crate::live::Live;
use crate::measure::Append;
use crate::operate::record::{self, Change, Told, Wrong};
use uphold_core::ledger::record::Recorded;

/// Which page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    after: Option<u64>,
    limit: Option<usize>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// `GET /api/v1/records`
pub(super) async fn list(State(app): State<App>, query: Asked<PageQuery>) -> Response {
    paging::read(query).and_then(|query| page(&app.live(), &query)).unwrap_or_else(|refused| *refused)
}

fn page(live: &Live, query: &PageQuery) -> Result<Response, Refusal> {
    let limit = paging::limit(query.limit)?;
    let begin = live.records.partition_point(|record| query.after.is_some_and(|after| record.seq <= after));
    let read = |recorded: &'_ Recorded| serde_json::from_str(&recorded.line).unwrap_or(Value::Null);
    let all = live.records[begin..].iter().map(|recorded| (recorded, read(recorded)));
    let wanted = all.filter(|(_, record)| query.kind.as_ref().is_none_or(|kind| record["type"] == kind.as_str()));
    let (found, more) = paging::cut(wanted, limit);
    let next = found.last().filter(|_| more).map(|(recorded, _)| recorded.seq);
    let records: Vec<Value> = found.into_iter().map(|(recorded, record)| one(recorded, &record)).collect();
    Ok(super::api::json(&json!({ "as_known_at": live.as_known_at.to_string(), "records": records, "next": next })))
}

fn one(recorded: &Recorded, record: &Value) -> Value {
    json!({
        "seq": recorded.seq,
        "fact": recorded.id.as_str(),
        "recorded_at": recorded.recorded_at.to_string(),
        "by": recorded.by,
        "why": recorded.why,
        "record": record,
    })
}

/// What a request to tell brings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    why: String,
    records: Vec<Map<String, Value>>,
    #[serde(default)]
    dry_run: bool,
}

/// `POST /api/v1/records`
pub(super) async fn tell(
    State(app): State<App>,
    Extension(Bearer(name)): Extension<Bearer>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    match read(&headers, body) {
        Ok((key, body)) => answer(&app, key, name, body).await.unwrap_or_else(|refused| *refused),
        Err(refused) => *refused,
    }
}

type Refusal = Box<Response>;

fn refuse(status: StatusCode, code: &'static str, detail: &str) -> Refusal {
    Box::new(problem::json(status, code, detail))
}

/// Whether a request says that its body is JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    kind.split(';').next().map(str::trim) == Some("application/json")
}

fn read(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<(FactId, Body), Refusal> {
    let bad = |code, detail: &str| refuse(StatusCode::BAD_REQUEST, code, detail);
    let body = body.map_err(|rejection| refuse(rejection.status(), "bad-body", &rejection.body_text()))?;
    if !is_json(headers) {
        let detail = "send `Content-Type: application/json`";
        return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", detail));
    }
    let body: Body = serde_json::from_slice(&body).map_err(|error| bad("bad-body", &error.to_string()))?;
    let mut keys = headers.get_all("idempotency-key").iter();
    let key = match (keys.next(), keys.next()) {
        (None, _) if body.dry_run => FactId::parse("dry-run").map_err(|_| String::new()),
        (None, _) => {
            Err("send an `Idempotency-Key` of your own: with it, a repeated request is recorded once".to_owned())
        }
        (Some(key), None) => {
            let key = key.to_str().map_err(|_| "the `Idempotency-Key` is not printable ASCII".to_owned());
            key.and_then(|key| FactId::parse(key).map_err(|error| error.to_string()))
        }
        (Some(_), Some(_)) => Err("send one `Idempotency-Key`".to_owned()),
    };
    let key = key.map_err(|detail| bad("bad-idempotency-key", &detail))?;
    Ok((key, body))
}

async fn answer(app: &App, key: FactId, name: String, body: Body) -> Result<Response, Refusal> {
    let told = Told { lines: body.records, by: format!("token:{name}"), why: body.why, key };
    let (live, now) = (app.live(), app.web.clock.now());
    let judged = app.judge(move || judge(&live, &told, now)).await;
    let (records, changes) = judged.ok_or_else(|| Box::new(problem::internal()))??;
    if body.dry_run {
        let nothing = Value::Array(Vec::new());
        return Ok(super::api::json(&json!({ "recorded": false, "records": nothing, "changes": changes })));
    }
    let receipts = append(app, records).await.map_err(|error| unrecorded(&error))?;
    Ok(recorded(&receipts, &changes))
}

/// What is to be recorded, and what it would change.
fn judge(live: &Live, told: &Told, now: Instant) -> Result<(Vec<Record>, Value), Refusal> {
    let records = record::facts(live, told).map_err(|wrongs| unfit(&wrongs))?;
    let changes = record::consequence(live, &records, now).map_err(|wrongs| unjudged(&wrongs))?;
    Ok((records, consequence(&changes)))
}

fn recorded(receipts: &[Receipt], changes: &Value) -> Response {
    let records: Vec<Value> = receipts.iter().map(receipt).collect();
    let mut response = super::api::json(&json!({ "recorded": true, "records": records, "changes": changes }));
    if receipts.iter().any(|receipt| !receipt.duplicate) {
        *response.status_mut() = StatusCode::CREATED;
    }
    response
}

/// Why what was told is not recorded.
pub(super) enum Unrecorded {
    /// The server is stopping.
    Stopping,
    /// The same id was told something else.
    Conflict,
    /// The ledger cannot be written; the log says why.
    Failed,
}

/// Records what was told.
pub(super) async fn append(app: &App, records: Vec<Record>) -> Result<Vec<Receipt>, Unrecorded> {
    let (reply, answer) = oneshot::channel();
    let facts = record::into_facts(records);
    app.web.tell.send(Append { facts, reply }).await.map_err(|_| Unrecorded::Stopping)?;
    answer.await.map_err(|_| Unrecorded::Stopping)?.map_err(|error| {
        if matches!(error, LedgerError::Conflict { .. }) {
            return Unrecorded::Conflict;
        }
        tracing::error!(error = &error as &dyn std::error::Error, "what was told cannot be recorded");
        Unrecorded::Failed
    })
}

fn unrecorded(error: &Unrecorded) -> Refusal {
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    match error {
        Unrecorded::Stopping => refuse(unavailable, "not-recording", "the server is stopping; try again"),
        Unrecorded::Conflict => {
            let detail = "this `Idempotency-Key` was used before for something else; use a new one";
            refuse(StatusCode::CONFLICT, "idempotency-conflict", detail)
        }
        Unrecorded::Failed => {
            let detail = "the ledger cannot be written, and nothing was recorded; the server's log says why";
            refuse(unavailable, "not-recorded", detail)
        }
    }
}

fn receipt(receipt: &Receipt) -> Value {
    json!({
        "seq": receipt.seq,
        "recorded_at": receipt.recorded_at.to_string(),
        "leaf_hash": receipt.leaf_hash.to_string(),
        "tree_size": receipt.tree_size,
        "root": receipt.root.to_string(),
        "duplicate": receipt.duplicate,
    })
}

fn unfit(wrongs: &[Wrong]) -> Refusal {
    let errors = wrongs.iter().map(|wrong| json!({ "record": wrong.place, "message": wrong.message })).collect();
    let detail = "nothing was recorded; `errors` lists what is wrong, with the place of each record from 0";
    Box::new(problem::with_errors(StatusCode::UNPROCESSABLE_ENTITY, "bad-records", detail, errors))
}

fn unjudged(wrongs: &[Wrong]) -> Refusal {
    let errors = wrongs.iter().map(|wrong| json!({ "record": wrong.place, "message": wrong.message })).collect();
    let detail = "nothing was recorded: the agreement does not state what is needed to judge this; `errors` says what";
    Box::new(problem::with_errors(StatusCode::UNPROCESSABLE_ENTITY, "cannot-be-judged", detail, errors))
}

/// The rows that change, as the statement has them.
fn consequence(changes: &[Change]) -> Value {
    let rows: Vec<Value> = changes
        .iter()
        .map(|change| {
            let row = |row: &Option<Row>| row.as_ref().map_or(Value::Null, Row::to_json);
            json!({ "before": row(&change.before), "after": row(&change.after) })
        })
        .collect();
    Value::Array(rows)
}
