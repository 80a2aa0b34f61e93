//! Evidence: which observations are worth keeping, and the files and the fact that are made of one.
//!
//! Files are written beside the engine's task; the fact goes with the next flush, so a file may be there that no fact names
//! yet, and never a fact whose file was not written. Not here: what a probe takes down (`uphold_probe::outcome`).

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};
use uphold_core::id::Series;
use uphold_core::ledger::evidence::{self, File, Media};
use uphold_core::ledger::fact::Fact;
use uphold_core::run::Observed;
use uphold_core::time::{Instant, Millis};
use uphold_probe::outcome::{AnswerEvidence, Cause, Evidence, PageEvidence, Phases};

use super::start;
use crate::config::EvidenceLimits;
use crate::ledger::book::{Book, Kept};
use crate::ledger::{EvidenceFiles, LedgerError};

const DAY: i64 = 86_400_000;

/// How many observations are written at once.
const WRITERS: usize = 4;

/// How often files are looked through for those that have expired.
const EXPIRE_EVERY: Millis = Millis(3_600_000);

/// One observation, with what was taken down of it.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) series: Series,
    pub(super) at: Instant,
    pub(super) state: Observed,
    pub(super) cause: Cause,
    pub(super) phases: Phases,
    pub(super) evidence: Option<Box<Evidence>>,
}

/// Keeps evidence of the checks of one engine.
#[derive(Debug)]
pub(super) struct Keeper {
    limits: EvidenceLimits,
    files: Arc<EvidenceFiles>,
    by: String,
    turns: Arc<Semaphore>,
    made: (mpsc::UnboundedSender<Option<Fact>>, mpsc::UnboundedReceiver<Option<Fact>>),
    /// How many observations are being written.
    writing: usize,
    ready: Vec<Fact>,
    looked_through: Option<Millis>,
}

/// What was kept of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    state: Option<Observed>,
    last: Option<Instant>,
    /// Days since the epoch, and how often on that day.
    day: i64,
    count: u32,
}

impl Tally {
    /// What the book says of a series.
    pub(super) fn of(book: &Book, series: &Series) -> Self {
        let kept: &[Kept] = book.evidence.get(series).map_or(&[], Vec::as_slice);
        let last = kept.iter().map(|kept| kept.at).max();
        let day = last.map_or(0, day);
        let count = kept.iter().filter(|kept| self::day(kept.at) == day).count();
        let state = book.fold.open_run(series).map(|run| run.state);
        Self { state, last, day, count: u32::try_from(count).unwrap_or(u32::MAX) }
    }

    /// Whether an observation is to be kept: each change of state, and a failure that goes on from time to time, spread over
    /// the day so that a long one leaves room for the next.
    pub(super) fn take(&mut self, per_day: u32, at: Instant, state: Observed) -> bool {
        let before = self.state.replace(state).unwrap_or(Observed::Up);
        let fails = matches!(state, Observed::Down | Observed::Degraded);
        if day(at) != self.day {
            (self.day, self.count) = (day(at), 0);
        }
        let spread = Millis(DAY / i64::from(per_day.max(1)));
        let is_due = before != state || (fails && self.last.is_none_or(|last| at - last >= spread));
        let keeps = is_due && self.count < per_day;
        if keeps {
            (self.count, self.last) = (self.count + 1, Some(at));
        }
        keeps
    }
}

fn day(at: Instant) -> i64 {
    at.0.div_euclid(DAY)
}

impl Keeper {
    pub(super) fn new(limits: EvidenceLimits, files: EvidenceFiles, by: String) -> Self {
        Self {
            limits,
            files: Arc::new(files),
            by,
            turns: Arc::new(Semaphore::new(WRITERS)),
            made: mpsc::unbounded_channel(),
            writing: 0,
            ready: Vec::new(),
            looked_through: None,
        }
    }

    /// Keeps by other limits from now on.
    pub(super) fn limit(&mut self, limits: EvidenceLimits) {
        self.limits = limits;
    }

    /// Begins to keep an observation.
    pub(super) fn keep(&mut self, seen: Seen) {
        let turns = Arc::clone(&self.turns);
        let (files, by, made) = (Arc::clone(&self.files), self.by.clone(), self.made.0.clone());
        self.writing += 1;
        tokio::spawn(async move {
            // Thousands of checks may fail at once, and the disk is the ledger's first.
            let _turn = turns.acquire().await;
            let kept = tokio::task::spawn_blocking(move || keep(&files, by, seen)).await;
            let kept = kept.map(|kept| {
                kept.inspect_err(|error| {
                    tracing::error!(error = error as &dyn std::error::Error, "evidence cannot be kept");
                })
            });
            // Nobody listens only when the engine has ended.
            let _ = made.send(kept.ok().and_then(Result::ok));
        });
    }

    /// Whether there are facts whose files are written.
    pub(super) fn is_ready(&mut self) -> bool {
        while let Ok(made) = self.made.1.try_recv() {
            self.done(made);
        }
        !self.ready.is_empty()
    }

    /// Takes these facts out.
    pub(super) fn ready(&mut self) -> Vec<Fact> {
        self.is_ready();
        std::mem::take(&mut self.ready)
    }

    /// Waits until nothing is being written.
    pub(super) async fn settle(&mut self) {
        while self.writing > 0 {
            let Some(made) = self.made.1.recv().await else { return };
            self.done(made);
        }
    }

    fn done(&mut self, made: Option<Fact>) {
        self.writing -= 1;
        self.ready.extend(made);
    }

    /// Removes what has expired, if it is time to look.
    pub(super) fn expire_if_due(&mut self, now: Instant, monotonic: Millis) {
        if self.looked_through.is_some_and(|last| monotonic - last < EXPIRE_EVERY) {
            return;
        }
        self.looked_through = Some(monotonic);
        let (files, before) = (Arc::clone(&self.files), now - self.limits.keep);
        tokio::task::spawn_blocking(move || match files.expire(before) {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "files of evidence have expired"),
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "evidence cannot expire"),
        });
    }
}

/// Writes the files of an observation; the fact that names them.
fn keep(files: &EvidenceFiles, by: String, seen: Seen) -> Result<Fact, LedgerError> {
    let cause: String = seen.cause.to_string().chars().filter(|c| !c.is_control()).take(500).collect();
    let picture = match seen.evidence.as_deref() {
        Some(Evidence::Page(PageEvidence { picture: Some(picture), .. })) => {
            let digest = files.keep(picture, seen.at)?;
            Some(File { digest, media: Media::Png, bytes: picture.len() as u64 })
        }
        _ => None,
    };
    let text = format!("{:#}\n", document(&seen, &cause, picture.as_ref()));
    let digest = files.keep(text.as_bytes(), seen.at)?;
    let document = File { digest, media: Media::Json, bytes: text.len() as u64 };
    let Phases { resolve_us, connect_us, tls_us, first_byte_us, body_us, total_us } = seen.phases;
    Ok(Fact::Evidence(evidence::Evidence {
        id: start::fact_id("evidence", seen.at),
        by,
        series: seen.series,
        at: seen.at,
        state: seen.state,
        cause,
        took: evidence::Took { resolve_us, connect_us, tls_us, first_byte_us, body_us, total_us },
        files: std::iter::once(document).chain(picture).collect(),
    }))
}

/// What the file says. `docs/api.md` describes it.
fn document(seen: &Seen, cause: &str, picture: Option<&File>) -> Value {
    let Phases { resolve_us, connect_us, tls_us, first_byte_us, body_us, total_us } = seen.phases;
    let mut document = json!({
        "v": 1,
        "check": seen.series.check.as_str(),
        "vantage": seen.series.vantage.as_str(),
        "at": seen.at.to_string(),
        "state": seen.state.name(),
        "cause": cause,
        "took_us": {
            "resolve": resolve_us, "connect": connect_us, "tls": tls_us, "first_byte": first_byte_us,
            "body": body_us, "total": total_us,
        },
    });
    match seen.evidence.as_deref() {
        Some(Evidence::Answer(answer)) => document["answer"] = of_answer(answer),
        Some(Evidence::Page(PageEvidence { url, title, refused, .. })) => {
            let picture = picture.map(|picture| picture.digest.to_string());
            document["page"] = json!({ "url": url, "title": title, "refused": refused, "picture": picture });
        }
        None => {}
    }
    document
}

fn of_answer(answer: &AnswerEvidence) -> Value {
    json!({
        "status": answer.status,
        "headers": answer.headers,
        "body_start": String::from_utf8_lossy(&answer.body_start),
        "body_bytes": answer.body_len,
        "body_cut": answer.body_cut,
        "body_sha256": uphold_core::ledger::digest::Digest(answer.body_sha256).to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uphold_core::id::{CheckId, VantageId};

    /// Which of these observations are kept, by their place.
    fn kept(per_day: u32, seen: impl IntoIterator<Item = (i64, Observed)>) -> Vec<usize> {
        let mut tally = Tally::default();
        let keeps = seen.into_iter().map(|(at, state)| tally.take(per_day, Instant(at), state));
        keeps.enumerate().filter(|(_, keeps)| *keeps).map(|(place, _)| place).collect()
    }

    #[test]
    fn every_change_is_kept_and_a_failure_that_goes_on_is_spread_over_the_day() {
        use Observed::{Degraded, Down, Unknown, Up};
        let changes = [(0, Up), (1, Down), (2, Down), (3, Up), (4, Up), (5, Unknown), (6, Unknown), (7, Degraded)];
        assert_eq!(kept(24, changes), [1, 3, 5, 7]);
        // Three days of one failure, seen every minute: once an hour.
        let failure = (0..3 * 1_440).map(|minute| (minute * 60_000, Down));
        let of_failure = kept(24, failure);
        assert_eq!(of_failure.len(), 72);
        assert!(of_failure.windows(2).all(|pair| pair[1] - pair[0] == 60), "{of_failure:?}");
    }

    #[test]
    fn no_day_has_more_than_its_share() {
        let flapping = (0..2 * 1_440).map(|minute| {
            let state = if minute % 2 == 0 { Observed::Down } else { Observed::Up };
            (minute * 60_000, state)
        });
        let kept_of_it = kept(24, flapping.clone());
        assert_eq!(kept_of_it.len(), 48);
        assert!(kept_of_it[..24].iter().all(|place| *place < 24) && kept_of_it[24] == 1_440);
        assert_eq!(kept(0, flapping), Vec::<usize>::new());
    }

    #[test]
    fn the_files_say_what_was_seen_and_the_fact_names_them() {
        let data = tempfile::tempdir().unwrap();
        let files = EvidenceFiles::of(data.path());
        let picture = b"\x89PNG\r\n\x1a\nrest".to_vec();
        let page = PageEvidence {
            url: "https://a.example/".to_owned(),
            title: "</script>".to_owned(),
            refused: vec!["10.0.0.1".to_owned()],
            picture: Some(picture.clone()),
        };
        let seen = Seen {
            series: Series { check: CheckId::parse("console").unwrap(), vantage: VantageId::parse("tokyo").unwrap() },
            at: Instant(1_000),
            state: Observed::Down,
            cause: Cause::Status(503),
            phases: Phases { total_us: 9, ..Phases::default() },
            evidence: Some(Box::new(Evidence::Page(page))),
        };
        let fact = keep(&files, "server:tokyo".to_owned(), seen).unwrap();
        assert_eq!(Fact::decode(fact.kind(), 1, &fact.encode()).as_ref(), Ok(&fact));
        let Fact::Evidence(fact) = fact else { panic!("{fact:?}") };
        let [document, kept] = fact.files.as_slice() else { panic!("{fact:?}") };
        assert_eq!(files.find(kept.digest).unwrap(), Some(picture));
        let text = files.find(document.digest).unwrap().unwrap();
        assert_eq!(text.len() as u64, document.bytes);
        let read: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!((&read["cause"], &read["took_us"]["total"]), (&json!("HTTP 503"), &json!(9)));
        assert_eq!(read["page"]["picture"], json!(kept.digest.to_string()));
    }
}
