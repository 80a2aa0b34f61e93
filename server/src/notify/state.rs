//! What was said to whom, and what waits to be handed over: what follows from it, pure over a time, and the file in which it
//! outlives this process.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use uphold_core::time::{Instant, Millis};
use uphold_core::timeline::State as Condition;

use super::message::{Message, Phase};
use crate::config::alerts::Channel;
use crate::operate::alerts::{Alert, AlertKey, Wrong};

/// The file, beside the ledger.
pub const FILE: &str = "notifications.json";

/// Messages about one thing to one channel are at least so far apart, so that what flaps makes no storm.
pub const APART: Millis = Millis(60_000);

/// So many messages may wait for one channel; a further one takes the place of the oldest.
pub(super) const WAITING_MAX: usize = 200;

/// When a message is tried, each counted from the try before: as the Standard Webhooks specification advises.
pub const TRIES: [Millis; 10] = [
    Millis(0),
    Millis(5_000),
    Millis(300_000),
    Millis(1_800_000),
    Millis(7_200_000),
    Millis(18_000_000),
    Millis(36_000_000),
    Millis(50_400_000),
    Millis(72_000_000),
    Millis(86_400_000),
];

/// Everything that is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Remembered {
    pub(super) said: BTreeMap<(String, AlertKey), Said>,
    /// In the order in which it is handed over.
    pub(super) waiting: Vec<Waiting>,
}

/// What one channel was told of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// The message that began it and its id, until it was said to be over.
    pub(super) open: Option<(String, Message)>,
    /// When it was last told of.
    pub(super) last: Instant,
}

/// A message on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Waiting {
    pub(super) id: String,
    pub(super) channel: String,
    pub(super) message: Message,
    /// How often it was tried.
    pub(super) tries: usize,
    /// Not before this, in milliseconds since 1970.
    pub(super) not_before: i64,
}

/// What is to be told now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) channel: usize,
    pub(super) key: AlertKey,
    pub(super) phase: Phase,
}

/// Whether so long has passed; a clock that was set back makes nothing wait for the time that comes twice.
fn passed(since: Instant, now: Instant, least: Millis) -> bool {
    let length = now - since;
    length.0 < 0 || length >= least
}

fn is_for(channel: &Channel, alert: &Alert) -> bool {
    let of_solution = match (&channel.solutions, alert.solution()) {
        (None, _) => true,
        (Some(wanted), Some(solution)) => wanted.contains(solution),
        // What concerns everything concerns every solution.
        (Some(_), None) => true,
    };
    of_solution && channel.severities.contains(&alert.severity)
}

/// What one channel is told of one thing now.
fn decide(
    channel: &Channel,
    said: Option<&Said>,
    alert: Option<&Alert>,
    is_unclear: bool,
    now: Instant,
) -> Option<Phase> {
    let may = said.is_none_or(|said| passed(said.last, now, APART));
    let open = said.is_some_and(|said| said.open.is_some());
    match (open, alert) {
        (false, Some(alert)) => {
            (may && is_for(channel, alert) && passed(alert.since, now, channel.min_for)).then_some(Phase::Triggered)
        }
        (true, Some(alert)) => {
            // What became worse must reach somebody else, or somebody sooner.
            let told = said.and_then(|said| said.open.as_ref()).map(|(_, message)| message.severity);
            if may && told.is_some_and(|told| alert.severity < told) {
                return Some(Phase::Repeated);
            }
            let again = channel.repeat_every.filter(|every| said.is_some_and(|said| passed(said.last, now, *every)));
            again.filter(|_| may).map(|_| Phase::Repeated)
        }
        (true, None) => (may && !is_unclear).then_some(Phase::Resolved),
        (false, None) => None,
    }
}

impl Remembered {
    /// What is to be told now; nothing is changed.
    pub(super) fn due(&self, wrong: &Wrong, channels: &[(usize, &Channel)], now: Instant) -> Vec<Due> {
        let mut due = Vec::new();
        for (place, channel) in channels {
            let mine = self.said.iter().filter(|((name, _), said)| *name == channel.name && said.open.is_some());
            let keys: BTreeSet<&AlertKey> = mine.map(|((_, key), _)| key).chain(wrong.alerts.keys()).collect();
            for key in keys {
                let said = self.said.get(&(channel.name.clone(), key.clone()));
                let is_unclear = wrong.others.get(key).is_some_and(|(state, _)| *state == Condition::Unknown);
                if let Some(phase) = decide(channel, said, wrong.alerts.get(key), is_unclear, now) {
                    due.push(Due { channel: *place, key: key.clone(), phase });
                }
            }
        }
        due
    }

    /// Remembers that a message was composed and puts it on its way; how many older ones gave way to it.
    pub(super) fn tell(&mut self, channel: &str, id: String, mut message: Message, now: Instant) -> usize {
        let key = (channel.to_owned(), message.key.clone());
        let before = self.said.get(&key).and_then(|said| said.open.clone());
        message.thread = before.as_ref().map(|(id, _)| id.clone());
        let open = match message.phase {
            Phase::Triggered => Some((id.clone(), message.clone())),
            Phase::Repeated => before.map(|(id, began)| (id, Message { severity: message.severity, ..began })),
            Phase::Resolved | Phase::Test => None,
        };
        // A reminder that is still on its way says nothing that the newer message does not say.
        self.waiting.retain(|waiting| {
            let is_same = waiting.channel == channel && waiting.message.key == message.key;
            !(is_same && waiting.message.phase == Phase::Repeated && waiting.tries == 0)
        });
        self.said.insert(key, Said { open, last: now });
        self.waiting.push(Waiting { id, channel: channel.to_owned(), message, tries: 0, not_before: now.0 });
        let mine = self.waiting.iter().filter(|waiting| waiting.channel == channel).count();
        let too_many = mine.saturating_sub(WAITING_MAX);
        for _ in 0..too_many {
            if let Some(oldest) = self.waiting.iter().position(|waiting| waiting.channel == channel) {
                self.waiting.remove(oldest);
            }
        }
        too_many
    }

    /// The next message of a channel that may be tried: never one before an older one about the same thing.
    pub(super) fn next(&self, channel: &str, now: Instant) -> Option<&Waiting> {
        let mut held: BTreeSet<&AlertKey> = BTreeSet::new();
        self.waiting.iter().filter(|waiting| waiting.channel == channel).find(|waiting| {
            let is_first = held.insert(&waiting.message.key);
            is_first && waiting.not_before <= now.0
        })
    }

    /// Removes a message from its way.
    pub(super) fn remove(&mut self, id: &str) {
        self.waiting.retain(|waiting| waiting.id != id);
    }

    /// Plans the next try of a message, not before `at_least` has passed; `false` where it was the last one, and the message is
    /// given up. `jitter` is a number of thousandths, up to 100, that the pause is longer.
    pub(super) fn postpone(&mut self, id: &str, at_least: Option<Millis>, jitter: i64, now: Instant) -> bool {
        let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.id == id) else { return true };
        waiting.tries += 1;
        let Some(pause) = TRIES.get(waiting.tries) else {
            self.remove(id);
            return false;
        };
        let pause = Millis(pause.0 + pause.0 / 1_000 * jitter);
        waiting.not_before = (now + pause.max(at_least.unwrap_or(Millis(0)))).0;
        true
    }

    /// Forgets a channel, so that everything is told to it anew.
    pub(super) fn forget(&mut self, channel: &str) -> usize {
        let before = self.waiting.len();
        self.waiting.retain(|waiting| waiting.channel != channel);
        self.said.retain(|(name, _), _| name != channel);
        before - self.waiting.len()
    }

    /// Forgets what no longer matters: channels that are no more, and what is over for so long that it limits nothing.
    pub(super) fn prune(&mut self, channels: &BTreeSet<String>, now: Instant) {
        self.said.retain(|(name, _), said| {
            channels.contains(name) && (said.open.is_some() || !passed(said.last, now, APART))
        });
        self.waiting.retain(|waiting| channels.contains(&waiting.channel));
    }

    pub(super) fn waiting_for(&self, channel: &str) -> usize {
        self.waiting.iter().filter(|waiting| waiting.channel == channel).count()
    }
}

/// The file of it. It is no evidence, and holds no secret.
#[derive(Debug, Clone)]
pub(super) struct File(PathBuf);

#[derive(Debug, Serialize, Deserialize)]
struct Contents {
    v: u32,
    said: Vec<Line>,
    waiting: Vec<Waiting>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    channel: String,
    key: AlertKey,
    open: Option<(String, Message)>,
    last: i64,
}

impl File {
    pub(super) fn new(folder: &Path) -> Self {
        Self(folder.join(FILE))
    }

    /// What the file says; nothing where it cannot be read: then everything that is wrong is told again.
    pub(super) fn read(&self) -> Remembered {
        let Ok(text) = std::fs::read(&self.0) else { return Remembered::default() };
        let contents = serde_json::from_slice(&text).map_err(|error| error.to_string());
        let contents: Contents = match contents {
            Ok(Contents { v: 1, said, waiting }) => Contents { v: 1, said, waiting },
            Ok(Contents { v, .. }) => return self.unreadable(&format!("its version is {v}")),
            Err(error) => return self.unreadable(&error),
        };
        let said = contents.said.into_iter();
        Remembered {
            said: said
                .map(|line| ((line.channel, line.key), Said { open: line.open, last: Instant(line.last) }))
                .collect(),
            waiting: contents.waiting,
        }
    }

    fn unreadable(&self, why: &str) -> Remembered {
        tracing::warn!(file = %self.0.display(), why, "what was told cannot be read; it is told again");
        Remembered::default()
    }

    /// Replaces the file as a whole.
    pub(super) fn write(&self, remembered: &Remembered) -> std::io::Result<()> {
        let line = |((channel, key), said): (&(String, AlertKey), &Said)| Line {
            channel: channel.clone(),
            key: key.clone(),
            open: said.open.clone(),
            last: said.last.0,
        };
        let contents =
            Contents { v: 1, said: remembered.said.iter().map(line).collect(), waiting: remembered.waiting.clone() };
        let text = serde_json::to_vec(&contents)?;
        let new = self.0.with_extension("new");
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(&text)?;
        file.sync_all()?;
        std::fs::rename(new, &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::test;
    use super::*;
    use crate::config::alerts::read_alerts;
    use crate::operate::alerts::{AlertKind, Severity};
    use uphold_core::agreement::{Language, Subject};
    use uphold_core::id::SolutionId;

    fn channel(more: &str) -> Channel {
        let source = format!(
            "[[channel]]\nname = \"c\"\nkind = \"webhook\"\nbody = \"slack\"\nurl = \"https://a.example/\"\n{more}"
        );
        read_alerts(&source, Path::new("/"), None).alerts.unwrap().channels.remove(0)
    }

    fn alert(since: i64) -> Alert {
        let subject = Subject { solution: Some(SolutionId::parse("shop").unwrap()), ..Subject::default() };
        Alert {
            kind: AlertKind::Down,
            severity: Severity::Page,
            since: Instant(since),
            subject: Some(subject),
            commitments: Vec::new(),
            detail: None,
        }
    }

    fn message(phase: Phase) -> Message {
        Message { phase, severity: Severity::Page, ..test("c", Language::En, None, Instant(0)) }
    }

    /// What a channel is told, second by second, of something that is down from `on` to `off`, again and again.
    fn told(more: &str, down: impl Fn(i64) -> bool, seconds: i64) -> Vec<(i64, Phase)> {
        let (channel, mut remembered, mut since, mut told) = (channel(more), Remembered::default(), None, Vec::new());
        let key = AlertKey::of_subject(AlertKind::Down, alert(0).subject.as_ref().unwrap());
        for second in 0..seconds {
            let now = Instant(second * 1_000);
            since = down(second).then(|| since.unwrap_or(now));
            let mut wrong = Wrong::default();
            if let Some(since) = since {
                wrong.alerts.insert(key.clone(), alert(since.0));
            }
            for due in remembered.due(&wrong, &[(0, &channel)], now) {
                told.push((second, due.phase));
                let message = Message { key: due.key, ..message(due.phase) };
                remembered.tell("c", format!("{second}"), message, now);
            }
        }
        told
    }

    #[test]
    fn an_alert_is_told_once_and_its_end_once() {
        let told = told("", |second| (10..200).contains(&second), 400);
        assert_eq!(told, [(10, Phase::Triggered), (200, Phase::Resolved)]);
    }

    #[test]
    fn it_is_told_again_only_where_the_channel_asks() {
        let told = told("repeat_every = \"2m\"", |second| (10..300).contains(&second), 400);
        assert_eq!(
            told,
            [(10, Phase::Triggered), (130, Phase::Repeated), (250, Phase::Repeated), (310, Phase::Resolved)]
        );
    }

    #[test]
    fn what_is_short_is_not_told_where_the_channel_waits() {
        assert_eq!(told("min_for = \"30s\"", |second| (10..39).contains(&second), 200), []);
        let longer = told("min_for = \"30s\"", |second| (10..100).contains(&second), 200);
        assert_eq!(longer, [(40, Phase::Triggered), (100, Phase::Resolved)]);
    }

    #[test]
    fn what_flaps_makes_one_message_a_minute_at_most() {
        let told = told("", |second| second % 2 == 0, 600);
        assert!(told.windows(2).all(|two| two[1].0 - two[0].0 >= 60), "{told:?}");
        assert!(told.len() >= 5, "{told:?}");
    }

    #[test]
    fn what_is_unclear_is_not_over() {
        let (channel, now) = (channel(""), Instant(1_000_000));
        let said = Said { open: Some(("1".to_owned(), message(Phase::Triggered))), last: Instant(0) };
        assert_eq!(decide(&channel, Some(&said), None, true, now), None);
        assert_eq!(decide(&channel, Some(&said), None, false, now), Some(Phase::Resolved));
    }

    #[test]
    fn a_channel_hears_of_its_severities_and_solutions_alone() {
        let of = |more: &str| decide(&channel(more), None, Some(&alert(0)), false, Instant(0)).is_some();
        assert!(of("") && of("severities = [\"page\"]") && of("solutions = [\"shop\"]"));
        assert!(!of("severities = [\"ticket\"]") && !of("solutions = [\"other\"]"));
        let clock = Alert { kind: AlertKind::NotRecorded, subject: None, ..alert(0) };
        assert!(decide(&channel("solutions = [\"other\"]"), None, Some(&clock), false, Instant(0)).is_some());
    }

    #[test]
    fn what_becomes_worse_is_told_again_once() {
        let (channel, mut remembered) = (channel(""), Remembered::default());
        let key = AlertKey::of(AlertKind::NotRecorded);
        let mut told = Vec::new();
        for (second, severity) in
            [(0, Severity::Ticket), (60, Severity::Page), (120, Severity::Page), (180, Severity::Ticket)]
        {
            let now = Instant(second * 1_000);
            let worse = Alert { severity, ..alert(0) };
            let wrong = Wrong { alerts: [(key.clone(), worse)].into(), ..Wrong::default() };
            for due in remembered.due(&wrong, &[(0, &channel)], now) {
                told.push((second, due.phase));
                let message = Message { key: due.key, severity, ..message(due.phase) };
                remembered.tell("c", format!("{second}"), message, now);
            }
        }
        assert_eq!(told, [(0, Phase::Triggered), (60, Phase::Repeated)]);
    }

    #[test]
    fn tries_keep_their_pauses_with_some_jitter_and_end() {
        let mut remembered = Remembered::default();
        remembered.tell("c", "1".to_owned(), message(Phase::Triggered), Instant(0));
        for pause in &TRIES[1..] {
            assert!(remembered.postpone("1", None, 100, Instant(0)));
            assert_eq!(remembered.waiting[0].not_before, pause.0 + pause.0 / 10);
        }
        assert!(!remembered.postpone("1", None, 0, Instant(0)) && remembered.waiting.is_empty());
        remembered.tell("c", "2".to_owned(), message(Phase::Triggered), Instant(0));
        assert!(remembered.postpone("2", Some(Millis(60_000)), 0, Instant(0)));
        assert_eq!(remembered.waiting[0].not_before, 60_000, "the other side asks for longer");
    }

    #[test]
    fn messages_about_one_thing_keep_their_order_and_others_go_on() {
        let mut remembered = Remembered::default();
        remembered.tell("c", "1".to_owned(), message(Phase::Triggered), Instant(0));
        remembered.postpone("1", Some(Millis(10_000)), 0, Instant(0));
        remembered.tell("c", "2".to_owned(), message(Phase::Resolved), Instant(0));
        let other = Message { key: AlertKey::of(AlertKind::NotRecorded), ..message(Phase::Triggered) };
        remembered.tell("c", "3".to_owned(), other, Instant(0));
        assert_eq!(remembered.next("c", Instant(0)).unwrap().id, "3");
        assert_eq!(remembered.next("c", Instant(10_000)).unwrap().id, "1");
        assert_eq!(remembered.waiting[1].message.thread.as_deref(), Some("1"));
    }

    #[test]
    fn what_waits_is_bounded_and_the_oldest_gives_way() {
        let mut remembered = Remembered::default();
        for number in 0..WAITING_MAX {
            assert_eq!(remembered.tell("c", number.to_string(), message(Phase::Triggered), Instant(0)), 0);
        }
        assert_eq!(remembered.tell("c", "new".to_owned(), message(Phase::Triggered), Instant(0)), 1);
        assert_eq!((remembered.waiting.len(), remembered.waiting[0].id.as_str()), (WAITING_MAX, "1"));
    }

    #[test]
    fn the_file_gives_back_what_was_written_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = File::new(folder.path());
        assert_eq!(file.read(), Remembered::default());
        let mut remembered = Remembered::default();
        remembered.tell("c", "1".to_owned(), message(Phase::Triggered), Instant(7));
        file.write(&remembered).unwrap();
        assert_eq!(file.read(), remembered);
        let mode = std::fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        for bad in ["[{", "{\"v\":2,\"said\":[],\"waiting\":[]}", ""] {
            std::fs::write(folder.path().join(FILE), bad).unwrap();
            assert_eq!(file.read(), Remembered::default(), "{bad}");
        }
    }
}
