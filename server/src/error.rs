//! How a failure is told to a person: what could not be done, the chain of causes, and at most one sentence of help.

use std::error::Error;
use std::fmt;

/// A failure that ends a command.
#[derive(Debug)]
pub struct Failure {
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
    help: Option<String>,
    /// Findings that were already printed above the message.
    exit: u8,
}

impl Failure {
    /// What could not be done, to which named thing: lower case, no full stop.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None, help: None, exit: 1 }
    }

    /// The same with its cause.
    #[must_use]
    pub fn because(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// The same with one sentence that says what to do.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// The same with another exit code than 1.
    #[must_use]
    pub fn exit(self, exit: u8) -> Self {
        Self { exit, ..self }
    }

    /// The code that the process ends with.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        let mut cause: Option<&dyn Error> = self.source.as_ref().map(|source| &**source as &dyn Error);
        while let Some(error) = cause {
            write!(f, "\n  caused by: {error}")?;
            cause = error.source();
        }
        if let Some(help) = &self.help {
            write!(f, "\nhelp: {help}")?;
        }
        Ok(())
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn Error + 'static))
    }
}

/// Why a file could not be opened or written, with the help that fits.
#[must_use]
pub fn file_failure(act: &str, path: &std::path::Path, error: std::io::Error) -> Failure {
    use std::io::ErrorKind;
    let help = match error.kind() {
        ErrorKind::NotFound => Some("check the spelling of the path"),
        ErrorKind::PermissionDenied => Some("give the user that runs uphold access to it, or name another path"),
        ErrorKind::IsADirectory => Some("name a file, not a folder"),
        ErrorKind::ReadOnlyFilesystem => Some("name a path on a file system that can be written"),
        _ => None,
    };
    let failure = Failure::new(format!("cannot {act} `{}`", path.display())).because(error);
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}
