//! Tokens: who may ask the interface for what.
//!
//! `tokens.json` in the data folder has of each token its name, its scopes and the SHA-256 of its secret, which has 256
//! random bits: the secret itself is shown once and kept nowhere. Not here: people's accounts.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use uphold_core::id::VantageId;
use uphold_core::ledger::digest::Digest;
use uphold_core::time::Instant;

use crate::error::{Failure, file_failure};

/// The file in the data folder.
pub const FILE: &str = "tokens.json";

/// What every secret begins with, so that scanners for leaked secrets know it.
pub const PREFIX: &str = "uphold_";

/// What a token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Reading what is not shown to everybody: records, and statements of customers.
    Read,
    /// Telling what happened.
    Record,
    /// Reporting in for a heartbeat check.
    Heartbeat,
    /// Reporting what one vantage point observed; such a token names it.
    Vantage,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 4] = [Self::Read, Self::Record, Self::Heartbeat, Self::Vantage];

    /// Those that need no name of a vantage point with them.
    pub const FREE: [Self; 3] = [Self::Read, Self::Record, Self::Heartbeat];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Record => "record",
            Self::Heartbeat => "heartbeat",
            Self::Vantage => "vantage",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Its name, which everything that it does is recorded under.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// The vantage point that it speaks for, and no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vantage: Option<String>,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// The SHA-256 of its secret, in hex.
    sha256: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    v: u32,
    tokens: Vec<Token>,
}

impl Token {
    /// What tells it from every other, and lets nobody in: the SHA-256 of its secret, in hex.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.sha256
    }
}

/// The tokens of one data folder. Every question reads the file anew, so that a revoked token is of no use at once.
#[derive(Debug, Clone)]
pub struct Tokens {
    path: PathBuf,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It brings no token, or none that is known.
    Unknown,
    /// Its token is known and may not be used for this.
    Forbidden(Scope),
    /// The file of tokens cannot be read.
    Unreadable,
}

impl Tokens {
    /// The tokens of a data folder.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self { path: folder.join(FILE) }
    }

    /// Makes a first token for everything, if there is no file of tokens yet, and returns its secret.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn first(&self, now: Instant) -> Result<Option<String>, Failure> {
        if self.path.exists() {
            return Ok(None);
        }
        self.create("first", &Scope::FREE, now).map(Some)
    }

    /// Makes a token and returns its secret, which nobody can be told again.
    ///
    /// # Errors
    /// When the name is taken or none, or the file cannot be read or written.
    pub fn create(&self, name: &str, scopes: &[Scope], now: Instant) -> Result<String, Failure> {
        self.create_for(name, scopes, None, now)
    }

    /// The same for one vantage point: with the scope `vantage` a token must name one.
    ///
    /// # Errors
    /// As [`Self::create`]; and when the scope is given without a vantage point, or a vantage point without the scope.
    pub fn create_for(
        &self,
        name: &str,
        scopes: &[Scope],
        vantage: Option<&VantageId>,
        now: Instant,
    ) -> Result<String, Failure> {
        match (scopes.contains(&Scope::Vantage), vantage) {
            (true, None) => {
                return Err(Failure::new(format!("the token `{name}` names no vantage point"))
                    .help("say with `--vantage NAME` which one it reports for"));
            }
            (false, Some(_)) => {
                return Err(Failure::new(format!("the token `{name}` has not the scope `vantage`"))
                    .help("`--vantage` goes with `--scope vantage`"));
            }
            _ => {}
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
            return Err(Failure::new(format!("`{name}` is no name of a token"))
                .help("use 1 to 64 letters, digits, `-`, `_` or `.`"));
        }
        let mut contents = self.read()?;
        if contents.tokens.iter().any(|token| token.name == name) {
            return Err(Failure::new(format!("there is a token `{name}` already"))
                .help(format!("choose another name, or end it with `uphold token revoke {name}`")));
        }
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)
            .map_err(|error| Failure::new("cannot draw random numbers").because(error.to_string()))?;
        let secret = format!("{PREFIX}{}", Digest::from_bytes(&secret).expect("a digest has 32 bytes"));
        let mut scopes = scopes.to_vec();
        scopes.sort_unstable();
        scopes.dedup();
        let sha256 = Digest::of(&[secret.as_bytes()]).to_string();
        let vantage = vantage.map(ToString::to_string);
        contents.tokens.push(Token { name: name.to_owned(), scopes, vantage, created_at: now.to_string(), sha256 });
        self.write(&contents)?;
        Ok(secret)
    }

    /// Ends a token.
    ///
    /// # Errors
    /// When there is none of that name, or the file cannot be read or written.
    pub fn revoke(&self, name: &str) -> Result<(), Failure> {
        let mut contents = self.read()?;
        let before = contents.tokens.len();
        contents.tokens.retain(|token| token.name != name);
        if contents.tokens.len() == before {
            return Err(Failure::new(format!("there is no token `{name}`")).help("`uphold token list` lists them"));
        }
        self.write(&contents)
    }

    /// Every token.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn list(&self) -> Result<Vec<Token>, Failure> {
        self.read().map(|contents| contents.tokens)
    }

    /// The name of the token that a request's `Authorization` brings, if it may be used for `scope`.
    ///
    /// # Errors
    /// Why not.
    pub fn authorize(&self, authorization: Option<&str>, scope: Scope) -> Result<String, Refused> {
        self.find(authorization, scope).map(|token| token.name)
    }

    /// The same with all that is known of the token.
    ///
    /// # Errors
    /// Why not.
    pub fn find(&self, authorization: Option<&str>, scope: Scope) -> Result<Token, Refused> {
        let (scheme, secret) = authorization.and_then(|value| value.split_once(' ')).ok_or(Refused::Unknown)?;
        if !scheme.eq_ignore_ascii_case("bearer") || !secret.starts_with(PREFIX) {
            return Err(Refused::Unknown);
        }
        // Digests are compared, so that the time it takes says nothing of a secret.
        let digest = Digest::of(&[secret.trim().as_bytes()]).to_string();
        let contents = self.read().map_err(|failure| {
            tracing::error!("tokens cannot be read: {failure}");
            Refused::Unreadable
        })?;
        let token = contents.tokens.into_iter().find(|token| token.sha256 == digest).ok_or(Refused::Unknown)?;
        if token.scopes.contains(&scope) { Ok(token) } else { Err(Refused::Forbidden(scope)) }
    }

    fn read(&self) -> Result<Contents, Failure> {
        let mut text = String::new();
        match File::open(&self.path) {
            Ok(mut file) => file.read_to_string(&mut text).map_err(|error| file_failure("read", &self.path, error))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Contents { v: 1, tokens: Vec::new() });
            }
            Err(error) => return Err(file_failure("read", &self.path, error)),
        };
        let contents: Contents = serde_json::from_str(&text).map_err(|error| {
            Failure::new(format!("`{}` is no file of tokens", self.path.display()))
                .because(error)
                .help("restore it from a backup, or remove it and make new tokens with `uphold token create`")
        })?;
        if contents.v == 1 {
            return Ok(contents);
        }
        Err(Failure::new(format!("`{}` is newer than this program", self.path.display())).help("use a newer uphold"))
    }

    /// Replaces the file as a whole, readable by its owner alone.
    fn write(&self, contents: &Contents) -> Result<(), Failure> {
        let beside = self.path.with_extension("json.new");
        let text = serde_json::to_string_pretty(contents).unwrap_or_default();
        let written = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)
            .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
            .and_then(|()| std::fs::rename(&beside, &self.path));
        written.map_err(|error| file_failure("write", &self.path, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_scopes_until_it_is_revoked() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = Tokens::of(folder.path());
        let first = tokens.first(Instant(0)).unwrap().unwrap();
        assert_eq!(tokens.first(Instant(0)).unwrap(), None, "a first start happens once");
        let reader = tokens.create("reader", &[Scope::Read], Instant(0)).unwrap();
        let bearer = |secret: &str| format!("Bearer {secret}");
        for scope in Scope::FREE {
            assert_eq!(tokens.authorize(Some(&bearer(&first)), scope), Ok("first".to_owned()));
        }
        assert_eq!(tokens.authorize(Some(&bearer(&first)), Scope::Vantage), Err(Refused::Forbidden(Scope::Vantage)));
        assert_eq!(tokens.authorize(Some(&bearer(&reader)), Scope::Read), Ok("reader".to_owned()));
        assert_eq!(tokens.authorize(Some(&bearer(&reader)), Scope::Record), Err(Refused::Forbidden(Scope::Record)));
        tokens.revoke("reader").unwrap();
        assert_eq!(tokens.authorize(Some(&bearer(&reader)), Scope::Read), Err(Refused::Unknown));
        assert!(tokens.revoke("reader").is_err());
        for wrong in [None, Some(""), Some("Bearer"), Some("Bearer "), Some("Basic abc"), Some(&*bearer(&first[..50]))]
        {
            assert_eq!(tokens.authorize(wrong, Scope::Read), Err(Refused::Unknown), "{wrong:?}");
        }
    }

    #[test]
    fn a_token_of_a_vantage_point_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = Tokens::of(folder.path());
        let osaka = VantageId::parse("osaka-1").unwrap();
        assert!(tokens.create("osaka", &[Scope::Vantage], Instant(0)).is_err());
        assert!(tokens.create_for("osaka", &[Scope::Read], Some(&osaka), Instant(0)).is_err());
        let secret = tokens.create_for("osaka", &[Scope::Vantage], Some(&osaka), Instant(0)).unwrap();
        let token = tokens.find(Some(&format!("Bearer {secret}")), Scope::Vantage).unwrap();
        assert_eq!((token.name.as_str(), token.vantage.as_deref()), ("osaka", Some("osaka-1")));
    }

    #[test]
    fn a_secret_is_kept_nowhere_and_the_file_is_its_owners() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let tokens = Tokens::of(folder.path());
        let secret = tokens.create("ops", &[Scope::Read, Scope::Read], Instant(0)).unwrap();
        let path = folder.path().join(FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&secret) && !text.contains(&secret[PREFIX.len()..]), "{text}");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(tokens.list().unwrap()[0].scopes, [Scope::Read]);
        assert!(tokens.create("ops", &[], Instant(0)).is_err(), "a name is used once");
        assert!(tokens.create("o ps", &[], Instant(0)).is_err());
    }

    #[test]
    fn a_damaged_file_lets_nobody_in() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = Tokens::of(folder.path());
        let secret = tokens.create("ops", &Scope::FREE, Instant(0)).unwrap();
        for text in ["", "{}", r#"{"v":2,"tokens":[]}"#, "[]"] {
            std::fs::write(folder.path().join(FILE), text).unwrap();
            let answer = tokens.authorize(Some(&format!("Bearer {secret}")), Scope::Read);
            assert_eq!(answer, Err(Refused::Unreadable), "{text}");
            assert_eq!(tokens.first(Instant(0)).unwrap(), None, "a damaged file is not replaced");
        }
    }
}
