//! Values in a JSON body: a path of RFC 9535, and what must stand there.
//!
//! A body is foreign and so is its shape, so paths are limited to those whose work cannot multiply: one `..` at most, one
//! comma at most, nothing of the root inside a filter, and no `match` or `search`, which would read patterns from the body.

use crate::outcome::Cause;
use serde_json_path::JsonPath;
use std::cmp::Ordering;
use std::fmt;

/// The longest path, in bytes.
pub const PATH_BYTES_MAX: usize = 256;

/// A path that was read once.
#[derive(Debug, Clone)]
pub struct Path {
    text: String,
    path: JsonPath,
}

impl Path {
    /// Reads a path such as `$.status` or `$.nodes[0].load`.
    ///
    /// # Errors
    /// When it is no JSONPath, or one whose work could multiply.
    ///
    /// ```
    /// use uphold_probe::assertion::Path;
    /// assert!(Path::parse("$.nodes[?@.up == true].name").is_ok());
    /// assert!(Path::parse("nodes").is_err());
    /// assert!(Path::parse("$..a..b").is_err());
    /// # Ok::<(), uphold_probe::assertion::JsonPathError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, JsonPathError> {
        if text.len() > PATH_BYTES_MAX {
            return Err(JsonPathError::TooLong);
        }
        let bare = without_texts(text);
        let multiplies = bare.matches("..").count() > 1
            || bare.matches(',').count() > 1
            || bare.get(1..).is_some_and(|rest| rest.contains('$'))
            || bare.contains("match(")
            || bare.contains("search(");
        if multiplies {
            return Err(JsonPathError::Multiplies);
        }
        let path = JsonPath::parse(text).map_err(|error| JsonPathError::Syntax(error.to_string()))?;
        Ok(Self { text: text.to_owned(), path })
    }

    /// The path as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Path {}

/// The path with its quoted texts left out, so that a comma in a key is not taken for one between selectors.
fn without_texts(path: &str) -> String {
    let mut bare = String::new();
    let (mut quote, mut escaped) = (None, false);
    for c in path.chars() {
        match quote {
            None if c == '"' || c == '\'' => quote = Some(c),
            None => bare.push(c),
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
        }
    }
    bare
}

/// Why a text is no path that may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonPathError {
    /// It is longer than [`PATH_BYTES_MAX`].
    TooLong,
    /// Its work could multiply with the body.
    Multiplies,
    /// It cannot be read.
    Syntax(String),
}

impl fmt::Display for JsonPathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "the path is longer than {PATH_BYTES_MAX} bytes"),
            Self::Multiplies => f.write_str(
                "the path is not permitted: it may have one `..` and one `,`, `$` only at its beginning, and neither \
                 `match` nor `search`",
            ),
            Self::Syntax(why) => write!(f, "the path cannot be read: {why}"),
        }
    }
}

impl std::error::Error for JsonPathError {}

/// What must stand at a path. With several values there, all of them must satisfy it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonTest {
    /// Something is there, or nothing is.
    Exists(bool),
    /// The value is this.
    Equals(Value),
    /// The value is a number within these bounds.
    Within(Vec<Bound>),
}

/// A plain value of JSON. A number is kept as its decimal text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A number.
    Number(Decimal),
    /// True or false.
    Truth(bool),
}

/// One end of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// Greater than or equal.
    AtLeast(Decimal),
    /// Less than or equal.
    AtMost(Decimal),
    /// Greater.
    MoreThan(Decimal),
    /// Less.
    LessThan(Decimal),
}

/// A decimal number: how many millionths it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal(i128);

impl Decimal {
    /// Reads `-12`, `0.5` or, as JSON writes numbers, `1.5e3`. Digits behind the sixth of the fraction are dropped.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, digits) = mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(whole) || !plain(fraction) || whole.len() + fraction.len() > 60 || exponent.abs() > 30 {
            return None;
        }
        // The point moves to behind the sixth digit of the fraction.
        let shift = exponent + 6 - i32::try_from(fraction.len()).ok()?;
        let all = format!("{whole}{fraction}");
        let millionths = if shift >= 0 {
            format!("{all}{}", "0".repeat(shift.unsigned_abs() as usize))
        } else {
            all[..all.len().saturating_sub(shift.unsigned_abs() as usize)].to_owned()
        };
        let millionths: i128 = if millionths.is_empty() { 0 } else { millionths.parse().ok()? };
        Some(Self(if negative { -millionths } else { millionths }))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0.unsigned_abs() / 1_000_000, self.0.unsigned_abs() % 1_000_000);
        let sign = if self.0 < 0 { "-" } else { "" };
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        write!(f, "{sign}{whole}.{}", format!("{rest:06}").trim_end_matches('0'))
    }
}

/// The document of a body. Nesting beyond 128 levels is refused by the parser.
pub(super) fn parse(body: &[u8]) -> Option<serde_json::Value> {
    serde_json::from_slice(body).ok()
}

impl JsonTest {
    pub(super) fn hold(&self, path: &Path, document: &serde_json::Value) -> Result<(), Cause> {
        let found = path.path.query(document);
        let named = || path.text.clone();
        match self {
            Self::Exists(true) if found.is_empty() => Err(Cause::JsonMissing(named())),
            Self::Exists(false) if !found.is_empty() => Err(Cause::JsonPresent(named())),
            Self::Exists(_) => Ok(()),
            Self::Equals(_) | Self::Within(_) if found.is_empty() => Err(Cause::JsonMissing(named())),
            Self::Equals(value) if found.iter().all(|found| value.is(found)) => Ok(()),
            Self::Equals(_) => Err(Cause::JsonDiffers(named())),
            Self::Within(bounds) if found.iter().all(|found| within(bounds, found)) => Ok(()),
            Self::Within(_) => Err(Cause::JsonOutOfBounds(named())),
        }
    }
}

impl Value {
    fn is(&self, found: &serde_json::Value) -> bool {
        match (self, found) {
            (Self::Text(text), serde_json::Value::String(found)) => text == found,
            (Self::Truth(truth), serde_json::Value::Bool(found)) => truth == found,
            (Self::Number(number), serde_json::Value::Number(found)) => decimal(found) == Some(*number),
            _ => false,
        }
    }
}

fn decimal(number: &serde_json::Number) -> Option<Decimal> {
    Decimal::parse(&number.to_string())
}

fn within(bounds: &[Bound], found: &serde_json::Value) -> bool {
    let serde_json::Value::Number(number) = found else { return false };
    let Some(number) = decimal(number) else { return false };
    bounds.iter().all(|bound| match bound {
        Bound::AtLeast(end) => number.cmp(end) != Ordering::Less,
        Bound::AtMost(end) => number.cmp(end) != Ordering::Greater,
        Bound::MoreThan(end) => number.cmp(end) == Ordering::Greater,
        Bound::LessThan(end) => number.cmp(end) == Ordering::Less,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"status":"ok","load":0.75,"count":1e3,"up":true,"none":null,
        "nodes":[{"name":"a","ms":3},{"name":"b","ms":7}]}"#;

    fn said(path: &str, test: JsonTest) -> Option<String> {
        let document = parse(BODY.as_bytes()).unwrap();
        test.hold(&Path::parse(path).unwrap(), &document).err().map(|cause| cause.to_string())
    }

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn values_are_compared_by_kind_and_exactly() {
        let text = |text: &str| JsonTest::Equals(Value::Text(text.to_owned()));
        assert_eq!(said("$.status", text("ok")), None);
        assert_eq!(said("$.status", text("no")).unwrap(), "the value at `$.status` is not as expected");
        assert_eq!(said("$.count", JsonTest::Equals(Value::Number(number("1000")))), None);
        assert_eq!(said("$.up", JsonTest::Equals(Value::Truth(true))), None);
        assert!(said("$.up", text("true")).is_some());
        assert!(said("$.none", JsonTest::Exists(true)).is_none(), "null is there");
        assert_eq!(said("$.gone", JsonTest::Exists(true)).unwrap(), "`$.gone` selects nothing in the body");
        assert_eq!(said("$.up", JsonTest::Exists(false)).unwrap(), "`$.up` selects a value in the body and should not");
    }

    #[test]
    fn all_selected_values_must_be_within_the_bounds() {
        let all = |bound| JsonTest::Within(vec![bound]);
        assert_eq!(said("$.nodes[*].ms", all(Bound::AtMost(number("7")))), None);
        assert_eq!(
            said("$.nodes[*].ms", all(Bound::LessThan(number("7")))).unwrap(),
            "the value at `$.nodes[*].ms` is not within its bounds"
        );
        assert_eq!(said("$..ms", all(Bound::AtLeast(number("3")))), None);
        assert_eq!(said("$.load", all(Bound::MoreThan(number("0.7499")))), None);
        assert!(said("$.status", all(Bound::AtLeast(number("0")))).is_some(), "a text is no number");
        assert_eq!(said("$.nodes[?@.name == 'b'].ms", all(Bound::AtLeast(number("7")))), None);
    }

    #[test]
    fn a_path_whose_work_could_multiply_is_refused() {
        for path in
            ["$..a..b", "$[*,*][*,*]", "$..[?count($..*) > 1]", "$.a[?match(@.b, $.pattern)]", "$.a[?search(@.b, @.c)]"]
        {
            assert_eq!(Path::parse(path), Err(JsonPathError::Multiplies), "{path}");
        }
        assert_eq!(Path::parse(&format!("$.{}", "a".repeat(300))), Err(JsonPathError::TooLong));
        assert!(Path::parse("$['a,b,c..d..$']").is_ok());
        assert!(Path::parse("$.a[?@.b == 'match(']").is_ok());
        assert!(matches!(Path::parse("a.b"), Err(JsonPathError::Syntax(_))));
    }

    #[test]
    fn decimals_are_read_as_they_are_written() {
        for (text, written) in
            [("0", "0"), ("-1.50", "-1.5"), ("1.5e3", "1500"), ("25E-1", "2.5"), ("0.0000009", "0"), ("1e-7", "0")]
        {
            assert_eq!(number(text).to_string(), written, "{text}");
        }
        for text in ["", "-", ".", "1.", ".5", "+1", "0x1", "1e99", "1,5", "NaN"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }
}
