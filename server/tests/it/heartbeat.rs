//! Heartbeats through the real engine: reports, silence, a restart, and a stall of the process.

use std::sync::Arc;

use uphold::clock::{Clock, ManualTime};
use uphold::config;
use uphold::measure::heartbeat::HeartbeatError;
use uphold::measure::{Engine, Settings};
use uphold::revisions::Revisions;
use uphold_core::id::CheckId;
use uphold_core::ledger::digest::Digest;
use uphold_core::run::Observed;
use uphold_core::time::{Instant, Millis};

const CHECKS: &str = r#"
vantage = "local"
[[check]]
id = "nightly"
solution = "workload-security"
interface = "api"
kind = "heartbeat"
every = "60s"
grace = "10s"
"#;

struct World {
    folder: tempfile::TempDir,
    clock: Clock,
    hand: Arc<ManualTime>,
}

impl World {
    fn new() -> Self {
        let (clock, hand) = Clock::manual(Instant::parse("2026-11-10T00:00:00Z").unwrap());
        Self { folder: tempfile::tempdir().unwrap(), clock, hand }
    }

    async fn engine(&self) -> Engine {
        let source = include_str!("../../../examples/cloud-one/agreement.toml");
        let agreement = uphold_core::agreement::read(source).agreement.unwrap();
        let checks = config::read_checks(CHECKS, std::path::Path::new(""), &agreement).checks.unwrap();
        let settings = Settings {
            revisions: Revisions::one(agreement, Digest::of(&[source.as_bytes()])),
            checks,
            flush_every: Millis(60_000),
            clock: self.clock.clone(),
        };
        Engine::start(self.folder.path(), settings).await.unwrap()
    }

    async fn pass(&self, engine: &mut Engine, seconds: usize) {
        for _ in 0..seconds * 10 {
            self.hand.pass(Millis(100));
            engine.tick();
        }
        engine.flush_if_due();
        engine.finish_flush().await.unwrap();
        engine.checkpoint_if_due();
        engine.finish_checkpoint().await;
    }

    fn report(&self, engine: &Engine, state: Observed) {
        engine.handle().report_heartbeat(&id(), state, self.clock.now()).unwrap();
    }
}

fn id() -> CheckId {
    CheckId::parse("nightly").unwrap()
}

fn seen(engine: &Engine) -> (Observed, String) {
    let live = engine.handle().live.borrow().clone();
    let check = &live.checks[0];
    let cause = check.cause.as_ref().map(ToString::to_string).unwrap_or_default();
    (check.latest.unwrap().state, cause)
}

#[tokio::test]
async fn a_heartbeat_is_what_it_reports_and_down_when_it_falls_silent() {
    let world = World::new();
    let mut engine = world.engine().await;
    world.pass(&mut engine, 30).await;
    assert_eq!(seen(&engine).0, Observed::Unknown);
    world.report(&engine, Observed::Up);
    world.pass(&mut engine, 1).await;
    assert_eq!(seen(&engine), (Observed::Up, "reported".to_owned()));
    world.report(&engine, Observed::Degraded);
    world.pass(&mut engine, 60).await;
    assert_eq!(seen(&engine).0, Observed::Degraded);
    world.pass(&mut engine, 30).await;
    assert_eq!(seen(&engine), (Observed::Down, "no report within 70 s".to_owned()));
    let other = CheckId::parse("other").unwrap();
    let refused = engine.handle().report_heartbeat(&other, Observed::Up, world.clock.now());
    assert_eq!(refused, Err(HeartbeatError::NoSuchCheck));
}

#[tokio::test]
async fn a_restart_forgets_no_report_and_takes_none_for_missing() {
    let world = World::new();
    let mut engine = world.engine().await;
    world.pass(&mut engine, 5).await;
    world.report(&engine, Observed::Up);
    world.pass(&mut engine, 10).await;
    world.pass(&mut engine, 1).await;
    drop(engine);
    world.hand.pass(Millis(20_000));
    let mut engine = world.engine().await;
    world.pass(&mut engine, 12).await;
    assert_eq!(seen(&engine).0, Observed::Up, "the report before the restart still holds");
    world.pass(&mut engine, 40).await;
    assert_eq!(seen(&engine).0, Observed::Unknown, "one may have come while nobody listened");
    world.pass(&mut engine, 40).await;
    assert_eq!(seen(&engine).0, Observed::Down);
}
