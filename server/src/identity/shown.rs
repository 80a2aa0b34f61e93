//! What an ID token carries for people to recognise themselves by: shown once, and neither kept nor used for anything else.
//!
//! Many providers let people write it themselves, so it is treated as what a stranger sent.

use std::fmt;

use serde_json::Value;

/// How much of a name is shown, in characters.
const NAME_MAX: usize = 100;

/// What a provider calls somebody, to be looked at and for nothing else.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// The name that they sign in with there.
    pub user_name: Option<String>,
    /// Their address of mail.
    pub mail: Option<String>,
}

impl fmt::Debug for Shown {
    /// Without what is a person's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown").finish_non_exhaustive()
    }
}

impl Shown {
    /// What may be shown of two claims, whatever they hold.
    pub(super) fn read(user_name: Option<&Value>, mail: Option<&Value>) -> Self {
        let shown = |claim: Option<&Value>| {
            let text = claim.and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())?;
            Some(visible(text, NAME_MAX))
        };
        Self { user_name: shown(user_name), mail: shown(mail) }
    }
}

/// A foreign text as it may be shown: not longer than so many characters, and with a mark in the place of whatever would not be
/// seen or would turn the writing around, so that two that differ do not look the same.
#[must_use]
pub fn visible(text: &str, length_max: usize) -> String {
    let mark = |c: char| if is_unseen(c) { char::REPLACEMENT_CHARACTER } else { c };
    let mut shown: String = text.chars().take(length_max).map(mark).collect();
    if text.chars().nth(length_max).is_some() {
        shown.push('…');
    }
    shown
}

fn is_unseen(c: char) -> bool {
    let is_format = matches!(c,
        '\u{AD}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}');
    c.is_control() || is_format
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_no_text_is_not_shown_and_what_would_not_be_seen_is_marked() {
        let read = |name: Value, mail: Value| Shown::read(Some(&name), Some(&mail));
        let good = read(json!(" 太郎 "), json!("taro@example.com"));
        assert_eq!((good.user_name.as_deref(), good.mail.as_deref()), (Some("太郎"), Some("taro@example.com")));
        for bad in [json!(null), json!(1), json!(true), json!(["a"]), json!({ "a": "b" }), json!(""), json!(" \n\t")] {
            assert_eq!(read(bad.clone(), bad), Shown::default());
        }
        assert_eq!(Shown::read(None, None), Shown::default());
        let sly = read(json!("a\u{202E}moc\u{2066}b\nc\u{200B}d\0"), json!("x".repeat(5_000)));
        assert_eq!(sly.user_name.as_deref(), Some("a\u{FFFD}moc\u{FFFD}b\u{FFFD}c\u{FFFD}d\u{FFFD}"));
        assert_eq!(sly.mail, Some(format!("{}…", "x".repeat(100))));
        assert_eq!(visible("abc", 3), "abc", "nothing is left out");
        assert!(!format!("{sly:?}").contains("moc"));
    }
}
