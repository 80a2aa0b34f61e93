//! The closed set of what can be measured, and measuring any of it once.

use crate::browser::BrowserCheck;
use crate::dns::DnsCheck;
use crate::egress::Egress;
use crate::grpc::GrpcCheck;
use crate::http::HttpCheck;
use crate::icmp::IcmpCheck;
use crate::outcome::Outcome;
use crate::tcp::TcpCheck;
use crate::tls::TlsCheck;
use crate::{browser, dns, grpc, http, icmp, tcp, tls};
use uphold_core::time::Instant;

/// One thing to measure.
#[derive(Debug)]
pub enum Check {
    /// An HTTP request and its answer.
    Http(Box<HttpCheck>),
    /// A TCP connection.
    Tcp(TcpCheck),
    /// A TLS handshake and its certificate.
    Tls(TlsCheck),
    /// The records of a name.
    Dns(DnsCheck),
    /// A ping.
    Icmp(IcmpCheck),
    /// The health that a gRPC service tells.
    Grpc(GrpcCheck),
    /// A page in a browser.
    Browser(Box<BrowserCheck>),
}

/// Measures once. `at` is the instant that the observation is for; certificates are judged by it.
pub async fn measure(check: &Check, egress: &Egress, at: Instant) -> Outcome {
    match check {
        Check::Http(check) => http::probe(check, egress, at).await,
        // The others are rarer and some are larger: boxed, they do not lengthen the state of each HTTP probe.
        Check::Tcp(check) => Box::pin(tcp::probe(check, egress, at)).await,
        Check::Tls(check) => Box::pin(tls::probe(check, egress, at)).await,
        Check::Dns(check) => Box::pin(dns::probe(check, egress, at)).await,
        Check::Icmp(check) => Box::pin(icmp::probe(check, egress, at)).await,
        Check::Grpc(check) => Box::pin(grpc::probe(check, egress, at)).await,
        Check::Browser(check) => Box::pin(browser::probe(check, egress, at)).await,
    }
}

impl Check {
    /// Where it goes first, as `host:port`: what counts as one target when probes are limited. A redirect may lead
    /// elsewhere, and a name may share its address with another.
    #[must_use]
    pub fn target(&self) -> String {
        match self {
            Self::Http(check) => format!("{}:{}", check.url().host(), check.url().port()),
            Self::Tcp(check) => check.endpoint.to_string(),
            Self::Tls(check) => check.endpoint().to_string(),
            Self::Dns(check) => check.target(),
            Self::Icmp(check) => check.host.to_string(),
            Self::Grpc(check) => check.endpoint().to_string(),
            Self::Browser(check) => format!("{}:{}", check.url().host(), check.url().port()),
        }
    }
}
