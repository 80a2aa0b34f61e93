//! Typed identifiers: every name that a file, a fact or a page uses to point at something.
//!
//! Here: the list of id types and the one rule for their spelling. Not here: what the ids point at.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdError {
    /// The id type, as users know it ("check", "clause").
    pub kind: &'static str,
    /// The text that was refused.
    pub text: String,
    /// What the spelling must be.
    pub rule: &'static str,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a {} id: {}", self.text, self.kind, self.rule)
    }
}

impl std::error::Error for IdError {}

const SLUG_RULE: &str = "use 1 to 64 of a-z, 0-9, `-`, `_` and `.`, and begin with a letter or a digit";
const CLAUSE_RULE: &str = "use 1 to 32 letters, digits, `(`, `)`, `.` and `-`, as in `4(g)`";
const FACT_RULE: &str = "use 1 to 128 printable ASCII characters without spaces";

fn is_slug(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c))
}

fn is_clause(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "().-".contains(c))
}

fn is_fact(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic())
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $kind:literal, $valid:ident, $rule:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks the spelling.
            ///
            /// # Errors
            /// When the text does not follow the rule, which the error states.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                if $valid(text) {
                    Ok(Self(Arc::from(text)))
                } else {
                    Err(IdError { kind: $kind, text: text.to_owned(), rule: $rule })
                }
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    )*};
}

ids! {
    /// An agreement, over all its revisions.
    AgreementId, "agreement", is_slug, SLUG_RULE;
    /// A document that the agreement refers to.
    DocumentId, "document", is_slug, SLUG_RULE;
    /// A clause, by the number that the contract prints: `4(g)`.
    ClauseId, "clause", is_clause, CLAUSE_RULE;
    /// A solution: one hosted service that the agreement covers.
    SolutionId, "solution", is_slug, SLUG_RULE;
    /// An interface of a solution: console, API, connections.
    InterfaceId, "interface", is_slug, SLUG_RULE;
    /// A commitment: one measurable promise.
    CommitmentId, "commitment", is_slug, SLUG_RULE;
    /// A customer.
    CustomerId, "customer", is_slug, SLUG_RULE;
    /// A check: one repeated measurement of one target.
    CheckId, "check", is_slug, SLUG_RULE;
    /// A region, a zone, an instance or a feature of a solution.
    PartId, "part", is_slug, SLUG_RULE;
    /// A calendar of days and hours.
    CalendarId, "calendar", is_slug, SLUG_RULE;
    /// A vantage point: where a check is run from.
    VantageId, "vantage point", is_slug, SLUG_RULE;
    /// A fact, chosen by whoever reports it, so that a repeated report is one fact.
    FactId, "fact", is_fact, FACT_RULE;
}

/// One series of observations: a check as one vantage point sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Series {
    /// The check.
    pub check: CheckId,
    /// The vantage point.
    pub vantage: VantageId,
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.check, self.vantage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_begins_with_a_letter_or_digit_and_stays_lower_case() {
        for good in ["api", "api-eu", "2fa", "a.b_c"] {
            assert!(CheckId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "Api", "a b", "ä", &"x".repeat(65)] {
            assert!(CheckId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_clause_id_may_hold_brackets_but_no_space() {
        assert!(ClauseId::parse("4(g)").is_ok());
        let error = ClauseId::parse("4 g").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`4 g` is not a clause id: use 1 to 32 letters, digits, `(`, `)`, `.` and `-`, as in `4(g)`"
        );
    }
}
