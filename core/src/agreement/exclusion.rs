//! Terms of exclusion: which classes of time leave the figure, under which notice, and up to which cap.

use super::period::PeriodTerm;
use super::words::{CapMeasure, CapScope, DaysAre, Effect, Extent, NoticeBy};
use crate::diagnostic::Refusal;
use crate::document::{Findings, Item, Table};
use crate::time::Millis;

/// How long before something its notice must come. Limits are inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lead {
    /// Elapsed time.
    Elapsed(Millis),
    /// Local calendar days: the same wall-clock time so many days before.
    CalendarDays(u32),
}

impl std::fmt::Display for Lead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Elapsed(length) => write!(f, "{length}"),
            Self::CalendarDays(days) => write!(f, "{days} calendar days"),
        }
    }
}

/// The notice that makes a window admissible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NoticeRule {
    /// How long before the window begins.
    pub lead: Lead,
    /// Which time of a notice proves it.
    pub by: NoticeBy,
}

impl NoticeRule {
    /// The same with days that are what the agreement says that they are.
    pub(super) fn with_days(self, days_are: Option<DaysAre>) -> Self {
        match (self.lead, days_are) {
            (Lead::CalendarDays(days), Some(DaysAre::Elapsed)) => {
                Self { lead: Lead::Elapsed(Millis(i64::from(days) * 86_400_000)), ..self }
            }
            _ => self,
        }
    }

    /// Whether it is written in days, which may be of two kinds.
    pub(super) fn needs_days(&self) -> bool {
        matches!(self.lead, Lead::CalendarDays(_))
    }

    pub(super) fn read(item: &Item<'_>, findings: &Findings) -> Result<Self, Refusal> {
        let mut table = item.table(findings)?;
        let lead = read_lead(&mut table);
        let by = table.require("by", NoticeBy::read);
        table.finish();
        let incomplete = || Refusal::new(format!("`{}` is not complete", item.name));
        Ok(Self { lead: lead?.ok_or_else(incomplete)?, by: by.ok_or_else(incomplete)?.value })
    }
}

/// Takes `lead` (elapsed) or `days` (calendar) of a table.
fn read_lead(table: &mut Table<'_, '_>) -> Result<Option<Lead>, Refusal> {
    const HELP: &str = "write `lead = \"7d\"` for 168 hours, or `days = 7`, which the term `days_are` explains";
    let lead = table.option("lead", Item::length);
    let days = table.option("days", Item::whole);
    match (lead, days) {
        (Some(lead), None) => Ok(Some(Lead::Elapsed(lead.value))),
        (None, Some(days)) => Ok(Some(Lead::CalendarDays(days.value))),
        (Some(_), Some(_)) => Err(Refusal::new("a notice has both `lead` and `days`").help(HELP)),
        (None, None) => Err(Refusal::new("a notice does not say how long before").help(HELP)),
    }
}

/// What makes an extension of a window valid. Its limits refer to the first plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExtensionRule {
    /// How long before the end then in force its notice must come.
    pub lead: Millis,
    /// By how much the first plan's end may be passed.
    pub at_most: Option<Millis>,
    /// Whether the planned length may at most be doubled.
    pub at_most_double: bool,
    /// Which time of a notice proves it.
    pub by: NoticeBy,
}

impl ExtensionRule {
    pub(super) fn read(item: &Item<'_>, findings: &Findings) -> Result<Self, Refusal> {
        let mut table = item.table(findings)?;
        let lead = table.require("lead", Item::length);
        let at_most = table.option("at_most", Item::length);
        let double = table.option("at_most_double", Item::boolean);
        let by = table.require("by", NoticeBy::read);
        table.finish();
        let incomplete = || Refusal::new(format!("`{}` is not complete", item.name));
        Ok(Self {
            lead: lead.ok_or_else(incomplete)?.value,
            at_most: at_most.map(|at_most| at_most.value),
            at_most_double: double.is_some_and(|double| double.value),
            by: by.ok_or_else(incomplete)?.value,
        })
    }

    /// The latest end that an extension of a window planned for this long may have, past the first plan's end.
    #[must_use]
    pub fn longest(&self, planned: Millis) -> Option<Millis> {
        let double = self.at_most_double.then_some(planned);
        match (self.at_most, double) {
            (Some(at_most), Some(double)) => Some(at_most.min(double)),
            (at_most, double) => at_most.or(double),
        }
    }
}

/// One class of time that the agreement names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// The class: of a maintenance, the cause of an incident, or the cause of an exclusion.
    pub class: String,
    /// Which part of its windows acts.
    pub extent: Extent,
    /// What it does.
    pub effect: Effect,
    /// The notice that a window needs; absent means none.
    pub notice: Option<NoticeRule>,
    /// What extensions need; absent means that they have no effect.
    pub extension: Option<ExtensionRule>,
}

impl Exclusion {
    pub(super) fn read_all(item: &Item<'_>, findings: &Findings) -> Result<Vec<Self>, Refusal> {
        let items = item.list()?;
        let read: Vec<Option<Self>> =
            items.iter().map(|item| item.accept(findings, |item| Self::read(item, findings))).collect();
        let all: Option<Vec<Self>> = read.into_iter().collect();
        let all = all.ok_or_else(|| Refusal::new(format!("`{}` cannot be used as it stands", item.name)))?;
        for (place, one) in all.iter().enumerate() {
            if all[..place].iter().any(|other| other.class == one.class) {
                return Err(
                    Refusal::new(format!("the class `{}` is excluded twice", one.class)).help("say once what it does")
                );
            }
        }
        Ok(all)
    }

    fn read(item: &Item<'_>, findings: &Findings) -> Result<Self, Refusal> {
        let mut table = item.table(findings)?;
        let class = table.require("class", Item::word);
        let extent = table.require("extent", Extent::read);
        let effect = table.require("effect", Effect::read);
        let notice = table.option("notice", |item| NoticeRule::read(item, findings));
        let extension = table.option("extension", |item| ExtensionRule::read(item, findings));
        table.finish();
        let incomplete =
            || Refusal::new("an exclusion is not complete").help("it needs `class`, `extent` and `effect`");
        Ok(Self {
            class: class.ok_or_else(incomplete)?.value,
            extent: extent.ok_or_else(incomplete)?.value,
            effect: effect.ok_or_else(incomplete)?.value,
            notice: notice.map(|notice| notice.value),
            extension: extension.map(|extension| extension.value),
        })
    }
}

/// Work that consumes no cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exempt {
    /// None.
    Nothing,
    /// Work by a provider of infrastructure that is also beyond the provider's control.
    UncontrollableIaas,
}

/// A limit on the time that some classes may take within a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cap {
    /// The classes that it limits.
    pub classes: Vec<String>,
    /// How much time; exactly this much is within it.
    pub limit: Millis,
    /// What consumes it.
    pub measure: CapMeasure,
    /// Whose windows consume it together.
    pub scope: CapScope,
    /// Within which period.
    pub period: PeriodTerm,
    /// What consumes nothing.
    pub exempt: Exempt,
}

impl Cap {
    pub(super) fn read_all(item: &Item<'_>, findings: &Findings) -> Result<Vec<Self>, Refusal> {
        let items = item.list()?;
        let read: Vec<Option<Self>> =
            items.iter().map(|item| item.accept(findings, |item| Self::read(item, findings))).collect();
        read.into_iter().collect::<Option<_>>().ok_or_else(|| Refusal::new("`caps` cannot be used as they stand"))
    }

    fn read(item: &Item<'_>, findings: &Findings) -> Result<Self, Refusal> {
        let mut table = item.table(findings)?;
        let classes = read_classes(&mut table);
        let limit = table.require("limit", Item::length);
        let measure = table.require("measure", CapMeasure::read);
        let scope = table.require("scope", CapScope::read);
        let period = table.require("period", |item| PeriodTerm::read(item, findings));
        let exempt = table.option("exempt", read_exempt);
        table.finish();
        let incomplete = || {
            Refusal::new("a cap is not complete").help("it needs `classes`, `limit`, `measure`, `scope` and `period`")
        };
        Ok(Self {
            classes: classes.ok_or_else(incomplete)?,
            limit: limit.ok_or_else(incomplete)?.value,
            measure: measure.ok_or_else(incomplete)?.value,
            scope: scope.ok_or_else(incomplete)?.value,
            period: period.ok_or_else(incomplete)?.value,
            exempt: exempt.map_or(Exempt::Nothing, |exempt| exempt.value),
        })
    }
}

/// Takes `classes`, a list that must be there.
pub(super) fn read_classes(table: &mut Table<'_, '_>) -> Option<Vec<String>> {
    let findings = table.findings;
    table.get("classes")?.each(findings, Item::word)
}

/// Reads what consumes no cap.
pub(super) fn read_exempt(item: &Item<'_>) -> Result<Exempt, Refusal> {
    match item.text()? {
        "uncontrollable-iaas" => Ok(Exempt::UncontrollableIaas),
        "none" => Ok(Exempt::Nothing),
        other => Err(Refusal::not_among("work that a cap exempts", other, &["uncontrollable-iaas", "none"])),
    }
}
