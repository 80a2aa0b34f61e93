//! Signing in and out.

use askama::Template;
use axum::Form;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use serde::Deserialize;
use uphold_core::time::Millis;

use super::frame::{self, Frame};
use super::language::Reader;
use super::visitor::{Caller, Signed, forget, keep};
use super::{App, problem, routes};
use crate::accounts::{PasswordError, Secret, SignInError};
use crate::wording::Texts;

/// Where somebody wants to go after signing in.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    next: String,
}

/// `GET /sign-in`
pub(super) async fn show(
    State(app): State<App>,
    Reader(texts): Reader,
    from: Caller,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Response {
    let has_begun = app.web.accounts.ask(|store, _| store.has_begun()).await;
    let mut page = SignInPage::new(texts, &app, &from, wanted.ok().map(|Query(wanted)| wanted.next));
    match has_begun {
        Ok(true) => {}
        Ok(false) => page.first = Some(texts.get("sign-in-first")),
        Err(error) => return unreadable(&app, texts, &error),
    }
    frame::respond(StatusCode::OK, texts, &page)
}

/// What the form of the page says.
#[derive(Deserialize)]
pub(super) struct Filled {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// `POST /sign-in`
pub(super) async fn sign_in(
    State(app): State<App>,
    Reader(texts): Reader,
    from: Caller,
    Form(filled): Form<Filled>,
) -> Response {
    let mut page = SignInPage::new(texts, &app, &from, Some(filled.next));
    if from.drops_cookies {
        return frame::respond(StatusCode::FORBIDDEN, texts, &page);
    }
    match app.web.accounts.sign_in(&filled.name, &filled.password, from.browser).await {
        Ok(secret) => signed_in(&secret, &page.next),
        Err(error) => {
            page.name = filled.name;
            refuse(&app, texts, error, |said| frame::respond(StatusCode::UNAUTHORIZED, texts, &page.saying(said)))
        }
    }
}

/// `POST /sign-out`
pub(super) async fn sign_out(State(app): State<App>, Reader(texts): Reader, Signed(signed): Signed) -> Response {
    match app.web.accounts.ask(move |store, _| store.end_session(signed.session)).await {
        Ok(()) => (AppendHeaders([forget()]), Redirect::to("/")).into_response(),
        Err(error) => unreadable(&app, texts, &error),
    }
}

/// The answer to whoever is signed in now: they are led on, with the cookie of the session.
pub(super) fn signed_in(secret: &Secret, next: &str) -> Response {
    let target = routes::own(next).unwrap_or("/");
    (AppendHeaders([keep(secret)]), Redirect::to(target)).into_response()
}

/// The answer to whoever is not signed in: the same page with what is wrong, where they can do something about it.
pub(super) fn refuse(app: &App, texts: Texts, error: SignInError, again: impl FnOnce(String) -> Response) -> Response {
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    let mut retry_after = None;
    let said = match error {
        SignInError::Wrong => {
            status = StatusCode::UNAUTHORIZED;
            texts.get("sign-in-wrong")
        }
        SignInError::Wait(length) => {
            (status, retry_after) = (StatusCode::TOO_MANY_REQUESTS, Some(seconds(length)));
            texts.with("sign-in-wait", &[("seconds", seconds(length).into())])
        }
        SignInError::Busy => {
            (status, retry_after) = (StatusCode::SERVICE_UNAVAILABLE, Some(5));
            texts.get("sign-in-busy")
        }
        SignInError::Password(error) => texts.get(password_key(error)),
        SignInError::Accounts(error) if !error.is_refusal() => return unreadable(app, texts, &error),
        SignInError::Accounts(error) => return super::account::refused(app, texts, &error),
    };
    let mut response = again(said);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Session realm=\"/sign-in\""));
    }
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn seconds(length: Millis) -> i64 {
    (length.0 + 999) / 1_000
}

fn password_key(error: PasswordError) -> &'static str {
    match error {
        PasswordError::TooShort => "password-too-short",
        PasswordError::TooLong => "password-too-long",
        PasswordError::Common => "password-common",
    }
}

/// The answer where the accounts cannot be read: nobody is let in.
pub(super) fn unreadable(app: &App, texts: Texts, error: &crate::accounts::AccountsError) -> Response {
    tracing::error!(error = error as &dyn std::error::Error, "the accounts cannot be used");
    problem::page(app, texts, StatusCode::SERVICE_UNAVAILABLE, ["accounts-unreadable", "accounts-unreadable-advice"])
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    /// Where to go afterwards.
    next: String,
    /// What was typed as a name.
    name: String,
    /// What is wrong.
    wrong: Option<String>,
    /// What to do where there is no operator yet.
    first: Option<String>,
    /// That the browser will not keep a session.
    drops_cookies: bool,
    /// The name of the button of the identity provider, where there is one.
    identity: Option<String>,
}

impl SignInPage {
    fn new(texts: Texts, app: &App, from: &Caller, next: Option<String>) -> Self {
        let live = &app.live();
        let words = frame::words(texts, live);
        let next = next.as_deref().and_then(routes::own).unwrap_or("/").to_owned();
        let frame = Frame::new(&words, live, "/sign-in", texts.get("sign-in"));
        let identity = super::identity::named(app, texts, "identity-sign-in");
        let drops_cookies = from.drops_cookies;
        Self { frame, next, name: String::new(), wrong: None, first: None, drops_cookies, identity }
    }

    fn saying(self, wrong: String) -> Self {
        Self { wrong: Some(wrong), ..self }
    }
}
