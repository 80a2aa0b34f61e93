//! Who may use a route: the token that a request brings, held against what the table says.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::routes::Access;
use super::{App, problem};
use crate::access::{Refused, Scope, Token};

/// The name of the token that a request was let in with.
#[derive(Debug, Clone)]
pub(super) struct Bearer(pub(super) String);

/// The vantage point that the token of a request speaks for, if it does for one.
#[derive(Debug, Clone)]
pub(super) struct SpeaksFor(pub(super) Option<String>);

/// Lets a request pass, or says why not.
pub(super) async fn authorize(
    State((app, access)): State<(App, Access)>,
    mut request: Request,
    next: Next,
) -> Response {
    match bearer(&app, access, request.uri().query(), request.headers()) {
        Ok(Some(token)) => {
            request.extensions_mut().insert(Bearer(token.name));
            request.extensions_mut().insert(SpeaksFor(token.vantage));
        }
        Ok(None) => {}
        Err((refused, scope)) => return refuse(refused, scope),
    }
    next.run(request).await
}

/// The token that a request must bring, if it must.
fn bearer(
    app: &App,
    access: Access,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Option<Token>, (Refused, Scope)> {
    let scope = match access {
        Access::Everybody => return Ok(None),
        Access::Token(scope) => scope,
        Access::TokenForCustomers(scope) => match query.is_some_and(|query| query.split('&').any(names_customers)) {
            true => scope,
            false => return Ok(None),
        },
    };
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let one = given.next().filter(|_| given.next().is_none()).and_then(|value| value.to_str().ok());
    app.web.tokens.find(one, scope).map(Some).map_err(|refused| (refused, scope))
}

/// Whether a part of a query asks for customers, or for an earlier moment, which costs a reading of the whole ledger; however
/// its name is escaped: when in doubt, it does.
fn names_customers(part: &str) -> bool {
    let name = part.split('=').next().unwrap_or("");
    name == "customer" || name == "as_known_at" || name.contains('%') || name.contains('+')
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
