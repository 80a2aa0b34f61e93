//! What a provider says of itself, and the parts of its answers that are used.

use serde::Deserialize;
use uphold_probe::url::Url;

use super::error::Flaw;
use super::returned::plain;
use crate::config::sign_in::is_private;

/// A provider's description of itself, as far as it is used (OpenID Connect Discovery 1.0, section 3).
#[derive(Debug)]
pub(super) struct Metadata {
    /// Where people are sent.
    pub(super) authorization: Url,
    /// Where what they bring back is handed in.
    pub(super) token: Url,
    /// Where the keys are.
    pub(super) keys: Url,
    /// Whether the client's secret goes into the form, since it is not taken in the header.
    pub(super) takes_secret_in_form: bool,
    /// Whether what people bring back always says from whom.
    pub(super) says_issuer: bool,
}

#[derive(Deserialize)]
struct Written {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// Reads a description, which must be that of `issuer`.
    pub(super) fn read(document: &[u8], issuer: &str) -> Result<Self, Flaw> {
        let written: Written = serde_json::from_slice(document).map_err(|_| Flaw::Unreadable)?;
        if written.issuer != issuer {
            return Err(Flaw::OtherIssuer);
        }
        let address = |key, text: &str| Url::parse(text).ok().filter(is_private).ok_or(Flaw::Address(key));
        let methods = written.token_endpoint_auth_methods_supported;
        let names = |name: &str| methods.iter().flatten().any(|method| method == name);
        Ok(Self {
            authorization: address("authorization_endpoint", &written.authorization_endpoint)?,
            token: address("token_endpoint", &written.token_endpoint)?,
            keys: address("jwks_uri", &written.jwks_uri)?,
            takes_secret_in_form: names("client_secret_post") && !names("client_secret_basic"),
            says_issuer: written.authorization_response_iss_parameter_supported,
        })
    }

    #[cfg(test)]
    pub(super) fn sample() -> Self {
        let document = br#"{"issuer":"https://id.example","authorization_endpoint":"https://id.example/a",
            "token_endpoint":"https://id.example/t","jwks_uri":"https://id.example/k"}"#;
        Self::read(document, "https://id.example").unwrap()
    }
}

/// The token that says who somebody is, of the answer that carries it.
pub(super) fn id_token(answer: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Written {
        id_token: String,
    }
    serde_json::from_slice::<Written>(answer).ok().map(|written| written.id_token)
}

/// The code of the error that an answer tells (RFC 6749, section 5.2).
pub(super) fn error_of(answer: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Written {
        error: String,
    }
    serde_json::from_slice::<Written>(answer).ok().map(|written| plain(&written.error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"issuer":"https://id.example/","authorization_endpoint":"https://id.example/a?b=c",
        "token_endpoint":"https://id.example/t","jwks_uri":"http://127.0.0.1:8080/k",
        "token_endpoint_auth_methods_supported":["client_secret_post"],"other":[1]}"#;

    #[test]
    fn a_description_is_of_the_very_issuer_and_leads_nowhere_unencrypted() {
        let read = |text: &str| Metadata::read(text.as_bytes(), "https://id.example/");
        let good = read(GOOD).unwrap();
        assert!(good.takes_secret_in_form && !good.says_issuer);
        let both = read(&GOOD.replace("[\"client", "[\"client_secret_basic\",\"client")).unwrap();
        assert!(!both.takes_secret_in_form);
        for (from, to, flaw) in [
            ("example/\"", "example\"", Flaw::OtherIssuer),
            ("https://id.example/\"", "https://evil.example/\"", Flaw::OtherIssuer),
            ("https://id.example/t", "http://id.example/t", Flaw::Address("token_endpoint")),
            ("https://id.example/a", "javascript:alert", Flaw::Address("authorization_endpoint")),
            ("http://127.0.0.1:8080/k", "file:///etc/passwd", Flaw::Address("jwks_uri")),
            ("\"jwks_uri\"", "\"jwks\"", Flaw::Unreadable),
            ("{", "[", Flaw::Unreadable),
        ] {
            assert_eq!(read(&GOOD.replacen(from, to, 1)).unwrap_err(), flaw, "{to}");
        }
    }

    #[test]
    fn of_an_error_its_code_is_kept_and_nothing_else() {
        assert_eq!(error_of(br#"{"error":"invalid_grant","error_description":"x"}"#).as_deref(), Some("invalid_grant"));
        assert_eq!(error_of(b"<html>"), None);
    }
}
