//! Two vantage points, one of which reports to the other: what is known of both, whatever happens to either.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use uphold::clock::{Clock, ManualTime};
use uphold::ledger::{FILE, Reader};
use uphold::measure::reporter::next_report;
use uphold::measure::vantage::{Accepted, Refused, Report};
use uphold::measure::{Engine, Settings};
use uphold::revisions::Revisions;
use uphold::{config, sample_service};
use uphold_core::id::VantageId;
use uphold_core::ledger::book::Book;
use uphold_core::ledger::digest::Digest;
use uphold_core::time::{Instant, Millis};

use crate::crash::{Server, flapping_target};
use crate::live_equals_batch::{evaluated, export, live, row, seconds};
use crate::program::{Dice, read, request, request_with, root, stdout, text, uphold};

const START: &str = "2026-10-05T10:00:00Z";
const TICK: Millis = Millis(100);

/// A point of measurement with a ledger of its own.
struct Place {
    folder: tempfile::TempDir,
    vantage: VantageId,
    engine: Option<Engine>,
    /// What its checks file says otherwise.
    edit: (&'static str, &'static str),
}

struct World {
    clock: Clock,
    hand: Arc<ManualTime>,
    agreement: String,
    sample: SocketAddr,
    main: Place,
    remote: Place,
    /// Up to when the remote believes that the main one knows it.
    after: Option<Instant>,
}

fn id(text: &str) -> VantageId {
    VantageId::parse(text).unwrap()
}

impl Place {
    fn new(vantage: &str) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), vantage: id(vantage), engine: None, edit: ("", "") }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// What its ledger adds up to, read anew from the disk.
    fn book(&self) -> Book {
        Reader::open(&self.path(FILE)).unwrap().book(Book::default(), Instant::MAX).unwrap()
    }
}

impl World {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sample = listener.local_addr().unwrap();
        tokio::spawn(sample_service::serve(listener, || jiff::Timestamp::UNIX_EPOCH));
        let (clock, hand) = Clock::manual(Instant::parse(START).unwrap());
        let agreement = std::fs::read_to_string(root().join("examples/cloud-one/agreement.toml")).unwrap();
        let agreement = agreement
            .replace("valid_from = 2026-01-01T00:00:00Z", &format!("valid_from = {START}"))
            .replace("vantages = { down_when = 1 }", "vantages = { down_when = 2 }");
        let (main, remote) = (Place::new("tokyo-1"), Place::new("osaka-1"));
        std::fs::write(main.path("agreement.toml"), &agreement).unwrap();
        let mut world = Self { clock, hand, agreement, sample, main, remote, after: None };
        world.main.engine = Some(world.start(&world.main).await);
        world.remote.engine = Some(world.start(&world.remote).await);
        world
    }

    fn checks(&self, place: &Place) -> config::Checks {
        let agreement = uphold_core::agreement::read(&self.agreement).agreement.unwrap();
        let text = std::fs::read_to_string(root().join("examples/demo/checks.toml")).unwrap();
        let points = "vantage = \"tokyo-1\"\nvantage_points = [\"tokyo-1\", \"osaka-1\"]";
        let text = text.replace("vantage = \"local\"", points).replace("127.0.0.1:8081", &self.sample.to_string());
        let checks =
            config::read_checks(&text.replace(place.edit.0, place.edit.1), std::path::Path::new(""), &agreement)
                .checks
                .unwrap();
        if place.vantage == checks.vantage { checks } else { checks.seen_from(&place.vantage).unwrap() }
    }

    async fn start(&self, place: &Place) -> Engine {
        let settings = Settings {
            revisions: Revisions::one(
                uphold_core::agreement::read(&self.agreement).agreement.unwrap(),
                Digest::of(&[self.agreement.as_bytes()]),
            ),
            checks: self.checks(place),
            flush_every: Millis(10_000),
            clock: self.clock.clone(),
        };
        Engine::start(place.folder.path(), settings).await.unwrap()
    }

    async fn restart_main(&mut self) {
        self.main.engine = None;
        self.main.engine = Some(self.start(&self.main).await);
    }

    async fn restart_remote(&mut self) {
        self.remote.engine = None;
        self.remote.engine = Some(self.start(&self.remote).await);
    }

    async fn switch(&self, part: &'static str, mode: &'static str) {
        let (sample, path, body) = (self.sample, format!("/control/{part}"), format!(r#"{{"mode":"{mode}"}}"#));
        let (status, answer) =
            tokio::task::spawn_blocking(move || request(sample, "PUT", &path, &body)).await.unwrap().unwrap();
        assert_eq!(status, 200, "{answer}");
    }

    /// One tick of whoever runs.
    async fn tick(&mut self) {
        self.hand.pass(TICK);
        for place in [&mut self.main, &mut self.remote] {
            let Some(engine) = &mut place.engine else { continue };
            engine.tick();
            engine.settle().await;
            engine.flush_if_due();
            engine.finish_flush().await.unwrap();
            engine.checkpoint_if_due();
            engine.finish_checkpoint().await;
        }
    }

    async fn ticks(&mut self, count: usize) {
        for _ in 0..count {
            self.tick().await;
        }
    }

    /// The report that the remote would send now.
    fn next(&self) -> Option<Report> {
        next_report(&self.remote.book(), &self.remote.vantage, self.after, self.clock.now())
    }

    async fn deliver(&mut self, report: Report) -> Result<Accepted, Refused> {
        let engine = self.main.engine.as_mut().unwrap();
        let (desk, vantage) = (engine.handle().desk, self.remote.vantage.clone());
        let now = (self.clock.now(), self.clock.monotonic());
        let sent = tokio::spawn(async move { desk.deliver(vantage, report, 0, now).await });
        while !sent.is_finished() {
            engine.serve_waiting().await.unwrap();
            tokio::task::yield_now().await;
        }
        sent.await.unwrap()
    }

    /// Reports until the main one knows everything, as the sender does.
    async fn report(&mut self) {
        for _ in 0..50 {
            let Some(report) = self.next() else { return };
            match self.deliver(report).await {
                Ok(accepted) => self.after = Some(accepted.through),
                Err(Refused::OutOfStep { through }) => self.after = through,
                Err(refused) => panic!("{refused}"),
            }
        }
        panic!("there is no end of reporting");
    }

    fn shown(&self) -> (Instant, serde_json::Value) {
        live(&self.main.engine.as_ref().unwrap().handle())
    }

    /// What one of the vantage points observed, as one of the two ledgers has it.
    fn runs(place: &Place, vantage: &VantageId) -> Vec<String> {
        let book = place.book();
        let mut lines = Vec::new();
        for series in book.fold.series().filter(|series| series.vantage == *vantage) {
            for run in book.fold.bare_runs(&series) {
                lines.push(format!("{} {} {} {:?} {}", series.check, run.from, run.last, run.state, run.n));
            }
        }
        lines
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_points_with_losses_and_crashes_are_the_same_live_and_offline_and_lose_nothing() {
    for seed in [0x0a11, 0xb0b, 0xca11] {
        let mut world = World::new().await;
        let mut dice = Dice(seed);
        let (mut shown, mut cut, mut reported) = (Vec::new(), false, 0);
        for step in 0..4_000 {
            match dice.below(400) {
                0..=3 => {
                    let part = ["console", "api", "connect"][usize::try_from(dice.below(3)).unwrap()];
                    world.switch(part, ["up", "close", "wrong"][usize::try_from(dice.below(3)).unwrap()]).await;
                }
                4..=5 => cut = !cut,
                6 => {
                    world.hand.pass(Millis(i64::try_from(dice.below(30_000)).unwrap()));
                    world.restart_main().await;
                }
                7 => {
                    world.hand.pass(Millis(i64::try_from(dice.below(30_000)).unwrap()));
                    world.restart_remote().await;
                }
                _ => {}
            }
            world.tick().await;
            if !cut && dice.below(10) == 0 {
                match dice.below(4) {
                    // An answer that is lost: the sender tries the same again.
                    0 => {
                        if let Some(report) = world.next() {
                            let _ = world.deliver(report).await;
                        }
                    }
                    _ => world.report().await,
                }
                reported += 1;
            }
            if step % 397 == 396 {
                shown.push(world.shown());
            }
        }
        world.ticks(110).await;
        world.report().await;
        let (here, there) = (id("tokyo-1"), id("osaka-1"));
        let told = World::runs(&world.remote, &there);
        assert!(told.len() > 20, "{told:?}");
        assert_eq!(World::runs(&world.main, &there), told, "what was acknowledged is in the ledger, seed {seed}");
        assert!(World::runs(&world.main, &here).len() > 20);
        world.ticks(110).await;
        shown.push(world.shown());
        assert!(reported > 50, "{reported}");

        let (agreement, history) = (world.main.path("agreement.toml"), world.main.path("history.jsonl"));
        for (known, statement) in &shown {
            export(world.main.folder.path(), &history, &["--as-known-at", &known.to_string()]);
            assert_eq!(evaluated(&agreement, &history, *known), *statement, "as known at {known}, seed {seed}");
        }
        // As known then, whatever was reported later.
        export(world.main.folder.path(), &history, &["--every-version"]);
        for (known, statement) in &shown {
            assert_eq!(evaluated(&agreement, &history, *known), *statement, "every version at {known}, seed {seed}");
        }
        drop(world.main.engine.take());
        let verified =
            uphold(["ledger", "verify", "--data", world.main.folder.path().to_str().unwrap()]).output().unwrap();
        assert!(verified.status.success());
    }
}

fn spent(world: &World, interface: &str) -> (f64, f64, f64) {
    let (_, statement) = world.shown();
    let (up, down, unknown) = seconds(row(&statement, &format!("workload-security/{interface}")));
    (up.parse().unwrap(), down.parse().unwrap(), unknown.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loss_of_one_points_network_is_never_downtime() {
    let mut world = World::new().await;
    // The network of the remote is cut off from all targets, and not from the main one: all that it says is down.
    for _ in 0..6 {
        world.ticks(100).await;
        let mut report = world.next().unwrap();
        for run in report.series.iter_mut().flat_map(|series| &mut series.runs) {
            run.2 = "down".to_owned();
        }
        world.after = Some(world.deliver(report).await.unwrap().through);
    }
    world.ticks(120).await;
    let (up, down, _) = spent(&world, "api");
    assert_eq!(down, 0.0);
    assert!(up > 50.0, "{up}");
    let (_, statement) = world.shown();
    assert!(statement.as_array().unwrap().iter().all(|row| row["seconds"]["down"] == "0" || row["seconds"].is_null()));

    let mut world = World::new().await;
    world.ticks(100).await;
    world.report().await;
    // Here nothing works, and there all does: one of two is not enough.
    world.switch("api", "close").await;
    world.remote.engine = None;
    world.ticks(300).await;
    assert_eq!(spent(&world, "api").1, 0.0, "with the other one silent it is unknown");
    world.restart_remote().await;
    world.ticks(300).await;
    world.report().await;
    world.ticks(120).await;
    let (_, down, _) = spent(&world, "api");
    assert!(down > 20.0, "both saw it: {down}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_shown_beside_what_was_observed_here_until_then() {
    let mut world = World::new().await;
    world.ticks(190).await;
    world.report().await;
    let live = world.main.engine.as_ref().unwrap().handle().live.borrow().clone();
    let own: Vec<_> = live.checks.iter().filter(|check| check.series.vantage == world.main.vantage).collect();
    assert_eq!(own.len(), 3);
    for check in own {
        let last = check.latest.unwrap().last;
        assert!(live.as_known_at - last <= check.interval, "{}: {last}, of {}", check.series.check, live.as_known_at);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_that_is_late_is_unknown_and_known_later_and_what_was_said_then_stays() {
    let mut world = World::new().await;
    world.switch("api", "close").await;
    world.ticks(600).await;
    let (then, before) = world.shown();
    let (_, down, unknown) = spent(&world, "api");
    assert!(down == 0.0 && unknown > 50.0, "a point that never reported is registered, and unknown");
    world.report().await;
    world.ticks(110).await;
    let (_, down, _) = spent(&world, "api");
    assert!(down > 45.0, "{down}");
    let (agreement, history) = (world.main.path("agreement.toml"), world.main.path("history.jsonl"));
    export(world.main.folder.path(), &history, &["--every-version"]);
    assert_eq!(evaluated(&agreement, &history, then), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_point_measures_by_another_definition_stays_unknown() {
    let mut world = World::new().await;
    world.remote.edit = ("/api/v1/items", "/api/v1/other");
    world.restart_remote().await;
    world.ticks(300).await;
    let report = world.next().unwrap();
    let accepted = world.deliver(report).await.unwrap();
    assert_eq!((accepted.matched, accepted.unmatched), (2, 1));
    world.after = Some(accepted.through);
    world.ticks(300).await;
    let report = world.next().unwrap();
    let accepted = world.deliver(report).await.unwrap();
    assert_eq!((accepted.matched, accepted.unmatched), (2, 1));
    let point = world.main.engine.as_ref().unwrap().handle().desk.points().into_iter().find(|p| !p.1.own).unwrap().1;
    assert_eq!((point.series, point.unmatched, point.reported_series), (3, 1, Some(3)));
    let seen = World::runs(&world.main, &id("osaka-1"));
    assert!(seen.iter().any(|run| run.starts_with("console ")) && !seen.iter().any(|run| run.starts_with("api ")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_or_a_forged_report_changes_nothing() {
    let mut world = World::new().await;
    world.ticks(300).await;
    let first = world.next().unwrap();
    world.deliver(first.clone()).await.unwrap();
    world.after = Some(Instant(first.through));
    let size = world.main.book().size;
    assert!(matches!(world.deliver(first).await, Err(Refused::OutOfStep { .. })));
    world.ticks(200).await;
    let next = world.next().unwrap();
    let forged = |change: &dyn Fn(&mut Report)| {
        let mut report = next.clone();
        change(&mut report);
        report
    };
    let future = world.clock.now().0 + 70_000;
    for (report, code) in [
        (forged(&|r| r.through = future), "in-the-future"),
        (forged(&|r| r.series[0].runs[0].1 = future), "in-the-future"),
        (forged(&|r| r.series[0].runs[0].2 = "down".to_owned()), "contradiction"),
        (forged(&|r| r.series[0].runs[0].0 += 100), "contradiction"),
        (forged(&|r| r.series[0].runs[0].3 = 1 << 40), "contradiction"),
        (forged(&|r| r.series[0].interval_ms = 0), "malformed"),
        (forged(&|r| r.series[0].check = "Ä".to_owned()), "malformed"),
        (forged(&|r| r.v = 9), "malformed"),
    ] {
        let refused = world.deliver(report).await.unwrap_err();
        let found = match refused {
            Refused::Future { .. } => "in-the-future",
            Refused::Contradiction(_) => "contradiction",
            Refused::Malformed(_) => "malformed",
            other => panic!("{other}"),
        };
        assert_eq!(found, code);
    }
    let osaka = |book: &Book| book.fold.through(&id("osaka-1"));
    assert_eq!(osaka(&world.main.book()), world.after);
    let own = world.main.book().size;
    assert!(own >= size);
    world.deliver(next.clone()).await.unwrap();
    assert_eq!(osaka(&world.main.book()), Some(Instant(next.through)));
}

/// Two programs, of which one reports to the other over HTTP.
struct Pair {
    folder: tempfile::TempDir,
    port: SocketAddr,
}

impl Pair {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let target = flapping_target();
        let checks = format!(
            "vantage = \"tokyo-1\"\nvantage_points = [\"tokyo-1\", \"osaka-1\"]\n\
             [egress]\nallow = [\"127.0.0.0/8\"]\n[[check]]\nid = \"api\"\nsolution = \"workload-security\"\n\
             interface = \"api\"\nkind = \"http\"\nurl = \"http://{target}/\"\n\
             interval = \"1s\"\ntimeout = \"1s\"\nstaleness = \"5s\"\n"
        );
        std::fs::write(folder.path().join("checks.toml"), checks).unwrap();
        Self { folder, port }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn main(&self) -> Server {
        let agreement = root().join("examples/cloud-one/agreement.toml");
        Server::start_at(self.port, &self.path("main"), &agreement, &self.path("checks.toml"), &[])
    }

    fn remote(&self) -> Server {
        let agreement = root().join("examples/cloud-one/agreement.toml");
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (to, token) = (format!("http://{}", self.port), self.path("token"));
        let more = ["--vantage", "osaka-1", "--report-to", &to, "--report-token-file", token.to_str().unwrap()];
        let more = [&more[..], &["--flush-every", "1s"]].concat();
        Server::start_at(free, &self.path("remote"), &agreement, &self.path("checks.toml"), &more)
    }

    /// What the main one knows of the other.
    fn point(&self) -> serde_json::Value {
        let (_, body) = request(self.port, "GET", "/api/v1/vantage-points", "").unwrap();
        let all: serde_json::Value = serde_json::from_str(&body).unwrap();
        all["vantage_points"].as_array().unwrap().iter().find(|point| point["vantage"] == "osaka-1").unwrap().clone()
    }

    /// Waits until the main one knows the other up to a later time than `after`.
    fn known_after(&self, after: &str) -> String {
        for _ in 0..3_000 {
            if let Some(through) = self.point()["recorded_through"].as_str().filter(|through| *through > after) {
                return through.to_owned();
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("nothing is reported: {}", std::fs::read_to_string(self.path("remote.log")).unwrap());
    }
}

#[test]
fn two_programs_agree_over_http_whichever_of_them_is_killed_and_a_token_speaks_for_one() {
    let pair = Pair::new();
    let data = pair.path("main");
    std::fs::create_dir(&data).unwrap();
    let main = pair.main();
    let create = ["token", "create", "osaka", "--scope", "vantage", "--vantage", "osaka-1", "--data"];
    let printed = stdout([&create[..], &[data.to_str().unwrap()]].concat());
    std::fs::write(pair.path("token"), &printed).unwrap();
    let secret = printed.split_whitespace().find(|word| word.starts_with("uphold_")).unwrap();
    let remote = pair.remote();
    let first = pair.known_after("");
    let point = pair.point();
    assert_eq!((&point["own"], &point["series"], &point["unmatched_series"]), (&false.into(), &1.into(), &0.into()));
    assert_eq!((&point["clock_is_off"], &point["reports_refused"]), (&false.into(), &0.into()), "{point}");
    let (_, checks) = read(pair.port, &data, "/api/v1/checks");
    assert!(checks.contains("tokyo-1") && checks.contains("osaka-1"), "{checks}");
    let (_, metrics) = request(pair.port, "GET", "/metrics", "").unwrap();
    assert!(metrics.contains("uphold_vantage_clock_skew_seconds{vantage=\"osaka-1\"}"), "{metrics}");
    let (_, metrics) = request(remote.address, "GET", "/metrics", "").unwrap();
    assert!(metrics.contains("uphold_reports_sent_total"), "{metrics}");

    main.kill();
    let main = pair.main();
    let second = pair.known_after(&first);
    remote.kill();
    let remote = pair.remote();
    let third = pair.known_after(&second);
    assert!(third > second);

    let bearer = format!("Bearer {secret}");
    let post = |vantage: &str, body: &str| {
        let path = format!("/api/v1/vantage-points/{vantage}/reports");
        let (status, body) = request_with(pair.port, "POST", &path, &[("Authorization", &bearer)], body).unwrap();
        let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
        (status, problem["code"].as_str().unwrap_or("").to_owned())
    };
    assert_eq!(post("tokyo-1", "{}"), (403, "other-vantage-point".to_owned()));
    assert_eq!(post("osaka-1", "{}"), (422, "bad-report".to_owned()));
    let empty = r#"{"v":1,"now":0,"through":1,"registered":0,"series":[],"gaps":[]}"#;
    assert_eq!(post("osaka-1", empty), (409, "out-of-step".to_owned()));
    let mut flood = (0..300).map(|_| post("osaka-1", empty));
    assert!(flood.any(|answer| answer == (429, "too-many-reports".to_owned())));
    assert!(pair.point()["clock_is_off"] == true, "a report of 1970");
    remote.kill();
    main.kill();
    let verified = uphold(["ledger", "verify", "--data", data.to_str().unwrap()]).output().unwrap();
    assert!(verified.status.success());
    let history = stdout(["export", "history", "--data", data.to_str().unwrap()]);
    assert!(history.lines().any(|line| line.contains("observer_gap") && line.contains("osaka-1")), "{history}");
}

#[test]
fn what_is_no_certificate_is_refused_before_anything_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let checks = std::fs::read_to_string(root().join("examples/demo/checks.toml")).unwrap();
    let points = "vantage = \"tokyo-1\"\nvantage_points = [\"tokyo-1\", \"osaka-1\"]";
    std::fs::write(path("checks.toml"), checks.replace("vantage = \"local\"", points)).unwrap();
    std::fs::write(path("token"), "uphold_0000").unwrap();
    std::fs::write(path("ca.pem"), "no certificate").unwrap();
    let agreement = root().join("examples/cloud-one/agreement.toml");
    let (agreement, checks, data, token) =
        (agreement.to_str().unwrap(), path("checks.toml"), path("data"), path("token"));
    let serve = ["serve", "--agreement", agreement, "--checks", &checks, "--data", &data, "--listen", "127.0.0.1:0"];
    let report = ["--vantage", "osaka-1", "--report-to", "https://localhost:1", "--report-token-file", &token];
    for (file, says) in [("ca.pem", "cannot trust"), ("none.pem", "cannot read")] {
        let file = path(file);
        let output = uphold([&serve[..], &report, &["--report-ca-file", &file]].concat()).output().unwrap();
        let said = text(&output);
        assert!(!output.status.success() && said.contains(says) && said.contains(&file), "{said}");
    }
    assert!(!std::path::Path::new(&data).exists(), "nothing was written");
}
