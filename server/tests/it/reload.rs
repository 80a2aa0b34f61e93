//! A configuration that changes while the server measures: what stays keeps everything, and what is wrong changes nothing.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use uphold::clock::{Clock, ManualTime};
use uphold::ledger::{FILE, Reader};
use uphold::measure::{Engine, Reload, ReloadError, Settings};
use uphold::revisions::Revisions;
use uphold::{config, sample_service};
use uphold_core::agreement::Agreement;
use uphold_core::ledger::book::Book;
use uphold_core::ledger::digest::Digest;
use uphold_core::time::{Instant, Millis};

use crate::crash::{Server, flapping_target};
use crate::live_equals_batch::{evaluated, export, live};
use crate::program::{read, request, root, stdout, text, uphold};

const START: &str = "2026-10-05T10:00:00Z";

struct World {
    clock: Clock,
    hand: Arc<ManualTime>,
    folder: tempfile::TempDir,
    agreement: String,
    checks: String,
    engine: Engine,
}

fn parsed(agreement: &str, checks: &str) -> (Agreement, config::Checks) {
    let agreement = uphold_core::agreement::read(agreement).agreement.unwrap();
    let checks = config::read_checks(checks, std::path::Path::new(""), &agreement).checks.unwrap();
    (agreement, checks)
}

impl World {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sample = listener.local_addr().unwrap().to_string();
        tokio::spawn(sample_service::serve(listener, || jiff::Timestamp::UNIX_EPOCH));
        let (clock, hand) = Clock::manual(Instant::parse(START).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let agreement = std::fs::read_to_string(root().join("examples/cloud-one/agreement.toml")).unwrap();
        let agreement = agreement.replace("valid_from = 2026-01-01T00:00:00Z", &format!("valid_from = {START}"));
        let checks = std::fs::read_to_string(root().join("examples/demo/checks.toml")).unwrap();
        let checks = checks.replace("127.0.0.1:8081", &sample);
        let (parsed, definitions) = parsed(&agreement, &checks);
        let settings = Settings {
            revisions: Revisions::one(parsed, Digest::of(&[agreement.as_bytes()])),
            checks: definitions,
            flush_every: Millis(20_000),
            clock: clock.clone(),
        };
        let engine = Engine::start(folder.path(), settings).await.unwrap();
        Self { clock, hand, folder, agreement, checks, engine }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn ticks(&mut self, count: usize) {
        for _ in 0..count {
            self.hand.pass(Millis(100));
            self.engine.tick();
            self.engine.settle().await;
            self.engine.flush_if_due();
            self.engine.finish_flush().await.unwrap();
            self.engine.checkpoint_if_due();
            self.engine.finish_checkpoint().await;
        }
    }

    async fn reload(&mut self) -> Result<usize, ReloadError> {
        let (agreement, checks) = parsed(&self.agreement, &self.checks);
        let (reply, answer) = oneshot::channel();
        let revisions = Revisions::one(agreement, Digest::of(&[self.agreement.as_bytes()]));
        let by = "signal:SIGHUP".to_owned();
        let reload = Reload { revisions, checks, by, reply };
        self.engine.handle().reload.send(reload).await.unwrap();
        self.engine.serve_waiting().await.unwrap();
        answer.await.unwrap()
    }

    fn edit(&mut self, from: &str, to: &str) {
        assert!(self.checks.contains(from), "{from}");
        self.checks = self.checks.replacen(from, to, 1);
    }

    /// The runs of a check.
    fn runs(&self, check: &str) -> Vec<(i64, i64, u64)> {
        let book = Reader::open(&self.path(FILE)).unwrap().book(Book::default(), Instant::MAX).unwrap();
        let series = book.fold.series().find(|series| series.check.as_str() == check).unwrap();
        let start = Instant::parse(START).unwrap().0;
        book.fold.bare_runs(&series).map(|run| (run.from.0 - start, run.last.0 - start, run.n)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_keeps_its_instants_and_its_run_while_all_around_it_changes() {
    let mut world = World::new().await;
    let mut shown = Vec::new();
    world.ticks(305).await;
    shown.push(live(&world.engine.handle()));
    // The first check is asked less often; the last goes, and comes back with a new one before it.
    world.edit("interval = \"2s\"", "interval = \"3s\"");
    assert_eq!(world.reload().await.unwrap(), 3, "one ends, one begins, and the file changed");
    world.ticks(300).await;
    shown.push(live(&world.engine.handle()));
    let whole = world.checks.clone();
    let (head, gateway) = whole.rsplit_once("# The connection is probed").unwrap();
    world.checks = head.to_owned();
    assert_eq!(world.reload().await.unwrap(), 2);
    world.ticks(300).await;
    shown.push(live(&world.engine.handle()));
    let more = gateway.replace("agent-gateway", "gateway-2");
    world.checks = format!("{}# The connection is probed{more}", whole.replace("id = \"console\"", "id = \"web\""));
    assert_eq!(world.reload().await.unwrap(), 5, "`console` became `web`, one comes back, and one is new");
    world.ticks(300).await;
    shown.push(live(&world.engine.handle()));
    assert!(world.agreement.contains("degraded = \"down\""));
    world.agreement = world.agreement.replacen("degraded = \"down\"", "degraded = \"up\"", 1);
    assert_eq!(world.reload().await.unwrap(), 1);
    assert_eq!(world.engine.handle().live.borrow().statement.rows.len(), shown[0].1.as_array().unwrap().len());
    world.ticks(300).await;
    assert_eq!(world.reload().await.unwrap(), 0, "nothing changed");
    world.ticks(205).await;

    // One run, from the first instant to the last, on its own grid.
    let api = world.runs("api");
    let (from, last, n) = api[0];
    assert_eq!((api.len(), from, n), (1, 600, u64::try_from((last - 600) / 2_000 + 1).unwrap()), "{api:?}");
    assert!(last > 150_000, "{last}");
    assert_eq!(world.runs("console").len(), 2);
    assert_eq!((world.runs("agent-gateway").len(), world.runs("gateway-2").len()), (2, 1));
    for (known, statement) in &shown {
        let old = root().join("examples/cloud-one/agreement.toml");
        let old = std::fs::read_to_string(old).unwrap();
        let old = old.replace("valid_from = 2026-01-01T00:00:00Z", &format!("valid_from = {START}"));
        std::fs::write(world.path("agreement.toml"), old).unwrap();
        export(world.folder.path(), &world.path("history.jsonl"), &["--every-version"]);
        assert_eq!(evaluated(&world.path("agreement.toml"), &world.path("history.jsonl"), *known), *statement);
    }
    std::fs::write(world.path("agreement.toml"), &world.agreement).unwrap();
    let (known, statement) = live(&world.engine.handle());
    assert_eq!(evaluated(&world.path("agreement.toml"), &world.path("history.jsonl"), known), statement);
    let history = std::fs::read_to_string(world.path("history.jsonl")).unwrap();
    assert!(!history.contains("observer_gap"), "{history}");
    assert!(world.clock.now() > known);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_agreement_or_another_name_is_refused_and_changes_nothing() {
    let mut world = World::new().await;
    world.ticks(100).await;
    let (agreement, checks) = (world.agreement.clone(), world.checks.clone());
    let id = uphold_core::agreement::read(&agreement).agreement.unwrap().id;
    world.agreement = agreement.replacen(&format!("id = \"{id}\""), "id = \"another\"", 1);
    assert!(matches!(world.reload().await, Err(ReloadError::OtherAgreement { .. })));
    world.agreement = agreement;
    world.edit("vantage = \"local\"", "vantage = \"tokyo\"");
    assert!(matches!(world.reload().await, Err(ReloadError::OtherVantage { .. })));
    world.checks = checks;
    assert_eq!(world.reload().await.unwrap(), 0);
}

/// A server over files that the test may change.
struct Site {
    folder: tempfile::TempDir,
    server: Server,
}

impl Site {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let target = flapping_target();
        let checks = format!(
            "vantage = \"local\"\n[egress]\nallow = [\"127.0.0.0/8\"]\n[[check]]\nid = \"api\"\n\
             solution = \"workload-security\"\ninterface = \"api\"\nkind = \"http\"\nurl = \"http://{target}/\"\n\
             interval = \"1s\"\ntimeout = \"1s\"\nstaleness = \"5s\"\n"
        );
        std::fs::write(folder.path().join("checks.toml"), checks).unwrap();
        std::fs::copy(root().join("examples/cloud-one/agreement.toml"), folder.path().join("agreement.toml")).unwrap();
        let path = |name: &str| folder.path().join(name);
        let server = Server::start(&path("data"), &path("agreement.toml"), &path("checks.toml"));
        Self { folder, server }
    }

    fn edit(&self, name: &str, from: &str, to: &str) {
        let path = self.folder.path().join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from}");
        std::fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    fn reload(&self, more: &[&str]) -> (bool, String) {
        let mut command = uphold(["reload", "--data"]);
        command.arg(self.folder.path().join("data")).args(more);
        let output = command.output().unwrap();
        (output.status.success(), text(&output))
    }

    /// Sends SIGHUP as `systemctl reload` does, and waits for what the server says of it.
    fn hang_up(&self) -> serde_json::Value {
        let data = self.folder.path().join("data");
        let read = || -> serde_json::Value {
            serde_json::from_slice(&std::fs::read(data.join("configuration.json")).unwrap()).unwrap()
        };
        let before = read()["reloads"].as_u64().unwrap();
        let pid = std::fs::read_to_string(data.join("lock")).unwrap();
        assert!(std::process::Command::new("kill").args(["-HUP", pid.trim()]).status().unwrap().success());
        for _ in 0..3_000 {
            let now = read();
            if now["reloads"].as_u64().unwrap() > before {
                return now["last_reload"].clone();
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("the server said nothing");
    }

    fn checks(&self) -> serde_json::Value {
        let (_, body) = read(self.server.address, &self.folder.path().join("data"), "/api/v1/checks");
        serde_json::from_str(&body).unwrap()
    }
}

#[test]
fn the_program_shows_what_would_change_and_its_server_does_it() {
    let site = Site::start();
    assert!(site.reload(&[]).1.contains("nothing changed"));
    site.edit("checks.toml", "interval = \"1s\"", "interval = \"2s\"");
    site.edit("agreement.toml", "degraded = \"down\"", "degraded = \"up\"");
    let (done, said) = site.reload(&["--dry-run"]);
    assert!(done && said.contains("interval 1s → 2s"), "{said}");
    assert!(said.contains("degraded"), "{said}");
    assert_eq!(site.checks()["checks"][0]["interval_seconds"], "1");
    let (done, said) = site.reload(&[]);
    assert!(!done && said.contains("--yes"), "{said}");
    let (done, said) = site.reload(&["--yes"]);
    assert!(done && said.contains("3 facts say what changed"), "{said}");
    let (_, agreement) = request(site.server.address, "GET", "/api/v1/agreement", "").unwrap();
    let agreement: serde_json::Value = serde_json::from_str(&agreement).unwrap();
    assert_eq!(agreement["commitments"][0]["terms"]["degraded"]["value"], "up", "{agreement}");
    assert_eq!(site.checks()["checks"][0]["interval_seconds"], "2");
    let data = site.folder.path().join("data");
    let history = stdout(["export", "history", "--data", data.to_str().unwrap()]);
    let reader = Reader::open(&data.join(FILE)).unwrap();
    let facts = reader.read(0..u64::MAX).unwrap().into_iter().filter_map(|entry| entry.fact().unwrap());
    assert_eq!(facts.filter(|fact| fact.by() == "signal:SIGHUP").count(), 3);
    assert!(!history.contains("observer_gap"), "{history}");
}

#[test]
fn a_file_that_is_wrong_changes_nothing_and_is_said_to_be() {
    let site = Site::start();
    site.edit("checks.toml", "interface = \"api\"", "interface = \"apo\"");
    let (done, said) = site.reload(&["--yes"]);
    assert!(!done && said.contains("has no interface `apo`"), "{said}");
    // Whoever sends the signal without looking is refused by the server itself.
    let outcome = site.hang_up();
    assert_eq!(outcome["applied"], false);
    assert!(outcome["why"].as_str().unwrap().contains("has 1 error"), "{outcome}");
    assert_eq!(site.checks()["checks"][0]["interface"], "api");
    site.edit("checks.toml", "interface = \"apo\"", "interface = \"api\"");
    site.edit("checks.toml", "vantage = \"local\"", "vantage = \"other\"");
    let (done, said) = site.reload(&["--yes"]);
    assert!(!done && said.contains("cannot become `other` while it measures"), "{said}");
    let Site { folder, server } = site;
    server.kill();
    let output = uphold(["reload", "--yes", "--data"]).arg(folder.path().join("data")).output().unwrap();
    assert!(text(&output).contains("no server measures into"), "{}", text(&output));
}
