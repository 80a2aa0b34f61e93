//! The TLS probe: a handshake, the chain verified as a browser would, and what a check expects of the certificate.

use super::{certificate_until, public_roots, server_name, speaking};
use crate::assertion::{self, Assertion, Facts, days_between};
use crate::egress::{Egress, Family};
use crate::meter::{Failure, Meter, Way, connect, outcome, secure};
use crate::outcome::{Cause, Outcome};
use crate::url::Endpoint;
use rustls::client::verify_server_name;
use rustls::pki_types::ServerName;
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use uphold_core::run::Observed;
use uphold_core::time::Instant;

/// The settings of a TLS check, not yet judged.
#[derive(Debug, Clone)]
pub struct TlsSettings {
    /// Where to connect to.
    pub endpoint: Endpoint,
    /// The name to ask for and that the certificate must be for; the host where it is absent.
    pub server_name: Option<String>,
    /// Further names that the certificate must be valid for.
    pub names: Vec<String>,
    /// The oldest protocol that may be agreed on.
    pub protocol_min: Protocol,
    /// What else must hold.
    pub assertions: Vec<Assertion>,
    /// Which addresses of the host to take.
    pub family: Family,
    /// How long the whole probe may take.
    pub timeout: Duration,
    /// Whom to trust, from [`crate::tls`].
    pub tls: Arc<ClientConfig>,
}

impl TlsSettings {
    /// Settings for an endpoint that expect a certificate that verifies.
    #[must_use]
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            server_name: None,
            names: Vec::new(),
            protocol_min: Protocol::Tls12,
            assertions: Vec::new(),
            family: Family::Any,
            timeout: Duration::from_secs(10),
            tls: public_roots(),
        }
    }
}

/// A version of TLS. Older ones are not spoken at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl Protocol {
    /// All, oldest first.
    pub const ALL: [Self; 2] = [Self::Tls12, Self::Tls13];

    /// The version as configurations write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tls12 => "1.2",
            Self::Tls13 => "1.3",
        }
    }
}

/// A TLS check that was judged once.
#[derive(Debug, Clone)]
pub struct TlsCheck {
    endpoint: Endpoint,
    server_name: ServerName<'static>,
    names: Vec<ServerName<'static>>,
    protocol_min: Protocol,
    assertions: Vec<Assertion>,
    family: Family,
    timeout: Duration,
    tls: Arc<ClientConfig>,
}

/// A name that no certificate can be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsCheckError {
    /// The name as written.
    pub name: String,
}

impl fmt::Display for TlsCheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not expect a certificate for `{}`: it is neither a DNS name nor an address", self.name)
    }
}

impl std::error::Error for TlsCheckError {}

impl TlsCheck {
    /// Where it connects to.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Judges the settings.
    ///
    /// # Errors
    /// When a name is one that no certificate can be for.
    pub fn new(settings: TlsSettings) -> Result<Self, TlsCheckError> {
        let parse =
            |name: &String| ServerName::try_from(name.clone()).map_err(|_| TlsCheckError { name: name.clone() });
        let own = || {
            let host = settings.endpoint.host();
            server_name(host).ok_or_else(|| TlsCheckError { name: host.to_string() })
        };
        Ok(Self {
            server_name: settings.server_name.as_ref().map_or_else(own, parse)?,
            names: settings.names.iter().map(parse).collect::<Result<_, _>>()?,
            endpoint: settings.endpoint,
            protocol_min: settings.protocol_min,
            assertions: settings.assertions,
            family: settings.family,
            timeout: settings.timeout,
            tls: speaking(&settings.tls, b""),
        })
    }
}

/// Measures once, under the timeout of the check. `at` is the instant that the observation is for.
pub async fn probe(check: &TlsCheck, egress: &Egress, at: Instant) -> Outcome {
    let mut meter = Meter::start();
    let end = timeout(check.timeout, shake(check, egress, &mut meter)).await;
    let (phases, end) = meter.finish(check.timeout, end);
    let until = match end {
        Ok(until) => until,
        Err(failure) => return failure.outcome(phases),
    };
    let facts = Facts { http: None, phases, certificate_until: until, at };
    let (state, cause) = assertion::judge(&check.assertions, &facts).unwrap_or_else(|| {
        let cause = until.map_or(Cause::NoCertificate, |until| Cause::CertificateGood(days_between(at, until)));
        (Observed::Up, cause)
    });
    outcome(state, phases, cause, None)
}

async fn shake(check: &TlsCheck, egress: &Egress, meter: &mut Meter) -> Result<Option<Instant>, Failure> {
    let (host, port) = (check.endpoint.host(), check.endpoint.port());
    let way = Way { host, port, family: check.family, timeout: check.timeout };
    let stream = connect(egress, way, meter).await?;
    let stream = secure(stream, &check.tls, &check.server_name, meter).await?;
    let connection = stream.get_ref().1;
    if check.protocol_min == Protocol::Tls13 && connection.protocol_version() == Some(ProtocolVersion::TLSv1_2) {
        return Err(Failure::down(Cause::ProtocolOld("TLS 1.2")));
    }
    has_names(check, connection).map_err(Failure::down)?;
    Ok(certificate_until(connection))
}

fn has_names(check: &TlsCheck, connection: &ClientConnection) -> Result<(), Cause> {
    if check.names.is_empty() {
        return Ok(());
    }
    let leaf = connection.peer_certificates().and_then(|chain| chain.first()).ok_or(Cause::NoCertificate)?;
    let leaf = ParsedCertificate::try_from(leaf).map_err(|_| Cause::NoCertificate)?;
    match check.names.iter().find(|name| verify_server_name(&leaf, name).is_err()) {
        Some(name) => Err(Cause::CertificateLacks(name.to_str().into_owned())),
        None => Ok(()),
    }
}
