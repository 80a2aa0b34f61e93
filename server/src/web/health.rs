//! Health: whether this server measures and records, for whatever starts it again or sends it requests.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use uphold_core::time::Millis;

use super::{App, api};

/// A server that has not ticked for so long does not measure.
const STILL: Millis = Millis(10_000);

/// `GET /healthz`
pub(super) async fn show(State(app): State<App>) -> Response {
    let (live, ticked) = (app.live(), (app.web.counters)().last_tick);
    let (status, code) = match live.not_recorded_since {
        _ if app.web.clock.monotonic() - ticked > STILL => ("not-measuring", StatusCode::SERVICE_UNAVAILABLE),
        Some(_) => ("not-recording", StatusCode::SERVICE_UNAVAILABLE),
        None => ("ok", StatusCode::OK),
    };
    let not_recorded_since = live.not_recorded_since.map(|since| since.to_string());
    let body = api::json(&HealthJson { status, as_known_at: live.as_known_at.to_string(), not_recorded_since });
    (code, body).into_response()
}

#[derive(Serialize)]
struct HealthJson {
    status: &'static str,
    as_known_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_recorded_since: Option<String>,
}
