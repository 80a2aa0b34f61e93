//! The agreement as code: what the contract says, and what its operator chose where the contract is silent.
//!
//! [`read()`] turns the text of a file into an [`Agreement`] or into every problem it has. What an agreement means for a
//! history is not here but in [`crate::evaluate`].

mod read;
mod terms;

pub use read::{Reading, read};
pub use terms::{Binding, Composition, Origin, PeriodLength, Stated, TERMS, TermDoc, Terms, UnknownPolicy};

use std::collections::BTreeMap;

use crate::id::{AgreementId, ClauseId, CommitmentId, DocumentId, InterfaceId, SolutionId};
use crate::interval::Interval;
use crate::ratio::Ratio;
use crate::time::Instant;

/// A language that texts are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    /// English.
    En,
    /// Japanese.
    Ja,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::En, Self::Ja];

    /// The code that files and addresses use.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ja => "ja",
        }
    }

    /// The language of that code.
    #[must_use]
    pub fn find(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }
}

/// A text in each of the agreement's languages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text(pub BTreeMap<Language, String>);

impl Text {
    /// The text in a language; where that is missing, in any language the text has.
    #[must_use]
    pub fn in_language(&self, language: Language) -> &str {
        self.0.get(&language).or_else(|| self.0.values().next()).map_or("", String::as_str)
    }
}

/// How strongly a clause binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Force {
    /// Says what is so.
    Statement,
    /// A goal, without a promise to reach it.
    Objective,
    /// A promise to try.
    Efforts,
    /// A promise to do.
    Duty,
    /// What a party may do.
    Permission,
    /// What must hold for the rest to apply.
    Condition,
}

impl Force {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Statement, Self::Objective, Self::Efforts, Self::Duty, Self::Permission, Self::Condition];

    /// The name that files use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Statement => "statement",
            Self::Objective => "objective",
            Self::Efforts => "efforts",
            Self::Duty => "duty",
            Self::Permission => "permission",
            Self::Condition => "condition",
        }
    }
}

/// One revision of an agreement.
#[derive(Debug, Clone)]
pub struct Agreement {
    /// The same over all revisions.
    pub id: AgreementId,
    /// Its title.
    pub title: Text,
    /// Who promises.
    pub provider: Text,
    /// Which revision this is, as its author counts them.
    pub revision: String,
    /// The languages that every text has.
    pub languages: Vec<Language>,
    /// The language that governs where two differ.
    pub authoritative: Language,
    /// What the reader of another language is told about the one that governs.
    pub note: Option<Text>,
    /// When this revision is in force.
    pub valid: Interval,
    /// Other documents it refers to, the one that prevails first.
    pub documents: Vec<Document>,
    /// Its clauses, in the order of the contract.
    pub clauses: Vec<Clause>,
    /// The services it covers.
    pub solutions: Vec<Solution>,
    /// What it promises, as far as it can be measured.
    pub commitments: Vec<Commitment>,
}

impl Agreement {
    /// The clause of that number.
    #[must_use]
    pub fn find_clause(&self, id: &ClauseId) -> Option<&Clause> {
        self.clauses.iter().find(|clause| clause.id == *id)
    }

    /// The solution of that id.
    #[must_use]
    pub fn find_solution(&self, id: &SolutionId) -> Option<&Solution> {
        self.solutions.iter().find(|solution| solution.id == *id)
    }

    /// What a commitment is judged for: every solution or interface it names, in the order of the file.
    pub fn subjects<'a>(&'a self, commitment: &'a Commitment) -> impl Iterator<Item = Subject> + 'a {
        let covered = move |solution: &&Solution| {
            commitment.solutions.as_ref().is_none_or(|chosen| chosen.contains(&solution.id))
        };
        self.solutions.iter().filter(covered).flat_map(move |solution| match commitment.per {
            Per::Solution => vec![Subject { solution: solution.id.clone(), interface: None }],
            Per::Interface => solution
                .interfaces
                .iter()
                .map(|interface| Subject { solution: solution.id.clone(), interface: Some(interface.id.clone()) })
                .collect(),
        })
    }
}

/// A document that the agreement refers to.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its id.
    pub id: DocumentId,
    /// Its title.
    pub title: Text,
    /// Where it can be read.
    pub address: Option<String>,
}

/// One clause of the contract.
#[derive(Debug, Clone)]
pub struct Clause {
    /// The number that the contract prints.
    pub id: ClauseId,
    /// How strongly it binds.
    pub force: Force,
    /// Its heading.
    pub title: Text,
    /// What it says.
    pub text: Text,
}

/// One hosted service.
#[derive(Debug, Clone)]
pub struct Solution {
    /// Its id.
    pub id: SolutionId,
    /// Its name.
    pub name: Text,
    /// From when it is covered; absent means as long as the revision is in force. Time before it is not judged at all.
    pub covered_from: Option<Instant>,
    /// The ways it is reached.
    pub interfaces: Vec<Interface>,
}

/// One way a solution is reached.
#[derive(Debug, Clone)]
pub struct Interface {
    /// Its id.
    pub id: InterfaceId,
    /// Its name.
    pub name: Text,
}

/// What a commitment is judged for, one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// Each solution, its interfaces taken together as the term `interfaces` says.
    Solution,
    /// Each interface of each solution.
    Interface,
}

impl Per {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Solution, Self::Interface];

    /// The name that files use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Solution => "solution",
            Self::Interface => "interface",
        }
    }
}

/// One thing that a commitment is judged for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// The solution.
    pub solution: SolutionId,
    /// The interface, when it is judged alone.
    pub interface: Option<InterfaceId>,
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.interface {
            Some(interface) => write!(f, "{}/{interface}", self.solution),
            None => write!(f, "{}", self.solution),
        }
    }
}

/// One measurable promise. Today there is one kind: availability by exact duration.
#[derive(Debug, Clone)]
pub struct Commitment {
    /// Its id.
    pub id: CommitmentId,
    /// Its name.
    pub name: Text,
    /// The clause that promises it.
    pub clause: ClauseId,
    /// What it is judged for.
    pub per: Per,
    /// The solutions it is about; absent means all.
    pub solutions: Option<Vec<SolutionId>>,
    /// The least availability that was promised, if any was.
    pub target: Option<Target>,
    /// The terms that decide how it is measured, each with who stated it.
    pub terms: Terms,
}

/// A promised availability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// As the contract writes it, in percent.
    pub percent: String,
    /// The same as an exact fraction.
    pub ratio: Ratio,
}
