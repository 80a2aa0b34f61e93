//! Telling by hand, as forms: every type of record, each with what it would change before it is recorded.
//!
//! A form is made from the same description of the type that the interface for programs has, so that neither can tell what the
//! other cannot. Filling it in changes nothing: the answer is the form again, with what is wrong or with the consequence, and
//! a button that records it. Not here: what records mean (`operate/record.rs`).

mod fields;
mod line;
pub(super) mod links;
mod plan;
mod preview;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::{Map, Value};
use uphold_core::history::LineType;
use uphold_core::id::FactId;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::fact::Record;
use uphold_core::time::Instant;

use self::fields::FieldView;
use self::line::Filled;
use self::plan::PlanView;
use self::preview::ChangeView;
use super::frame::{self, Frame};
use super::language::Reader;
use super::records::{Unrecorded, append};
use super::visitor::Signed;
use super::{App, problem};
use crate::live::Live;
use crate::operate::foresee::{Foreseen, foresee};
use crate::operate::record::{self, MEASURED, Told};
use crate::wording::{Texts, Words, form};

/// The type of record that changes another one.
const CORRECTION: &str = "correction";

/// How long an answer waits for the picture that shows what was recorded.
const SHOWN_WITHIN: Duration = Duration::from_secs(3);

/// What was just recorded, to be said on the page that follows.
#[derive(Debug, Deserialize)]
pub(super) struct Done {
    told: Option<u64>,
}

/// `GET /tell`
pub(super) async fn index(State(app): State<App>, Reader(texts): Reader, Query(done): Query<Done>) -> Response {
    let live = app.live();
    let words = frame::words(texts, &live);
    let recorded = done.told.and_then(|seq| live.records.iter().rev().find(|record| record.seq == seq)).map(|record| {
        let blanks =
            [("seq", words.number(&record.seq.to_string()).into()), ("time", words.moment(record.recorded_at).into())];
        texts.with("tell-recorded", &blanks)
    });
    let kinds = form::KINDS.map(|(kind, name, says)| (kind, texts.get(name), texts.get(says))).into();
    let frame = Frame::new(&words, &live, "/tell", texts.get("tell-title"));
    frame::respond(StatusCode::OK, texts, &IndexPage { frame, recorded, kinds })
}

#[derive(Template)]
#[template(path = "tell_index.html")]
struct IndexPage {
    frame: Frame,
    recorded: Option<String>,
    kinds: Vec<(&'static str, String, String)>,
}

/// `GET /tell/{kind}`
pub(super) async fn show(
    State(app): State<App>,
    Reader(texts): Reader,
    Path(kind): Path<String>,
    Query(given): Query<Given>,
) -> Response {
    let live = app.live();
    let words = frame::words(texts, &live);
    match Asked::find(&live, &kind, given.get("of").map(String::as_str)) {
        Ok(asked) => {
            let filled = asked.prefilled(&words, given);
            page(&words, &live, &asked, &filled, Outcome::Begun, &fresh_key())
        }
        Err(refused) => refuse(&app, texts, refused),
    }
}

/// `POST /tell/{kind}`
pub(super) async fn submit(
    State(app): State<App>,
    Reader(texts): Reader,
    Signed(signed): Signed,
    Path(kind): Path<String>,
    Form(given): Form<Given>,
) -> Response {
    let (live, by) = (app.live(), format!("person:{}", signed.person.name));
    let words = frame::words(texts, &live);
    match Asked::find(&live, &kind, given.get("of").map(String::as_str)) {
        Ok(asked) => answer(&app, &words, &live, asked, given, by).await,
        Err(refused) => refuse(&app, texts, refused),
    }
}

/// Why there is no form.
enum Refused {
    /// There is no such type of record, or nobody tells it by hand.
    NoKind,
    /// There is no record of that id.
    NoRecord(String),
}

fn refuse(app: &App, texts: Texts, refused: Refused) -> Response {
    match refused {
        Refused::NoKind => problem::page(app, texts, StatusCode::NOT_FOUND, ["not-found", "not-found-advice"]),
        Refused::NoRecord(id) => {
            let live = app.live();
            let words = frame::words(texts, &live);
            // Without an id nothing was looked for: the page has the field for one.
            let said = (!id.is_empty()).then(|| texts.with("tell-not-found", &[("id", id.into())]));
            let frame = Frame::new(&words, &live, "/tell", texts.get("tell-title"));
            let kinds = form::KINDS.map(|(kind, name, says)| (kind, texts.get(name), texts.get(says))).into();
            frame::respond(StatusCode::NOT_FOUND, texts, &IndexPage { frame, recorded: said, kinds })
        }
    }
}

/// What a form is for.
struct Asked {
    /// The type in the address.
    kind: &'static str,
    /// The type whose keys the form has: for a correction that of the record which it corrects.
    of_type: LineType,
    /// What is corrected: its id, and the line as it is known now.
    corrects: Option<(String, Map<String, Value>)>,
}

impl Asked {
    fn find(live: &Live, kind: &str, of: Option<&str>) -> Result<Self, Refused> {
        let told =
            |name: &str| LineType::ALL.into_iter().find(|line| line.name == name && !MEASURED.contains(&line.name));
        let line = told(kind).ok_or(Refused::NoKind)?;
        if line.name != CORRECTION {
            return Ok(Self { kind: line.name, of_type: line, corrects: None });
        }
        let id = of.unwrap_or_default().trim();
        let missing = || Refused::NoRecord(id.to_owned());
        let known = line::known(&live.records, id).ok_or_else(missing)?;
        let of_type = known.get("type").and_then(Value::as_str).and_then(told).ok_or_else(missing)?;
        Ok(Self { kind: CORRECTION, of_type, corrects: Some((id.to_owned(), known)) })
    }

    /// What stands in the fields at first: what the address gives, and for a correction what is known besides.
    fn prefilled(&self, words: &Words, given: Given) -> Filled {
        let given = line::given(words, self, given);
        match &self.corrects {
            None => Filled::new(given),
            Some((_, known)) => Filled::of_line(words, self.of_type, known).overlaid(given),
        }
    }
}

/// How far a form has come.
enum Outcome {
    Begun,
    Wrong(Vec<String>),
    /// What it would change.
    Ready(Consequence),
}

/// What a form would change, shown before it is recorded.
struct Consequence {
    /// Of statements.
    changes: Vec<ChangeView>,
    /// Of a maintenance.
    plan: Option<PlanView>,
    /// What stands for the record that would.
    seen: String,
}

/// A form that was sent, with what is needed to answer it.
struct Sent<'a> {
    words: &'a Words,
    live: &'a Arc<Live>,
    asked: Asked,
    filled: Filled,
    key: FactId,
    /// What stands for the record that the form says.
    seen: String,
}

impl Sent<'_> {
    fn page(&self, outcome: Outcome) -> Response {
        page(self.words, self.live, &self.asked, &self.filled, outcome, &self.key)
    }

    /// Whether it is to be recorded now. What is recorded is what was shown: a form that was changed since shows its
    /// consequence first.
    fn is_confirmed(&self) -> bool {
        !self.filled.text("record").is_empty() && self.filled.text("seen") == self.seen
    }

    fn consequence(&self, judged: &Judged, now: Instant) -> Response {
        let plan = judged.foreseen.as_ref().map(|foreseen| plan::view(self.words, self.live, foreseen, now));
        let changes = preview::views(self.words, self.live, &judged.changes);
        self.page(Outcome::Ready(Consequence { changes, plan, seen: self.seen.clone() }))
    }

    fn unrecorded(&self, error: &Unrecorded) -> Response {
        let why = match error {
            Unrecorded::Stopping => "the server is stopping; try again",
            Unrecorded::Conflict => "this form was used before for something else; begin anew",
            Unrecorded::Failed => "the ledger cannot be written; the server's log says why",
        };
        self.page(Outcome::Wrong(vec![self.words.texts.with("tell-busy", &[("why", why.into())])]))
    }
}

async fn answer(app: &App, words: &Words, live: &Arc<Live>, asked: Asked, given: Given, by: String) -> Response {
    let (sent, told) = match sent(words, live, asked, given, by) {
        Ok(sent) => sent,
        Err(refused) => return *refused,
    };
    let (picture, now) = (live.clone(), app.web.clock.now());
    let judged = app.judge(move || judge(&picture, &told, now)).await;
    let judged = match judged {
        Some(Ok(judged)) => judged,
        Some(Err(wrongs)) => return sent.page(Outcome::Wrong(wrongs)),
        None => return problem::internal(),
    };
    if !sent.is_confirmed() {
        return sent.consequence(&judged, now);
    }
    match append(app, judged.records).await {
        Ok(receipts) => recorded(app, receipts.first().map_or(0, |receipt| receipt.seq)).await,
        Err(error) => sent.unrecorded(&error),
    }
}

/// What a form brings.
type Given = BTreeMap<String, String>;

/// The form and what it tells; the answer, where it tells nothing that could be judged.
fn sent<'a>(
    words: &'a Words,
    live: &'a Arc<Live>,
    asked: Asked,
    given: Given,
    by: String,
) -> Result<(Sent<'a>, Told), Box<Response>> {
    let filled = Filled::new(given);
    let key = read_key(filled.text("key")).unwrap_or_else(fresh_key);
    let why = filled.text("why").to_owned();
    match line::read(words, &asked, &filled) {
        Ok(line) => {
            let seen = seen(&line, &why);
            let told = Told { lines: vec![line], by, why, key: key.clone() };
            Ok((Sent { words, live, asked, filled, key, seen }, told))
        }
        Err(wrongs) => Err(Box::new(page(words, live, &asked, &filled, Outcome::Wrong(wrongs), &key))),
    }
}

/// Leads on when the picture shows what was recorded. One that takes longer comes to the open page later.
async fn recorded(app: &App, seq: u64) -> Response {
    let mut pictures = app.web.live.clone();
    let shown = pictures.wait_for(|live| live.ledger.size > seq);
    let _ = tokio::time::timeout(SHOWN_WITHIN, shown).await;
    Redirect::to(&format!("/tell?told={seq}")).into_response()
}

/// What a form comes to.
struct Judged {
    records: Vec<Record>,
    changes: Vec<record::Change>,
    foreseen: Option<Foreseen>,
}

fn judge(live: &Live, told: &Told, now: Instant) -> Result<Judged, Vec<String>> {
    let said = |wrongs: Vec<record::Wrong>| wrongs.into_iter().map(|wrong| wrong.message).collect::<Vec<_>>();
    let records = record::facts(live, told).map_err(said)?;
    let foreseen = foresee(live, &records, now);
    // The server publishes at once what it may, so that nobody ever sees the figures without that.
    let published = foreseen.iter().flat_map(|foreseen| foreseen.publication.iter().cloned());
    let all: Vec<Record> = records.iter().cloned().chain(published).collect();
    let changes = record::consequence(live, &all, now).map_err(said)?;
    Ok(Judged { records, changes, foreseen })
}

/// What stands for one record, so that it can be seen whether it was changed.
fn seen(line: &Map<String, Value>, why: &str) -> String {
    Digest::of(&[Value::Object(line.clone()).to_string().as_bytes(), b"\n", why.as_bytes()]).to_string()
}

/// What makes the same form, sent twice, one fact.
fn fresh_key() -> FactId {
    let mut drawn = [0; 16];
    // Without random numbers the server cannot have started; then a form that is sent twice is refused.
    let _ = getrandom::fill(&mut drawn);
    let hex: String = drawn.iter().map(|byte| format!("{byte:02x}")).collect();
    FactId::parse(&format!("form-{hex}")).expect("hex digits are printable ASCII")
}

fn read_key(text: &str) -> Option<FactId> {
    let hex = text.strip_prefix("form-").filter(|hex| hex.len() == 32)?;
    let is_hex = hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    is_hex.then(|| FactId::parse(text).ok())?
}

#[derive(Template)]
#[template(path = "tell.html")]
struct TellPage {
    frame: Frame,
    title: String,
    says: String,
    kind: &'static str,
    of: Option<String>,
    key: String,
    why: String,
    id: Option<String>,
    times: String,
    fields: Vec<FieldView>,
    more: Vec<FieldView>,
    more_is_open: bool,
    wrongs: Vec<String>,
    consequence: Option<Consequence>,
}

fn page(words: &Words, live: &Live, asked: &Asked, filled: &Filled, outcome: Outcome, key: &FactId) -> Response {
    let texts = words.texts;
    let name = form::kind(texts, asked.of_type.name);
    let (title, says) = match &asked.corrects {
        None => {
            let says = form::KINDS.iter().find(|(kind, ..)| *kind == asked.kind).map(|(_, _, says)| texts.get(says));
            (name, says.unwrap_or_default())
        }
        Some((id, _)) => {
            let blanks = [("id", id.as_str().into()), ("kind", name.into())];
            (texts.get("tell-correction"), texts.with("tell-correcting", &blanks))
        }
    };
    let (fields, more) = fields::views(words, live, asked, filled);
    let status = if matches!(outcome, Outcome::Wrong(_)) { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let (wrongs, consequence) = match outcome {
        Outcome::Begun => (Vec::new(), None),
        Outcome::Wrong(wrongs) => (wrongs, None),
        Outcome::Ready(consequence) => (Vec::new(), Some(consequence)),
    };
    let path = format!("/tell/{}", asked.kind);
    let page = TellPage {
        frame: Frame::new(words, live, &path, title.clone()),
        title,
        says,
        kind: asked.kind,
        of: asked.corrects.as_ref().map(|(id, _)| id.clone()),
        key: key.to_string(),
        why: filled.text("why").to_owned(),
        id: asked.corrects.is_none().then(|| filled.text("id").to_owned()),
        times: texts.with("tell-times", &[("zone", words.zone.name().into())]),
        more_is_open: more.iter().any(FieldView::is_filled),
        fields,
        more,
        wrongs,
        consequence,
    };
    frame::respond(status, texts, &page)
}
