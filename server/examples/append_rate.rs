//! Measures how many durable facts a second the ledger takes, in batches of 100 from 8 tasks at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use uphold::ledger::{Ledger, NewFact};
use uphold_core::id::FactId;
use uphold_core::interval::Interval;
use uphold_core::ledger::fact::{Fact, ObserverGap};
use uphold_core::time::Instant;

const BATCH: i64 = 100;
const TASKS: i64 = 8;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("give an empty folder on the disk to measure")?;
    let ledger = Arc::new(Ledger::open(folder.as_ref(), Arc::new(|| Instant(0)))?);
    let next = Arc::new(AtomicI64::new(0));
    for tasks in [1, TASKS] {
        let start = tokio::time::Instant::now();
        let running: Vec<_> = (0..tasks)
            .map(|_| {
                let (ledger, next) = (Arc::clone(&ledger), Arc::clone(&next));
                tokio::spawn(async move {
                    let mut done = 0;
                    while start.elapsed() < Duration::from_secs(5) {
                        let first = next.fetch_add(BATCH, Ordering::Relaxed);
                        ledger.append((first..first + BATCH).map(fact).collect()).await?;
                        done += BATCH;
                    }
                    Ok::<i64, uphold::ledger::LedgerError>(done)
                })
            })
            .collect();
        let mut done = 0;
        for task in running {
            done += task.await??;
        }
        println!(
            "{tasks} tasks: {} facts a second",
            u128::from(done.unsigned_abs()) * 1000 / start.elapsed().as_millis()
        );
    }
    Ok(())
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
