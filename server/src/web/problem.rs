//! What went wrong: problem details (RFC 9457) for programs, a page in the reader's language for people.

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::App;
use super::frame::{self, Frame};
use super::language::Reader;
use crate::live::Live;
use crate::wording::Texts;

/// The fallback for every path that is no route.
pub(super) async fn not_found(State(app): State<App>, Reader(texts): Reader, uri: Uri) -> Response {
    let status = StatusCode::NOT_FOUND;
    if is_api(uri.path()) {
        return json(status, "not-found", "there is nothing at this address; docs/api.md lists every address");
    }
    let (title, advice) = (texts.get("not-found"), texts.get("not-found-advice"));
    frame::respond(status, texts, &ProblemPage::new(texts, &app.live(), title, advice))
}

/// The fallback for every method that a route does not list.
pub(super) async fn method_not_allowed(State(app): State<App>, Reader(texts): Reader, uri: Uri) -> Response {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    if is_api(uri.path()) {
        return json(
            status,
            "method-not-allowed",
            "this address does not answer that method; /api/v1/openapi.json lists which it answers",
        );
    }
    let (title, advice) = (texts.get("wrong-method"), texts.get("wrong-method-advice"));
    frame::respond(status, texts, &ProblemPage::new(texts, &app.live(), title, advice))
}

/// A page that says what could not be done, and what to do.
pub(super) fn page(app: &App, texts: Texts, status: StatusCode, keys: [&str; 2]) -> Response {
    let [title, advice] = keys.map(|key| texts.get(key));
    frame::respond(status, texts, &ProblemPage::new(texts, &app.live(), title, advice))
}

/// A page whose address asks for something that it cannot show.
pub(super) fn bad_query(texts: Texts, live: &Live) -> Response {
    show(StatusCode::BAD_REQUEST, texts, live, (texts.get("bad-query"), texts.get("bad-query-advice")))
}

/// The same, where a picture is at hand.
pub(super) fn show(status: StatusCode, texts: Texts, live: &Live, (title, advice): (String, String)) -> Response {
    frame::respond(status, texts, &ProblemPage::new(texts, live, title, advice))
}

/// What an address names is not there.
pub(super) fn no_such(texts: Texts, live: &Live) -> Response {
    let (title, advice) = (texts.get("not-found"), texts.get("not-found-advice"));
    frame::respond(StatusCode::NOT_FOUND, texts, &ProblemPage::new(texts, live, title, advice))
}

/// A file of evidence is not kept, or not any more.
pub(super) fn none_kept(texts: Texts, live: &Live) -> Response {
    let (title, advice) = (texts.get("evidence-gone"), texts.get("evidence-gone-advice"));
    frame::respond(StatusCode::NOT_FOUND, texts, &ProblemPage::new(texts, live, title, advice))
}

/// What follows the `?` of a page's address cannot be understood; `advice` says what to write instead.
pub(super) fn bad(texts: Texts, live: &Live, path: &str, advice: String) -> Response {
    let page = ProblemPage::new(texts, live, texts.get("bad-address"), advice);
    let page = ProblemPage { back: Some(path.to_owned()), ..page };
    frame::respond(StatusCode::BAD_REQUEST, texts, &page)
}

/// A page that could not be made; `advice` says what to do.
pub(super) fn failed(texts: Texts, live: &Live, advice: String) -> Response {
    let page = ProblemPage::new(texts, live, texts.get("page-failed"), advice);
    frame::respond(StatusCode::INTERNAL_SERVER_ERROR, texts, &page)
}

/// An answer that could not be made.
pub(super) fn internal() -> Response {
    json(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the answer could not be made; the server's log says why")
}

/// Whether a path is answered to programs.
pub(super) fn is_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

#[derive(Serialize)]
struct Problem<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<serde_json::Value>,
}

/// Problem details with a stable code.
pub(super) fn json(status: StatusCode, code: &'static str, detail: &str) -> Response {
    with_errors(status, code, detail, Vec::new())
}

/// The same with everything that is wrong, one by one.
pub(super) fn with_errors(
    status: StatusCode,
    code: &'static str,
    detail: &str,
    errors: Vec<serde_json::Value>,
) -> Response {
    let title = status.canonical_reason().unwrap_or("");
    let problem = Problem { kind: "about:blank", title, status: status.as_u16(), code, detail, errors };
    let body = serde_json::to_string(&problem).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    frame: Frame,
    title: String,
    advice: String,
    /// The page whose address was asked for with something that cannot be understood.
    back: Option<String>,
}

impl ProblemPage {
    fn new(texts: Texts, live: &Live, title: String, advice: String) -> Self {
        let words = frame::words(texts, live);
        Self { frame: Frame::new(&words, live, "", title.clone()), title, advice, back: None }
    }
}
