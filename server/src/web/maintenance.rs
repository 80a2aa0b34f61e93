//! The public maintenance schedule as a page: what is ahead, what really happened, and what was announced of each.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use uphold_core::agreement::Subject;
use uphold_core::evaluate::Announcement;
use uphold_core::history::Maintenance;
use uphold_core::id::FactId;
use uphold_core::statement::{Amount, ReasonKind, Row};
use uphold_core::time::{Instant, Millis};

use super::frame::{self, Frame};
use super::gauge::{self, Bar};
use super::language::Reader;
use super::paging::Asked;
use super::subject;
use super::tell::links;
use super::{App, problem};
use crate::live::Live;
use crate::schedule::{Standing, Window};
use crate::wording::{Phrase, Texts, Words, when};

/// How many windows of the past a page has.
const PAST: usize = 50;

/// Which page of the past.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PastQuery {
    page: Option<usize>,
}

/// `GET /maintenance`
pub(super) async fn show(State(app): State<App>, Reader(texts): Reader, query: Asked<PastQuery>) -> Response {
    let live = app.live();
    let Ok(Query(PastQuery { page })) = query else { return problem::bad_query(texts, &live) };
    match SchedulePage::new(texts, &live, page.unwrap_or(1)) {
        Some(page) => frame::respond(StatusCode::OK, texts, &page),
        None => problem::bad_query(texts, &live),
    }
}

/// Whether the schedule of a picture shows a maintenance among what is ahead.
pub fn schedule_shows(live: &Live, id: &FactId) -> bool {
    let page = SchedulePage::new(Texts(uphold_core::agreement::Language::En), live, 1);
    let html = page.and_then(|page| page.render().ok());
    html.is_some_and(|html| html.contains(&format!("id=\"{}\"", anchor(id))))
}

#[derive(Template)]
#[template(path = "maintenance.html")]
struct SchedulePage {
    frame: Frame,
    bars: Vec<BarView>,
    acts: Vec<links::Link>,
    ahead: Vec<WindowView>,
    past: Vec<WindowView>,
    /// Earlier and later pages of the past.
    newer: Option<usize>,
    older: Option<usize>,
}

/// How much of a limit on maintenance is taken in the period in progress.
pub(super) struct BarView {
    pub(super) name: Phrase,
    pub(super) subject: Phrase,
    pub(super) period: String,
    pub(super) bar: Bar,
}

/// One maintenance.
pub(super) struct WindowView {
    pub(super) anchor: String,
    pub(super) id: String,
    pub(super) class: &'static str,
    pub(super) standing: String,
    pub(super) what: Vec<Phrase>,
    pub(super) kind: String,
    pub(super) impact: Option<String>,
    pub(super) times: String,
    pub(super) length: Option<String>,
    pub(super) earlier: Vec<String>,
    /// When it was published, or that it was not.
    pub(super) published: String,
    /// What became of each promise of a notice.
    pub(super) notices: Vec<NoticeView>,
    /// What really happened.
    pub(super) actual: Option<String>,
    pub(super) overran: Option<String>,
    /// What an operator may do about it.
    pub(super) acts: Vec<links::Link>,
}

/// Whether one maintenance was announced as promised.
pub(super) struct NoticeView {
    /// `kept`, `missed` or `undecided`, which is also a class.
    pub(super) class: &'static str,
    pub(super) label: String,
    /// The notice that was given, and the one that was promised.
    pub(super) given: String,
    /// By how much it is longer or shorter.
    pub(super) by: Option<String>,
}

impl SchedulePage {
    fn new(texts: Texts, live: &Live, page: usize) -> Option<Self> {
        let words = frame::words(texts, live);
        let (ahead, mut past): (Vec<&Window>, Vec<&Window>) =
            live.schedule.iter().partition(|window| window.is_ahead(live.as_known_at));
        past.reverse();
        let begin = page.checked_sub(1)?.checked_mul(PAST)?;
        if begin > 0 && begin >= past.len() {
            return None;
        }
        let view = |window: &Window| window_view(&words, live, window);
        Some(Self {
            bars: bars(&words, live),
            acts: links::first(texts, "maintenance"),
            ahead: ahead.into_iter().map(view).collect(),
            newer: (page > 1).then(|| page - 1),
            older: (past.len() > begin + PAST).then_some(page + 1),
            past: past.into_iter().skip(begin).take(PAST).map(view).collect(),
            frame: Frame::new(&words, live, "/maintenance", texts.get("maintenance-title")),
        })
    }
}

/// The id of a window on a page: what is no letter or digit is written by its number.
pub(super) fn anchor(id: &FactId) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let part = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("~{byte:02x}") };
    format!("window-{}", id.as_str().bytes().map(part).collect::<String>())
}

/// The bars of every limit on maintenance that is judged in the period in progress.
fn bars(words: &Words, live: &Live) -> Vec<BarView> {
    let last = live.as_known_at - Millis(1);
    let rows = live.statement.rows.iter().filter(|row| row.period.interval.contains(last));
    let rows = rows.filter(|row| crate::live::judges_now(&live.agreement, &live.statement, row));
    rows.filter_map(|row| bar(words, live, row)).collect()
}

/// The bar of a row, where it is one of a limit on maintenance.
pub(super) fn bar(words: &Words, live: &Live, row: &Row) -> Option<BarView> {
    let of = |key: &str| {
        row.measured.iter().find(|each| each.key == key).and_then(|each| match each.amount {
            Amount::Time(length) => Some(length),
            _ => None,
        })
    };
    if row.kind != "maintenance-cap" {
        return None;
    }
    let (used, planned, limit) = (of("used")?, of("planned")?, of("limit")?);
    let commitment = subject::find(live, row)?.find_commitment(&row.commitment)?;
    let words = &Words { texts: words.texts, zone: row.zone.clone() };
    let blanks = [("period", when::period(words, &row.period).into()), ("zone", row.zone.name().into())];
    Some(BarView {
        name: words.phrase(&commitment.name),
        subject: solution_name(words, live, &row.subject),
        period: words.texts.with("judged-so-far", &blanks),
        bar: gauge::cap(words, used, planned, limit),
    })
}

/// The name of the solution of a subject, or that it is everything.
pub(super) fn solution_name(words: &Words, live: &Live, subject: &Subject) -> Phrase {
    let solution = subject.solution.as_ref().and_then(|id| live.agreement.find_solution(id));
    let everything = || Phrase { lang: words.texts.code(), text: words.texts.get("whole-service") };
    solution.map_or_else(everything, |solution| words.phrase(&solution.name))
}

/// What a maintenance is on: the solution, and the part of it. An instance that belongs to a customer is not named: the
/// schedule is for everybody, and that work is on it is what its owner has to be told.
pub(super) fn what(words: &Words, live: &Live, plan: &Maintenance) -> Vec<Phrase> {
    let scope = &plan.scope;
    let mut subject =
        Subject { solution: scope.solution.clone(), interface: scope.interface.clone(), parts: scope.parts.clone() };
    if scope.parts.instance.is_some() && !live.owners().is_public(scope) {
        subject.parts.instance = None;
    }
    let whole = Subject { solution: scope.solution.clone(), ..Subject::default() };
    let solution = solution_name(words, live, &whole);
    if subject == whole {
        return vec![solution];
    }
    vec![solution, crate::wording::subject::name(words, &live.agreement, &subject)]
}

/// What a standing is called, and its class.
pub(super) fn standing(texts: Texts, standing: Standing) -> (&'static str, String) {
    match standing {
        Standing::Planned => ("planned", texts.get("maintenance-planned")),
        Standing::Due => ("due", texts.get("maintenance-due")),
        Standing::Running => ("running", texts.get("maintenance-running")),
        Standing::Overrun => ("overrun", texts.get("maintenance-overrun")),
        Standing::Completed => ("completed", texts.get("maintenance-completed")),
        Standing::Untold => ("untold", texts.get("maintenance-untold")),
        Standing::Cancelled => ("cancelled", texts.get("maintenance-cancelled")),
    }
}

/// Everything that the schedule tells of a maintenance.
pub(super) fn window_view(words: &Words, live: &Live, window: &Window) -> WindowView {
    let (texts, plan) = (words.texts, &window.plan);
    let (class, told) = standing(texts, window.standing);
    let span = plan.planned;
    let is_open = span.until() >= Instant::MAX;
    WindowView {
        anchor: anchor(&window.id),
        id: window.id.to_string(),
        class,
        standing: told,
        what: what(words, live, plan),
        kind: plan.class.clone(),
        impact: plan.impact.clone(),
        times: times(words, span.from(), Some(span.until()).filter(|_| !is_open)),
        length: (!is_open).then(|| words.length(span.length())),
        earlier: window.earlier.iter().map(|span| times(words, span.from(), Some(span.until()))).collect(),
        published: match window.published_at {
            Some(at) => texts.with("maintenance-published", &[("moment", words.moment(at).into())]),
            None => texts.get("maintenance-unpublished"),
        },
        notices: window.of_plan().map(|announced| notice(words, live, announced)).collect(),
        actual: window.actual().map(|(from, until)| match until {
            None => texts.with("maintenance-since", &[("from", words.moment(from).into())]),
            until => times(words, from, until),
        }),
        overran: overran(words, live, window),
        acts: links::window(texts, window),
    }
}

fn times(words: &Words, from: Instant, until: Option<Instant>) -> String {
    let blanks = |until: String| [("from", words.moment(from).into()), ("until", until.into())];
    match until.filter(|until| *until < Instant::MAX) {
        Some(until) => words.texts.with("maintenance-times", &blanks(words.moment(until))),
        None => words.texts.with("maintenance-times-open", &[("from", words.moment(from).into())]),
    }
}

/// How long after its planned end the work went on, or has by now.
fn overran(words: &Words, live: &Live, window: &Window) -> Option<String> {
    let end = window.plan.planned.until();
    let until = match window.standing {
        Standing::Overrun => live.as_known_at,
        _ => window.plan.actual_until?,
    };
    (until > end).then(|| words.texts.with("maintenance-overran", &[("length", words.length(until - end).into())]))
}

/// Whether a maintenance was announced as promised: how long before, and by how much that is more or less than promised.
pub(super) fn notice(words: &Words, live: &Live, announced: &Announcement) -> NoticeView {
    let texts = words.texts;
    let needed = ("needed", words.length(announced.needed).into());
    let given = announced.published_at.map(|at| announced.begins - at);
    let Some(given) = given else {
        let left = announced.begins - announced.needed - live.as_known_at;
        let (class, label) = match announced.kind {
            ReasonKind::Undecided => ("undecided", texts.get("notice-awaited")),
            _ => ("missed", texts.get("notice-missed")),
        };
        let by = (left.0 > 0).then(|| texts.with("notice-until", &[("length", words.length(left).into())]));
        return NoticeView { class, label, given: texts.with("notice-none", &[needed]), by };
    };
    // Rounded toward the worse: a notice must not look longer than it was.
    let whole = |length: Millis| words.length(Millis(length.0 / 1000 * 1000));
    let text = match given.0 {
        0.. => texts.with("notice-given", &[("given", whole(given).into()), needed]),
        _ => texts.with("notice-after", &[("given", words.length(Millis(-given.0)).into()), needed]),
    };
    let more = given - announced.needed;
    let exact = |length: Millis| -> fluent_bundle::FluentValue<'static> { words.exact_length(length).into() };
    if announced.kind == ReasonKind::Kept {
        let by = texts.with("notice-more", &[("length", exact(more))]);
        return NoticeView { class: "kept", label: texts.get("notice-kept"), given: text, by: Some(by) };
    }
    let by = texts.with("notice-less", &[("length", exact(Millis(-more.0)))]);
    NoticeView { class: "missed", label: texts.get("notice-short"), given: text, by: Some(by) }
}
