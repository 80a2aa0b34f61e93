//! Identity providers that lie in every way that we know of, and what else somebody may do on the way to one and back.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use sample::Story;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use uphold::accounts::{Cause, Standing};
use uphold::config::sign_in::read_sign_in;
use uphold::identity::IdentityProvider;
use uphold::secret::Secret;
use uphold_core::ledger::digest::Digest;
use uphold_core::time::Millis;
use uphold_probe::tls;

use crate::accounts::session;
use crate::oidc::file;
use crate::web::{Answer, Site};
use crate::{sample, told};

/// How a provider answers that is in our hand.
struct Tricks {
    /// What the description says beside the truth.
    description: Value,
    /// The key set.
    keys: Value,
    /// The token that is handed out next.
    token: String,
    /// What the one who hands in a code must know.
    challenge: String,
    /// What is answered instead to a path.
    instead: BTreeMap<&'static str, (u16, String)>,
    /// Whose answer is right and far too long.
    padded: Option<&'static str>,
    /// What was asked for.
    asked: Vec<String>,
}

/// A provider in our hand, and a site that trusts it.
struct Lab {
    site: Site,
    issuer: String,
    key: EcdsaKeyPair,
    tricks: Arc<Mutex<Tricks>>,
}

/// Somebody who was sent away.
struct Away {
    cookie: String,
    query: BTreeMap<String, String>,
}

const CODE: &str = "a-code";

impl Lab {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        let point = key.public_key().as_ref();
        let [x, y] = [&point[1..33], &point[33..]].map(|part| URL_SAFE_NO_PAD.encode(part));
        let description = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/auth"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
        });
        let keys = json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": "k1", "use": "sig", "x": x, "y": y }] });
        let tricks = Arc::new(Mutex::new(Tricks {
            description,
            keys,
            token: String::new(),
            challenge: String::new(),
            instead: BTreeMap::new(),
            padded: None,
            asked: Vec::new(),
        }));
        tokio::spawn(answer_all(listener, Arc::clone(&tricks)));
        let site = Self::site(Some(&issuer)).await;
        Self { site, issuer, key, tricks }
    }

    /// A site that people sign in to through this provider, or through none.
    async fn site(issuer: Option<&str>) -> Site {
        let live = told::operated(Story::Young, sample::noon());
        let provider = |clock| {
            let file = read_sign_in(&file("http://localhost", issuer?), Path::new("/")).file.unwrap();
            Some(IdentityProvider::new(file, Secret::new("s3:cr t"), tls::public_roots(), clock))
        };
        Site::with(live, uphold::printer::Printer::default(), provider).await
    }

    /// Sends somebody away with a form of ours.
    async fn leave(&self, path: &str, cookie: &str, body: &str) -> Away {
        let page = self.site.form(path, cookie, body).await;
        let refresh = page.header("refresh").unwrap_or_else(|| panic!("{} {}", page.status, page.body));
        let (target, query) = refresh.strip_prefix("0; url=").unwrap().split_once('?').unwrap();
        assert_eq!(target, format!("{}/auth", self.issuer));
        let set = page.header("set-cookie").unwrap();
        assert!(set.starts_with("__Host-away=") && set.ends_with("Secure; HttpOnly; SameSite=Lax"), "{set}");
        assert!(set.contains("; Path=/; Max-Age=600;"), "{set}");
        let query: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        self.tricks.lock().unwrap().challenge = query["code_challenge"].clone();
        Away { cookie: format!("cookie: {}", set.split(';').next().unwrap()), query }
    }

    async fn sign_in(&self) -> Away {
        self.leave("/sign-in/identity", "", "next=/checks").await
    }

    /// What a good token says.
    fn claims(&self, away: &Away, subject: &str) -> Value {
        let exp = sample::noon().0 / 1_000 + 3_600;
        json!({ "iss": self.issuer, "sub": subject, "aud": "uphold", "exp": exp, "nonce": away.query["nonce"] })
    }

    fn signed(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let signature = self.key.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Has a token handed out for whoever comes back now.
    fn hand_out(&self, token: String) {
        self.tricks.lock().unwrap().token = token;
    }

    async fn come_back(&self, away: &Away, cookie: &str) -> Answer {
        let query = format!("code={CODE}&state={}", away.query["state"]);
        self.site.ask("GET", &format!("/sign-in/return?{query}"), &[cookie]).await
    }

    /// The whole way with a good token.
    async fn whole(&self, away: Away, subject: &str, more: &str) -> Answer {
        self.tricks.lock().unwrap().challenge = away.query["code_challenge"].clone();
        self.hand_out(self.signed(&json!({ "alg": "ES256", "kid": "k1" }), &self.claims(&away, subject)));
        let cookie = if more.is_empty() { away.cookie.clone() } else { format!("{}; {more}", away.cookie) };
        self.come_back(&away, &cookie).await
    }

    /// Somebody new, who joins through the provider: the header with the session.
    async fn joined(&self, name: &str, subject: &str) -> String {
        let cause = Cause { by: "test".to_owned(), why: "a test".to_owned(), at: sample::noon() };
        let invited = self.site.accounts.store().invite(name, Some(&Standing::Viewer), &cause).unwrap();
        let away = self.leave(&format!("/join/{}/identity", invited.secret.reveal()), "", "").await;
        started(&self.whole(away, subject, "").await).unwrap()
    }
}

fn message(header: &Value, claims: &Value) -> String {
    [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".")
}

/// The header with the session that an answer began, if it began one.
fn started(answer: &Answer) -> Option<String> {
    let set = answer.head.lines().filter_map(|line| line.strip_prefix("set-cookie: __Host-session="));
    set.map(|value| format!("cookie: __Host-session={}", value.split(';').next().unwrap())).next()
}

async fn answer_all(listener: TcpListener, tricks: Arc<Mutex<Tricks>>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        // A form comes with its length; what is asked for without one ends with its head.
        loop {
            let read = stream.read(&mut buffer).await.unwrap_or(0);
            request.extend_from_slice(&buffer[..read]);
            let text = String::from_utf8_lossy(&request);
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                if read == 0 {
                    break;
                } else {
                    continue;
                };
            };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if read == 0 || body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                break;
            }
        }
        let (status, body) = tricks.lock().unwrap().answer(&String::from_utf8_lossy(&request));
        let head = format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nlocation: /token\r\n");
        let head = format!("{head}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
        let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
    }
}

impl Tricks {
    fn answer(&mut self, request: &str) -> (u16, String) {
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        self.asked.push(path.clone());
        if let Some(instead) = self.instead.get(&*path) {
            return instead.clone();
        }
        let (status, body) = match &*path {
            "/.well-known/openid-configuration" => (200, self.description.to_string()),
            "/keys" => (200, self.keys.to_string()),
            "/token" => self.redeem(request),
            _ => (404, String::new()),
        };
        let padding = format!("{{\"padding\":\"{}\",", "x".repeat(1 << 20));
        if self.padded == Some(&*path) { (status, body.replacen('{', &padding, 1)) } else { (status, body) }
    }

    /// Hands the token out to whoever does everything right.
    fn redeem(&self, request: &str) -> (u16, String) {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let form: BTreeMap<_, _> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let basic = format!("authorization: Basic {}", STANDARD.encode("uphold:s3%3Acr+t"));
        let verified = URL_SAFE_NO_PAD.encode(Digest::of(&[form["code_verifier"].as_bytes()]).0);
        let is_right = head.lines().any(|line| line == basic)
            && verified == self.challenge
            && form["code"] == CODE
            && form["grant_type"] == "authorization_code"
            && form["redirect_uri"] == "http://localhost/sign-in/return";
        match is_right {
            true => (200, json!({ "id_token": self.token, "access_token": "x", "token_type": "Bearer" }).to_string()),
            false => (400, json!({ "error": "invalid_grant" }).to_string()),
        }
    }
}

#[tokio::test]
async fn whoever_was_invited_comes_in_with_a_session_like_any_other() {
    let lab = Lab::new().await;
    lab.site.signed_in("root", Standing::Operator).await;
    let bob = lab.joined("bob", "b-1").await;
    assert!(lab.site.ask("GET", "/account", &[&bob]).await.body.contains("Signed in as bob"));
    let answer = lab.whole(lab.sign_in().await, "b-1", "").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/checks")));
    let again = started(&answer).unwrap();
    assert!(answer.head.contains("set-cookie: __Host-away=; Path=/; Max-Age=0;"), "{}", answer.head);
    assert!(lab.site.knows(&again).await && again != bob);
    // No text is the password of an account that has none.
    for password in ["", "+", "x"] {
        assert_eq!(lab.site.form("/sign-in", "", &format!("name=bob&password={password}")).await.status, 401);
    }
    // They end with everything else, and with the time.
    let token = lab.site.form_token(&again).await;
    assert_eq!(lab.site.form("/account/sessions", &again, &format!("csrf={token}")).await.status, 303);
    assert!(!lab.site.knows(&again).await && !lab.site.knows(&bob).await, "everywhere");
    let last = started(&lab.whole(lab.sign_in().await, "b-1", "").await).unwrap();
    lab.site.hand.pass(Millis(12 * 3_600_000 + 1));
    assert!(!lab.site.knows(&last).await);
}

#[tokio::test]
async fn nobody_is_led_to_another_host_after_coming_back() {
    let lab = Lab::new().await;
    lab.joined("bob", "b-1").await;
    for next in ["//evil.example", "https://evil.example/", "/%5Cevil.example", "/sign-out", "javascript:alert(1)"] {
        let away = lab.leave("/sign-in/identity", "", &format!("next={next}")).await;
        assert_eq!(lab.whole(away, "b-1", "").await.header("location"), Some("/"), "{next}");
    }
}

#[tokio::test]
async fn what_a_provider_must_not_say_lets_nobody_in() {
    let lab = Lab::new().await;
    lab.joined("bob", "b-1").await;
    let es256 = json!({ "alg": "ES256", "kid": "k1" });
    let point = lab.key.public_key().as_ref().to_vec();
    let hs256 = |claims: &Value| {
        let message = message(&json!({ "alg": "HS256", "kid": "k1" }), claims);
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &point);
        let signature = ring::hmac::sign(&key, message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    };
    let other = |key: &'static str, value: Value| {
        let (es256, lab) = (&es256, &lab);
        move |claims: &Value| {
            let mut claims = claims.clone();
            claims[key] = value.clone();
            lab.signed(es256, &claims)
        }
    };
    type Made<'a> = Box<dyn Fn(&Value) -> String + 'a>;
    let old = sample::noon().0 / 1_000 - 61;
    let bad: Vec<(&str, Made)> = vec![
        ("a wrong signature", Box::new(|claims| lab.signed(&es256, claims).replacen(".", ".e30", 1))),
        ("no signature", Box::new(|claims| format!("{}.", message(&es256, claims)))),
        ("alg none", Box::new(|claims| format!("{}.", message(&json!({ "alg": "none" }), claims)))),
        ("HS256 with the public key", Box::new(hs256)),
        ("another key", Box::new(|claims| lab.signed(&json!({ "alg": "ES256", "kid": "k2" }), claims))),
        ("another algorithm", Box::new(|claims| lab.signed(&json!({ "alg": "RS256", "kid": "k1" }), claims))),
        ("another issuer", Box::new(other("iss", json!("https://evil.example")))),
        ("another audience", Box::new(other("aud", json!("them")))),
        ("others too, and not asked by us", Box::new(other("aud", json!(["uphold", "them"])))),
        ("too old", Box::new(other("exp", json!(old)))),
        ("another nonce", Box::new(other("nonce", json!("0")))),
        ("no nonce", Box::new(other("nonce", Value::Null))),
        ("no subject", Box::new(other("sub", json!("")))),
        ("no token", Box::new(|_| "x".to_owned())),
    ];
    for (what, make) in &bad {
        let away = lab.sign_in().await;
        lab.hand_out(make(&lab.claims(&away, "b-1")));
        let answer = lab.come_back(&away, &away.cookie).await;
        assert_eq!((answer.status, started(&answer)), (502, None), "{what}");
        assert!(answer.body.contains("What Example ID answered could not be believed"), "{what}: {}", answer.body);
        assert!(answer.body.contains("If your account has a password, sign in with that."), "{what}");
    }
    // After all this the same browser gets in with a good one.
    assert!(started(&lab.whole(lab.sign_in().await, "b-1", "").await).is_some());
}

#[tokio::test]
async fn answers_that_are_no_answers_let_nobody_in_and_say_so() {
    let error = json!({ "error": "invalid_grant" }).to_string();
    for (path, status, body, on_return) in [
        ("/token", 400, error.clone(), true),
        ("/token", 200, error, true),
        ("/token", 200, "<html>".to_owned(), true),
        ("/token", 302, String::new(), true),
        ("/keys", 200, "{\"keys\":[]}".to_owned(), true),
        ("/keys", 404, String::new(), true),
        ("/.well-known/openid-configuration", 302, String::new(), false),
        ("/.well-known/openid-configuration", 500, String::new(), false),
        ("/.well-known/openid-configuration", 200, "{}".to_owned(), false),
    ] {
        let lab = Lab::new().await;
        let answer = if on_return {
            lab.joined("bob", "b-1").await;
            let away = lab.sign_in().await;
            lab.tricks.lock().unwrap().instead.insert(path, (status, body));
            lab.whole(away, "b-1", "").await
        } else {
            lab.tricks.lock().unwrap().instead.insert(path, (status, body));
            lab.site.form("/sign-in/identity", "", "next=/").await
        };
        assert_eq!((answer.status, started(&answer)), (502, None), "{path} {status}");
        assert!(answer.body.contains("could not be believed"), "{path} {status}: {}", answer.body);
        let asked = lab.tricks.lock().unwrap().asked.clone();
        assert!(on_return || !asked.contains(&"/token".to_owned()), "a redirect is not followed: {asked:?}");
    }
}

#[tokio::test]
async fn what_is_too_long_is_not_read_to_its_end_and_lets_nobody_in() {
    for path in ["/.well-known/openid-configuration", "/token", "/keys"] {
        let lab = Lab::new().await;
        lab.joined("bob", "b-1").await;
        // The description is asked for again.
        lab.site.hand.pass(Millis(600_000));
        lab.tricks.lock().unwrap().padded = Some(path);
        let answer = match path {
            "/token" | "/keys" => lab.whole(lab.sign_in().await, "b-1", "").await,
            _ => lab.site.form("/sign-in/identity", "", "next=/").await,
        };
        assert_eq!((answer.status, started(&answer)), (502, None), "{path}");
        assert!(answer.body.contains("could not be believed"), "{path}: {}", answer.body);
        lab.tricks.lock().unwrap().padded = None;
        assert!(
            started(&lab.whole(lab.sign_in().await, "b-1", "").await).is_some(),
            "{path}: and otherwise it is right"
        );
    }
}

#[tokio::test]
async fn a_description_of_another_issuer_or_without_encryption_sends_nobody_away() {
    for (key, value) in [
        ("issuer", json!("https://evil.example")),
        ("issuer", json!("")),
        ("authorization_endpoint", json!("http://evil.example/auth")),
        ("token_endpoint", json!("http://evil.example/token")),
        ("jwks_uri", json!("file:///etc/passwd")),
    ] {
        let lab = Lab::new().await;
        lab.tricks.lock().unwrap().description[key] = value;
        let answer = lab.site.form("/sign-in/identity", "", "next=/").await;
        assert_eq!((answer.status, answer.header("refresh")), (502, None), "{key}");
        assert!(answer.body.contains("could not be believed"), "{}", answer.body);
    }
    // An address inside that the file does not permit is not asked for.
    let lab = Lab::new().await;
    lab.tricks.lock().unwrap().description["jwks_uri"] = json!("https://169.254.169.254/keys");
    let answer = lab.whole(lab.sign_in().await, "b-1", "").await;
    assert_eq!((answer.status, started(&answer)), (502, None));
    assert!(answer.body.contains("Example ID could not be asked"), "{}", answer.body);
}

#[tokio::test]
async fn what_was_begun_ends_once_in_time_and_in_the_same_browser() {
    let lab = Lab::new().await;
    lab.joined("bob", "b-1").await;
    let not_begun = |answer: &Answer, what: &str| {
        assert_eq!((answer.status, started(answer)), (400, None), "{what}");
        assert!(answer.body.contains("This sign-in cannot be finished here"), "{what}: {}", answer.body);
    };
    let away = lab.sign_in().await;
    lab.hand_out(lab.signed(&json!({ "alg": "ES256", "kid": "k1" }), &lab.claims(&away, "b-1")));
    // A sign-in that somebody else began is handed to this browser: it has no cookie of it, or that of its own.
    not_begun(&lab.come_back(&away, "x-none: 1").await, "no cookie");
    let own = lab.sign_in().await;
    lab.tricks.lock().unwrap().challenge = away.query["code_challenge"].clone();
    not_begun(&lab.come_back(&away, &own.cookie).await, "the cookie of another sign-in");
    assert!(started(&lab.come_back(&away, &away.cookie).await).is_some(), "nothing of this used it up");
    not_begun(&lab.come_back(&away, &away.cookie).await, "a replay");

    let late = lab.sign_in().await;
    lab.site.hand.pass(Millis(600_000));
    not_begun(&lab.whole(late, "b-1", "").await, "too late");
    for query in ["", "?code=x", "?state=x&code=x", &format!("?code=x&state={}", "0".repeat(64))] {
        not_begun(&lab.site.ask("GET", &format!("/sign-in/return{query}"), &[&own.cookie]).await, query);
    }
    // A code that belongs to another sign-in is refused by the provider, which holds the verifier against it.
    let (first, second) = (lab.sign_in().await, lab.sign_in().await);
    lab.tricks.lock().unwrap().challenge = second.query["code_challenge"].clone();
    lab.hand_out(lab.signed(&json!({ "alg": "ES256", "kid": "k1" }), &lab.claims(&first, "b-1")));
    let injected = lab.come_back(&first, &first.cookie).await;
    assert_eq!((injected.status, started(&injected)), (502, None));
}

#[tokio::test]
async fn an_answer_of_another_issuer_is_refused_and_one_that_says_no_is_told() {
    let lab = Lab::new().await;
    lab.joined("bob", "b-1").await;
    let back = async |away: &Away, more: &str| {
        lab.hand_out(lab.signed(&json!({ "alg": "ES256", "kid": "k1" }), &lab.claims(away, "b-1")));
        let path = format!("/sign-in/return?state={}&{more}", away.query["state"]);
        lab.site.ask("GET", &path, &[&away.cookie]).await
    };
    let issuer: String = form_urlencoded::byte_serialize(lab.issuer.as_bytes()).collect();
    assert!(started(&back(&lab.sign_in().await, &format!("code={CODE}&iss={issuer}")).await).is_some());
    for bad in [format!("code={CODE}&iss=https%3A%2F%2Fevil.example"), format!("code={CODE}&iss="), String::new()] {
        let answer = back(&lab.sign_in().await, &bad).await;
        assert_eq!((answer.status, started(&answer)), (502, None), "{bad}");
    }
    let away = lab.sign_in().await;
    let refused = back(&away, "error=access_denied&error_description=%3Cscript%3E").await;
    assert_eq!((refused.status, started(&refused)), (403, None));
    assert!(refused.body.contains("Example ID did not sign you in") && !refused.body.contains("<script>"));
    assert_eq!(back(&away, &format!("code={CODE}")).await.status, 400, "that was the end of it");
    // One that says that it always says who it is must.
    let lab = Lab::new().await;
    lab.tricks.lock().unwrap().description["authorization_response_iss_parameter_supported"] = json!(true);
    let silent = lab.whole(lab.sign_in().await, "b-1", "").await;
    assert_eq!((silent.status, started(&silent)), (502, None));
}

#[tokio::test]
async fn somebody_links_and_unlinks_in_their_own_session_and_nobody_elses() {
    let lab = Lab::new().await;
    let (site, password) = (&lab.site, "old=korrekt+pferd+batterie");
    let root = site.signed_in("root", Standing::Operator).await;
    let carol = lab.joined("carol", "c-1").await;
    let token = site.form_token(&root).await;
    let body = |more: &str| format!("csrf={token}&{more}");
    let cookie = |header: &str| header.strip_prefix("cookie: ").unwrap().to_owned();
    // A page of others, or one without the password, does not begin it.
    assert_eq!(site.form("/account/identity", &root, password).await.status, 403);
    assert_eq!(site.form("/account/identity", "", &body(password)).await.status, 401);
    assert_eq!(site.form("/account/identity", &root, &body("old=wrong+wrong+wrong")).await.status, 401);
    let leave = async || lab.leave("/account/identity", &root, &body(password)).await;
    let unlinked = |answer: &Answer, status: u16| {
        assert_eq!((answer.status, started(answer)), (status, None), "{}", answer.body);
    };
    // It ends in the session in which it began: not in none, not in another's, not in one's own that is over.
    unlinked(&lab.whole(leave().await, "r-1", "").await, 400);
    unlinked(&lab.whole(leave().await, "r-1", &cookie(&carol)).await, 400);
    // What is another's already stays theirs.
    unlinked(&lab.whole(leave().await, "c-1", &cookie(&root)).await, 409);
    assert_eq!(lab.whole(lab.sign_in().await, "r-1", "").await.status, 403, "nothing was linked");

    let linked = lab.whole(leave().await, "r-1", &cookie(&root)).await;
    assert_eq!((linked.status, linked.header("location")), (200, None));
    let page = site.ask("GET", "/account", &[&root]).await.body;
    assert!(page.contains("Unlink from Example ID") && page.contains("<bdi class=\"known-as\">r-1</bdi>"), "{page}");
    let answer = lab.whole(lab.sign_in().await, "r-1", "").await;
    let through = started(&answer).unwrap();
    assert!(site.ask("GET", "/account", &[&through]).await.body.contains("Signed in as root"));
    // The same once more changes nothing; another of hers replaces it, and ends the session that began through the first.
    assert_eq!(lab.whole(leave().await, "r-1", &cookie(&root)).await.status, 200);
    assert_eq!(site.ask("GET", "/account", &[&through]).await.status, 200);
    assert_eq!(lab.whole(leave().await, "r-2", &cookie(&root)).await.status, 200);
    assert_ne!(site.ask("GET", "/account", &[&through]).await.status, 200);
    assert_eq!(lab.whole(lab.sign_in().await, "r-1", "").await.status, 403);

    assert_eq!(site.form("/account/identity/removal", &root, "csrf=x").await.status, 403);
    let second = lab.whole(lab.sign_in().await, "r-2", "").await;
    let second = started(&second).unwrap();
    assert_eq!(site.form("/account/identity/removal", &root, &body("")).await.header("location"), Some("/account"));
    assert_ne!(site.ask("GET", "/account", &[&second]).await.status, 200);
    assert_eq!(site.ask("GET", "/account", &[&root]).await.status, 200);
    assert_eq!(lab.whole(lab.sign_in().await, "r-2", "").await.status, 403);
    let of_carol = site.form_token(&carol).await;
    let last = site.form("/account/identity/removal", &carol, &format!("csrf={of_carol}")).await;
    assert_eq!(last.status, 409);
    assert!(last.body.contains("This is the only way into your account"), "{}", last.body);
    assert!(started(&lab.whole(lab.sign_in().await, "c-1", "").await).is_some());
    let acts = site.accounts.store().acts().unwrap();
    let told: Vec<_> = acts.iter().map(|act| format!("{} {} {}", act.what, act.subject, act.cause.by)).collect();
    let wanted = [
        "person-created person:root test",
        "person-created person:carol test",
        "identity-linked person:carol person:carol",
        "identity-linked person:root person:root",
        "identity-unlinked person:root person:root",
        "identity-linked person:root person:root",
        "identity-unlinked person:root person:root",
    ];
    assert_eq!(told, wanted);
    assert!(acts.iter().all(|act| !format!("{act:?}").contains("r-1")), "who they are there is nobody's business");
}

#[tokio::test]
async fn a_link_makes_one_way_in_and_ends_every_other() {
    let lab = Lab::new().await;
    let site = &lab.site;
    site.signed_in("root", Standing::Operator).await;
    let cause = Cause { by: "test".to_owned(), why: "lost".to_owned(), at: sample::noon() };
    let link = || format!("/join/{}", site.accounts.store().invite("bob", None, &cause).unwrap().secret.reveal());
    let bob = lab.joined("bob", "b-1").await;
    // A password: what the provider says lets in no more.
    let body = "password=korrekt+pferd+batterie&again=korrekt+pferd+batterie";
    let by_password = session(&site.form(&link(), "", body).await);
    assert!(!site.knows(&bob).await && site.knows(&by_password).await);
    assert_eq!(lab.whole(lab.sign_in().await, "b-1", "").await.status, 403);
    // The provider: the password lets in no more.
    let path = link();
    let away = lab.leave(&format!("{path}/identity"), "", "").await;
    let other = lab.leave(&format!("{path}/identity"), "", "").await;
    let through = started(&lab.whole(away, "b-2", "").await).unwrap();
    assert!(!site.knows(&by_password).await && site.knows(&through).await);
    assert_eq!(site.sign_in("bob", crate::web::PASSWORD).await.status, 401);
    let used = lab.whole(other, "b-3", "").await;
    assert_eq!((used.status, started(&used)), (404, None), "it was good once");
    // Nobody takes over an identity with a link, and the link is still good.
    let path = link();
    lab.joined("carol", "c-1").await;
    let taken = lab.whole(lab.leave(&format!("{path}/identity"), "", "").await, "c-1", "").await;
    assert_eq!((taken.status, started(&taken)), (409, None));
    assert_eq!(site.get(&path).await.status, 200);
    assert!(site.knows(&through).await);
    // Whoever is removed comes in no more.
    site.accounts.store().remove("carol", &cause).unwrap();
    assert_eq!(lab.whole(lab.sign_in().await, "c-1", "").await.status, 403);
}

#[tokio::test]
async fn whoever_starts_first_needs_a_name_before_they_are_sent_away() {
    let lab = Lab::new().await;
    let link = lab.site.accounts.store().first_link(sample::noon()).unwrap().unwrap();
    let path = format!("/join/{}/identity", link.reveal());
    for name in ["", "b+ob", "%2e%2e"] {
        assert_eq!(lab.site.form(&path, "", &format!("name={name}")).await.status, 422, "{name}");
    }
    let away = lab.leave(&path, "", "name=alice").await;
    let made = started(&lab.whole(away, "a-1", "").await).unwrap();
    assert!(lab.site.ask("GET", "/people", &[&made]).await.body.contains("alice"));
    assert_eq!(lab.site.form(&path, "", "name=mallory").await.status, 404);
}

#[tokio::test]
async fn at_another_address_or_without_encryption_nobody_is_sent_away() {
    let lab = Lab::new().await;
    let there = |origin: &str| {
        let host = format!("host: {}", origin.split_once("://").unwrap().1);
        (host, format!("origin: {origin}"))
    };
    let send = async |origin: &str| {
        let (host, origin) = there(origin);
        let headers = [&*host, &*origin, "content-type: application/x-www-form-urlencoded"];
        lab.site.send("POST", "/sign-in/identity", &headers, "next=/").await
    };
    let elsewhere = send("https://sla.example.com").await;
    assert_eq!((elsewhere.status, elsewhere.header("refresh")), (421, None));
    assert!(elsewhere.body.contains("http://localhost"), "{}", elsewhere.body);
    assert_eq!(send("http://sla.example.com").await.status, 403);
    let foreign = ["origin: https://evil.example", "content-type: application/x-www-form-urlencoded"];
    assert_eq!(lab.site.send("POST", "/sign-in/identity", &foreign, "next=/").await.status, 403);
    assert!(lab.tricks.lock().unwrap().asked.is_empty(), "and the provider is not asked");
    let plain = Site::told(Story::Young).await;
    let none = plain.form("/sign-in/identity", "", "next=/").await;
    assert_eq!(none.status, 404);
    assert!(!plain.get("/sign-in").await.body.contains("/sign-in/identity"));
}

#[tokio::test]
async fn whoever_comes_back_in_vain_is_slowed_down_and_nobody_elsewhere_waits() {
    let lab = Lab::new().await;
    lab.joined("bob", "b-1").await;
    lab.site.signed_in("alice", Standing::Viewer).await;
    let [here, elsewhere] = ["192.0.2.1", "192.0.2.2"].map(|address| format!("x-forwarded-for: {address}"));
    let asked = || lab.tricks.lock().unwrap().asked.len();
    let back = async |away: &Away, from: &str, is_good: bool| {
        lab.tricks.lock().unwrap().challenge = away.query["code_challenge"].clone();
        let subject = if is_good { "b-1" } else { "" };
        lab.hand_out(lab.signed(&json!({ "alg": "ES256", "kid": "k1" }), &lab.claims(away, subject)));
        let path = format!("/sign-in/return?code={CODE}&state={}", away.query["state"]);
        lab.site.ask("GET", &path, &[&away.cookie, from]).await
    };
    let is_slowed = |answer: &Answer| {
        assert_eq!((answer.status, answer.header("retry-after"), started(answer)), (429, Some("60"), None));
        assert!(answer.body.contains("Try again in 60 seconds"), "{}", answer.body);
        assert!(answer.body.contains("Nobody was signed in and nothing was linked"), "{}", answer.body);
    };

    // From nothing that was begun in this browser: a foreign page can have somebody's browser do that, so it slows down itself
    // and nothing else of theirs.
    let before = asked();
    for n in 0..21 {
        let stray = lab.site.ask("GET", &format!("/sign-in/return?code=x&state={}", "0".repeat(64)), &[&here]).await;
        if n < 20 { assert_eq!(stray.status, 400, "{n}") } else { is_slowed(&stray) }
    }
    assert_eq!(asked(), before, "and the provider is not asked");
    assert!(started(&back(&lab.sign_in().await, &here, true).await).is_some());
    let form = "name=alice&password=korrekt+pferd+batterie";
    let ours = ["origin: http://localhost", "content-type: application/x-www-form-urlencoded", &here];
    assert_eq!(lab.site.send("POST", "/sign-in", &ours, form).await.status, 303);

    // From what was begun here, with what the provider does not stand for.
    for n in 0..20 {
        assert_eq!(back(&lab.sign_in().await, &here, false).await.status, 502, "{n}");
    }
    let (away, before) = (lab.sign_in().await, asked());
    is_slowed(&back(&away, &here, false).await);
    is_slowed(&back(&away, &here, true).await);
    assert_eq!(asked(), before, "the provider is asked no more for them");
    assert!(started(&back(&lab.sign_in().await, &elsewhere, true).await).is_some(), "another address");
    assert_eq!(lab.site.send("POST", "/sign-in", &ours, form).await.status, 303, "passwords have tries of their own");
    lab.site.hand.pass(Millis(60_000));
    assert!(started(&back(&away, &here, true).await).is_some(), "it was not used up");
    for n in 0..3 {
        assert!(started(&back(&lab.sign_in().await, &here, true).await).is_some(), "{n}: what ends well costs nothing");
    }
    assert_eq!(back(&lab.sign_in().await, &here, false).await.status, 502, "the one try that there is again");
    is_slowed(&back(&lab.sign_in().await, &here, false).await);
}

#[tokio::test]
async fn whoever_links_sees_as_whom_and_can_undo_it_and_nothing_of_it_is_kept() {
    let lab = Lab::new().await;
    let site = &lab.site;
    let root = site.signed_in("root", Standing::Operator).await;
    let token = site.form_token(&root).await;
    let body = format!("csrf={token}&old=korrekt+pferd+batterie");
    let link = async |more: Value, language: &str| {
        let away = lab.leave("/account/identity", &root, &body).await;
        let mut claims = lab.claims(&away, "<r>-1");
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        lab.hand_out(lab.signed(&json!({ "alg": "ES256", "kid": "k1" }), &claims));
        let cookies = format!("{}; {}; lang={language}", away.cookie, root.strip_prefix("cookie: ").unwrap());
        lab.come_back(&away, &cookies).await
    };
    let hostile = json!({ "preferred_username": "<script>alert(1)</script>\u{202e}evil", "email": "x".repeat(9_000) });
    let shown = link(hostile, "en").await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert!(shown.body.contains("Your account is linked with Example ID"), "{}", shown.body);
    assert!(shown.body.contains("<bdi>&#60;r&#62;-1</bdi>"), "{}", shown.body);
    assert!(shown.body.contains("alert(1)") && !shown.body.contains("<script>alert"), "{}", shown.body);
    assert!(!shown.body.contains('\u{202e}') && !shown.body.contains(&"x".repeat(101)), "{}", shown.body);
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    // The next page knows as whom, and nothing else: it was kept nowhere.
    let account = site.ask("GET", "/account", &[&root]).await.body;
    assert!(account.contains("&#60;r&#62;-1</bdi>") && !account.contains("alert(1)"), "{account}");
    for name in [uphold::accounts::FILE, "ledger.db"] {
        let bytes = std::fs::read(site.data.path().join(name)).unwrap_or_default();
        assert!(!bytes.windows(8).any(|part| part == b"alert(1)"), "{name}");
    }
    // Somebody else who is signed in there in the meantime is out again with one press of the button of that page.
    let form = shown.body.split_once("/account/identity/removal").unwrap().1;
    assert!(form.contains(&token) && form.contains("Unlink from Example ID"), "{form}");
    let sign_in = async || {
        let away = lab.sign_in().await;
        lab.whole(away, "<r>-1", "").await
    };
    let other = started(&sign_in().await).unwrap();
    assert_eq!(site.form("/account/identity/removal", &root, &format!("csrf={token}")).await.status, 303);
    assert!(!site.knows(&other).await && site.knows(&root).await);
    assert_eq!(sign_in().await.status, 403);
    // A name is not what anybody is found by, and what is no text is not shown and spoils nothing.
    let named = link(json!({ "preferred_username": { "root": 1 }, "email": null }), "ja").await;
    assert_eq!(named.status, 200);
    assert!(named.body.contains("アカウントを Example ID と連携しました"), "{}", named.body);
    assert!(!named.body.contains("ユーザー名") && !named.body.contains("メールアドレス</dt>"), "{}", named.body);
    let away = lab.sign_in().await;
    let mut claims = lab.claims(&away, "mallory");
    claims["preferred_username"] = json!("root");
    claims["email"] = json!("root@example.com");
    lab.hand_out(lab.signed(&json!({ "alg": "ES256", "kid": "k1" }), &claims));
    assert_eq!(lab.come_back(&away, &away.cookie).await.status, 403);
}

/// Gives somebody a link to a provider that is asked no more, as another start with another file leaves it behind.
fn linked_before(site: &Site, name: &str, issuer: &str) {
    let accounts = rusqlite::Connection::open(site.data.path().join(uphold::accounts::FILE)).unwrap();
    let sql = "INSERT INTO identities SELECT ?2, 'once-' || name, id, ?3 FROM people WHERE name = ?1";
    assert_eq!(accounts.execute(sql, rusqlite::params![name, issuer, sample::noon().0]).unwrap(), 1);
}

#[tokio::test]
async fn a_link_to_a_provider_that_is_asked_no_more_is_shown_and_can_be_removed() {
    const OLD: &str = "https://old.example.com/realms/main";
    let lab = Lab::new().await;
    for site in [&Lab::site(None).await, &lab.site] {
        let root = site.signed_in("root", Standing::Operator).await;
        let account = async || site.ask("GET", "/account", &[&root]).await.body;
        assert!(!account().await.contains("Links that do not work at present"));
        linked_before(site, "root", OLD);
        let page = account().await;
        assert!(page.contains("Links that do not work at present"), "{page}");
        assert!(page.contains("<bdi>old.example.com</bdi>") && page.contains(OLD), "{page}");
        assert!(page.contains("once-root</bdi>") && page.contains("Unlink from old.example.com"), "{page}");
        assert!(page.contains("your account has another way in"), "{page}");
        let token = site.form_token(&root).await;
        let remove = async |issuer: &str| {
            let body = format!(
                "csrf={token}&issuer={}",
                form_urlencoded::byte_serialize(issuer.as_bytes()).collect::<String>()
            );
            site.form("/account/identity/removal", &root, &body).await
        };
        let other = session(&site.sign_in("root", crate::web::PASSWORD).await);
        assert_eq!(
            site.form("/account/identity/removal", &root, &format!("issuer={OLD}")).await.status,
            403,
            "no token"
        );
        assert_eq!(remove("https://other.example.com").await.status, 409, "no such link");
        assert!(site.knows(&other).await && account().await.contains(OLD), "and nothing was done");
        assert_eq!(remove(OLD).await.header("location"), Some("/account"));
        assert!(site.knows(&root).await && !site.knows(&other).await, "one of them may have begun through it");
        assert!(!account().await.contains(OLD));
        let acts = site.accounts.store().acts().unwrap();
        assert!(acts.iter().any(|act| act.what == "identity-unlinked" && act.to.as_deref() == Some(OLD)), "{acts:?}");
    }
}

#[tokio::test]
async fn whose_only_way_in_does_not_work_is_told_what_to_do_and_keeps_it() {
    const OLD: &str = "https://old.example.com";
    let lab = Lab::new().await;
    let site = &lab.site;
    site.signed_in("root", Standing::Operator).await;
    let bob = lab.joined("bob", "b-1").await;
    // The provider is asked no more under this name.
    let accounts = rusqlite::Connection::open(site.data.path().join(uphold::accounts::FILE)).unwrap();
    assert_eq!(accounts.execute("UPDATE identities SET issuer = ?1", [OLD]).unwrap(), 1);
    let page = site.ask("GET", "/account", &[&bob]).await.body;
    assert!(
        page.contains("once this session is over, you cannot sign in") && page.contains("ask an operator for a link")
    );
    assert!(
        page.contains("old.example.com") && page.contains("Cannot be unlinked: it would be the only way in"),
        "{page}"
    );
    assert!(!page.contains("/account/identity/removal"), "there is no button for it");
    let japanese = site.ask("GET", "/account", &[&format!("{bob}; lang=ja")]).await.body;
    assert!(
        japanese.contains("現在使えない連携") && japanese.contains("唯一のサインイン方法のため解除できません"),
        "{japanese}"
    );
    assert_eq!(lab.whole(lab.sign_in().await, "b-1", "").await.status, 403);
    let token = site.form_token(&bob).await;
    let refused = site.form("/account/identity/removal", &bob, &format!("csrf={token}&issuer={OLD}")).await;
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("This is the only way into your account"), "{}", refused.body);
    // What the page advises does help, and the old link is gone with it.
    let cause = Cause { by: "test".to_owned(), why: "moved".to_owned(), at: sample::noon() };
    let path = format!("/join/{}", site.accounts.store().invite("bob", None, &cause).unwrap().secret.reveal());
    let away = lab.leave(&format!("{path}/identity"), "", "").await;
    let moved = started(&lab.whole(away, "b-1", "").await).unwrap();
    assert!(!site.ask("GET", "/account", &[&moved]).await.body.contains(OLD));
}
