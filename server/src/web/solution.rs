//! One solution: its interfaces with their strips, its incidents, where it runs, and the checks that measure it.

use askama::Template;
use axum::extract::{self, State};
use axum::http::StatusCode;
use axum::response::Response;
use uphold_core::agreement::Solution;
use uphold_core::history::{Fact, Incident, Placement, Scope, Subprocessor};
use uphold_core::id::SolutionId;

use super::frame::{self, Frame};
use super::incident_page::{self, Latest, Line};
use super::language::Reader;
use super::subject::{self, SubjectView};
use super::visitor::Visitor;
use super::{App, checks, problem};
use crate::accounts::Role;
use crate::live::Live;
use crate::wording::{Phrase, Sentence, Texts, Words};

/// How many incidents are listed before the page leads to the whole list.
const INCIDENTS: usize = 10;

/// `GET /solutions/{solution}`
pub(super) async fn show(
    State(app): State<App>,
    Reader(texts): Reader,
    extract::Path(id): extract::Path<String>,
) -> Response {
    let live = app.live();
    match SolutionId::parse(&id).ok().and_then(|id| live.agreement.find_solution(&id)) {
        Some(solution) => frame::respond(StatusCode::OK, texts, &SolutionPage::new(texts, &live, solution)),
        None => problem::no_such(texts, &live),
    }
}

#[derive(Template)]
#[template(path = "solution.html")]
struct SolutionPage {
    frame: Frame,
    id: String,
    name: Phrase,
    state: &'static str,
    sentence: Sentence,
    subjects: Vec<SubjectView>,
    incidents: Vec<Line>,
    has_more: bool,
    has_more_checks: bool,
    placements: Vec<PlacementView>,
    subprocessors: Vec<SubprocessorView>,
    /// The checks that measure it, for those who may see how it is measured.
    checks: Option<Vec<checks::Line>>,
}

/// Where a part of it runs.
struct PlacementView {
    part: String,
    provider: String,
    data_centre: String,
    region: String,
    /// Since when, or from when where that is to come.
    from: String,
}

/// Who else processes what it holds.
struct SubprocessorView {
    name: String,
    /// What is so now, or from when something else is.
    standing: String,
    sla: Option<String>,
}

impl SolutionPage {
    fn new(texts: Texts, live: &Live, solution: &Solution) -> Self {
        let words = frame::words(texts, live);
        let subjects = subject::of_solution(live, None, solution);
        let parts = subject::interfaces(&words, live, &subjects);
        let (state, sentence) = subject::headline(&words, &parts, live.as_known_at);
        let concerns = |incident: &Incident| incident_page::concerns(&incident.scope, &solution.id);
        let Latest { lines: incidents, more } = incident_page::latest(&words, live, INCIDENTS, concerns);
        let mine = || live.checks.iter().filter(|view| view.scope.solution == solution.id);
        let path = format!("/solutions/{}", solution.id);
        let name = words.phrase(&solution.name);
        Self {
            frame: Frame::new(&words, live, &path, name.text.clone()),
            id: solution.id.to_string(),
            state: state.name(),
            sentence,
            subjects: subjects.into_iter().map(|(each, line)| subject::view(&words, live, each, line)).collect(),
            incidents,
            has_more: more > 0,
            has_more_checks: mine().nth(checks::SHOWN).is_some(),
            placements: placements(&words, live, solution),
            subprocessors: subprocessors(&words, live, solution),
            checks: Visitor::current()
                .may(Role::Viewer)
                .then(|| mine().take(checks::SHOWN).map(|view| checks::line(&words, live, view)).collect()),
            name,
        }
    }
}

/// Whether everybody may know that something is about this solution.
fn concerns(scope: &Scope, solution: &Solution) -> bool {
    scope.parts.customer.is_none() && incident_page::concerns(scope, &solution.id)
}

fn placements(words: &Words, live: &Live, solution: &Solution) -> Vec<PlacementView> {
    let now = live.as_known_at;
    let mine = live
        .facts
        .placements
        .iter()
        .filter(|fact| concerns(&fact.body.scope, solution) && fact.body.span.until() > now);
    let view = |fact: &Fact<Placement>| {
        let Placement { scope, part, provider, data_centre, span } = &fact.body;
        PlacementView {
            part: part.clone(),
            provider: provider.clone(),
            data_centre: data_centre.clone(),
            region: scope.parts.region.as_ref().map_or_else(|| "—".to_owned(), ToString::to_string),
            from: words.moment(span.from()),
        }
    };
    mine.map(view).collect()
}

/// The latest that is known of each, but of one that is removed; what is to come is told beside it.
fn subprocessors(words: &Words, live: &Live, solution: &Solution) -> Vec<SubprocessorView> {
    let now = live.as_known_at;
    let mut mine: Vec<&Subprocessor> =
        live.facts.subprocessors.iter().map(|fact| &fact.body).filter(|body| concerns(&body.scope, solution)).collect();
    mine.sort_by_key(|body| (&body.name, body.effective_at));
    let mut views = Vec::new();
    for steps in mine.chunk_by(|one, next| one.name == next.name) {
        let begun = steps.iter().rev().find(|step| step.effective_at <= now);
        let coming = steps.iter().find(|step| step.effective_at > now);
        let is_gone = begun.is_none_or(|step| step.action == "removed");
        let when = |step: &Subprocessor| ("moment", words.moment(step.effective_at).into());
        let standing = match (begun.filter(|_| !is_gone), coming) {
            (None, None) => continue,
            (_, Some(step)) if step.action == "removed" => words.texts.with("subprocessor-until", &[when(step)]),
            (None, Some(step)) => words.texts.with("subprocessor-from", &[when(step)]),
            (Some(step), _) => words.texts.with("subprocessor-since", &[when(step)]),
        };
        let sla = begun.or(coming).and_then(|step| step.sla.clone());
        views.push(SubprocessorView { name: steps[0].name.clone(), standing, sla });
    }
    views
}
