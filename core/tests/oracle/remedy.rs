//! Credits and the right to terminate (R9, P12).

use crate::fraction::Frac;
use crate::model::*;
use num_bigint::BigInt;

fn holds(tier: &Tier, value: &Frac) -> bool {
    let above = match &tier.from {
        End::Open => true,
        End::Including(e) => value >= e,
        End::Excluding(e) => value > e,
    };
    let below = match &tier.until {
        End::Open => true,
        End::Including(e) => value <= e,
        End::Excluding(e) => value < e,
    };
    above && below
}

/// Rounds to a multiple of the unit.
pub(crate) fn rounded(amount: &Frac, unit: &Frac, mode: Rounding) -> Frac {
    let steps = Frac { num: &amount.num * &unit.den, den: &amount.den * &unit.num };
    let floor = steps.floor();
    let rest = steps.minus(&Frac::new(floor.clone(), 1));
    let half = Frac::new(1, 2);
    let odd = &floor % BigInt::from(2) != BigInt::from(0);
    let whole = match mode {
        Rounding::Down => floor,
        Rounding::Up => steps.ceil(),
        Rounding::HalfUp if rest >= half => floor + 1,
        Rounding::HalfEven if rest > half || (rest == half && odd) => floor + 1,
        Rounding::HalfUp | Rounding::HalfEven => floor,
    };
    unit.times(&Frac::new(whole, 1))
}

fn owed(remedy: &Remedy, unit: &Unit, lost: i64) -> Frac {
    match unit {
        Unit::ShareOfFee(share) => remedy.fee.times(share),
        Unit::ServiceDays(days) => remedy.fee.times(&Frac::new(*days, remedy.paid.1)),
        Unit::ProRata(times) => remedy.fee.times(times).times(&Frac::new(lost, remedy.paid.0)),
        Unit::PerStartedStep { step, share } => {
            remedy.fee.times(share).times(&Frac::new(Frac::new(lost, *step).ceil(), 1))
        }
    }
}

/// The credit for one period: first tier that holds, then the cap, then rounding once, then the minimum payout.
pub(crate) fn credit(remedy: &Remedy, ratio: &Frac, lost: i64) -> Frac {
    let zero = Frac::whole(0);
    let found =
        remedy.tiers.iter().find(|t| if t.on_downtime { holds(t, &Frac::whole(lost)) } else { holds(t, ratio) });
    let Some(tier) = found else { return zero };
    let mut amount = owed(remedy, &tier.unit, lost);
    if let Some(cap) = &remedy.cap {
        amount = amount.min(cap.clone());
    }
    amount = rounded(&amount, &remedy.rounding_unit, remedy.rounding);
    match &remedy.minimum_payout {
        Some(minimum) if amount < *minimum => zero,
        _ => amount,
    }
}

/// R9 "cap and its period": credits in order of their periods, each cut to what the cap of its cap period still has.
pub(crate) fn capped_over(credits: &[(Period, Frac)], cap: &Frac, cap_periods: &[Period]) -> Vec<Frac> {
    let mut found = Vec::new();
    for (n, (period, credit)) in credits.iter().enumerate() {
        let Some(span) = cap_periods.iter().find(|c| c.start <= period.start && period.start < c.end) else {
            found.push(credit.clone());
            continue;
        };
        let mut left = cap.clone();
        for (earlier, paid) in credits[..n].iter().zip(&found) {
            if span.start <= earlier.0.start && earlier.0.start < span.end {
                left = left.minus(paid);
            }
        }
        found.push(credit.clone().min(left));
    }
    found
}

/// R9: a right to terminate arises at the end of a period that is the k-th missed (or a later one) among n consecutive
/// complete periods, and lapses. Result: (arises, lapses).
pub(crate) fn termination(periods: &[(Period, Verdict)], k: usize, n: usize, lapse: i64) -> Vec<(i64, i64)> {
    let mut found = Vec::new();
    for (i, (period, verdict)) in periods.iter().enumerate() {
        let window = &periods[(i + 1).saturating_sub(n)..=i];
        let missed = window.iter().filter(|(_, v)| *v == Verdict::Missed).count();
        if *verdict == Verdict::Missed && missed >= k {
            found.push((period.end, period.end + lapse));
        }
    }
    found
}
