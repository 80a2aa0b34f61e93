//! What concerns customers: how many they are, what they have a right to, pay, agree to, report and claim.

use super::line::{
    Amount, ScopeLine, Wrong, among, closed_span, instant, lines, maybe_instant, named_span, not_before, open_span,
    parse, scope, scope_of_customer,
};
use crate::history::version::{Body, Pointer};
use crate::history::write::{
    write_assent, write_claim, write_entitlement, write_fee, write_impact, write_log_digest, write_population,
    write_report,
};
use crate::history::{
    Assent, AssentKind, Claim, Decision, Entitlement, Fact, Fee, Impact, LogDigest, Population, Report,
};
use crate::id::{CommitmentId, CustomerId};

lines! {
    PopulationLine: must [from unit], may [until], scope [scope], other {
        count: u64,
    }
    ImpactLine: must [from unit], may [until], scope [scope], other {
        count: u64,
        user_set: Option<Vec<String>>,
    }
    EntitlementLine: must [from], may [until term_from term_until renewed_at revision], scope [scope], other {
        paid: bool,
    }
    FeeLine: must [from until currency], may [], scope [scope], other {
        #[serde(borrow)] amount: Amount<'l>,
    }
    AssentLine: must [customer document kind at], may [person until], scope [], other {}
    ReportLine: must [customer at], may [], scope [scope], other {}
    LogDigestLine: must [customer kind from until digest], may [], scope [], other {
        count: u64,
    }
    ClaimLine: must [customer commitment filed_at], may [period decision decided_at], scope [], other {
        evidence: Option<Vec<String>>,
        #[serde(borrow)] amount: Option<Amount<'l>>,
    }
}

impl Body for Population {
    const TYPE: &'static str = "population";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: PopulationLine<'_> = parse(text)?;
        let (scope, span) = (scope(line.scope.as_ref())?, open_span(&line.from, line.until.as_ref())?);
        line.said().fact(text, None, Self { scope, span, unit: line.unit.to_owned(), count: line.count })
    }

    fn write(fact: &Fact<Self>) -> String {
        write_population(fact)
    }

    fn pointers(&self) -> Vec<Pointer<'_>> {
        vec![Pointer::Scope(&self.scope)]
    }
}

impl Body for Impact {
    const TYPE: &'static str = "impact";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: ImpactLine<'_> = parse(text)?;
        let (scope, span) = (scope(line.scope.as_ref())?, open_span(&line.from, line.until.as_ref())?);
        let named =
            line.user_set.as_ref().map_or(0, |users| users.iter().collect::<std::collections::BTreeSet<_>>().len());
        if u64::try_from(named).unwrap_or(u64::MAX) > line.count {
            return Err(Wrong::new(format!("`user_set` names {named} users and `count` is {}", line.count)));
        }
        let unit = line.unit.to_owned();
        line.said().fact(text, None, Self { scope, span, unit, count: line.count, user_set: line.user_set.clone() })
    }

    fn write(fact: &Fact<Self>) -> String {
        write_impact(fact)
    }

    fn pointers(&self) -> Vec<Pointer<'_>> {
        vec![Pointer::Scope(&self.scope)]
    }
}

impl Body for Entitlement {
    const TYPE: &'static str = "entitlement";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: EntitlementLine<'_> = parse(text)?;
        let term = match (&line.term_from, &line.term_until) {
            (Some(from), until) => Some(named_span(("term_from", from), ("term_until", until.as_ref()))?),
            (None, None) => None,
            (None, Some(_)) => return Err(Wrong::new("`term_until` needs `term_from`")),
        };
        let body = Self {
            scope: scope_of_customer(line.scope.as_ref())?,
            paid: line.paid,
            span: open_span(&line.from, line.until.as_ref())?,
            term,
            renewed_at: maybe_instant("renewed_at", line.renewed_at.as_ref())?,
            revision: line.revision.as_deref().map(str::to_owned),
        };
        line.said().fact(text, None, body)
    }

    fn write(fact: &Fact<Self>) -> String {
        write_entitlement(fact)
    }

    fn pointers(&self) -> Vec<Pointer<'_>> {
        vec![Pointer::Scope(&self.scope)]
    }
}

impl Body for Fee {
    const TYPE: &'static str = "fee";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: FeeLine<'_> = parse(text)?;
        let (scope, span) = (scope(line.scope.as_ref())?, closed_span(&line.from, &line.until)?);
        let currency = line.currency.to_owned();
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(Wrong::new(format!(
                "`{currency}` is not a currency: use its three capital letters of ISO 4217, as in `JPY`"
            )));
        }
        line.said().fact(text, None, Self { scope, span, amount: line.amount.exact()?, currency })
    }

    fn write(fact: &Fact<Self>) -> String {
        write_fee(fact)
    }

    fn pointers(&self) -> Vec<Pointer<'_>> {
        vec![Pointer::Scope(&self.scope)]
    }
}

impl Body for Assent {
    const TYPE: &'static str = "assent";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: AssentLine<'_> = parse(text)?;
        let body = Self {
            customer: CustomerId::parse(&line.customer)?,
            person: line.person.as_deref().map(str::to_owned),
            document: line.document.to_owned(),
            kind: among("a kind of assent", &line.kind, &AssentKind::ALL, AssentKind::name)?,
            span: named_span(("at", &line.at), ("until", line.until.as_ref()))?,
        };
        line.said().fact(text, None, body)
    }

    fn write(fact: &Fact<Self>) -> String {
        write_assent(fact)
    }
}

impl Body for Report {
    const TYPE: &'static str = "report";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: ReportLine<'_> = parse(text)?;
        let customer = CustomerId::parse(&line.customer)?;
        let about: Option<&ScopeLine<'_>> = line.scope.as_ref();
        line.said().fact(text, None, Self { customer, scope: scope(about)?, at: instant("at", &line.at)? })
    }

    fn write(fact: &Fact<Self>) -> String {
        write_report(fact)
    }

    fn pointers(&self) -> Vec<Pointer<'_>> {
        vec![Pointer::Scope(&self.scope)]
    }
}

impl LogDigest {
    /// What a log can be of.
    pub(in crate::history) const KINDS: [&'static str; 2] = ["policy", "event"];
}

impl Body for LogDigest {
    const TYPE: &'static str = "log_digest";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: LogDigestLine<'_> = parse(text)?;
        let body = Self {
            customer: CustomerId::parse(&line.customer)?,
            kind: among("a kind of log", &line.kind, &Self::KINDS, |kind| kind)?.to_owned(),
            span: closed_span(&line.from, &line.until)?,
            count: line.count,
            digest: line.digest.to_owned(),
        };
        line.said().fact(text, None, body)
    }

    fn write(fact: &Fact<Self>) -> String {
        write_log_digest(fact)
    }
}

impl Body for Claim {
    const TYPE: &'static str = "claim";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: ClaimLine<'_> = parse(text)?;
        line.said().must_have_id()?;
        let filed_at = instant("filed_at", &line.filed_at)?;
        let decided_at = maybe_instant("decided_at", line.decided_at.as_ref())?;
        let decision = line.decision.as_deref();
        let decision = decision.map(|word| among("a decision", word, &Decision::ALL, Decision::name)).transpose()?;
        if decision.is_some() != decided_at.is_some() {
            return Err(Wrong::new("a claim that was decided has both `decision` and `decided_at`"));
        }
        not_before(("filed_at", Some(filed_at)), ("decided_at", decided_at))?;
        let amount = line.amount.as_ref().map(Amount::exact).transpose()?;
        if amount.is_some() && decision != Some(Decision::Accepted) {
            return Err(Wrong::new("`amount` is what was paid, and only an accepted claim is paid"));
        }
        let body = Self {
            customer: CustomerId::parse(&line.customer)?,
            commitment: CommitmentId::parse(&line.commitment)?,
            period: line.period.as_deref().map(str::to_owned),
            filed_at,
            evidence: line.evidence.clone().unwrap_or_default(),
            decision,
            decided_at,
            amount,
        };
        line.said().fact(text, None, body)
    }

    fn write(fact: &Fact<Self>) -> String {
        write_claim(fact)
    }

    fn pointers(&self) -> Vec<Pointer<'_>> {
        vec![Pointer::Commitment(&self.commitment)]
    }
}
