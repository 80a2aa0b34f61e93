//! Lints: what an agreement says that can be used, and probably is not what its author meant; and references between its
//! parts that must hold.

use std::ops::Range;

use super::remedy::{End, TierRange};
use super::{Availability, Commitment, Composition, Definition, Level, Promise, Target, Tier};
use crate::diagnostic::Diagnostic;
use crate::document::Findings;
use crate::ratio::Ratio;

/// A word that two documents define differently.
pub(super) fn definition(one: &Definition, earlier: &[Definition], span: Range<usize>, findings: &Findings) {
    let Some(other) = earlier.iter().find(|other| other.term == one.term) else { return };
    let document = |definition: &Definition| {
        definition.document.as_ref().map_or("the agreement".to_owned(), |id| format!("`{id}`"))
    };
    if other.document == one.document {
        findings
            .push(Diagnostic::error("a word is defined twice by one document", span).help("keep one definition of it"));
    } else if other.text != one.text {
        findings.push(
            Diagnostic::warning("two documents define a word differently", span)
                .label(format!("{} and {}", document(other), document(one)))
                .help("the one that prevails holds; check that the contract means it"),
        );
    }
}

/// Everything worth a look about one commitment.
pub(super) fn commitment(commitment: &Commitment, span: Range<usize>, findings: &Findings) {
    let place = Place { span, findings };
    let Promise::Availability(availability) = &commitment.promise else { return };
    place.interfaces(availability);
    place.caps(availability);
    if let Some(remedy) = &availability.remedy {
        // A figure that misses the highest of several targets is a miss.
        let targets = availability.goals.iter().filter_map(|goal| goal.target.as_ref());
        place.tiers(&remedy.value.tiers, targets.max_by(|one, other| one.ratio.cmp(&other.ratio)));
    }
}

struct Place<'a> {
    span: Range<usize>,
    findings: &'a Findings,
}

impl Place<'_> {
    fn warn(&self, message: impl Into<String>, help: &str) {
        self.findings.push(Diagnostic::warning(message, self.span.clone()).help(help));
    }

    /// Contracts list their interfaces with "and" far more often than with "or".
    fn interfaces(&self, availability: &Availability) {
        let levels = availability.states.as_ref().map(|states| &states.levels);
        if levels.and_then(|levels| levels.get(&Level::Interfaces)).is_some_and(|level| level.value == Composition::Any)
        {
            self.warn(
                "`interfaces = \"any\"` calls a solution up while all its interfaces but one are down",
                "use \"all\" where the contract lists its interfaces with \"and\"",
            );
        }
    }

    /// A cap on what nothing excludes says nothing.
    fn caps(&self, availability: &Availability) {
        for cap in availability.caps.iter().flat_map(|caps| &caps.value) {
            for class in &cap.classes {
                if !availability.exclusions.value.iter().any(|exclusion| exclusion.class == *class) {
                    self.warn(
                        format!("a cap limits the class `{class}`, which nothing excludes"),
                        "add the class to `exclusions`, or take it out of the cap",
                    );
                }
            }
        }
    }

    /// Figures below the target that no tier takes, or that two do; tiers that begin where the target is met.
    fn tiers(&self, tiers: &[Tier], target: Option<&Target>) {
        let mut ranges: Vec<(&Tier, &End<Ratio>, &End<Ratio>)> = Vec::new();
        for tier in tiers {
            if let TierRange::Availability { low, high } = &tier.range {
                ranges.push((tier, low, high));
            }
        }
        let edges = ranges.iter().flat_map(|(_, low, high)| [low, high]).filter_map(|end| match end {
            End::Open => None,
            End::Including(at) | End::Excluding(at) => Some(at.clone()),
        });
        let mut edges: Vec<Ratio> = edges.collect();
        edges.extend(target.map(|target| target.ratio.clone()));
        edges.sort();
        edges.dedup();
        let mut said: Vec<&str> = Vec::new();
        for probe in probes(&edges) {
            let inside: Vec<&Tier> =
                ranges.iter().filter(|(_, low, high)| holds(low, high, &probe)).map(|(tier, _, _)| *tier).collect();
            let missed = target.is_none_or(|target| probe < target.ratio);
            let (what, span, help) = match inside.as_slice() {
                [] if missed && target.is_some() && !ranges.is_empty() => (
                    "misses the target and is in no tier",
                    &self.span,
                    "give the tiers ends that meet: `from` and `up_to` include a figure, `above` and `below` do not",
                ),
                [first, second, ..] if first.credit != second.credit => {
                    ("is in two tiers", &second.span, "the first one pays; give the tiers ends that do not overlap")
                }
                [tier, ..] if !missed => (
                    "meets the target, and this tier is for it",
                    &tier.span,
                    "a met target pays nothing; end the tier below the target",
                ),
                _ => continue,
            };
            // One example of each is enough.
            if !said.contains(&what) {
                said.push(what);
                let message = format!("an availability of {} % {what}", probe.percent(4));
                self.findings.push(Diagnostic::warning(message, span.clone()).help(help));
            }
        }
    }
}

/// Every edge, and a figure between each two of them and below the first.
fn probes(edges: &[Ratio]) -> Vec<Ratio> {
    let mut all = Vec::new();
    let mut before: Option<&Ratio> = None;
    for edge in edges {
        all.extend(match before {
            Some(before) => before.between(edge),
            None => Ratio::new(0, 1).and_then(|zero| zero.between(edge)),
        });
        all.push(edge.clone());
        before = Some(edge);
    }
    all
}

fn holds(low: &End<Ratio>, high: &End<Ratio>, value: &Ratio) -> bool {
    let above = match low {
        End::Open => true,
        End::Including(end) => value >= end,
        End::Excluding(end) => value > end,
    };
    let below = match high {
        End::Open => true,
        End::Including(end) => value <= end,
        End::Excluding(end) => value < end,
    };
    above && below
}
