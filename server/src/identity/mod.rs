//! Signing in through an identity provider (OpenID Connect): the authorization code flow with PKCE, for one provider.
//!
//! [`IdentityProvider`] sends a browser away and makes of what it comes back with who somebody is there. What is believed
//! comes from the provider itself, over `egress`, or carries its signature; what the browser brings is held against what
//! was begun. Not here: whose account that is and what it may do (`accounts`), cookies and pages (`web`).

mod discovery;
mod error;
mod open;
mod pending;
mod returned;
mod shown;
mod token;

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use tokio::sync::{Semaphore, SemaphorePermit};
use uphold_core::ledger::digest::Digest;
use uphold_core::time::Millis;
use uphold_probe::deliver::{Fetch, fetch};
use uphold_probe::egress::{Egress, Host, Resolver};
use uphold_probe::tls::ClientConfig;
use uphold_probe::url::Url;

pub use error::{Document, Flaw, IdentityError};
pub use open::open;
pub use pending::{PENDING_LENGTH, Purpose};
pub use returned::Returned;
pub use shown::{Shown, visible};
pub use token::TokenError;

use discovery::Metadata;
use pending::{Pending, Pendings};
use token::{Expected, Keys};

use crate::accounts::{Identity, Secret};
use crate::clock::Clock;
use crate::config::sign_in::SignInFile;
use crate::secret::Secret as Configured;

/// The path that people come back to.
pub const RETURN_PATH: &str = "/sign-in/return";

/// How long one answer of the provider may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long an answer of the provider may be, in bytes.
const ANSWER_MAX: usize = 256 << 10;

/// How long its description is believed without asking again.
const DESCRIPTION_LENGTH: Millis = Millis(600_000);

/// How many ask the provider at once; the others are told to come again.
const TURNS: usize = 8;

/// How long somebody waits for one of them.
const TURN_WAIT: Duration = Duration::from_secs(5);

/// The provider that people may sign in through. A clone is the same one.
#[derive(Debug, Clone)]
pub struct IdentityProvider(Arc<Inner>);

struct Inner {
    file: SignInFile,
    secret: Configured,
    egress: Egress,
    tls: Arc<ClientConfig>,
    clock: Clock,
    metadata: Mutex<Option<(Millis, Arc<Metadata>)>>,
    pending: Mutex<Pendings>,
    turns: Semaphore,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityProvider").field("issuer", &self.file.issuer).finish_non_exhaustive()
    }
}

/// That somebody was sent away.
#[derive(Debug)]
pub struct Begun {
    /// Where to.
    pub address: String,
    /// What their browser has to show when they come back.
    pub browser: Secret,
}

/// That it is known who somebody is.
#[derive(Debug)]
pub struct Arrived {
    /// What for they were sent away.
    pub purpose: Purpose,
    /// Who they are.
    pub identity: Identity,
    /// What they may be shown of what the provider calls them.
    pub shown: Shown,
}

impl IdentityProvider {
    /// The provider of a sign-in file, with its secret and whom to trust. Nothing is asked of it yet.
    #[must_use]
    pub fn new(file: SignInFile, secret: Configured, tls: Arc<ClientConfig>, clock: Clock) -> Self {
        let egress = Egress::with_resolver(file.allow.clone(), Resolver::new(file.name_servers.clone()));
        let turns = Semaphore::new(TURNS);
        Self(Arc::new(Inner {
            file,
            secret,
            egress,
            tls,
            clock,
            metadata: Mutex::default(),
            pending: Mutex::default(),
            turns,
        }))
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.file.name
    }

    /// As it calls itself.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.file.issuer
    }

    /// Where people reach this server, and come back to.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.0.file.base_url
    }

    /// The host of that address.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.0.file.host
    }

    /// Whether it describes itself as the file says. It is asked, unless it was of late.
    ///
    /// # Errors
    /// Why nobody can be sent to it.
    pub async fn examine(&self) -> Result<(), IdentityError> {
        self.metadata().await.map(drop)
    }

    /// Sends somebody away, for some purpose. `address` is where their browser is.
    ///
    /// # Errors
    /// When the provider cannot be asked where to, or too many ask at this moment.
    pub async fn begin(&self, purpose: Purpose, address: Option<IpAddr>) -> Result<Begun, IdentityError> {
        let metadata = self.metadata().await?;
        let draw = || Secret::draw().map_err(IdentityError::Accounts);
        let (state, browser, nonce, verifier) = (draw()?, draw()?, draw()?, draw()?);
        let challenge = URL_SAFE_NO_PAD.encode(Digest::of(&[verifier.reveal().as_bytes()]).0);
        let query = encode(&[
            ("response_type", "code"),
            ("scope", "openid"),
            ("client_id", &self.0.file.client_id),
            ("redirect_uri", &self.redirect()),
            ("state", state.reveal()),
            ("nonce", nonce.reveal()),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let between = if metadata.authorization.path_and_query().contains('?') { '&' } else { '?' };
        let target = format!("{}{between}{query}", metadata.authorization);
        let pending = Pending { purpose, browser: browser.digest(), nonce, verifier, metadata };
        self.pending().put(state.digest(), pending, address, self.0.clock.monotonic());
        Ok(Begun { address: target, browser })
    }

    /// Whether somebody who came back was sent away from this browser, and not too long ago. It asks nothing and uses nothing up.
    #[must_use]
    pub fn has_begun(&self, returned: &Returned, browser: Option<&Secret>) -> bool {
        let (Some(state), Some(browser)) = (&returned.state, browser) else { return false };
        let now = self.0.clock.monotonic();
        self.pending().knows(state.digest(), browser.digest(), now)
    }

    /// Who somebody is who came back, and what for they were sent away. `browser` is what theirs shows. Whatever comes of it,
    /// the same cannot come back a second time.
    ///
    /// # Errors
    /// Why it is not known who they are.
    pub async fn finish(&self, returned: &Returned, browser: Option<&Secret>) -> Result<Arrived, IdentityError> {
        let (Some(state), Some(browser)) = (&returned.state, browser) else { return Err(IdentityError::NotBegun) };
        // Before anything is used up: whoever has to wait too long may come back with the same.
        let _turn = self.turn().await?;
        let now = self.0.clock.monotonic();
        let pending = self.pending().take(state.digest(), browser.digest(), now).ok_or(IdentityError::NotBegun)?;
        let Pending { purpose, nonce, verifier, metadata, .. } = pending;
        // Another provider's answer must not be taken for this one's (RFC 9207).
        match &returned.issuer {
            Some(issuer) if *issuer == self.0.file.issuer => {}
            None if !metadata.says_issuer => {}
            _ => return Err(IdentityError::Unusable(Document::Return, Flaw::OtherIssuer)),
        }
        if let Some(error) = &returned.error {
            return Err(IdentityError::Refused(error.clone()));
        }
        let code = returned.code.as_deref().ok_or(IdentityError::Unusable(Document::Return, Flaw::Incomplete))?;
        let token = self.redeem(&metadata, code, &verifier).await?;
        let keys = Keys::read(&self.ask(Document::Keys, &metadata.keys, None).await?)
            .ok_or(IdentityError::Unusable(Document::Keys, Flaw::Unreadable))?;
        let expected = Expected {
            issuer: &self.0.file.issuer,
            client: &self.0.file.client_id,
            nonce: nonce.reveal(),
            now: self.0.clock.now(),
        };
        let (subject, shown) = token::verify(&token, &keys, &expected).map_err(IdentityError::Token)?;
        Ok(Arrived { purpose, identity: Identity { issuer: self.0.file.issuer.clone(), subject }, shown })
    }

    /// Hands in what the browser brought; the token that says who somebody is.
    async fn redeem(&self, metadata: &Metadata, code: &str, verifier: &Secret) -> Result<String, IdentityError> {
        let (client, secret) = (self.0.file.client_id.as_str(), self.0.secret.reveal());
        let redirect = self.redirect();
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &redirect),
            ("code_verifier", verifier.reveal()),
        ];
        let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
        if metadata.takes_secret_in_form {
            fields.extend([("client_id", client), ("client_secret", secret)]);
        } else {
            // RFC 6749, section 2.3.1: both are escaped as in a form before they are put together.
            let escaped = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", escaped(client), escaped(secret));
            headers.push(("authorization".to_owned(), format!("Basic {}", STANDARD.encode(pair))));
        }
        let form = encode(&fields);
        let answer = self.send(Document::Token, &metadata.token, headers, Some(form)).await?;
        discovery::id_token(&answer).ok_or(IdentityError::Unusable(Document::Token, Flaw::Incomplete))
    }

    /// The provider's description, asked for again when it is old.
    async fn metadata(&self) -> Result<Arc<Metadata>, IdentityError> {
        let now = self.0.clock.monotonic();
        let known = lock(&self.0.metadata).clone();
        if let Some((at, metadata)) = known
            && now - at < DESCRIPTION_LENGTH
        {
            return Ok(metadata);
        }
        let _turn = self.turn().await?;
        let document = self.ask(Document::Description, &self.0.file.discovery, None).await?;
        let read = Metadata::read(&document, &self.0.file.issuer);
        let metadata = Arc::new(read.map_err(|flaw| IdentityError::Unusable(Document::Description, flaw))?);
        *lock(&self.0.metadata) = Some((now, Arc::clone(&metadata)));
        Ok(metadata)
    }

    /// One of the few conversations with the provider that go on at once.
    async fn turn(&self) -> Result<SemaphorePermit<'_>, IdentityError> {
        let turn = tokio::time::timeout(TURN_WAIT, self.0.turns.acquire()).await;
        turn.ok().and_then(Result::ok).ok_or(IdentityError::Busy)
    }

    async fn ask(&self, what: Document, url: &Url, form: Option<String>) -> Result<Vec<u8>, IdentityError> {
        self.send(what, url, vec![("accept".to_owned(), "application/json".to_owned())], form).await
    }

    async fn send(
        &self,
        what: Document,
        url: &Url,
        headers: Vec<(String, String)>,
        form: Option<String>,
    ) -> Result<Vec<u8>, IdentityError> {
        let tls = Arc::clone(&self.0.tls);
        let question = Fetch { url: url.clone(), headers, form, answer_max: ANSWER_MAX, timeout: PATIENCE, tls };
        let answer = fetch(&self.0.egress, &question).await.map_err(|cause| IdentityError::Unreachable(what, cause))?;
        match (answer.status, answer.is_whole) {
            (200, true) => Ok(answer.body),
            (200, false) => Err(IdentityError::Unusable(what, Flaw::TooLong)),
            (status, _) => Err(IdentityError::Unusable(what, Flaw::Status(status, discovery::error_of(&answer.body)))),
        }
    }

    fn redirect(&self) -> String {
        format!("{}{RETURN_PATH}", self.0.file.base_url)
    }

    fn pending(&self) -> MutexGuard<'_, Pendings> {
        lock(&self.0.pending)
    }
}

fn encode(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
