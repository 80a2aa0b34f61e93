//! The reference of the language: every table, key, term and word, as data, as a page and as a schema for editors.
//!
//! Here: what there is and what it is for. That this is what the reader really takes is held by a test, which asks the
//! reader for the keys of every table.

mod markdown;
mod schema;
mod tables;

pub use markdown::markdown;
pub use schema::schema;

#[cfg(test)]
mod tests;

/// A closed set of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WordSet {
    /// Its name, as links and schemas use it.
    pub name: &'static str,
    /// What it is about; may begin with a space.
    pub says: &'static str,
    /// Each word with what it means; the meaning may begin with a space.
    pub words: &'static [(&'static str, &'static str)],
}

/// What a value looks like.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// A text in each of the agreement's languages.
    Texts,
    /// Any text that is not blank.
    Word,
    /// An id: lower-case letters, digits, `-`, `_` and `.`.
    Id,
    /// The number of a clause.
    Clause,
    /// A web address.
    Address,
    /// An IANA time zone.
    Zone,
    /// A date with time and offset.
    Moment,
    /// A date.
    Date,
    /// A time of day.
    Clock,
    /// A length of time.
    Length,
    /// A percentage in quotes.
    Percent,
    /// A decimal number in quotes.
    Decimal,
    /// A whole number within two ends.
    Whole(u32, u32),
    /// True or false.
    Boolean,
    /// One of a closed set.
    Set(&'static WordSet),
    /// One of a few words.
    Fixed(&'static [&'static str]),
    /// A whole number for each name.
    Weights,
    /// An inline table.
    Table(&'static TableDoc),
    /// A list.
    List(&'static Shape),
    /// Any of several.
    Either(&'static [Shape]),
}

/// One table of the file, or one that stands inline as a value.
#[derive(Debug)]
struct TableDoc {
    /// Its header as the file writes it; for one that stands inline, a name.
    name: &'static str,
    /// What it is for.
    says: &'static str,
    /// Its keys, in the order of the reference.
    keys: &'static [KeyDoc],
}

/// One key of a table.
#[derive(Debug)]
struct KeyDoc {
    key: &'static str,
    shape: Shape,
    /// Whether it must be there.
    needed: bool,
    says: &'static str,
}

/// One kind of commitment.
#[derive(Debug)]
struct KindDoc {
    kind: &'static str,
    says: &'static str,
    /// The terms that it can state besides those of every commitment.
    terms: &'static [&'static str],
}
