//! What is judged, by its name.

use uphold_core::agreement::{Agreement, Solution, Subject};
use uphold_core::history::Parts;

use super::words::{Phrase, Words};

/// The solution that a subject belongs to, where it belongs to one.
pub(crate) fn solution_of<'a>(agreement: &'a Agreement, subject: &Subject) -> Option<&'a Solution> {
    subject.solution.as_ref().and_then(|id| agreement.find_solution(id))
}

/// What a subject is called within its solution: its interface, its part, or the service as a whole.
pub(crate) fn name(words: &Words, agreement: &Agreement, subject: &Subject) -> Phrase {
    let plain = |text: String| Phrase { lang: "", text };
    if let Some(id) = &subject.interface {
        let interfaces = solution_of(agreement, subject).map_or(&[][..], |solution| &solution.interfaces);
        let found = interfaces.iter().find(|interface| interface.id == *id);
        return found.map_or_else(|| plain(id.to_string()), |found| words.phrase(&found.name));
    }
    let Parts { region, zone, instance, feature, customer: _ } = &subject.parts;
    match [region, zone, instance, feature].into_iter().flatten().next() {
        Some(part) => plain(part.to_string()),
        None => Phrase { lang: words.texts.code(), text: words.texts.get("whole-service") },
    }
}
