//! The figures of a commitment that is no percentage, with what each is called.

use uphold_core::ratio::Ratio;
use uphold_core::statement::{Amount, Row};

use super::texts::Texts;
use super::when;
use super::words::Words;

/// The figures of a row: what each is, and how much.
pub(crate) fn figures(words: &Words, row: &Row) -> Vec<(String, String)> {
    let figure = |key, of: &Amount| (label(words.texts, key), amount(words, of, row.decimals));
    row.measured.iter().map(|each| figure(each.key, &each.amount)).collect()
}

/// How much, to the millisecond: a figure that is compared with a limit must not look as if it reached it.
fn amount(words: &Words, amount: &Amount, decimals: usize) -> String {
    match amount {
        Amount::Time(length) => words.texts.with(
            "statement-length",
            &[("clock", when::clock_length(*length).into()), ("seconds", when::seconds(words, *length).into())],
        ),
        Amount::Moment(at) => when::moment(words, *at).text,
        Amount::Count(count) => words.number(&count.to_string()),
        Amount::Share(share) => words.texts.with("percent", &[("percent", share.percent(decimals).into())]),
    }
}

/// An amount: exact with at least two decimals; one that has no end is cut after six, and says so.
pub(crate) fn money(amount: &Ratio) -> String {
    let places = amount.places(2);
    match (amount.decimal(), places.split_once('.')) {
        (None, Some((whole, decimals))) => format!("{whole}.{}…", decimals.get(..6).unwrap_or(decimals)),
        _ => places,
    }
}

/// The figures that are lengths of time.
pub(crate) const LENGTHS: [&str; 12] = [
    "absent",
    "left",
    "limit",
    "longest",
    "longest_exercise",
    "longest_extension",
    "longest_gap",
    "planned",
    "present",
    "shortest_notice",
    "slowest_notice",
    "used",
];

/// What the figure of this key is called; a key without words is shown as it is, and a test proves that there is none.
pub(crate) fn label(texts: Texts, key: &str) -> String {
    match key {
        "absent" => texts.get("statement-measured-absent"),
        "count" => texts.get("statement-measured-count"),
        "disasters" => texts.get("statement-measured-disasters"),
        "events" => texts.get("statement-measured-events"),
        "exercises" => texts.get("statement-measured-exercises"),
        "extensions" => texts.get("statement-measured-extensions"),
        "incidents" => texts.get("statement-measured-incidents"),
        "last" => texts.get("statement-measured-last"),
        "left" => texts.get("statement-measured-left"),
        "limit" => texts.get("statement-measured-limit"),
        "longest" => texts.get("statement-measured-longest"),
        "longest_exercise" => texts.get("statement-measured-longest-exercise"),
        "longest_extension" => texts.get("statement-measured-longest-extension"),
        "longest_gap" => texts.get("statement-measured-longest-gap"),
        "not_restored" => texts.get("statement-measured-not-restored"),
        "observed" => texts.get("statement-observed"),
        "planned" => texts.get("statement-measured-planned"),
        "present" => texts.get("statement-measured-present"),
        "shortest_notice" => texts.get("statement-measured-shortest-notice"),
        "slowest_notice" => texts.get("statement-measured-slowest-notice"),
        "suspensions" => texts.get("statement-measured-suspensions"),
        "unannounced" => texts.get("statement-measured-unannounced"),
        "untold" => texts.get("statement-measured-untold"),
        "used" => texts.get("statement-measured-used"),
        "windows" => texts.get("statement-measured-windows"),
        other => other.replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use uphold_core::agreement::Language;

    use super::*;

    /// The keys that core gives to figures, as its sources write them.
    fn keys(calls: &[&str]) -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src/evaluate/obligation");
        let mut code = String::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                code.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
        let written = calls.iter().flat_map(|call| code.split(call).skip(1));
        written.filter_map(|rest| rest.split_once('"')).map(|(key, _)| key.to_owned()).collect()
    }

    #[test]
    fn every_figure_of_core_has_words_of_its_own_in_both_languages() {
        let keys = keys(&[".count(\"", ".time(\"", "key: \""]);
        assert!(keys.len() > 20, "{keys:?}");
        for key in keys {
            let [en, ja] = Language::ALL.map(|language| label(Texts(language), &key));
            assert!(ja != en && ja != key.replace('_', " "), "{key}: {en}, {ja}");
        }
    }

    #[test]
    fn every_length_of_core_is_known_as_one() {
        let lengths: std::collections::BTreeSet<String> = keys(&[".time(\""]).into_iter().collect();
        assert_eq!(lengths.iter().map(String::as_str).collect::<Vec<_>>(), LENGTHS);
    }
}
