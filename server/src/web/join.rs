//! Using a link that is good once: the first start, an invitation, a lost password.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::frame::{self, Frame};
use super::identity::named;
use super::language::Reader;
use super::sign_in::{refuse, signed_in, unreadable};
use super::visitor::Caller;
use super::{App, problem};
use crate::accounts::{AccountsError, Invitation, LENGTH_MIN, Secret, Whom};
use crate::wording::Texts;

/// `GET /join/{link}`: shows what the link is for, and uses nothing up.
pub(super) async fn show(
    State(app): State<App>,
    Reader(texts): Reader,
    from: Caller,
    Path(link): Path<String>,
) -> Response {
    match find(&app, &link).await {
        Ok(Some((_, invitation))) => {
            let page = JoinPage::new(texts, &app, &from, &link, &invitation);
            frame::respond(StatusCode::OK, texts, &page)
        }
        Ok(None) => problem::page(&app, texts, StatusCode::NOT_FOUND, ["link-used", "link-used-advice"]),
        Err(error) => unreadable(&app, texts, &error),
    }
}

/// What the form of the page says.
#[derive(Deserialize)]
pub(super) struct Filled {
    /// The name that whoever starts first chooses; nobody else can.
    #[serde(default)]
    name: String,
    password: String,
    again: String,
}

/// `POST /join/{link}`
pub(super) async fn join(
    State(app): State<App>,
    Reader(texts): Reader,
    from: Caller,
    Path(link): Path<String>,
    Form(filled): Form<Filled>,
) -> Response {
    match find(&app, &link).await {
        Ok(Some((secret, invitation))) => {
            let mut page = JoinPage::new(texts, &app, &from, &link, &invitation);
            page.name.clone_from(&filled.name);
            page.used(&app, secret, filled, from).await
        }
        Ok(None) => problem::page(&app, texts, StatusCode::NOT_FOUND, ["link-used", "link-used-advice"]),
        Err(error) => unreadable(&app, texts, &error),
    }
}

async fn find(app: &App, link: &str) -> Result<Option<(Secret, Invitation)>, AccountsError> {
    let Some(secret) = Secret::parse(link) else { return Ok(None) };
    let asked = secret.clone();
    let found = app.web.accounts.ask(move |store, now| store.invitation(&asked, now)).await?;
    Ok(found.map(|invitation| (secret, invitation)))
}

#[derive(Template)]
#[template(path = "join.html")]
struct JoinPage {
    frame: Frame,
    link: String,
    title: String,
    intro: String,
    /// The name that the account has; nothing, where it is to be chosen.
    fixed: Option<String>,
    /// What was typed as a name.
    name: String,
    rule: String,
    wrong: Option<String>,
    drops_cookies: bool,
    /// The name of the button of the identity provider, where there is one, and what it means.
    identity: Option<(String, String)>,
}

impl JoinPage {
    fn new(texts: Texts, app: &App, from: &Caller, link: &str, invitation: &Invitation) -> Self {
        let live = app.live();
        let words = frame::words(texts, &live);
        let role = texts.get(super::account::role_key(invitation.standing.role()));
        let until = words.moment(invitation.expires_at);
        let (title, intro, fixed) = match &invitation.whom {
            Whom::First => ("join-first", "join-first-intro", None),
            Whom::New(name) => ("join-new", "join-new-intro", Some(name.clone())),
            Whom::Known(name) => ("join-known", "join-known-intro", Some(name.clone())),
        };
        let name = fixed.clone().unwrap_or_default();
        let blanks = [("name", name.as_str().into()), ("role", role.into()), ("until", until.into())];
        let title = texts.get(title);
        Self {
            frame: Frame::new(&words, &live, &format!("/join/{link}"), title.clone()),
            link: link.to_owned(),
            title,
            intro: texts.with(intro, &blanks),
            fixed,
            name,
            rule: texts.with("password-rule", &[("n", i64::try_from(LENGTH_MIN).unwrap_or_default().into())]),
            wrong: None,
            drops_cookies: from.drops_cookies,
            identity: named(app, texts, "identity-join").zip(named(app, texts, "identity-join-means")),
        }
    }

    /// What becomes of the form.
    async fn used(mut self, app: &App, link: Secret, filled: Filled, from: Caller) -> Response {
        let texts = self.frame.t;
        if from.drops_cookies {
            return frame::respond(StatusCode::FORBIDDEN, texts, &self);
        }
        if filled.password != filled.again {
            self.wrong = Some(texts.get("password-differs"));
            return frame::respond(StatusCode::UNPROCESSABLE_ENTITY, texts, &self);
        }
        match app.web.accounts.accept(link, filled.name, filled.password, from.browser).await {
            Ok(secret) => signed_in(&secret, "/"),
            Err(error) => refuse(app, texts, error, |said| {
                self.wrong = Some(said);
                frame::respond(StatusCode::UNPROCESSABLE_ENTITY, texts, &self)
            }),
        }
    }
}
