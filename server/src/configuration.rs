//! Which files a server measures by: `configuration.json` in the data folder, written by the server and read by
//! `uphold reload`. It holds paths and digests, and never what is in the files.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use uphold_core::time::Instant;

use crate::error::{Failure, file_failure};

/// The file in the data folder.
pub const FILE: &str = "configuration.json";

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// The version of the format.
    pub v: u32,
    /// Where the revisions of the agreement are: files, and folders of files.
    pub agreements: Vec<PathBuf>,
    /// Where the checks file is.
    pub checks: PathBuf,
    /// As which vantage point the checks file is read, if not as the one that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vantage: Option<String>,
    /// What is in force.
    pub in_force: InForce,
    /// How many times the files were read again since this server started.
    pub reloads: u64,
    /// What came of the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_reload: Option<Outcome>,
}

/// The digests of the files that are in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InForce {
    /// SHA-256 of the text of each revision, by its name.
    pub agreements: BTreeMap<String, String>,
    /// SHA-256 of the checks file.
    pub checks: String,
}

/// What came of reading the files again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// When.
    pub at: String,
    /// Whether the files are in force.
    pub applied: bool,
    /// How many facts say what changed.
    pub facts: usize,
    /// Why they are not in force.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

impl Outcome {
    /// The files came into force, and so many facts say what changed.
    #[must_use]
    pub fn applied(at: Instant, facts: usize) -> Self {
        Self { at: at.to_string(), applied: true, facts, why: String::new() }
    }

    /// The files did not come into force.
    #[must_use]
    pub fn refused(at: Instant, why: String) -> Self {
        Self { at: at.to_string(), applied: false, facts: 0, why }
    }
}

impl Configuration {
    /// Reads the file of a data folder.
    ///
    /// # Errors
    /// When there is none, or it is not what it must be.
    pub fn read(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(FILE);
        let text = std::fs::read(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Failure::new(format!("`{}` does not say by which files it is measured", folder.display()))
                    .help("start the server with `uphold serve` once; it writes that down")
            }
            _ => file_failure("read", &path, error),
        })?;
        serde_json::from_slice(&text).map_err(|error| {
            Failure::new(format!("cannot read `{}`", path.display())).because(error).help("restart the server")
        })
    }

    /// Replaces the file as a whole.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Failure> {
        let path = folder.join(FILE);
        let beside = path.with_extension("json.new");
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        let written = std::fs::File::create(&beside)
            .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
            .and_then(|()| std::fs::rename(&beside, &path));
        written.map_err(|error| file_failure("write", &path, error))
    }
}
