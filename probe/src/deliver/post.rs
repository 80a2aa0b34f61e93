//! One POST over one fresh connection. A redirect is an answer like any other: it is not followed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hyper::header;
use rustls::ClientConfig;

use super::exchange::{Question, exchange};
use crate::egress::Egress;
use crate::outcome::Cause;
use crate::url::Url;

/// So much of an answer is read.
const ANSWER_BYTES: usize = 16 * 1024;

/// So much of it is shown.
const EXCERPT: usize = 1024;

/// What is posted, and where.
#[derive(Clone)]
pub struct Post {
    /// Where to.
    pub url: Url,
    /// Headers beside those that every request has; names and values as they are sent.
    pub headers: Vec<(String, String)>,
    /// What is sent, which is JSON.
    pub body: Vec<u8>,
    /// How long the whole may take.
    pub timeout: Duration,
    /// Whom to trust.
    pub tls: Arc<ClientConfig>,
}

/// What the other side answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The status.
    pub status: u16,
    /// The header `Retry-After`, as it was sent.
    pub retry_after: Option<String>,
    /// The beginning of the body.
    pub body: Vec<u8>,
}

impl Posted {
    /// The first words of the body, without control characters.
    #[must_use]
    pub fn excerpt(&self) -> String {
        let start = &self.body[..self.body.len().min(EXCERPT)];
        String::from_utf8_lossy(start).chars().filter(|c| !c.is_control()).collect()
    }
}

impl fmt::Debug for Post {
    /// Without the headers, which may say who we are, and without the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Posts once.
///
/// # Errors
/// Why no answer came back. A header that cannot be sent as it is written is refused before anything is connected.
pub async fn post(egress: &Egress, post: &Post) -> Result<Posted, Cause> {
    let question = Question {
        url: &post.url,
        kind: Some("application/json"),
        headers: &post.headers,
        body: Some(&post.body),
        answer_max: ANSWER_BYTES,
        timeout: post.timeout,
        tls: &post.tls,
    };
    let answer = exchange(egress, question).await?;
    let retry_after = answer.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    // The status says whether it was taken; a body that breaks off changes nothing.
    Ok(Posted { status: answer.status, retry_after: retry_after.map(str::to_owned), body: answer.body })
}
