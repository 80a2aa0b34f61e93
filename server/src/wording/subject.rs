//! What is judged, by its name.

use uphold_core::agreement::{Agreement, Solution, Subject};
use uphold_core::history::Parts;
use uphold_core::id::PartId;

use super::words::{Phrase, Words};

/// The solution that a subject belongs to, where it belongs to one.
pub(crate) fn solution_of<'a>(agreement: &'a Agreement, subject: &Subject) -> Option<&'a Solution> {
    subject.solution.as_ref().and_then(|id| agreement.find_solution(id))
}

/// What a subject is called within its solution: its interface and its parts, or the service as a whole.
pub(crate) fn name(words: &Words, agreement: &Agreement, subject: &Subject) -> Phrase {
    let plain = |text: String| Phrase { lang: "", text };
    let Parts { region, zone, instance, feature, customer: _ } = &subject.parts;
    let parts: Vec<&str> = [region, zone, instance, feature].into_iter().flatten().map(PartId::as_str).collect();
    let Some(id) = &subject.interface else {
        return match parts.is_empty() {
            true => Phrase { lang: words.texts.code(), text: words.texts.get("whole-service") },
            false => plain(parts.join(" · ")),
        };
    };
    let interfaces = solution_of(agreement, subject).map_or(&[][..], |solution| &solution.interfaces);
    let found = interfaces.iter().find(|interface| interface.id == *id);
    let Phrase { lang, text } = found.map_or_else(|| plain(id.to_string()), |found| words.phrase(&found.name));
    Phrase { lang, text: [&[text.as_str()], &parts[..]].concat().join(" · ") }
}
