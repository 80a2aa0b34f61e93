//! `uphold compare`: what differs between two revisions of an agreement.

use std::path::PathBuf;

use serde_json::{Value, json};
use uphold_core::agreement::compare::{About, Change, Difference, Piece, Side, compare};
use uphold_core::agreement::{Agreement, Language};

use super::{Failure, Format, count, read_agreement};

/// Compare two revisions of an agreement.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The agreement as it was
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The agreement as it is now
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// The language of titles and names
    #[arg(long, value_parser = ["en", "ja"], default_value = "en")]
    lang: String,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What the process ends with: 0 where both say the same, 1 where they differ, 2 where one cannot be read.
pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let read = |path: &PathBuf| read_agreement(path).map(|(agreement, _)| agreement).map_err(|failure| failure.exit(2));
    let (old, new) = (read(&args.old)?, read(&args.new)?);
    let found = compare(&old, &new);
    let files = [&args.old, &args.new].map(|path| path.display().to_string());
    match args.format {
        Format::Text => {
            let language = Language::find(&args.lang).unwrap_or(Language::En);
            out!("{}", text([&old, &new], &files, &found, language));
        }
        Format::Json => outln!("{:#}", document([&old, &new], &files, &found)),
    }
    Ok(u8::from(!found.is_empty()))
}

/// The differences as text. `files` names both.
pub(super) fn text(both: [&Agreement; 2], files: &[String; 2], found: &[Difference], language: Language) -> String {
    let [from, to] = [0, 1].map(|n: usize| format!("{}: `{}`, revision {}", files[n], both[n].id, both[n].revision));
    let mut text = format!("from  {from}\nto    {to}\n");
    let mut above: Option<&About> = None;
    for each in found {
        if above != Some(&each.about) {
            text.push_str(&format!("\n{}\n", heading(both, &each.about, language)));
            above = Some(&each.about);
        }
        text.push_str(&format!("  {:<9}{}\n", word(each), line(each)));
    }
    let of = |change: Change| found.iter().filter(|each| each.change == change).count();
    match found.len() {
        0 => text.push_str("\nboth say the same\n"),
        n => text.push_str(&format!(
            "\n{}; by its own term alone {} better for the customer, {} worse\n",
            count(n, "difference", "differences"),
            of(Change::Better),
            of(Change::Worse)
        )),
    }
    text
}

/// What a change is about, with its title in the language that was asked for: the new one, where there is one.
fn heading([old, new]: [&Agreement; 2], about: &About, language: Language) -> String {
    let either = [new, old];
    let named = |what: &str, id: &str, name: Option<&uphold_core::agreement::Text>| {
        let name = name.map_or_else(String::new, |name| format!(", {}", name.in_language(language)));
        format!("{what} {id}{name}")
    };
    match about {
        About::Agreement => "the agreement".to_owned(),
        About::Document(id) => {
            let mut all = either.iter().flat_map(|each| &each.documents);
            named("document", id.as_str(), all.find(|document| document.id == *id).map(|document| &document.title))
        }
        About::Definition(None, word) => format!("definition of “{word}”"),
        About::Definition(Some(document), word) => format!("definition of “{word}” by {document}"),
        About::Calendar(id) => format!("calendar {id}"),
        About::Clause(id) => {
            let clause = either.iter().find_map(|each| each.find_clause(id));
            named("clause", id.as_str(), clause.map(|clause| &clause.title))
        }
        About::Solution(id) => {
            let solution = either.iter().find_map(|each| each.find_solution(id));
            named("solution", id.as_str(), solution.map(|solution| &solution.name))
        }
        About::Commitments(ids) => match ids.as_slice() {
            [one] => {
                let commitment = either.iter().find_map(|each| each.find_commitment(one));
                let clause =
                    commitment.map_or_else(String::new, |commitment| format!(" (clause {})", commitment.clause));
                format!("{}{clause}", named("commitment", one.as_str(), commitment.map(|commitment| &commitment.name)))
            }
            all if all.len() == old.commitments.iter().filter(|one| new.find_commitment(&one.id).is_some()).count() => {
                "every commitment that both have".to_owned()
            }
            several => {
                let ids: Vec<&str> = several.iter().map(uphold_core::id::CommitmentId::as_str).collect();
                format!("commitments {}", ids.join(", "))
            }
        },
    }
}

fn word(difference: &Difference) -> &'static str {
    match (difference.change, &difference.old, &difference.new) {
        (Change::Open, None, _) => "added",
        (Change::Open, _, None) => "removed",
        (change, _, _) => change.name(),
    }
}

fn line(difference: &Difference) -> String {
    let origin = |side: &Side| side.origin.as_ref().map_or_else(String::new, |origin| format!(" ({origin})"));
    let said = |side: &Side| format!("{}{}", side.value, origin(side));
    let value = match (&difference.old, &difference.new) {
        _ if !difference.words.is_empty() => difference.words.iter().map(marked).collect(),
        (Some(old), Some(new)) if old.origin == new.origin => format!("{} → {}", old.value, said(new)),
        (Some(old), Some(new)) => format!("{} → {}", said(old), said(new)),
        (None, Some(new)) if difference.key.is_some() && difference.change != Change::Open => {
            format!("nothing → {}", said(new))
        }
        (Some(old), None) if difference.key.is_some() && difference.change != Change::Open => {
            format!("{} → nothing", said(old))
        }
        (Some(side), None) | (None, Some(side)) => said(side),
        (None, None) => String::new(),
    };
    match &difference.key {
        Some(key) => format!("{key}: {value}"),
        None => value,
    }
}

fn marked(piece: &Piece) -> String {
    match piece {
        Piece::Same(text) => text.clone(),
        Piece::Gone(text) => format!("[-{text}-]"),
        Piece::Come(text) => format!("{{+{text}+}}"),
    }
}

/// The same for other programs.
fn document(both: [&Agreement; 2], files: &[String; 2], found: &[Difference]) -> Value {
    let [old, new] =
        [0, 1].map(|n: usize| json!({ "file": files[n], "id": both[n].id.as_str(), "revision": both[n].revision }));
    let differences: Vec<Value> = found.iter().map(difference).collect();
    json!({ "old": old, "new": new, "differences": differences })
}

fn difference(difference: &Difference) -> Value {
    let side = |side: &Option<Side>| {
        side.as_ref().map(
            |Side { value, origin }| json!({ "value": value, "stated_by": origin.as_ref().map(ToString::to_string) }),
        )
    };
    let words: Vec<Value> = difference.words.iter().map(piece).collect();
    let (about, ids): (&str, Vec<String>) = match &difference.about {
        About::Agreement => ("agreement", Vec::new()),
        About::Document(id) => ("document", vec![id.to_string()]),
        About::Definition(document, word) => {
            ("definition", document.iter().map(ToString::to_string).chain([word.clone()]).collect())
        }
        About::Calendar(id) => ("calendar", vec![id.to_string()]),
        About::Clause(id) => ("clause", vec![id.to_string()]),
        About::Solution(id) => ("solution", vec![id.to_string()]),
        About::Commitments(ids) => ("commitment", ids.iter().map(ToString::to_string).collect()),
    };
    json!({
        "about": about, "ids": ids, "key": difference.key, "change": difference.change.name(),
        "old": side(&difference.old), "new": side(&difference.new), "words": words,
    })
}

fn piece(piece: &Piece) -> Value {
    match piece {
        Piece::Same(text) => json!({ "same": text }),
        Piece::Gone(text) => json!({ "old": text }),
        Piece::Come(text) => json!({ "new": text }),
    }
}
