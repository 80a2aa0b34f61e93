//! Sending a document to a server of our own and reading its answer, by the same way out as every probe: no redirect, no
//! cookie, no retry, one fresh connection. Not here: what is sent, and when to try again.

use crate::drive::driven;
use crate::egress::{Egress, Family};
use crate::meter::{Failure, Meter, Way, connect, secure};
use crate::outcome::{Cause, Step, Took};
use crate::tls;
use crate::url::{Scheme, Url};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use std::fmt;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

/// How much of an answer is read, in bytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// What is sent.
#[derive(Debug)]
pub struct Letter<'a> {
    /// Where to.
    pub url: &'a Url,
    /// The secret that says who sends it.
    pub bearer: &'a str,
    /// JSON.
    pub body: Bytes,
    /// How long all of it may take.
    pub timeout: Duration,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The beginning of the body.
    pub body: Vec<u8>,
}

/// Why nothing came back that could be read.
#[derive(Debug)]
pub struct SendError(Cause);

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for SendError {}

impl From<Failure> for SendError {
    fn from(failure: Failure) -> Self {
        Self(failure.cause)
    }
}

/// Posts a letter and reads the answer, whatever its status. Certificates are verified against the public roots.
///
/// # Errors
/// When the address may not be reached, the connection fails, or it takes too long.
pub async fn post(letter: &Letter<'_>, egress: &Egress) -> Result<Reply, SendError> {
    let mut meter = Meter::start();
    let sent = timeout(letter.timeout, deliver(letter, egress, &mut meter)).await;
    let late = || Cause::TimedOut { after: Took(letter.timeout), step: Step::FirstByte };
    Ok(sent.map_err(|_| SendError(late()))??)
}

async fn deliver(letter: &Letter<'_>, egress: &Egress, meter: &mut Meter) -> Result<Reply, Failure> {
    let url = letter.url;
    let way = Way { host: url.host(), port: url.port(), family: Family::Any, timeout: letter.timeout };
    let stream = connect(egress, way, meter).await?;
    if url.scheme() == Scheme::Http {
        return speak(letter, stream).await;
    }
    let name = tls::server_name(url.host());
    let name = name.ok_or_else(|| Failure::unknown(Cause::NoAddress(url.host().to_string())))?;
    speak(letter, secure(stream, &tls::public_roots(), &name, meter).await?).await
}

async fn speak<S>(letter: &Letter<'_>, stream: S) -> Result<Reply, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    driven(connection, talk(letter, sender)).await
}

async fn talk(letter: &Letter<'_>, mut sender: SendRequest<Full<Bytes>>) -> Result<Reply, Failure> {
    let header = |text: &str| HeaderValue::from_str(text).map_err(|_| Failure::unknown(Cause::ReplyLacks));
    let mut request = Request::new(Full::new(letter.body.clone()));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = letter.url.path_and_query().parse().map_err(|_| Failure::unknown(Cause::ReplyLacks))?;
    let headers = request.headers_mut();
    headers.insert(HOST, header(&letter.url.authority())?);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, header(&letter.body.len().to_string())?);
    headers.insert(AUTHORIZATION, header(&format!("Bearer {}", letter.bearer))?);
    let answer = sender.send_request(request).await?;
    let status = answer.status().as_u16();
    let mut body = answer.into_body();
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let room = ANSWER_BYTES_MAX - read.len();
        read.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            break;
        }
    }
    Ok(Reply { status, body: read })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::Cidr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_letter_says_who_sends_it_and_its_answer_is_read_whatever_its_status() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/a?b=c", listener.local_addr().unwrap())).unwrap();
        let served = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut seen = Vec::new();
            while !seen.ends_with(b"{\"a\":1}") {
                let mut part = [0; 1024];
                let length = stream.read(&mut part).await.unwrap();
                seen.extend_from_slice(&part[..length]);
            }
            stream.write_all(b"HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\nno").await.unwrap();
            String::from_utf8(seen).unwrap()
        });
        let body = Bytes::from_static(b"{\"a\":1}");
        let letter = Letter { url: &url, bearer: "secret", body, timeout: Duration::from_secs(5) };
        let refused = post(&letter, &Egress::default()).await.unwrap_err();
        assert!(refused.to_string().contains("loopback"), "{refused}");
        let egress = Egress::new(vec![Cidr::parse("127.0.0.0/8").unwrap()]);
        assert_eq!(post(&letter, &egress).await.unwrap(), Reply { status: 409, body: b"no".to_vec() });
        let seen = served.await.unwrap().to_lowercase();
        assert!(
            seen.starts_with("post /a?b=c http/1.1\r\n") && seen.contains("authorization: bearer secret"),
            "{seen}"
        );
    }
}
