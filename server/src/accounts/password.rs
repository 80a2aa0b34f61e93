//! Passwords: what may be one, and comparing without giving anything away or letting anybody use up the machine.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use super::weak::is_common;

/// The fewest characters of a password.
pub const LENGTH_MIN: usize = 12;

/// The most bytes of a password.
pub const LENGTH_MAX: usize = 1024;

/// Memory, passes and lanes as OWASP recommends for Argon2id: 19 MiB, 2, 1.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// How many passwords are worked on at once: what a flood of sign-ins can take of the memory is this often 19 MiB.
const TURNS: usize = 2;

/// How many may wait for their turn; the others are told to come again.
const WAITING_MAX: usize = 16;

/// Why a text cannot be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordError {
    /// It has fewer than [`LENGTH_MIN`] characters.
    TooShort,
    /// It has more than [`LENGTH_MAX`] bytes.
    TooLong,
    /// It is among the first that anybody tries.
    Common,
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort => write!(f, "a password has at least {LENGTH_MIN} characters"),
            Self::TooLong => write!(f, "a password has at most {LENGTH_MAX} bytes"),
            Self::Common => f.write_str("this password is among the first that anybody tries"),
        }
    }
}

impl std::error::Error for PasswordError {}

/// Whether a text may become the password of the account `name`: any characters, in any composition.
pub(super) fn check(password: &str, name: &str) -> Result<(), PasswordError> {
    if password.len() > LENGTH_MAX {
        return Err(PasswordError::TooLong);
    }
    if password.chars().count() < LENGTH_MIN {
        return Err(PasswordError::TooShort);
    }
    if is_common(password, name) { Err(PasswordError::Common) } else { Ok(()) }
}

/// Why no password could be worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unworked {
    /// Too many wait already.
    Busy,
    /// The work ended in a defect.
    Defect,
}

/// Works on passwords, a few at once.
#[derive(Debug, Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    worked: Arc<AtomicU64>,
}

impl Default for Passwords {
    fn default() -> Self {
        let [turns, waiting] = [TURNS, TURNS + WAITING_MAX].map(|many| Arc::new(Semaphore::new(many)));
        Self { turns, waiting, worked: Arc::default() }
    }
}

impl Passwords {
    /// How many passwords were worked on.
    #[must_use]
    pub fn worked(&self) -> u64 {
        self.worked.load(Ordering::Relaxed)
    }

    /// The hash of a password, to be kept.
    pub(super) async fn hash(&self, password: String) -> Result<String, Unworked> {
        self.work(move || hash(&password)).await?.ok_or(Unworked::Defect)
    }

    /// Whether a password is the one of this hash. Without a hash it is none, after as much work.
    pub(super) async fn is_right(&self, password: String, hash: Option<String>) -> Result<bool, Unworked> {
        self.work(move || match hash.as_deref().map(PasswordHash::new) {
            Some(Ok(hash)) => argon2().verify_password(password.as_bytes(), &hash).is_ok(),
            _ => {
                let mut nowhere = [0; 32];
                let _ = argon2().hash_password_into(password.as_bytes(), b"nobody's, and no secret", &mut nowhere);
                std::hint::black_box(nowhere);
                false
            }
        })
        .await
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Unworked> {
        let _place = self.waiting.clone().try_acquire_owned().map_err(|_| Unworked::Busy)?;
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| Unworked::Defect)?;
        self.worked.fetch_add(1, Ordering::Relaxed);
        let done = tokio::task::spawn_blocking(move || {
            // Held by the work itself: whoever stops waiting for it does not make room for another.
            let _turn = turn;
            work()
        });
        done.await.map_err(|_| Unworked::Defect)
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("these are within the limits of Argon2");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &str) -> Option<String> {
    let made: Result<PasswordHash, _> = argon2().hash_password(password.as_bytes());
    made.ok().map(|hash| hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_characters_will_do_if_there_are_enough_of_them_and_they_are_not_common() {
        for good in
            ["korrekt pferd batterie", "パスワードではない長い文章", "            .,-#+ü", "tr0ub4dour & 3 more"]
        {
            assert_eq!(check(good, "alice"), Ok(()), "{good}");
        }
        assert_eq!(check("elevenchars", "alice"), Err(PasswordError::TooShort));
        assert_eq!(check("日本語日本語", "alice"), Err(PasswordError::TooShort), "characters, not bytes");
        assert_eq!(check(&"é".repeat(513), "alice"), Err(PasswordError::TooLong));
        assert_eq!(check("Password1234", "alice"), Err(PasswordError::Common));
        assert_eq!(check("alice-alice-2026", "alice"), Err(PasswordError::Common));
    }

    #[tokio::test]
    async fn a_password_is_known_again_and_never_kept() {
        let passwords = Passwords::default();
        let hash = passwords.hash("a long enough one".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && !hash.contains("enough"), "{hash}");
        assert_ne!(hash, passwords.hash("a long enough one".to_owned()).await.unwrap(), "each has a salt of its own");
        let is_right = async |password: &str, hash: Option<&str>| {
            passwords.is_right(password.to_owned(), hash.map(str::to_owned)).await.unwrap()
        };
        assert!(is_right("a long enough one", Some(&hash)).await);
        assert!(!is_right("a long enough One", Some(&hash)).await);
        assert!(!is_right("a long enough one", None).await);
        assert!(!is_right("", Some("")).await, "a damaged hash is nobody's");
        assert_eq!(passwords.worked(), 6);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_flood_is_sent_away_and_does_not_take_the_memory() {
        let passwords = Passwords::default();
        let asked: Vec<_> = (0..60)
            .map(|_| {
                let passwords = passwords.clone();
                tokio::spawn(async move { passwords.is_right("x".to_owned(), None).await })
            })
            .collect();
        let mut answers = Vec::new();
        for each in asked {
            answers.push(each.await.unwrap());
        }
        let busy = answers.iter().filter(|answer| **answer == Err(Unworked::Busy)).count();
        assert!(busy > 0 && answers.contains(&Ok(false)), "{answers:?}");
        assert_eq!(passwords.worked() as usize + busy, 60);
        assert!(passwords.is_right("x".to_owned(), None).await.is_ok(), "there is room again");
    }
}
