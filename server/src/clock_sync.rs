//! Whether the clock that dates everything is synchronised, as far as this machine can say.
//!
//! The kernel knows best, and it is asked through `adjtimex`, which no library offers without `unsafe`: so its own view is not
//! read here (docs/operations.md). What is read is what the time service of the machine leaves behind, and the answer of a
//! time server where the configuration names one.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use uphold_core::time::{Instant, Millis};
use uphold_probe::egress::{Egress, Host};
use uphold_probe::ntp;

use crate::clock::Clock;

/// Our clock may be off by this much before that is wrong.
pub const OFFSET_MAX: Millis = Millis(1_000);

/// What systemd-timesyncd touches whenever it has synchronised the clock.
pub const TIMESYNC: &str = "/run/systemd/timesync/synchronized";

/// timesyncd asks at most every 34 min 8 s; three of them missed are no coincidence.
const TIMESYNC_OLD: Millis = Millis(3 * 2_048_000);

/// How long a time server may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is known of the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClockSync {
    /// It is synchronised, and who says so.
    Synchronised(String),
    /// It is not, and why.
    NotSynchronised(Why),
    /// Nobody here can say.
    NotKnown,
}

/// Why a clock is taken for not synchronised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// A time server says another time.
    Off {
        /// The server.
        server: String,
        /// How far ours is ahead of it; behind, where negative.
        by: Millis,
    },
    /// The time service of this machine has not synchronised it for so long.
    NotLately(Millis),
    /// The server says of itself that it does not know the time.
    ServerUnsure(String),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off { server, by } if by.0 < 0 => {
                write!(f, "it is {} behind the time server {server}", Millis(-by.0))
            }
            Self::Off { server, by } => write!(f, "it is {by} ahead of the time server {server}"),
            Self::NotLately(age) => {
                write!(f, "systemd-timesyncd synchronised it last {} ago", Millis(age.0 / 1_000 * 1_000))
            }
            Self::ServerUnsure(server) => write!(f, "the time server {server} does not know the time itself"),
        }
    }
}

impl ClockSync {
    /// The names of all states.
    pub const NAMES: [&'static str; 3] = ["synchronised", "not-synchronised", "not-known"];

    /// Its name in interfaces.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Synchronised(_) => "synchronised",
            Self::NotSynchronised(_) => "not-synchronised",
            Self::NotKnown => "not-known",
        }
    }
}

impl fmt::Display for ClockSync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Synchronised(by) => write!(f, "the clock is synchronised ({by})"),
            Self::NotSynchronised(why) => write!(f, "the clock is not synchronised: {why}"),
            Self::NotKnown => f.write_str("nothing here can say whether the clock is synchronised"),
        }
    }
}

/// Asks whoever can say: the time server, where one is named and answers, else what the time service left behind.
pub async fn look(clock: &Clock, egress: &Egress, server: Option<&Host>, timesync: &Path) -> ClockSync {
    if let Some(host) = server {
        match ntp::ask(egress, host, PATIENCE, || clock.now()).await {
            Ok(answer) => return judge(host, &answer),
            // One answer that is lost says nothing of the clock.
            Err(cause) => tracing::debug!(server = %host, %cause, "the time server does not answer"),
        }
    }
    of_timesync(timesync, clock.now())
}

fn judge(host: &Host, answer: &ntp::Answer) -> ClockSync {
    let server = host.to_string();
    match answer {
        ntp::Answer { unsure: true, .. } => ClockSync::NotSynchronised(Why::ServerUnsure(server)),
        // The answer may have been anywhere in its round trip: that much is not ours to know.
        ntp::Answer { ahead, within, .. } if (ahead.0.abs() - within.0) > OFFSET_MAX.0 => {
            ClockSync::NotSynchronised(Why::Off { server, by: *ahead })
        }
        ntp::Answer { ahead, within, .. } => {
            ClockSync::Synchronised(format!("{ahead} off the time server {server}, known to {within}"))
        }
    }
}

fn of_timesync(file: &Path, now: Instant) -> ClockSync {
    let touched = std::fs::metadata(file).and_then(|found| found.modified());
    let Ok(since) = touched.map(|at| at.duration_since(std::time::UNIX_EPOCH).unwrap_or_default()) else {
        return ClockSync::NotKnown;
    };
    let age = now - Instant(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    if age > TIMESYNC_OLD {
        ClockSync::NotSynchronised(Why::NotLately(age))
    } else {
        ClockSync::Synchronised("systemd-timesyncd".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_the_time_service_counts_while_it_is_fresh() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("synchronized");
        assert_eq!(of_timesync(&file, Instant(0)), ClockSync::NotKnown);
        let at = |since: u64| std::time::UNIX_EPOCH + Duration::from_secs(since);
        std::fs::File::create(&file).unwrap().set_modified(at(1_000_000)).unwrap();
        let judged = |now: i64| of_timesync(&file, Instant(now * 1_000)).name();
        assert_eq!(judged(1_000_000 + 6_144), "synchronised");
        assert_eq!(judged(1_000_000 + 6_145), "not-synchronised");
    }

    #[test]
    fn an_offset_counts_only_beyond_what_the_round_trip_hides() {
        let host = Host::parse("ntp.example").unwrap();
        let judged = |ahead: i64, within: i64| {
            judge(&host, &ntp::Answer { ahead: Millis(ahead), within: Millis(within), unsure: false })
        };
        assert_eq!(judged(1_000, 0).name(), "synchronised");
        assert_eq!(judged(-3_000, 2_000).name(), "synchronised");
        let behind = judged(-3_000, 1_999);
        assert_eq!(behind.to_string(), "the clock is not synchronised: it is 3s behind the time server ntp.example");
        let unsure = judge(&host, &ntp::Answer { ahead: Millis(0), within: Millis(0), unsure: true });
        assert_eq!(unsure.name(), "not-synchronised");
    }
}
