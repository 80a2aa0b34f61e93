//! Evidence: what is kept of a check's failures, page by page, and the files. `docs/api.md` describes the shapes.
//!
//! A file holds what a foreign machine answered. It is handed out as a file to be kept, never as a page.

use std::path::Path;

use axum::extract::{self, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use uphold_core::id::CheckId;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::evidence::{Evidence, File, Media};
use uphold_core::ledger::fact::Fact;
use uphold_core::time::Instant;

use super::paging::{self, Asked, ByPlace};
use super::{App, problem};
use crate::ledger::{EvidenceFiles, FILE, LedgerError, Reader};
use crate::live::Live;

/// `GET /api/v1/checks/{check}/evidence`
pub(super) async fn list(
    State(app): State<App>,
    extract::Path(check): extract::Path<String>,
    query: Asked<ByPlace>,
) -> Response {
    let asked = paging::read(query).and_then(|query| Ok((query.after, paging::limit(query.limit)?)));
    let (after, limit) = match asked {
        Ok(asked) => asked,
        Err(refused) => return *refused,
    };
    let (live, data) = (app.live(), app.web.data.clone());
    let made = app.judge(move || page(&live, &data, &check, after, limit)).await;
    made.unwrap_or_else(problem::internal)
}

fn page(live: &Live, data: &Path, check: &str, after: Option<u64>, limit: usize) -> Response {
    let known = |id: &CheckId| {
        live.checks.iter().any(|view| view.series.check == *id) || live.evidence.keys().any(|s| s.check == *id)
    };
    let Some(id) = CheckId::parse(check).ok().filter(known) else {
        return problem::json(StatusCode::NOT_FOUND, "no-such-check", "there is no check of that name");
    };
    let kept = live.evidence.iter().filter(|(series, _)| series.check == id).flat_map(|(_, kept)| kept);
    let mut places: Vec<u64> = kept.map(|kept| kept.seq).filter(|seq| after.is_none_or(|after| *seq > after)).collect();
    places.sort_unstable();
    let (places, more) = paging::cut(places, limit);
    let next = places.last().filter(|_| more);
    match read(data, &places) {
        Ok(evidence) => super::api::json(&json!({ "check": check, "evidence": evidence, "next": next })),
        Err(error) => unread(&error),
    }
}

fn read(data: &Path, places: &[u64]) -> Result<Vec<Value>, LedgerError> {
    Ok(facts(data, places)?.iter().map(|((seq, recorded_at), evidence)| one(*seq, *recorded_at, evidence)).collect())
}

/// Where evidence stands in the ledger, when it was recorded, and what it is.
pub(super) type Found = ((u64, Instant), Evidence);

/// The evidence that the ledger names at these places, in their order, with the place and when it was recorded.
pub(super) fn facts(data: &Path, places: &[u64]) -> Result<Vec<Found>, LedgerError> {
    let mut found = Vec::with_capacity(places.len());
    let reader = if places.is_empty() { None } else { Some(Reader::open(&data.join(FILE))?) };
    for (reader, seq) in reader.iter().flat_map(|reader| places.iter().map(move |seq| (reader, *seq))) {
        reader.visit(seq..seq + 1, |entry| {
            // One that was erased has nothing left to list.
            if let Ok(Some(Fact::Evidence(evidence))) = entry.fact() {
                found.push(((seq, entry.leaf.recorded_at), evidence));
            }
            Ok(())
        })?;
    }
    Ok(found)
}

fn one(seq: u64, recorded_at: Instant, evidence: &Evidence) -> Value {
    let file =
        |file: &File| json!({ "digest": file.digest.to_string(), "media": file.media.name(), "bytes": file.bytes });
    let took = &evidence.took;
    json!({
        "seq": seq,
        "recorded_at": recorded_at.to_string(),
        "vantage": evidence.series.vantage.as_str(),
        "at": evidence.at.to_string(),
        "state": evidence.state.name(),
        "cause": evidence.cause,
        "took_us": {
            "resolve": took.resolve_us, "connect": took.connect_us, "tls": took.tls_us,
            "first_byte": took.first_byte_us, "body": took.body_us, "total": took.total_us,
        },
        "files": evidence.files.iter().map(file).collect::<Vec<Value>>(),
    })
}

/// `GET /api/v1/evidence/{digest}`
pub(super) async fn show(State(app): State<App>, extract::Path(digest): extract::Path<String>) -> Response {
    let Ok(digest) = Digest::parse(&digest) else {
        return problem::json(StatusCode::BAD_REQUEST, "bad-digest", "a digest is 64 hexadecimal digits");
    };
    let files = EvidenceFiles::of(&app.web.data);
    match app.judge(move || files.find(digest)).await {
        Some(Ok(Some(bytes))) => file(digest, bytes),
        Some(Ok(None)) => {
            problem::json(StatusCode::NOT_FOUND, "not-kept", "no file of that digest is kept, or not any more")
        }
        Some(Err(error)) => unread(&error),
        None => problem::internal(),
    }
}

fn file(digest: Digest, bytes: Vec<u8>) -> Response {
    let media = media(&bytes);
    let ending = if media == Media::Png { "png" } else { "json" };
    let name = format!("attachment; filename=\"{digest}.{ending}\"");
    // `nosniff` is on every answer; this policy lets nothing run, and gives what is opened all the same no origin of ours.
    let policy = "sandbox; default-src 'none'; frame-ancestors 'none'";
    let headers = [
        (header::CONTENT_TYPE, media.name().to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CONTENT_SECURITY_POLICY, policy.to_owned()),
    ];
    (headers, bytes).into_response()
}

/// What a file is, by its first bytes.
pub(super) fn media(bytes: &[u8]) -> Media {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") { Media::Png } else { Media::Json }
}

fn unread(error: &LedgerError) -> Response {
    tracing::error!(error = error as &dyn std::error::Error, "evidence cannot be read");
    if matches!(error, LedgerError::Damaged { .. }) {
        let detail =
            "the file is not what its digest says, so it is no evidence; `uphold ledger verify` lists such files";
        return problem::json(StatusCode::INTERNAL_SERVER_ERROR, "changed", detail);
    }
    problem::internal()
}
