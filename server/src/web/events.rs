//! The event stream: tells open pages that there is a newer picture. The page then fetches itself again.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;

use super::{App, problem};
use crate::live::Live;

const KEEP_ALIVE: Duration = Duration::from_secs(15);

#[derive(Serialize)]
struct Head<'a> {
    as_known_at: String,
    ledger: Ledger<'a>,
}

#[derive(Serialize)]
struct Ledger<'a> {
    size: u64,
    root: &'a str,
}

/// `GET /events`
pub(super) async fn stream(State(app): State<App>) -> Response {
    let Ok(permit) = app.streams.clone().try_acquire_owned() else {
        return problem::json(StatusCode::SERVICE_UNAVAILABLE, "too-many-streams", "too many event streams are open");
    };
    let mut live = app.web.live.clone();
    // The first event tells the present picture, so that a page which was cut off learns at once what it missed.
    live.mark_changed();
    let events = stream::unfold((live, permit), |(mut live, permit)| async move {
        live.changed().await.ok()?;
        let event = event(&live.borrow_and_update());
        Some((Ok::<Event, Infallible>(event), (live, permit)))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

fn event(live: &Live) -> Event {
    let ledger = Ledger { size: live.ledger.size, root: &live.ledger.root };
    let head = Head { as_known_at: live.as_known_at.to_string(), ledger };
    Event::default().event("live").data(serde_json::to_string(&head).unwrap_or_default())
}
