//! One POST over one fresh connection. A redirect is an answer like any other: it is not followed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::drive::driven;
use crate::egress::{Egress, Family};
use crate::meter::{Failure, Meter, Way, connect, secure};
use crate::outcome::{Cause, Said, Step};
use crate::tls;
use crate::url::{Scheme, Url};

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
    let request = request(post).ok_or_else(|| Cause::Failed(Said::new("a header cannot be sent as it is written")))?;
    let mut meter = Meter::start();
    let end = tokio::time::timeout(post.timeout, exchange(egress, post, request, &mut meter)).await;
    let (_, end) = meter.finish(post.timeout, end);
    end.map_err(|failure| failure.cause)
}

fn request(post: &Post) -> Option<Request<Full<Bytes>>> {
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, HeaderValue::from_str(&post.url.authority()).ok()?);
    headers.insert(header::USER_AGENT, HeaderValue::from_static(concat!("uphold/", env!("CARGO_PKG_VERSION"))));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    for (name, value) in &post.headers {
        headers.insert(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?);
    }
    let mut request = Request::post(post.url.path_and_query()).body(Full::new(Bytes::from(post.body.clone()))).ok()?;
    *request.headers_mut() = headers;
    Some(request)
}

async fn exchange(
    egress: &Egress,
    post: &Post,
    request: Request<Full<Bytes>>,
    meter: &mut Meter,
) -> Result<Posted, Failure> {
    let way = Way { host: post.url.host(), port: post.url.port(), family: Family::Any, timeout: post.timeout };
    let stream = connect(egress, way, meter).await?;
    if post.url.scheme() == Scheme::Http {
        return speak(request, stream, meter).await;
    }
    let name = tls::server_name(post.url.host())
        .ok_or_else(|| Failure::down(Cause::Failed(Said::new("no certificate can be for this host"))))?;
    let stream = secure(stream, &post.tls, &name, meter).await?;
    speak(request, stream, meter).await
}

async fn speak<S>(request: Request<Full<Bytes>>, stream: S, meter: &mut Meter) -> Result<Posted, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    meter.enter(Step::FirstByte);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let talk = async {
        let answer = sender.send_request(request).await?;
        let (head, body) = answer.into_parts();
        let retry_after = head.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        Ok(Posted {
            status: head.status.as_u16(),
            retry_after: retry_after.map(str::to_owned),
            // The status says whether it was taken; a body that breaks off changes nothing.
            body: beginning(body).await,
        })
    };
    driven(connection, talk).await
}

async fn beginning(mut body: Incoming) -> Vec<u8> {
    let mut read = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(data) = frame.into_data() else { continue };
        read.extend_from_slice(&data[..data.len().min(ANSWER_BYTES - read.len())]);
        if read.len() == ANSWER_BYTES {
            break;
        }
    }
    read
}
