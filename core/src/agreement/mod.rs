//! The agreement as code: what the contract says, and what its operator chose where the contract is silent.
//!
//! [`read()`] turns the text of a file into an [`Agreement`] or into every problem it has. What an agreement means for a
//! history is not here but in [`crate::evaluate`].

mod commitment;
pub mod compare;
mod composition;
mod exclusion;
mod indicator;
mod lint;
mod obligation;
mod period;
mod read;
pub mod reference;
mod remedy;
mod sources;
mod terms;
mod words;

pub use commitment::{Commitment, Promise};
pub use composition::{Composition, Level, Weights};
pub use exclusion::{Cap, Exclusion, Exempt, ExtensionRule, Lead, NoticeRule};
pub use indicator::{BadWhen, Below, Confirm, ConnectionsTerm, Outage, Slice};
pub use obligation::{About, Every, Limit, Obligation, Recurring, To};
pub use period::{Calendar, PeriodTerm, ServiceTime, Span, WEEKDAYS};
pub use read::{Reading, read};
pub use remedy::{
    ClaimTerm, CreditCap, CreditUnit, End, Payout, Remedy, Rounding, Termination, Tier, TierRange, Within,
};
pub use sources::{Listed, Origin, Stated};
pub use terms::{Availability, Goal, Monitoring, StateTerms, TERMS, Target, TermDoc, Terms};
pub use words::{
    Aggregate, Base, Binding, CapMeasure, CapScope, ClaimFrom, CoverageNeed, Customers, DaysAre, Effect, ExcludeOrder,
    Extent, Indicator, MidPeriod, Missing, NoticeBy, Onset, Partial, Per, QualifyOn, RoundingMode, Suspended,
    SuspendedFrom, TakesEffect, TotalPer, UnknownPolicy, Worth,
};

use std::collections::BTreeMap;

use crate::history::Parts;
use crate::id::{AgreementId, CalendarId, ClauseId, CommitmentId, DocumentId, InterfaceId, SolutionId};
use crate::interval::Interval;
use crate::time::{Instant, Zone};

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
    /// When a revision begins to bind a customer; needed where there are several.
    pub takes_effect: Option<Stated<TakesEffect>>,
    /// Which revision judges a period in which it changes; needed where there are several.
    pub mid_period: Option<Stated<MidPeriod>>,
    /// What a customer must have to be covered; needed where a customer is judged.
    pub covered_when: Option<Stated<Vec<CoverageNeed>>>,
    /// The terms of the agreement as a whole as its file writes them, with who stated them.
    pub listed: Vec<Listed>,
    /// The documents that make up the contract, the one that prevails first.
    pub documents: Vec<Document>,
    /// What its words mean, in the order of the file.
    pub definitions: Vec<Definition>,
    /// Days and hours that terms refer to.
    pub calendars: Vec<Calendar>,
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

    /// The time zone of its calendar, for what is not of one commitment alone: that of its first commitment, and UTC where it
    /// has none.
    #[must_use]
    pub fn zone(&self) -> Zone {
        self.commitments.first().map_or_else(Zone::utc, |first| first.terms.zone.value.clone())
    }

    /// The solution of that id.
    #[must_use]
    pub fn find_solution(&self, id: &SolutionId) -> Option<&Solution> {
        self.solutions.iter().find(|solution| solution.id == *id)
    }

    /// The commitment of that id.
    #[must_use]
    pub fn find_commitment(&self, id: &CommitmentId) -> Option<&Commitment> {
        self.commitments.iter().find(|commitment| commitment.id == *id)
    }

    /// The calendar of that id.
    #[must_use]
    pub fn find_calendar(&self, id: &CalendarId) -> Option<&Calendar> {
        self.calendars.iter().find(|calendar| calendar.id == *id)
    }

    /// What a word means: the definition of the document that prevails among those that define it. A definition
    /// without a document is the agreement's own.
    #[must_use]
    pub fn find_definition(&self, term: &str) -> Option<&Definition> {
        let same = |definition: &&Definition| definition.term.0.values().any(|each| each.eq_ignore_ascii_case(term));
        self.definitions.iter().filter(same).min_by_key(|definition| self.precedence(definition.document.as_ref()))
    }

    /// The place of a document among those that make up the contract; the first prevails.
    fn precedence(&self, document: Option<&DocumentId>) -> usize {
        let place = self.documents.iter().position(|each| match document {
            Some(id) => each.id == *id,
            None => each.this,
        });
        place.unwrap_or(0)
    }

    /// The solutions that a commitment is about.
    pub fn covered<'a>(&'a self, commitment: &'a Commitment) -> impl Iterator<Item = &'a Solution> + 'a {
        self.solutions
            .iter()
            .filter(|solution| commitment.solutions.as_ref().is_none_or(|chosen| chosen.contains(&solution.id)))
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
    /// Whether it is this agreement itself.
    pub this: bool,
    /// The documents that it prevails over, as far as it says so.
    pub prevails_over: Vec<DocumentId>,
}

/// What a word means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The word.
    pub term: Text,
    /// The document that defines it; absent means this agreement.
    pub document: Option<DocumentId>,
    /// What it means.
    pub text: Text,
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

/// One thing that a commitment is judged for. An absent key means all.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Subject {
    /// The solution; absent when everything that the agreement covers is judged as one.
    pub solution: Option<SolutionId>,
    /// The interface, when it is judged alone.
    pub interface: Option<InterfaceId>,
    /// The finer part that is judged alone, and the customer that it is judged for.
    pub parts: Parts,
}

impl std::fmt::Display for Subject {
    /// The solution and the part of it, without the customer: `shop`, `shop/api`, `shop/eu`, or `all`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Parts { region, zone, instance, feature, customer: _ } = &self.parts;
        match &self.solution {
            Some(solution) => write!(f, "{solution}")?,
            None => f.write_str("all")?,
        }
        if let Some(interface) = &self.interface {
            write!(f, "/{interface}")?;
        }
        [region, zone, instance, feature].into_iter().flatten().try_for_each(|part| write!(f, "/{part}"))
    }
}
