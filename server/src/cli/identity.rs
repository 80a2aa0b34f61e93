//! The identity provider of `uphold serve --sign-in`: its file, its secret, and whom to trust.

use std::path::Path;

use uphold_core::diagnostic::Severity;
use uphold_probe::tls;

use super::{Failure, count, folder_of, read_file, report};
use crate::clock::Clock;
use crate::config::sign_in::read_sign_in;
use crate::error::file_failure;
use crate::identity::IdentityProvider;
use crate::secret::credentials;

/// Reads a sign-in file and its secret, and prints what is wrong with it. The provider itself is not asked: it may be away.
pub(super) fn read_provider(path: &Path, clock: &Clock) -> Result<IdentityProvider, Failure> {
    let source = read_file(path)?;
    let reading = read_sign_in(&source, folder_of(path));
    let name = path.display().to_string();
    eprint!("{}", report::render(&reading.findings, &source, &name, false));
    let errors = reading.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let file = reading.file.ok_or_else(|| {
        Failure::new(format!("the sign-in file `{name}` has {}", count(errors, "error", "errors")))
            .help("mend them and start again; nothing was changed")
    })?;
    let cannot = || Failure::new(format!("cannot use the identity provider of `{name}`"));
    let secret = file.secret.read(credentials().as_deref()).map_err(|error| {
        cannot().because(error).help("give the user that runs uphold access to the file, or name another one")
    })?;
    let tls = match &file.ca_file {
        None => tls::public_roots(),
        Some(path) => {
            let pem = std::fs::read(path).map_err(|error| file_failure("read", path, error))?;
            tls::with_authorities(&pem, false).map_err(|error| {
                cannot()
                    .because(error)
                    .help("`ca_file` must hold certificates in PEM; without it the public ones are trusted")
            })?
        }
    };
    Ok(IdentityProvider::new(file, secret, tls, clock.clone()))
}
