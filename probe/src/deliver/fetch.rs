//! Asking a server for a document, over one fresh connection. A redirect is an answer like any other: it is not followed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;

use super::exchange::{Question, exchange};
use crate::egress::Egress;
use crate::outcome::Cause;
use crate::url::Url;

/// What is asked for, and where.
#[derive(Clone)]
pub struct Fetch {
    /// Where.
    pub url: Url,
    /// Headers beside those that every request has; names and values as they are sent.
    pub headers: Vec<(String, String)>,
    /// The fields of a form, as they are posted; without it the document is asked for with a GET.
    pub form: Option<String>,
    /// How long an answer may be, in bytes.
    pub answer_max: usize,
    /// How long the whole may take.
    pub timeout: Duration,
    /// Whom to trust.
    pub tls: Arc<ClientConfig>,
}

/// What the other side answered.
#[derive(Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The status.
    pub status: u16,
    /// The body, or its beginning.
    pub body: Vec<u8>,
    /// Whether the body is all there is: it was not too long, and did not break off.
    pub is_whole: bool,
}

impl fmt::Debug for Fetch {
    /// Without the headers and the form, which may say who we are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetch").field("url", &self.url).finish_non_exhaustive()
    }
}

impl fmt::Debug for Fetched {
    /// Without the body, which may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetched")
            .field("status", &self.status)
            .field("is_whole", &self.is_whole)
            .finish_non_exhaustive()
    }
}

/// Asks once.
///
/// # Errors
/// Why no answer came back. A header that cannot be sent as it is written is refused before anything is connected.
pub async fn fetch(egress: &Egress, fetch: &Fetch) -> Result<Fetched, Cause> {
    let question = Question {
        url: &fetch.url,
        kind: fetch.form.as_ref().map(|_| "application/x-www-form-urlencoded"),
        headers: &fetch.headers,
        body: fetch.form.as_ref().map(String::as_bytes),
        answer_max: fetch.answer_max,
        timeout: fetch.timeout,
        tls: &fetch.tls,
    };
    let answer = exchange(egress, question).await?;
    Ok(Fetched { status: answer.status, body: answer.body, is_whole: answer.is_whole })
}
