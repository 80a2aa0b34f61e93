//! The ledger for people: its head, its facts page by page, one fact with its leaf, and the proof that it stands there.
//!
//! A fact of one customer is told by its leaf alone, which says nothing of it. The proof is worked out when it is asked for:
//! it needs the hash of every leaf. Not here: the interface for programs, and proving a whole statement.

use std::path::Path;

use askama::Template;
use axum::extract::{self, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;
use uphold_core::ledger::fact::{Fact, FactKind};
use uphold_core::ledger::leaf::PUBLIC;
use uphold_core::ledger::proof::{self, Shown};
use uphold_core::time::{Instant, Millis};

use super::frame::{self, Frame};
use super::language::Reader;
use super::{App, paging, problem};
use crate::ledger::{self, Entry, FILE, LedgerError, Signed, last_signed};
use crate::live::Live;
use crate::wording::{Texts, Words};

/// How many facts a page lists.
const SHOWN: usize = 50;

/// What is told so much later than it was is flagged.
const LATE: Millis = Millis(86_400_000);

/// Which page.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    kind: Option<String>,
    /// Facts at an earlier place than this.
    before: Option<u64>,
}

/// `GET /ledger`
pub(super) async fn list(State(app): State<App>, Reader(texts): Reader, asked: paging::Asked<Asked>) -> Response {
    let (live, data) = (app.live(), app.web.data.clone());
    let asked = asked.ok().and_then(|Query(asked)| {
        Some((asked.kind.map(|name| FactKind::find(&name).ok_or(())).transpose().ok()?, asked.before))
    });
    let Some(asked) = asked else {
        return problem::bad(texts, &live, "/ledger", bad_query(texts));
    };
    let made = app.judge(move || respond(texts, &live, ListPage::new(texts, &live, &data, asked))).await;
    made.unwrap_or_else(problem::internal)
}

fn bad_query(texts: Texts) -> String {
    let kinds = FactKind::ALL.map(FactKind::name).join(", ");
    texts.with("ledger-bad-query", &[("kinds", kinds.into())])
}

/// `GET /ledger/{seq}`
pub(super) async fn show(
    State(app): State<App>,
    Reader(texts): Reader,
    extract::Path(seq): extract::Path<String>,
) -> Response {
    let (live, data) = (app.live(), app.web.data.clone());
    let made = app.judge(move || match entry(&live, &data, &seq) {
        Ok(Some(entry)) => frame::respond(StatusCode::OK, texts, &FactPage::new(texts, &live, &data, &entry)),
        Ok(None) => problem::no_such(texts, &live),
        Err(error) => unread(texts, &live, &error),
    });
    made.await.unwrap_or_else(problem::internal)
}

/// `GET /ledger/{seq}/proof`
pub(super) async fn prove(
    State(app): State<App>,
    Reader(texts): Reader,
    extract::Path(seq): extract::Path<String>,
) -> Response {
    let (live, data) = (app.live(), app.web.data.clone());
    let made = app.judge(move || match proof_of(&live, &data, &seq) {
        Ok(Some(text)) => file(&seq, text),
        Ok(None) => problem::no_such(texts, &live),
        Err(error) => unread(texts, &live, &error),
    });
    made.await.unwrap_or_else(problem::internal)
}

fn file(seq: &str, text: String) -> Response {
    let name = format!("attachment; filename=\"fact-{seq}.tlog-proof\"");
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    (headers, text).into_response()
}

fn respond<T: Template>(texts: Texts, live: &Live, page: Result<T, LedgerError>) -> Response {
    match page {
        Ok(page) => frame::respond(StatusCode::OK, texts, &page),
        Err(error) => unread(texts, live, &error),
    }
}

fn unread(texts: Texts, live: &Live, error: &LedgerError) -> Response {
    tracing::error!(error = error as &dyn std::error::Error, "the ledger cannot be shown");
    problem::failed(texts, live, texts.get("ledger-unread"))
}

/// A fact that the picture reaches.
fn entry(live: &Live, data: &Path, seq: &str) -> Result<Option<Entry>, LedgerError> {
    let number = seq.parse::<u64>().ok().filter(|number| *number < live.ledger.size && number.to_string() == seq);
    let Some(seq) = number else { return Ok(None) };
    Ok(ledger::Reader::open(&data.join(FILE))?.read(seq..seq + 1)?.pop())
}

/// The proof of a fact in what was signed last; none where it is not in it.
fn proof_of(live: &Live, data: &Path, seq: &str) -> Result<Option<String>, LedgerError> {
    let (Some(entry), Ok(signed)) = (entry(live, data, seq)?, last_signed(data)) else { return Ok(None) };
    let reader = ledger::Reader::open(&data.join(FILE))?;
    let Some(hashes) = reader.inclusion_proof(entry.leaf.seq, signed.checkpoint.size)? else { return Ok(None) };
    let payload = entry.payload.as_ref().filter(|_| is_public(&entry));
    let shown = payload.map(|payload| Shown { salt: &payload.salt, payload: &payload.bytes });
    Ok(proof::write(&entry.leaf, shown, &hashes, &signed.note).ok())
}

fn is_public(entry: &Entry) -> bool {
    entry.leaf.subject_tag == PUBLIC
}

/// One fact as it is listed.
struct Line {
    seq: u64,
    number: String,
    kind: String,
    at: String,
    /// Who says so, of a fact that everybody may see.
    by: Option<String>,
    /// What it says in a few words.
    says: String,
    /// Whether it says anything that may be shown.
    is_shown: bool,
    /// That it tells of a time long before it was recorded.
    late: Option<String>,
}

fn line(words: &Words, entry: &Entry) -> Line {
    let texts = words.texts;
    let leaf = &entry.leaf;
    let fact = if is_public(entry) { entry.fact().ok().flatten() } else { None };
    let says = match (&fact, is_public(entry)) {
        (Some(fact), _) => says(words, fact),
        (None, false) => texts.get("fact-private"),
        (None, true) if entry.payload.is_none() => texts.get("fact-erased"),
        (None, true) => texts.get("fact-newer"),
    };
    let late = fact.as_ref().and_then(told_of).map(|at| leaf.recorded_at - at).filter(|late| *late > LATE);
    Line {
        seq: leaf.seq,
        number: words.number(&leaf.seq.to_string()),
        kind: kind(texts, leaf.kind),
        at: words.moment(leaf.recorded_at),
        by: fact.as_ref().map(|fact| fact.by().to_owned()),
        is_shown: fact.is_some(),
        says,
        late: late.map(|late| texts.with("fact-late", &[("length", words.lasting(late).into())])),
    }
}

fn kind(texts: Texts, kind: FactKind) -> String {
    match kind {
        FactKind::Agreement => texts.get("fact-agreement"),
        FactKind::Check => texts.get("fact-check"),
        FactKind::Measurement => texts.get("fact-measurement"),
        FactKind::ObserverGap => texts.get("fact-observer-gap"),
        FactKind::Record => texts.get("fact-record"),
        FactKind::Evidence => texts.get("fact-evidence"),
        FactKind::Statement => texts.get("fact-statement"),
        FactKind::Erasure => texts.get("fact-erasure"),
        FactKind::Act => texts.get("fact-act"),
    }
}

/// What a fact says in a few words, most of them its own.
fn says(words: &Words, fact: &Fact) -> String {
    match fact {
        Fact::Agreement(fact) => format!("{} {}", fact.agreement, fact.revision),
        Fact::Check(fact) => format!("{} ({})", fact.series.check, fact.series.vantage),
        Fact::Measurement(fact) => {
            let runs = ("runs", fact.runs.into());
            let through = ("through", words.moment(fact.through).into());
            words.texts.with("fact-measured", &[("vantage", fact.vantage.as_str().into()), runs, through])
        }
        Fact::ObserverGap(fact) => fact.why.clone(),
        Fact::Record(fact) => {
            let line: Value = serde_json::from_str(&fact.line).unwrap_or(Value::Null);
            let says = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
            let id = if says("type") == "correction" { says("of") } else { says("id") };
            format!("{} {id}: {}", says("type"), fact.why)
        }
        Fact::Evidence(fact) => format!("{} ({}): {}", fact.series.check, fact.series.vantage, fact.cause),
        Fact::Statement(fact) => fact.period.clone(),
        Fact::Erasure(fact) => fact.why.clone(),
        Fact::Act(fact) => format!("{} {}: {}", fact.what, fact.subject, fact.why),
    }
}

/// The time that a fact tells of, where it tells of one: of a record its first moment, and what a correction sets.
fn told_of(fact: &Fact) -> Option<Instant> {
    const MOMENTS: [&str; 9] = [
        "from",
        "at",
        "actual_from",
        "ordered_at",
        "disrupted_at",
        "effective_at",
        "filed_at",
        "published_at",
        "detected_at",
    ];
    match fact {
        Fact::Measurement(fact) => Some(fact.through),
        Fact::ObserverGap(fact) => Some(fact.span.until()),
        Fact::Evidence(fact) => Some(fact.at),
        Fact::Act(fact) => Some(fact.at),
        Fact::Record(fact) => {
            let line: Value = serde_json::from_str(&fact.line).ok()?;
            let line = line.get("set").unwrap_or(&line);
            MOMENTS.iter().find_map(|key| Instant::parse(line.get(key)?.as_str()?).ok())
        }
        Fact::Agreement(_) | Fact::Check(_) | Fact::Statement(_) | Fact::Erasure(_) => None,
    }
}

#[derive(Template)]
#[template(path = "ledger.html")]
struct ListPage {
    frame: Frame,
    size: String,
    root: String,
    signed: Option<SignedView>,
    /// The kinds: what each says, what follows the `?` of its address, whether it is this page's.
    kinds: Vec<(String, String, bool)>,
    lines: Vec<Line>,
    newest: Option<String>,
    older: Option<String>,
}

/// What was signed last.
struct SignedView {
    size: String,
    root: String,
    note: String,
}

impl From<(&Words, Signed)> for SignedView {
    fn from((words, signed): (&Words, Signed)) -> Self {
        let checkpoint = &signed.checkpoint;
        Self { size: words.number(&checkpoint.size.to_string()), root: checkpoint.root.to_string(), note: signed.note }
    }
}

impl ListPage {
    fn new(
        texts: Texts,
        live: &Live,
        data: &Path,
        (wanted, before): (Option<FactKind>, Option<u64>),
    ) -> Result<Self, LedgerError> {
        let words = frame::words(texts, live);
        let reader = ledger::Reader::open(&data.join(FILE))?;
        // What is in the ledger and not in the picture yet is not shown: every page tells of one moment.
        let end = before.unwrap_or(u64::MAX).min(live.ledger.size);
        let (entries, more) = paging::cut(reader.latest(wanted, end, SHOWN + 1)?, SHOWN);
        let query = |kind: Option<FactKind>| kind.map_or_else(String::new, |kind| format!("kind={}", kind.name()));
        let here = query(wanted);
        let older = entries.last().filter(|_| more).map(|entry| {
            let between = if here.is_empty() { "" } else { "&" };
            format!("{here}{between}before={}", entry.leaf.seq)
        });
        let mut kinds = vec![(texts.get("ledger-every-kind"), String::new(), wanted.is_none())];
        kinds.extend(FactKind::ALL.map(|each| (kind(texts, each), query(Some(each)), wanted == Some(each))));
        Ok(Self {
            size: words.number(&live.ledger.size.to_string()),
            root: live.ledger.root.clone(),
            signed: last_signed(data).ok().map(|signed| SignedView::from((&words, signed))),
            kinds,
            lines: entries.iter().map(|entry| line(&words, entry)).collect(),
            newest: before.is_some().then(|| here.clone()),
            older,
            frame: Frame::new(&words, live, "/ledger", texts.get("nav-ledger")).asking(here),
        })
    }
}

#[derive(Template)]
#[template(path = "fact.html")]
struct FactPage {
    frame: Frame,
    line: Line,
    id: Option<String>,
    /// The canonical text, where it may be shown.
    payload: Option<String>,
    leaf: String,
    hash: String,
    is_signed: bool,
    before: Option<u64>,
    after: Option<u64>,
}

impl FactPage {
    fn new(texts: Texts, live: &Live, data: &Path, entry: &Entry) -> Self {
        let words = frame::words(texts, live);
        let line = line(&words, entry);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let seq = entry.leaf.seq;
        let title = texts.with("fact-title", &[("number", line.number.as_str().into())]);
        let payload = entry.payload.as_ref().filter(|_| is_public(entry));
        Self {
            frame: Frame::new(&words, live, &format!("/ledger/{seq}"), title),
            id: entry.fact().ok().flatten().filter(|_| line.is_shown).map(|fact| fact.id().to_string()),
            payload: payload.map(|payload| text(&payload.bytes)),
            leaf: text(&entry.leaf.encode()),
            hash: entry.hash.to_string(),
            is_signed: last_signed(data).is_ok_and(|signed| seq < signed.checkpoint.size),
            before: seq.checked_sub(1),
            after: Some(seq + 1).filter(|next| *next < live.ledger.size),
            line,
        }
    }
}
