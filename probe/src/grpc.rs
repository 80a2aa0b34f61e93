//! The gRPC probe: one call of the standard health service (`grpc.health.v1.Health/Check`) over HTTP/2, in the clear or
//! over TLS. Its two messages are small enough to be written here.

use crate::assertion::{self, Assertion, Facts};
use crate::drive::driven;
use crate::egress::{Egress, Family};
use crate::meter::{Failure, Meter, Way, connect, outcome, secure};
use crate::outcome::{Cause, Outcome, Said, Step};
use crate::tls::{self, certificate_until, server_name, speaking};
use crate::url::Endpoint;
use bytes::{BufMut, Bytes, BytesMut};
use h2::{RecvStream, client};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue, TE, USER_AGENT};
use hyper::{Method, Request, Response, Uri};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use uphold_core::run::Observed;
use uphold_core::time::Instant;

/// The longest answer that is read, in bytes. The real one has seven.
const ANSWER_BYTES_MAX: usize = 4096;

/// The settings of a gRPC check, not yet judged.
#[derive(Debug, Clone)]
pub struct GrpcSettings {
    /// Where to connect to.
    pub endpoint: Endpoint,
    /// The service whose health is asked for; empty for the server as a whole.
    pub service: String,
    /// Whom to trust, from [`crate::tls`]; `None` to speak in the clear.
    pub tls: Option<Arc<ClientConfig>>,
    /// What else must hold.
    pub assertions: Vec<Assertion>,
    /// Which addresses of the host to take.
    pub family: Family,
    /// How long the whole probe may take.
    pub timeout: Duration,
}

impl GrpcSettings {
    /// Settings for the health of the server as a whole, over TLS.
    #[must_use]
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            service: String::new(),
            tls: Some(tls::public_roots()),
            assertions: Vec::new(),
            family: Family::Any,
            timeout: Duration::from_secs(10),
        }
    }
}

/// A gRPC check that was judged once.
#[derive(Debug, Clone)]
pub struct GrpcCheck {
    endpoint: Endpoint,
    uri: Uri,
    message: Bytes,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    assertions: Vec<Assertion>,
    family: Family,
    timeout: Duration,
}

/// Why settings make no gRPC check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrpcCheckError {
    /// The name of the service has more than 127 bytes.
    ServiceTooLong,
    /// No certificate can be for the host.
    Host,
    /// Something is expected of the certificate of a server that is spoken to in the clear.
    NoCertificate,
}

impl fmt::Display for GrpcCheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServiceTooLong => "could not ask for the service: its name is longer than 127 bytes",
            Self::Host => "could not use the address: no certificate can be for its host",
            Self::NoCertificate => "could not judge a certificate: `tls` is false",
        })
    }
}

impl std::error::Error for GrpcCheckError {}

impl GrpcCheck {
    /// Where it connects to.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Judges the settings.
    ///
    /// # Errors
    /// When the call cannot be made, or an assertion can never hold.
    pub fn new(settings: GrpcSettings) -> Result<Self, GrpcCheckError> {
        let endpoint = settings.endpoint;
        if settings.tls.is_none() && settings.assertions.iter().any(|each| each.about.is_of_certificate()) {
            return Err(GrpcCheckError::NoCertificate);
        }
        let scheme = if settings.tls.is_some() { "https" } else { "http" };
        let uri = format!("{scheme}://{endpoint}/grpc.health.v1.Health/Check");
        let tls = match settings.tls {
            None => None,
            Some(config) => {
                let name = server_name(endpoint.host()).ok_or(GrpcCheckError::Host)?;
                Some((speaking(&config, b"h2"), name))
            }
        };
        Ok(Self {
            uri: uri.parse().map_err(|_| GrpcCheckError::Host)?,
            message: request_message(&settings.service).ok_or(GrpcCheckError::ServiceTooLong)?,
            endpoint,
            tls,
            assertions: settings.assertions,
            family: settings.family,
            timeout: settings.timeout,
        })
    }
}

/// `HealthCheckRequest { service = 1 }` with the five bytes that gRPC puts before each message.
fn request_message(service: &str) -> Option<Bytes> {
    // Up to 127, a length of protocol buffers is one byte.
    let length = u8::try_from(service.len()).ok().filter(|length| *length <= 127)?;
    let mut message = BytesMut::new();
    message.put_u8(0);
    if length == 0 {
        message.put_u32(0);
    } else {
        message.put_u32(u32::from(length) + 2);
        message.put_slice(&[0x0a, length]);
        message.put_slice(service.as_bytes());
    }
    Some(message.freeze())
}

/// Measures once, under the timeout of the check. `at` is the instant that the observation is for.
pub async fn probe(check: &GrpcCheck, egress: &Egress, at: Instant) -> Outcome {
    let mut meter = Meter::start();
    let end = timeout(check.timeout, call(check, egress, &mut meter)).await;
    let (phases, end) = meter.finish(check.timeout, end);
    let until = match end {
        Ok(until) => until,
        Err(failure) => return failure.outcome(phases),
    };
    let facts = Facts { http: None, phases, certificate_until: until, at };
    let (state, cause) = assertion::judge(&check.assertions, &facts).unwrap_or((Observed::Up, Cause::Serving));
    outcome(state, phases, cause, None)
}

async fn call(check: &GrpcCheck, egress: &Egress, meter: &mut Meter) -> Result<Option<Instant>, Failure> {
    let (host, port) = (check.endpoint.host(), check.endpoint.port());
    let way = Way { host, port, family: check.family, timeout: check.timeout };
    let stream = connect(egress, way, meter).await?;
    match &check.tls {
        None => speak(check, stream, meter).await.map(|()| None),
        Some((config, name)) => {
            let stream = secure(stream, config, name, meter).await?;
            let until = certificate_until(stream.get_ref().1);
            speak(check, stream, meter).await.map(|()| until)
        }
    }
}

async fn speak<S>(check: &GrpcCheck, stream: S, meter: &mut Meter) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    meter.enter(Step::FirstByte);
    let mut builder = client::Builder::new();
    builder.enable_push(false).max_header_list_size(16 * 1024).initial_window_size(64 * 1024);
    let (sender, connection) = builder.handshake::<_, Bytes>(stream).await.map_err(failure)?;
    driven(connection, talk(check, sender, meter)).await
}

async fn talk(check: &GrpcCheck, sender: client::SendRequest<Bytes>, meter: &mut Meter) -> Result<(), Failure> {
    let mut sender = sender.ready().await.map_err(failure)?;
    let (answer, mut body) = sender.send_request(request(check), false).map_err(failure)?;
    body.send_data(check.message.clone(), true).map_err(failure)?;
    let answer = answer.await.map_err(failure)?;
    meter.enter(Step::Body);
    let mut stream = head(answer)?;
    let mut read = BytesMut::new();
    while let Some(data) = stream.data().await {
        let data = data.map_err(failure)?;
        // What is never released stops the other side at the window.
        let _ = stream.flow_control().release_capacity(data.len());
        read.extend_from_slice(&data);
        if read.len() > ANSWER_BYTES_MAX {
            return Err(Failure::down(Cause::NotGrpc(Said::new("the answer is too long"))));
        }
    }
    let trailers = stream.trailers().await.map_err(failure)?.unwrap_or_default();
    status(&trailers)?;
    serving(&read)
}

fn request(check: &GrpcCheck) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = check.uri.clone();
    let agent = concat!("uphold/", env!("CARGO_PKG_VERSION"));
    *request.headers_mut() = HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("application/grpc")),
        (TE, HeaderValue::from_static("trailers")),
        (USER_AGENT, HeaderValue::from_static(agent)),
    ]);
    request
}

/// The body of an answer that is one of gRPC and did not fail at once.
fn head(answer: Response<RecvStream>) -> Result<RecvStream, Failure> {
    let (head, stream) = answer.into_parts();
    if head.status != 200 {
        return Err(Failure::down(Cause::Status(head.status.as_u16())));
    }
    let is_grpc = head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"));
    if !is_grpc {
        return Err(Failure::down(Cause::NotGrpc(Said::new("its content type is another"))));
    }
    // A call that fails at once has its status here, and no trailers.
    if head.headers.contains_key(STATUS) {
        status(&head.headers)?;
    }
    Ok(stream)
}

const STATUS: &str = "grpc-status";

fn status(trailers: &HeaderMap) -> Result<(), Failure> {
    let code = trailers.get(STATUS).and_then(|code| code.to_str().ok()).and_then(|code| code.parse::<u32>().ok());
    match code {
        Some(0) => Ok(()),
        Some(code) => Err(Failure::down(Cause::GrpcStatus(code))),
        None => Err(Failure::down(Cause::NotGrpc(Said::new("it has no grpc-status")))),
    }
}

/// `HealthCheckResponse { status = 1 }`: 1 is SERVING, and a field that is left out is 0.
fn serving(framed: &[u8]) -> Result<(), Failure> {
    let message = match framed {
        [0, a, b, c, d, message @ ..] if u32::from_be_bytes([*a, *b, *c, *d]) as usize == message.len() => message,
        _ => return Err(Failure::down(Cause::NotGrpc(Said::new("its message has another length than it says")))),
    };
    match message {
        [0x08, 1] => Ok(()),
        [] | [0x08, 0] => Err(Failure::down(Cause::NotServing("UNKNOWN"))),
        [0x08, 2] => Err(Failure::down(Cause::NotServing("NOT_SERVING"))),
        [0x08, 3] => Err(Failure::down(Cause::NotServing("SERVICE_UNKNOWN"))),
        _ => Err(Failure::down(Cause::NotGrpc(Said::new("its message is none of the health service")))),
    }
}

fn failure(error: h2::Error) -> Failure {
    match error.get_io() {
        Some(io) => Failure::of_io(io),
        None => Failure::down(Cause::NotGrpc(Said::new(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_the_message_of_the_protocol() {
        assert_eq!(request_message("").unwrap()[..], [0, 0, 0, 0, 0]);
        assert_eq!(request_message("ab").unwrap()[..], [0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b']);
        assert_eq!(request_message(&"a".repeat(128)), None);
    }

    #[test]
    fn only_serving_is_up() {
        let said = |bytes: &[u8]| serving(bytes).map_err(|failure| failure.cause.to_string());
        assert_eq!(said(&[0, 0, 0, 0, 2, 8, 1]), Ok(()));
        assert_eq!(said(&[0, 0, 0, 0, 2, 8, 2]).unwrap_err(), "NOT_SERVING");
        assert_eq!(said(&[0, 0, 0, 0, 2, 8, 3]).unwrap_err(), "SERVICE_UNKNOWN");
        assert_eq!(said(&[0, 0, 0, 0, 0]).unwrap_err(), "UNKNOWN");
        for bad in [&[][..], &[0, 0, 0, 0, 9, 8, 1], &[1, 0, 0, 0, 2, 8, 1], &[0, 0, 0, 0, 2, 9, 1]] {
            assert!(said(bad).unwrap_err().starts_with("the answer is not gRPC"), "{bad:?}");
        }
    }
}
