//! Regular expressions of checks: searched in time that grows with the text alone, and limited in size.

use regex::bytes::{Regex, RegexBuilder};
use std::fmt;

/// The longest pattern, in bytes.
pub const PATTERN_BYTES_MAX: usize = 1024;

/// What a pattern may grow to when it is made ready, in bytes, and once more for its tables while it searches.
const COMPILED_BYTES_MAX: usize = 256 * 1024;

/// A pattern that was read once.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// Reads a pattern in the syntax of the `regex` crate: no look-around and no back references.
    ///
    /// # Errors
    /// When it is no pattern, or too large.
    ///
    /// ```
    /// use uphold_probe::assertion::Pattern;
    /// assert!(Pattern::parse("^v[0-9]+$")?.is_in(b"v12"));
    /// assert!(Pattern::parse("(a").is_err());
    /// assert!(Pattern::parse("(a{1000}){1000}").is_err());
    /// # Ok::<(), uphold_probe::assertion::PatternError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.len() > PATTERN_BYTES_MAX {
            return Err(PatternError::TooLong);
        }
        let mut builder = RegexBuilder::new(text);
        let builder = builder.size_limit(COMPILED_BYTES_MAX).dfa_size_limit(COMPILED_BYTES_MAX).nest_limit(50);
        builder.build().map(Self).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => PatternError::TooLarge,
            // The library draws the place over several lines; its last line says what is wrong.
            other => PatternError::Syntax(other.to_string().lines().last().unwrap_or_default().trim().to_owned()),
        })
    }

    /// Whether the text has a match.
    #[must_use]
    pub fn is_in(&self, text: &[u8]) -> bool {
        self.0.is_match(text)
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Pattern {}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatternError {
    /// It is longer than [`PATTERN_BYTES_MAX`].
    TooLong,
    /// Made ready, it would be too large.
    TooLarge,
    /// It cannot be read.
    Syntax(String),
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "the pattern is longer than {PATTERN_BYTES_MAX} bytes"),
            Self::TooLarge => f.write_str("the pattern is too large: its repetitions multiply"),
            Self::Syntax(why) => write!(f, "the pattern cannot be read: {}", why.trim_start_matches("error: ")),
        }
    }
}

impl std::error::Error for PatternError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_take_exponential_time_elsewhere_is_searched_at_once() {
        let pattern = Pattern::parse("^(a|a)*$|^(a+)+$").unwrap();
        let text = [vec![b'a'; 60_000], vec![b'!']].concat();
        assert!(!pattern.is_in(&text));
    }

    #[test]
    fn what_is_no_pattern_or_too_large_says_why() {
        let said = |text: &str| Pattern::parse(text).unwrap_err().to_string();
        assert_eq!(said("(a"), "the pattern cannot be read: unclosed group");
        assert_eq!(
            said("(?=a)"),
            "the pattern cannot be read: look-around, including look-ahead and look-behind, is not supported"
        );
        assert_eq!(said("(a{1000}){1000}"), "the pattern is too large: its repetitions multiply");
        assert_eq!(said(&"a".repeat(1025)), "the pattern is longer than 1024 bytes");
    }
}
