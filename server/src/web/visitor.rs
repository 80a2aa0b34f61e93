//! Whose session a request shows: read once for each request, and known to the frame of every page.
//!
//! A page shows at its head who is signed in, whichever page it is. So that no handler has to hand this through, or could
//! forget to, it belongs to the task that answers the request. Not here: what somebody may open (`authorize.rs`).

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::request::Parts;

use uphold_core::id::CustomerId;

use super::App;
use super::guard::without_port;
use super::routes::Access;
use crate::accounts::{Browser, Role, SESSION_LENGTH_MAX, Secret, SignedIn, Standing};

/// The cookie of a session. A browser takes one of such a name only from the host itself, over a connection that nobody can
/// listen to, for all paths.
const COOKIE: &str = "__Host-session";

tokio::task_local! {
    static VISITOR: Visitor;
}

/// Who a request comes from.
#[derive(Debug, Clone, Default)]
pub(super) enum Visitor {
    /// Somebody who is not signed in.
    #[default]
    Nobody,
    /// Somebody who is.
    Person(Arc<SignedIn>),
    /// Somebody who shows a session, and the accounts cannot be read.
    Unreadable,
}

impl Visitor {
    /// Who shows this session.
    pub(super) async fn of(app: &App, headers: &HeaderMap) -> Self {
        let Some(secret) = session(headers) else { return Self::Nobody };
        match app.web.accounts.ask(move |store, now| store.session(&secret, now)).await {
            Ok(Some(signed)) => Self::Person(Arc::new(signed)),
            Ok(None) => Self::Nobody,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the accounts cannot be read");
                Self::Unreadable
            }
        }
    }

    /// Who the request of this task comes from.
    pub(super) fn current() -> Self {
        VISITOR.try_with(Clone::clone).unwrap_or_default()
    }

    /// Answers a request of this visitor.
    pub(super) async fn answer<T>(self, answer: impl Future<Output = T>) -> T {
        VISITOR.scope(self, answer).await
    }

    /// Does work for this visitor on another thread.
    pub(super) fn during<T>(self, work: impl FnOnce() -> T) -> T {
        VISITOR.sync_scope(self, work)
    }

    /// Who is signed in.
    pub(super) fn signed(&self) -> Option<&Arc<SignedIn>> {
        match self {
            Self::Person(signed) => Some(signed),
            _ => None,
        }
    }

    /// The customer that they are of, where they are one's: by their session alone.
    pub(super) fn customer(&self) -> Option<&CustomerId> {
        match &self.signed()?.person.standing {
            Standing::Customer(customer) => Some(customer),
            Standing::Operator | Standing::Viewer => None,
        }
    }

    /// Whether whoever it is may do what this role may.
    pub(super) fn may(&self, role: Role) -> bool {
        self.signed().is_some_and(|signed| signed.person.standing.role().may(role))
    }

    /// Whether a page with this access can be opened, so that a link to it is of use.
    pub(super) fn opens(&self, access: Access) -> bool {
        match access {
            Access::Everybody => true,
            Access::Person(role) => self.may(role),
            Access::SignedIn => self.signed().is_some(),
            Access::Token(_) | Access::TokenForCustomers(_) => self.may(Role::Viewer),
        }
    }
}

/// The session that the cookies show, if they show just one.
fn session(headers: &HeaderMap) -> Option<Secret> {
    cookie(headers, COOKIE)
}

/// The secret that the cookies show under this name, if they show just one.
pub(super) fn cookie(headers: &HeaderMap, wanted: &str) -> Option<Secret> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut found = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut found = found.by_ref().filter(|(name, _)| *name == wanted);
    match (found.next(), found.next()) {
        (Some((_, value)), None) => Secret::parse(value),
        _ => None,
    }
}

/// What makes a browser keep a session.
pub(super) fn keep(secret: &Secret) -> (header::HeaderName, HeaderValue) {
    let seconds = SESSION_LENGTH_MAX.0 / 1_000;
    let cookie = format!("{COOKIE}={}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax", secret.reveal());
    (header::SET_COOKIE, HeaderValue::from_str(&cookie).expect("a secret is made of digits"))
}

/// What makes a browser forget it.
pub(super) fn forget() -> (header::HeaderName, HeaderValue) {
    let cookie = "__Host-session=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax";
    (header::SET_COOKIE, HeaderValue::from_static(cookie))
}

/// Whoever is signed in, for routes that let in nobody else.
pub(super) struct Signed(pub(super) Arc<SignedIn>);

impl<S: Sync> FromRequestParts<S> for Signed {
    type Rejection = axum::response::Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let visitor = parts.extensions.get::<Visitor>().and_then(Visitor::signed);
        // The table let somebody in who is not signed in: that is a defect, and nobody is shown anything.
        visitor.cloned().map(Self).ok_or_else(super::problem::internal)
    }
}

/// The customer of whoever is signed in. No request can name another.
pub(super) struct OwnCustomer(pub(super) CustomerId);

impl<S: Sync> FromRequestParts<S> for OwnCustomer {
    type Rejection = axum::response::Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let Signed(signed) = Signed::from_request_parts(parts, state).await?;
        Visitor::Person(signed).customer().cloned().map(Self).ok_or_else(super::problem::internal)
    }
}

/// The browser that a request comes from, and how it reached us.
pub(super) struct Caller {
    /// For the accounts.
    pub(super) browser: Browser,
    /// Whether the browser will drop the cookie of a session: it came without encryption, and not to this machine.
    pub(super) drops_cookies: bool,
    /// The address that pages are reached under, without a path.
    pub(super) origin: String,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
        let host = text("host");
        let is_here = matches!(without_port(host), "localhost" | "127.0.0.1" | "[::1]");
        // The browser itself says where a form comes from; of a page, only a proxy can say.
        let is_secure = match text("origin").split_once("://") {
            Some((scheme, _)) => scheme == "https",
            None => text("x-forwarded-proto") == "https",
        };
        let peer = parts.extensions.get::<axum::extract::ConnectInfo<std::net::SocketAddr>>().map(|info| info.0.ip());
        // A proxy on this machine says whom it speaks for; anybody else could say anything.
        let proxied = || text("x-forwarded-for").rsplit(',').next().and_then(|last| last.trim().parse().ok());
        let address = match peer {
            Some(peer) if peer.is_loopback() => proxied().or(Some(peer)),
            peer => peer,
        };
        let browser = Browser { address, name: text("user-agent").to_owned(), session: session(&parts.headers) };
        let origin = format!("{}://{host}", if is_secure { "https" } else { "http" });
        Ok(Self { browser, drops_cookies: !is_secure && !is_here, origin })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_session_is_found_among_cookies_and_two_are_none() {
        let secret = "0123456789abcdef".repeat(4);
        let found = |cookies: &[String]| {
            let mut headers = HeaderMap::new();
            for cookie in cookies {
                headers.append(header::COOKIE, cookie.parse().unwrap());
            }
            session(&headers).map(|secret| secret.reveal().to_owned())
        };
        let cookie = format!("__Host-session={secret}");
        assert_eq!(found(&[format!("lang=ja; {cookie}")]), Some(secret.clone()));
        assert_eq!(found(&[cookie.clone(), cookie.clone()]), None);
        assert_eq!(found(&[format!("{cookie}; {cookie}")]), None);
        assert_eq!(found(&[format!("session={secret}"), "__Host-session=".to_owned()]), None);
    }
}
