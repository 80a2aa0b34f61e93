//! `[retention]` of the checks file: how long what was observed is kept in the ledger.

use uphold_core::diagnostic::{Diagnostic, Refusal};
use uphold_core::document::Table;
use uphold_core::time::Millis;

use super::EvidenceLimits;

const DAY: i64 = 86_400_000;

/// Thirteen months: a year and the month in progress. A figure of this month may reach back a year.
const LEAST: Millis = Millis(397 * DAY);

/// How long is kept in the ledger what may be erased. Nothing is, where nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Observations, and what is said of the evidence of them.
    pub measurements: Option<Millis>,
}

pub(super) fn read(root: &mut Table<'_, '_>, evidence: EvidenceLimits) -> Retention {
    let Some(mut table) = root.table("retention") else { return Retention::default() };
    let kept = table.require("measurements", |item| match item.length()? {
        short if short < LEAST => Err(Refusal::new(format!("`measurements` is {short}")).help(
            "use at least 397d, which are 13 months: the figures of this month may reach back a year; leave out \
             `[retention]` to keep everything",
        )),
        kept => Ok(kept),
    });
    if let Some(kept) = &kept
        && evidence.keep > kept.value
    {
        table.findings.push(
            Diagnostic::error(
                "the files of evidence would be kept longer than the facts that name them",
                kept.span.clone(),
            )
            .label(format!("shorter than `evidence_keep` ({})", evidence.keep))
            .help("shorten `evidence_keep`"),
        );
    }
    table.finish();
    Retention { measurements: kept.map(|kept| kept.value) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use uphold_core::time::Millis;

    use super::super::read_checks;

    #[test]
    fn thirteen_months_are_the_least_and_nothing_is_erased_unless_it_is_said() {
        let agreement = include_str!("../../../examples/cloud-one/agreement.toml");
        let agreement = uphold_core::agreement::read(agreement).agreement.unwrap();
        let read = |text: &str| read_checks(&format!("vantage = \"local\"\n{text}"), Path::new(""), &agreement);
        assert_eq!(read("").checks.unwrap().retention.measurements, None);
        let kept = read("[retention]\nmeasurements = \"400d\"\n").checks.unwrap().retention.measurements;
        assert_eq!(kept, Some(Millis(400 * 86_400_000)));
        assert!(read("[retention]\nmeasurements = \"397d\"\n").checks.is_some());
        for (text, says) in [
            ("[retention]\nmeasurements = \"396d\"\n", "`measurements` is 396d"),
            ("[retention]\nmeasurement = \"400d\"\n", "lacks `measurements`"),
            ("[retention]\n", "lacks `measurements`"),
            ("[retention]\nmeasurements = \"400d\"\nrecords = \"1d\"\n", "has no key `records`"),
            ("evidence_keep = \"500d\"\n[retention]\nmeasurements = \"400d\"\n", "would be kept longer than the facts"),
        ] {
            let reading = read(text);
            assert!(reading.checks.is_none(), "{text}");
            assert!(reading.findings.iter().any(|f| f.message.contains(says)), "{text}: {:?}", reading.findings);
        }
    }
}
