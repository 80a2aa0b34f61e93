//! Every text of pages and documents, in each language.
//!
//! The texts are in `locales/`, one Fluent file a language with one set of keys.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use uphold_core::agreement::Language;

const SOURCES: [(Language, &str); 2] =
    [(Language::En, include_str!("../../locales/en.ftl")), (Language::Ja, include_str!("../../locales/ja.ftl"))];

static BUNDLES: LazyLock<Vec<(Language, FluentBundle<FluentResource>)>> =
    LazyLock::new(|| SOURCES.iter().map(|(language, source)| (*language, bundle(*language, source))).collect());

fn bundle(language: Language, source: &str) -> FluentBundle<FluentResource> {
    let locale = language.code().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![locale]);
    bundle.set_use_isolating(false);
    // A test proves that both files can be read; what could be read is shown all the same.
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(partial, _)| partial);
    bundle.add_resource_overriding(resource);
    bundle
}

/// Every text of the interface in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Texts(pub(crate) Language);

impl Texts {
    /// A text without blanks to fill.
    pub(crate) fn get(self, key: &str) -> String {
        self.with(key, &[])
    }

    /// A text with its blanks filled. A key that does not exist is shown as it is: a test proves that there is none.
    pub(crate) fn with(self, key: &str, blanks: &[(&'static str, FluentValue<'_>)]) -> String {
        let found = BUNDLES.iter().find(|(language, _)| *language == self.0);
        let Some((bundle, pattern)) = found.and_then(|(_, bundle)| Some((bundle, bundle.get_message(key)?.value()?)))
        else {
            return key.to_owned();
        };
        let blanks: FluentArgs<'_> = blanks.iter().map(|(name, value)| (*name, value.clone())).collect();
        bundle.format_pattern(pattern, Some(&blanks), &mut Vec::new()).into_owned()
    }

    /// The language's code.
    pub(crate) fn code(self) -> &'static str {
        self.0.code()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// Each message's key with the blanks that it names.
    fn keys(source: &str) -> BTreeSet<(String, BTreeSet<String>)> {
        let mut found: Vec<(String, BTreeSet<String>)> = Vec::new();
        for line in source.lines() {
            if line.starts_with(|c: char| c.is_ascii_lowercase()) {
                let key = line.split('=').next().unwrap_or("").trim().to_owned();
                found.push((key, BTreeSet::new()));
            }
            let blanks = line
                .split('$')
                .skip(1)
                .map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect::<String>());
            if let Some((_, names)) = found.last_mut() {
                names.extend(blanks);
            }
        }
        found.into_iter().collect()
    }

    fn read_all(folder: &Path, into: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read_all(&path, into);
                continue;
            }
            into.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }

    #[test]
    fn both_files_can_be_read_and_have_the_same_keys_with_the_same_blanks() {
        for (language, source) in SOURCES {
            assert!(FluentResource::try_new(source.to_owned()).is_ok(), "{language:?}");
        }
        for (language, source) in SOURCES {
            let all = source.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
            let mut seen = BTreeSet::new();
            let twice: Vec<&str> =
                all.filter_map(|line| line.split(" =").next()).filter(|key| !seen.insert(*key)).collect();
            assert_eq!(twice, Vec::<&str>::new(), "{language:?}");
        }
        let [en, ja] = SOURCES.map(|(_, source)| keys(source));
        assert!(en.len() > 50, "{}", en.len());
        assert_eq!(en, ja);
    }

    #[test]
    fn no_key_is_unused_and_none_that_is_used_is_missing() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut code = String::new();
        for folder in ["src/web", "src/wording", "src/statement", "templates"] {
            read_all(&root.join(folder), &mut code);
        }
        let keys: BTreeSet<String> = keys(SOURCES[0].1).into_iter().map(|(key, _)| key).collect();
        let unused: Vec<&String> = keys.iter().filter(|key| !code.contains(&format!("\"{key}\""))).collect();
        assert_eq!(unused, Vec::<&String>::new());
        for call in ["texts.get(\"", "texts.with(\"", "t.get(\"", "t.with(\""] {
            for used in code.split(call).skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(keys.contains(used), "`{used}` is in no file");
            }
        }
    }
}
