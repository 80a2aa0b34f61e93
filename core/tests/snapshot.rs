//! A book that was resumed from a snapshot is the book, and stays it whatever is recorded afterwards.

use std::collections::BTreeMap;

use proptest::prelude::*;
use uphold_core::id::{CheckId, FactId, InterfaceId, Series, SolutionId, VantageId};
use uphold_core::interval::Interval;
use uphold_core::ledger::book::Book;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::evidence::{Evidence, Took};
use uphold_core::ledger::fact::{self, Fact, Measurement, ObserverGap, Record};
use uphold_core::ledger::segment::{OpenRun, Segment, segment_of};
use uphold_core::ledger::snapshot::Snapshot;
use uphold_core::ledger::tree::{Frontier, leaf_hash};
use uphold_core::run::{Observed, Staleness};
use uphold_core::time::{Instant, Millis};

#[derive(Debug, Clone)]
enum Step {
    /// Every check observes until then, and it is flushed; the one named sees something else.
    Flush {
        ticks: i64,
        changes: usize,
        state: Observed,
    },
    Register {
        check: usize,
        interval: i64,
    },
    Gap,
    Record,
    Evidence {
        check: usize,
    },
    /// The book is written down and read back.
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let state = prop_oneof![Just(Observed::Up), Just(Observed::Down), Just(Observed::Unknown)];
    let flush = (1i64..8, 0usize..6, state).prop_map(|(ticks, changes, state)| Step::Flush { ticks, changes, state });
    let register = (0usize..3, 5i64..15).prop_map(|(check, interval)| Step::Register { check, interval });
    let others =
        prop_oneof![Just(Step::Gap), Just(Step::Record), (0usize..3).prop_map(|check| Step::Evidence { check })];
    proptest::collection::vec(prop_oneof![12 => flush, 1 => register, 2 => others, 3 => Just(Step::Restart)], 1..60)
}

fn series(check: usize) -> Series {
    Series { check: CheckId::parse(&format!("check-{check}")).unwrap(), vantage: vantage() }
}

fn vantage() -> VantageId {
    VantageId::parse("tokyo-1").unwrap()
}

/// One book that is never interrupted, and one that is resumed again and again.
struct World {
    now: Instant,
    whole: Book,
    resumed: Book,
    tree: Frontier,
    facts: Vec<(Fact, Option<Segment>, Instant)>,
    open: BTreeMap<usize, OpenRun>,
    intervals: [i64; 3],
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            now: Instant(1_000_000),
            whole: Book::default(),
            resumed: Book::default(),
            tree: Frontier::default(),
            facts: Vec::new(),
            open: BTreeMap::new(),
            intervals: [10; 3],
        };
        // The last check is not registered unless a step does it.
        world.register(0, 10);
        world.register(1, 7);
        world
    }

    fn id(&self) -> FactId {
        FactId::parse(&format!("fact-{}", self.facts.len())).unwrap()
    }

    fn apply(&mut self, fact: Fact, segment: Option<Segment>) {
        self.now = self.now + Millis(1);
        for book in [&mut self.whole, &mut self.resumed] {
            book.apply(&fact, segment.as_ref(), self.now).unwrap();
        }
        self.tree.append(leaf_hash(&self.facts.len().to_be_bytes()));
        self.facts.push((fact, segment, self.now));
    }

    fn register(&mut self, check: usize, interval: i64) {
        self.intervals[check] = interval;
        let fact = fact::Check {
            id: self.id(),
            by: "test".to_owned(),
            series: series(check),
            solution: SolutionId::parse("workload-security").unwrap(),
            interface: InterfaceId::parse("api").unwrap(),
            interval: Millis(interval),
            staleness: Staleness::After(Millis(60)),
            active: Interval::new(self.now, Instant::MAX).unwrap(),
            definition: Digest::of(&[&interval.to_be_bytes()]),
        };
        self.apply(Fact::Check(fact), None);
    }

    fn flush(&mut self, ticks: i64, changes: usize, state: Observed) {
        self.now = self.now + Millis(ticks * 10);
        let mut actual = BTreeMap::new();
        for check in 0..3 {
            let at = self.now - Millis(self.now.0 % self.intervals[check]);
            let begun = OpenRun { from: at, last: at, state, n: 1 };
            let run = match self.open.get(&check) {
                Some(open) if check != changes && open.last <= at => {
                    let more = (at - open.last).0 / self.intervals[check];
                    OpenRun { last: at, n: open.n + more.unsigned_abs(), ..*open }
                }
                Some(open) if open.last >= at => *open,
                _ => begun,
            };
            self.open.insert(check, run);
            actual.insert(series(check), vec![run]);
        }
        let segment = segment_of(&self.resumed.fold, &vantage(), &actual, self.now).unwrap();
        let fact = Measurement {
            id: self.id(),
            by: "test".to_owned(),
            vantage: vantage(),
            through: segment.through(),
            segment: Digest::of(&[&segment.encode()]),
            runs: segment.runs().len() as u64,
        };
        self.apply(Fact::Measurement(fact), Some(segment));
    }

    fn restart(&mut self) {
        let bytes = Snapshot::of(&self.resumed, self.tree.clone()).to_bytes();
        let snapshot = Snapshot::from_bytes(&bytes).unwrap();
        assert_eq!((snapshot.to_bytes(), snapshot.tree.root()), (bytes, self.tree.root()));
        let mut book = Book::default();
        for seq in snapshot.others() {
            let (fact, segment, at) = &self.facts[usize::try_from(*seq).unwrap()];
            book.size = *seq;
            book.apply(fact, segment.as_ref(), *at).unwrap();
        }
        self.resumed = snapshot.resume(book);
    }

    fn step(&mut self, step: &Step) {
        let (id, by, why) = (self.id(), "test".to_owned(), "why".to_owned());
        match *step {
            Step::Flush { ticks, changes, state } => self.flush(ticks, changes, state),
            Step::Register { check, interval } => self.register(check, interval),
            Step::Gap => {
                let span = Interval::new(self.now - Millis(5), self.now).unwrap();
                self.apply(Fact::ObserverGap(ObserverGap { id, by, vantage: None, span, why }), None);
            }
            Step::Record => {
                let line = r#"{"type":"report","customer":"acme","at":"2026-10-05T10:00:20Z"}"#.to_owned();
                self.apply(Fact::Record(Record { id, by, why, line, customer: None }), None);
            }
            Step::Evidence { check } => {
                let (series, at, state) = (series(check), self.now, Observed::Down);
                let (cause, took, files) = ("HTTP 503".to_owned(), Took::default(), Vec::new());
                self.apply(Fact::Evidence(Evidence { id, by, series, at, state, cause, took, files }), None);
            }
            Step::Restart => self.restart(),
        }
        self.assert_same();
    }

    fn assert_same(&self) {
        let (one, other) = (&self.whole, &self.resumed);
        assert_eq!(one.history(), other.history());
        assert_eq!((one.size, one.recorded_at), (other.size, other.recorded_at));
        assert_eq!((&one.checks, &one.evidence), (&other.checks, &other.evidence));
        assert_eq!(format!("{:?}", one.records), format!("{:?}", other.records));
        assert_eq!(one.fold.through(&vantage()), other.fold.through(&vantage()));
        let open = |book: &Book| book.fold.open_runs(&vantage()).map(|(id, run)| (id.clone(), run)).collect::<Vec<_>>();
        assert_eq!(open(one), open(other));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_resumed_book_is_the_book_whatever_comes_afterwards(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
    }
}

#[test]
fn a_changed_byte_of_a_snapshot_is_found() {
    let mut world = World::new();
    for step in [
        Step::Flush { ticks: 3, changes: 0, state: Observed::Down },
        Step::Evidence { check: 0 },
        Step::Flush { ticks: 4, changes: 1, state: Observed::Up },
    ] {
        world.step(&step);
    }
    let bytes = Snapshot::of(&world.resumed, world.tree.clone()).to_bytes();
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        assert!(Snapshot::from_bytes(&changed).is_err(), "at {place}");
        assert!(Snapshot::from_bytes(&bytes[..place]).is_err(), "cut at {place}");
    }
}
