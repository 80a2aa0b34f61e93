//! Exact fractions, and their decimals rounded toward the worse.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::BigInt;

use crate::time::Millis;

/// A fraction of two integers, never reduced and never rounded. The denominator is positive.
#[derive(Debug, Clone)]
pub struct Ratio {
    num: BigInt,
    den: BigInt,
}

/// Why a text is not an exact decimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecimalError {
    /// The text that was refused.
    pub text: String,
}

impl fmt::Display for DecimalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a decimal number", self.text)
    }
}

impl std::error::Error for DecimalError {}

impl Ratio {
    /// The fraction `num / den`, if `den` is positive.
    #[must_use]
    pub fn new(num: impl Into<BigInt>, den: impl Into<BigInt>) -> Option<Self> {
        let (num, den) = (num.into(), den.into());
        (den > BigInt::ZERO).then_some(Self { num, den })
    }

    /// The share that `part` has of `whole`, if there is any `whole`.
    #[must_use]
    pub fn of(part: Millis, whole: Millis) -> Option<Self> {
        Self::new(part.0, whole.0)
    }

    /// Reads a percentage such as `99.995` as a fraction of one hundred, exactly.
    ///
    /// # Errors
    /// When the text is not digits with at most one point, or has more than 18 digits on a side of it.
    pub fn parse_percent(text: &str) -> Result<Self, DecimalError> {
        let Self { num, den } = Self::parse_decimal(text)?;
        Ok(Self { num, den: den * power_of_ten(2) })
    }

    /// Reads a plain decimal such as `1200.50`, exactly.
    ///
    /// # Errors
    /// When the text is not digits with at most one point, or has more than 18 digits on a side of it.
    ///
    /// ```
    /// use uphold_core::ratio::Ratio;
    /// let amount = Ratio::parse_decimal("1200.50").unwrap();
    /// assert_eq!(amount, Ratio::new(2401, 2).unwrap());
    /// assert_eq!(amount.decimal().as_deref(), Some("1200.5"));
    /// ```
    pub fn parse_decimal(text: &str) -> Result<Self, DecimalError> {
        let refuse = || DecimalError { text: text.to_owned() };
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let ok = |digits: &str| digits.len() <= 18 && digits.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !ok(whole) || !ok(decimals) || text.ends_with('.') {
            return Err(refuse());
        }
        let num: BigInt = format!("{whole}{decimals}").parse().map_err(|_| refuse())?;
        Ok(Self { num, den: power_of_ten(decimals.len()) })
    }

    /// The shortest decimal that is exactly this, if one with at most 18 places is. One that is not negative can be read
    /// again unless it has more than 18 digits before the point.
    #[must_use]
    pub fn decimal(&self) -> Option<String> {
        let scaled = (0..=18).map(|places| (places, &self.num * power_of_ten(places)));
        let (places, digits) = scaled.into_iter().find_map(|(places, scaled)| {
            let whole: BigInt = &scaled / &self.den;
            (&whole * &self.den == scaled).then_some((places, whole))
        })?;
        let sign = if digits < BigInt::ZERO { "-" } else { "" };
        let digits = format!("{:0>width$}", digits.magnitude().to_string(), width = places + 1);
        let (whole, decimals) = digits.split_at(digits.len() - places);
        Some(if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{decimals}") })
    }

    /// The number itself with at least `decimals` places, exact where it has at most 18, else rounded down.
    ///
    /// ```
    /// use uphold_core::ratio::Ratio;
    /// assert_eq!(Ratio::new(1369, 2).unwrap().places(2), "684.50");
    /// assert_eq!(Ratio::new(1, 1000).unwrap().places(2), "0.001");
    /// ```
    #[must_use]
    pub fn places(&self, decimals: usize) -> String {
        const MOST: usize = 18;
        let scaled: BigInt = &self.num * power_of_ten(MOST);
        let digits = (scaled / &self.den).to_string();
        let digits = format!("{digits:0>width$}", width = MOST + 1);
        let (whole, fraction) = digits.split_at(digits.len() - MOST);
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() && decimals == 0 {
            return whole.to_owned();
        }
        format!("{whole}.{fraction:0<decimals$}")
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.num == BigInt::ZERO
    }

    /// The product.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        Self { num: &self.num * &other.num, den: &self.den * &other.den }
    }

    /// The quotient, unless it is by nothing or by less than nothing.
    #[must_use]
    pub fn over(&self, other: &Self) -> Option<Self> {
        (other.num > BigInt::ZERO).then(|| Self { num: &self.num * &other.den, den: &self.den * &other.num })
    }

    /// The sum.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self { num: &self.num * &other.den + &other.num * &self.den, den: &self.den * &other.den }
    }

    /// The difference, which may be less than nothing.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        Self { num: &self.num * &other.den - &other.num * &self.den, den: &self.den * &other.den }
    }

    /// The whole part of a fraction that is not negative, and the rest.
    #[must_use]
    pub fn floor(&self) -> (BigInt, Self) {
        let whole = &self.num / &self.den;
        let rest = &self.num - &whole * &self.den;
        (whole, Self { num: rest, den: self.den.clone() })
    }

    /// A fraction halfway between two, if they differ.
    #[must_use]
    pub fn between(&self, other: &Self) -> Option<Self> {
        let num = &self.num * &other.den + &other.num * &self.den;
        (self != other).then(|| Self { num, den: &self.den * &other.den * 2 })
    }

    /// The numerator.
    #[must_use]
    pub fn num(&self) -> &BigInt {
        &self.num
    }

    /// The denominator.
    #[must_use]
    pub fn den(&self) -> &BigInt {
        &self.den
    }

    /// Percent with `decimals` places, rounded down: the worse way for an availability. Never shows 100 below 100.
    ///
    /// ```
    /// use uphold_core::ratio::Ratio;
    /// let r = Ratio::new(2_591_870_400_i64, 2_592_000_000_i64).unwrap();
    /// assert_eq!((r.percent(2), r.percent(3)), ("99.99".to_owned(), "99.995".to_owned()));
    /// ```
    #[must_use]
    pub fn percent(&self, decimals: usize) -> String {
        let scaled: BigInt = &self.num * power_of_ten(decimals + 2);
        // Division truncates toward zero, which is down: no ratio of ours is negative.
        let digits = (scaled / &self.den).to_string();
        let digits = format!("{digits:0>width$}", width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        if decimals == 0 { whole.to_owned() } else { format!("{whole}.{fraction}") }
    }
}

fn power_of_ten(exponent: usize) -> BigInt {
    BigInt::from(10).pow(u32::try_from(exponent).unwrap_or(u32::MAX))
}

impl PartialEq for Ratio {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ratio {}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.num * &other.den).cmp(&(&other.num * &self.den))
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.num, self.den)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(num: i64, den: i64) -> Ratio {
        Ratio::new(num, den).unwrap()
    }

    #[test]
    fn equal_fractions_compare_equal_without_being_reduced() {
        assert_eq!(ratio(719, 720), ratio(1438, 1440));
        assert!(ratio(719, 720) > ratio(709, 710));
        assert_eq!(ratio(1438, 1440).to_string(), "1438/1440");
    }

    #[test]
    fn a_target_is_compared_exactly_at_its_edge() {
        let target = Ratio::parse_percent("99.9").unwrap();
        assert_eq!(ratio(999, 1000), target);
        assert!(ratio(998_999, 1_000_000) < target);
        assert_eq!(Ratio::parse_percent("100").unwrap(), ratio(1, 1));
    }

    #[test]
    fn display_rounds_toward_the_worse_and_never_up_to_one_hundred() {
        assert_eq!(ratio(43_199_999, 43_200_000).percent(2), "99.99");
        assert_eq!(ratio(1, 1).percent(3), "100.000");
        assert_eq!(ratio(0, 1).percent(2), "0.00");
        assert_eq!(ratio(1, 20_000).percent(3), "0.005");
        assert_eq!(ratio(1, 2).percent(0), "50");
    }

    #[test]
    fn a_decimal_is_read_and_written_exactly() {
        for (text, written) in
            [("1200.50", "1200.5"), ("0.000000000000000001", "0.000000000000000001"), ("007", "7"), ("0.0", "0")]
        {
            assert_eq!(Ratio::parse_decimal(text).unwrap().decimal().as_deref(), Some(written));
        }
        assert_eq!(ratio(1, 3).decimal(), None);
        assert_eq!(ratio(-1, 8).decimal().as_deref(), Some("-0.125"));
        assert_eq!(Ratio::parse_decimal("12").unwrap(), ratio(12, 1));
    }

    #[test]
    fn what_is_not_a_plain_decimal_is_refused() {
        for bad in ["", ".5", "5.", "1e3", "-1", "+1", "99,9", "1234567890123456789"] {
            assert!(Ratio::parse_percent(bad).is_err(), "{bad}");
        }
    }
}
