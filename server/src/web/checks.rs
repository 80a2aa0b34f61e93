//! The operator's list of checks: what each sees, since when, and what it last said.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use uphold_core::run::Observed;

use super::App;
use super::frame::{self, Frame};
use super::language::Reader;
use crate::live::{CheckView, Live};
use crate::wording::seen::text as seen_cause;
use crate::wording::{Phrase, Sentence, Texts, Words};

/// `GET /checks`
pub(super) async fn show(State(app): State<App>, Reader(texts): Reader) -> Response {
    let live = app.live();
    frame::respond(StatusCode::OK, texts, &ChecksPage::new(texts, &live))
}

#[derive(Template)]
#[template(path = "checks.html")]
struct ChecksPage {
    frame: Frame,
    summary: Vec<(&'static str, String)>,
    checks: Vec<Line>,
}

/// What one vantage point sees of a check.
pub(super) struct Line {
    pub(super) check: String,
    pub(super) vantage: String,
    pub(super) solution: Phrase,
    pub(super) interface: Phrase,
    pub(super) state: &'static str,
    pub(super) label: String,
    pub(super) lasting: Sentence,
    pub(super) since: String,
    pub(super) last: String,
    pub(super) detail: String,
    pub(super) every: String,
}

impl ChecksPage {
    fn new(texts: Texts, live: &Live) -> Self {
        let words = frame::words(texts, live);
        let count = |state: Observed| live.checks.iter().filter(|check| seen(check) == state).count();
        let summary = Observed::ALL
            .into_iter()
            .filter(|state| count(*state) > 0)
            .map(|state| (state.name(), format!("{}\u{a0}{}", count(state), observed(texts, state))))
            .collect();
        Self {
            frame: Frame::new(&words, live, "/checks", texts.get("nav-checks")),
            summary,
            checks: live.checks.iter().map(|check| line(&words, live, check)).collect(),
        }
    }
}

fn seen(check: &CheckView) -> Observed {
    check.latest.map_or(Observed::Unknown, |latest| latest.state)
}

/// The line of one series.
pub(super) fn line(words: &Words, live: &Live, check: &CheckView) -> Line {
    let id = |text: &str| Phrase { lang: "", text: text.to_owned() };
    let solution = live.agreement.find_solution(&check.scope.solution);
    let interface = solution.and_then(|s| s.interfaces.iter().find(|each| each.id == check.scope.interface));
    let state = seen(check);
    Line {
        check: check.series.check.to_string(),
        vantage: check.series.vantage.to_string(),
        solution: solution.map_or_else(|| id(check.scope.solution.as_str()), |found| words.phrase(&found.name)),
        interface: interface.map_or_else(|| id(check.scope.interface.as_str()), |found| words.phrase(&found.name)),
        state: state.name(),
        label: observed(words.texts, state),
        lasting: check.latest.map_or_else(Sentence::default, |latest| {
            words.growing(
                |texts, blank| texts.with("for", &[("duration", blank.into())]),
                latest.from,
                live.as_known_at,
            )
        }),
        since: check.latest.map_or_else(|| words.texts.get("never-observed"), |latest| words.moment(latest.from)),
        last: check.latest.map_or_else(|| "—".to_owned(), |latest| words.moment(latest.last)),
        detail: check.cause.as_ref().map_or_else(String::new, |cause| seen_cause(words.texts, cause)),
        every: check.interval.to_string(),
    }
}

/// The name of what was observed.
pub(super) fn observed(texts: Texts, state: Observed) -> String {
    match state {
        Observed::Up => texts.get("state-up"),
        Observed::Down => texts.get("state-down"),
        Observed::Degraded => texts.get("state-degraded"),
        Observed::Unknown => texts.get("state-unknown"),
    }
}
