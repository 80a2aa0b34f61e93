//! What every request passes: the host name check, the choice of a language, and the headers of every answer.

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use uphold_core::agreement::Language;

use super::visitor::Visitor;
use super::{App, problem, routes};

const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

/// Refuses foreign host names, answers a choice of language, and sets the headers of every answer.
pub(super) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = match check_host(request.uri(), request.headers(), &app.web.allowed_hosts) {
        Ok(()) => match language_redirect(&request) {
            Some(redirect) => redirect,
            None => visited(&app, request, next).await,
        },
        Err(refusal) => refusal.respond(request.uri().path()),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        // An answer that has a header of its own has a stricter one.
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Answers a request in the name of whoever's session it shows.
async fn visited(app: &App, mut request: Request, next: Next) -> Response {
    let visitor = Visitor::of(app, request.headers()).await;
    request.extensions_mut().insert(visitor.clone());
    visitor.answer(next.run(request)).await
}

/// Why a request's host is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refused {
    Missing,
    Foreign,
}

impl Refused {
    fn respond(self, path: &str) -> Response {
        let (status, code, detail) = match self {
            Self::Missing => {
                (StatusCode::BAD_REQUEST, "missing-host", "the request names no single host; send one Host header")
            }
            Self::Foreign => (
                StatusCode::MISDIRECTED_REQUEST,
                "foreign-host",
                "Uphold does not answer under this host name; if it should, name it with `--allowed-host`",
            ),
        };
        if problem::is_api(path) {
            problem::json(status, code, detail)
        } else {
            // Plain text: under a foreign name a page could not load its own style sheet.
            (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{detail}\n")).into_response()
        }
    }
}

fn check_host(uri: &Uri, headers: &HeaderMap, allowed: &[String]) -> Result<(), Refused> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return Err(Refused::Missing) };
    let host = host.to_str().map_err(|_| Refused::Foreign)?;
    let known = |authority: &str| allowed.iter().any(|name| name.eq_ignore_ascii_case(without_port(authority)));
    match uri.authority() {
        // The absolute form names the host a second time; both must be ours.
        Some(authority) if !known(authority.as_str()) => Err(Refused::Foreign),
        _ if known(host) => Ok(()),
        _ => Err(Refused::Foreign),
    }
}

pub(super) fn without_port(authority: &str) -> &str {
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !port.is_empty() => name,
        _ => authority,
    };
    name.strip_suffix('.').unwrap_or(name)
}

/// `?lang=` on a page stores the choice and leads to the same page without it. Only known pages redirect, so that no path
/// can be made to lead elsewhere.
fn language_redirect(request: &Request) -> Option<Response> {
    let path = request.uri().path();
    let query = request.uri().query().filter(|_| routes::is_page(path))?;
    let parts = || query.split('&');
    let chosen = parts().find_map(|part| part.strip_prefix("lang=")).and_then(Language::find)?;
    let rest: Vec<&str> = parts().filter(|part| !part.starts_with("lang=") && !part.is_empty()).collect();
    let target = if rest.is_empty() { path.to_owned() } else { format!("{path}?{}", rest.join("&")) };
    let cookie = format!("lang={}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly", chosen.code());
    Some((StatusCode::SEE_OTHER, [(header::LOCATION, target), (header::SET_COOKIE, cookie)]).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str, host: &str) -> Result<(), Refused> {
        let allowed = super::super::LOOPBACK_HOSTS.map(str::to_owned);
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
        check_host(&uri.parse().unwrap(), &headers, &allowed)
    }

    #[test]
    fn loopback_names_pass_with_and_without_a_port() {
        for host in ["localhost", "LocalHost:8080", "127.0.0.1:1", "[::1]", "[::1]:8080", "localhost."] {
            assert_eq!(check("/", host), Ok(()), "{host}");
        }
    }

    #[test]
    fn a_name_that_someone_else_points_here_is_refused() {
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "", "::1", "[::2]:80"] {
            assert_eq!(check("/", host), Err(Refused::Foreign), "{host}");
        }
        assert_eq!(check("http://evil.example/", "localhost"), Err(Refused::Foreign));
        assert_eq!(check_host(&"/".parse().unwrap(), &HeaderMap::new(), &[]), Err(Refused::Missing));
    }
}
