//! The three parts of the sample service and the ways in which each can be broken. How a broken part answers is not here.

use jiff::Timestamp;
use std::sync::Mutex;

/// What a customer of the sample service uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The web console.
    Console,
    /// The API.
    Api,
    /// Where the software installed at customers connects to.
    Connect,
}

impl Part {
    /// All three, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Console, Self::Api, Self::Connect];

    /// The name in addresses and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Api => "api",
            Self::Connect => "connect",
        }
    }

    /// Where it is served.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Console => "/console",
            Self::Api => "/api/v1/items",
            Self::Connect => "/connect",
        }
    }

    /// The part of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }
}

/// How a part behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// As it should.
    Up,
    /// It answers 503.
    Down,
    /// It never answers.
    Hang,
    /// It closes the connection without an answer.
    Close,
    /// It answers 200 with the wrong content.
    Wrong,
    /// It answers rightly, after 1.5 s.
    Slow,
}

impl Mode {
    /// All of them, the good one first.
    pub const ALL: [Self; 6] = [Self::Up, Self::Down, Self::Hang, Self::Close, Self::Wrong, Self::Slow];

    /// The name in forms and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Hang => "hang",
            Self::Close => "close",
            Self::Wrong => "wrong",
            Self::Slow => "slow",
        }
    }

    /// The mode of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

/// How each part behaves at present, and since when.
#[derive(Debug)]
pub(super) struct Switches(Mutex<[(Mode, Timestamp); 3]>);

impl Switches {
    pub(super) fn all_up(since: Timestamp) -> Self {
        Self(Mutex::new([(Mode::Up, since); 3]))
    }

    pub(super) fn get(&self, part: Part) -> (Mode, Timestamp) {
        self.lock()[part as usize]
    }

    /// Sets the mode of the part; says whether that changed it.
    pub(super) fn set(&self, part: Part, mode: Mode, now: Timestamp) -> bool {
        let slot = &mut self.lock()[part as usize];
        let changed = slot.0 != mode;
        if changed {
            *slot = (mode, now);
        }
        changed
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, [(Mode, Timestamp); 3]> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_part_or_mode() {
        assert!(Part::ALL.into_iter().all(|part| Part::find(part.name()) == Some(part)));
        assert!(Mode::ALL.into_iter().all(|mode| Mode::find(mode.name()) == Some(mode)));
        assert_eq!((Part::find("Console"), Mode::find("")), (None, None));
    }

    #[test]
    fn a_switch_keeps_the_time_of_its_last_change_and_no_other_part_moves() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let switches = Switches::all_up(at(1));
        assert!(switches.set(Part::Api, Mode::Hang, at(2)));
        assert!(!switches.set(Part::Api, Mode::Hang, at(3)));
        assert_eq!(
            Part::ALL.map(|part| switches.get(part)),
            [(Mode::Up, at(1)), (Mode::Hang, at(2)), (Mode::Up, at(1))]
        );
    }
}
