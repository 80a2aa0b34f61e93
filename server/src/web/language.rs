//! Languages: which one a reader is answered in. The texts themselves are in [`crate::wording`].

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::{self, HeaderMap};
use axum::http::request::Parts;
use uphold_core::agreement::Language;

use crate::wording::Texts;

/// The reader of a request, by the language that suits it.
pub(super) struct Reader(pub(super) Texts);

impl<S: Sync> FromRequestParts<S> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Texts(negotiate(&parts.headers))))
    }
}

/// The language of the cookie, else the one that the browser likes best, else English.
pub(super) fn negotiate(headers: &HeaderMap) -> Language {
    let texts = |name| headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let cookie = texts(header::COOKIE)
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix("lang="))
        .and_then(Language::find);
    let liked = || {
        let mut best: Option<(u32, Language)> = None;
        for (weight, language) in texts(header::ACCEPT_LANGUAGE).flat_map(|line| line.split(',')).filter_map(liking) {
            if best.is_none_or(|(most, _)| weight > most) {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    };
    cookie.or_else(liked).unwrap_or(Language::En)
}

/// One entry such as `ja-JP;q=0.8`, with its weight in thousandths. A weight of nothing refuses the language.
fn liking(entry: &str) -> Option<(u32, Language)> {
    let (tag, rest) = entry.split_once(';').unwrap_or((entry, ""));
    let primary = tag.trim().split('-').next()?.to_ascii_lowercase();
    let language = if primary == "*" { Language::En } else { Language::find(&primary)? };
    let weight = match rest.trim().strip_prefix("q=") {
        None => 1000,
        Some(q) => {
            let (whole, fraction) = q.split_once('.').unwrap_or((q, ""));
            let digits = |text: &str| text.parse::<u32>().ok();
            (digits(whole)? * 1000 + digits(&format!("{fraction:0<3.3}"))?).min(1000)
        }
    };
    (weight > 0).then_some((weight, language))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiated(cookie: &str, accept: &str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, cookie.parse().unwrap());
        headers.insert(header::ACCEPT_LANGUAGE, accept.parse().unwrap());
        negotiate(&headers)
    }

    #[test]
    fn the_cookie_wins_then_the_heaviest_liking_then_english() {
        assert_eq!(negotiated("a=b; lang=ja", "en"), Language::Ja);
        assert_eq!(negotiated("lang=xx", "ja-JP,en;q=0.9"), Language::Ja);
        assert_eq!(negotiated("", "ja;q=0.5, en-GB;q=0.8"), Language::En);
        assert_eq!(negotiated("", "de, ja;q=0.2, en;q=0"), Language::Ja);
        assert_eq!(negotiated("", "fr"), Language::En);
        assert_eq!(negotiated("", "ja;q=zzz, *;q=0.1"), Language::En);
    }
}
