//! Vantage points: what is known of each, and where those elsewhere report. `docs/vantage-points.md` describes a report.

use axum::Extension;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};
use uphold_core::id::VantageId;
use uphold_core::time::Instant;

use super::authorize::SpeaksFor;
use super::records::is_json;
use super::{App, problem};
use crate::measure::vantage::{Accepted, Point, Refused, Report};

/// `GET /api/v1/vantage-points`
pub(super) async fn list(State(app): State<App>) -> Response {
    let now = app.web.clock.now();
    let points: Vec<Value> = app.web.desk.points().iter().map(|(vantage, point)| one(vantage, point, now)).collect();
    super::api::json(&json!({ "now": now.to_string(), "vantage_points": points }))
}

fn one(vantage: &VantageId, point: &Point, now: Instant) -> Value {
    json!({
        "vantage": vantage.as_str(),
        "own": point.own,
        "recorded_through": point.through.map(|at| at.to_string()),
        "lag_seconds": point.through.map(|at| (now - at).seconds()),
        "series": point.series,
        "last_report": point.last_report.map(|at| at.to_string()),
        "clock_skew_seconds": point.clock_skew.map(|skew| skew.seconds()),
        "clock_is_off": point.is_skewed,
        "reported_series": point.reported_series,
        "unmatched_series": point.unmatched,
        "reports_taken": point.taken,
        "reports_refused": point.refused,
    })
}

/// `POST /api/v1/vantage-points/{vantage}/reports`
pub(super) async fn report(
    State(app): State<App>,
    Path(vantage): Path<String>,
    Extension(SpeaksFor(speaks_for)): Extension<SpeaksFor>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let bytes = body.as_ref().map_or(0, Bytes::len);
    match read(&vantage, speaks_for.as_deref(), &headers, body) {
        Ok((vantage, report)) => {
            let now = (app.web.clock.now(), app.web.clock.monotonic());
            let done = app.web.desk.deliver(vantage, report, bytes, now).await;
            done.map_or_else(|refused| refuse(&refused), accepted)
        }
        Err(refused) => *refused,
    }
}

/// The report that a request brings, if its token speaks for the vantage point of the address.
fn read(
    vantage: &str,
    speaks_for: Option<&str>,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(VantageId, Report), Box<Response>> {
    let no = |status, code, detail: &str| Box::new(problem::json(status, code, detail));
    if speaks_for != Some(vantage) {
        let detail =
            "this token does not speak for that vantage point; `uphold token create --vantage` makes one that does";
        return Err(no(StatusCode::FORBIDDEN, "other-vantage-point", detail));
    }
    let vantage = VantageId::parse(vantage).map_err(|_| Box::new(refuse(&Refused::NoSuchPoint)))?;
    let body = body.map_err(|rejection| no(rejection.status(), "bad-body", &rejection.body_text()))?;
    if !is_json(headers) {
        let detail = "send `Content-Type: application/json`";
        return Err(no(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", detail));
    }
    let report = serde_json::from_slice(&body);
    let report = report.map_err(|error| no(StatusCode::UNPROCESSABLE_ENTITY, "bad-report", &error.to_string()))?;
    Ok((vantage, report))
}

fn accepted(done: Accepted) -> Response {
    let Accepted { through, matched, unmatched } = done;
    super::api::json(&json!({ "through": through.0, "matched_series": matched, "unmatched_series": unmatched }))
}

fn refuse(refused: &Refused) -> Response {
    let (status, code) = match refused {
        Refused::NoSuchPoint => (StatusCode::NOT_FOUND, "no-such-vantage-point"),
        Refused::OutOfStep { .. } => (StatusCode::CONFLICT, "out-of-step"),
        Refused::Contradiction(_) => (StatusCode::CONFLICT, "contradiction"),
        Refused::Future { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "in-the-future"),
        Refused::Malformed(_) => (StatusCode::UNPROCESSABLE_ENTITY, "bad-report"),
        Refused::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too-many-reports"),
        Refused::NotRecorded => (StatusCode::SERVICE_UNAVAILABLE, "not-recorded"),
    };
    let errors = match refused {
        Refused::OutOfStep { through } => vec![json!({ "through": through.map(|at| at.0) })],
        _ => Vec::new(),
    };
    let mut response = problem::with_errors(status, code, &refused.to_string(), errors);
    if *refused == Refused::TooMany {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
