//! The history of the agreement: its revisions, and what each changed of the one before it. As a page, and for programs.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use uphold_core::agreement::Agreement;
use uphold_core::ledger::digest::Digest;
use uphold_core::time::Instant;

use super::api::{self, AgreementJson, ValidJson};
use super::frame::{self, Frame};
use super::language::Reader;
use super::{App, problem};
use crate::live::Live;
use crate::wording::difference::{self, Group};
use crate::wording::{Phrase, Texts, Words};

/// `GET /agreement/history`
pub(super) async fn show(State(app): State<App>, Reader(texts): Reader) -> Response {
    let live = app.live();
    let page = app.judge(move || HistoryPage::new(texts, &live)).await;
    page.map_or_else(problem::internal, |page| frame::respond(StatusCode::OK, texts, &page))
}

/// `GET /api/v1/agreement/revisions`
pub(super) async fn list(State(app): State<App>) -> Response {
    let live = app.live();
    let revisions = live.revisions.each().iter();
    let revisions = revisions.map(|(agreement, digest)| RevisionJson::new(&live, agreement, *digest)).collect();
    api::json(&RevisionsJson { as_known_at: live.as_known_at.to_string(), revisions })
}

/// `GET /api/v1/agreement/revisions/{revision}`
pub(super) async fn one(State(app): State<App>, Path(revision): Path<String>) -> Response {
    let live = app.live();
    let Some((agreement, _)) = live.revisions.find(&revision) else {
        let detail = "no revision has this name; `/api/v1/agreement/revisions` lists them";
        return problem::json(StatusCode::NOT_FOUND, "no-such-revision", detail);
    };
    api::json(&AgreementJson::new(agreement, &live.statement))
}

#[derive(Serialize)]
struct RevisionsJson<'a> {
    as_known_at: String,
    revisions: Vec<RevisionJson<'a>>,
}

#[derive(Serialize)]
struct RevisionJson<'a> {
    revision: &'a str,
    valid: ValidJson,
    in_force: bool,
    digest: String,
    seq: Option<u64>,
    recorded_at: Option<String>,
}

impl<'a> RevisionJson<'a> {
    fn new(live: &'a Live, agreement: &'a Agreement, digest: Digest) -> Self {
        let named = place(live, agreement);
        Self {
            revision: &agreement.revision,
            valid: ValidJson::of(agreement.valid),
            in_force: agreement.valid.contains(live.as_known_at),
            digest: digest.to_string(),
            seq: named.map(|(seq, _)| seq),
            recorded_at: named.map(|(_, at)| at.to_string()),
        }
    }
}

/// Where and when the ledger named a revision last.
fn place(live: &Live, agreement: &Agreement) -> Option<(u64, Instant)> {
    let named = live.named.iter().find(|named| named.fact.revision == agreement.revision)?;
    Some((named.seq, named.recorded_at))
}

#[derive(Template)]
#[template(path = "agreement_history.html")]
struct HistoryPage {
    frame: Frame,
    /// The newest first.
    revisions: Vec<RevisionView>,
}

struct RevisionView {
    name: String,
    title: Phrase,
    /// Where it is as the interface gives it.
    address: String,
    /// Whether it is in force, was or will be.
    standing: String,
    in_force: bool,
    validity: String,
    digest: String,
    recorded: Option<String>,
    /// What it changed of the one before it, if there was one.
    changed: Option<ChangedView>,
}

struct ChangedView {
    title: String,
    summary: String,
    groups: Vec<Group>,
}

impl HistoryPage {
    fn new(texts: Texts, live: &Live) -> Self {
        let words = frame::words(texts, live);
        let places = (0..live.revisions.each().len()).rev();
        Self {
            revisions: places.map(|place| revision(&words, live, place)).collect(),
            frame: Frame::new(&words, live, "/agreement/history", texts.get("history-title")),
        }
    }
}

fn revision(words: &Words, live: &Live, at: usize) -> RevisionView {
    let (agreement, digest) = &live.revisions.each()[at];
    let (texts, valid) = (words.texts, agreement.valid);
    let in_force = valid.contains(live.as_known_at);
    let standing = match (in_force, valid.from() > live.as_known_at) {
        (true, _) => texts.get("history-in-force"),
        (false, true) => texts.get("history-not-yet"),
        (false, false) => texts.get("history-no-longer"),
    };
    let recorded = place(live, agreement).map(|(seq, recorded_at)| {
        let fact = words.number(&seq.to_string());
        texts.with("history-recorded", &[("moment", words.moment(recorded_at).into()), ("fact", fact.into())])
    });
    RevisionView {
        name: agreement.revision.clone(),
        title: words.phrase(&agreement.title),
        address: format!("/api/v1/agreement/revisions/{}", in_path(&agreement.revision)),
        standing,
        in_force,
        validity: words.validity(valid),
        digest: digest.to_string(),
        recorded,
        changed: at.checked_sub(1).map(|before| changed(words, live, before)),
    }
}

fn changed(words: &Words, live: &Live, before: usize) -> ChangedView {
    let (all, found) = (live.revisions.all(), &live.revisions.differences()[before]);
    let name = all[before].revision.as_str();
    ChangedView {
        title: words.texts.with("history-changes", &[("revision", name.into())]),
        summary: difference::summary(words, found),
        groups: difference::groups(words, [&all[before], &all[before + 1]], found),
    }
}

/// A name as one part of a path: what is no letter or digit of ASCII, byte by byte as RFC 3986 writes it.
pub(super) fn in_path(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::in_path;

    #[test]
    fn a_name_of_any_letters_is_one_part_of_a_path() {
        assert_eq!(in_path("2026-10.b"), "2026-10.b");
        assert_eq!(in_path("v2/改 訂?"), "v2%2F%E6%94%B9%20%E8%A8%82%3F");
    }
}
