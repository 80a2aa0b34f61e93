//! Telling people what is wrong: what is wrong now is held against what was said, and messages are handed over until they are
//! taken.
//!
//! [`Notifier`] is driven by [`Notifier::run`] in the server and step by step in tests, by the same methods. Not here: what
//! is wrong (`operate::alerts`). Alerts are no notices of the contract: that somebody was told is not in the ledger.

mod board;
mod body;
mod deliver;
mod mail;
mod message;
mod state;
mod webhook;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use uphold_core::time::Instant;
use uphold_probe::egress::{Egress, Resolver};

use crate::clock::Clock;
use crate::clock_sync::ClockSync;
use crate::config::alerts::{Alerts, Channel};
use crate::live::Live;
use crate::operate::alerts::{Conditions, Wrong, alerts};
use message::Setting;
use state::{Due, Remembered};

pub use board::{Board, Counts, Shown};
pub use deliver::{Delivered, Open, Then, Undelivered, deliver, open};
pub use message::{Message, test};
pub use state::{APART, FILE, TRIES};

/// How often it is looked whether something is due that no new picture brings.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long the end waits for what is being handed over.
const END_WITHIN: Duration = Duration::from_secs(5);

/// Tells people.
#[derive(Debug)]
pub struct Notifier {
    alerts: Alerts,
    channels: Vec<Open>,
    live: watch::Receiver<Arc<Live>>,
    clock: Clock,
    egress: Arc<Egress>,
    board: Board,
    file: state::File,
    remembered: Remembered,
    /// What was written down last; nothing, where that failed.
    written: Option<Remembered>,
    /// The channels to which something is being handed over: one message at a time.
    busy: BTreeSet<String>,
    /// Those that never take anything any more, until a restart.
    disabled: BTreeSet<String>,
    finished: (mpsc::UnboundedSender<Finished>, mpsc::UnboundedReceiver<Finished>),
    looked: Option<Looked>,
}

/// What was wrong in which picture, and what was known of the clock.
type Looked = (Arc<Live>, Option<(ClockSync, Instant)>, Arc<Wrong>);

#[derive(Debug)]
struct Finished {
    channel: String,
    id: String,
    outcome: Result<Delivered, Undelivered>,
}

/// The way out that an alerts file permits.
#[must_use]
pub fn egress(alerts: &Alerts) -> Egress {
    Egress::with_resolver(alerts.allow.clone(), Resolver::new(alerts.name_servers.clone()))
}

impl Notifier {
    /// Reads what was said before. `channels` are those of `alerts`, with their secrets.
    #[must_use]
    pub fn start(
        folder: &Path,
        alerts: Alerts,
        channels: Vec<Open>,
        live: watch::Receiver<Arc<Live>>,
        clock: Clock,
        board: Board,
    ) -> Self {
        let file = state::File::new(folder);
        let mut remembered = file.read();
        remembered.prune(&channels.iter().map(|open| open.channel.name.clone()).collect(), clock.now());
        for open in &channels {
            board.count(&open.channel.name, |counts| {
                counts.waiting = remembered.waiting_for(&open.channel.name) as u64;
            });
        }
        Self {
            egress: Arc::new(egress(&alerts)),
            alerts,
            channels,
            live,
            clock,
            board,
            file,
            written: Some(remembered.clone()),
            remembered,
            busy: BTreeSet::new(),
            disabled: BTreeSet::new(),
            finished: mpsc::unbounded_channel(),
            looked: None,
        }
    }

    /// Tells people until `stop` is ready.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = &mut stop => break,
                _ = looks.tick() => {}
                changed = self.live.changed() => if changed.is_err() { break },
                Some(finished) = self.finished.1.recv() => self.take(finished),
            }
            self.step();
        }
        // What is not taken by then is tried again at the next start, with the same id.
        let _ = tokio::time::timeout(END_WITHIN, self.settle()).await;
        self.write_down();
    }

    /// Looks once: composes what is due, writes it down, and begins to hand over what may be.
    pub fn step(&mut self) {
        let now = self.clock.now();
        let (live, wrong) = self.look();
        let open = |(place, open): (usize, &'_ Open)| (place, open.channel.clone());
        let channels: Vec<(usize, Channel)> = self.channels.iter().enumerate().map(open).collect();
        let heard = channels.iter().filter(|(_, channel)| !self.disabled.contains(&channel.name));
        let heard: Vec<(usize, &Channel)> = heard.map(|(place, channel)| (*place, channel)).collect();
        for due in self.remembered.due(&wrong, &heard, now) {
            self.compose(&live, &wrong, &due, now);
        }
        self.remembered.prune(&channels.iter().map(|(_, channel)| channel.name.clone()).collect(), now);
        // First down, then out: what is told after a crash is at most told twice, with one id.
        self.write_down();
        self.hand_over(now);
    }

    /// Waits until nothing is being handed over, and takes what came of it.
    pub async fn settle(&mut self) {
        while !self.busy.is_empty() {
            if let Some(finished) = self.finished.1.recv().await {
                self.take(finished);
            }
        }
    }

    /// The picture, and what is wrong in it; worked out anew only where either changed.
    fn look(&mut self) -> (Arc<Live>, Arc<Wrong>) {
        let live = self.live.borrow_and_update().clone();
        let clock = self.board.shown().clock;
        if let Some((seen, known, wrong)) = &self.looked
            && Arc::ptr_eq(seen, &live)
            && *known == clock
        {
            return (live, Arc::clone(wrong));
        }
        let conditions = Conditions { unknown_after: self.alerts.unknown_after, clock: clock.clone() };
        let wrong = Arc::new(alerts(&live, &conditions));
        self.looked = Some((Arc::clone(&live), clock, Arc::clone(&wrong)));
        (live, wrong)
    }

    fn compose(&mut self, live: &Live, wrong: &Wrong, due: &Due, now: Instant) {
        let channel = &self.channels[due.channel].channel;
        let setting = Setting { language: channel.language, base_url: self.alerts.base_url.as_deref(), now };
        let said = self.remembered.said.get(&(channel.name.clone(), due.key.clone()));
        let began = said.and_then(|said| said.open.as_ref()).map(|(_, message)| message);
        let message = match (wrong.alerts.get(&due.key), began) {
            (Some(alert), _) => message::wrong(live, &due.key, alert, due.phase, setting),
            (None, Some(began)) => message::over(live, began, wrong.others.get(&due.key).copied(), setting),
            (None, None) => return,
        };
        let (id, name) = (new_id(), channel.name.clone());
        tracing::info!(
            channel = name,
            key = due.key.as_str(),
            phase = due.phase.name(),
            id,
            title = message.title,
            "alert"
        );
        let lost = self.remembered.tell(&name, id, message, now);
        if lost > 0 {
            tracing::error!(channel = name, lost, "too many messages wait: the oldest are given up");
            self.board.count(&name, |counts| counts.lost += lost as u64);
        }
    }

    fn hand_over(&mut self, now: Instant) {
        for open in &self.channels {
            let name = &open.channel.name;
            let waiting = self.remembered.waiting_for(name) as u64;
            self.board.count(name, |counts| counts.waiting = waiting);
            if self.busy.contains(name) || self.disabled.contains(name) {
                continue;
            }
            let Some(next) = self.remembered.next(name, now) else { continue };
            self.busy.insert(name.clone());
            let (open, egress, finished) = (open.clone(), Arc::clone(&self.egress), self.finished.0.clone());
            let (id, message) = (next.id.clone(), next.message.clone());
            tokio::spawn(async move {
                let outcome = deliver(&open, &egress, &message, &id, now).await;
                // Nobody listens only when the notifier has ended; the message is tried again then.
                let _ = finished.send(Finished { channel: open.channel.name, id, outcome });
            });
        }
    }

    fn take(&mut self, finished: Finished) {
        let Finished { channel, id, outcome } = finished;
        let now = self.clock.now();
        self.busy.remove(&channel);
        match outcome {
            Ok(Delivered { said }) => {
                tracing::info!(channel, id, said, "the message was taken");
                self.remembered.remove(&id);
                self.board.count(&channel, |counts| counts.sent += 1);
            }
            Err(Undelivered { why, then }) => {
                self.board.count(&channel, |counts| counts.failed += 1);
                let lost = match then {
                    Then::Retry(pause) => {
                        let again = self.remembered.postpone(&id, pause, jitter(), now);
                        if again {
                            tracing::warn!(channel, id, why, "the message was not taken; it is tried again");
                        }
                        usize::from(!again)
                    }
                    Then::GiveUp => {
                        self.remembered.remove(&id);
                        1
                    }
                    Then::Disable => {
                        self.disabled.insert(channel.clone());
                        self.board.count(&channel, |counts| counts.disabled = true);
                        tracing::error!(channel, why, "the channel is switched off until the next start");
                        self.remembered.forget(&channel)
                    }
                };
                if lost > 0 {
                    tracing::error!(channel, id, why, lost, "the message is given up");
                    self.board.count(&channel, |counts| counts.lost += lost as u64);
                }
            }
        }
        let waiting = self.remembered.waiting_for(&channel) as u64;
        self.board.count(&channel, |counts| counts.waiting = waiting);
        self.write_down();
    }

    /// Writes down what changed. A disk that takes nothing is what people must be told of, so messages go out all the same.
    fn write_down(&mut self) {
        if self.written.as_ref() == Some(&self.remembered) {
            return;
        }
        match self.file.write(&self.remembered) {
            Ok(()) => self.written = Some(self.remembered.clone()),
            Err(error) => {
                if self.written.take().is_some() {
                    tracing::error!(%error, "what was told cannot be written down: after a restart it is told again");
                }
            }
        }
    }
}

/// An id that no other message has.
#[must_use]
pub fn new_id() -> String {
    let mut random = [0; 16];
    // Without random numbers nothing can be recorded either; a message that looks like another one is better than none.
    let _ = getrandom::fill(&mut random);
    format!("msg_{:032x}", u128::from_be_bytes(random))
}

/// By how many thousandths a pause is longer, so that many senders do not come at once.
fn jitter() -> i64 {
    let mut random = [0; 2];
    let _ = getrandom::fill(&mut random);
    i64::from(u16::from_be_bytes(random) % 101)
}
