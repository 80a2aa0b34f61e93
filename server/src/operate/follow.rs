//! What follows from the picture by itself: incidents are opened and closed, months are closed. One task, which looks at
//! every new picture and has recorded what it asks for before it looks at the next.
//!
//! It keeps nothing: after a restart the picture alone says what is still due. Not here: the rules (`incident.rs`,
//! `closing.rs`), and the writing itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use uphold_core::ledger::fact::Fact;
use uphold_core::time::Period;

use super::{closing, incident};
use crate::ledger::NewFact;
use crate::live::Live;
use crate::measure::Append;

/// Closed months are judged again at least this often, for what came in late.
const AGAIN_AFTER: Duration = Duration::from_secs(3_600);

/// How many closed months are judged again by the hour; a record makes all of them be judged.
const RECENT: usize = 2;

/// How long to wait after a failure to record.
const PAUSE: Duration = Duration::from_secs(5);

/// Follows the picture until the engine ends. `by` is who says so.
pub async fn follow(mut live: watch::Receiver<Arc<Live>>, tell: mpsc::Sender<Append>, by: String) {
    let mut told = None;
    // Something of the last look could not be recorded.
    let mut is_left = false;
    let mut again = tokio::time::interval(AGAIN_AFTER);
    loop {
        let picture = Arc::clone(&live.borrow_and_update());
        let (judged, author) = (Arc::clone(&picture), by.clone());
        let Ok(due) = tokio::task::spawn_blocking(move || incident::due(&judged, &author)).await else { return };
        let facts = due.into_iter().map(|record| NewFact { fact: Fact::Record(record), segment: None });
        let facts: Vec<NewFact> = facts.collect();
        let mut size = picture.ledger.size;
        if !facts.is_empty() {
            match record(&tell, facts).await {
                Recorded::Through(through) => size = through,
                Recorded::Failed => tokio::time::sleep(PAUSE).await,
                Recorded::Ended => return,
            }
        }
        let hourly = tokio::select! {
            biased;
            () = std::future::ready(()), if is_left => false,
            _ = again.tick() => true,
            changed = until(&mut live, size) => {
                if changed.is_err() {
                    return;
                }
                false
            }
        };
        let picture = Arc::clone(&live.borrow());
        // A revision that is added may reach back, as a record may.
        let records = (picture.records.len(), picture.named.last().map(|named| named.seq));
        let periods = closing::closed(&picture);
        let from = match (hourly, told == Some(records)) {
            (_, false) => 0,
            (true, true) => periods.len().saturating_sub(RECENT),
            (false, true) => missing(&picture, &periods),
        };
        is_left = false;
        for period in periods.into_iter().skip(from) {
            let (picture, author) = (Arc::clone(&picture), by.clone());
            let judged = tokio::task::spawn_blocking(move || closing::due(&picture, &period, &author)).await;
            let Ok(facts) = judged else { return };
            if facts.is_empty() {
                continue;
            }
            match record(&tell, facts).await {
                Recorded::Through(_) => {}
                Recorded::Failed => {
                    is_left = true;
                    tokio::time::sleep(PAUSE).await;
                }
                Recorded::Ended => return,
            }
        }
        told = (!is_left).then_some(records);
    }
}

/// The first closed month that was never frozen; the end, if all were.
fn missing(live: &Live, periods: &[Period]) -> usize {
    let unfrozen = |period: &Period| closing::frozen(live, period, None).next().is_none();
    periods.iter().position(unfrozen).unwrap_or(periods.len())
}

/// Waits for a new picture that has that many facts.
async fn until(live: &mut watch::Receiver<Arc<Live>>, size: u64) -> Result<(), watch::error::RecvError> {
    loop {
        live.changed().await?;
        if live.borrow_and_update().ledger.size >= size {
            return Ok(());
        }
    }
}

enum Recorded {
    Through(u64),
    Failed,
    Ended,
}

async fn record(tell: &mpsc::Sender<Append>, facts: Vec<NewFact>) -> Recorded {
    let (reply, answer) = oneshot::channel();
    if tell.send(Append { facts, reply }).await.is_err() {
        return Recorded::Ended;
    }
    match answer.await {
        Ok(Ok(receipts)) => Recorded::Through(receipts.iter().map(|receipt| receipt.tree_size).max().unwrap_or(0)),
        Ok(Err(error)) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "what follows from the figures is not recorded yet"
            );
            Recorded::Failed
        }
        Err(_) => Recorded::Ended,
    }
}
