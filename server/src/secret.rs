//! Secrets: where each lies, and reading it. A secret is never in a configuration file, and never in what is printed.

use std::fmt;
use std::path::{Path, PathBuf};

/// What a name in `$CREDENTIALS_DIRECTORY` is written with.
const CREDENTIAL: &str = "credential:";

/// The longest secret that is read, in bytes.
const LENGTH_MAX: usize = 16 * 1024;

/// A secret that was read. Printing it shows that there is one, and nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one place that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Where a secret lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretFile {
    /// A file.
    Path(PathBuf),
    /// A file of that name among the credentials that the service manager hands over.
    Credential(String),
}

impl SecretFile {
    /// Reads `credential:NAME`, or a path; a relative one is below `folder`, which is that of the configuration file.
    #[must_use]
    pub fn parse(text: &str, folder: &Path) -> Option<Self> {
        match text.strip_prefix(CREDENTIAL) {
            None if text.is_empty() => None,
            None => Some(Self::Path(folder.join(text))),
            Some(name) => {
                let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                let is_name = !name.is_empty() && !name.starts_with('.') && name.chars().all(plain);
                is_name.then(|| Self::Credential(name.to_owned()))
            }
        }
    }

    /// The file itself; nothing, where it is a credential and none were handed over.
    #[must_use]
    pub fn path(&self, credentials: Option<&Path>) -> Option<PathBuf> {
        match self {
            Self::Path(path) => Some(path.clone()),
            Self::Credential(name) => Some(credentials?.join(name)),
        }
    }

    /// Reads the secret, without the line end at its end.
    ///
    /// # Errors
    /// When it cannot be read, is empty or too long, or is no text of one line.
    pub fn read(&self, credentials: Option<&Path>) -> Result<Secret, SecretError> {
        let fail = |problem| SecretError { file: self.to_string(), problem };
        let path = self.path(credentials).ok_or_else(|| fail(Problem::NoCredentials))?;
        let bytes = std::fs::read(path).map_err(|error| fail(Problem::Unread(error.to_string())))?;
        if bytes.len() > LENGTH_MAX {
            return Err(fail(Problem::TooLong));
        }
        let text = String::from_utf8(bytes).map_err(|_| fail(Problem::NotText))?;
        let text = text.trim_end_matches(['\n', '\r']);
        match text {
            "" => Err(fail(Problem::Empty)),
            text if text.chars().any(char::is_control) => Err(fail(Problem::NotText)),
            text => Ok(Secret::new(text)),
        }
    }
}

/// The folder of the credentials that the service manager handed over.
#[must_use]
pub fn credentials() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}

impl fmt::Display for SecretFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Credential(name) => write!(f, "{CREDENTIAL}{name}"),
        }
    }
}

/// Why a secret could not be read. The secret is in no text of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretError {
    file: String,
    problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Problem {
    NoCredentials,
    Unread(String),
    TooLong,
    NotText,
    Empty,
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read the secret `{}`: ", self.file)?;
        match &self.problem {
            Problem::NoCredentials => {
                f.write_str("no credentials were handed over ($CREDENTIALS_DIRECTORY is not set)")
            }
            Problem::Unread(why) => f.write_str(why),
            Problem::TooLong => write!(f, "it is longer than {LENGTH_MAX} bytes"),
            Problem::NotText => f.write_str("it is no text of one line"),
            Problem::Empty => f.write_str("it is empty"),
        }
    }
}

impl std::error::Error for SecretError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_from_its_file_or_from_the_credentials() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), "whsec_abc\n").unwrap();
        let beside = SecretFile::parse("key", folder.path()).unwrap();
        assert_eq!(beside.read(None).unwrap().reveal(), "whsec_abc");
        let handed = SecretFile::parse("credential:key", Path::new("/nowhere")).unwrap();
        assert_eq!(handed.read(Some(folder.path())).unwrap().reveal(), "whsec_abc");
        assert!(handed.read(None).unwrap_err().to_string().contains("$CREDENTIALS_DIRECTORY is not set"));
        for bad in ["credential:", "credential:../key", "credential:a/b", "credential:.key", ""] {
            assert_eq!(SecretFile::parse(bad, folder.path()), None, "{bad}");
        }
    }

    #[test]
    fn a_secret_is_not_printed_and_one_of_no_use_is_refused() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "[secret]");
        let folder = tempfile::tempdir().unwrap();
        for bad in ["", "\n", "a\nb", "a\0"] {
            std::fs::write(folder.path().join("key"), bad).unwrap();
            let error = SecretFile::parse("key", folder.path()).unwrap().read(None).unwrap_err().to_string();
            assert!(!error.contains("a\nb"), "{error}");
        }
    }
}
