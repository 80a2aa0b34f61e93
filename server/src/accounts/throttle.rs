//! How often somebody may try to sign in: by account and address, by address alone, by account alone. And how often somebody
//! may come back from an identity provider in vain: by address, since there is no account yet.
//!
//! Each has so many tries at once and gets one back every minute. A single address that keeps trying is so slow that it
//! never uses up the tries of an account, which would lock its owner out. Kept in memory alone: another start forgets it,
//! and a flood writes nothing.

use std::collections::HashMap;
use std::net::IpAddr;

use uphold_core::time::Millis;

/// How soon a try comes back.
const BACK_EVERY: Millis = Millis(60_000);

/// How many tries there are at once for one account from one address, from one address, and for one account.
const TRIES: [i64; 3] = [5, 20, 100];

/// How many of these are remembered; those that would be forgotten first make room.
const REMEMBERED_MAX: usize = 20_000;

/// How somebody comes back from an identity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Return {
    /// From what was begun in their browser: the provider is asked about it.
    Begun,
    /// From nothing that was begun there. A foreign page can make a browser do that, so it must not cost the tries of those
    /// who did begin, nor those for passwords.
    Stray,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Both(String, Option<IpAddr>),
    Address(Option<IpAddr>),
    Account(String),
    Return(Return, Option<IpAddr>),
}

impl Key {
    /// What is counted of a try.
    fn all(name: &str, address: Option<IpAddr>) -> [Self; 3] {
        let (name, address) = (name.to_ascii_lowercase(), address.map(network));
        [Self::Both(name.clone(), address), Self::Address(address), Self::Account(name)]
    }
}

/// An IPv6 address stands for its network: whoever has one has all of them.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
        v4 => v4,
    }
}

/// The tries of late.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    /// When all tries will have come back.
    whole_at: HashMap<Key, Millis>,
}

impl Throttle {
    /// Takes a try, before it is known how it ends, so that many at once count as many. How long to wait, if there is none.
    pub(super) fn take(&mut self, name: &str, address: Option<IpAddr>, now: Millis) -> Result<(), Millis> {
        self.spend(&Key::all(name, address), TRIES, now)
    }

    /// The same where somebody comes back from an identity provider.
    pub(super) fn take_return(&mut self, how: Return, address: Option<IpAddr>, now: Millis) -> Result<(), Millis> {
        self.spend(&[Key::Return(how, address.map(network))], [TRIES[1]], now)
    }

    fn spend<const N: usize>(&mut self, keys: &[Key; N], tries: [i64; N], now: Millis) -> Result<(), Millis> {
        let wait = |(key, tries): (&Key, i64)| {
            let spent = self.whole_at.get(key).map_or(Millis(0), |whole| *whole - now);
            spent - Millis(BACK_EVERY.0 * (tries - 1))
        };
        let wait = keys.iter().zip(tries).map(wait).max().unwrap_or(Millis(0));
        if wait > Millis(0) {
            return Err(wait);
        }
        for key in keys {
            self.make_room(now);
            let whole = self.whole_at.entry(key.clone()).or_insert(now);
            *whole = (*whole).max(now) + BACK_EVERY;
        }
        Ok(())
    }

    /// Gives back the try that ended well, and forgets those of this account from this address.
    pub(super) fn succeed(&mut self, name: &str, address: Option<IpAddr>) {
        let [both, address, account] = Key::all(name, address);
        self.whole_at.remove(&both);
        self.give_back(&address);
        self.give_back(&account);
    }

    /// Gives back the try of a return that ended well, or that the provider could not be asked about.
    pub(super) fn forgive_return(&mut self, how: Return, address: Option<IpAddr>) {
        self.give_back(&Key::Return(how, address.map(network)));
    }

    fn give_back(&mut self, key: &Key) {
        if let Some(whole) = self.whole_at.get_mut(key) {
            *whole = *whole - BACK_EVERY;
        }
    }

    fn make_room(&mut self, now: Millis) {
        if self.whole_at.len() < REMEMBERED_MAX {
            return;
        }
        self.whole_at.retain(|_, whole| *whole > now);
        if self.whole_at.len() < REMEMBERED_MAX {
            return;
        }
        // A tenth at once, so that a flood does not search for one each time.
        let mut all: Vec<Millis> = self.whole_at.values().copied().collect();
        let (_, last, _) = all.select_nth_unstable(REMEMBERED_MAX / 10);
        let (last, mut left) = (*last, REMEMBERED_MAX / 10);
        self.whole_at.retain(|_, whole| {
            let goes = *whole <= last && left > 0;
            left -= usize::from(goes);
            !goes
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn tries_end_and_come_back_one_a_minute() {
        let (mut throttle, here) = (Throttle::default(), address("192.0.2.1"));
        for _ in 0..5 {
            assert_eq!(throttle.take("alice", here, Millis(0)), Ok(()));
        }
        assert_eq!(throttle.take("Alice", here, Millis(0)), Err(Millis(60_000)), "a name has one spelling");
        assert_eq!(throttle.take("alice", here, Millis(59_999)), Err(Millis(1)));
        assert_eq!(throttle.take("alice", here, Millis(60_000)), Ok(()));
        assert_eq!(throttle.take("alice", address("192.0.2.2"), Millis(60_000)), Ok(()), "another is not locked out");
        throttle.succeed("alice", here);
        assert_eq!(throttle.take("alice", here, Millis(60_001)), Ok(()));
    }

    #[test]
    fn one_address_tries_few_accounts_and_many_addresses_one_account_not_for_ever() {
        let mut throttle = Throttle::default();
        let tried =
            |throttle: &mut Throttle, n: u32| throttle.take(&format!("p{n}"), address("2001:db8::1"), Millis(0));
        assert_eq!((0..40).filter(|n| tried(&mut throttle, *n).is_ok()).count(), 20);
        assert!(throttle.take("other", address("2001:db8::ffff"), Millis(0)).is_err(), "the same network");
        assert!(throttle.take("other", address("2001:db8:0:1::1"), Millis(0)).is_ok());
        let far = |throttle: &mut Throttle, n: u8| throttle.take("alice", address(&format!("10.0.{n}.1")), Millis(0));
        assert_eq!((0..200).filter(|n| far(&mut throttle, *n).is_ok()).count(), 100);
    }

    #[test]
    fn one_address_alone_never_locks_an_account_for_others() {
        let mut throttle = Throttle::default();
        for second in 0..86_400 {
            let _ = throttle.take("alice", address("203.0.113.9"), Millis(second * 1_000));
        }
        assert_eq!(throttle.take("alice", address("192.0.2.1"), Millis(86_400_000)), Ok(()));
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let mut throttle = Throttle::default();
        for n in 0..u32::try_from(REMEMBERED_MAX).unwrap() {
            let _ = throttle.take(&format!("p{n}"), Some(IpAddr::V4(n.into())), Millis(0));
        }
        assert!((REMEMBERED_MAX * 9 / 10..=REMEMBERED_MAX).contains(&throttle.whole_at.len()));
    }
}
