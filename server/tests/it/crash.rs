//! `kill -9`, again and again, while everything changes: what was acknowledged stays, and the time in between is unknown.
//!
//! `UPHOLD_CRASH_LOOPS` sets how often (50). This shows a process that dies; it cannot show a machine that loses power.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use uphold::clock::Clock;
use uphold::ledger::{FILE, Reader};
use uphold_core::agreement::Agreement;
use uphold_core::evaluate::{Seen, subjects, timeline};
use uphold_core::history::Reader as HistoryReader;
use uphold_core::ledger::tree;
use uphold_core::time::{Instant, Millis};
use uphold_core::timeline::State;

use crate::program::{Dice, request, root, stdout, uphold};

const CHECKS: usize = 60;

/// A target of which every path is up or down by the toss of a coin, a new one each time.
pub(crate) fn flapping_target() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut dice = Dice(0xf1a9);
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let mut request = [0; 1024];
            let status = if dice.below(2) == 0 { "200 OK" } else { "503 Service Unavailable" };
            // A probe that was killed with its process leaves a connection that breaks: that is what we are here for.
            let _ = stream.read(&mut request);
            let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        }
    });
    address
}

pub(crate) fn checks(target: SocketAddr) -> String {
    let mut text = "vantage = \"local\"\n[egress]\nallow = [\"127.0.0.0/8\"]\n".to_owned();
    for number in 0..CHECKS {
        let interface = ["console", "api", "connections"][number % 3];
        text.push_str(&format!(
            "[[check]]\nid = \"c{number}\"\nsolution = \"workload-security\"\ninterface = \"{interface}\"\ntype = \"http\"\n\
             url = \"http://{target}/{number}\"\ninterval = \"1s\"\ntimeout = \"1s\"\nstaleness = \"5s\"\n"
        ));
    }
    text
}

pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that was killed already has ended; one of a test that failed must not outlive it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// Starts a server on a free port and waits until it serves.
    pub(crate) fn start(folder: &Path, agreement: &Path, checks: &Path) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self::start_at(free, folder, agreement, checks, &[])
    }

    /// The same at a given port, with more options.
    pub(crate) fn start_at(free: SocketAddr, folder: &Path, agreement: &Path, checks: &Path, more: &[&str]) -> Self {
        let mut command = uphold(["serve", "--listen", &free.to_string()]);
        command.arg("--agreement").arg(agreement).arg("--checks").arg(checks).arg("--data").arg(folder).args(more);
        let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.with_extension("log")).unwrap();
        let process = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let mut server = Self { process, address: free };
        while server.acknowledged().is_none() {
            let ended = server.process.try_wait().unwrap();
            let log = || std::fs::read_to_string(folder.with_extension("log")).unwrap_or_default();
            assert!(ended.is_none(), "the server ended by itself: {}", log());
            std::thread::sleep(Duration::from_millis(5));
        }
        server
    }

    /// What the server says is recorded: how many facts, and the root over them.
    fn acknowledged(&self) -> Option<(u64, String)> {
        let (_, body) = request(self.address, "GET", "/api/v1/statement", "").ok()?;
        let statement: serde_json::Value = serde_json::from_str(&body).ok()?;
        let inputs = &statement["inputs"];
        Some((inputs["lines"].as_u64()?, inputs["digest"].as_str()?.to_owned()))
    }

    /// Tells it to stop, and waits until it has.
    pub(crate) fn stop(mut self) {
        let told = Command::new("kill").arg("-TERM").arg(self.process.id().to_string()).status().unwrap();
        assert!(told.success() && self.process.wait().unwrap().success());
    }

    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
    }
}

#[test]
fn nothing_acknowledged_is_lost_and_the_time_of_death_is_unknown() {
    let loops = std::env::var("UPHOLD_CRASH_LOOPS").map_or(50, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let (data, checks_file) = (folder.path().join("data"), folder.path().join("checks.toml"));
    std::fs::create_dir(&data).unwrap();
    std::fs::write(&checks_file, checks(flapping_target())).unwrap();
    let agreement_file = root().join("examples/cloud-one/agreement.toml");
    let clock = Clock::system();
    let mut dice = Dice(0xdead);
    let mut acknowledged = Vec::new();
    let mut dead: Vec<(Instant, Instant)> = Vec::new();
    let mut died: Option<Instant> = None;
    for _ in 0..loops {
        let born = clock.now();
        dead.extend(died.map(|died| (died, born)));
        let server = Server::start(&data, &agreement_file, &checks_file);
        let until = clock.monotonic() + Millis(100 + i64::try_from(dice.below(900)).unwrap());
        while clock.monotonic() < until {
            acknowledged.extend(server.acknowledged());
        }
        server.kill();
        died = Some(clock.now());
    }
    // One more start records the last gap.
    dead.extend(died.map(|died| (died, clock.now())));
    Server::start(&data, &agreement_file, &checks_file).kill();

    acknowledged.sort();
    acknowledged.dedup();
    assert!(acknowledged.len() > loops, "only {} states were acknowledged: no load", acknowledged.len());
    every_acknowledged_root_recomputes(&data, &acknowledged);
    let verified = uphold(["ledger", "verify", "--data", data.to_str().unwrap()]).output().unwrap();
    assert!(verified.status.success(), "{}", crate::program::text(&verified));
    the_dead_time_is_unknown(&data, &agreement_file, &dead);
}

fn every_acknowledged_root_recomputes(data: &Path, acknowledged: &[(u64, String)]) {
    let reader = Reader::open(&data.join(FILE)).unwrap();
    let mut frontier = tree::Frontier::default();
    let mut roots = vec![frontier.root().to_string()];
    for entry in reader.read(0..u64::MAX).unwrap() {
        frontier.append(tree::leaf_hash(&entry.leaf.encode()));
        roots.push(frontier.root().to_string());
    }
    for (size, root) in acknowledged {
        assert_eq!(roots.get(usize::try_from(*size).unwrap()), Some(root), "after {size} facts");
    }
}

fn the_dead_time_is_unknown(data: &Path, agreement: &Path, dead: &[(Instant, Instant)]) {
    let agreement: Agreement =
        uphold_core::agreement::read(&std::fs::read_to_string(agreement).unwrap()).agreement.unwrap();
    let mut reader = HistoryReader::new(&agreement);
    stdout(["export", "history", "--data", data.to_str().unwrap()]).lines().for_each(|line| reader.line(line));
    let (history, _, bad) = reader.finish();
    assert_eq!(bad, []);
    let known = history.known_at(Instant::MAX);
    for commitment in &agreement.commitments {
        for subject in subjects(&agreement, commitment, &known) {
            let states = timeline(&agreement, commitment, &subject, &Seen::new(&known), Instant::MAX);
            for (died, born) in dead {
                for at in died.0..born.0 {
                    assert_eq!(states.at(Instant(at)), State::Unknown, "{subject} at {}", Instant(at));
                }
            }
        }
    }
}
