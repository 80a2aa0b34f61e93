//! Who may use a route: the token that a request brings or the session that it shows, held against what the table says.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::forms::{self, Unfit};
use super::language::negotiate;
use super::routes::{Access, Kind, Method, Route};
use super::visitor::Visitor;
use super::{App, problem};
use crate::access::{Refused, Scope, Token};
use crate::accounts::Role;
use crate::wording::Texts;

/// The name of the token that a request was let in with.
#[derive(Debug, Clone)]
pub(super) struct Bearer(pub(super) String);

/// The vantage point that the token of a request speaks for, if it does for one.
#[derive(Debug, Clone)]
pub(super) struct SpeaksFor(pub(super) Option<String>);

/// That a request was let in as one that may read everything, by a token or as somebody.
#[derive(Debug, Clone)]
pub(super) struct Trusted;

/// Lets a request pass, or says why not.
pub(super) async fn authorize(
    State((app, route)): State<(App, &'static Route)>,
    mut request: Request,
    next: Next,
) -> Response {
    let visitor = Visitor::current();
    match admit(&app, route, &visitor, &request) {
        Ok(Admitted::AsAnybody) => {}
        Ok(Admitted::AsPerson) => _ = request.extensions_mut().insert(Trusted),
        Ok(Admitted::By(token)) => mark(&mut request, token),
        Err(refusal) => return refusal.answer(&app, &request),
    }
    // Whatever a session alone lets in could be sent by a foreign page, whichever kind it is of.
    let by_session = matches!(route.access, Access::Person(_) | Access::SignedIn);
    if route.method == Method::Post && (route.kind == Kind::Page || by_session) {
        return fill_in(&app, route, &visitor, request, next).await;
    }
    next.run(request).await
}

/// Answers a form, if a page of ours sent it.
async fn fill_in(app: &App, route: &Route, visitor: &Visitor, request: Request, next: Next) -> Response {
    // Forms that nobody has to be signed in for carry nothing of a session.
    let signed = visitor.signed().filter(|_| route.access != Access::Everybody);
    let texts = Texts(negotiate(request.headers()));
    match forms::check(request, signed.map(|signed| &**signed)).await {
        Ok(request) => next.run(request).await,
        Err(unfit) => refuse_form(app, texts, unfit),
    }
}

fn mark(request: &mut Request, token: Token) {
    let extensions = request.extensions_mut();
    extensions.insert(Trusted);
    extensions.insert(Bearer(token.name));
    extensions.insert(SpeaksFor(token.vantage));
}

/// As what a request is let in.
enum Admitted {
    AsAnybody,
    AsPerson,
    By(Token),
}

/// Why a request is not let in.
enum Refusal {
    /// It must bring a token, or a better one.
    Token(Refused, Scope),
    /// Nobody is signed in.
    SignIn(Kind),
    /// Who is signed in may not do this.
    Role(Kind),
    /// The accounts cannot be read.
    Unreadable(Kind),
}

/// What the table says of this request.
fn admit(app: &App, route: &Route, visitor: &Visitor, request: &Request) -> Result<Admitted, Refusal> {
    let needed = match route.access {
        Access::Everybody => return Ok(Admitted::AsAnybody),
        Access::Person(role) => Some(role),
        Access::SignedIn => None,
        Access::Token(scope) => return by_token(app, route, scope, visitor, request),
        Access::TokenForCustomers(scope) => {
            let names = request.uri().query().is_some_and(|query| query.split('&').any(names_customers));
            return if names { by_token(app, route, scope, visitor, request) } else { Ok(Admitted::AsAnybody) };
        }
    };
    match visitor {
        Visitor::Nobody => Err(Refusal::SignIn(route.kind)),
        Visitor::Unreadable => Err(Refusal::Unreadable(route.kind)),
        Visitor::Person(_) if needed.is_none_or(|role| visitor.may(role)) => Ok(Admitted::AsPerson),
        Visitor::Person(_) => Err(Refusal::Role(route.kind)),
    }
}

/// The token that a request must bring. Whoever is signed in and may see everything may read without one.
fn by_token(app: &App, route: &Route, scope: Scope, visitor: &Visitor, request: &Request) -> Result<Admitted, Refusal> {
    let mut given = request.headers().get_all(header::AUTHORIZATION).iter();
    let first = given.next();
    if first.is_none() && (scope, route.method) == (Scope::Read, Method::Get) {
        match visitor {
            Visitor::Person(_) if visitor.may(Role::Viewer) => return Ok(Admitted::AsPerson),
            Visitor::Person(_) => return Err(Refusal::Role(route.kind)),
            Visitor::Unreadable => return Err(Refusal::Unreadable(route.kind)),
            Visitor::Nobody => {}
        }
    }
    let one = first.filter(|_| given.next().is_none()).and_then(|value| value.to_str().ok());
    app.web.tokens.find(one, scope).map(Admitted::By).map_err(|refused| Refusal::Token(refused, scope))
}

/// Whether a part of a query asks for customers, or for an earlier moment, which costs a reading of the whole ledger; however
/// its name is escaped: when in doubt, it does.
fn names_customers(part: &str) -> bool {
    let name = part.split('=').next().unwrap_or("");
    name == "customer" || name == "as_known_at" || name.contains('%') || name.contains('+')
}

impl Refusal {
    fn answer(self, app: &App, request: &Request) -> Response {
        let page = |status, keys: [&str; 2]| problem::page(app, Texts(negotiate(request.headers())), status, keys);
        let is_page = |kind| matches!(kind, Kind::Page | Kind::Download);
        match self {
            Self::Token(refused, scope) => refuse(refused, scope),
            Self::SignIn(kind) if is_page(kind) && matches!(request.method().as_str(), "GET" | "HEAD") => {
                to_sign_in(request)
            }
            Self::SignIn(kind) if is_page(kind) => {
                unauthorized(page(StatusCode::UNAUTHORIZED, ["signed-out", "signed-out-advice"]))
            }
            Self::Role(kind) if is_page(kind) => page(StatusCode::FORBIDDEN, ["wrong-role", "wrong-role-advice"]),
            Self::Unreadable(kind) if is_page(kind) => {
                page(StatusCode::SERVICE_UNAVAILABLE, ["accounts-unreadable", "accounts-unreadable-advice"])
            }
            Self::SignIn(_) => {
                let detail = "sign in at /sign-in";
                unauthorized(problem::json(StatusCode::UNAUTHORIZED, "signed-out", detail))
            }
            Self::Role(_) => {
                let detail = "who is signed in may not read this";
                problem::json(StatusCode::FORBIDDEN, "wrong-role", detail)
            }
            Self::Unreadable(_) => problem::json(
                StatusCode::SERVICE_UNAVAILABLE,
                "accounts-unreadable",
                "the accounts cannot be read, so that nobody is let in; the server's log says why",
            ),
        }
    }
}

/// Leads to the page for signing in, and from there back.
fn to_sign_in(request: &Request) -> Response {
    let wanted = request.uri().path_and_query().map_or("/", |wanted| wanted.as_str());
    let escaped: String = wanted.bytes().map(escape).collect();
    (StatusCode::SEE_OTHER, [(header::LOCATION, format!("/sign-in?next={escaped}"))]).into_response()
}

fn escape(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    }
}

/// An answer of 401 must name a way to come in.
fn unauthorized(mut response: Response) -> Response {
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Session realm=\"/sign-in\""));
    response
}

fn refuse_form(app: &App, texts: Texts, unfit: Unfit) -> Response {
    let (status, keys) = match unfit {
        Unfit::Unreadable => (StatusCode::BAD_REQUEST, ["form-unreadable", "form-unreadable-advice"]),
        Unfit::Foreign => (StatusCode::FORBIDDEN, ["form-foreign", "form-foreign-advice"]),
        Unfit::NoToken => (StatusCode::FORBIDDEN, ["form-old", "form-old-advice"]),
    };
    problem::page(app, texts, status, keys)
}

fn refuse(refused: Refused, scope: Scope) -> Response {
    match refused {
        Refused::Unknown => {
            let detail = format!("bring a token with the scope `{scope}`: `Authorization: Bearer …`");
            let mut response = problem::json(StatusCode::UNAUTHORIZED, "no-token", &detail);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            response
        }
        Refused::Forbidden(scope) => {
            let detail = format!("this token has not the scope `{scope}`; `uphold token create` makes one that has");
            problem::json(StatusCode::FORBIDDEN, "wrong-scope", &detail)
        }
        Refused::Unreadable => problem::json(
            StatusCode::SERVICE_UNAVAILABLE,
            "tokens-unreadable",
            "the file of tokens cannot be read, so that nobody is let in; the server's log says why",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_is_one_parameter_whatever_was_asked_for() {
        let location = |uri: &str| {
            let request = Request::builder().uri(uri).body(axum::body::Body::empty()).unwrap();
            to_sign_in(&request).headers()[header::LOCATION].to_str().unwrap().to_owned()
        };
        assert_eq!(location("/checks"), "/sign-in?next=/checks");
        assert_eq!(location("/checks?a=b&next=//evil"), "/sign-in?next=/checks%3Fa%3Db%26next%3D//evil");
    }

    #[test]
    fn a_customer_is_seen_in_a_query_however_it_is_spelled() {
        for part in ["customer=a", "customer", "%63ustomer=a", "cust+omer=a", "as_known_at=x"] {
            assert!(names_customers(part), "{part}");
        }
        assert!(!names_customers("period=2026-11"));
    }
}
