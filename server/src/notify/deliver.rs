//! One attempt to hand a message over, and what the other side answered, word for word.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use uphold_core::time::{Instant, Millis};
use uphold_probe::deliver::{Login, Post, Submission, post, submit};
use uphold_probe::egress::Egress;
use uphold_probe::tls;
use uphold_probe::url::Url;

use super::body::body;
use super::mail::mail;
use super::message::Message;
use super::webhook::{Key, KeyError};
use crate::config::alerts::{Body, Channel, Smtp, UrlOrFile, Way};
use crate::error::{Failure, file_failure};
use crate::secret::{Secret, credentials};

/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server may not make us wait longer than this.
const RETRY_AFTER_MAX: Millis = Millis(86_400_000);

/// A channel with its secrets read.
#[derive(Debug, Clone)]
pub struct Open {
    /// What the file says of it.
    pub channel: Channel,
    means: Means,
}

#[derive(Debug, Clone)]
enum Means {
    Webhook { url: Url, form: Body, key: Option<Key>, routing_key: Secret, tls: Tls },
    Smtp { smtp: Smtp, login: Option<Login>, tls: Tls },
}

/// Whom to trust.
type Tls = Arc<tls::ClientConfig>;

/// That a message was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// What the other side said.
    pub said: String,
}

/// That it was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// Why, in the words of the other side where it had any.
    pub why: String,
    /// What follows from it.
    pub then: Then,
}

/// What follows from a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It is tried again, not before so long.
    Retry(Option<Millis>),
    /// It will never be taken.
    GiveUp,
    /// Nothing will ever be taken there.
    Disable,
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for Undelivered {}

/// Reads the secrets of a channel.
///
/// # Errors
/// When one cannot be read or is of no use; the secret is in no text of it.
pub fn open(channel: &Channel) -> Result<Open, Failure> {
    let name = &channel.name;
    let failure = |error: Box<dyn std::error::Error + Send + Sync>| {
        Failure::new(format!("cannot use the channel `{name}`"))
            .because(error)
            .help("give the user that runs uphold access to the file, or name another one")
    };
    let folder = credentials();
    let read = |file: &crate::secret::SecretFile| file.read(folder.as_deref()).map_err(|error| failure(error.into()));
    let tls = match &channel.ca_file {
        None => tls::public_roots(),
        Some(path) => {
            let pem = std::fs::read(path).map_err(|error| file_failure("read", path, error))?;
            tls::with_authorities(&pem, false).map_err(|error| failure(error.into()))?
        }
    };
    let means = match &channel.way {
        Way::Webhook(webhook) => {
            let url = match &webhook.url {
                UrlOrFile::Url(url) => url.clone(),
                // What was read may be a secret even where it is no URL.
                UrlOrFile::File(file) => {
                    Url::parse(read(file)?.reveal()).map_err(|_| failure(format!("`{file}` holds no URL").into()))?
                }
            };
            let secret = webhook.secret.as_ref().map(&read).transpose()?;
            let bad_key = |error: KeyError| {
                let file = webhook.secret.as_ref().map_or_else(String::new, ToString::to_string);
                failure(format!("`{file}` holds no secret to sign with: {error}").into())
            };
            match (webhook.body, secret) {
                (Body::Pagerduty, Some(routing_key)) => {
                    Means::Webhook { url, form: Body::Pagerduty, key: None, routing_key, tls }
                }
                (form, secret) => {
                    let key = secret.map(|secret| Key::parse(secret.reveal())).transpose().map_err(bad_key)?;
                    Means::Webhook { url, form, key, routing_key: Secret::new(""), tls }
                }
            }
        }
        Way::Smtp(smtp) => {
            let login = match &smtp.login {
                Some((user, file)) => Some(Login { user: user.clone(), password: read(file)?.reveal().to_owned() }),
                None => None,
            };
            Means::Smtp { smtp: smtp.clone(), login, tls }
        }
    };
    Ok(Open { channel: channel.clone(), means })
}

/// Tries to hand a message over, once. `id` stays the same however often it is tried.
///
/// # Errors
/// Why it was not taken, and what follows from that.
pub async fn deliver(
    open: &Open,
    egress: &Egress,
    message: &Message,
    id: &str,
    now: Instant,
) -> Result<Delivered, Undelivered> {
    match &open.means {
        Means::Webhook { url, form, key, routing_key, tls } => {
            let body = body(*form, message, routing_key.reveal());
            let timestamp = now.0.div_euclid(1_000);
            let mut headers =
                vec![("webhook-id".to_owned(), id.to_owned()), ("webhook-timestamp".to_owned(), timestamp.to_string())];
            headers.extend(key.as_ref().map(|key| ("webhook-signature".to_owned(), key.sign(id, timestamp, &body))));
            let request = Post { url: url.clone(), headers, body, timeout: PATIENCE, tls: Arc::clone(tls) };
            webhook(egress, &request, now).await
        }
        Means::Smtp { smtp, login, tls } => {
            let give_up = |why: String| Undelivered { why, then: Then::GiveUp };
            let message = mail(message, id, &smtp.from, &smtp.to, now).map_err(|error| give_up(error.to_string()))?;
            let submission = Submission {
                host: smtp.host.clone(),
                port: smtp.port,
                security: smtp.security,
                tls: Arc::clone(tls),
                hello: smtp.from.rsplit_once('@').map_or("localhost", |(_, domain)| domain).to_owned(),
                login: login.clone(),
                from: smtp.from.clone(),
                to: smtp.to.clone(),
                message,
                timeout: PATIENCE,
            };
            smtp_submit(egress, &submission).await
        }
    }
}

async fn webhook(egress: &Egress, request: &Post, now: Instant) -> Result<Delivered, Undelivered> {
    let retry = |why: String, after| Undelivered { why, then: Then::Retry(after) };
    let posted = post(egress, request).await.map_err(|cause| retry(cause.to_string(), None))?;
    let said = match posted.excerpt().as_str() {
        "" => format!("HTTP {}", posted.status),
        excerpt => format!("HTTP {}: {excerpt}", posted.status),
    };
    match posted.status {
        200..=299 => Ok(Delivered { said }),
        410 => Err(Undelivered { why: said, then: Then::Disable }),
        _ => Err(retry(said, posted.retry_after.and_then(|text| retry_after(&text, now)))),
    }
}

async fn smtp_submit(egress: &Egress, submission: &Submission) -> Result<Delivered, Undelivered> {
    let accepted = submit(egress, submission).await.map_err(|error| Undelivered {
        why: error.to_string(),
        then: if error.is_final() { Then::GiveUp } else { Then::Retry(None) },
    })?;
    for (to, reply) in &accepted.refused {
        tracing::error!(%to, %reply, "the mail server does not send to one of the addresses");
    }
    let refused: String = accepted.refused.iter().map(|(to, reply)| format!("; not to {to}: {reply}")).collect();
    Ok(Delivered { said: format!("{}{refused}", accepted.reply) })
}

/// How long a server asks us to wait (RFC 9110, section 10.2.3): seconds, or a date.
fn retry_after(text: &str, now: Instant) -> Option<Millis> {
    let asked = match text.trim().parse::<u32>() {
        Ok(seconds) => Millis(i64::from(seconds) * 1_000),
        Err(_) => {
            let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()?;
            Instant(date.as_millisecond()) - now
        }
    };
    Some(Millis(asked.0.clamp(0, RETRY_AFTER_MAX.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_may_ask_for_a_pause_and_not_for_ever() {
        let now = Instant::parse("2015-10-21T07:28:00Z").unwrap();
        assert_eq!(retry_after("120", now), Some(Millis(120_000)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:29:00 GMT", now), Some(Millis(60_000)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:27:00 GMT", now), Some(Millis(0)));
        assert_eq!(retry_after("4294967295", now), Some(RETRY_AFTER_MAX));
        for bad in ["", "-1", "soon", "99999999999"] {
            assert_eq!(retry_after(bad, now), None, "{bad}");
        }
    }
}
