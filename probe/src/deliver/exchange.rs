//! One request and its answer over one fresh connection, for whatever is handed over or asked for.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::drive::driven;
use crate::egress::{Egress, Family};
use crate::meter::{Failure, Meter, Way, connect, secure};
use crate::outcome::{Cause, Said, Step};
use crate::tls;
use crate::url::{Scheme, Url};

/// What is sent, and how much may come back.
pub(super) struct Question<'a> {
    pub(super) url: &'a Url,
    /// The type of the body.
    pub(super) kind: Option<&'static str>,
    pub(super) headers: &'a [(String, String)],
    /// Posted, where there is one; without it the request is a GET.
    pub(super) body: Option<&'a [u8]>,
    pub(super) answer_max: usize,
    pub(super) timeout: Duration,
    pub(super) tls: &'a Arc<ClientConfig>,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// The body, or its beginning.
    pub(super) body: Vec<u8>,
    /// Whether the body is all there is.
    pub(super) is_whole: bool,
}

/// Asks once.
pub(super) async fn exchange(egress: &Egress, question: Question<'_>) -> Result<Answer, Cause> {
    let request =
        request(&question).ok_or_else(|| Cause::Failed(Said::new("a header cannot be sent as it is written")))?;
    let (timeout, mut meter) = (question.timeout, Meter::start());
    let end = tokio::time::timeout(timeout, reach(egress, question, request, &mut meter)).await;
    let (_, end) = meter.finish(timeout, end);
    end.map_err(|failure| failure.cause)
}

fn request(question: &Question<'_>) -> Option<Request<Full<Bytes>>> {
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, HeaderValue::from_str(&question.url.authority()).ok()?);
    headers.insert(header::USER_AGENT, HeaderValue::from_static(concat!("uphold/", env!("CARGO_PKG_VERSION"))));
    if let Some(kind) = question.kind {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    for (name, value) in question.headers {
        headers.insert(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?);
    }
    let method = if question.body.is_some() { Method::POST } else { Method::GET };
    let body = Full::new(Bytes::copy_from_slice(question.body.unwrap_or_default()));
    let mut request = Request::builder().method(method).uri(question.url.path_and_query()).body(body).ok()?;
    *request.headers_mut() = headers;
    Some(request)
}

async fn reach(
    egress: &Egress,
    question: Question<'_>,
    request: Request<Full<Bytes>>,
    meter: &mut Meter,
) -> Result<Answer, Failure> {
    let Question { url, answer_max, timeout, tls, .. } = question;
    let way = Way { host: url.host(), port: url.port(), family: Family::Any, timeout };
    let stream = connect(egress, way, meter).await?;
    if url.scheme() == Scheme::Http {
        return speak(request, stream, answer_max, meter).await;
    }
    let name = tls::server_name(url.host())
        .ok_or_else(|| Failure::down(Cause::Failed(Said::new("no certificate can be for this host"))))?;
    let stream = secure(stream, tls, &name, meter).await?;
    speak(request, stream, answer_max, meter).await
}

async fn speak<S>(
    request: Request<Full<Bytes>>,
    stream: S,
    answer_max: usize,
    meter: &mut Meter,
) -> Result<Answer, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    meter.enter(Step::FirstByte);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let talk = async {
        let answer = sender.send_request(request).await?;
        let (head, body) = answer.into_parts();
        let (body, is_whole) = beginning(body, answer_max).await;
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body, is_whole })
    };
    driven(connection, talk).await
}

/// The beginning of a body, and whether it ended there.
async fn beginning(mut body: Incoming, most: usize) -> (Vec<u8>, bool) {
    let mut read = Vec::new();
    loop {
        match body.frame().await {
            None => return (read, true),
            Some(Err(_)) => return (read, false),
            Some(Ok(frame)) => {
                let Ok(data) = frame.into_data() else { continue };
                let room = most - read.len();
                read.extend_from_slice(&data[..data.len().min(room)]);
                if data.len() > room {
                    return (read, false);
                }
            }
        }
    }
}
