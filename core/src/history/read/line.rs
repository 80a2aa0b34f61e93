//! One line of JSON as a structure, and the values that its keys hold.
//!
//! Here: why a line is refused, the keys that every line may have, texts and words. Not here: what a type of line says.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, de};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::history::{Fact, Parts, Scope};
use crate::id::{CheckId, CustomerId, FactId, IdError, InterfaceId, PartId, Series, SolutionId, VantageId};
use crate::interval::Interval;
use crate::nearest::nearest;
use crate::ratio::Ratio;
use crate::time::Instant;

/// Why one line is refused.
#[derive(Debug)]
pub(in crate::history) struct Wrong {
    /// From 1. What concerns the line's meaning stands at its start.
    pub(in crate::history) column: usize,
    pub(in crate::history) message: String,
}

impl Wrong {
    pub(in crate::history) fn new(message: impl Into<String>) -> Self {
        Self { column: 1, message: message.into() }
    }
}

impl From<IdError> for Wrong {
    fn from(error: IdError) -> Self {
        Self::new(error.to_string())
    }
}

/// The refusal of a name that what it points into does not have, with the nearest one.
pub(super) fn absent<'a>(where_: &str, what: &str, id: &str, names: impl Iterator<Item = &'a str>) -> Wrong {
    let help = nearest(id, names).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Wrong::new(format!("{where_} has no {what} `{id}`{help}"))
}

/// Reads one line as a structure.
pub(super) fn parse<'l, T: Deserialize<'l>>(line: &'l str) -> Result<T, Wrong> {
    serde_json::from_str(line).map_err(|error| {
        let text = error.to_string();
        // The position is said apart, and always line 1: each line is a document of its own.
        let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
        let message = match error.classify() {
            serde_json::error::Category::Data => message.to_owned(),
            _ => format!("the line is not JSON: {message}"),
        };
        Wrong { column: error.column().max(1), message }
    })
}

/// A text that is borrowed from the line unless it has escapes.
#[derive(Debug)]
pub(super) struct Str<'l>(Cow<'l, str>);

impl Deref for Str<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'l, 'l> Deserialize<'de> for Str<'l> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Texts { expecting: "a string", line: PhantomData }).map(Self)
    }
}

/// An amount: a text, since a JSON number may have lost digits before we see it.
#[derive(Debug)]
pub(super) struct Amount<'l>(Cow<'l, str>);

impl Amount<'_> {
    pub(super) fn exact(&self) -> Result<Ratio, Wrong> {
        Ratio::parse_decimal(&self.0)
            .map_err(|e| Wrong::new(format!("`amount`: {e}: write digits with at most one point, as in `\"1200.50\"`")))
    }
}

impl<'de: 'l, 'l> Deserialize<'de> for Amount<'l> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expecting = "an amount in quotes, as in \"1200.50\"";
        deserializer.deserialize_str(Texts { expecting, line: PhantomData }).map(Self)
    }
}

struct Texts<'l> {
    expecting: &'static str,
    line: PhantomData<&'l ()>,
}

impl<'de: 'l, 'l> Visitor<'de> for Texts<'l> {
    type Value = Cow<'l, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// The keys that a line of any type may have.
pub(super) struct Said<'a> {
    pub(super) v: Option<u32>,
    pub(super) id: Option<&'a str>,
    pub(super) recorded_at: Option<&'a str>,
    pub(super) by: Option<&'a str>,
}

impl Said<'_> {
    /// Whether this version of the contract is the line's.
    pub(super) fn version(&self) -> Result<(), Wrong> {
        match self.v {
            None | Some(1) => Ok(()),
            Some(_) => Err(Wrong::new("this version reads lines of `\"v\": 1` only")),
        }
    }

    /// When the line was recorded; `event` for the types that need not say it.
    pub(super) fn recorded_at(&self, event: Option<Instant>) -> Result<Instant, Wrong> {
        match (self.recorded_at, event) {
            (Some(text), _) => instant("recorded_at", text),
            (None, Some(event)) => Ok(event),
            (None, None) => {
                Err(Wrong::new("`recorded_at` is missing: a line of this type is known from when it was recorded"))
            }
        }
    }

    /// The fact that a line of text says.
    pub(super) fn fact<T>(&self, text: &str, event: Option<Instant>, body: T) -> Result<Fact<T>, Wrong> {
        self.version()?;
        let id = match self.id {
            Some(id) => FactId::parse(id)?,
            None => default_id(text)?,
        };
        Ok(Fact { id, recorded_at: self.recorded_at(event)?, by: self.by.map(str::to_owned), body })
    }

    /// Refuses a line of a type that other lines point at, if it has no id.
    pub(super) fn must_have_id(&self) -> Result<(), Wrong> {
        if self.id.is_some() { Ok(()) } else { Err(Wrong::new("`id` is missing: other lines point at this one by it")) }
    }
}

/// A structure for each type of line: keys that it must have, keys that it may have, whether it has a scope, and keys
/// that are no texts.
macro_rules! lines {
    ($($name:ident: must [$($must:ident)*], may [$($may:ident)*], scope [$($scope:ident)?], other {
        $($(#[$attribute:meta])* $field:ident: $type:ty,)*
    })*) => {$(
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct $name<'l> {
            v: Option<u32>,
            #[serde(rename = "type", borrow)]
            #[expect(dead_code, reason = "the type was looked at before; here it is a key that is not unknown")]
            line_type: $crate::history::read::line::Str<'l>,
            #[serde(borrow)]
            id: Option<$crate::history::read::line::Str<'l>>,
            #[serde(borrow)]
            recorded_at: Option<$crate::history::read::line::Str<'l>>,
            #[serde(borrow)]
            by: Option<$crate::history::read::line::Str<'l>>,
            $(#[serde(borrow)] $must: $crate::history::read::line::Str<'l>,)*
            $(#[serde(borrow)] $may: Option<$crate::history::read::line::Str<'l>>,)*
            $(#[serde(borrow)] $scope: Option<$crate::history::read::line::ScopeLine<'l>>,)?
            $($(#[$attribute])* $field: $type,)*
        }

        impl $name<'_> {
            fn said(&self) -> $crate::history::read::line::Said<'_> {
                $crate::history::read::line::Said {
                    v: self.v,
                    id: self.id.as_deref(),
                    recorded_at: self.recorded_at.as_deref(),
                    by: self.by.as_deref(),
                }
            }
        }
    )*};
}
pub(super) use lines;

/// The scope of a line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScopeLine<'l> {
    #[serde(borrow)]
    solution: Option<Str<'l>>,
    #[serde(borrow)]
    interface: Option<Str<'l>>,
    #[serde(borrow)]
    region: Option<Str<'l>>,
    #[serde(borrow)]
    zone: Option<Str<'l>>,
    #[serde(borrow)]
    instance: Option<Str<'l>>,
    #[serde(borrow)]
    feature: Option<Str<'l>>,
    #[serde(borrow)]
    customer: Option<Str<'l>>,
}

/// What a line is about; an absent scope is everything.
pub(super) fn scope(line: Option<&ScopeLine<'_>>) -> Result<Scope, Wrong> {
    let Some(line) = line else { return Ok(Scope::default()) };
    let part = |text: &Option<Str<'_>>| text.as_deref().map(PartId::parse).transpose();
    Ok(Scope {
        solution: line.solution.as_deref().map(SolutionId::parse).transpose()?,
        interface: line.interface.as_deref().map(InterfaceId::parse).transpose()?,
        parts: Parts {
            region: part(&line.region)?,
            zone: part(&line.zone)?,
            instance: part(&line.instance)?,
            feature: part(&line.feature)?,
            customer: line.customer.as_deref().map(CustomerId::parse).transpose()?,
        },
    })
}

/// The scope of a line that is always about one customer.
pub(super) fn scope_of_customer(line: Option<&ScopeLine<'_>>) -> Result<Scope, Wrong> {
    let scope = scope(line)?;
    match scope.parts.customer {
        Some(_) => Ok(scope),
        None => Err(Wrong::new("`scope.customer` is missing: a line of this type is about one customer")),
    }
}

/// A check as one vantage point sees it.
pub(super) fn series(check: &str, vantage: &str) -> Result<Series, Wrong> {
    Ok(Series { check: CheckId::parse(check)?, vantage: VantageId::parse(vantage)? })
}

/// A moment.
pub(super) fn instant(key: &str, text: &str) -> Result<Instant, Wrong> {
    Instant::parse(text).map_err(|e| Wrong::new(format!("`{key}`: {e}")))
}

/// A moment that need not be there.
pub(super) fn maybe_instant(key: &str, text: Option<&Str<'_>>) -> Result<Option<Instant>, Wrong> {
    text.map(|text| instant(key, text)).transpose()
}

/// A span whose end may be open.
pub(super) fn open_span(from: &str, until: Option<&Str<'_>>) -> Result<Interval, Wrong> {
    named_span(("from", from), ("until", until))
}

/// A span that has an end.
pub(super) fn closed_span(from: &str, until: &str) -> Result<Interval, Wrong> {
    span_of(("from", instant("from", from)?), ("until", instant("until", until)?))
}

/// A span whose ends have other names, and whose second end may be open.
pub(super) fn named_span(from: (&str, &str), until: (&str, Option<&Str<'_>>)) -> Result<Interval, Wrong> {
    let end = maybe_instant(until.0, until.1)?.unwrap_or(Instant::MAX);
    span_of((from.0, instant(from.0, from.1)?), (until.0, end))
}

fn span_of((from_key, from): (&str, Instant), (until_key, until): (&str, Instant)) -> Result<Interval, Wrong> {
    Interval::new(from, until)
        .ok_or_else(|| Wrong::new(format!("`{until_key}` ({until}) is not later than `{from_key}` ({from})")))
}

/// Refuses two moments of which the second comes before the first. Moments that are not there are in order.
pub(super) fn not_before(first: (&str, Option<Instant>), second: (&str, Option<Instant>)) -> Result<(), Wrong> {
    match (first, second) {
        ((first, Some(a)), (second, Some(b))) if b < a => {
            Err(Wrong::new(format!("`{second}` ({b}) is before `{first}` ({a})")))
        }
        _ => Ok(()),
    }
}

/// One of a closed set of words.
pub(super) fn among<T: Copy>(what: &str, word: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T, Wrong> {
    all.iter().copied().find(|each| name(*each) == word).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|each| name(*each)).collect();
        let help =
            nearest(word, names.iter().copied()).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        Wrong::new(format!("`{word}` is not {what}: use {}{help}", names.join(", ")))
    })
}

/// The id of a line that names none: the first 16 hex digits of the SHA-256 of its JSON with sorted keys and without
/// spaces, `v`, and keys that are null.
fn default_id(text: &str) -> Result<FactId, Wrong> {
    let mut members: BTreeMap<String, Value> = parse(text)?;
    members.retain(|key, value| key != "v" && !value.is_null());
    let mut sorted = String::new();
    write_object(members.iter(), &mut sorted);
    let digest = Sha256::digest(sorted.as_bytes());
    let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Ok(FactId::parse(&hex)?)
}

fn write_object<'a>(members: impl Iterator<Item = (&'a String, &'a Value)>, out: &mut String) {
    out.push('{');
    for (place, (key, value)) in members.enumerate() {
        if place > 0 {
            out.push(',');
        }
        out.push_str(&Value::from(key.as_str()).to_string());
        out.push(':');
        write_sorted(value, out);
    }
    out.push('}');
}

/// Sorts by itself: whether `serde_json` does depends on what else is compiled in.
fn write_sorted(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => write_object(members.iter().collect::<BTreeMap<_, _>>().into_iter(), out),
        Value::Array(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write_sorted(item, out);
            }
            out.push(']');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_line_without_one_depends_on_what_it_says_and_not_on_how() {
        let id = |text: &str| default_id(text).unwrap().to_string();
        let one = id(r#"{"v":1,"type":"report","customer":"acme","scope":{"zone":"a","region":"あ\n"},"until":null}"#);
        let other = id(r#" { "scope":{"region":"\u3042\u000a","zone":"a"}, "customer" : "acme","type":"report" }"#);
        assert_eq!(one, other);
        assert_ne!(one, id(r#"{"type":"report","customer":"acme","scope":{"region":"あ\n"}}"#));
        // echo '{"type":"report","customer":"acme","at":1}' | jq -cjS . | sha256sum
        assert_eq!(id(r#"{"type":"report","customer":"acme","at":1}"#), "5218f61998ee404a");
    }
}
