//! The identity provider of `uphold serve --sign-in`: its file, and what is wrong with it.

use std::path::Path;

use uphold_core::diagnostic::Severity;

use super::{Failure, count, folder_of, read_file, report};
use crate::clock::Clock;
use crate::config::sign_in::read_sign_in;
use crate::identity::{self, IdentityProvider};

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
    identity::open(file, path, clock.clone())
}
