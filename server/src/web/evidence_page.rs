//! Evidence for people: what was kept of one failure, as a page.
//!
//! A file holds what a foreign machine answered. It is shown as text, escaped like any other, and never rendered; a picture
//! of a page is an image of its own address, under a policy that lets nothing run. Not here: the files for programs.

use askama::Template;
use axum::extract::{self, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::evidence::{Evidence, Media, Took};
use uphold_core::run::Observed;
use uphold_core::time::Instant;

use super::frame::{self, Frame};
use super::language::Reader;
use super::{App, checks, evidence, problem};
use crate::ledger::{EvidenceFiles, LedgerError};
use crate::live::Live;
use crate::wording::{Texts, Words};

/// How many characters of a file that is none of ours a page shows.
const RAW_MAX: usize = 65_536;

/// What the ledger says of one observation.
pub(super) struct Item {
    pub(super) at: String,
    pub(super) vantage: String,
    pub(super) state: &'static str,
    pub(super) label: String,
    /// Why, in the words of the probe.
    pub(super) cause: String,
    /// How long each part took that was reached.
    pub(super) took: String,
    /// Its files: the digest, and what the file is.
    pub(super) files: Vec<(String, String)>,
}

/// One observation of a list.
pub(super) fn item(words: &Words, fact: &Evidence) -> Item {
    let name = |media: Media| match media {
        Media::Json => words.texts.get("evidence-seen"),
        Media::Png => words.texts.get("evidence-picture"),
    };
    Item {
        at: words.moment(fact.at),
        vantage: fact.series.vantage.to_string(),
        state: fact.state.name(),
        label: checks::observed(words.texts, fact.state),
        cause: fact.cause.clone(),
        took: words.list(
            &phases(words, fact.took).into_iter().map(|(name, took)| format!("{name} {took}")).collect::<Vec<_>>(),
        ),
        files: fact.files.iter().map(|file| (file.digest.to_string(), name(file.media))).collect(),
    }
}

/// The parts of a measurement that were reached, and the whole.
fn phases(words: &Words, took: Took) -> Vec<(String, String)> {
    let texts = words.texts;
    let all = [
        (texts.get("took-resolve"), took.resolve_us),
        (texts.get("took-connect"), took.connect_us),
        (texts.get("took-tls"), took.tls_us),
        (texts.get("took-first-byte"), took.first_byte_us),
        (texts.get("took-body"), took.body_us),
        (texts.get("took-total"), took.total_us),
    ];
    let millis = |us: u64| texts.with("milliseconds", &[("ms", format!("{}.{}", us / 1_000, us % 1_000 / 100).into())]);
    all.into_iter().filter(|(_, us)| *us > 0).map(|(name, us)| (name, millis(us))).collect()
}

/// `GET /evidence/{digest}`
pub(super) async fn show(
    State(app): State<App>,
    Reader(texts): Reader,
    extract::Path(digest): extract::Path<String>,
) -> Response {
    let (live, files) = (app.live(), EvidenceFiles::of(&app.web.data));
    let made = app.judge(move || page(texts, &live, &files, &digest)).await;
    made.unwrap_or_else(problem::internal)
}

fn page(texts: Texts, live: &Live, files: &EvidenceFiles, digest: &str) -> Response {
    let Ok(digest) = Digest::parse(digest) else { return problem::no_such(texts, live) };
    match files.find(digest) {
        Ok(Some(bytes)) => frame::respond(StatusCode::OK, texts, &EvidencePage::new(texts, live, digest, &bytes)),
        Ok(None) => problem::none_kept(texts, live),
        Err(error) => unread(texts, live, &error),
    }
}

fn unread(texts: Texts, live: &Live, error: &LedgerError) -> Response {
    tracing::error!(error = error as &dyn std::error::Error, "evidence cannot be read");
    let key = if matches!(error, LedgerError::Damaged { .. }) { "evidence-changed" } else { "evidence-unread" };
    problem::failed(texts, live, texts.with(key, &[]))
}

/// `GET /evidence/{digest}/picture`
pub(super) async fn picture(
    State(app): State<App>,
    Reader(texts): Reader,
    extract::Path(digest): extract::Path<String>,
) -> Response {
    let (live, files) = (app.live(), EvidenceFiles::of(&app.web.data));
    let found =
        app.judge(move || Digest::parse(&digest).ok().and_then(|digest| files.find(digest).ok().flatten())).await;
    match found.flatten().filter(|bytes| evidence::media(bytes) == Media::Png) {
        Some(bytes) => image(bytes),
        None => problem::no_such(texts, &live),
    }
}

/// With `nosniff`, which is on every answer, it is this and nothing else; nothing in it could run, nor have our origin.
fn image(bytes: Vec<u8>) -> Response {
    let policy = "sandbox; default-src 'none'; frame-ancestors 'none'";
    ([(header::CONTENT_TYPE, Media::Png.name()), (header::CONTENT_SECURITY_POLICY, policy)], bytes).into_response()
}

#[derive(Template)]
#[template(path = "evidence.html")]
struct EvidencePage {
    frame: Frame,
    digest: String,
    bytes: String,
    /// Whether the file is a picture.
    is_picture: bool,
    seen: Option<SeenView>,
    /// The text of the file, as much as is shown.
    raw: String,
}

/// What a file says that the server wrote.
struct SeenView {
    check: String,
    vantage: String,
    at: String,
    state: &'static str,
    label: String,
    cause: String,
    took: Vec<(String, String)>,
    answer: Option<AnswerFile>,
    page: Option<PageFile>,
}

/// The file, as `measure` writes it; `docs/api.md` describes it.
#[derive(Deserialize)]
struct SeenFile {
    check: String,
    vantage: String,
    at: String,
    state: String,
    cause: String,
    took_us: TookFile,
    answer: Option<AnswerFile>,
    page: Option<PageFile>,
}

#[derive(Deserialize)]
struct TookFile {
    resolve: u64,
    connect: u64,
    tls: u64,
    first_byte: u64,
    body: u64,
    total: u64,
}

#[derive(Deserialize)]
struct AnswerFile {
    /// None of a plain connection.
    status: Option<u16>,
    headers: Vec<(String, String)>,
    body_start: String,
    body_bytes: u64,
    body_cut: bool,
    body_sha256: String,
}

#[derive(Deserialize)]
struct PageFile {
    url: String,
    title: String,
    refused: Vec<String>,
    picture: Option<String>,
}

impl EvidencePage {
    fn new(texts: Texts, live: &Live, digest: Digest, bytes: &[u8]) -> Self {
        let words = frame::words(texts, live);
        let is_picture = evidence::media(bytes) == Media::Png;
        let text = if is_picture { String::new() } else { String::from_utf8_lossy(bytes).into_owned() };
        let seen = serde_json::from_str::<SeenFile>(&text).ok().map(|file| seen(&words, file));
        Self {
            frame: Frame::new(&words, live, &format!("/evidence/{digest}"), texts.get("evidence-title")),
            digest: digest.to_string(),
            bytes: words.number(&bytes.len().to_string()),
            is_picture,
            seen,
            raw: text.chars().take(RAW_MAX).collect(),
        }
    }
}

fn seen(words: &Words, file: SeenFile) -> SeenView {
    let state = Observed::find(&file.state).unwrap_or(Observed::Unknown);
    let TookFile { resolve, connect, tls, first_byte, body, total } = file.took_us;
    let took = Took {
        resolve_us: resolve,
        connect_us: connect,
        tls_us: tls,
        first_byte_us: first_byte,
        body_us: body,
        total_us: total,
    };
    SeenView {
        check: file.check,
        vantage: file.vantage,
        at: Instant::parse(&file.at).map_or(file.at, |at| words.moment(at)),
        state: state.name(),
        label: checks::observed(words.texts, state),
        cause: file.cause,
        took: phases(words, took),
        answer: file.answer,
        page: file.page,
    }
}
