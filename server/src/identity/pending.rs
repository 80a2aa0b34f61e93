//! Who was sent away and has not come back: for ten minutes, once, and not more than so many.
//!
//! Kept in memory alone: another start forgets it, and whoever was away begins again.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use uphold_core::ledger::digest::Digest;
use uphold_core::time::Millis;

use super::discovery::Metadata;
use crate::accounts::{Secret, SignedIn, network};

/// How long somebody may be away.
pub const PENDING_LENGTH: Millis = Millis(600_000);

/// How many may be away at once, and how many of one address: the one who left first is forgotten.
const AWAY_MAX: usize = 2_000;
const OF_ADDRESS_MAX: usize = 100;

/// What somebody was sent away for.
#[derive(Debug, Clone)]
pub enum Purpose {
    /// To sign in, and to be led on to a page.
    SignIn {
        /// The page.
        next: String,
    },
    /// To use a link that is good once.
    Join {
        /// The link.
        link: Secret,
        /// The name that whoever starts first chose.
        name: String,
    },
    /// To link their account, in this session and no other.
    Link(Arc<SignedIn>),
}

/// Somebody who is away.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) purpose: Purpose,
    /// What their browser has to show.
    pub(super) browser: Digest,
    pub(super) nonce: Secret,
    pub(super) verifier: Secret,
    /// As the provider described itself when they left.
    pub(super) metadata: Arc<Metadata>,
}

#[derive(Debug)]
struct Away {
    pending: Pending,
    address: Option<IpAddr>,
    left: Millis,
    /// Which one left before which.
    place: u64,
}

/// Everybody who is away, by the digest of what they bring back.
#[derive(Debug, Default)]
pub(super) struct Pendings {
    away: HashMap<Digest, Away>,
    next: u64,
}

impl Pendings {
    pub(super) fn put(&mut self, state: Digest, pending: Pending, address: Option<IpAddr>, now: Millis) {
        self.away.retain(|_, away| now - away.left < PENDING_LENGTH);
        let address = address.map(network);
        if self.away.values().filter(|away| away.address == address).count() >= OF_ADDRESS_MAX {
            self.forget_first(|away| away.address == address);
        }
        if self.away.len() >= AWAY_MAX {
            self.forget_first(|_| true);
        }
        self.next += 1;
        self.away.insert(state, Away { pending, address, left: now, place: self.next });
    }

    /// Whether this was begun in this browser, not too long ago.
    pub(super) fn knows(&self, state: Digest, browser: Digest, now: Millis) -> bool {
        self.away.get(&state).is_some_and(|away| away.pending.browser == browser && now - away.left < PENDING_LENGTH)
    }

    /// Takes what was begun in this browser, if it is not too long ago. What another browser shows takes nothing.
    pub(super) fn take(&mut self, state: Digest, browser: Digest, now: Millis) -> Option<Pending> {
        self.away.get(&state).filter(|away| away.pending.browser == browser)?;
        let away = self.away.remove(&state)?;
        (now - away.left < PENDING_LENGTH).then_some(away.pending)
    }

    fn forget_first(&mut self, fits: impl Fn(&Away) -> bool) {
        let first = self.away.iter().filter(|(_, away)| fits(away)).min_by_key(|(_, away)| away.place);
        if let Some(state) = first.map(|(state, _)| *state) {
            self.away.remove(&state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(n: u32) -> Digest {
        Digest::of(&[&n.to_be_bytes()])
    }

    fn pending(browser: u32) -> Pending {
        let secret = || Secret::draw().unwrap();
        let purpose = Purpose::SignIn { next: "/".to_owned() };
        let metadata = Arc::new(Metadata::sample());
        Pending { purpose, browser: digest(browser), nonce: secret(), verifier: secret(), metadata }
    }

    #[test]
    fn whoever_left_comes_back_once_in_time_and_with_the_same_browser() {
        let mut all = Pendings::default();
        all.put(digest(1), pending(10), None, Millis(0));
        assert!(all.take(digest(1), digest(11), Millis(1)).is_none(), "another browser");
        assert!(all.take(digest(2), digest(10), Millis(1)).is_none(), "another state");
        assert!(all.take(digest(1), digest(10), Millis(599_999)).is_some());
        assert!(all.take(digest(1), digest(10), Millis(599_999)).is_none(), "once");
        all.put(digest(3), pending(10), None, Millis(0));
        assert!(all.take(digest(3), digest(10), Millis(600_000)).is_none(), "too late");
    }

    #[test]
    fn a_flood_of_one_address_takes_its_own_places_and_all_together_have_an_end() {
        let mut all = Pendings::default();
        let at = |n: u32| Some(IpAddr::V4(n.into()));
        all.put(digest(0), pending(0), at(7), Millis(0));
        for n in 1..=500 {
            all.put(digest(n), pending(n), at(1), Millis(0));
        }
        assert_eq!(all.away.len(), OF_ADDRESS_MAX + 1);
        assert!(all.take(digest(400), digest(400), Millis(1)).is_none() && all.away.contains_key(&digest(500)));
        assert!(all.take(digest(0), digest(0), Millis(1)).is_some(), "nobody else is forgotten for it");
        for n in 0..3_000 {
            all.put(digest(10_000 + n), pending(n), at(1_000 + n), Millis(0));
        }
        assert_eq!(all.away.len(), AWAY_MAX);
        all.put(digest(1), pending(1), at(1), Millis(600_000));
        assert_eq!(all.away.len(), 1, "those who do not come back are forgotten");
    }
}
