//! One request and its answer over one fresh connection. Whether the answer is right is not judged here.

use super::check::{Hop, HttpCheck};
use crate::drive::driven;
use crate::egress::Egress;
use crate::meter::{Failure, Meter, Way, connect, secure};
use crate::outcome::Step;
use crate::tls;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{HeaderMap, HeaderValue, LOCATION};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use uphold_core::time::Instant;

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
    /// Whether the body went on after what is read of it.
    pub(super) cut: bool,
    /// Until when the certificate is valid, where an assertion asks for it.
    pub(super) certificate_until: Option<Instant>,
}

/// Connects to the target of the hop, sends its request and reads the reply.
pub(super) async fn exchange(
    check: &HttpCheck,
    hop: &Hop,
    egress: &Egress,
    meter: &mut Meter,
) -> Result<Reply, Failure> {
    let way = Way { host: hop.url.host(), port: hop.url.port(), family: check.family, timeout: check.timeout };
    let stream = connect(egress, way, meter).await?;
    let Some(name) = &hop.tls_name else {
        return speak(check, hop, stream, meter).await;
    };
    let stream = secure(stream, &check.tls, name, meter).await?;
    let until = if check.judges_certificate { tls::certificate_until(stream.get_ref().1) } else { None };
    let mut reply = speak(check, hop, stream, meter).await?;
    if let Reply::Answer(answer) = &mut reply {
        answer.certificate_until = until;
    }
    Ok(reply)
}

async fn speak<S>(check: &HttpCheck, hop: &Hop, stream: S, meter: &mut Meter) -> Result<Reply, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    meter.enter(Step::FirstByte);
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    driven(connection, talk(check, hop, sender, meter)).await
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
    let (body, cut) = read(body, check.body_bytes_max).await?;
    let status = head.status.as_u16();
    Ok(Reply::Answer(Answer { status, headers: head.headers, body, cut, certificate_until: None }))
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The beginning of the body, and whether it went on.
async fn read(mut body: Incoming, most: usize) -> Result<(Vec<u8>, bool), Failure> {
    let promised = usize::try_from(body.size_hint().lower()).unwrap_or(most);
    let mut read = Vec::with_capacity(promised.min(most));
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let room = most - read.len();
        read.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            return Ok((read, true));
        }
    }
    Ok((read, false))
}
