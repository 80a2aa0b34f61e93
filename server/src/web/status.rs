//! The public status page: what a customer needs to know, and nothing about how it is measured.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use uphold_core::timeline::State as Condition;

use super::App;
use super::cache::Kept;
use super::frame::{self, Frame};
use super::incident_page::{self, Latest};
use super::language::Reader;
use super::maintenance::{self, WindowView};
use super::subject::{self, SolutionView, SolutionViews};
use super::visitor::Visitor;
use crate::live::Live;
use crate::wording::{Phrase, Texts};

/// How many days back incidents are listed that are over.
const DAYS: i64 = 14;

/// `GET /status`
pub(super) async fn show(State(app): State<App>, Reader(texts): Reader, headers: HeaderMap) -> Response {
    let live = app.live();
    // Who is signed in is named on it: that one is drawn for its reader alone.
    if Visitor::current().signed().is_some() {
        return frame::respond(StatusCode::OK, texts, &StatusPage::new(texts, &live));
    }
    app.cache.answer(&live, (KEPT, texts.0), &headers, || StatusPage::new(texts, &live).render().ok())
}

/// Everybody asks for it when something is wrong, so it is drawn once for a picture. A reader asks again each time.
const KEPT: Kept = Kept { name: "status", kind: "text/html; charset=utf-8", control: "public, no-cache" };

/// How many windows of maintenance are shown.
const AHEAD: usize = 5;

#[derive(Template)]
#[template(path = "status.html")]
struct StatusPage {
    frame: Frame,
    provider: Phrase,
    state: &'static str,
    overall: String,
    solutions: Vec<SolutionView>,
    /// The solutions that are not shown in full.
    others: Vec<SolutionView>,
    /// The next windows of maintenance.
    ahead: Vec<WindowView>,
    /// The incidents that are open, and those that ended in the last days.
    open: Latest,
    ended: Latest,
    days: i64,
}

impl StatusPage {
    fn new(texts: Texts, live: &Live) -> Self {
        let words = frame::words(texts, live);
        let SolutionViews { full, others, worst } = subject::solutions(&words, live, None);
        let worst = worst.unwrap_or(Condition::Unknown);
        let ahead = live.schedule.iter().filter(|window| window.is_ahead(live.as_known_at)).take(AHEAD);
        let (open, ended) = incident_page::recent(&words, live, DAYS);
        Self {
            ahead: ahead.map(|window| maintenance::window_view(&words, live, window)).collect(),
            frame: Frame::new(&words, live, "/status", texts.get("nav-status")),
            provider: words.phrase(&live.agreement.provider),
            state: worst.name(),
            overall: overall(texts, worst),
            solutions: full,
            others,
            open,
            ended,
            days: DAYS,
        }
    }
}

fn overall(texts: Texts, worst: Condition) -> String {
    match worst {
        Condition::Up => texts.get("overall-up"),
        Condition::Down => texts.get("overall-down"),
        Condition::Excluded => texts.get("overall-excluded"),
        Condition::Unknown => texts.get("overall-unknown"),
    }
}
