//! The ID token: that the provider signed it, for us, for this sign-in, and not too long ago (OpenID Connect Core 1.0,
//! section 3.1.3.7).
//!
//! Two algorithms are known, each with its kind of key. What a token says of its algorithm chooses among these two and
//! nothing else, so that neither `none` nor a public key taken for a shared secret has a way through.

use std::error::Error;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use uphold_core::time::{Instant, Millis};

use super::shown::Shown;

/// How far the provider's clock may be from ours.
const LEEWAY: Millis = Millis(60_000);

/// How long a subject may be, in bytes (OpenID Connect Core 1.0, section 2).
const SUBJECT_MAX: usize = 255;

/// How many keys of a provider are looked at.
const KEYS_MAX: usize = 100;

/// Why a token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// It is no token.
    Unreadable,
    /// It is signed in a way that is not accepted, or not at all.
    Algorithm,
    /// The provider has no such key.
    NoKey,
    /// The signature is not of this key.
    Signature,
    /// Another provider made it.
    Issuer,
    /// It is for somebody else.
    Audience,
    /// It is too old, or not good yet.
    Time,
    /// It was made for another sign-in.
    Nonce,
    /// It does not say of whom it speaks.
    Subject,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Self::Unreadable => "it cannot be read",
            Self::Algorithm => "it is not signed with RS256 or ES256",
            Self::NoKey => "the identity provider has no key of that name",
            Self::Signature => "its signature does not hold",
            Self::Issuer => "another issuer made it",
            Self::Audience => "it is for another client",
            Self::Time => "it is too old, or not good yet; is this machine's clock right?",
            Self::Nonce => "it was made for another sign-in",
            Self::Subject => "it does not say of whom it speaks",
        };
        write!(f, "the token of the identity provider is not believed: {why}")
    }
}

impl Error for TokenError {}

/// What a token must say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: Instant,
}

/// The keys of a provider that are of a known kind and made for signing.
pub(super) struct Keys(Vec<Key>);

struct Key {
    id: Option<String>,
    /// The one algorithm that it is for, if it says so.
    algorithm: Option<String>,
    kind: KeyKind,
}

enum KeyKind {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
}

#[derive(Deserialize)]
struct WrittenKeys {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct WrittenKey {
    kty: String,
    #[serde(rename = "use")]
    made_for: Option<String>,
    kid: Option<String>,
    alg: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Keys {
    /// Reads a key set (RFC 7517). Keys of other kinds are left out: a provider may have them.
    pub(super) fn read(document: &[u8]) -> Option<Self> {
        let written: WrittenKeys = serde_json::from_slice(document).ok()?;
        let keys = written.keys.into_iter().take(KEYS_MAX).filter_map(|key| serde_json::from_value(key).ok());
        Some(Self(keys.filter_map(Key::read).collect()))
    }

    /// The key that a token names; where it names none, the only one that fits.
    fn find(&self, algorithm: Algorithm, id: Option<&str>) -> Option<&Key> {
        let mut fitting = self.0.iter().filter(|key| algorithm.fits(key) && (id.is_none() || key.id.as_deref() == id));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Some(key),
            _ => None,
        }
    }
}

impl Key {
    fn read(written: WrittenKey) -> Option<Self> {
        if written.made_for.is_some_and(|made_for| made_for != "sig") {
            return None;
        }
        let kind = match (&*written.kty, written.crv.as_deref()) {
            ("RSA", _) => KeyKind::Rsa { n: number(&written.n?)?, e: number(&written.e?)? },
            ("EC", Some("P-256")) => {
                let [x, y] = [decode(&written.x?)?, decode(&written.y?)?];
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                // A point as it is, without compression (SEC 1, section 2.3.3).
                KeyKind::P256([&[4], &x[..], &y[..]].concat())
            }
            _ => return None,
        };
        Some(Self { id: written.kid, algorithm: written.alg, kind })
    }
}

/// The algorithms that are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Rs256,
    Es256,
}

impl Algorithm {
    fn find(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }

    fn fits(self, key: &Key) -> bool {
        let is_of_kind =
            matches!((self, &key.kind), (Self::Rs256, KeyKind::Rsa { .. }) | (Self::Es256, KeyKind::P256(_)));
        is_of_kind && key.algorithm.as_deref().is_none_or(|algorithm| algorithm == self.name())
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: serde_json::Number,
    nbf: Option<serde_json::Number>,
    nonce: Option<String>,
    /// These two are shown, and nothing else is done with them: whatever they hold, the token is as good.
    preferred_username: Option<serde_json::Value>,
    email: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Of whom a token speaks, if it is to be believed, and what they may be shown of it.
pub(super) fn verify(token: &str, keys: &Keys, expected: &Expected<'_>) -> Result<(String, Shown), TokenError> {
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Unreadable)?;
    let (header, claims) = signed.split_once('.').ok_or(TokenError::Unreadable)?;
    let read = |part: &str| decode(part).ok_or(TokenError::Unreadable);
    let header: Header = serde_json::from_slice(&read(header)?).map_err(|_| TokenError::Unreadable)?;
    // What must be understood is not (RFC 7515, section 4.1.11).
    let algorithm = Algorithm::find(&header.alg).filter(|_| header.crit.is_none()).ok_or(TokenError::Algorithm)?;
    let key = keys.find(algorithm, header.kid.as_deref()).ok_or(TokenError::NoKey)?;
    key.check(signed.as_bytes(), &read(signature)?)?;
    let claims: Claims = serde_json::from_slice(&read(claims)?).map_err(|_| TokenError::Unreadable)?;
    claims.check(expected)?;
    let shown = Shown::read(claims.preferred_username.as_ref(), claims.email.as_ref());
    Ok((claims.sub, shown))
}

impl Key {
    fn check(&self, message: &[u8], signature: &[u8]) -> Result<(), TokenError> {
        let checked = match &self.kind {
            KeyKind::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            KeyKind::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature),
        };
        checked.map_err(|_| TokenError::Signature)
    }
}

impl Claims {
    fn check(&self, expected: &Expected<'_>) -> Result<(), TokenError> {
        if self.iss != expected.issuer {
            return Err(TokenError::Issuer);
        }
        let (is_for_us, is_for_others) = match &self.aud {
            Audience::One(one) => (one == expected.client, false),
            Audience::Many(many) => {
                (many.iter().any(|one| one == expected.client), many.iter().any(|one| one != expected.client))
            }
        };
        // Where others are meant too, or somebody asked for it, that must have been us.
        let asked_by_us = self.azp.as_ref().map_or(!is_for_others, |azp| azp == expected.client);
        if !is_for_us || !asked_by_us {
            return Err(TokenError::Audience);
        }
        let ends = moment(&self.exp).ok_or(TokenError::Unreadable)?;
        let begins = self.nbf.as_ref().map(|nbf| moment(nbf).ok_or(TokenError::Unreadable)).transpose()?;
        if ends <= expected.now - LEEWAY || begins.is_some_and(|begins| begins > expected.now + LEEWAY) {
            return Err(TokenError::Time);
        }
        if self.nonce.as_deref() != Some(expected.nonce) {
            return Err(TokenError::Nonce);
        }
        let is_plain = (1..=SUBJECT_MAX).contains(&self.sub.len()) && !self.sub.chars().any(char::is_control);
        if is_plain { Ok(()) } else { Err(TokenError::Subject) }
    }
}

/// Seconds since 1970, maybe with a fraction (RFC 7519, section 2), if they are of a time that there is.
fn moment(number: &serde_json::Number) -> Option<Instant> {
    const MOST: f64 = 1e12;
    let seconds = number.as_f64().filter(|seconds| (0.0..MOST).contains(seconds))?;
    #[expect(clippy::cast_possible_truncation, reason = "it is far from the ends of the integers")]
    let whole = seconds as i64;
    Some(Instant(whole * 1_000))
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// A number, without the zeros that some write before it.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = decode(text)?;
    Some(bytes.into_iter().skip_while(|byte| *byte == 0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 7515, appendices A.2 and A.3: the header, the signature and the key of each. Both sign the same.
    const CLAIMS: &str =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const RSA: (&str, &str, &str) = (
        "eyJhbGciOiJSUzI1NiJ9",
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        r#"{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}"#,
    );
    const EC: (&str, &str, &str) = (
        "eyJhbGciOiJFUzI1NiJ9",
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    );

    fn keys(each: &[&str]) -> Keys {
        Keys::read(format!("{{\"keys\":[{}]}}", each.join(",")).as_bytes()).unwrap()
    }

    fn expected() -> Expected<'static> {
        Expected { issuer: "joe", client: "us", nonce: "n", now: Instant(1_300_819_000_000) }
    }

    #[test]
    fn the_examples_of_the_standard_are_signed_and_nothing_near_them_is() {
        for (header, signature, key) in [RSA, EC] {
            let token = format!("{header}.{CLAIMS}.{signature}");
            // They have no audience: the signature held, and then they are refused for what they say.
            assert_eq!(verify(&token, &keys(&[key]), &expected()), Err(TokenError::Unreadable), "{header}");
            let other = CLAIMS.replace("Jqb2Ui", "Jqb2Yi");
            let bad = format!("{header}.{other}.{signature}");
            assert_eq!(verify(&bad, &keys(&[key]), &expected()), Err(TokenError::Signature));
            let bad = token.replace(&signature[..4], "AAAA");
            assert_eq!(verify(&bad, &keys(&[key]), &expected()), Err(TokenError::Signature));
            assert_eq!(verify(&format!("{header}.{CLAIMS}."), &keys(&[key]), &expected()), Err(TokenError::Signature));
            assert_eq!(verify(&token, &keys(&[key, key]), &expected()), Err(TokenError::NoKey), "which of the two?");
            assert_eq!(verify(&token, &keys(&[]), &expected()), Err(TokenError::NoKey));
        }
        let (header, signature, _) = EC;
        let token = format!("{header}.{CLAIMS}.{signature}");
        assert_eq!(verify(&token, &keys(&[RSA.2]), &expected()), Err(TokenError::NoKey), "a key of another kind");
        for (from, to) in [("{", r#"{"use":"enc","#), ("{", r#"{"alg":"ES384","#), ("P-256", "P-384"), ("ue6", "ue")] {
            let key = EC.2.replacen(from, to, 1);
            assert_eq!(verify(&token, &keys(&[&key]), &expected()), Err(TokenError::NoKey), "{to}");
        }
    }

    #[test]
    fn no_other_algorithm_is_known_whatever_its_spelling() {
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"None"}"#,
            r#"{"alg":""}"#,
            r#"{"alg":"HS256"}"#,
            r#"{"alg":"rs256"}"#,
            r#"{"alg":"PS256"}"#,
            r#"{"alg":"RS1"}"#,
            r#"{"alg":"RS256","crit":["x"]}"#,
        ] {
            let token = format!("{}.{CLAIMS}.", URL_SAFE_NO_PAD.encode(header));
            assert_eq!(verify(&token, &keys(&[RSA.2]), &expected()), Err(TokenError::Algorithm), "{header}");
        }
        let named = format!("{}.{CLAIMS}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"k"}"#), RSA.1);
        assert_eq!(verify(&named, &keys(&[RSA.2]), &expected()), Err(TokenError::NoKey), "a key without that name");
        for bad in ["", ".", "..", "a.b", "a.b.c", "e30.e30.e30", &format!("{}.{CLAIMS}.{}=", RSA.0, RSA.1)] {
            assert_eq!(verify(bad, &keys(&[RSA.2]), &expected()), Err(TokenError::Unreadable), "{bad}");
        }
    }

    #[test]
    fn what_a_token_says_is_held_against_what_was_asked() {
        const GOOD: &str = r#"{"iss":"joe","sub":"s","aud":"us","exp":1300819380,"nonce":"n"}"#;
        let check = |text: &str| serde_json::from_str::<Claims>(text).unwrap().check(&expected());
        assert_eq!(check(GOOD), Ok(()));
        for (from, to) in [
            ("\"us\"", "[\"us\"]"),
            ("\"us\"", "[\"us\",\"them\"],\"azp\":\"us\""),
            ("1300819380", "1300818941"),
            ("1300819380", "1300819380.5,\"nbf\":1300819060"),
        ] {
            assert_eq!(check(&GOOD.replace(from, to)), Ok(()), "{to}");
        }
        for (from, to, error) in [
            ("joe", "joe/", TokenError::Issuer),
            ("\"us\"", "\"them\"", TokenError::Audience),
            ("\"us\"", "[]", TokenError::Audience),
            ("\"us\"", "[\"us\",\"them\"]", TokenError::Audience),
            ("\"us\"", "\"us\",\"azp\":\"them\"", TokenError::Audience),
            ("1300819380", "1300818940", TokenError::Time),
            ("1300819380", "1300819380,\"nbf\":1300819061", TokenError::Time),
            ("1300819380", "-1", TokenError::Unreadable),
            ("1300819380", "1e300", TokenError::Unreadable),
            (",\"nonce\":\"n\"", "", TokenError::Nonce),
            ("\"n\"}", "\"m\"}", TokenError::Nonce),
            ("\"s\"", "\"\"", TokenError::Subject),
            ("\"s\"", "\"a\\nb\"", TokenError::Subject),
        ] {
            assert_eq!(check(&GOOD.replacen(from, to, 1)), Err(error), "{to}");
        }
        assert!(serde_json::from_str::<Claims>(&GOOD.replace("\"aud\"", "\"iss\":\"joe\",\"aud\"")).is_err(), "twice");
    }
}
