//! The browsers of this machine: which programs they are, how many may run at once, and where their profiles lie.

use std::fmt;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

/// How many browsers run at once unless the configuration says otherwise. Each takes about 400 MB while it runs.
pub const SESSIONS_DEFAULT: usize = 2;

/// How many browsers may be asked for.
pub const SESSIONS_MAX: usize = 64;

/// What browser checks run in.
#[derive(Debug)]
pub struct Browsers {
    chromium: PathBuf,
    chromedriver: PathBuf,
    sessions: usize,
    turns: Semaphore,
    /// Where profiles are made; the system's folder for such files until [`Self::keep_in`] names another.
    folder: OnceLock<PathBuf>,
    made: AtomicU64,
}

/// A program that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoBrowser {
    /// The name of the program.
    pub program: &'static str,
    /// The path that was given, if one was.
    pub path: Option<PathBuf>,
}

impl NoBrowser {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        "install both programs, as with `apt-get install chromium chromium-driver`, or name them in `[browser]`"
    }
}

impl fmt::Display for NoBrowser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "there is no program `{}`", path.display()),
            None => write!(f, "there is no program `{}` in PATH, and a browser check needs it", self.program),
        }
    }
}

impl std::error::Error for NoBrowser {}

impl Browsers {
    /// The programs at the given paths, or those that the search path has.
    ///
    /// # Errors
    /// When one of them is not there or cannot be run.
    pub fn find(chromium: Option<&Path>, chromedriver: Option<&Path>, sessions: usize) -> Result<Self, NoBrowser> {
        let sessions = sessions.clamp(1, SESSIONS_MAX);
        Ok(Self {
            chromium: find("chromium", chromium)?,
            chromedriver: find("chromedriver", chromedriver)?,
            sessions,
            turns: Semaphore::new(sessions),
            folder: OnceLock::new(),
            made: AtomicU64::new(0),
        })
    }

    /// The same programs with one turn of its own, for work that no check may wait for.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self {
            chromium: self.chromium.clone(),
            chromedriver: self.chromedriver.clone(),
            sessions: 1,
            turns: Semaphore::new(1),
            folder: OnceLock::new(),
            made: AtomicU64::new(0),
        }
    }

    /// Keeps profiles in a folder of our own, which is emptied first: what is in it is of a process that was killed.
    ///
    /// # Errors
    /// When the folder cannot be emptied or made.
    pub fn keep_in(&self, folder: &Path) -> std::io::Result<()> {
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => private(folder)?,
        }
        // A browser works in a folder of its own, so the path must not depend on where we are.
        let _ = self.folder.set(folder.canonicalize()?);
        Ok(())
    }

    /// How many may run at once.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.sessions
    }

    pub(super) async fn turn(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.turns.acquire().await
    }

    pub(super) fn chromium(&self) -> &Path {
        &self.chromium
    }

    pub(super) fn chromedriver(&self) -> &Path {
        &self.chromedriver
    }

    /// A new folder that nobody else may look into.
    pub(super) fn profile(&self) -> std::io::Result<PathBuf> {
        let folder =
            self.folder.get_or_init(|| std::env::temp_dir().join(format!("uphold-browser-{}", std::process::id())));
        private(folder)?;
        let profile = folder.join(self.made.fetch_add(1, Ordering::Relaxed).to_string());
        std::fs::DirBuilder::new().mode(0o700).create(&profile)?;
        Ok(profile)
    }
}

/// The user that this process is.
pub(super) fn own_user() -> Option<u32> {
    std::fs::metadata("/proc/self").ok().map(|own| own.uid())
}

fn private(folder: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn find(program: &'static str, given: Option<&Path>) -> Result<PathBuf, NoBrowser> {
    let runs = |path: &PathBuf| {
        std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    };
    let found = match given {
        Some(path) => Some(path.to_owned()).filter(runs),
        None => {
            let path = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&path).map(|folder| folder.join(program)).find(runs)
        }
    };
    found.ok_or_else(|| NoBrowser { program, path: given.map(Path::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_is_named_with_what_to_install() {
        let missing = Browsers::find(Some(Path::new("/nowhere/chromium")), None, 1).unwrap_err();
        assert_eq!(missing.to_string(), "there is no program `/nowhere/chromium`");
        assert!(missing.help().contains("apt-get install chromium chromium-driver"));
        // A file that cannot be run is none either.
        assert!(Browsers::find(Some(Path::new("/etc/passwd")), None, 1).is_err());
    }

    #[test]
    fn profiles_of_a_process_that_was_killed_are_removed() {
        let folder = std::env::temp_dir().join(format!("uphold-profiles-{}", std::process::id()));
        let here = std::env::current_exe().unwrap();
        let browsers = Browsers::find(Some(&here), Some(&here), 1).unwrap();
        browsers.keep_in(&folder).unwrap();
        let profile = browsers.profile().unwrap();
        std::fs::write(profile.join("left"), "over").unwrap();
        assert_eq!(std::fs::metadata(&profile).unwrap().permissions().mode() & 0o777, 0o700);
        let next = Browsers::find(Some(&here), Some(&here), 1).unwrap();
        next.keep_in(&folder).unwrap();
        assert!(!profile.exists() && folder.is_dir());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
