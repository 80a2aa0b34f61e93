//! The one TLS configuration of probes, and the words for what goes wrong with a certificate.

use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use std::borrow::Cow;
use std::io;
use std::sync::{Arc, OnceLock};

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

/// What went wrong in a handshake, in a few words.
pub(crate) fn describe(error: &io::Error) -> Cow<'static, str> {
    use CertificateError as C;
    let found = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let words = match found {
        Some(rustls::Error::InvalidCertificate(certificate)) => match certificate {
            C::Expired | C::ExpiredContext { .. } => "the certificate has expired",
            C::NotValidYet | C::NotValidYetContext { .. } => "the certificate is not valid yet",
            C::NotValidForName | C::NotValidForNameContext { .. } => "the certificate is for another name",
            C::UnknownIssuer => "the certificate is not signed by a trusted authority",
            C::Revoked => "the certificate is revoked",
            other => return format!("the certificate is not valid: {other:?}").into(),
        },
        Some(other) => return format!("TLS failed: {other}").into(),
        None if error.kind() == io::ErrorKind::UnexpectedEof => "the connection closed inside the TLS handshake",
        None => return format!("TLS failed: {error}").into(),
    };
    words.into()
}
