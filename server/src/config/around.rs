//! What a checks file needs beside itself: files that it names, read once, and the browser of this machine.
//!
//! What a file holds is never repeated in a message: one of them may hold a password.

use std::cell::OnceCell;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use uphold_core::diagnostic::{Diagnostic, Refusal};
use uphold_core::document::{Findings, Item, Table};
use uphold_core::ledger::canonical::Value;
use uphold_core::ledger::digest::Digest;
use uphold_probe::browser::{Browsers, CREDENTIALS_BYTES_MAX, Credentials, NoBrowser, SESSIONS_DEFAULT, SESSIONS_MAX};
use uphold_probe::tls::{self, ClientConfig};

use super::definition::{Members, push};

/// The longest file of authorities, in bytes.
const AUTHORITIES_BYTES_MAX: usize = 1 << 20;

/// What stands around a checks file.
#[derive(Debug)]
pub(super) struct Around<'a> {
    /// What the paths in the file are relative to.
    folder: &'a Path,
    chromium: Option<PathBuf>,
    chromedriver: Option<PathBuf>,
    sessions: usize,
    /// Looked for when the first check needs one.
    browsers: OnceCell<Result<Arc<Browsers>, NoBrowser>>,
}

impl<'a> Around<'a> {
    /// Reads `[browser]`.
    pub(super) fn read(root: &mut Table<'_, '_>, folder: &'a Path) -> Self {
        let mut around =
            Self { folder, chromium: None, chromedriver: None, sessions: SESSIONS_DEFAULT, browsers: OnceCell::new() };
        if let Some(mut table) = root.table("browser") {
            let path = |item: &Item<'_>| Ok(folder.join(item.text()?));
            around.chromium = table.option("chromium", path).map(|path| path.value);
            around.chromedriver = table.option("chromedriver", path).map(|path| path.value);
            let sessions = table.option("sessions", |item| match usize::try_from(item.positive()?) {
                Ok(sessions) if sessions <= SESSIONS_MAX => Ok(sessions),
                _ => Err(Refusal::new(format!("`sessions` is more than {SESSIONS_MAX}"))),
            });
            around.sessions = sessions.map_or(SESSIONS_DEFAULT, |sessions| sessions.value);
            table.finish();
        }
        around
    }

    /// The browsers that checks run in. That a program is missing is said once, at the first check that needs it.
    pub(super) fn browsers(&self, table: &Table<'_, '_>) -> Option<Arc<Browsers>> {
        let is_first = self.browsers.get().is_none();
        let found = self.browsers.get_or_init(|| {
            Browsers::find(self.chromium.as_deref(), self.chromedriver.as_deref(), self.sessions).map(Arc::new)
        });
        if let (Err(missing), true) = (found, is_first) {
            let error = Diagnostic::error(missing.to_string(), table.span.clone());
            table.findings.push(error.help(missing.help()));
        }
        found.as_ref().ok().cloned()
    }

    /// The browsers, if a check runs in one.
    pub(super) fn used_browsers(&self) -> Option<Arc<Browsers>> {
        self.browsers.get()?.as_ref().ok().cloned()
    }

    /// Reads the file of credentials that a key names.
    pub(super) fn credentials(&self, item: &Item<'_>, findings: &Findings) -> Result<Credentials, Refusal> {
        let name = item.text()?;
        let bytes = self.file(name, CREDENTIALS_BYTES_MAX)?;
        let path = self.folder.join(name);
        if std::fs::metadata(&path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0) {
            let message = format!("other users of this machine may read `{name}`, which holds a password");
            let help = format!("run `chmod 600 {}`", path.display());
            findings.push(Diagnostic::warning(message, item.span.clone()).help(help));
        }
        let text = String::from_utf8(bytes).map_err(|_| Refusal::new(format!("`{name}` is not UTF-8 text")))?;
        Credentials::parse(&text).map_err(|error| {
            Refusal::new(format!("`{name}` holds no credentials: {error}"))
                .help("write the user's name on the first line and the password on the second")
        })
    }

    fn file(&self, name: &str, most: usize) -> Result<Vec<u8>, Refusal> {
        let refuse = |why: &dyn std::fmt::Display| {
            Refusal::new(format!("cannot read `{name}`: {why}"))
                .help("paths are relative to the folder of the checks file; let the user that runs uphold read it")
        };
        let path = self.folder.join(name);
        let file = std::fs::File::open(&path).map_err(|error| refuse(&error))?;
        if !file.metadata().is_ok_and(|file| file.is_file()) {
            return Err(refuse(&"it is no file"));
        }
        let mut bytes = Vec::new();
        file.take(most as u64 + 1).read_to_end(&mut bytes).map_err(|error| refuse(&error))?;
        if bytes.len() > most {
            return Err(refuse(&format_args!("it has more than {most} bytes")));
        }
        Ok(bytes)
    }
}

/// Whom a check trusts beside, or in place of, the authorities that browsers trust.
#[derive(Debug)]
pub(super) struct Trust {
    /// The configuration with them.
    pub(super) tls: Arc<ClientConfig>,
    only: bool,
    digest: Digest,
}

impl Trust {
    /// Reads `ca_file` and `ca_only`. `why_not` says why there is no certificate to trust, if that is so.
    pub(super) fn read(table: &mut Table<'_, '_>, around: &Around<'_>, why_not: Option<&str>) -> Option<Self> {
        let only = table.option("ca_only", Item::boolean);
        let is_only = only.as_ref().is_some_and(|only| only.value);
        let file = table.option("ca_file", |item| {
            let name = item.text()?;
            let bytes = around.file(name, AUTHORITIES_BYTES_MAX)?;
            let made = tls::with_authorities(&bytes, is_only);
            let tls = made.map_err(|error| {
                Refusal::new(format!("`{name}` cannot be trusted: {error}"))
                    .help("write the certificates of the authorities into it, in PEM, each from `-----BEGIN CERTIFICATE-----` on")
            })?;
            Ok(Self { tls, only: is_only, digest: Digest::of(&[&bytes]) })
        });
        let named = table.keys().any(|key| key == "ca_file");
        if let (Some(only), false) = (&only, named) {
            let error = Diagnostic::error("this check has `ca_only` and no `ca_file`", only.span.clone());
            table.findings.push(error.help("add `ca_file`, or remove `ca_only`"));
        }
        let file = file?;
        if let Some(why_not) = why_not {
            let message = format!("this check has `ca_file`, and {why_not}");
            table.findings.push(Diagnostic::error(message, file.span).help("remove `ca_file`"));
            return None;
        }
        Some(file.value)
    }

    /// Adds it to a definition, by the digest of the file.
    pub(super) fn define(&self, members: &mut Members) {
        push(members, if self.only { "ca_only" } else { "ca" }, Value::text(self.digest));
    }
}
