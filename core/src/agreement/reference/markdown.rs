//! The reference as a page.

use std::fmt::Write;

use super::super::terms::TERMS;
use super::super::words::SETS;
use super::tables::{COMMON, FORCE, INLINE, KINDS, TABLES};
use super::{KeyDoc, Shape, TableDoc, WordSet};

const HEAD: &str = "\
# Reference of the agreement language

Written by `uphold reference` from the code; change the code, not this page. Begin with `uphold new`, which writes a
commented agreement. An agreement that uses every table is
[examples/reference/agreement.toml](../examples/reference/agreement.toml). For editors there is a
[JSON Schema](agreement.schema.json).

An agreement is a TOML file. A key that is not listed here is an error. A term that a commitment needs is looked for in the
documents above the agreement, in the commitment, in the other documents, and at last in `[policy]`; one that is needed and
stated nowhere is an error.
";

const VALUES: &str = "
## How values are written

| value | as in |
|---|---|
| text | `title = { en = \"Agreement\", ja = \"契約\" }`, or `title.en = \"Agreement\"`: every language of the agreement and no other |
| id | `\"workload-security\"`: 1 to 64 of a-z, 0-9, `-`, `_` and `.`, beginning with a letter or a digit |
| clause number | `\"4(g)\"`: 1 to 32 letters, digits, `(`, `)`, `.` and `-` |
| moment | `2026-04-01T00:00:00+09:00`: with its offset, without quotes |
| date | `2026-04-01`, without quotes |
| time of day | `\"09:00\"`, up to `\"24:00\"` |
| length of time | `\"15m\"`, `\"1h30m\"`, `\"7d\"`, with units from w, d, h, m, s, ms; a day is 86,400 seconds |
| percentage | `\"99.95\"`, in quotes so that it stays exact |
| decimal number | `\"0.01\"`, in quotes so that it stays exact |
";

/// The whole reference as Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut text = HEAD.to_owned();
    text.push_str(VALUES);
    text.push_str("\n## Tables\n");
    for table in &TABLES {
        keys(&mut text, &format!("`{}`", table.name.replace('`', "")), table.says, table.keys);
    }
    text.push_str("\n## Kinds of commitments\n\n");
    let common: Vec<String> = COMMON.iter().map(|term| format!("`{term}`")).collect();
    put(&mut text, format_args!("Every kind takes {}.\n\n", common.join(", ")));
    text.push_str("| kind | promises that | terms beside those |\n|---|---|---|\n");
    for kind in &KINDS {
        let terms: Vec<String> = kind.terms.iter().map(|term| format!("`{term}`")).collect();
        put(&mut text, format_args!("| `{}` | {} | {} |\n", kind.kind, kind.says, terms.join(", ")));
    }
    text.push_str("\n## Terms\n\n| term | value | the question that it answers | needed |\n|---|---|---|---|\n");
    for term in &TERMS {
        let values = term.values.replace('|', "\\|");
        put(&mut text, format_args!("| `{}` | {values} | {} | {} |\n", term.key, term.question, term.needed));
    }
    text.push_str("\n## Inline tables of terms\n");
    for table in INLINE {
        keys(&mut text, table.name, table.says, table.keys);
    }
    text.push_str("\n## Words\n");
    for set in std::iter::once(&FORCE).chain(SETS) {
        put(&mut text, format_args!("\n### {}\n\n{}\n\n| word | meaning |\n|---|---|\n", name(set), set.says.trim()));
        for (word, says) in set.words {
            put(&mut text, format_args!("| `{word}` | {} |\n", says.trim()));
        }
    }
    text
}

fn keys(text: &mut String, name: &str, says: &str, keys: &[KeyDoc]) {
    put(text, format_args!("\n### {name}\n\n{says}\n"));
    if keys.is_empty() {
        return;
    }
    text.push_str("\n| key | value | needed | meaning |\n|---|---|---|---|\n");
    for key in keys {
        let needed = if key.needed { "yes" } else { "" };
        put(text, format_args!("| `{}` | {} | {needed} | {} |\n", key.key, shape(key.shape), key.says));
    }
}

/// A value in a few words.
fn shape(of: Shape) -> String {
    match of {
        Shape::Texts => "text".to_owned(),
        Shape::Word => "a word or a sentence".to_owned(),
        Shape::Id => "id".to_owned(),
        Shape::Clause => "clause number".to_owned(),
        Shape::Address => "web address".to_owned(),
        Shape::Zone => "IANA time zone".to_owned(),
        Shape::Moment => "moment".to_owned(),
        Shape::Date => "date".to_owned(),
        Shape::Clock => "time of day".to_owned(),
        Shape::Length => "length of time".to_owned(),
        Shape::Percent => "percentage".to_owned(),
        Shape::Decimal => "decimal number".to_owned(),
        Shape::Whole(least, u32::MAX) => format!("whole number from {least}"),
        Shape::Whole(least, most) => format!("whole number from {least} to {most}"),
        Shape::Boolean => "`true` or `false`".to_owned(),
        Shape::Set(set) => format!("[{}](#{})", name(set), name(set).replace(' ', "-")),
        Shape::Fixed(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Shape::Weights => "a table of whole numbers".to_owned(),
        Shape::Table(table) => format!("[{}](#{})", table.name, heading(table)),
        Shape::List(item) => format!("a list: {}", shape(*item)),
        Shape::Either(all) => all.iter().map(|each| shape(*each)).collect::<Vec<_>>().join(", or "),
    }
}

/// The name by which the heading of a table is linked to: that under which its keys are listed.
fn heading(table: &TableDoc) -> String {
    let listed = TABLES.iter().find(|own| std::ptr::eq(own.keys, table.keys)).unwrap_or(table);
    let kept = listed.name.chars().filter(|letter| letter.is_ascii_alphanumeric() || [' ', '-', '_'].contains(letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

/// The name of a set in plain words: `takes effect` of `TakesEffect`.
fn name(set: &WordSet) -> String {
    let mut plain = String::new();
    for letter in set.name.chars() {
        if letter.is_ascii_uppercase() && !plain.is_empty() {
            plain.push(' ');
        }
        plain.push(letter.to_ascii_lowercase());
    }
    plain
}

fn put(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = text.write_fmt(arguments);
}
