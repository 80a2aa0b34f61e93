//! Incidents for people: the list, and one of them from its onset to what was learned of it.
//!
//! Lists have what is for everybody. The page of one that concerns a customer alone opens for that customer, and for whoever may see
//! everything. Nothing of how a service is measured is here. Not here: the list for
//! programs.

use askama::Template;
use axum::extract::{self, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value};
use uphold_core::agreement::Subject;
use uphold_core::history::{Audience, Fact, Incident, Notice, Said, Scope, Stage, Update};
use uphold_core::id::{CustomerId, FactId, SolutionId};
use uphold_core::time::{Instant, Millis};

use super::frame::{self, Frame};
use super::history::in_path;
use super::language::Reader;
use super::tell::links;
use super::visitor::Visitor;
use super::{App, incidents, paging, problem};
use crate::accounts::Role;
use crate::live::Live;
use crate::operate::incident::UNCLASSIFIED;
use crate::wording::{Phrase, Sentence, Texts, Words, subject};

/// How many incidents one page of the list has.
const SHOWN: usize = 25;

/// Which incidents.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    solution: Option<String>,
    state: Option<Standing>,
    after: Option<String>,
}

/// Whether an incident is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Standing {
    Open,
    Closed,
}

/// `GET /incidents`
pub(super) async fn list(State(app): State<App>, Reader(texts): Reader, asked: paging::Asked<Asked>) -> Response {
    let live = app.live();
    match asked.ok().and_then(|Query(asked)| ListPage::new(texts, &live, asked)) {
        Some(page) => frame::respond(StatusCode::OK, texts, &page),
        None => problem::bad(texts, &live, "/incidents", texts.get("incidents-bad-query")),
    }
}

/// `GET /incidents/{id}`
pub(super) async fn show(
    State(app): State<App>,
    Reader(texts): Reader,
    extract::Path(id): extract::Path<String>,
) -> Response {
    let live = app.live();
    match live.incidents.iter().find(|fact| fact.id.as_str() == id && may_open(&live, fact)) {
        Some(fact) => frame::respond(StatusCode::OK, texts, &IncidentPage::new(texts, &live, fact)),
        None => problem::no_such(texts, &live),
    }
}

/// Whether whoever asks may open an incident: one for everybody, a customer its own, and every one whoever may see everything.
fn may_open(live: &Live, fact: &Fact<Incident>) -> bool {
    let (visitor, owners) = (Visitor::current(), live.owners());
    let is_own = visitor.customer().is_some_and(|customer| !owners.is_foreign(&fact.body.scope, customer));
    is_own || visitor.may(Role::Viewer) || owners.is_public(&fact.body.scope)
}

/// Whether whoever asks may read what was told to everybody, or to this customer.
fn may_read(told_to: Option<&CustomerId>) -> bool {
    let visitor = Visitor::current();
    told_to.is_none() || visitor.may(Role::Viewer) || visitor.customer() == told_to
}

/// The incidents that everybody may see: what is of an instance that belongs to somebody is theirs, although it does not name
/// them.
pub(super) fn known(live: &Live) -> impl Iterator<Item = &Fact<Incident>> {
    let owners = live.owners();
    live.incidents.iter().filter(move |fact| owners.is_public(&fact.body.scope))
}

/// One incident of a list.
pub(super) struct Line {
    pub(super) path: String,
    pub(super) title: String,
    pub(super) is_open: bool,
    /// How long it lasts, or lasted.
    pub(super) lasting: Sentence,
    pub(super) from: String,
    pub(super) until: Option<String>,
    pub(super) cause: String,
    pub(super) latest: Option<UpdateView>,
}

/// What was told of it at one time.
pub(super) struct UpdateView {
    pub(super) stage: String,
    pub(super) at: String,
    pub(super) text: Phrase,
    /// The customer that it was told to, where it was not told to everybody.
    pub(super) to: Option<String>,
    pub(super) by: Option<String>,
}

/// The latest incidents of a page that is not their own list.
#[derive(Default)]
pub(super) struct Latest {
    pub(super) lines: Vec<Line>,
    /// How many more the list has.
    pub(super) more: i64,
}

/// The latest incidents that everybody may see, those that `wanted` lets through, but not more than a page can bear.
pub(super) fn latest(words: &Words, live: &Live, most: usize, wanted: impl Fn(&Incident) -> bool) -> Latest {
    let mut found: Vec<&Fact<Incident>> = known(live).filter(|fact| wanted(&fact.body)).collect();
    found.sort_by_key(|fact| incidents::place(fact));
    let more = i64::try_from(found.len().saturating_sub(most)).unwrap_or(i64::MAX);
    Latest { lines: found.into_iter().take(most).map(|fact| line(words, live, fact)).collect(), more }
}

/// Whether something may be about a solution.
pub(super) fn concerns(scope: &Scope, solution: &SolutionId) -> bool {
    scope.solution.as_ref().is_none_or(|named| named == solution)
}

/// The address of an incident.
pub(super) fn path(id: &FactId) -> String {
    format!("/incidents/{}", in_path(id.as_str()))
}

/// An incident as a line of a list.
pub(super) fn line(words: &Words, live: &Live, fact: &Fact<Incident>) -> Line {
    let span = fact.body.span;
    let is_open = span.until() == Instant::MAX;
    let lasting = if is_open {
        words.growing(
            |texts, blank| texts.with("incident-lasting", &[("duration", blank.into())]),
            span.from(),
            live.as_known_at,
        )
    } else {
        let length = words.length(span.length());
        Sentence::plain(words.texts.with("incident-lasted", &[("duration", length.into())]))
    };
    Line {
        path: path(&fact.id),
        title: title(words, live, &fact.body.scope),
        is_open,
        lasting,
        from: words.moment(span.from()),
        until: (!is_open).then(|| words.moment(span.until())),
        cause: cause(words.texts, &fact.body.cause),
        latest: updates(live, &fact.id).last().map(|update| view(words, update)),
    }
}

/// What something is of, in the names of the agreement.
pub(super) fn title(words: &Words, live: &Live, scope: &Scope) -> String {
    let Some(id) = &scope.solution else { return words.texts.get("incident-of-all") };
    let solution = live.agreement.find_solution(id);
    let solution = solution.map_or_else(|| id.to_string(), |found| words.phrase(&found.name).text);
    let part =
        Subject { solution: scope.solution.clone(), interface: scope.interface.clone(), parts: scope.parts.clone() };
    if part == (Subject { solution: scope.solution.clone(), ..Subject::default() }) {
        return solution;
    }
    let part = subject::name(words, &live.agreement, &part).text;
    words.texts.with("incident-of-part", &[("solution", solution.into()), ("part", part.into())])
}

/// What a cause is called.
pub(super) fn cause(texts: Texts, class: &str) -> String {
    if class == UNCLASSIFIED { texts.get("incident-unclassified") } else { class.to_owned() }
}

/// What was told of something to everybody, in the order of its time. A list of it may be drawn once for all readers.
fn updates<'a>(live: &'a Live, about: &FactId) -> Vec<&'a Fact<Update>> {
    updates_to(live, about, |told_to| told_to.is_none())
}

fn updates_to<'a>(
    live: &'a Live,
    about: &FactId,
    wanted: impl Fn(Option<&CustomerId>) -> bool,
) -> Vec<&'a Fact<Update>> {
    let all = live.facts.updates.iter().filter(|update| update.body.about == *about);
    let mut mine: Vec<&Fact<Update>> = all.filter(|update| wanted(update.body.customer.as_ref())).collect();
    mine.sort_by_key(|update| (update.body.at, update.body.stage, update.recorded_at));
    mine
}

fn view(words: &Words, update: &Fact<Update>) -> UpdateView {
    UpdateView {
        stage: stage(words.texts, update.body.stage),
        at: words.moment(update.body.at),
        text: match &update.body.text {
            Said::Plain(text) => Phrase { lang: "", text: text.clone() },
            Said::In(text) => words.phrase(text),
        },
        to: update.body.customer.as_ref().map(ToString::to_string),
        by: update.by.clone().filter(|_| Visitor::current().may(Role::Viewer)),
    }
}

/// What a stage is called.
pub(super) fn stage(texts: Texts, stage: Stage) -> String {
    match stage {
        Stage::Investigating => texts.get("stage-investigating"),
        Stage::Identified => texts.get("stage-identified"),
        Stage::Monitoring => texts.get("stage-monitoring"),
        Stage::Resolved => texts.get("stage-resolved"),
        Stage::Postmortem => texts.get("stage-postmortem"),
    }
}

#[derive(Template)]
#[template(path = "incidents.html")]
struct ListPage {
    frame: Frame,
    /// The filters: what each says, its address, and whether it is this page's.
    states: Vec<(String, String, bool)>,
    solutions: Vec<(String, String, bool)>,
    lines: Vec<Line>,
    acts: Vec<links::Link>,
    is_filtered: bool,
    newest: Option<String>,
    older: Option<String>,
}

impl ListPage {
    fn new(texts: Texts, live: &Live, asked: Asked) -> Option<Self> {
        let words = frame::words(texts, live);
        let Asked { solution, state, after } = asked;
        let solution = solution.map(|id| SolutionId::parse(&id)).transpose().ok()?;
        let place = after.as_deref().map(incidents::find_place);
        let after = match place {
            Some(None) => return None,
            place => place.flatten(),
        };
        let wanted = |fact: &&Fact<Incident>| {
            let is_open = fact.body.span.until() == Instant::MAX;
            solution.as_ref().is_none_or(|id| concerns(&fact.body.scope, id))
                && state.is_none_or(|state| (state == Standing::Open) == is_open)
        };
        let mut found: Vec<&Fact<Incident>> = known(live).filter(wanted).collect();
        found.sort_by_key(|fact| incidents::place(fact));
        let begin = found.partition_point(|fact| after.is_some_and(|after| incidents::place(fact) <= after));
        let (found, more) = paging::cut(found.drain(begin..), SHOWN);
        let filter = |solution: Option<&str>, state: Option<Standing>| filter(solution, state);
        let here = solution.as_ref().map(SolutionId::as_str);
        let next = found.last().filter(|_| more).map(|fact| incidents::cursor(fact));
        let states = [
            ("incidents-all", None),
            ("incidents-open", Some(Standing::Open)),
            ("incidents-closed", Some(Standing::Closed)),
        ];
        let mut solutions = vec![(texts.get("incidents-all-solutions"), filter(None, state), solution.is_none())];
        solutions.extend(live.agreement.solutions.iter().map(|each| {
            let id = each.id.as_str();
            (words.phrase(&each.name).text, filter(Some(id), state), here == Some(id))
        }));
        let query = filter(here, state);
        let with = |more: String| if query.is_empty() { more } else { format!("{query}&{more}") };
        Some(Self {
            states: states.map(|(key, each)| (texts.get(key), filter(here, each), each == state)).into(),
            solutions,
            lines: found.iter().map(|fact| line(&words, live, fact)).collect(),
            acts: links::first(texts, "incident"),
            is_filtered: !query.is_empty(),
            newest: after.is_some().then(|| query.clone()),
            older: next.map(|next| with(format!("after={}", in_path(&next)))),
            frame: Frame::new(&words, live, "/incidents", texts.get("nav-incidents")).asking(query),
        })
    }
}

/// What follows the `?` for a filter.
fn filter(solution: Option<&str>, state: Option<Standing>) -> String {
    let state = state.map(|state| if state == Standing::Open { "state=open" } else { "state=closed" });
    let solution = solution.map(|id| format!("solution={id}"));
    solution.into_iter().chain(state.map(str::to_owned)).collect::<Vec<_>>().join("&")
}

#[derive(Template)]
#[template(path = "incident.html")]
struct IncidentPage {
    frame: Frame,
    line: Line,
    /// Whom alone it concerns, where it does.
    customer: Option<String>,
    solution_path: Option<String>,
    acts: Vec<links::Link>,
    attributed_to: Option<String>,
    is_disaster: bool,
    steps: Vec<Step>,
    /// How much of the axis the incident takes.
    width: String,
    axis_label: String,
    updates: Vec<UpdateView>,
    postmortems: Vec<UpdateView>,
    notices: Vec<NoticeView>,
    /// What the ledger was told of it, with names of people and programs: for viewers.
    tellings: Option<Vec<Telling>>,
}

/// One moment of an incident.
struct Step {
    number: usize,
    /// Its place on the axis in percent, and how far down its number stands.
    x: String,
    y: usize,
    name: String,
    at: String,
    after: String,
}

struct NoticeView {
    channel: String,
    /// What is known of it: each step of its way, and when.
    times: Vec<(String, String)>,
}

/// What was told of the incident itself at one time.
struct Telling {
    at: String,
    by: String,
    why: String,
    kind: String,
    /// Each key that changed: what it was before, and what it is after.
    changes: Vec<(String, Option<String>, Option<String>)>,
}

impl IncidentPage {
    fn new(texts: Texts, live: &Live, fact: &Fact<Incident>) -> Self {
        let words = frame::words(texts, live);
        let line = line(&words, live, fact);
        let all = updates_to(live, &fact.id, may_read);
        let (after, during): (Vec<_>, Vec<_>) = all.iter().partition(|update| update.body.stage == Stage::Postmortem);
        let notices = notices(live, &fact.id);
        let (steps, width) = steps(&words, live, fact, &notices);
        let views = |updates: Vec<&Fact<Update>>| updates.into_iter().map(|update| view(&words, update)).collect();
        let solution = fact.body.scope.solution.as_ref().and_then(|id| live.agreement.find_solution(id));
        Self {
            frame: Frame::new(&words, live, &line.path, line.title.clone()),
            customer: fact.body.scope.parts.customer.as_ref().map(ToString::to_string),
            solution_path: solution.map(|found| format!("/solutions/{}", found.id)),
            acts: links::incident(texts, &fact.id),
            attributed_to: fact.body.attributed_to.clone(),
            is_disaster: fact.body.disaster,
            axis_label: words.list(&steps.iter().map(|step| format!("{}: {}", step.name, step.at)).collect::<Vec<_>>()),
            steps,
            width,
            updates: views(during.into_iter().rev().collect()),
            postmortems: views(after),
            notices: notices.into_iter().map(|notice| notice_view(&words, notice)).collect(),
            tellings: Visitor::current().may(Role::Viewer).then(|| tellings(&words, live, &fact.id)),
            line,
        }
    }
}

/// What the reader may know of what was told about something over the channels of notices.
fn notices<'a>(live: &'a Live, about: &FactId) -> Vec<&'a Notice> {
    let mine = |notice: &&Notice| {
        let told_to = match &notice.audience {
            Audience::Public => None,
            Audience::Customer(customer) => Some(customer),
        };
        notice.about == *about && may_read(told_to)
    };
    live.notices.iter().map(|notice| &notice.body).filter(mine).collect()
}

fn notice_view(words: &Words, notice: &Notice) -> NoticeView {
    let times = [
        ("notice-published", notice.published_at),
        ("notice-accepted", notice.accepted_at),
        ("notice-delivered", notice.delivered_at),
        ("notice-acknowledged", notice.acknowledged_at),
        ("notice-failed", notice.failed_at),
    ];
    let known = times.into_iter().filter_map(|(key, at)| Some((words.texts.get(key), words.moment(at?))));
    let channel = match &notice.audience {
        Audience::Public => notice.channel.clone(),
        Audience::Customer(customer) => format!("{} · {customer}", notice.channel),
    };
    NoticeView { channel, times: known.collect() }
}

/// The moments of an incident in their order, and how much of the axis over all of them it takes.
fn steps(words: &Words, live: &Live, fact: &Fact<Incident>, notices: &[&Notice]) -> (Vec<Step>, String) {
    let Incident { span, detected_at, declared_at, .. } = &fact.body;
    let told = notices.iter().filter_map(|notice| notice.published_at.or(notice.accepted_at)).min();
    let ended = Some(span.until()).filter(|until| *until < Instant::MAX);
    let moments = [
        ("incident-onset", Some(span.from())),
        ("incident-detected", *detected_at),
        ("incident-declared", *declared_at),
        ("incident-noticed", told),
        ("incident-restored", ended),
    ];
    let mut moments: Vec<(&str, Instant)> = moments.into_iter().filter_map(|(key, at)| Some((key, at?))).collect();
    moments.sort_by_key(|(_, at)| *at);
    let first = moments.first().map_or(span.from(), |(_, at)| *at);
    let last = moments.iter().map(|(_, at)| *at).max().unwrap_or(first);
    let last = if ended.is_none() { last.max(live.as_known_at) } else { last };
    let whole = (last - first).0.max(1);
    // The ends of the axis stay within the drawing.
    let percent = |at: Instant| format!("{}%", 3 + (at - first).0.clamp(0, whole) * 94 / whole);
    let step = |(place, (key, at)): (usize, &(&str, Instant))| Step {
        number: place + 1,
        x: percent(*at),
        y: 30 + place % 3 * 14,
        name: words.texts.with(key, &[]),
        at: words.moment(*at),
        after: if *at < span.from() { "—".to_owned() } else { words.length(*at - span.from()) },
    };
    let lasted = (ended.unwrap_or(last) - span.from()).max(Millis(0)).0;
    (moments.iter().enumerate().map(step).collect(), format!("{}%", lasted * 94 / whole))
}

/// Every telling of an incident and every correction of it, with what each changed.
fn tellings(words: &Words, live: &Live, id: &FactId) -> Vec<Telling> {
    let mut now: Map<String, Value> = Map::new();
    let mut found = Vec::new();
    for recorded in live.records.iter().filter(|recorded| recorded.line.contains(id.as_str())) {
        let Ok(Value::Object(line)) = serde_json::from_str(&recorded.line) else { continue };
        let says = |key: &str| line.get(key).and_then(Value::as_str).unwrap_or_default();
        let (kind, after) = if says("type") == "incident" && says("id") == id.as_str() {
            let kind = if now.is_empty() { "telling-first" } else { "telling-again" };
            (kind, body(line.clone()))
        } else if says("type") == "correction" && says("of") == id.as_str() {
            match line.get("set").and_then(Value::as_object) {
                Some(set) => {
                    let mut after = now.clone();
                    after.extend(set.clone());
                    after.retain(|_, value| !value.is_null());
                    ("telling-corrected", after)
                }
                None => ("telling-retracted", Map::new()),
            }
        } else {
            continue;
        };
        found.push(Telling {
            at: words.moment(recorded.recorded_at),
            by: recorded.by.clone(),
            why: recorded.why.clone(),
            kind: words.texts.with(kind, &[]),
            changes: changes(words, &now, &after),
        });
        now = after;
    }
    found
}

/// What a line says of the incident, without what says which line it is.
fn body(mut line: Map<String, Value>) -> Map<String, Value> {
    for key in ["v", "type", "id", "recorded_at", "by"] {
        line.remove(key);
    }
    line.retain(|_, value| !value.is_null());
    line
}

fn changes(
    words: &Words,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> Vec<(String, Option<String>, Option<String>)> {
    let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let differs = keys.into_iter().filter(|key| before.get(*key) != after.get(*key));
    let shown = |value: Option<&Value>| value.map(|value| plain(words, value));
    differs.map(|key| (key.clone(), shown(before.get(key)), shown(after.get(key)))).collect()
}

fn plain(words: &Words, value: &Value) -> String {
    match value {
        Value::String(text) => Instant::parse(text).map_or_else(|_| text.clone(), |at| words.moment(at)),
        Value::Object(parts) => {
            words.list(&parts.iter().map(|(key, value)| format!("{key} {}", plain(words, value))).collect::<Vec<_>>())
        }
        other => other.to_string(),
    }
}

/// What of the last days a page for everybody lists: what is open, and what ended since; the latest first.
pub(super) fn recent(words: &Words, live: &Live, days: i64) -> (Latest, Latest) {
    let since = live.as_known_at - Millis(days * 86_400_000);
    let is_open = |incident: &Incident| incident.span.until() == Instant::MAX;
    let open = latest(words, live, SHOWN, is_open);
    let ended = latest(words, live, SHOWN, |incident| !is_open(incident) && incident.span.until() > since);
    (open, ended)
}
