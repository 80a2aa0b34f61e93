//! TLS: the one configuration of probes, what goes wrong with a certificate, and the check of a certificate alone.

mod check;
mod validity;

pub use rustls::ClientConfig;

pub use check::{Protocol, TlsCheck, TlsCheckError, TlsSettings, probe};

use crate::egress::{Host, is_local};
use crate::outcome::{Cause, Said};
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConnection, RootCertStore};
use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};
use uphold_core::time::Instant;

/// The configuration that trusts the authorities that browsers trust. Made once and shared.
#[must_use]
pub fn public_roots() -> Arc<ClientConfig> {
    static SHARED: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    SHARED.get_or_init(|| Arc::new(config(public_store()))).clone()
}

/// A configuration that trusts the given authorities as well. Share it between checks.
///
/// # Errors
/// When a certificate cannot serve as an authority.
pub fn with_roots(more: impl IntoIterator<Item = CertificateDer<'static>>) -> Result<Arc<ClientConfig>, rustls::Error> {
    let mut store = public_store();
    for certificate in more {
        store.add(certificate)?;
    }
    Ok(Arc::new(config(store)))
}

/// A configuration that trusts the authorities in a text of PEM, and either no others or those of browsers as well.
///
/// # Errors
/// When there is no certificate in it, or one that cannot serve as an authority.
pub fn with_authorities(pem: &[u8], only: bool) -> Result<Arc<ClientConfig>, AuthorityError> {
    let mut store = if only { RootCertStore::empty() } else { public_store() };
    let mut count = 0;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        count += 1;
        let certificate = certificate.map_err(|_| AuthorityError::Pem(count))?;
        store.add(certificate).map_err(|_| AuthorityError::Certificate(count))?;
    }
    if count == 0 { Err(AuthorityError::Nothing) } else { Ok(Arc::new(config(store))) }
}

/// Why a text holds no authorities that can be trusted. Certificates are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorityError {
    /// It holds no certificate.
    Nothing,
    /// The certificate is cut short or written wrongly.
    Pem(usize),
    /// What stands there is no certificate.
    Certificate(usize),
}

impl fmt::Display for AuthorityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("it holds no certificate"),
            Self::Pem(place) => write!(f, "certificate {place} in it is not whole PEM"),
            Self::Certificate(place) => write!(f, "certificate {place} in it cannot be read as one"),
        }
    }
}

impl std::error::Error for AuthorityError {}

fn public_store() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

fn config(store: RootCertStore) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .expect("ring supports both versions");
    let mut config = builder.with_root_certificates(store).with_no_client_auth();
    // A resumed session never looks at the certificate again, so a probe that resumed would miss that it has expired.
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

/// The same trust, for another protocol than HTTP/1.1 over the connection; none is named if it is empty.
#[must_use]
pub fn speaking(config: &ClientConfig, protocol: &[u8]) -> Arc<ClientConfig> {
    let mut config = config.clone();
    config.alpn_protocols = if protocol.is_empty() { Vec::new() } else { vec![protocol.to_vec()] };
    Arc::new(config)
}

/// The name that a certificate of the host must be for.
pub(crate) fn server_name(host: &Host) -> Option<ServerName<'static>> {
    match host {
        Host::Address(address) => Some(ServerName::IpAddress((*address).into())),
        Host::Name(name) => ServerName::try_from(name.as_str().trim_end_matches('.').to_owned()).ok(),
    }
}

/// Until when the certificate of the other side is valid.
pub(crate) fn certificate_until(connection: &ClientConnection) -> Option<Instant> {
    connection.peer_certificates()?.first().and_then(|leaf| validity::until(leaf))
}

/// What went wrong in a handshake.
pub(crate) fn cause(error: &io::Error) -> Cause {
    use CertificateError as C;
    if is_local(error) {
        return Cause::Machine(Said::new(error));
    }
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(certificate)) => match certificate {
            C::Expired | C::ExpiredContext { .. } => Cause::CertificateExpired,
            C::NotValidYet | C::NotValidYetContext { .. } => Cause::CertificateEarly,
            C::NotValidForName | C::NotValidForNameContext { .. } => Cause::CertificateOtherName,
            C::UnknownIssuer => Cause::CertificateUntrusted,
            C::Revoked => Cause::CertificateRevoked,
            other => Cause::CertificateBad(Said::new(format_args!("{other:?}"))),
        },
        Some(other) => Cause::TlsFailed(Said::new(other)),
        None if error.kind() == io::ErrorKind::UnexpectedEof => Cause::TlsClosed,
        None => Cause::TlsFailed(Said::new(error)),
    }
}
