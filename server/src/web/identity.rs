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
use crate::accounts::{AccountsError, Identity, Return, Secret, SignInError};
use crate::identity::{
    Arrived, Begun, IdentityError, IdentityProvider, PENDING_LENGTH, Purpose, Returned, Shown, visible,
};
use crate::wording::Texts;

/// The cookie of a browser that was sent away. It comes along when the provider leads back, which is why it cannot be strict.
const COOKIE: &str = "__Host-away";

/// How much of a subject is shown, in characters: none may have more bytes.
const SUBJECT_SHOWN: usize = 255;

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

/// Which link is to end.
#[derive(Deserialize)]
pub(super) struct Ended {
    /// The issuer of a provider that may be asked no more; without it, the one that is.
    issuer: Option<String>,
}

/// `POST /account/identity/removal`
pub(super) async fn unlink(
    State(app): State<App>,
    Reader(texts): Reader,
    Signed(signed): Signed,
    Form(ended): Form<Ended>,
) -> Response {
    let asked = || app.web.identity_provider.as_ref().map(|provider| provider.issuer().to_owned());
    let Some(issuer) = ended.issuer.or_else(asked) else { return none(&app, texts) };
    match app.web.accounts.unlink((*signed).clone(), issuer).await {
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
    let (accounts, address, browser) = (&app.web.accounts, from.browser.address, cookie(&headers, COOKIE));
    let how = if provider.has_begun(&returned, browser.as_ref()) { Return::Begun } else { Return::Stray };
    if let Err(error) = accounts.take_return(how, address) {
        return desk.slowed(error);
    }
    let answer = desk.receive(from, &returned, browser.as_ref()).await;
    if is_forgiven(answer.status()) {
        accounts.forgive_return(how, address);
    }
    answer
}

/// Whether what became of a return does not count against whoever came back: they were let in, or the fault is ours.
fn is_forgiven(status: StatusCode) -> bool {
    status.is_success() || status.is_redirection() || status == StatusCode::SERVICE_UNAVAILABLE
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
    /// What becomes of somebody who came back.
    async fn receive(&self, from: Caller, returned: &Returned, browser: Option<&Secret>) -> Response {
        let answer = match self.provider.finish(returned, browser).await {
            Ok(arrived) => self.let_in(from, arrived).await,
            // The cookie may be that of another tab, which is still away.
            Err(error @ IdentityError::NotBegun) => return self.not_known(&error),
            Err(error) => self.not_known(&error),
        };
        (AppendHeaders([(header::SET_COOKIE, away("", 0))]), answer).into_response()
    }

    /// The answer to whoever came back in vain too often. Nothing is used up, and the provider is not asked.
    fn slowed(&self, error: SignInError) -> Response {
        refuse(self.app, self.texts, error, |said| {
            let title = self.texts.get("identity-slowed");
            problem::show(StatusCode::TOO_MANY_REQUESTS, self.texts, &self.app.live(), (title, said))
        })
    }

    /// What becomes of somebody who is known now.
    async fn let_in(&self, from: Caller, Arrived { purpose, identity, shown }: Arrived) -> Response {
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
            Purpose::Link(signed) if is_session(signed.session) => {
                let linked = accounts.link((*signed).clone(), identity.clone()).await;
                linked.map(|()| Some(self.linked(&identity, shown)))
            }
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

    /// The page that says to whom an account is linked now: their browser may have been signed in there as somebody else.
    fn linked(&self, identity: &Identity, shown: Shown) -> Response {
        let live = self.app.live();
        let words = frame::words(self.texts, &live);
        let provider = self.provider.name().to_owned();
        let title = self.texts.with("identity-now-linked", &[("provider", provider.as_str().into())]);
        let frame = Frame::new(&words, &live, "/account", title.clone());
        let page = LinkedPage { frame, title, provider, subject: subject_of(identity), shown };
        frame::respond(StatusCode::OK, self.texts, &page)
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

/// The name by which an account is found, as it may be shown.
pub(super) fn subject_of(identity: &Identity) -> String {
    visible(&identity.subject, SUBJECT_SHOWN)
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

#[derive(Template)]
#[template(path = "linked.html")]
struct LinkedPage {
    frame: Frame,
    title: String,
    provider: String,
    subject: String,
    shown: Shown,
}
