//! The agreement's own terms put into words: how strongly a clause binds, which language governs, what a term asks.

use uphold_core::agreement::{Agreement, Force, Language};

use super::texts::Texts;
use super::words::{Phrase, Words};

/// What the reader of another language is told about the one that governs.
pub(crate) fn governs(words: &Words, agreement: &Agreement) -> Option<Phrase> {
    let authoritative = agreement.authoritative;
    let other = authoritative != words.texts.0;
    let stated = agreement.note.as_ref().map(|note| words.phrase(note));
    let general = || Phrase {
        lang: words.texts.code(),
        text: match authoritative {
            Language::En => words.texts.get("english-governs"),
            Language::Ja => words.texts.get("japanese-governs"),
        },
    };
    other.then(|| stated.unwrap_or_else(general))
}

/// The name of a force.
pub(crate) fn force(texts: Texts, force: Force) -> String {
    match force {
        Force::Statement => texts.get("force-statement"),
        Force::Objective => texts.get("force-objective"),
        Force::Efforts => texts.get("force-efforts"),
        Force::Duty => texts.get("force-duty"),
        Force::Permission => texts.get("force-permission"),
        Force::Condition => texts.get("force-condition"),
    }
}

/// The question that a term answers, in the reader's language.
pub(crate) fn question(texts: Texts, key: &str) -> String {
    match key {
        "zone" => texts.get("term-zone"),
        "period" => texts.get("term-period"),
        "close_after" => texts.get("term-close-after"),
        "decimals" => texts.get("term-decimals"),
        "unknown" => texts.get("term-unknown"),
        "min_observed" => texts.get("term-min-observed"),
        "degraded" => texts.get("term-degraded"),
        "service_time" => texts.get("term-service-time"),
        "vantages" => texts.get("term-vantages"),
        "checks" => texts.get("term-checks"),
        "instances" => texts.get("term-instances"),
        "features" => texts.get("term-features"),
        "interfaces" => texts.get("term-interfaces"),
        "zones" => texts.get("term-zones"),
        "regions" => texts.get("term-regions"),
        "controls" => texts.get("term-controls"),
        "connections" => texts.get("term-connections"),
        "confirm" => texts.get("term-confirm"),
        "outage" => texts.get("term-outage"),
        "days_are" => texts.get("term-days-are"),
        "exclude" => texts.get("term-exclude"),
        "exclusions" => texts.get("term-exclusions"),
        "caps" => texts.get("term-caps"),
        "partial" => texts.get("term-partial"),
        "suspended" => texts.get("term-suspended"),
        "customers" => texts.get("term-customers"),
        "binding" => texts.get("term-binding"),
        "indicator" => texts.get("term-indicator"),
        "aggregate" => texts.get("term-aggregate"),
        "slice" => texts.get("term-slice"),
        "remedy" => texts.get("term-remedy"),
        "termination" => texts.get("term-termination"),
        "claim" => texts.get("term-claim"),
        "classes" => texts.get("term-classes"),
        "maintenance_notice" => texts.get("term-maintenance-notice"),
        "maintenance_extension" => texts.get("term-maintenance-extension"),
        "maintenance_limit" => texts.get("term-maintenance-limit"),
        "cap_scope" => texts.get("term-cap-scope"),
        "cap_exempt" => texts.get("term-cap-exempt"),
        "noticed_within" => texts.get("term-noticed-within"),
        "noticed_from" => texts.get("term-noticed-from"),
        "restored_within" => texts.get("term-restored-within"),
        "rto" => texts.get("term-rto"),
        "rpo" => texts.get("term-rpo"),
        "exercises_count" => texts.get("term-exercises-count"),
        "exercise_every" => texts.get("term-exercise-every"),
        "review_every" => texts.get("term-review-every"),
        "capacity_every" => texts.get("term-capacity-every"),
        "about" => texts.get("term-about"),
        "to" => texts.get("term-to"),
        "what" => texts.get("term-what"),
        "takes_effect" => texts.get("term-takes-effect"),
        "mid_period" => texts.get("term-mid-period"),
        "covered_when" => texts.get("term-covered-when"),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uphold_core::agreement::{Language, TERMS};

    #[test]
    fn every_term_that_there_is_has_its_question() {
        for term in TERMS {
            for language in Language::ALL {
                assert_ne!(question(Texts(language), term.key), term.key, "{}", term.key);
            }
        }
    }
}
