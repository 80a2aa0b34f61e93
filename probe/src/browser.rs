//! The browser probe: a page opened in a real Chromium, signed in to if the check says so, and up when it shows what it must.
//!
//! Here: what a check says, and one measurement of it. How the browser is started and spoken to, what it may reach, and what
//! a page shows are the modules below. There is no scripting in a check, and no state is kept from one to the next.

mod driver;
mod page;
mod peer;
mod pool;
mod print;
mod proxy;
mod sign_in;

pub use pool::{Browsers, NoBrowser, SESSIONS_DEFAULT, SESSIONS_MAX};
pub use print::PrintError;
pub use proxy::BYTES_MAX;
pub use sign_in::{CREDENTIALS_BYTES_MAX, Credentials, CredentialsError, SignIn};

use crate::assertion::{self, Assertion, Facts};
use crate::egress::Egress;
use crate::meter::{Failure, Meter, outcome};
use crate::outcome::{Cause, Evidence, Outcome, Phases};
use crate::url::{Url, UrlError};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use uphold_core::run::Observed;
use uphold_core::time::Instant;

/// The longest selector or text, in bytes.
pub const SELECTOR_BYTES_MAX: usize = 1024;

/// The settings of a browser check, not yet judged.
#[derive(Debug, Clone)]
pub struct BrowserSettings {
    /// The absolute URL.
    pub url: String,
    /// The CSS selector of what shows that the page is usable.
    pub wait_for: String,
    /// A text that the page must show as well.
    pub text: Option<String>,
    /// How to sign in first.
    pub sign_in: Option<SignIn>,
    /// What else must hold.
    pub assertions: Vec<Assertion>,
    /// How long the page may take, from when the browser is asked for it.
    pub timeout: Duration,
}

/// A browser check that was judged once.
#[derive(Debug, Clone)]
pub struct BrowserCheck {
    url: Url,
    wait_for: String,
    text: Option<String>,
    sign_in: Option<SignIn>,
    assertions: Vec<Assertion>,
    timeout: Duration,
    browsers: Arc<Browsers>,
}

/// Why settings make no browser check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrowserCheckError {
    /// The URL cannot be opened.
    Url(UrlError),
    /// An origin is none.
    Origin(String),
    /// A selector or text is empty or too long.
    Selector(String),
}

impl fmt::Display for BrowserCheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(error) => error.fmt(f),
            Self::Origin(text) => {
                write!(
                    f,
                    "could not read origin `{}`: it must be as in `https://id.example.com`",
                    text.escape_default()
                )
            }
            Self::Selector(text) => write!(
                f,
                "could not wait for `{}`: it must have 1 to {SELECTOR_BYTES_MAX} bytes and no control characters",
                text.escape_default()
            ),
        }
    }
}

impl std::error::Error for BrowserCheckError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Url(error) => error.source(),
            Self::Origin(_) | Self::Selector(_) => None,
        }
    }
}

impl BrowserCheck {
    /// The page that is opened first.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Judges the settings. The check runs in one of the browsers.
    ///
    /// # Errors
    /// When the URL is not `http` or `https`, an origin is none, or a selector cannot be one.
    pub fn new(settings: BrowserSettings, browsers: Arc<Browsers>) -> Result<Self, BrowserCheckError> {
        let url = Url::parse(&settings.url).map_err(BrowserCheckError::Url)?;
        let fields = settings.sign_in.iter().flat_map(SignIn::selectors);
        for text in [Some(&settings.wait_for), settings.text.as_ref()].into_iter().flatten().chain(fields) {
            let fits = (1..=SELECTOR_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
            if !fits {
                return Err(BrowserCheckError::Selector(text.clone()));
            }
        }
        let sign_in = settings.sign_in.map(|sign_in| sign_in.with_own(&url)).transpose();
        Ok(Self {
            sign_in: sign_in?,
            url,
            wait_for: settings.wait_for,
            text: settings.text,
            assertions: settings.assertions,
            timeout: settings.timeout,
            browsers,
        })
    }

    /// The hosts that the check itself names.
    fn hosts(&self) -> Vec<String> {
        let origins = self.sign_in.iter().flat_map(|sign_in| &sign_in.origins);
        let named = origins.filter_map(|origin| Url::parse(origin).ok()).map(|url| url.host().to_string());
        named.chain([self.url.host().to_string()]).collect()
    }
}

/// Measures once. `at` is the instant that the observation is for.
///
/// Down is what the page does wrong: it cannot be opened, does not show what it must in time, or does not let us in. What is
/// ours is unknown: no browser is free, it does not start, it breaks, or our own policy refuses the page's address.
pub async fn probe(check: &BrowserCheck, egress: &Egress, at: Instant) -> Outcome {
    let unstarted = |failure: Failure| failure.outcome(Phases::default());
    // A turn that comes late would date the observation wrongly.
    let Ok(Ok(_turn)) = tokio::time::timeout(check.timeout, check.browsers.turn()).await else {
        return unstarted(Failure::unknown(Cause::BrowserBusy(check.browsers.sessions())));
    };
    let proxy = match proxy::Proxy::start(egress, check.hosts()).await {
        Ok(proxy) => proxy,
        Err(error) => return unstarted(Failure::unknown(Cause::Machine(crate::outcome::Said::new(error)))),
    };
    let session = match driver::Session::start(&check.browsers, proxy.port()).await {
        Ok(session) => session,
        Err(failure) => return unstarted(failure),
    };
    let mut meter = Meter::start();
    let visit = page::Visit::new(check, &session, &proxy);
    let end = visit.run(&mut meter).await;
    let (phases, end) = meter.finish(check.timeout, Ok(end));
    let made = match end {
        Ok(()) => judge(check, phases, at),
        Err(failure) => {
            let evidence = if failure.state == Observed::Down { Some(visit.evidence().await) } else { None };
            outcome(failure.state, phases, failure.cause, evidence.map(Evidence::Page))
        }
    };
    session.end().await;
    made
}

fn judge(check: &BrowserCheck, phases: Phases, at: Instant) -> Outcome {
    let facts = Facts { http: None, phases, certificate_until: None, at };
    let (state, cause) = assertion::judge(&check.assertions, &facts).unwrap_or((Observed::Up, Cause::Shown));
    outcome(state, phases, cause, None)
}
