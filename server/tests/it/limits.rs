//! Limits and overload: what could not be asked in time is unknown, and never down.

use std::sync::Arc;

use tokio::net::TcpListener;
use uphold::clock::{Clock, ManualTime};
use uphold::config;
use uphold::measure::{Engine, Settings};
use uphold::revisions::Revisions;
use uphold_core::ledger::digest::Digest;
use uphold_core::run::Observed;
use uphold_core::time::{Instant, Millis};

struct World {
    clock: Clock,
    hand: Arc<ManualTime>,
    engine: Engine,
    _folder: tempfile::TempDir,
}

impl World {
    /// So many checks of one target, each every second, under these limits.
    async fn of(count: usize, target: &str, limits: &str) -> Self {
        let (clock, hand) = Clock::manual(Instant::parse("2026-11-10T00:00:00Z").unwrap());
        let folder = tempfile::tempdir().unwrap();
        let source = include_str!("../../../examples/cloud-one/agreement.toml");
        let agreement = uphold_core::agreement::read(source).agreement.unwrap();
        let mut checks = format!("vantage = \"local\"\n[egress]\nallow = [\"127.0.0.0/8\"]\n[limits]\n{limits}\n");
        for number in 0..count {
            checks.push_str(&format!(
                "[[check]]\nid = \"c{number}\"\nsolution = \"workload-security\"\ninterface = \"api\"\nkind = \"tcp\"\n\
                 address = \"{target}\"\nsend = \"a\"\nreply_contains = \"b\"\n\
                 interval = \"1s\"\ntimeout = \"1s\"\nstaleness = \"5s\"\n"
            ));
        }
        let settings = Settings {
            revisions: Revisions::one(agreement, Digest::of(&[source.as_bytes()])),
            checks: config::read_checks(
                &checks,
                std::path::Path::new(""),
                &uphold_core::agreement::read(source).agreement.unwrap(),
            )
            .checks
            .unwrap(),
            flush_every: Millis(60_000),
            clock: clock.clone(),
        };
        let engine = Engine::start(folder.path(), settings).await.unwrap();
        Self { clock, hand, engine, _folder: folder }
    }

    fn ticks(&mut self, count: usize) {
        for _ in 0..count {
            self.hand.pass(Millis(100));
            self.engine.tick();
        }
    }

    /// What the checks saw last.
    async fn seen(&mut self) -> Vec<Option<Observed>> {
        self.engine.settle().await;
        self.engine.flush_if_due();
        self.engine.finish_flush().await.unwrap();
        let live = self.engine.handle().live.borrow().clone();
        live.checks.iter().map(|check| check.latest.map(|latest| latest.state)).collect()
    }
}

/// A target that takes connections and never says anything.
async fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

#[tokio::test]
async fn what_a_limit_holds_back_too_long_is_not_started_and_never_down() {
    let (_listener, target) = silent().await;
    for limits in ["probes_per_target = 3", "probes_in_flight = 3"] {
        let mut world = World::of(10, &target, limits).await;
        // Each is due in every second, and none comes to an end.
        world.ticks(25);
        let counters = world.engine.handle().counters();
        assert_eq!(counters.probes_started, 3, "{limits}");
        assert!(counters.slots_held_back >= 7 && counters.slots_missed >= counters.slots_held_back, "{counters:?}");
        let seen = world.seen().await;
        assert_eq!(seen.iter().filter(|state| **state == Some(Observed::Down)).count(), 3, "{seen:?}");
        assert_eq!(seen.iter().filter(|state| state.is_none()).count(), 7, "{seen:?}");
    }
}

#[tokio::test]
async fn a_limit_of_starts_within_a_second_spreads_what_is_due_and_drops_what_is_too_late() {
    let (listener, target) = silent().await;
    drop(listener);
    let mut world = World::of(10, &target, "probes_per_target_second = 4").await;
    let began = world.clock.now();
    for _ in 0..100 {
        world.ticks(1);
        world.engine.settle().await;
    }
    let counters = world.engine.handle().counters();
    let seconds = u64::try_from((world.clock.now() - began).0 / 1_000).unwrap();
    assert!(counters.probes_started <= 4 * (seconds + 1), "{counters:?}");
    assert!(counters.probes_started >= 4 * (seconds - 1), "{counters:?}");
    assert!(counters.slots_held_back > 0, "{counters:?}");
}

#[tokio::test]
async fn the_limits_that_hold_unless_others_are_given_do_not_bind() {
    let (listener, target) = silent().await;
    drop(listener);
    let mut world = World::of(200, &target, "").await;
    for _ in 0..30 {
        world.ticks(1);
        world.engine.settle().await;
    }
    let counters = world.engine.handle().counters();
    assert_eq!((counters.slots_missed, counters.slots_held_back), (0, 0));
    assert!(counters.probes_started >= 600, "{counters:?}");
}

#[tokio::test]
async fn what_fails_while_this_process_could_not_run_is_unknown() {
    let (listener, target) = silent().await;
    drop(listener);
    let mut world = World::of(1, &target, "").await;
    world.ticks(10);
    assert_eq!(world.seen().await, [Some(Observed::Down)]);
    // Overloaded: the next tick comes a second and a half late, with a probe under way.
    world.ticks(10);
    world.hand.pass(Millis(1_500));
    world.engine.tick();
    assert_eq!(world.seen().await, [Some(Observed::Unknown)]);
}
