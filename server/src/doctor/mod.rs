//! `uphold doctor`: what of the machine, the data folder and the files is as it must be, and what to do where it is not.
//!
//! Each examination says one thing. Nothing is changed, apart from a file that is written into the data folder and removed
//! again. Not here: how it is printed.

mod files;
mod folder;
mod machine;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Serialize;
use uphold_core::agreement::Agreement;

use crate::clock::Clock;
use crate::config::Checks;
use crate::config::alerts::Alerts;
use crate::config::sign_in::SignInFile;
use crate::identity::IdentityProvider;

/// What came of one examination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it must be, or of no concern here.
    Ok,
    /// It works, and will not for ever, or not as well as it could.
    Warning,
    /// It does not work.
    Problem,
}

impl Verdict {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// One examination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was examined: a stable name.
    pub check: &'static str,
    /// What came of it.
    pub result: Verdict,
    /// What was seen.
    pub said: String,
    /// What to do.
    pub help: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, said: impl Into<String>) -> Self {
        Self { check, result: Verdict::Ok, said: said.into(), help: None }
    }

    fn warning(check: &'static str, said: impl Into<String>, help: impl Into<String>) -> Self {
        Self { check, result: Verdict::Warning, said: said.into(), help: Some(help.into()) }
    }

    fn problem(check: &'static str, said: impl Into<String>, help: impl Into<String>) -> Self {
        Self { check, result: Verdict::Problem, said: said.into(), help: Some(help.into()) }
    }
}

/// What is examined.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The data folder.
    pub data: &'a Path,
    /// The revisions of the agreement: files, and folders of files.
    pub agreements: Vec<PathBuf>,
    /// The checks file.
    pub checks: Option<PathBuf>,
    /// The alerts file.
    pub alerts: Option<PathBuf>,
    /// The sign-in file.
    pub sign_in: Option<PathBuf>,
    /// Where the server listens.
    pub listen: SocketAddr,
    /// Where the time comes from.
    pub clock: Clock,
}

/// The files that could be read.
#[derive(Debug, Default)]
struct Read {
    /// What the checks may measure, and the revision in force.
    agreement: Option<[Agreement; 2]>,
    checks: Option<Checks>,
    alerts: Option<Alerts>,
    sign_in: Option<SignInFile>,
    /// Where its secret could be read.
    identity_provider: Option<IdentityProvider>,
    /// A check needs a browser.
    browser: bool,
}

/// Examines everything.
pub async fn examine(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = folder::examine(subject.data, subject.clock.now());
    let (read, of_files) = files::examine(subject);
    findings.extend(of_files);
    findings.extend(machine::examine(subject, &read).await);
    findings
}
