//! Signing in, joining and linking an account through an identity provider: sending away, and taking back.
//!
//! Whoever is sent away gets a cookie that their browser alone shows when they come back, so that nobody can hand them a
//! sign-in that somebody else began. Not here: what is asked of the provider, and what of it is believed (`crate::identity`).

use askama::Template;
use axum::Form;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::frame::{self, Frame};
use super::guard::without_port;
use super::language::Reader;
use super::sign_in::{refuse, signed_in, unreadable};
use super::visitor::{Caller, Signed, Visitor, cookie};
use super::{App, account, problem, routes};
use crate::accounts::{AccountsError, Identity, Secret};
use crate::identity::{Begun, IdentityError, IdentityProvider, PENDING_LENGTH, Purpose, Returned};
use crate::wording::Texts;

/// The cookie of a browser that was sent away. It comes along when the provider leads back, which is why it cannot be strict.
const COOKIE: &str = "__Host-away";

/// What the form for signing in says.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    next: String,
}

/// `POST /sign-in/identity`
pub(super) async fn sign_in(
    State(app): State<App>,
    Reader(texts): Reader,
    from: Caller,
    Form(wanted): Form<Wanted>,
) -> Response {
    let next = routes::own(&wanted.next).unwrap_or("/").to_owned();
    send_away(&app, texts, &from, Purpose::SignIn { next }).await
}

/// What the form of a link says.
#[derive(Deserialize)]
pub(super) struct Chosen {
    /// The name that whoever starts first chooses.
    #[serde(default)]
    name: String,
}

/// `POST /join/{link}/identity`: uses nothing up yet.
pub(super) async fn join(
    State(app): State<App>,
    Reader(texts): Reader,
    from: Caller,
    Path(link): Path<String>,
    Form(Chosen { name }): Form<Chosen>,
) -> Response {
    let Some(link) = Secret::parse(&link) else {
        return account::refused(&app, texts, &AccountsError::NoSuchInvitation);
    };
    match app.web.accounts.may_join(link.clone(), name.clone()).await {
        Ok(()) => send_away(&app, texts, &from, Purpose::Join { link, name }).await,
        Err(error) => account::refused(&app, texts, &error),
    }
}

/// What the form for linking says.
#[derive(Deserialize)]
pub(super) struct Confirmed {
    #[serde(default)]
    old: String,
}

/// `POST /account/identity`: who adds a way into an account has to know the one that there is.
pub(super) async fn link(
    State(app): State<App>,
    Reader(texts): Reader,
    Signed(signed): Signed,
    from: Caller,
    Form(confirmed): Form<Confirmed>,
) -> Response {
    if app.web.identity_provider.is_none() {
        return none(&app, texts);
    }
    match app.web.accounts.confirm(&signed, &confirmed.old, &from.browser).await {
        Ok(()) => send_away(&app, texts, &from, Purpose::Link(signed)).await,
        Err(error) => refuse(&app, texts, error, |said| {
            let title = texts.get("identity-unconfirmed");
            problem::show(StatusCode::UNPROCESSABLE_ENTITY, texts, &app.live(), (title, said))
        }),
    }
}

/// `POST /account/identity/removal`
pub(super) async fn unlink(State(app): State<App>, Reader(texts): Reader, Signed(signed): Signed) -> Response {
    let Some(provider) = &app.web.identity_provider else { return none(&app, texts) };
    match app.web.accounts.unlink((*signed).clone(), provider.issuer().to_owned()).await {
        Ok(()) => Redirect::to("/account").into_response(),
        Err(error) => account::refused(&app, texts, &error),
    }
}

/// `GET /sign-in/return`: where the provider leads back to.
pub(super) async fn come_back(
    State(app): State<App>,
    Reader(texts): Reader,
    from: Caller,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(provider) = &app.web.identity_provider else { return none(&app, texts) };
    let (desk, returned) = (Desk { app: &app, texts, provider }, Returned::read(query.as_deref().unwrap_or_default()));
    let answer = match provider.finish(&returned, cookie(&headers, COOKIE).as_ref()).await {
        Ok((purpose, identity)) => desk.let_in(from, purpose, identity).await,
        // The cookie may be that of another tab, which is still away.
        Err(error @ IdentityError::NotBegun) => return desk.not_known(&error),
        Err(error) => desk.not_known(&error),
    };
    (AppendHeaders([(header::SET_COOKIE, away("", 0))]), answer).into_response()
}

/// Sends a browser to the provider.
async fn send_away(app: &App, texts: Texts, from: &Caller, purpose: Purpose) -> Response {
    let Some(provider) = &app.web.identity_provider else { return none(app, texts) };
    let desk = Desk { app, texts, provider };
    if from.drops_cookies {
        return problem::page(app, texts, StatusCode::FORBIDDEN, ["identity-cookie-dropped", "cookie-dropped"]);
    }
    // People come back to the one public address, and a cookie of another would not come along.
    let host = from.origin.split_once("://").map_or("", |(_, authority)| without_port(authority));
    if !host.eq_ignore_ascii_case(&provider.host().to_string()) {
        return desk.say(StatusCode::MISDIRECTED_REQUEST, ["identity-elsewhere", "identity-elsewhere-advice"]);
    }
    match provider.begin(purpose, from.browser.address).await {
        Ok(begun) => desk.lead_on(&begun),
        Err(error) => desk.not_known(&error),
    }
}

/// What every answer here needs.
struct Desk<'a> {
    app: &'a App,
    texts: Texts,
    provider: &'a IdentityProvider,
}

impl Desk<'_> {
    /// What becomes of somebody who is known now.
    async fn let_in(&self, from: Caller, purpose: Purpose, identity: Identity) -> Response {
        let accounts = &self.app.web.accounts;
        let done = match purpose {
            Purpose::SignIn { next } => match accounts.sign_in_as(identity, from.browser).await {
                Ok(None) => return self.say(StatusCode::FORBIDDEN, ["identity-unknown", "identity-unknown-advice"]),
                begun => begun.map(|secret| secret.map(|secret| signed_in(&secret, &next))),
            },
            Purpose::Join { link, name } => {
                let begun = accounts.accept_as(link, name, identity, from.browser).await;
                begun.map(|secret| Some(signed_in(&secret, "/")))
            }
            Purpose::Link(signed) if is_session(signed.session) => accounts
                .link((*signed).clone(), identity)
                .await
                .map(|()| Some(Redirect::to("/account").into_response())),
            Purpose::Link(_) => Ok(None),
        };
        self.answer(done)
    }

    fn answer(&self, done: Result<Option<Response>, AccountsError>) -> Response {
        match done {
            Ok(Some(answer)) => answer,
            // The session in which this was begun is not that of this browser any more.
            Ok(None) => self.say(StatusCode::BAD_REQUEST, ["identity-not-begun", "identity-not-begun-advice"]),
            Err(error) => account::refused(self.app, self.texts, &error),
        }
    }

    /// The page that leads on to the provider. A redirect of a form would be held against `form-action`, which knows no provider;
    /// this is a step of its own.
    fn lead_on(&self, begun: &Begun) -> Response {
        let Ok(refresh) = HeaderValue::from_str(&format!("0; url={}", begun.address)) else {
            return problem::internal();
        };
        let live = self.app.live();
        let words = frame::words(self.texts, &live);
        let title = self.texts.with("identity-leaving", &[("provider", self.provider.name().into())]);
        let frame = Frame::new(&words, &live, "/sign-in", title.clone());
        let page = LeavingPage { frame, title, address: begun.address.clone() };
        let cookie = away(begun.browser.reveal(), PENDING_LENGTH.0 / 1_000);
        let headers = [(header::SET_COOKIE, cookie), (HeaderName::from_static("refresh"), refresh)];
        (AppendHeaders(headers), frame::respond(StatusCode::OK, self.texts, &page)).into_response()
    }

    /// The answer where it is not known who somebody is; the log says more than the page.
    fn not_known(&self, error: &IdentityError) -> Response {
        let (status, key) = match error {
            IdentityError::NotBegun => {
                return self.say(StatusCode::BAD_REQUEST, ["identity-not-begun", "identity-not-begun-advice"]);
            }
            IdentityError::Refused(_) => (StatusCode::FORBIDDEN, ["identity-refused", "identity-refused-advice"]),
            IdentityError::Unreachable(..) => {
                (StatusCode::BAD_GATEWAY, ["identity-unreachable", "identity-unreachable-advice"])
            }
            IdentityError::Unusable(..) | IdentityError::Token(_) => {
                (StatusCode::BAD_GATEWAY, ["identity-unbelieved", "identity-unbelieved-advice"])
            }
            IdentityError::Busy => (StatusCode::SERVICE_UNAVAILABLE, ["identity-busy", "identity-busy-advice"]),
            IdentityError::Accounts(error) => return unreadable(self.app, self.texts, error),
        };
        tracing::warn!(issuer = self.provider.issuer(), "the identity provider did not say who somebody is: {error}");
        self.say(status, key)
    }

    /// A page that says what could not be done and what to do, with the name of the provider and our own address.
    fn say(&self, status: StatusCode, [key, advice]: [&str; 2]) -> Response {
        let blanks = [("provider", self.provider.name().into()), ("address", self.provider.base_url().into())];
        let said = (self.texts.with(key, &blanks), self.texts.with(advice, &blanks));
        problem::show(status, self.texts, &self.app.live(), said)
    }
}

/// Whether whoever asks shows this session.
fn is_session(session: i64) -> bool {
    Visitor::current().signed().is_some_and(|signed| signed.session == session)
}

fn away(secret: &str, seconds: i64) -> HeaderValue {
    let cookie = format!("{COOKIE}={secret}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax");
    HeaderValue::from_str(&cookie).expect("a secret is made of digits")
}

/// That there is no provider.
fn none(app: &App, texts: Texts) -> Response {
    problem::page(app, texts, StatusCode::NOT_FOUND, ["identity-none", "identity-none-advice"])
}

/// What a page says of the provider, where there is one.
pub(super) fn named(app: &App, texts: Texts, key: &str) -> Option<String> {
    let provider = app.web.identity_provider.as_ref()?;
    Some(texts.with(key, &[("provider", provider.name().into())]))
}

#[derive(Template)]
#[template(path = "leaving.html")]
struct LeavingPage {
    frame: Frame,
    title: String,
    address: String,
}
