//! The moment of publication: when the public schedule shows a maintenance, the server records a notice that says since when.
//! A plan that is changed under the same number was not the one that was published, and so its notice is put right.
//!
//! Every act is a record like any other, told by the server. What a person said of one is left as it is. Not here: what a
//! notice proves (`uphold_core::evaluate`), and the schedule itself, which is asked whether it shows what is to be recorded.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot, watch};
use uphold_core::history::{Audience, Fact, History, Notice, write_notice};
use uphold_core::id::FactId;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::fact::Record;
use uphold_core::time::Instant;

use super::incident::said_by_a_person;
use super::record::into_facts;
use crate::clock::Clock;
use crate::live::Live;
use crate::measure::Append;
use crate::schedule::{Standing, Window};

/// The channel of these notices.
pub const CHANNEL: &str = "maintenance-schedule";

/// How long to wait after a failure to record.
const PAUSE: Duration = Duration::from_secs(5);

/// Whether the schedule of a picture shows a maintenance to everybody.
pub type Shows = dyn Fn(&Live, &FactId) -> bool + Send + Sync;

/// Records what is published until the engine ends. To be begun when pages are served: `live` is what they are drawn from,
/// so that what this sees in it everybody can see.
pub async fn publish(
    mut live: watch::Receiver<Arc<Live>>,
    tell: mpsc::Sender<Append>,
    clock: Clock,
    by: String,
    shows: Arc<Shows>,
) {
    loop {
        let picture = Arc::clone(&live.borrow_and_update());
        let (judged, author, page, now) = (Arc::clone(&picture), by.clone(), Arc::clone(&shows), clock.now());
        let judging = tokio::task::spawn_blocking(move || due(&judged, now, &author, &*page));
        let Ok(records) = judging.await else { return };
        let mut size = picture.ledger.size;
        if !records.is_empty() {
            let (reply, answer) = oneshot::channel();
            if tell.send(Append { facts: into_facts(records), reply }).await.is_err() {
                return;
            }
            match answer.await {
                Ok(Ok(receipts)) => size = receipts.iter().map(|receipt| receipt.tree_size).max().unwrap_or(size),
                Ok(Err(error)) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "a publication is not recorded yet");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                Err(_) => return,
            }
        }
        loop {
            if live.changed().await.is_err() {
                return;
            }
            if live.borrow().ledger.size >= size {
                break;
            }
        }
    }
}

/// The records that the picture asks for at `now`, told by `by`. None, when what was told agrees with what is shown.
#[must_use]
pub fn due(live: &Live, now: Instant, by: &str, shows: &Shows) -> Vec<Record> {
    let announceable = |window: &&Window| {
        matches!(window.standing, Standing::Planned | Standing::Due | Standing::Running | Standing::Overrun)
    };
    let windows = live.schedule.iter().filter(announceable);
    windows.filter_map(|window| of_window(live, window, now, by, shows)).collect()
}

fn of_window(live: &Live, window: &Window, now: Instant, by: &str, shows: &Shows) -> Option<Record> {
    let id = notice_id(&window.id, window.plan.sequence)?;
    let told = live.history.facts.notices.iter().any(|notice| notice.id == id);
    let (record_id, line, why) = if told {
        let held = live.notices.iter().find(|notice| notice.id == id)?;
        if said_by_a_person(live, &id, &[]) || !published_another(live, window, held) {
            return None;
        }
        let why = "another plan stood on the schedule then; this one does since now";
        let (of, record_id) = (id.as_str(), format!("{}-{}", short(&id), live.ledger.size));
        let set = json!({ "published_at": now.to_string() });
        let line = json!({ "v": 1, "type": "correction", "id": record_id, "of": of, "why": why, "set": set });
        (FactId::parse(&record_id).ok()?, line.to_string(), why)
    } else {
        (id.clone(), notice(id, window, now), "the public maintenance schedule shows it")
    };
    if !shows(live, &window.id) {
        return None;
    }
    let line: Map<String, Value> = serde_json::from_str(&line).ok()?;
    let line = line.into_iter().filter(|(key, _)| key != "recorded_at" && key != "by").collect();
    let line = Value::Object(line).to_string();
    Some(Record { id: record_id, by: by.to_owned(), why: why.to_owned(), line, customer: None })
}

fn notice(id: FactId, window: &Window, now: Instant) -> String {
    let body = Notice {
        about: window.id.clone(),
        sequence: window.plan.sequence,
        kind: "maintenance".to_owned(),
        audience: Audience::Public,
        channel: CHANNEL.to_owned(),
        published_at: Some(now),
        accepted_at: None,
        delivered_at: None,
        acknowledged_at: None,
        failed_at: None,
    };
    write_notice(&Fact { id, recorded_at: now, by: None, body })
}

/// The id of the notice of one plan, the same whenever it is asked for.
fn notice_id(about: &FactId, sequence: u32) -> Option<FactId> {
    FactId::parse(&format!("published-{about}-{sequence}"))
        .or_else(|_| FactId::parse(&format!("published-{}-{sequence}", short(about))))
        .ok()
}

/// An id of few bytes for one that may have many.
fn short(id: &FactId) -> String {
    Digest::of(&[id.as_str().as_bytes()]).to_string().chars().take(32).collect()
}

/// Whether another time or scope stood on the schedule at the moment that a notice names.
fn published_another(live: &Live, window: &Window, notice: &Fact<Notice>) -> bool {
    let Some(at) = notice.body.published_at.filter(|at| *at < window.planned_since) else { return false };
    let mut told = History::default();
    told.facts.maintenance.clone_from(&live.history.facts.maintenance);
    told.facts.corrections.clone_from(&live.history.facts.corrections);
    let known = told.known_at(at);
    let mut plans = known.facts.maintenance.iter();
    let then = plans.find(|plan| plan.id == window.id && plan.body.sequence == window.plan.sequence);
    then.is_none_or(|then| (then.body.planned, &then.body.scope) != (window.plan.planned, &window.plan.scope))
}
