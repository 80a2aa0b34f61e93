//! Languages: which one a reader is answered in, and every text of the interface.
//!
//! The texts are in `locales/`, one Fluent file a language with one set of keys. How dates and lengths are put into words
//! is in [`super::words`].

use std::convert::Infallible;
use std::sync::LazyLock;

use axum::extract::FromRequestParts;
use axum::http::header::{self, HeaderMap};
use axum::http::request::Parts;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use uphold_core::agreement::Language;

const SOURCES: [(Language, &str); 2] =
    [(Language::En, include_str!("../../locales/en.ftl")), (Language::Ja, include_str!("../../locales/ja.ftl"))];

static BUNDLES: LazyLock<Vec<(Language, FluentBundle<FluentResource>)>> =
    LazyLock::new(|| SOURCES.iter().map(|(language, source)| (*language, bundle(*language, source))).collect());

fn bundle(language: Language, source: &str) -> FluentBundle<FluentResource> {
    let locale = language.code().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![locale]);
    bundle.set_use_isolating(false);
    // A test proves that both files can be read; what could be read is shown all the same.
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(partial, _)| partial);
    bundle.add_resource_overriding(resource);
    bundle
}

/// Every text of the interface in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Texts(pub(super) Language);

impl Texts {
    /// A text without blanks to fill.
    pub(super) fn get(self, key: &str) -> String {
        self.with(key, &[])
    }

    /// A text with its blanks filled. A key that does not exist is shown as it is: a test proves that there is none.
    pub(super) fn with(self, key: &str, blanks: &[(&'static str, FluentValue<'_>)]) -> String {
        let found = BUNDLES.iter().find(|(language, _)| *language == self.0);
        let Some((bundle, pattern)) = found.and_then(|(_, bundle)| Some((bundle, bundle.get_message(key)?.value()?)))
        else {
            return key.to_owned();
        };
        let blanks: FluentArgs<'_> = blanks.iter().map(|(name, value)| (*name, value.clone())).collect();
        bundle.format_pattern(pattern, Some(&blanks), &mut Vec::new()).into_owned()
    }

    /// The language's code.
    pub(super) fn code(self) -> &'static str {
        self.0.code()
    }
}

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
    use std::collections::BTreeSet;
    use std::path::Path;

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

    /// Each message's key with the blanks that it names.
    fn keys(source: &str) -> BTreeSet<(String, BTreeSet<String>)> {
        let mut found: Vec<(String, BTreeSet<String>)> = Vec::new();
        for line in source.lines() {
            if line.starts_with(|c: char| c.is_ascii_lowercase()) {
                let key = line.split('=').next().unwrap_or("").trim().to_owned();
                found.push((key, BTreeSet::new()));
            }
            let blanks = line
                .split('$')
                .skip(1)
                .map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect::<String>());
            if let Some((_, names)) = found.last_mut() {
                names.extend(blanks);
            }
        }
        found.into_iter().collect()
    }

    fn read_all(folder: &Path, into: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            into.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }

    #[test]
    fn both_files_can_be_read_and_have_the_same_keys_with_the_same_blanks() {
        for (language, source) in SOURCES {
            assert!(FluentResource::try_new(source.to_owned()).is_ok(), "{language:?}");
        }
        let [en, ja] = SOURCES.map(|(_, source)| keys(source));
        assert!(en.len() > 50, "{}", en.len());
        assert_eq!(en, ja);
    }

    #[test]
    fn no_key_is_unused_and_none_that_is_used_is_missing() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut code = String::new();
        read_all(&root.join("src/web"), &mut code);
        read_all(&root.join("templates"), &mut code);
        let keys: BTreeSet<String> = keys(SOURCES[0].1).into_iter().map(|(key, _)| key).collect();
        let unused: Vec<&String> = keys.iter().filter(|key| !code.contains(&format!("\"{key}\""))).collect();
        assert_eq!(unused, Vec::<&String>::new());
        for call in ["texts.get(\"", "texts.with(\"", "t.get(\"", "t.with(\""] {
            for used in code.split(call).skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(keys.contains(used), "`{used}` is in no file");
            }
        }
    }
}
