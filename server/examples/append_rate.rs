//! Measures how many durable facts a second the ledger takes, in batches of 100 from one task and from 8, and beside it, on
//! the same disk and in the same run, what a sync of 4 KiB costs: alone, and while facts are written.

use std::error::Error;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::time::Instant as Time;
use uphold::ledger::{Ledger, LedgerError, NewFact};
use uphold_core::id::FactId;
use uphold_core::interval::Interval;
use uphold_core::ledger::fact::{Fact, ObserverGap};
use uphold_core::time::Instant;

const BATCH: i64 = 100;
const TASKS: i64 = 8;
const LENGTH: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("give an empty folder on the disk to measure")?;
    let folder = Path::new(&folder);
    let alone = Syncs::begin(folder)?;
    tokio::time::sleep(LENGTH).await;
    println!("nothing written:     a sync of 4 KiB takes {}", alone.end()?);
    let ledger = Arc::new(Ledger::open(folder, Arc::new(|| Instant(0)))?);
    let next = Arc::new(AtomicI64::new(0));
    for tasks in [1, TASKS] {
        let beside = Syncs::begin(folder)?;
        let (facts, slowest) = appended(&ledger, &next, tasks).await?;
        println!(
            "{tasks} task(s) of {BATCH} facts: {facts} durable facts a second, the slowest batch {:.1} ms; beside it a sync takes {}",
            slowest.as_secs_f64() * 1e3,
            beside.end()?
        );
    }
    Ok(())
}

/// How many facts a second were acknowledged, and how long the slowest batch took.
async fn appended(ledger: &Arc<Ledger>, next: &Arc<AtomicI64>, tasks: i64) -> Result<(u128, Duration), Box<dyn Error>> {
    let start = Time::now();
    let running: Vec<_> = (0..tasks)
        .map(|_| {
            let (ledger, next) = (Arc::clone(ledger), Arc::clone(next));
            tokio::spawn(async move {
                let (mut done, mut slowest) = (0u128, Duration::ZERO);
                while start.elapsed() < LENGTH {
                    let first = next.fetch_add(BATCH, Ordering::Relaxed);
                    let began = Time::now();
                    ledger.append((first..first + BATCH).map(fact).collect()).await?;
                    slowest = slowest.max(began.elapsed());
                    done += u128::from(BATCH.unsigned_abs());
                }
                Ok::<_, LedgerError>((done, slowest))
            })
        })
        .collect();
    let (mut done, mut slowest) = (0, Duration::ZERO);
    for task in running {
        let (facts, longest) = task.await??;
        done += facts;
        slowest = slowest.max(longest);
    }
    Ok((done * 1000 / start.elapsed().as_millis(), slowest))
}

/// A thread that writes 4 KiB to a file of its own and syncs it, again and again, with a pause in between.
struct Syncs {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<std::io::Result<Vec<Duration>>>,
}

impl Syncs {
    fn begin(folder: &Path) -> std::io::Result<Self> {
        let mut file = File::create(folder.join("syncs"))?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut took = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                file.write_all(&[7; 4096])?;
                let began = Time::now();
                file.sync_data()?;
                took.push(began.elapsed());
                std::thread::sleep(Duration::from_millis(5));
            }
            Ok(took)
        });
        Ok(Self { stop, thread })
    }

    fn end(self) -> Result<String, Box<dyn Error>> {
        self.stop.store(true, Ordering::Relaxed);
        let mut took = self.thread.join().map_err(|_| "the thread that syncs panicked")??;
        took.sort();
        let ms = |percent: usize| took[(took.len() - 1) * percent / 100].as_secs_f64() * 1e3;
        Ok(format!("{:.2} ms in the middle, {:.2} ms at 99 % ({} syncs)", ms(50), ms(99), took.len()))
    }
}

fn fact(number: i64) -> NewFact {
    let fact = ObserverGap {
        id: FactId::parse(&format!("gap-{number}")).expect("a fact id"),
        by: "server:tokyo-1".to_owned(),
        vantage: None,
        span: Interval::new(Instant(number), Instant(number + 1)).expect("a span"),
        why: "the server was stopped".to_owned(),
    };
    NewFact { fact: Fact::ObserverGap(fact), segment: None }
}
