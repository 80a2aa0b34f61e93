//! How the states of several parts make the state of the whole.

use std::collections::BTreeMap;
use std::fmt;

use crate::diagnostic::Refusal;
use crate::document::{Findings, Item, Placed};

/// A level of composition: its parts together make one part of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Vantage points make a check.
    Vantages,
    /// Checks make the smallest part that anything is said of.
    Checks,
    /// Instances make a feature.
    Instances,
    /// Features make an interface.
    Features,
    /// Interfaces make a zone.
    Interfaces,
    /// Zones make a region.
    Zones,
    /// Regions make a solution.
    Regions,
}

impl Level {
    /// All of them, from the bottom.
    pub const ALL: [Self; 7] =
        [Self::Vantages, Self::Checks, Self::Instances, Self::Features, Self::Interfaces, Self::Zones, Self::Regions];

    /// The key of the term that says how its parts combine.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Vantages => "vantages",
            Self::Checks => "checks",
            Self::Instances => "instances",
            Self::Features => "features",
            Self::Interfaces => "interfaces",
            Self::Zones => "zones",
            Self::Regions => "regions",
        }
    }
}

/// Where the weights of a weighted composition come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Weights {
    /// From the `weight` of each check's registration.
    OfChecks,
    /// From the agreement, by the name of each part.
    Named(BTreeMap<String, u32>),
}

/// How the states of several parts make the state of the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Composition {
    /// Up when all parts are up; down when any is down.
    All,
    /// Up when any part is up; down when all are down.
    Any,
    /// Down when at least this many of all registered parts are down.
    DownWhen(u32),
    /// Down when at least `k` of the parts that report are down; unknown when fewer than `least` report; else up.
    OverReporting {
        /// How many down parts make the whole down.
        k: u32,
        /// How many parts must report.
        least: u32,
    },
    /// Up to the share that the weight of the up parts has of the weight of all. Only where nothing stands above it.
    Weighted(Weights),
    /// Each part is judged alone, and the worst figure counts. Only where nothing stands above it.
    Worst,
}

impl Composition {
    /// How many of `n` parts must be down for the whole to be down.
    #[must_use]
    pub fn threshold(&self, n: usize) -> usize {
        match self {
            Self::All | Self::Weighted(_) | Self::Worst => 1,
            Self::Any => n,
            Self::DownWhen(k) | Self::OverReporting { k, .. } => *k as usize,
        }
    }

    /// Whether it can only stand at the top.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Weighted(_) | Self::Worst)
    }

    pub(super) fn read(item: &Item<'_>, findings: &Findings) -> Result<Self, Refusal> {
        const HELP: &str = "use \"all\", \"any\", \"weighted\", \"worst\", { down_when = 2 }, \
            { down_when = 2, over = \"reporting\", min_reporting = 2 }, or { weights = { NAME = 1 } }";
        let Some(mut table) = item.find_table(findings) else {
            return match item.text()? {
                "all" => Ok(Self::All),
                "any" => Ok(Self::Any),
                "weighted" => Ok(Self::Weighted(Weights::OfChecks)),
                "worst" => Ok(Self::Worst),
                other => Err(Refusal::not_among("a way to combine parts", other, &["all", "any", "weighted", "worst"])
                    .help(HELP)),
            };
        };
        if let Some(weights) = table.find("weights") {
            let named = read_weights(&weights, findings);
            table.finish();
            return named.map(|named| Self::Weighted(Weights::Named(named))).ok_or_else(|| {
                Refusal::new(format!("`{}` has no usable weights", item.name))
                    .help("write { weights = { api = 2, console = 1 } }")
            });
        }
        let k = table.require("down_when", Item::whole);
        let over = table.option("over", |item| match item.text()? {
            "reporting" => Ok(true),
            "registered" => Ok(false),
            other => Err(Refusal::not_among("what to count over", other, &["registered", "reporting"])),
        });
        let least = table.option("min_reporting", Item::whole);
        table.finish();
        match (k, over.is_some_and(|over| over.value), least) {
            (Some(Placed { value: 0, .. }), _, _) => Err(Refusal::new("`down_when` must be at least 1")
                .help("write how many parts must be down for the whole to be down")),
            (Some(k), false, None) => Ok(Self::DownWhen(k.value)),
            (Some(k), true, Some(least)) => Ok(Self::OverReporting { k: k.value, least: least.value }),
            (Some(_), true, None) => Err(Refusal::new("a composition over reporting parts lacks `min_reporting`")
                .help("say how many parts must report before anything is known of the whole")),
            (Some(_), false, Some(_)) => {
                Err(Refusal::new("`min_reporting` says something only with `over = \"reporting\"`")
                    .help("add `over = \"reporting\"`, or leave `min_reporting` out"))
            }
            (None, _, _) => Err(Refusal::new(format!("`{}` does not say how its parts combine", item.name)).help(HELP)),
        }
    }
}

fn read_weights(item: &Item<'_>, findings: &Findings) -> Option<BTreeMap<String, u32>> {
    let table = item.find_table(findings)?;
    let named: Option<BTreeMap<String, u32>> = table
        .items()
        .map(|item| item.accept(findings, Item::whole).map(|weight| (item.name.clone(), weight)))
        .collect();
    named.filter(|named| named.values().any(|weight| *weight > 0))
}

impl fmt::Display for Composition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Any => f.write_str("any"),
            Self::DownWhen(k) => write!(f, "{{ down_when = {k} }}"),
            Self::OverReporting { k, least } => {
                write!(f, "{{ down_when = {k}, over = \"reporting\", min_reporting = {least} }}")
            }
            Self::Weighted(Weights::OfChecks) => f.write_str("weighted"),
            Self::Weighted(Weights::Named(named)) => {
                let each: Vec<String> = named.iter().map(|(name, weight)| format!("{name} = {weight}")).collect();
                write!(f, "{{ weights = {{ {} }} }}", each.join(", "))
            }
            Self::Worst => f.write_str("worst"),
        }
    }
}
