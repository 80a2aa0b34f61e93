//! What a miss earns, step by step as it was worked out; the claim for it; the right to end the contract.

use uphold_core::agreement::{Base, CreditCap, CreditUnit, End, Remedy, Rounding, RoundingMode, Tier, TierRange};
use uphold_core::ratio::Ratio;
use uphold_core::statement::{ClaimRow, ClaimState, Credit, CreditNote, Right};
use uphold_core::time::Millis;

use crate::wording::{Texts, Words};
use crate::wording::{measured, when};

/// How a credit came about.
pub(super) struct CreditView {
    /// The steps in their order: what is done, the rule, and what comes out.
    pub(super) steps: Vec<Step>,
    /// What changed the amount on its way.
    pub(super) notes: Vec<String>,
    /// What is owed, in one line.
    pub(super) owed: String,
}

/// One step.
pub(super) struct Step {
    pub(super) what: String,
    pub(super) rule: String,
    pub(super) amount: String,
}

/// Works nothing out: it tells what was worked out, by the terms that it was worked out by.
pub(super) fn view(words: &Words, remedy: &Remedy, credit: &Credit) -> CreditView {
    let texts = words.texts;
    let money = |amount: &Ratio| money(words, amount, credit.currency.as_deref());
    let none = || texts.get("statement-none");
    let mut steps = Vec::new();
    let mut add = |what: &str, rule: String, amount: String| {
        steps.push(Step { what: what.to_owned(), rule, amount });
    };
    let fee = credit.base.as_ref().map_or_else(none, money);
    if let Some(tier) = credit.tier.and_then(|tier| remedy.tiers.get(tier)) {
        let number = credit.tier.map_or(0, |tier| tier + 1).to_string();
        let label = texts.with("statement-credit-tier", &[("number", number.into())]);
        add(&label, range(words, tier), unit(words, &tier.credit));
        add(&texts.get("statement-credit-base"), base(texts, remedy.base), fee);
        if let Some(before) = &credit.before {
            add(&texts.get("statement-credit-before"), unit(words, &tier.credit), money(before));
        }
        if let Some((rule, most)) = remedy.cap.as_ref().map(|cap| cap_rule(words, cap, credit)) {
            add(&texts.get("statement-credit-cap"), rule, most.as_ref().map_or_else(String::new, money));
        }
        add(&texts.get("statement-credit-rounding"), rounding(words, &remedy.rounding, credit), String::new());
    } else if let Some(base_fee) = &credit.base {
        add(&texts.get("statement-credit-base"), base(texts, remedy.base), money(base_fee));
    }
    if let Some((least, most)) = credit.range.as_ref().filter(|(least, most)| least != most) {
        let rule = texts.get("statement-credit-range-rule");
        let ends = [("least", money(least).into()), ("most", money(most).into())];
        add(&texts.get("statement-credit-range"), rule, texts.with("statement-credit-range-ends", &ends));
    }
    let owed = match &credit.amount {
        Some(amount) => texts.with("statement-credit-owed", &[("amount", money(amount).into())]),
        None => texts.get("statement-credit-unknown"),
    };
    CreditView { steps, notes: credit.notes.iter().map(|each| note(texts, *each)).collect(), owed }
}

/// An amount with its currency.
pub(super) fn money(words: &Words, amount: &Ratio, currency: Option<&str>) -> String {
    let number = when::decimal(words, &measured::money(amount));
    match currency {
        Some(currency) => format!("{number}\u{a0}{currency}"),
        None => number,
    }
}

fn percent(share: &Ratio) -> String {
    let hundred = Ratio::new(100, 1).map_or_else(|| share.clone(), |hundred| share.times(&hundred));
    hundred.decimal().unwrap_or_else(|| share.percent(6))
}

/// The figures that a tier is for.
fn range(words: &Words, tier: &Tier) -> String {
    let texts = words.texts;
    match &tier.range {
        TierRange::Availability { low, high } => {
            let share = |share: &Ratio| texts.with("percent", &[("percent", percent(share).into())]);
            let ends = ends(words, end(low, share), end(high, share));
            texts.with("statement-tier-availability", &[("ends", ends.into())])
        }
        TierRange::Downtime { low, high } => {
            let length = |length: &Millis| words.length(*length);
            let ends = ends(words, end(low, length), end(high, length));
            texts.with("statement-tier-downtime", &[("ends", ends.into())])
        }
    }
}

fn ends(words: &Words, low: Option<(String, bool)>, high: Option<(String, bool)>) -> String {
    let texts = words.texts;
    let low = low.map(|(value, inclusive)| {
        let blanks = [("value", value.into())];
        if inclusive { texts.with("statement-tier-from", &blanks) } else { texts.with("statement-tier-above", &blanks) }
    });
    let high = high.map(|(value, inclusive)| {
        let blanks = [("value", value.into())];
        if inclusive {
            texts.with("statement-tier-up-to", &blanks)
        } else {
            texts.with("statement-tier-below", &blanks)
        }
    });
    words.list(&[low, high].into_iter().flatten().collect::<Vec<_>>())
}

/// The value of an end and whether it is within; nothing where there is no end.
fn end<T>(end: &End<T>, text: impl Fn(&T) -> String) -> Option<(String, bool)> {
    match end {
        End::Open => None,
        End::Including(value) => Some((text(value), true)),
        End::Excluding(value) => Some((text(value), false)),
    }
}

fn unit(words: &Words, unit: &CreditUnit) -> String {
    let texts = words.texts;
    match unit {
        CreditUnit::Share(share) => texts.with("statement-unit-share", &[("percent", percent(share).into())]),
        CreditUnit::ServiceDays(days) => texts.with("statement-unit-days", &[("n", (*days).into())]),
        CreditUnit::TimesLost(times) => {
            let times = times.decimal().unwrap_or_else(|| times.places(2));
            texts.with("statement-unit-times", &[("times", times.into())])
        }
        CreditUnit::PerStarted { step, share } => texts.with(
            "statement-unit-started",
            &[("percent", percent(share).into()), ("step", words.length(*step).into())],
        ),
    }
}

fn base(texts: Texts, base: Base) -> String {
    match base {
        Base::FeesStarting => texts.get("statement-base-starting"),
        Base::FeesProRata => texts.get("statement-base-pro-rata"),
    }
}

/// The rule of the cap and, where the fee alone decides it, how much it is.
fn cap_rule(words: &Words, cap: &CreditCap, credit: &Credit) -> (String, Option<Ratio>) {
    let texts = words.texts;
    match cap {
        CreditCap::Share(share) => {
            let rule = texts.with("statement-unit-share", &[("percent", percent(share).into())]);
            (rule, credit.base.as_ref().map(|base| base.times(share)))
        }
        CreditCap::Days(days) => (texts.with("statement-unit-days", &[("n", (*days).into())]), None),
        CreditCap::Amount(amount) => (texts.get("statement-cap-amount"), Some(amount.clone())),
    }
}

fn rounding(words: &Words, rounding: &Rounding, credit: &Credit) -> String {
    let texts = words.texts;
    let unit = money(words, &rounding.unit, credit.currency.as_deref());
    let blanks = [("unit", unit.into())];
    match rounding.mode {
        RoundingMode::Down => texts.with("statement-round-down", &blanks),
        RoundingMode::Up => texts.with("statement-round-up", &blanks),
        RoundingMode::HalfUp => texts.with("statement-round-half-up", &blanks),
        RoundingMode::HalfEven => texts.with("statement-round-half-even", &blanks),
    }
}

fn note(texts: Texts, note: CreditNote) -> String {
    match note {
        CreditNote::Capped => texts.get("statement-note-capped"),
        CreditNote::BelowPayout => texts.get("statement-note-below-payout"),
        CreditNote::TotalCapped => texts.get("statement-note-total-capped"),
        CreditNote::NotStacked => texts.get("statement-note-not-stacked"),
        CreditNote::NoFee => texts.get("statement-note-no-fee"),
        CreditNote::MixedCurrencies => texts.get("statement-note-mixed"),
        CreditNote::NotMissed => texts.get("statement-note-not-missed"),
    }
}

/// The claim as labelled lines; nothing where nothing is to be claimed.
pub(super) fn claim(words: &Words, claim: &ClaimRow) -> Vec<(String, String)> {
    let texts = words.texts;
    let state = match claim.state {
        ClaimState::NotDue => return Vec::new(),
        ClaimState::Automatic => texts.get("statement-claim-automatic"),
        ClaimState::Open => texts.get("statement-claim-open"),
        ClaimState::Filed => texts.get("statement-claim-filed"),
        ClaimState::Incomplete => texts.get("statement-claim-incomplete"),
        ClaimState::Late => texts.get("statement-claim-late"),
        ClaimState::Accepted => texts.get("statement-claim-accepted"),
        ClaimState::Refused => texts.get("statement-claim-refused"),
        ClaimState::Lapsed => texts.get("statement-claim-lapsed"),
    };
    let mut lines = vec![(texts.get("statement-claim"), state)];
    let mut add = |key: String, text: Option<String>| lines.extend(text.map(|text| (key, text)));
    let fact = claim.fact.as_ref().map(ToString::to_string);
    add(texts.get("statement-claim-fact"), fact);
    add(texts.get("statement-claim-deadline"), claim.deadline.map(|at| words.moment(at)));
    let missing = (!claim.missing.is_empty()).then(|| words.list(&claim.missing));
    add(texts.get("statement-claim-missing"), missing);
    lines
}

/// The right to end the contract, in a sentence.
pub(super) fn right(words: &Words, right: &Right) -> String {
    let arises = ("arises", words.moment(right.arises).into());
    match right.lapses {
        Some(lapses) => words.texts.with("statement-right-until", &[arises, ("lapses", words.moment(lapses).into())]),
        None => words.texts.with("statement-right", &[arises]),
    }
}
