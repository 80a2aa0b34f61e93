//! Forms for what is told by hand: what a type of record is, what its keys are called, and the words that a key knows.
//!
//! A key without a name is shown as the format writes it; a test proves that there is none.

use super::texts::Texts;

/// The types of record that people tell, those that are told most first: the type, the key of its name, and of what it says.
pub(crate) const KINDS: [(&str, &str, &str); 23] = [
    ("incident", "kind-incident", "kind-incident-says"),
    ("update", "kind-update", "kind-update-says"),
    ("maintenance", "kind-maintenance", "kind-maintenance-says"),
    ("notice", "kind-notice", "kind-notice-says"),
    ("exclusion", "kind-exclusion", "kind-exclusion-says"),
    ("suspension", "kind-suspension", "kind-suspension-says"),
    ("entitlement", "kind-entitlement", "kind-entitlement-says"),
    ("assent", "kind-assent", "kind-assent-says"),
    ("claim", "kind-claim", "kind-claim-says"),
    ("report", "kind-report", "kind-report-says"),
    ("fee", "kind-fee", "kind-fee-says"),
    ("recovery", "kind-recovery", "kind-recovery-says"),
    ("plan", "kind-plan", "kind-plan-says"),
    ("subprocessor", "kind-subprocessor", "kind-subprocessor-says"),
    ("placement", "kind-placement", "kind-placement-says"),
    ("publication", "kind-publication", "kind-publication-says"),
    ("capacity", "kind-capacity", "kind-capacity-says"),
    ("connections", "kind-connections", "kind-connections-says"),
    ("counts", "kind-counts", "kind-counts-says"),
    ("population", "kind-population", "kind-population-says"),
    ("impact", "kind-impact", "kind-impact-says"),
    ("resource", "kind-resource", "kind-resource-says"),
    ("log_digest", "kind-log-digest", "kind-log-digest-says"),
];

const KEYS: [(&str, &str); 93] = [
    ("scope.solution", "key-scope-solution"),
    ("scope.interface", "key-scope-interface"),
    ("scope.region", "key-scope-region"),
    ("scope.zone", "key-scope-zone"),
    ("scope.instance", "key-scope-instance"),
    ("scope.feature", "key-scope-feature"),
    ("scope.customer", "key-scope-customer"),
    ("about.id", "key-about-id"),
    ("about", "key-about"),
    ("stage", "key-stage"),
    ("text", "key-text"),
    ("about.sequence", "key-about-sequence"),
    ("attributes.tier", "key-attributes-tier"),
    ("accepted_at", "key-accepted-at"),
    ("acknowledged_at", "key-acknowledged-at"),
    ("act", "key-act"),
    ("action", "key-action"),
    ("actual_from", "key-actual-from"),
    ("actual_until", "key-actual-until"),
    ("address", "key-address"),
    ("amount", "key-amount"),
    ("at", "key-at"),
    ("attributed_to", "key-attributed-to"),
    ("cause", "key-cause"),
    ("channel", "key-channel"),
    ("check", "key-check"),
    ("class", "key-class"),
    ("commitment", "key-commitment"),
    ("connected", "key-connected"),
    ("controllable", "key-controllable"),
    ("count", "key-count"),
    ("currency", "key-currency"),
    ("customer", "key-customer"),
    ("customer_side", "key-customer-side"),
    ("data_centre", "key-data-centre"),
    ("decided_at", "key-decided-at"),
    ("decision", "key-decision"),
    ("declared_at", "key-declared-at"),
    ("delivered_at", "key-delivered-at"),
    ("detected_at", "key-detected-at"),
    ("digest", "key-digest"),
    ("direction", "key-direction"),
    ("disaster", "key-disaster"),
    ("disrupted_at", "key-disrupted-at"),
    ("document", "key-document"),
    ("effective_at", "key-effective-at"),
    ("enforced_at", "key-enforced-at"),
    ("evidence", "key-evidence"),
    ("expected", "key-expected"),
    ("extent", "key-extent"),
    ("failed_at", "key-failed-at"),
    ("filed_at", "key-filed-at"),
    ("from", "key-from"),
    ("good", "key-good"),
    ("ground", "key-ground"),
    ("healthy_at", "key-healthy-at"),
    ("iaas", "key-iaas"),
    ("impact", "key-impact"),
    ("kind", "key-kind"),
    ("lifted_at", "key-lifted-at"),
    ("limit", "key-limit"),
    ("name", "key-name"),
    ("ordered_at", "key-ordered-at"),
    ("paid", "key-paid"),
    ("part", "key-part"),
    ("performer", "key-performer"),
    ("period", "key-period"),
    ("person", "key-person"),
    ("plan", "key-plan"),
    ("provider", "key-provider"),
    ("published_at", "key-published-at"),
    ("recovery_point_at", "key-recovery-point-at"),
    ("renewed_at", "key-renewed-at"),
    ("resource", "key-resource"),
    ("retract", "key-retract"),
    ("review_at", "key-review-at"),
    ("revision", "key-revision"),
    ("sequence", "key-sequence"),
    ("sla", "key-sla"),
    ("solution", "key-solution"),
    ("status", "key-status"),
    ("term_from", "key-term-from"),
    ("term_until", "key-term-until"),
    ("undetermined", "key-undetermined"),
    ("unit", "key-unit"),
    ("until", "key-until"),
    ("used", "key-used"),
    ("user_set", "key-user-set"),
    ("valid", "key-valid"),
    ("verdict", "key-verdict"),
    ("what", "key-what"),
    ("of", "key-of"),
    ("why", "key-why"),
];

const WORDS: [(&str, &str); 31] = [
    ("investigating", "word-investigating"),
    ("identified", "word-identified"),
    ("monitoring", "word-monitoring"),
    ("resolved", "word-resolved"),
    ("postmortem", "word-postmortem"),
    ("TENTATIVE", "word-tentative"),
    ("CONFIRMED", "word-confirmed"),
    ("CANCELLED", "word-cancelled"),
    ("IN-PROCESS", "word-in-process"),
    ("COMPLETED", "word-completed"),
    ("whole", "word-whole"),
    ("part", "word-part"),
    ("aimed-at", "word-aimed-at"),
    ("coming-from", "word-coming-from"),
    ("adopted", "word-adopted"),
    ("reviewed", "word-reviewed"),
    ("updated", "word-updated"),
    ("accepted", "word-accepted"),
    ("refused", "word-refused"),
    ("accept", "word-accept"),
    ("agree", "word-agree"),
    ("acknowledge", "word-acknowledge"),
    ("withdraw", "word-withdraw"),
    ("terminate", "word-terminate"),
    ("policy", "word-policy"),
    ("event", "word-event"),
    ("exercise", "word-exercise"),
    ("disaster", "word-disaster"),
    ("added", "word-added"),
    ("changed", "word-changed"),
    ("removed", "word-removed"),
];

fn find(table: &[(&'static str, &'static str)], name: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == name).map(|(_, key)| *key)
}

/// What a key of a record is called.
pub(crate) fn key(texts: Texts, name: &str) -> String {
    find(&KEYS, name).map_or_else(|| name.to_owned(), |key| texts.get(key))
}

/// What a word that a key knows means.
pub(crate) fn word(texts: Texts, name: &str) -> String {
    find(&WORDS, name).map_or_else(|| name.to_owned(), |key| texts.get(key))
}

/// What a type of record is called.
pub(crate) fn kind(texts: Texts, name: &str) -> String {
    KINDS.iter().find(|(kind, ..)| *kind == name).map_or_else(|| name.to_owned(), |(_, key, _)| texts.get(key))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use uphold_core::history::{FieldKind, LineType};

    use super::*;
    use crate::operate::record::MEASURED;

    #[test]
    fn every_record_that_can_be_told_has_names_for_all_that_it_holds() {
        let told = || LineType::ALL.into_iter().filter(|line| !MEASURED.contains(&line.name));
        let named: BTreeSet<&str> = KINDS.iter().map(|(kind, ..)| *kind).collect();
        let types: BTreeSet<&str> = told().map(|line| line.name).filter(|name| *name != "correction").collect();
        assert_eq!(named, types);
        for field in told().flat_map(LineType::fields).filter(|field| !["id", "recorded_at", "by"].contains(&field.key))
        {
            assert!(find(&KEYS, field.key).is_some(), "{}", field.key);
            if let FieldKind::Word(words) = field.kind {
                assert!(words.iter().all(|word| find(&WORDS, word).is_some()), "{words:?}");
            }
        }
    }
}
