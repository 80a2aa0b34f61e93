//! People, for operators: who may sign in, inviting, changing a role, removing.
//!
//! Everything that is done here is recorded with who did it and why.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use uphold_core::ledger::fact::WHY_MAX;

use super::account::{refused, role_key};
use super::frame::{self, Frame};
use super::language::Reader;
use super::visitor::{Caller, Signed};
use super::{App, problem};
use crate::accounts::{AccountsError, Cause, Invitation, Invited, Person, Role, SignedIn, Standing, Whom};
use crate::wording::{Texts, Words};

/// `GET /people`
pub(super) async fn show(State(app): State<App>, Reader(texts): Reader, Signed(me): Signed) -> Response {
    let found = app.web.accounts.ask(|store, now| Ok((store.people()?, store.invitations(now)?))).await;
    match found {
        Ok((people, invited)) => {
            frame::respond(StatusCode::OK, texts, &PeoplePage::new(texts, &app, &me, &people, &invited))
        }
        Err(error) => refused(&app, texts, &error),
    }
}

/// `GET /people/{name}`
pub(super) async fn one(
    State(app): State<App>,
    Reader(texts): Reader,
    Signed(me): Signed,
    Path(name): Path<String>,
) -> Response {
    let found = app.web.accounts.ask(move |store, now| {
        let known = store.people()?.into_iter().find(|person| person.name.eq_ignore_ascii_case(&name));
        let person = known.ok_or(AccountsError::NoSuchPerson(name))?;
        let sessions = store.sessions(person.id, now)?.len();
        Ok((person, sessions))
    });
    match found.await {
        Ok((person, sessions)) => {
            frame::respond(StatusCode::OK, texts, &PersonPage::new(texts, &app, &me, &person, sessions))
        }
        Err(error) => refused(&app, texts, &error),
    }
}

/// What a form says of what somebody is to do.
#[derive(Deserialize)]
pub(super) struct Chosen {
    #[serde(default)]
    name: String,
    role: String,
    #[serde(default)]
    customer: String,
    #[serde(default)]
    why: String,
    #[serde(default)]
    sure: String,
}

impl Chosen {
    fn standing(&self) -> Result<Standing, AccountsError> {
        let role = Role::find(&self.role).ok_or_else(|| AccountsError::NoRole(self.name.clone()))?;
        Standing::new(role, Some(self.customer.trim()))
    }
}

/// What a form says of why something is done, and whether it is meant.
#[derive(Deserialize)]
pub(super) struct Meant {
    #[serde(default)]
    why: String,
    #[serde(default)]
    sure: String,
}

/// `POST /people`
pub(super) async fn invite(
    State(app): State<App>,
    Reader(texts): Reader,
    Signed(me): Signed,
    caller: Caller,
    Form(chosen): Form<Chosen>,
) -> Response {
    let asked = cause(&app, &me, &chosen.why, None).and_then(|cause| Ok((cause, chosen.standing()?)));
    let name = chosen.name.clone();
    let made = match asked {
        Ok((cause, standing)) => app
            .web
            .accounts
            .ask(move |store, _| store.invite(&name, Some(&standing), &cause))
            .await
            .map_err(Unfit::from),
        Err(unfit) => Err(unfit),
    };
    invited(&app, texts, &caller, &chosen.name, made)
}

/// `POST /people/{name}/password`
pub(super) async fn reset(
    State(app): State<App>,
    Reader(texts): Reader,
    Signed(me): Signed,
    Path(name): Path<String>,
    caller: Caller,
    Form(meant): Form<Meant>,
) -> Response {
    let asked = name.clone();
    let made = match cause(&app, &me, &meant.why, None) {
        Ok(cause) => {
            app.web.accounts.ask(move |store, _| store.invite(&asked, None, &cause)).await.map_err(Unfit::from)
        }
        Err(unfit) => Err(unfit),
    };
    invited(&app, texts, &caller, &name, made)
}

/// `POST /people/{name}/role`
pub(super) async fn change_role(
    State(app): State<App>,
    Reader(texts): Reader,
    Signed(me): Signed,
    Path(name): Path<String>,
    Form(chosen): Form<Chosen>,
) -> Response {
    let asked = cause(&app, &me, &chosen.why, Some(&chosen.sure)).and_then(|cause| Ok((cause, chosen.standing()?)));
    let done = match asked {
        Ok((cause, standing)) => {
            let change = app.web.accounts.ask(move |store, _| store.set_standing(&name, &standing, &cause));
            change.await.map_err(Unfit::from)
        }
        Err(unfit) => Err(unfit),
    };
    back(&app, texts, done)
}

/// `POST /people/{name}/removal`
pub(super) async fn remove(
    State(app): State<App>,
    Reader(texts): Reader,
    Signed(me): Signed,
    Path(name): Path<String>,
    Form(meant): Form<Meant>,
) -> Response {
    let done = match cause(&app, &me, &meant.why, Some(&meant.sure)) {
        Ok(cause) => app.web.accounts.ask(move |store, _| store.remove(&name, &cause)).await.map_err(Unfit::from),
        Err(unfit) => Err(unfit),
    };
    back(&app, texts, done)
}

/// Why something is not done.
enum Unfit {
    /// It is not said why, or at too great a length.
    NoReason,
    /// It was not confirmed.
    NotSure,
    Accounts(AccountsError),
}

impl From<AccountsError> for Unfit {
    fn from(error: AccountsError) -> Self {
        Self::Accounts(error)
    }
}

/// Who does something, and why; what ends something asks whether it is meant.
fn cause(app: &App, me: &SignedIn, why: &str, sure: Option<&str>) -> Result<Cause, Unfit> {
    let why = why.trim();
    if why.is_empty() || why.len() > WHY_MAX {
        return Err(Unfit::NoReason);
    }
    if sure.is_some_and(|sure| sure != "yes") {
        return Err(Unfit::NotSure);
    }
    Ok(Cause { by: format!("person:{}", me.person.name), why: why.to_owned(), at: app.web.clock.now() })
}

fn refuse(app: &App, texts: Texts, unfit: &Unfit) -> Response {
    let keys = match unfit {
        Unfit::NoReason => ["no-reason", "no-reason-advice"],
        Unfit::NotSure => ["not-sure", "not-sure-advice"],
        Unfit::Accounts(error) => return refused(app, texts, error),
    };
    problem::page(app, texts, StatusCode::UNPROCESSABLE_ENTITY, keys)
}

fn back(app: &App, texts: Texts, done: Result<(), Unfit>) -> Response {
    match done {
        Ok(()) => Redirect::to("/people").into_response(),
        Err(unfit) => refuse(app, texts, &unfit),
    }
}

/// The page with a link that was made: it is shown this once.
fn invited(app: &App, texts: Texts, caller: &Caller, name: &str, made: Result<Invited, Unfit>) -> Response {
    match made {
        Ok(invited) => {
            let page = InvitedPage::new(texts, app, caller, name, &invited);
            frame::respond(StatusCode::CREATED, texts, &page)
        }
        Err(unfit) => refuse(app, texts, &unfit),
    }
}

/// A role that can be chosen.
struct Choice {
    value: &'static str,
    name: String,
    means: String,
    is_chosen: bool,
}

fn choices(texts: Texts, chosen: Option<Role>) -> Vec<Choice> {
    let choice = |role: Role| {
        let means = match role {
            Role::Operator => "role-operator-means",
            Role::Viewer => "role-viewer-means",
            Role::Customer => "role-customer-means",
        };
        let name = texts.get(role_key(role));
        Choice { value: role.name(), name, means: texts.get(means), is_chosen: Some(role) == chosen }
    };
    Role::ALL.map(choice).into()
}

fn role_of(texts: Texts, standing: &Standing) -> String {
    let role = texts.get(role_key(standing.role()));
    match standing.customer() {
        Some(customer) => texts.with("role-of", &[("role", role.into()), ("customer", customer.as_str().into())]),
        None => role,
    }
}

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    frame: Frame,
    people: Vec<PersonView>,
    invited: Vec<InvitationView>,
    choices: Vec<Choice>,
}

struct PersonView {
    name: String,
    role: String,
    since: String,
    is_me: bool,
}

struct InvitationView {
    name: String,
    role: String,
    until: String,
    is_reset: bool,
}

impl PeoplePage {
    fn new(texts: Texts, app: &App, me: &SignedIn, people: &[Person], invited: &[Invitation]) -> Self {
        let live = app.live();
        let words = frame::words(texts, &live);
        let person = |person: &Person| PersonView {
            name: person.name.clone(),
            role: role_of(texts, &person.standing),
            since: words.moment(person.created_at),
            is_me: person.id == me.person.id,
        };
        Self {
            frame: Frame::new(&words, &live, "/people", texts.get("nav-people")),
            people: people.iter().map(person).collect(),
            invited: invited.iter().filter_map(|each| InvitationView::new(&words, each)).collect(),
            choices: choices(texts, None),
        }
    }
}

impl InvitationView {
    fn new(words: &Words, invitation: &Invitation) -> Option<Self> {
        let (name, is_reset) = match &invitation.whom {
            Whom::First => return None,
            Whom::New(name) => (name, false),
            Whom::Known(name) => (name, true),
        };
        let (role, until) = (role_of(words.texts, &invitation.standing), words.moment(invitation.expires_at));
        Some(Self { name: name.clone(), role, until, is_reset })
    }
}

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    frame: Frame,
    name: String,
    intro: String,
    choices: Vec<Choice>,
    customer: String,
    role_means: String,
    removal_means: String,
}

impl PersonPage {
    fn new(texts: Texts, app: &App, me: &SignedIn, person: &Person, sessions: usize) -> Self {
        let live = app.live();
        let words = frame::words(texts, &live);
        let sessions = i64::try_from(sessions).unwrap_or(i64::MAX);
        let blanks = || [("name", person.name.as_str().into()), ("n", sessions.into())];
        let facts = [
            ("role", role_of(texts, &person.standing).into()),
            ("since", words.moment(person.created_at).into()),
            ("n", sessions.into()),
        ];
        let removal = if person.id == me.person.id { "removal-of-oneself" } else { "removal-means" };
        Self {
            frame: Frame::new(&words, &live, &format!("/people/{}", person.name), person.name.clone()),
            name: person.name.clone(),
            intro: texts.with("person-intro", &facts),
            choices: choices(texts, Some(person.standing.role())),
            customer: person.standing.customer().map(ToString::to_string).unwrap_or_default(),
            role_means: texts.with("role-change-means", &blanks()),
            removal_means: texts.with(removal, &blanks()),
        }
    }
}

#[derive(Template)]
#[template(path = "invited.html")]
struct InvitedPage {
    frame: Frame,
    title: String,
    intro: String,
    address: String,
}

impl InvitedPage {
    fn new(texts: Texts, app: &App, caller: &Caller, name: &str, invited: &Invited) -> Self {
        let live = app.live();
        let words = frame::words(texts, &live);
        let key = if invited.is_reset { "invited-again" } else { "invited" };
        let title = texts.with("invited-title", &[("name", name.into())]);
        let blanks = [("name", name.into()), ("until", words.moment(invited.expires_at).into())];
        Self {
            frame: Frame::new(&words, &live, "/people", title.clone()),
            title,
            intro: texts.with(key, &blanks),
            address: format!("{}/join/{}", caller.origin, invited.secret.reveal()),
        }
    }
}
