//! What is wrong with a file: where, why, and what to do. Rendering is the program's business, not ours.

use std::fmt;
use std::ops::Range;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used, and probably does not say what its author meant.
    Warning,
}

/// One finding about one place of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, as one line without a full stop.
    pub message: String,
    /// The bytes of the file that it is about.
    pub span: Range<usize>,
    /// What to write under the span; may be empty.
    pub label: String,
    /// What to do, as one sentence.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at `span`.
    #[must_use]
    pub fn error(message: impl Into<String>, span: Range<usize>) -> Self {
        Self { severity: Severity::Error, message: message.into(), span, label: String::new(), help: None }
    }

    /// A warning at `span`.
    #[must_use]
    pub fn warning(message: impl Into<String>, span: Range<usize>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(message, span) }
    }

    /// The same with a text under the span.
    #[must_use]
    pub fn label(self, label: impl Into<String>) -> Self {
        Self { label: label.into(), ..self }
    }

    /// The same with a sentence that says what to do.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// Line and column of a byte of `source`, both from 1; the column counts characters.
#[must_use]
pub fn line_and_column(source: &str, at: usize) -> (usize, usize) {
    let before = &source[..source.floor_char_boundary(at)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// Why one value was refused: what it is, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong, as one line without a full stop.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// Whether its form alone is wrong, and the help is only about that form: who knows what may stand there says more.
    pub of_form: bool,
}

impl Refusal {
    /// A refusal without a help line.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, of_form: false }
    }

    /// The same with what to write instead.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), of_form: false, ..self }
    }

    /// The same with what to write instead, unless that is said already.
    #[must_use]
    pub fn or_help(self, help: impl Into<String>) -> Self {
        Self { help: self.help.or_else(|| Some(help.into())), ..self }
    }

    /// The refusal of a name that is not among `valid`; the help names the nearest one, or all.
    #[must_use]
    pub fn not_among(what: &str, given: &str, valid: &[&str]) -> Self {
        let help = match crate::nearest::nearest(given, valid.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("use one of: {}", valid.iter().map(|v| format!("`{v}`")).collect::<Vec<_>>().join(", ")),
        };
        Self::new(format!("`{given}` is not {what}")).help(help)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<crate::time::TimeError> for Refusal {
    fn from(error: crate::time::TimeError) -> Self {
        Self { message: error.message, help: error.help, of_form: false }
    }
}

impl From<crate::id::IdError> for Refusal {
    fn from(error: crate::id::IdError) -> Self {
        Self::new(format!("`{}` is not a {} id", error.text, error.kind)).help(error.rule)
    }
}

impl From<crate::ratio::DecimalError> for Refusal {
    fn from(error: crate::ratio::DecimalError) -> Self {
        Self::new(error.to_string()).help("write digits with at most one point and no sign, as in `\"99.95\"`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_counts_characters_and_not_bytes() {
        assert_eq!(line_and_column("a\nあい=1", 2 + 6), (2, 3));
        assert_eq!(line_and_column("", 5), (1, 1));
    }
}
