//! Pages that many ask for at once: drawn once for a picture and a language, kept until there is a newer picture, and known
//! again by their digest, so that whoever has one already is told so.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use uphold_core::agreement::Language;
use uphold_core::ledger::digest::Digest;

use super::problem;
use crate::live::Live;

/// What is kept. Nothing of it may depend on who asks.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<BTreeMap<(&'static str, Language), Arc<Drawn>>>);

/// What was drawn of one picture.
#[derive(Debug)]
struct Drawn {
    of: Weak<Live>,
    body: Bytes,
    tag: HeaderValue,
}

/// What kind of answer is kept: its name, its type, and for how many seconds a reader need not ask again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) control: &'static str,
}

impl Cache {
    /// The answer to a request with these headers: what is kept of the picture, or else what `draw` makes of it.
    pub(super) fn answer(
        &self,
        live: &Arc<Live>,
        (what, language): (Kept, Language),
        headers: &HeaderMap,
        draw: impl FnOnce() -> Option<String>,
    ) -> Response {
        let Some(drawn) = self.drawn(live, (what.name, language), draw) else { return problem::internal() };
        let seen = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let tag = drawn.tag.to_str().unwrap_or_default();
        let same = |each: &str| each.trim().trim_start_matches("W/") == tag || each.trim() == "*";
        let is_known = seen.flat_map(|list| list.split(',')).any(same);
        let told: [(HeaderName, HeaderValue); 4] = [
            (header::ETAG, drawn.tag.clone()),
            (header::CACHE_CONTROL, HeaderValue::from_static(what.control)),
            (header::VARY, HeaderValue::from_static("cookie, accept-language")),
            (header::CONTENT_LANGUAGE, HeaderValue::from_static(language.code())),
        ];
        if is_known {
            return (StatusCode::NOT_MODIFIED, told).into_response();
        }
        (told, [(header::CONTENT_TYPE, what.kind)], drawn.body.clone()).into_response()
    }

    fn drawn(
        &self,
        live: &Arc<Live>,
        key: (&'static str, Language),
        draw: impl FnOnce() -> Option<String>,
    ) -> Option<Arc<Drawn>> {
        let all = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = Arc::downgrade(live);
        if let Some(drawn) = all().get(&key).filter(|drawn| drawn.of.ptr_eq(&of)) {
            return Some(Arc::clone(drawn));
        }
        // Drawn outside of the lock: others may draw the same meanwhile, and none waits for another.
        let body = draw()?;
        let digest: String = Digest::of(&[body.as_bytes()]).to_string().chars().take(32).collect();
        let tag = HeaderValue::from_str(&format!("\"{digest}\"")).ok()?;
        let drawn = Arc::new(Drawn { of, body: Bytes::from(body), tag });
        all().insert(key, Arc::clone(&drawn));
        Some(drawn)
    }
}
