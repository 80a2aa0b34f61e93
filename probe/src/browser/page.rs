//! One visit to a page: opening it, signing in, waiting for what it must show, and what is kept of it when it does not.

use super::driver::{DriverError, Session};
use super::proxy::{BYTES_MAX, Failed, Proxy};
use super::{BrowserCheck, SignIn};
use crate::meter::{Failure, Meter};
use crate::outcome::{Cause, PageEvidence, Said, Step, Took};
use crate::url::Url;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout_at};

/// How often the page is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long one piece of evidence may take.
const EVIDENCE: Duration = Duration::from_secs(5);

/// How long the address of a page that could not be opened may take.
const ADDRESS: Duration = Duration::from_secs(3);

/// A larger picture is not kept, in characters of base64.
const PICTURE_MAX: usize = 8 << 20;

/// What the page shows of a selector and a text. It looks and changes nothing.
const LOOK: &str = r"
const [selector, text] = arguments;
if (document.URL.startsWith('chrome-error:')) {
  const says = document.body ? document.body.innerText : '';
  const [error, status] = [says.match(/ERR_[A-Z0-9_]+/), says.match(/HTTP ERROR ([1-5][0-9][0-9])/)];
  return { error: error ? error[0] : '', status: status ? Number(status[1]) : 0 };
}
if (!/^https?:$/.test(location.protocol)) return {};
let found;
try { found = [...document.querySelectorAll(selector)]; } catch { return { invalid: true }; }
const shown = found.some(e => e.getClientRects().length > 0
  && e.checkVisibility({ opacityProperty: true, visibilityProperty: true }));
const said = text === null || (document.body ? document.body.innerText : '').includes(text);
const entry = performance.getEntriesByType('navigation')[0];
return { opened: true, shown, said, status: entry ? entry.responseStatus : 0 };";

/// Where the two fields are, and what the second one is.
const FIELDS: &str = r"
const [user, password, submit] = arguments;
return { origin: location.origin, hides: password instanceof HTMLInputElement && password.type === 'password' };";

/// Takes what was typed, and what the page says of it, off the page before a picture of it is taken.
const CLEAN: &str = r"
const secrets = arguments[0];
for (const field of document.querySelectorAll('input, textarea')) field.value = '';
const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) for (const secret of secrets)
  if (walker.currentNode.data.includes(secret))
    walker.currentNode.data = walker.currentNode.data.split(secret).join('[redacted]');
return location.origin;";

/// What the page showed when it was looked at last.
#[derive(Debug, Default)]
struct Look {
    opened: bool,
    shown: bool,
    said: bool,
    status: u16,
}

/// One visit.
#[derive(Debug)]
pub(super) struct Visit<'a> {
    check: &'a BrowserCheck,
    session: &'a Session,
    proxy: &'a Proxy,
    deadline: Instant,
}

impl<'a> Visit<'a> {
    /// A visit that begins now.
    pub(super) fn new(check: &'a BrowserCheck, session: &'a Session, proxy: &'a Proxy) -> Self {
        Self { check, session, proxy, deadline: Instant::now() + check.timeout }
    }

    /// Opens the page, signs in, and waits for what it must show.
    pub(super) async fn run(&self, meter: &mut Meter) -> Result<(), Failure> {
        let check = self.check;
        meter.enter(Step::FirstByte);
        self.session.command("url", Some(&json!({ "url": check.url.to_string() })), check.timeout).await?;
        if let Some(sign_in) = &check.sign_in {
            self.wait(&sign_in.user_field, None).await?;
            self.wait(&sign_in.password_field, None).await?;
            meter.enter(Step::Body);
            self.sign_in(sign_in).await?;
        }
        let end = self.wait(&check.wait_for, check.text.as_deref()).await;
        match (end, &check.sign_in) {
            (Err(failure), Some(sign_in)) if matches!(failure.cause, Cause::NotShown(_)) => {
                Err(self.after_sign_in(sign_in, failure).await)
            }
            (end, _) => end,
        }
    }

    /// A page that still asks for the password did not let us in.
    async fn after_sign_in(&self, sign_in: &SignIn, failure: Failure) -> Failure {
        match self.session.script(LOOK, json!([sign_in.password_field, null]), ADDRESS).await {
            Ok(look) if look["shown"] == true => Failure::down(Cause::NotSignedIn),
            _ => failure,
        }
    }

    /// Looks at the page until it shows what the selector names, and the text.
    async fn wait(&self, selector: &str, text: Option<&str>) -> Result<(), Failure> {
        let (mut last, mut seen, mut trouble): (Look, bool, Option<DriverError>) = (Look::default(), false, None);
        let args = json!([selector, text]);
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            let looking = self.session.script(LOOK, args.clone(), left + ADDRESS);
            match timeout_at(self.deadline, looking).await {
                Err(_) => break,
                Ok(Err(error)) if error.is_final() => return Err(error.into()),
                // A page that is being replaced cannot be looked at for a moment.
                Ok(Err(error)) => trouble = Some(error),
                Ok(Ok(found)) => {
                    // An answer without a body is shown as a page of the browser's own, which says what it is a moment later.
                    let (error, status) = (found["error"].as_str(), Look::of(&found).status);
                    match error {
                        Some(_) if status > 0 => return Err(Failure::down(Cause::Status(status))),
                        Some(error) if !error.is_empty() => return Err(self.unopened(error).await),
                        Some(_) => {}
                        None => {
                            if found["invalid"] == true {
                                return Err(Failure::unknown(Cause::SelectorBad(Said::new(selector))));
                            }
                            seen = true;
                            last = Look::of(&found);
                            if last.shown && last.said {
                                return Ok(());
                            }
                        }
                    }
                }
            }
            if Instant::now() >= self.deadline {
                break;
            }
            sleep_until((Instant::now() + LOOK_EVERY).min(self.deadline)).await;
        }
        match trouble {
            Some(error) if !seen => Err(error.into()),
            _ => Err(self.late(selector, text, &last).await),
        }
    }

    /// Why the time went by.
    async fn late(&self, selector: &str, text: Option<&str>, last: &Look) -> Failure {
        if !self.session.answers().await {
            return Failure::unknown(Cause::Browser(Said::new("chromedriver does not answer")));
        }
        if self.proxy.is_full() {
            return Failure::unknown(Cause::PageTooLarge(BYTES_MAX >> 20));
        }
        let after = Took(self.check.timeout);
        Failure::down(match text {
            _ if !last.opened => match self.failure_of(&self.check.url) {
                Some(failed) => return failed.into(),
                None => Cause::TimedOut { after, step: Step::FirstByte },
            },
            _ if last.status >= 400 => Cause::Status(last.status),
            Some(text) if last.shown => Cause::TextNotShown(Said::new(text)),
            _ => Cause::NotShown(Said::new(selector)),
        })
    }

    /// Why the page could not be opened: our proxy knows best, the browser says the rest.
    async fn unopened(&self, error: &str) -> Failure {
        let address = self.session.command("url", None, ADDRESS).await;
        let url = address.ok().and_then(|url| Url::parse(without_fragment(url.as_str()?)).ok());
        if let Some(failed) = url.and_then(|url| self.failure_of(&url)) {
            return failed.into();
        }
        let said = || Said::new(error);
        Failure::down(match error {
            "ERR_CERT_AUTHORITY_INVALID" => Cause::CertificateUntrusted,
            "ERR_CERT_COMMON_NAME_INVALID" => Cause::CertificateOtherName,
            "ERR_CERT_REVOKED" => Cause::CertificateRevoked,
            "ERR_EMPTY_RESPONSE" | "ERR_CONNECTION_CLOSED" => Cause::ClosedEarly,
            "ERR_CONNECTION_RESET" => Cause::ConnectionReset,
            "ERR_UNSAFE_REDIRECT" => Cause::RedirectForbidden,
            _ if error.starts_with("ERR_CERT_") => Cause::CertificateBad(said()),
            _ if is_ours(error) => return Failure::unknown(Cause::Browser(said())),
            _ => Cause::PageFailed(said()),
        })
    }

    /// The connection to the host of a page that our proxy could not make.
    fn failure_of(&self, url: &Url) -> Option<Failed> {
        self.proxy.failure(&url.host().to_string(), url.port())
    }

    /// Types the credentials, on a page that may have them and into a field that hides them, and sends them off.
    async fn sign_in(&self, sign_in: &SignIn) -> Result<(), Failure> {
        let user = self.element(&sign_in.user_field).await?;
        let password = self.element(&sign_in.password_field).await?;
        let submit = self.element(&sign_in.submit).await?;
        // The elements are of the page whose origin is told; typed into another page, they would be stale.
        let fields = self.session.script(FIELDS, json!([user, password, submit]), self.left()).await?;
        let origin = fields["origin"].as_str().unwrap_or("");
        if !sign_in.permits(origin) {
            return Err(Failure::unknown(Cause::SignInElsewhere(Said::new(origin))));
        }
        if fields["hides"] != true {
            return Err(Failure::unknown(Cause::NoPasswordField(Said::new(&sign_in.password_field))));
        }
        self.type_into(&user, &sign_in.credentials.user).await?;
        self.type_into(&password, &sign_in.credentials.password).await?;
        self.on_element(&submit, "click", &json!({})).await
    }

    async fn element(&self, selector: &str) -> Result<Value, Failure> {
        let wanted = json!({ "using": "css selector", "value": selector });
        match self.session.command("element", Some(&wanted), self.left()).await {
            Ok(element) => Ok(element),
            Err(DriverError::Said { error, .. }) if error == "no such element" => {
                Err(Failure::down(Cause::NotShown(Said::new(selector))))
            }
            Err(DriverError::Said { error, .. }) if error == "invalid selector" => {
                Err(Failure::unknown(Cause::SelectorBad(Said::new(selector))))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn type_into(&self, element: &Value, text: &str) -> Result<(), Failure> {
        self.on_element(element, "value", &json!({ "text": text })).await
    }

    async fn on_element(&self, element: &Value, act: &str, body: &Value) -> Result<(), Failure> {
        let id = element.as_object().and_then(|element| element.values().next()).and_then(Value::as_str).unwrap_or("");
        match self.session.command(&format!("element/{id}/{act}"), Some(body), self.left()).await {
            Ok(_) => Ok(()),
            // What cannot be used as a person would use it is the page's fault. What was to be typed is not repeated.
            Err(DriverError::Said { error, .. })
                if matches!(
                    error.as_str(),
                    "element not interactable" | "element click intercepted" | "stale element reference"
                ) =>
            {
                Err(Failure::down(Cause::PageFailed(Said::new(error))))
            }
            Err(error) if error.is_final() => Err(error.into()),
            Err(DriverError::Said { error, .. }) => Err(Failure::unknown(Cause::Browser(Said::new(error)))),
            Err(error) => Err(error.into()),
        }
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now()).max(Duration::from_secs(1))
    }

    /// What is kept of a page that is down: where it was, its title, what our policy refused it, and its picture. The
    /// credentials are taken off before.
    pub(super) async fn evidence(&self) -> PageEvidence {
        let secrets = self.check.sign_in.as_ref().map(|sign_in| sign_in.credentials.secrets()).unwrap_or_default();
        let ask = async |path: &str| self.session.command(path, None, EVIDENCE).await.ok();
        let mut clean = true;
        if let Some(sign_in) = &self.check.sign_in {
            let texts: Vec<String> = secrets.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect();
            // A page that may not have the credentials has not got them, so nothing is to be taken off it.
            let here = self.session.script("return location.origin;", json!([]), EVIDENCE).await;
            let origin = here.ok().and_then(|origin| origin.as_str().map(str::to_owned));
            if origin.is_none_or(|origin| sign_in.permits(&origin)) {
                clean = self.session.script(CLEAN, json!([texts]), EVIDENCE).await.is_ok();
            }
        }
        let url = ask("url").await.and_then(|url| url.as_str().map(str::to_owned)).unwrap_or_default();
        let is_page = url.starts_with("http://") || url.starts_with("https://");
        let title = if is_page { ask("title").await } else { None };
        let title = title.and_then(|title| title.as_str().map(str::to_owned)).unwrap_or_default();
        let picture = if is_page && clean { ask("screenshot").await } else { None };
        let picture = picture.and_then(|picture| picture.as_str().filter(|text| text.len() <= PICTURE_MAX).map(decode));
        PageEvidence::new(&url, &title, self.proxy.refused(), picture.flatten(), &secrets)
    }
}

impl Look {
    fn of(found: &Value) -> Self {
        let is = |key: &str| found[key] == true;
        let status = found["status"].as_u64().and_then(|status| u16::try_from(status).ok());
        Self { opened: is("opened"), shown: is("shown"), said: is("said"), status: status.unwrap_or(0) }
    }
}

/// Whether an error of the browser speaks of this machine or of our proxy.
fn is_ours(error: &str) -> bool {
    const OURS: [&str; 7] =
        ["_SOCKS_", "_PROXY_", "_TUNNEL_", "ERR_INTERNET_DISCONNECTED", "ERR_NETWORK_", "_RESOURCES", "_MEMORY"];
    OURS.iter().any(|ours| error.contains(ours))
}

fn without_fragment(url: &str) -> &str {
    url.split('#').next().unwrap_or(url)
}

/// Reads base64 (RFC 4648, section 4), as WebDriver sends a picture.
fn decode(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

impl From<Failed> for Failure {
    fn from(failed: Failed) -> Self {
        Self { state: failed.state, cause: failed.cause }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_our_way_out_is_not_the_fault_of_the_page() {
        for ours in ["ERR_SOCKS_CONNECTION_FAILED", "ERR_PROXY_CONNECTION_FAILED", "ERR_NETWORK_CHANGED"] {
            assert!(is_ours(ours), "{ours}");
        }
        for theirs in ["ERR_TOO_MANY_REDIRECTS", "ERR_INVALID_RESPONSE", "ERR_CONNECTION_TIMED_OUT", ""] {
            assert!(!is_ours(theirs), "{theirs}");
        }
    }
}
