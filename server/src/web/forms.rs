//! Forms: that a page of ours sent them, on behalf of whoever is signed in.
//!
//! Two checks that do not rest on each other. The browser says where a request comes from (`Sec-Fetch-Site`, `Origin`), which no
//! page can make it say wrongly. And a form for somebody who is signed in carries what only a page of theirs shows. Both
//! are held against every form before its handler runs, so that no handler can forget them.

use axum::Form;
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::header::{self, HeaderMap};
use axum::http::request::Parts;

use super::guard::without_port;
use crate::accounts::SignedIn;

/// The longest form, in bytes.
const LENGTH_MAX: usize = 256 << 10;

/// The field that carries what only a page of whoever is signed in shows.
const TOKEN: &str = "csrf";

/// Why a form is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It is longer than any form of ours, or none.
    Unreadable,
    /// It comes from elsewhere, or the browser does not say from where.
    Foreign,
    /// It does not carry what it must.
    NoToken,
}

/// The same request, if it is a form of ours.
pub(super) async fn check(request: Request, signed: Option<&SignedIn>) -> Result<Request, Unfit> {
    if !is_ours(request.headers()) {
        return Err(Unfit::Foreign);
    }
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, LENGTH_MAX).await.map_err(|_| Unfit::Unreadable)?;
    let fields = fields(&parts, body.clone()).await?;
    if let Some(signed) = signed {
        let mut tokens = fields.iter().filter(|(name, _)| name == TOKEN).map(|(_, value)| value);
        let is_right =
            matches!((tokens.next(), tokens.next()), (Some(token), None) if is_same(token, &signed.form_token));
        if !is_right {
            return Err(Unfit::NoToken);
        }
    }
    Ok(Request::from_parts(parts, Body::from(body)))
}

async fn fields(parts: &Parts, body: bytes::Bytes) -> Result<Vec<(String, String)>, Unfit> {
    let request = Request::from_parts(parts.clone(), Body::from(body));
    Form::from_request(request, &()).await.map(|Form(fields)| fields).map_err(|_| Unfit::Unreadable)
}

/// Whether the browser says that a page of this very server sent it.
fn is_ours(headers: &HeaderMap) -> bool {
    let one = |name: &str| {
        let mut all = headers.get_all(name).iter();
        match (all.next(), all.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
            (Some(_), Some(_)) => Err(()),
        }
    };
    let (Ok(site), Ok(origin), Ok(Some(host))) = (one("sec-fetch-site"), one("origin"), one(header::HOST.as_str()))
    else {
        return false;
    };
    let is_own = |origin: &str| {
        let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        authority.is_some_and(|authority| is_same_host(authority, host))
    };
    // One of the two must be there: every browser of these years sends both.
    (site.is_some() || origin.is_some()) && site.is_none_or(|site| site == "same-origin") && origin.is_none_or(is_own)
}

/// Whether two authorities are one server. A proxy may leave the port out of what it hands on.
fn is_same_host(a: &str, b: &str) -> bool {
    let port = |authority: &str| authority[without_port(authority).len()..].to_owned();
    let (pa, pb) = (port(a), port(b));
    without_port(a).eq_ignore_ascii_case(without_port(b)) && (pa == pb || pa.is_empty() || pb.is_empty())
}

/// Compares in a time that says nothing of where two texts differ.
fn is_same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_browser_says_is_ours_is_ours() {
        let ours = |headers: &[(&'static str, &str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(*name, value.parse().unwrap());
            }
            is_ours(&map)
        };
        let host = ("host", "sla.example.com:8443");
        assert!(ours(&[host, ("origin", "https://sla.example.com:8443"), ("sec-fetch-site", "same-origin")]));
        assert!(ours(&[host, ("origin", "https://sla.example.com:8443")]));
        assert!(ours(&[("host", "sla.example.com"), ("origin", "https://sla.example.com:8443")]));
        for bad in [
            &[host][..],
            &[host, ("origin", "null")],
            &[host, ("origin", "https://evil.example")],
            &[host, ("origin", "https://sla.example.com:9000")],
            &[host, ("origin", "https://sla.example.com.evil.example:8443")],
            &[host, ("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")],
            &[host, ("origin", "https://sla.example.com:8443"), ("sec-fetch-site", "cross-site")],
            &[host, ("sec-fetch-site", "same-site")],
            &[host, ("sec-fetch-site", "none")],
            &[host, ("origin", "https://sla.example.com:8443"), ("origin", "https://sla.example.com:8443")],
            &[("origin", "https://sla.example.com:8443")],
        ] {
            assert!(!ours(bad), "{bad:?}");
        }
    }

    #[test]
    fn tokens_are_compared_whole() {
        assert!(is_same("abc", "abc"));
        assert!(!is_same("abc", "abd") && !is_same("abc", "ab") && !is_same("", "abc"));
    }
}
