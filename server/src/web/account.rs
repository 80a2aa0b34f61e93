//! One's own account: the password, and the sessions.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use serde::Deserialize;
use uphold_probe::url::Url;

use super::frame::{self, Frame};
use super::identity::subject_of;
use super::language::Reader;
use super::sign_in::{refuse, signed_in, unreadable};
use super::visitor::{Caller, Signed, forget};
use super::{App, problem};
use crate::accounts::{AccountsError, LENGTH_MIN, Link, Role, SessionEntry, SignInError, SignedIn, Ways};
use crate::identity::IdentityProvider;
use crate::wording::{Texts, Words};

/// `GET /account`
pub(super) async fn show(State(app): State<App>, Reader(texts): Reader, Signed(signed): Signed) -> Response {
    match known(&app, &signed).await {
        Ok(known) => frame::respond(StatusCode::OK, texts, &AccountPage::new(texts, &app, &signed, &known, None)),
        Err(error) => unreadable(&app, texts, &error),
    }
}

/// What is shown of an account: its sessions, and the ways into it.
type Known = (Vec<SessionEntry>, Ways);

async fn known(app: &App, signed: &SignedIn) -> Result<Known, AccountsError> {
    let id = signed.person.id;
    app.web.accounts.ask(move |store, now| Ok((store.sessions(id, now)?, store.ways(id)?))).await
}

/// What the form for another password says.
#[derive(Deserialize)]
pub(super) struct NewPassword {
    old: String,
    password: String,
    again: String,
}

/// `POST /account/password`
pub(super) async fn change_password(
    State(app): State<App>,
    Reader(texts): Reader,
    Signed(signed): Signed,
    caller: Caller,
    Form(filled): Form<NewPassword>,
) -> Response {
    let NewPassword { old, password, again } = filled;
    let done = match password == again {
        true => app.web.accounts.change_password(&signed, &old, password, caller.browser).await.map_err(Wrong::Refused),
        false => Err(Wrong::Differs),
    };
    match done {
        Ok(secret) => signed_in(&secret, "/account"),
        Err(wrong) => again_with(&app, texts, &signed, wrong).await,
    }
}

/// What is wrong with the form for another password.
enum Wrong {
    Differs,
    Refused(SignInError),
}

/// The page again, with what is wrong.
async fn again_with(app: &App, texts: Texts, signed: &Arc<SignedIn>, wrong: Wrong) -> Response {
    let known = match known(app, signed).await {
        Ok(known) => known,
        Err(error) => return unreadable(app, texts, &error),
    };
    let again = |said| {
        let page = AccountPage::new(texts, app, signed, &known, Some(said));
        frame::respond(StatusCode::UNPROCESSABLE_ENTITY, texts, &page)
    };
    match wrong {
        Wrong::Differs => again(texts.get("password-differs")),
        Wrong::Refused(error) => refuse(app, texts, error, again),
    }
}

/// Which sessions are to end.
#[derive(Deserialize)]
pub(super) struct Ended {
    /// The number of one; all of them without it.
    session: Option<i64>,
}

/// `POST /account/sessions`
pub(super) async fn end_sessions(
    State(app): State<App>,
    Reader(texts): Reader,
    Signed(signed): Signed,
    Form(ended): Form<Ended>,
) -> Response {
    let (person, own) = (signed.person.id, signed.session);
    let goes_on = ended.session.is_some_and(|session| session != own);
    match app.web.accounts.ask(move |store, _| store.end_sessions(person, ended.session)).await {
        Ok(_) if goes_on => Redirect::to("/account").into_response(),
        Ok(_) => (AppendHeaders([forget()]), Redirect::to("/sign-in")).into_response(),
        Err(error) => unreadable(&app, texts, &error),
    }
}

/// The key of the name of a role.
pub(super) fn role_key(role: Role) -> &'static str {
    match role {
        Role::Operator => "role-operator",
        Role::Viewer => "role-viewer",
        Role::Customer => "role-customer",
    }
}

/// The answer to what the accounts do not let be.
pub(super) fn refused(app: &App, texts: Texts, error: &AccountsError) -> Response {
    let (status, keys) = match error {
        AccountsError::BadName(_) => (StatusCode::UNPROCESSABLE_ENTITY, ["bad-name", "bad-name-advice"]),
        AccountsError::NameTaken(_) => (StatusCode::CONFLICT, ["name-taken", "name-taken-advice"]),
        AccountsError::NoSuchPerson(_) => (StatusCode::NOT_FOUND, ["no-such-person", "no-such-person-advice"]),
        AccountsError::BadCustomer(_) | AccountsError::NoCustomer | AccountsError::NotACustomer(_) => {
            (StatusCode::UNPROCESSABLE_ENTITY, ["bad-customer", "bad-customer-advice"])
        }
        AccountsError::OtherRole(_) | AccountsError::NoRole(_) => {
            (StatusCode::CONFLICT, ["other-role", "other-role-advice"])
        }
        AccountsError::LastOperator(_) => (StatusCode::CONFLICT, ["last-operator", "last-operator-advice"]),
        AccountsError::NoSuchInvitation => (StatusCode::NOT_FOUND, ["link-used", "link-used-advice"]),
        AccountsError::IdentityTaken => (StatusCode::CONFLICT, ["identity-taken", "identity-taken-advice"]),
        AccountsError::LastWayIn => (StatusCode::CONFLICT, ["last-way-in", "last-way-in-advice"]),
        AccountsError::Changed => (StatusCode::CONFLICT, ["changed-meanwhile", "changed-meanwhile-advice"]),
        _ => return unreadable(app, texts, error),
    };
    problem::page(app, texts, status, keys)
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    name: String,
    role: String,
    since: String,
    rule: String,
    wrong: Option<String>,
    sessions: Vec<SessionView>,
    has_password: bool,
    /// The identity provider, where there is one.
    identity: Option<IdentityView>,
    /// Links to providers that are asked no more.
    idle: Option<IdleView>,
}

struct IdentityView {
    title: String,
    /// How it stands.
    said: String,
    /// As whom it is linked.
    subject: Option<String>,
    /// The name of the button.
    button: String,
}

struct IdleView {
    /// What that means, and what to do.
    said: String,
    /// Whether there is no other way in, which is urgent.
    is_alone: bool,
    links: Vec<IdleLinkView>,
}

struct IdleLinkView {
    issuer: String,
    host: String,
    since: String,
    subject: String,
}

struct SessionView {
    id: i64,
    /// What the browser is called, or else all that it says of itself.
    browser: String,
    whole: Option<String>,
    began: String,
    seen: String,
    is_own: bool,
}

/// What people call a browser and what it runs on, where it says both in the usual way.
fn browser_name(said: &str) -> Option<String> {
    // Each says that it is the one after it, too.
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 7] = [
        ("iPhone", "iOS"),
        ("iPad", "iOS"),
        ("Android", "Android"),
        ("CrOS", "ChromeOS"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let find =
        |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| said.contains(mark)).map(|(_, name)| *name);
    Some(format!("{}, {}", find(&BROWSERS)?, find(&SYSTEMS)?))
}

impl AccountPage {
    fn new(texts: Texts, app: &App, signed: &SignedIn, (sessions, ways): &Known, wrong: Option<String>) -> Self {
        let live = app.live();
        let words = frame::words(texts, &live);
        let session = |entry: &SessionEntry| SessionView {
            id: entry.id,
            browser: match (entry.browser.as_str(), browser_name(&entry.browser)) {
                ("", _) => texts.get("session-unnamed"),
                (whole, None) => whole.to_owned(),
                (_, Some(name)) => name,
            },
            whole: Some(entry.browser.clone()).filter(|whole| !whole.is_empty()),
            began: words.moment(entry.created_at),
            seen: words.moment(entry.seen_at),
            is_own: entry.id == signed.session,
        };
        Self {
            frame: Frame::new(&words, &live, "/account", texts.get("account")),
            name: signed.person.name.clone(),
            role: texts.get(role_key(signed.person.standing.role())),
            since: words.moment(signed.person.created_at),
            rule: texts.with("password-rule", &[("n", i64::try_from(LENGTH_MIN).unwrap_or_default().into())]),
            wrong,
            sessions: sessions.iter().map(session).collect(),
            has_password: ways.has_password,
            identity: app.web.identity_provider.as_ref().map(|provider| IdentityView::new(&words, provider, ways)),
            idle: IdleView::new(&words, app.web.identity_provider.as_ref(), ways),
        }
    }
}

impl IdentityView {
    fn new(words: &Words, provider: &IdentityProvider, ways: &Ways) -> Self {
        let link = ways.links.iter().find(|link| link.identity.issuer == provider.issuer());
        let (said, button) = match (link, ways.has_password) {
            (Some(_), true) => ("identity-linked", "identity-unlink"),
            (Some(_), false) => ("identity-linked-alone", "identity-unlink"),
            (None, true) => ("identity-unlinked", "identity-link"),
            (None, false) => ("identity-unlinked-alone", "identity-link"),
        };
        let since = link.map_or_else(String::new, |link| words.moment(link.linked_at));
        let blanks = [("provider", provider.name().into()), ("since", since.into())];
        let [title, said, button] = ["identity-title", said, button].map(|key| words.texts.with(key, &blanks));
        Self { title, said, subject: link.map(|link| subject_of(&link.identity)), button }
    }
}

impl IdleView {
    /// The links that nobody comes in through, where there are any.
    fn new(words: &Words, provider: Option<&IdentityProvider>, ways: &Ways) -> Option<Self> {
        let is_idle = |link: &&Link| provider.is_none_or(|provider| provider.issuer() != link.identity.issuer);
        let links: Vec<_> = ways.links.iter().filter(is_idle).map(|link| IdleLinkView::new(words, link)).collect();
        let is_alone = !ways.has_password && links.len() == ways.links.len();
        let said = if is_alone { "identity-idle-alone" } else { "identity-idle" };
        (!links.is_empty()).then(|| Self { said: words.texts.get(said), is_alone, links })
    }
}

impl IdleLinkView {
    fn new(words: &Words, Link { identity, linked_at }: &Link) -> Self {
        let host = Url::parse(&identity.issuer).map_or_else(|_| identity.issuer.clone(), |url| url.host().to_string());
        let (since, subject) = (words.moment(*linked_at), subject_of(identity));
        Self { issuer: identity.issuer.clone(), host, since, subject }
    }
}

#[cfg(test)]
mod tests {
    use super::browser_name;

    #[test]
    fn a_browser_is_called_what_people_call_it() {
        for (said, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36",
                "Chrome, Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36 Edg/150.0",
                "Edge, Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
                "Safari, macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/604.1",
                "Safari, iOS",
            ),
            ("Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox, Android"),
        ] {
            assert_eq!(browser_name(said).as_deref(), Some(name), "{said}");
        }
        assert_eq!(browser_name("curl/8.5.0"), None);
        assert_eq!(browser_name(""), None);
    }
}
