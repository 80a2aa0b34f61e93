//! What is told: composed once, in the language of its channel, and kept until it was handed over.

use serde::{Deserialize, Serialize};
use uphold_core::agreement::{Agreement, Language, Subject};
use uphold_core::time::{Instant, Zone};
use uphold_core::timeline::State;

use crate::live::Live;
use crate::operate::alerts::{Alert, AlertKey, AlertKind, Severity, find_subject};
use crate::wording::alert as wording;
use crate::wording::{Texts, Words};

/// What a message is about its alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// It began.
    Triggered,
    /// It lasts.
    Repeated,
    /// It is over.
    Resolved,
    /// Nothing is wrong: somebody tries the channel.
    Test,
}

impl Phase {
    /// Its name in interfaces.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Triggered => "triggered",
            Self::Repeated => "repeated",
            Self::Resolved => "resolved",
            Self::Test => "test",
        }
    }
}

/// One message. Its texts have no control characters, whatever the agreement says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// What it is about its alert.
    pub phase: Phase,
    /// The alert.
    pub key: AlertKey,
    /// What kind of alert; nothing of a test.
    pub kind: Option<AlertKind>,
    /// Whom it must reach.
    pub severity: Severity,
    /// When it was composed, RFC 3339.
    pub at: String,
    /// Since when it is wrong, RFC 3339.
    pub since: String,
    /// Until when it was wrong, where it is over.
    pub until: Option<String>,
    /// How long it was wrong, where it is over, in milliseconds.
    pub lasted_ms: Option<i64>,
    /// The agreement.
    pub agreement: Option<String>,
    /// Its revision.
    pub revision: Option<String>,
    /// The solution.
    pub solution: Option<String>,
    /// What is judged, as `shop/api`.
    pub subject: Option<String>,
    /// The commitments that it concerns.
    pub commitments: Vec<Concerned>,
    /// One line that says what.
    pub title: String,
    /// The lines that say more.
    pub lines: Vec<String>,
    /// Where to read on.
    pub url: Option<String>,
    /// The language of its texts.
    pub language: String,
    /// The id of the message that began it, where it is another one.
    pub thread: Option<String>,
}

/// A commitment that an alert concerns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concerned {
    /// Its id.
    pub commitment: String,
    /// The clause that promises it.
    pub clause: String,
    /// What it promises, in percent.
    pub promised: Option<String>,
    /// The figure of the period in progress, as the pages show it.
    pub figure: Option<String>,
}

/// What composing needs beside the picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) language: Language,
    pub(super) base_url: Option<&'a str>,
    pub(super) now: Instant,
}

/// Says that something is wrong, or still is.
pub(super) fn wrong(live: &Live, key: &AlertKey, alert: &Alert, phase: Phase, setting: Setting<'_>) -> Message {
    let words = words(live, alert, setting.language);
    let lines = wording::lines(&words, live, alert, setting.now);
    let title = wording::title(&words, &live.agreement, alert.kind, alert.subject.as_ref());
    let title = if phase == Phase::Repeated { wording::still(&words, &title) } else { title };
    Message {
        phase,
        key: key.clone(),
        kind: Some(alert.kind),
        severity: alert.severity,
        at: setting.now.to_string(),
        since: alert.since.to_string(),
        until: None,
        lasted_ms: None,
        agreement: Some(live.agreement.id.to_string()),
        revision: Some(live.agreement.revision.clone()),
        solution: alert.solution().map(ToString::to_string),
        subject: alert.subject.as_ref().map(ToString::to_string),
        commitments: concerned(&words, live, alert),
        title,
        lines,
        url: link(setting.base_url, alert.subject.as_ref()),
        language: setting.language.code().to_owned(),
        thread: None,
    }
}

/// Says that what `began` told of is over: what holds instead, and since when, where that is known.
pub(super) fn over(
    live: &Live,
    began: &Message,
    instead: Option<(State, Option<Instant>)>,
    setting: Setting<'_>,
) -> Message {
    let since = Instant::parse(&began.since).unwrap_or(setting.now);
    let until = instead.and_then(|(_, since)| since).unwrap_or(setting.now).max(since);
    let subject = began.kind.and_then(|kind| find_subject(live, kind, &began.key));
    let zone = live.agreement.zone();
    let words = Words { texts: Texts(setting.language), zone };
    // A subject that is judged no more has no name any more, and nobody can say how it is.
    let is_gone = began.subject.is_some() && subject.is_none();
    let title = match began.kind {
        Some(kind) if !is_gone => {
            wording::over(&words, &live.agreement, kind, subject, instead.map(|(state, _)| state))
        }
        _ => wording::gone(&words, &began.title),
    };
    Message {
        phase: Phase::Resolved,
        at: setting.now.to_string(),
        until: Some(until.to_string()),
        lasted_ms: Some((until - since).0),
        title,
        lines: vec![wording::lasted(&words, since, until)],
        language: setting.language.code().to_owned(),
        ..began.clone()
    }
}

/// A message that tries a channel.
#[must_use]
pub fn test(channel: &str, language: Language, base_url: Option<&str>, now: Instant) -> Message {
    let words = Words { texts: Texts(language), zone: Zone::utc() };
    let (title, line) = wording::test(&words, channel);
    Message {
        phase: Phase::Test,
        key: AlertKey::of_test(),
        kind: None,
        severity: Severity::Ticket,
        at: now.to_string(),
        since: now.to_string(),
        until: None,
        lasted_ms: None,
        agreement: None,
        revision: None,
        solution: None,
        subject: None,
        commitments: Vec::new(),
        title,
        lines: vec![line],
        url: link(base_url, None),
        language: language.code().to_owned(),
        thread: None,
    }
}

/// The words of a channel, in the zone of the commitment that it is about.
fn words(live: &Live, alert: &Alert, language: Language) -> Words {
    let mine = alert.commitments.first().and_then(|(id, _)| live.agreement.find_commitment(id));
    let zone = mine.or(live.agreement.commitments.first()).map(|commitment| commitment.terms.zone.value.clone());
    Words { texts: Texts(language), zone: zone.unwrap_or_else(Zone::utc) }
}

fn concerned(words: &Words, live: &Live, alert: &Alert) -> Vec<Concerned> {
    let of = |agreement: &Agreement, id, subject| {
        let commitment = agreement.find_commitment(id)?;
        Some(Concerned {
            commitment: commitment.id.to_string(),
            clause: commitment.clause.to_string(),
            promised: commitment.target().map(|target| target.percent.clone()),
            figure: wording::figure(words, live, id, subject),
        })
    };
    alert.commitments.iter().filter_map(|(id, subject)| of(&live.agreement, id, subject)).collect()
}

/// The page: of a subject the status page, of what is wrong with the monitor the page of its checks.
fn link(base_url: Option<&str>, subject: Option<&Subject>) -> Option<String> {
    let page = if subject.is_some() { "status" } else { "checks" };
    base_url.map(|base| format!("{base}/{page}"))
}
