//! The revisions of the agreement that a server judges by: one or several of one agreement, in the order of their validity,
//! each with the digest of its text.
//!
//! What a revision means for a period or a customer is in core (`evaluate`). Not here: reading the files, and what the ledger
//! says of them (`Book::revisions`).

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use uphold_core::agreement::compare::{Difference, compare};
use uphold_core::agreement::{Agreement, Solution};
use uphold_core::evaluate::{Problem, in_force, revision_problems};
use uphold_core::id::AgreementId;
use uphold_core::interval::Interval;
use uphold_core::ledger::digest::Digest;
use uphold_core::time::{Instant, Period};

/// The revisions in use. There is at least one.
#[derive(Debug, Clone)]
pub struct Revisions {
    /// As the evaluation takes them.
    all: Arc<Vec<Agreement>>,
    /// The same one by one, each with SHA-256 of its text.
    each: Arc<Vec<(Arc<Agreement>, Digest)>>,
    /// What differs between neighbours, once somebody asked.
    differences: Arc<OnceLock<Vec<Vec<Difference>>>>,
}

impl Revisions {
    /// Takes revisions in any order, each with the digest of its text.
    ///
    /// # Errors
    /// Every problem that they have with each other; that there is none.
    pub fn new(mut read: Vec<(Agreement, Digest)>) -> Result<Self, Vec<Problem>> {
        read.sort_by_key(|(agreement, _)| agreement.valid.from());
        let all: Vec<Agreement> = read.iter().map(|(agreement, _)| agreement.clone()).collect();
        let problems = match all.as_slice() {
            [] => vec![Problem {
                message: "there is no agreement to judge by".to_owned(),
                help: "give at least one revision".to_owned(),
            }],
            some => revision_problems(some),
        };
        if problems.is_empty() { Ok(Self::made(all, read)) } else { Err(problems) }
    }

    /// One revision alone, which has no problems with others.
    #[must_use]
    pub fn one(agreement: Agreement, digest: Digest) -> Self {
        Self::made(vec![agreement.clone()], vec![(agreement, digest)])
    }

    fn made(all: Vec<Agreement>, read: Vec<(Agreement, Digest)>) -> Self {
        let each = read.into_iter().map(|(agreement, digest)| (Arc::new(agreement), digest)).collect();
        Self { all: Arc::new(all), each: Arc::new(each), differences: Arc::default() }
    }

    /// All of them, the oldest first.
    #[must_use]
    pub fn all(&self) -> &[Agreement] {
        &self.all
    }

    /// Each with the digest of its text, the oldest first.
    #[must_use]
    pub fn each(&self) -> &[(Arc<Agreement>, Digest)] {
        &self.each
    }

    /// The id that all of them have.
    #[must_use]
    pub fn id(&self) -> &AgreementId {
        &self.all[0].id
    }

    /// The revision in force at an instant; where none is, the nearest that was, or the first.
    #[must_use]
    pub fn in_force(&self, at: Instant) -> &Arc<Agreement> {
        let found = in_force(&self.all, at).and_then(|found| self.find(&found.revision));
        found.map_or(&self.each[0].0, |(agreement, _)| agreement)
    }

    /// The month of an instant, by the calendar of the revision that is in force then.
    #[must_use]
    pub fn month_of(&self, at: Instant) -> Period {
        self.in_force(at).zone().month_of(at)
    }

    /// Whether any of them is in force at an instant.
    #[must_use]
    pub fn any_in_force(&self, at: Instant) -> bool {
        self.all.iter().any(|agreement| agreement.valid.contains(at))
    }

    /// The revision of that name.
    #[must_use]
    pub fn find(&self, revision: &str) -> Option<&(Arc<Agreement>, Digest)> {
        self.each.iter().find(|(agreement, _)| agreement.revision == revision)
    }

    /// The whole time in which any of them is in force: they follow one another without a gap.
    #[must_use]
    pub fn valid(&self) -> Interval {
        let [first, .., last] = &**self.all else { return self.all[0].valid };
        Interval::new(first.valid.from(), last.valid.until()).unwrap_or(first.valid)
    }

    /// Whether one of several comes into force after `after` and not later than `until`.
    #[must_use]
    pub fn changes_within(&self, after: Instant, until: Instant) -> bool {
        self.all.iter().skip(1).any(|agreement| after < agreement.valid.from() && agreement.valid.from() <= until)
    }

    /// What differs between each and the one before it: one list less than there are revisions.
    #[must_use]
    pub fn differences(&self) -> &[Vec<Difference>] {
        self.differences.get_or_init(|| self.all.windows(2).map(|pair| compare(&pair[0], &pair[1])).collect())
    }

    /// The agreement in force at an instant with the solutions and interfaces of all revisions: what a check may measure and an
    /// alert may be about. A service that begins or ends with a revision is measured before and after the change as well.
    #[must_use]
    pub fn covering(&self, at: Instant) -> Agreement {
        let mut covering = Agreement::clone(self.in_force(at));
        for solution in self.all.iter().flat_map(|agreement| &agreement.solutions) {
            cover(&mut covering.solutions, solution);
        }
        covering
    }
}

/// The files that a path names: itself, or where it is a folder every `*.toml` in it, in the order of their names. A folder is
/// read anew each time, so that a revision can be added to a running server.
///
/// # Errors
/// When a folder cannot be read.
pub fn files_of(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    Ok(files)
}

fn cover(solutions: &mut Vec<Solution>, more: &Solution) {
    let Some(known) = solutions.iter_mut().find(|known| known.id == more.id) else {
        solutions.push(more.clone());
        return;
    };
    for interface in &more.interfaces {
        if known.interfaces.iter().all(|other| other.id != interface.id) {
            known.interfaces.push(interface.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = include_str!("../../examples/new/agreement.toml");

    fn revision(name: &str, from: &str, until: Option<&str>) -> (Agreement, Digest) {
        let text = FIRST.replacen("revision = \"1\"", &format!("revision = \"{name}\""), 1);
        let mut agreement = uphold_core::agreement::read(&text).agreement.unwrap();
        let at = |text: &str| Instant::parse(text).unwrap();
        agreement.valid = Interval::new(at(from), until.map_or(Instant::MAX, at)).unwrap();
        (agreement, Digest::of(&[name.as_bytes()]))
    }

    fn stated(mut read: (Agreement, Digest)) -> (Agreement, Digest) {
        use uphold_core::agreement::{MidPeriod, Origin, Stated, TakesEffect};
        let origin = Origin::Contract;
        read.0.takes_effect = Some(Stated { value: TakesEffect::AtOnce, origin: origin.clone() });
        read.0.mid_period = Some(Stated { value: MidPeriod::Split, origin });
        read
    }

    #[test]
    fn the_order_of_the_files_does_not_matter_and_the_one_in_force_is_found() {
        let one = revision("1", "2026-01-01T00:00:00Z", Some("2026-06-01T00:00:00Z"));
        let two = stated(revision("2", "2026-06-01T00:00:00Z", Some("2027-01-01T00:00:00Z")));
        let revisions = Revisions::new(vec![two, one]).unwrap();
        let at = |text: &str| revisions.in_force(Instant::parse(text).unwrap()).revision.clone();
        assert_eq!(at("2026-05-31T23:59:59.999Z"), "1");
        assert_eq!(at("2026-06-01T00:00:00Z"), "2");
        // Outside all of them the nearest is shown, and nobody is told that it is in force.
        assert_eq!((at("2025-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")), ("1".into(), "2".into()));
        assert!(!revisions.any_in_force(Instant::parse("2027-01-01T00:00:00Z").unwrap()));
        assert_eq!(revisions.valid().until(), Instant::parse("2027-01-01T00:00:00Z").unwrap());
        let change = Instant::parse("2026-06-01T00:00:00Z").unwrap();
        let before = Instant(change.0 - 1);
        assert!(revisions.changes_within(before, change) && !revisions.changes_within(change, Instant::MAX));
        assert!(!revisions.changes_within(Instant::MIN, before), "the first begins, and nothing changes");
        assert_eq!(revisions.differences().len(), 1);
        assert!(revisions.differences()[0].iter().any(|each| each.key.as_deref() == Some("revision")));
    }

    #[test]
    fn what_revisions_have_against_each_other_is_told() {
        let first = || revision("1", "2026-01-01T00:00:00Z", Some("2026-06-01T00:00:00Z"));
        let told = |read: Vec<(Agreement, Digest)>| -> Vec<String> {
            Revisions::new(read).unwrap_err().iter().map(ToString::to_string).collect()
        };
        let two = |from: &str| stated(revision("2", from, None));
        let twice = told(vec![first(), two("2026-06-01T00:00:00Z"), revision("1", "2027-01-01T00:00:00Z", None)]);
        assert!(twice.iter().any(|text| text == "the revision `1` is given twice"), "{twice:?}");
        let overlap = told(vec![first(), two("2026-05-01T00:00:00Z")]);
        assert_eq!(overlap, ["revisions `1` and `2` are both valid from 2026-05-01T00:00:00Z"]);
        let gap = told(vec![first(), two("2026-07-01T00:00:00Z")]);
        assert_eq!(gap, ["no revision is valid from 2026-06-01T00:00:00Z to 2026-07-01T00:00:00Z"]);
        let silent = told(vec![first(), revision("2", "2026-06-01T00:00:00Z", None)]);
        assert_eq!(silent.len(), 2, "{silent:?}");
        let mut other = two("2026-06-01T00:00:00Z");
        other.0.id = AgreementId::parse("other").unwrap();
        let id = first().0.id;
        assert_eq!(told(vec![first(), other]), [format!("`{id}` and `other` are two agreements")]);
        assert_eq!(told(Vec::new()), ["there is no agreement to judge by"]);
    }

    #[test]
    fn what_any_revision_covers_may_be_measured() {
        let mut one = revision("1", "2026-01-01T00:00:00Z", Some("2026-06-01T00:00:00Z"));
        let mut gone = one.0.solutions[0].clone();
        gone.id = uphold_core::id::SolutionId::parse("gone").unwrap();
        one.0.solutions.push(gone);
        let two = stated(revision("2", "2026-06-01T00:00:00Z", None));
        let own = two.0.solutions.len();
        let covering =
            Revisions::new(vec![one, two]).unwrap().covering(Instant::parse("2026-07-01T00:00:00Z").unwrap());
        assert_eq!(covering.revision, "2");
        assert_eq!(covering.solutions.len(), own + 1);
    }
}
