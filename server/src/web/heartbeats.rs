//! Heartbeats: where a job reports in.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use uphold_core::id::CheckId;
use uphold_core::run::Observed;

use super::{App, problem};
use crate::measure::heartbeat::HeartbeatError;

/// What is reported.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReportQuery {
    state: Option<String>,
}

/// `POST /api/v1/heartbeats/{check}`
pub(super) async fn report(
    State(app): State<App>,
    Path(check): Path<String>,
    query: Result<Query<ReportQuery>, QueryRejection>,
) -> Response {
    let bad = |detail: &str| problem::json(StatusCode::BAD_REQUEST, "bad-query", detail);
    let state = match query {
        Ok(Query(query)) => query.state,
        Err(rejection) => return bad(&rejection.body_text()),
    };
    let Some(state) = state.as_deref().map_or(Some(Observed::Up), Observed::find) else {
        return bad("`state` must be up, degraded or down");
    };
    taken(&app, &check, state)
}

fn taken(app: &App, check: &str, state: Observed) -> Response {
    let report = |check: CheckId| (app.web.heartbeat)(&check, state, app.web.clock.now());
    match CheckId::parse(check).map_err(|_| HeartbeatError::NoSuchCheck).and_then(report) {
        Ok(()) => StatusCode::ACCEPTED.into_response(),
        Err(error) => {
            let (status, code) = match error {
                HeartbeatError::NoSuchCheck => (StatusCode::NOT_FOUND, "no-such-check"),
                HeartbeatError::NotAState => (StatusCode::BAD_REQUEST, "bad-query"),
                HeartbeatError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "too-many-reports"),
            };
            problem::json(status, code, &error.to_string())
        }
    }
}
