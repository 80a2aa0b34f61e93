//! The revisions of the agreement as facts: each that comes into use, or whose text is another now, is named in the ledger; one
//! that judged time there can never be taken away.

use std::fmt;
use std::path::Path;

use uphold_core::agreement::{self, Agreement};
use uphold_core::evaluate::{Customers, Problem, Request, customers, problems};
use uphold_core::interval::Interval;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::fact::{self, Fact};
use uphold_core::time::{Instant, Zone};

use super::{Settings, start};
use crate::ledger::book::{Book, Named};
use crate::ledger::find_agreement;
use crate::revisions::Revisions;

/// A revision that judged time in the ledger is not among those that are given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingRevision {
    /// Its name.
    pub revision: String,
    /// The time of the ledger that it judged.
    pub judged: Interval,
    /// SHA-256 of its text.
    pub digest: Digest,
}

impl MissingRevision {
    /// What to do.
    pub const HELP: &'static str = "give its file too, ended by `valid_until` where the next begins; the folder `agreements` \
                                    of the data folder has its text under that digest";
}

impl fmt::Display for MissingRevision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, until) = (self.judged.from(), self.judged.until());
        write!(f, "the revision `{}` (SHA-256 {}) judged from {from} to {until}", self.revision, self.digest)?;
        f.write_str(" and is not among those that are given")
    }
}

impl std::error::Error for MissingRevision {}

/// What the ledger does not say yet: a fact for each revision that is new or has another text, in the order of their validity;
/// before them one for each that is withdrawn. Where the checks alone changed, the revision in force is named again.
pub(super) fn named(book: &Book, settings: &Settings, now: Instant, by: &str) -> Vec<Fact> {
    let definitions = settings.checks.digest;
    let fact = |agreement: &Agreement, digest: Digest| {
        Fact::Agreement(fact::Agreement {
            id: start::fact_id("agreement", now),
            by: by.to_owned(),
            agreement: agreement.id.clone(),
            revision: agreement.revision.clone(),
            digest,
            definitions,
            withdrawn: false,
        })
    };
    let withdrawn = gone(book, &settings.revisions).map(|named| {
        let (id, by) = (start::fact_id("agreement", now), by.to_owned());
        Fact::Agreement(fact::Agreement { id, by, definitions, withdrawn: true, ..named.fact.clone() })
    });
    let is_known = |agreement: &Agreement, digest: Digest| {
        book.revisions.iter().any(|named| {
            (&named.fact.agreement, &named.fact.revision, named.fact.digest)
                == (&agreement.id, &agreement.revision, digest)
        })
    };
    let new = settings.revisions.each().iter().filter(|(agreement, digest)| !is_known(agreement, *digest));
    let mut facts: Vec<Fact> = withdrawn.chain(new.map(|(agreement, digest)| fact(agreement, *digest))).collect();
    let is_measured_so = book.agreement.as_ref().is_some_and(|last| last.definitions == definitions);
    if facts.is_empty() && !is_measured_so {
        let (agreement, digest) = settings
            .revisions
            .find(&settings.revisions.in_force(now).revision)
            .into_iter()
            .next()
            .map(|(agreement, digest)| (agreement.clone(), *digest))
            .expect("the one in force is one of them");
        facts.push(fact(&agreement, digest));
    }
    facts
}

/// The revisions in use that are not among those that are given. Those of another agreement are no revisions of this one.
fn gone<'a>(book: &'a Book, given: &'a Revisions) -> impl Iterator<Item = &'a Named> {
    let own = book.revisions.iter().filter(|named| named.fact.agreement == *given.id());
    own.filter(|named| given.find(&named.fact.revision).is_none())
}

/// Refuses to go on without a revision that judged time in the ledger. One whose text was never kept cannot have been used by
/// this version, and is passed over. `folder` is the data folder.
///
/// # Errors
/// When a revision is missing, or a text that is kept cannot be read.
pub fn must_stay(folder: &Path, book: &Book, settings: &Settings) -> Result<(), super::StartError> {
    for named in gone(book, &settings.revisions) {
        let text = find_agreement(folder, named.fact.digest)?;
        let agreement = text.and_then(|text| agreement::read(&text).agreement);
        if let Some(missing) = agreement.and_then(|old| missing(book, named, old.valid, settings.clock.now())) {
            return Err(missing.into());
        }
    }
    Ok(())
}

/// The same of revisions that are in use now.
pub(super) fn may_go(book: &Book, old: &Revisions, new: &Revisions, now: Instant) -> Result<(), MissingRevision> {
    let judged = gone(book, new).filter_map(|named| {
        let (agreement, _) = old.find(&named.fact.revision)?;
        missing(book, named, agreement.valid, now)
    });
    judged.map(Err).next().unwrap_or(Ok(()))
}

/// The new revisions cannot judge what is recorded, and those so far can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CannotJudge(Vec<Problem>);

impl CannotJudge {
    /// What to do about the first of them.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.0.first().map(|problem| problem.help.as_str())
    }
}

impl fmt::Display for CannotJudge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        write!(f, "what is recorded could no longer be judged: {}", all.join("; "))
    }
}

impl std::error::Error for CannotJudge {}

/// Refuses revisions that leave open what the recorded facts ask, where those so far do not: one that is to come would take
/// the figures of today away.
///
/// # Errors
/// Every problem that the new ones alone have.
pub fn must_judge(book: &Book, old: &[Agreement], new: &[Agreement]) -> Result<(), CannotJudge> {
    let at = book.recorded_at.unwrap_or(Instant::MIN);
    let known = book.history().known_at(at);
    let of = |revisions: &[Agreement]| -> Vec<Problem> {
        let ask = |customers| {
            let request = Request { period: Zone::utc().month_of(at), as_known_at: at, customers };
            problems(revisions, &known, &request)
        };
        let each = (!customers(&known).is_empty()).then(|| ask(Customers::All));
        each.unwrap_or_else(|| ask(Customers::Nobody))
    };
    let before = of(old);
    let more: Vec<Problem> = of(new).into_iter().filter(|problem| !before.contains(problem)).collect();
    if more.is_empty() { Ok(()) } else { Err(CannotJudge(more)) }
}

fn missing(book: &Book, named: &Named, valid: Interval, now: Instant) -> Option<MissingRevision> {
    let first = book.checks.iter().map(|known| known.check.active.from()).min()?;
    let judged = Interval::new(first, now)?.intersect(valid)?;
    Some(MissingRevision { revision: named.fact.revision.clone(), judged, digest: named.fact.digest })
}
