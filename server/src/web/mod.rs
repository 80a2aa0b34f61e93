//! Pages and interfaces (a placeholder until the real ones are merged).

use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use uphold_core::statement::Inputs;

use crate::measure::Handle;

/// What pages are made of.
#[derive(Debug, Clone)]
pub struct WebState {
    handle: Handle,
}

impl WebState {
    /// State for a server at `address`.
    #[must_use]
    pub fn new(handle: Handle, _address: SocketAddr, _allowed_hosts: Vec<String>) -> Self {
        Self { handle }
    }
}

/// All routes.
pub fn router(state: WebState) -> Router {
    Router::new().route("/api/v1/statement", get(statement)).with_state(state)
}

async fn statement(State(state): State<WebState>) -> String {
    let live = state.handle.live.borrow().clone();
    live.statement.to_json_text(&Inputs { digest: live.ledger.root.clone(), lines: live.ledger.size })
}
