//! Canonical bytes: RFC 8785 JSON, restricted to objects, arrays, strings and integers.
//!
//! One value has one spelling. Reading is strict: bytes that are not exactly what writing the value would give are
//! refused, so that equal values have equal digests and nothing can hide in a spelling. Floats, booleans and null do not
//! exist; a value that is absent is an absent key.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

/// The largest integer that every JSON reader understands alike: 2^53 - 1.
pub const INT_MAX: i64 = 9_007_199_254_740_991;

/// How deep arrays and objects may nest.
pub const DEPTH_MAX: usize = 16;

/// A value that has canonical bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// An integer of at most [`INT_MAX`] in magnitude.
    Int(i64),
    /// A text.
    Text(String),
    /// An array.
    List(Vec<Value>),
    /// An object.
    Map(BTreeMap<String, Value>),
}

/// Why some bytes are not canonical.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalError {
    /// How many bytes come before the fault.
    pub at: usize,
    /// What the fault is.
    pub problem: &'static str,
}

impl fmt::Display for CanonicalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not canonical at byte {}: {}", self.at, self.problem)
    }
}

impl std::error::Error for CanonicalError {}

impl Value {
    /// An object of these members.
    #[must_use]
    pub fn map<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Map(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// A text.
    #[must_use]
    pub fn text(text: impl fmt::Display) -> Self {
        Self::Text(text.to_string())
    }

    /// A count. One that is too large to be written becomes an integer that [`parse`] refuses.
    #[must_use]
    pub fn count(count: u64) -> Self {
        Self::Int(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

/// The canonical bytes of a value.
///
/// An integer beyond [`INT_MAX`] is written as it is, and refused by [`parse`]: whoever stores what came from outside
/// parses it once before.
///
/// ```
/// use uphold_core::ledger::canonical::{Value, parse, to_bytes};
/// let bytes = to_bytes(&Value::map([("b", Value::Int(-1)), ("a", Value::text("x\n"))]));
/// assert_eq!(bytes, br#"{"a":"x\n","b":-1}"#);
/// assert!(parse(br#"{"b":-1,"a":"x\n"}"#).is_err());
/// ```
#[must_use]
pub fn to_bytes(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

/// Reads canonical bytes.
///
/// # Errors
/// When the bytes are not exactly what [`to_bytes`] gives for some value, or nest deeper than [`DEPTH_MAX`].
pub fn parse(bytes: &[u8]) -> Result<Value, CanonicalError> {
    let mut reader = Reader { bytes, at: 0 };
    let value = reader.value(0)?;
    if reader.at < bytes.len() { Err(reader.fault("bytes after the end")) } else { Ok(value) }
}

/// Why an object does not hold what it must.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The key at fault, or what was read instead of an object.
    pub key: String,
    /// What is wrong with it.
    pub problem: String,
}

impl FieldError {
    /// An error about a key.
    #[must_use]
    pub fn new(key: &str, problem: impl fmt::Display) -> Self {
        Self { key: key.to_owned(), problem: problem.to_string() }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.key, self.problem)
    }
}

impl std::error::Error for FieldError {}

/// The members of an object, taken out one by one; what is left at the end is unknown and refused.
#[derive(Debug)]
pub struct Fields {
    rest: BTreeMap<String, Value>,
}

impl Fields {
    /// The members of `value`, which errors call `what`.
    ///
    /// # Errors
    /// When it is not an object.
    pub fn of(value: Value, what: &str) -> Result<Self, FieldError> {
        match value {
            Value::Map(rest) => Ok(Self { rest }),
            _ => Err(FieldError::new(what, "is not an object")),
        }
    }

    /// Takes a value out, if the key is there.
    pub fn find(&mut self, key: &str) -> Option<Value> {
        self.rest.remove(key)
    }

    /// Takes a text out, if the key is there.
    ///
    /// # Errors
    /// When it is no text.
    pub fn find_text(&mut self, key: &str) -> Result<Option<String>, FieldError> {
        match self.find(key) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(FieldError::new(key, "is not a text")),
        }
    }

    /// Takes an integer out, if the key is there.
    ///
    /// # Errors
    /// When it is no integer.
    pub fn find_int(&mut self, key: &str) -> Result<Option<i64>, FieldError> {
        match self.find(key) {
            None => Ok(None),
            Some(Value::Int(int)) => Ok(Some(int)),
            Some(_) => Err(FieldError::new(key, "is not an integer")),
        }
    }

    /// Takes a text out.
    ///
    /// # Errors
    /// When the key is absent or no text.
    pub fn text(&mut self, key: &str) -> Result<String, FieldError> {
        self.find_text(key)?.ok_or_else(|| FieldError::new(key, "is missing"))
    }

    /// Takes an integer out.
    ///
    /// # Errors
    /// When the key is absent or no integer.
    pub fn int(&mut self, key: &str) -> Result<i64, FieldError> {
        self.find_int(key)?.ok_or_else(|| FieldError::new(key, "is missing"))
    }

    /// Takes an array out.
    ///
    /// # Errors
    /// When the key is absent or no array.
    pub fn list(&mut self, key: &str) -> Result<Vec<Value>, FieldError> {
        match self.find(key) {
            None => Err(FieldError::new(key, "is missing")),
            Some(Value::List(list)) => Ok(list),
            Some(_) => Err(FieldError::new(key, "is not a list")),
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// When a key is left that nobody asked for.
    pub fn finish(self) -> Result<(), FieldError> {
        match self.rest.keys().next() {
            None => Ok(()),
            Some(key) => Err(FieldError::new(key, "is unknown")),
        }
    }
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Int(int) => out.extend_from_slice(int.to_string().as_bytes()),
        Value::Text(text) => write_text(text, out),
        Value::List(list) => {
            out.push(b'[');
            for (place, item) in list.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Value::Map(map) => {
            let mut members: Vec<_> = map.iter().collect();
            members.sort_by(|a, b| by_utf16(a.0, b.0));
            out.push(b'{');
            for (place, (key, item)) in members.into_iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                write_text(key, out);
                out.push(b':');
                write(item, out);
            }
            out.push(b'}');
        }
    }
}

/// RFC 8785 section 3.2.3 sorts by UTF-16 code units, which is not the order of UTF-8 bytes beyond U+FFFF.
fn by_utf16(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

/// RFC 8785 section 3.2.2.2: the shortest escape where one is needed, the character itself everywhere else.
fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn fault(&self, problem: &'static str) -> CanonicalError {
        CanonicalError { at: self.at, problem }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Result<Value, CanonicalError> {
        if depth > DEPTH_MAX {
            return Err(self.fault("nested too deep"));
        }
        match self.peek() {
            Some(b'"') => self.text().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => self.int().map(Value::Int),
            Some(b'[') => self.list(depth),
            Some(b'{') => self.map(depth),
            Some(_) => Err(self.fault("expected an object, an array, a string or an integer")),
            None => Err(self.fault("the end, where a value is expected")),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, CanonicalError> {
        self.at += 1;
        let mut list = Vec::new();
        if self.eat(b']') {
            return Ok(Value::List(list));
        }
        loop {
            list.push(self.value(depth + 1)?);
            if self.eat(b']') {
                return Ok(Value::List(list));
            }
            if !self.eat(b',') {
                return Err(self.fault("expected `,` or `]`"));
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, CanonicalError> {
        self.at += 1;
        let mut map = BTreeMap::new();
        let mut previous: Option<String> = None;
        if self.eat(b'}') {
            return Ok(Value::Map(map));
        }
        loop {
            let start = self.at;
            let key = self.text()?;
            if previous.as_deref().is_some_and(|previous| by_utf16(previous, &key) != Ordering::Less) {
                return Err(CanonicalError { at: start, problem: "keys must rise and not repeat" });
            }
            if !self.eat(b':') {
                return Err(self.fault("expected `:`"));
            }
            let item = self.value(depth + 1)?;
            map.insert(key.clone(), item);
            previous = Some(key);
            if self.eat(b'}') {
                return Ok(Value::Map(map));
            }
            if !self.eat(b',') {
                return Err(self.fault("expected `,` or `}`"));
            }
        }
    }

    fn int(&mut self) -> Result<i64, CanonicalError> {
        let start = self.at;
        let refuse = |problem| Err(CanonicalError { at: start, problem });
        self.eat(b'-');
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        let digits = std::str::from_utf8(&self.bytes[start..self.at]).unwrap_or_default();
        match digits.parse::<i64>() {
            Ok(int) if int.to_string() != digits => refuse("an integer has one spelling"),
            Ok(int) if int.unsigned_abs() > INT_MAX.unsigned_abs() => refuse("an integer beyond 2^53 - 1"),
            Ok(int) => Ok(int),
            Err(_) => refuse("not an integer, or one beyond 2^53 - 1"),
        }
    }

    fn text(&mut self) -> Result<String, CanonicalError> {
        let start = self.at;
        if !self.eat(b'"') {
            return Err(self.fault("expected a string"));
        }
        let mut raw = Vec::new();
        loop {
            match self.peek() {
                None => return Err(self.fault("a string without end")),
                Some(b'"') => break,
                Some(b'\\') => raw.push(self.escape()?),
                Some(byte) => {
                    raw.push(byte);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        let text = String::from_utf8(raw).map_err(|_| CanonicalError { at: start, problem: "not UTF-8" })?;
        let mut again = Vec::with_capacity(self.at - start);
        write_text(&text, &mut again);
        if again == self.bytes[start..self.at] {
            Ok(text)
        } else {
            Err(CanonicalError { at: start, problem: "a string has one spelling" })
        }
    }

    /// Only control characters, the quote and the backslash are ever escaped, so an escape is one byte.
    fn escape(&mut self) -> Result<u8, CanonicalError> {
        let rest = &self.bytes[self.at + 1..];
        let (byte, length) = match rest.first() {
            Some(b'"') => (b'"', 2),
            Some(b'\\') => (b'\\', 2),
            Some(b'b') => (0x08, 2),
            Some(b't') => (b'\t', 2),
            Some(b'n') => (b'\n', 2),
            Some(b'f') => (0x0c, 2),
            Some(b'r') => (b'\r', 2),
            Some(b'u') => {
                let digits = rest.get(1..5).and_then(|digits| std::str::from_utf8(digits).ok());
                let code = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                (code.filter(|code| *code < 0x20).ok_or_else(|| self.fault("an escape that is not needed"))?, 6)
            }
            _ => return Err(self.fault("an unknown escape")),
        };
        self.at += length;
        Ok(byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values() -> impl Strategy<Value = Value> {
        let text = prop_oneof![any::<String>(), "[\\x00-\\x1f\"\\\\\u{7f}\u{2028}\u{fb33}\u{1f600}a]{0,8}"];
        let leaf = prop_oneof![
            (-INT_MAX..=INT_MAX).prop_map(Value::Int),
            (-3i64..3).prop_map(Value::Int),
            text.clone().prop_map(Value::Text)
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
                proptest::collection::btree_map(text.clone(), inner, 0..4).prop_map(Value::Map),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in values()) {
            prop_assert_eq!(parse(&to_bytes(&value)), Ok(value));
        }

        #[test]
        fn bytes_that_are_read_are_written_back_the_same(
            value in values(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()
        ) {
            let mut bytes = to_bytes(&value);
            let at = at.index(bytes.len());
            if cut { bytes.remove(at); } else { bytes[at] = byte; }
            if let Ok(read) = parse(&bytes) {
                prop_assert_eq!(to_bytes(&read), bytes);
            }
        }

        #[test]
        fn a_general_reader_of_json_agrees(value in values()) {
            let general: serde_json::Value = serde_json::from_slice(&to_bytes(&value)).unwrap();
            prop_assert_eq!(general, plain(&value));
        }
    }

    fn plain(value: &Value) -> serde_json::Value {
        match value {
            Value::Int(int) => (*int).into(),
            Value::Text(text) => text.clone().into(),
            Value::List(list) => list.iter().map(plain).collect(),
            Value::Map(map) => {
                serde_json::Value::Object(map.iter().map(|(key, item)| (key.clone(), plain(item))).collect())
            }
        }
    }

    #[test]
    fn strings_are_escaped_as_rfc_8785_says() {
        let value = Value::text("\u{20ac}$\u{f}\nA'B\"\\\"/\u{7f}\u{2028}\u{8}\t\u{c}\r\u{1f}");
        let want = "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\"/\u{7f}\u{2028}\\b\\t\\f\\r\\u001f\"";
        assert_eq!(String::from_utf8(to_bytes(&value)).unwrap(), want);
    }

    #[test]
    fn keys_are_sorted_by_utf_16_code_units() {
        let keys = ["\u{20ac}", "\r", "\u{fb33}", "1", "\u{1f600}", "\u{80}", "\u{f6}"];
        let map = Value::Map(keys.iter().map(|key| ((*key).to_owned(), Value::Int(0))).collect());
        let want = "{\"\\r\":0,\"1\":0,\"\u{80}\":0,\"\u{f6}\":0,\"\u{20ac}\":0,\"\u{1f600}\":0,\"\u{fb33}\":0}";
        assert_eq!(String::from_utf8(to_bytes(&map)).unwrap(), want);
        assert_eq!(parse(want.as_bytes()), Ok(map));
    }

    #[test]
    fn every_other_spelling_is_refused() {
        for bad in [
            "",
            " ",
            "{} ",
            " {}",
            "{ }",
            "[1, 2]",
            "null",
            "true",
            "1.0",
            "1e3",
            "-0",
            "01",
            "+1",
            "-",
            "--1",
            "1-",
            "9007199254740992",
            "-9007199254740992",
            "99999999999999999999",
            r#"{"a":1,"a":2}"#,
            r#"{"b":1,"a":2}"#,
            r#"{"a":1,}"#,
            "[1,]",
            "[,1]",
            "[1",
            "{",
            r#"{"a"}"#,
            r#"{"a":}"#,
            "{1:2}",
            r#"{"a":1"#,
            r#"""#,
            r#""\"#,
            r#""\/""#,
            r#""\u0041""#,
            r#""\u000A""#,
            r#""\u000a""#,
            r#""\u001F""#,
            r#""\u+01f""#,
            r#""\ud83d""#,
            r#""\x""#,
            "\"\n\"",
            "{}{}",
            "[1][2]",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(parse(b"\"\xff\"").is_err());
        assert!(parse(b"\"\xed\xa0\x80\"").is_err());
        assert!(parse(b"\xef\xbb\xbf{}").is_err());
    }

    #[test]
    fn nesting_ends_at_the_limit_without_a_panic() {
        let nested = |depth: usize| parse(format!("{}1{}", "[".repeat(depth), "]".repeat(depth)).as_bytes());
        assert!(nested(DEPTH_MAX).is_ok());
        assert_eq!(nested(DEPTH_MAX + 1).unwrap_err().problem, "nested too deep");
        assert!(parse("[".repeat(1_000_000).as_bytes()).is_err());
    }

    #[test]
    fn a_field_that_is_missing_unknown_or_of_another_type_is_named() {
        let fields = || Fields::of(parse(br#"{"a":1,"b":"x"}"#).unwrap(), "thing").unwrap();
        assert_eq!(fields().text("a").unwrap_err().to_string(), "`a`: is not a text");
        assert_eq!(fields().int("c").unwrap_err().to_string(), "`c`: is missing");
        let mut some = fields();
        assert_eq!((some.int("a"), some.find_int("c")), (Ok(1), Ok(None)));
        assert_eq!(some.finish().unwrap_err().to_string(), "`b`: is unknown");
        assert_eq!(Fields::of(Value::Int(1), "thing").unwrap_err().to_string(), "`thing`: is not an object");
    }
}
