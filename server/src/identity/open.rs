//! From a sign-in file to a provider that can be asked: its secret read, and whom to trust.

use std::path::Path;

use uphold_probe::tls;

use super::IdentityProvider;
use crate::clock::Clock;
use crate::config::sign_in::SignInFile;
use crate::error::{Failure, file_failure};
use crate::secret::credentials;

/// Reads what a sign-in file names. The provider itself is not asked: it may be away.
///
/// # Errors
/// When the secret or the authorities cannot be read or used.
pub fn open(file: SignInFile, path: &Path, clock: Clock) -> Result<IdentityProvider, Failure> {
    let cannot = || Failure::new(format!("cannot use the identity provider of `{}`", path.display()));
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
    Ok(IdentityProvider::new(file, secret, tls, clock))
}
