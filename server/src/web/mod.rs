//! The web: pages for people, JSON for programs, metrics for a monitor, and live events.
//!
//! [`router`] is the entry; [`routes`] lists every route. Everything shown comes from one [`Live`] picture. Not here:
//! storage, measuring, and what people's accounts are (`crate::accounts`).

mod account;
mod agreement;
mod api;
mod assets;
mod authorize;
mod beside;
mod budgets;
mod cache;
mod check;
mod checks;
mod concerns;
mod contract;
mod customers;
mod events;
mod evidence;
mod evidence_page;
mod feeds;
mod forms;
mod frame;
mod gauge;
mod guard;
mod health;
mod heartbeats;
mod history;
mod identity;
mod incident_page;
mod incidents;
mod join;
mod language;
mod ledger;
mod made;
mod maintenance;
mod metrics;
mod mine;
mod openapi;
mod paging;
mod people;
mod problem;
mod records;
pub mod routes;
mod sign_in;
mod solution;
mod standing;
mod statement_pages;
mod statements;
mod status;
mod strip;
mod subject;
mod subprocessors;
mod tell;
mod timeline;
mod vantage_points;
mod visitor;

pub use maintenance::schedule_shows;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, watch};
use uphold_core::id::CheckId;
use uphold_core::run::Observed;
use uphold_core::time::Instant;

use crate::access::Tokens;
use crate::accounts::Accounts;
use crate::clock::Clock;
use crate::identity::IdentityProvider;
use crate::live::{Counters, Live};
use crate::measure::Append;
use crate::measure::heartbeat::HeartbeatError;
use crate::measure::vantage::Desk;
use crate::notify::Board;
use crate::printer::Printer;

/// The host names under which a server that listens on loopback is asked for.
pub const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// How many readers may hold an event stream at once.
const EVENT_STREAMS_MAX: usize = 1024;

/// The longest body of a request, in bytes.
const BODY_MAX: usize = 4 << 20;

/// Takes a report for a heartbeat check.
pub type Heartbeat = dyn Fn(&CheckId, Observed, Instant) -> Result<(), HeartbeatError> + Send + Sync;

/// How many statements are worked out at once for whoever asks; the others wait, so that measuring has room.
const JUDGING_MAX: usize = 2;

/// What the web layer is given.
#[derive(Clone)]
pub struct WebState {
    /// The picture that is shown; every change is pushed to open pages.
    pub live: watch::Receiver<Arc<Live>>,
    /// Reads how the process itself is doing.
    pub counters: Arc<dyn Fn() -> Counters + Send + Sync>,
    /// The host names that are answered, without ports; IPv6 addresses in brackets. Any other `Host` is refused, so that
    /// a foreign page cannot read this one through a name that it points here.
    pub allowed_hosts: Vec<String>,
    /// Who may ask for what is not shown to everybody.
    pub tokens: Tokens,
    /// Which people may sign in.
    pub accounts: Accounts,
    /// Through whom they may sign in beside their passwords.
    pub identity_provider: Option<IdentityProvider>,
    /// The folder of the ledger, for what no picture holds: texts, evidence, and what was signed.
    pub data: PathBuf,
    /// Takes facts to be recorded.
    pub tell: mpsc::Sender<Append>,
    /// Takes what a heartbeat check is told, and when that came in.
    pub heartbeat: Arc<Heartbeat>,
    /// Takes what other vantage points report, and knows of them.
    pub desk: Desk,
    /// Where the time comes from.
    pub clock: Clock,
    /// How telling people goes, and what is known of the clock.
    pub board: Board,
    /// What makes PDFs, where there is something that does.
    pub printer: Printer,
}

/// What every handler shares.
struct Shared {
    web: WebState,
    streams: Arc<Semaphore>,
    judging: Semaphore,
    cache: cache::Cache,
    statements: made::Kept,
}

type App = Arc<Shared>;

impl Shared {
    fn live(&self) -> Arc<Live> {
        self.web.live.borrow().clone()
    }

    /// Works out something that takes longer than other requests may wait; nothing, where that ended in a defect.
    async fn judge<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let _turn = self.judging.acquire().await.ok()?;
        let visitor = visitor::Visitor::current();
        tokio::task::spawn_blocking(move || visitor.during(work)).await.ok()
    }
}

/// The whole web layer as one service. What takes long it works out beforehand, as a task of the runtime that it is called in.
///
/// # Panics
/// Outside a runtime.
pub fn router(state: WebState) -> axum::Router {
    let app = Arc::new(Shared {
        web: state,
        streams: Arc::new(Semaphore::new(EVENT_STREAMS_MAX)),
        judging: Semaphore::new(JUDGING_MAX),
        cache: cache::Cache::default(),
        statements: made::Kept::default(),
    });
    tokio::spawn(made::keep_ready(app.clone()));
    let mut router = axum::Router::new();
    for route in routes::ROUTES {
        let access = axum::middleware::from_fn_with_state((app.clone(), route), authorize::authorize);
        router = router.route(route.path, (route.handler)().route_layer(access));
    }
    router
        .layer(axum::extract::DefaultBodyLimit::max(BODY_MAX))
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(axum::middleware::from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}
