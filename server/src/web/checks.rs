//! The operator's list of checks: what each sees, since when, and what it last said.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use uphold_core::run::Observed;

use super::frame::{self, Frame};
use super::language::Reader;
use super::{App, paging, problem};
use crate::live::{CheckView, Live};
use crate::wording::seen::text as seen_cause;
use crate::wording::{Phrase, Sentence, Texts, Words};

/// How many lines a page has.
pub(super) const SHOWN: usize = 100;

/// From how many lines on there is something to choose by.
const MANY: usize = 10;

/// Which checks, and which page of them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// A part of the check's id.
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    solution: String,
    page: Option<usize>,
}

/// `GET /checks`
pub(super) async fn show(State(app): State<App>, Reader(texts): Reader, asked: paging::Asked<Asked>) -> Response {
    let live = app.live();
    match asked.ok().and_then(|Query(asked)| ChecksPage::new(texts, &live, asked)) {
        Some(page) => frame::respond(StatusCode::OK, texts, &page),
        None => problem::bad(texts, &live, "/checks", texts.get("checks-bad-query")),
    }
}

#[derive(Template)]
#[template(path = "checks.html")]
struct ChecksPage {
    frame: Frame,
    /// How many are in each state, and the address that shows these alone.
    summary: Vec<(&'static str, String, String)>,
    /// What can be chosen: the value, its name, and whether it is chosen. None, where there are few checks.
    states: Vec<(String, String, bool)>,
    solutions: Vec<(String, String, bool)>,
    q: String,
    is_filtered: bool,
    checks: Vec<Line>,
    /// Which of how many these are, where there are more.
    place: Option<String>,
    before: Option<String>,
    after: Option<String>,
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
    /// Nothing, where the request makes no sense.
    fn new(texts: Texts, live: &Live, asked: Asked) -> Option<Self> {
        let words = frame::words(texts, live);
        let state = match asked.state.as_str() {
            "" => None,
            name => Some(Observed::find(name)?),
        };
        let asked = Asked { q: asked.q.trim().to_ascii_lowercase(), ..asked };
        let page = asked.page.unwrap_or(1).checked_sub(1)?;
        let wanted = |check: &&CheckView| {
            state.is_none_or(|state| seen(check) == state)
                && (asked.solution.is_empty() || check.scope.solution.as_str() == asked.solution)
                && check.series.check.as_str().contains(&asked.q)
        };
        let mut found: Vec<&CheckView> = live.checks.iter().filter(wanted).collect();
        // What needs somebody stands first.
        found.sort_by_key(|check| Observed::ALL.iter().position(|state| *state == seen(check)));
        let all = found.len();
        let begin = page.checked_mul(SHOWN).filter(|begin| *begin < all || page == 0)?;
        let shown = &found[begin..all.min(begin + SHOWN)];
        let at = |page: usize| paging::address("/checks", &query(&asked, page));
        Some(Self {
            frame: Frame::new(&words, live, "/checks", texts.get("nav-checks")).asking(query(&asked, page)),
            summary: summary(texts, live),
            states: if live.checks.len() > MANY { states(texts, state) } else { Vec::new() },
            solutions: solutions(&words, live, &asked.solution),
            is_filtered: state.is_some() || !asked.solution.is_empty() || !asked.q.is_empty(),
            checks: shown.iter().map(|check| line(&words, live, check)).collect(),
            place: (all > SHOWN).then(|| place(texts, begin, shown.len(), all)),
            before: (page > 0).then(|| at(page - 1)),
            after: (begin + SHOWN < all).then(|| at(page + 1)),
            q: asked.q,
        })
    }
}

fn place(texts: Texts, begin: usize, shown: usize, all: usize) -> String {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX).into();
    texts.with("checks-place", &[("from", count(begin + 1)), ("until", count(begin + shown)), ("all", count(all))])
}

/// The query of the same choice on a page, which is counted from 0.
fn query(asked: &Asked, page: usize) -> String {
    let page = if page > 0 { (page + 1).to_string() } else { String::new() };
    paging::encoded(&[("q", &asked.q), ("state", &asked.state), ("solution", &asked.solution), ("page", &page)])
}

fn summary(texts: Texts, live: &Live) -> Vec<(&'static str, String, String)> {
    let count = |state: Observed| live.checks.iter().filter(|check| seen(check) == state).count();
    let told = |state: Observed| {
        let says = format!("{}\u{a0}{}", count(state), observed(texts, state));
        (state.name(), says, format!("/checks?state={}", state.name()))
    };
    Observed::ALL.into_iter().filter(|state| count(*state) > 0).map(told).collect()
}

fn states(texts: Texts, chosen: Option<Observed>) -> Vec<(String, String, bool)> {
    let all = (String::new(), texts.get("checks-every-state"), chosen.is_none());
    let each = |state: Observed| (state.name().to_owned(), observed(texts, state), chosen == Some(state));
    std::iter::once(all).chain(Observed::ALL.map(each)).collect()
}

/// The solutions to choose from; none, where there is one alone.
fn solutions(words: &Words, live: &Live, chosen: &str) -> Vec<(String, String, bool)> {
    if live.agreement.solutions.len() < 2 {
        return Vec::new();
    }
    let all = (String::new(), words.texts.get("incidents-all-solutions"), chosen.is_empty());
    let each =
        live.agreement.solutions.iter().map(|solution| {
            (solution.id.to_string(), words.phrase(&solution.name).text, solution.id.as_str() == chosen)
        });
    std::iter::once(all).chain(each).collect()
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
