//! One request and its answer over one fresh connection. Whether the answer is right is not judged here.

use super::check::{BODY_BYTES_MAX, Hop, HttpCheck};
use super::{Failure, Meter, Step};
use crate::egress::{Egress, is_local};
use crate::tls;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{HeaderMap, HeaderValue, LOCATION};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use uphold_core::run::Observed;

/// What came back.
#[derive(Debug)]
pub(super) enum Reply {
    /// An answer to judge.
    Answer(Answer),
    /// A redirect that the check follows, and where to.
    Redirect(HeaderValue),
}

/// An answer to judge.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// Whether the body went on after [`BODY_BYTES_MAX`].
    pub(super) cut: bool,
}

/// Connects to the target of the hop, sends its request and reads the reply.
pub(super) async fn exchange(
    check: &HttpCheck,
    hop: &Hop,
    egress: &Egress,
    meter: &mut Meter,
) -> Result<Reply, Failure> {
    meter.enter(Step::Resolve);
    let to = egress.resolve(hop.url.host(), hop.url.port()).await?;
    meter.enter(Step::Connect);
    let stream = egress.connect(&to, check.timeout).await?;
    let Some(name) = &hop.tls_name else {
        return speak(check, hop, stream, meter).await;
    };
    meter.enter(Step::Tls);
    let stream =
        TlsConnector::from(check.tls.clone()).connect(name.clone(), stream).await.map_err(|error| Failure {
            state: if is_local(&error) { Observed::Unknown } else { Observed::Down },
            detail: tls::describe(&error),
        })?;
    speak(check, hop, stream, meter).await
}

async fn speak<S>(check: &HttpCheck, hop: &Hop, stream: S, meter: &mut Meter) -> Result<Reply, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    meter.enter(Step::FirstByte);
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut connection = pin!(connection);
    let mut talk = pin!(talk(check, hop, sender, meter));
    // Both are driven here, in the task of the probe, so that no second task is allocated, scheduled and woken.
    let mut open = true;
    poll_fn(|context| {
        if let Poll::Ready(reply) = talk.as_mut().poll(context) {
            return Poll::Ready(reply);
        }
        if open {
            // An error of the connection reaches `talk` as well, so it is not lost.
            open = connection.as_mut().poll(context).is_pending();
            return talk.as_mut().poll(context);
        }
        Poll::Pending
    })
    .await
}

async fn talk(
    check: &HttpCheck,
    hop: &Hop,
    mut sender: SendRequest<Empty<Bytes>>,
    meter: &mut Meter,
) -> Result<Reply, Failure> {
    let mut request = Request::new(Empty::new());
    *request.method_mut() = check.method.clone();
    *request.uri_mut() = hop.uri.clone();
    *request.headers_mut() = hop.headers.clone();
    let answer = sender.send_request(request).await?;
    meter.enter(Step::Body);
    let (head, body) = answer.into_parts();
    if check.redirects > 0
        && is_redirect(head.status)
        && let Some(to) = head.headers.get(LOCATION)
    {
        return Ok(Reply::Redirect(to.clone()));
    }
    let (body, cut) = read(body).await?;
    Ok(Reply::Answer(Answer { status: head.status.as_u16(), headers: head.headers, body, cut }))
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The beginning of the body, and whether it went on.
async fn read(mut body: Incoming) -> Result<(Vec<u8>, bool), Failure> {
    let promised = usize::try_from(body.size_hint().lower()).unwrap_or(BODY_BYTES_MAX);
    let mut read = Vec::with_capacity(promised.min(BODY_BYTES_MAX));
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let room = BODY_BYTES_MAX - read.len();
        read.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            return Ok((read, true));
        }
    }
    Ok((read, false))
}
