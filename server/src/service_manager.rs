//! What systemd is told of this process (`sd_notify(3)`): that it is ready, that it stops, that it is alive. Where nobody
//! asks, nothing is said.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use uphold_core::time::Millis;

use crate::clock;

/// The service manager that started this process, if one did.
#[derive(Debug)]
pub struct ServiceManager {
    socket: Option<(UnixDatagram, SocketAddr)>,
    /// It ends us when it has not heard of us for so long.
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// The one that the environment names: `$NOTIFY_SOCKET`, `$WATCHDOG_USEC`, `$WATCHDOG_PID`.
    #[must_use]
    pub fn of_environment() -> Self {
        let is_ours = |pid: OsString| pid.to_str().and_then(|pid| pid.parse().ok()) == Some(std::process::id());
        let watched = std::env::var_os("WATCHDOG_PID").is_none_or(is_ours);
        let watchdog = std::env::var("WATCHDOG_USEC").ok().and_then(|text| text.parse().ok()).filter(|_| watched);
        Self::new(std::env::var_os("NOTIFY_SOCKET").as_deref(), watchdog.map(Duration::from_micros))
    }

    /// The one behind a socket: a path, or an abstract name that begins with `@`. A name that is neither is nobody.
    #[must_use]
    pub fn new(socket: Option<&OsStr>, watchdog: Option<Duration>) -> Self {
        let open = |name: &OsStr| -> io::Result<_> { Ok((UnixDatagram::unbound()?, address(name)?)) };
        let socket = socket.and_then(|name| {
            open(name).inspect_err(|error| tracing::warn!(%error, "the service manager cannot be told anything")).ok()
        });
        let watchdog = watchdog.filter(|every| socket.is_some() && !every.is_zero());
        Self { socket, watchdog }
    }

    /// Whether one is there: then what is printed ends in a log.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.socket.is_some()
    }

    /// How often it must hear that we are alive: three times in the time that it waits.
    #[must_use]
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog.map(|every| every / 3)
    }

    /// Whether it may hear that we are alive, where the engine ticked last so long ago: one that is stalled measures nothing,
    /// and is better started anew.
    #[must_use]
    pub fn may_hear_of_life(&self, idle: Millis) -> bool {
        self.watchdog().is_some_and(|every| u128::from(idle.0.max(0).unsigned_abs()) <= every.as_millis())
    }

    /// Pages are served, and everything is measured.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// The configuration is read anew; `ready` ends it.
    pub fn reloading(&self) {
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={}", clock::boot_micros()));
    }

    /// What was observed last is being recorded, and then the process ends.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// The engine still measures.
    pub fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    /// How it goes, in one line for `systemctl status`.
    pub fn status(&self, line: &str) {
        let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.tell(&format!("STATUS={line}"));
    }

    fn tell(&self, text: &str) {
        let Some((socket, address)) = &self.socket else { return };
        if let Err(error) = socket.send_to_addr(text.as_bytes(), address) {
            tracing::debug!(%error, text, "the service manager was not told");
        }
    }
}

fn address(name: &OsStr) -> io::Result<SocketAddr> {
    match name.as_bytes() {
        [b'@', rest @ ..] => abstract_address(rest),
        [b'/', ..] => SocketAddr::from_pathname(name),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "the name of the socket is neither a path nor abstract")),
    }
}

#[cfg(target_os = "linux")]
fn abstract_address(name: &[u8]) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt as _;
    SocketAddr::from_abstract_name(name)
}

#[cfg(not(target_os = "linux"))]
fn abstract_address(_: &[u8]) -> io::Result<SocketAddr> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 256];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    #[test]
    fn a_manager_behind_a_path_hears_everything_and_no_line_can_add_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let other_end = UnixDatagram::bind(&path).unwrap();
        let manager = ServiceManager::new(Some(path.as_os_str()), Some(Duration::from_secs(30)));
        assert_eq!(manager.watchdog(), Some(Duration::from_secs(10)));
        manager.ready();
        assert_eq!(heard(&other_end), "READY=1");
        manager.status("3 checks\nREADY=1");
        assert_eq!(heard(&other_end), "STATUS=3 checks READY=1");
        manager.reloading();
        let said = heard(&other_end);
        let since_boot = said.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
        assert!(since_boot.parse::<u64>().unwrap() > 0, "{said}");
        manager.alive();
        assert_eq!(heard(&other_end), "WATCHDOG=1");
        manager.stopping();
        assert_eq!(heard(&other_end), "STOPPING=1");
    }

    #[test]
    fn a_stalled_engine_is_not_said_to_be_alive() {
        let manager = ServiceManager::new(Some(OsStr::new("/run/none")), Some(Duration::from_secs(30)));
        let alive = [0, 10_000, 10_001].map(|idle| manager.may_hear_of_life(Millis(idle)));
        assert_eq!(alive, [true, true, false]);
        assert!(!ServiceManager::new(None, None).may_hear_of_life(Millis(0)), "nobody asks");
    }

    #[test]
    fn an_abstract_socket_is_reached_and_nobody_is_told_nothing() {
        use std::os::linux::net::SocketAddrExt as _;
        let name = format!("uphold-test-{}", std::process::id());
        let other_end = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        ServiceManager::new(Some(OsStr::new(&format!("@{name}"))), None).ready();
        assert_eq!(heard(&other_end), "READY=1");
        for nobody in [None, Some("relative"), Some("")] {
            let manager = ServiceManager::new(nobody.map(OsStr::new), Some(Duration::from_secs(1)));
            assert_eq!(manager.watchdog(), None);
            manager.ready();
        }
    }
}
