//! Exact fractions of big integers. Deliberately without any shortcut: every sum is a common denominator,
//! every comparison a cross multiplication.

use num_bigint::BigInt;
use std::cmp::Ordering;

/// A fraction with a positive denominator, not necessarily in lowest terms.
#[derive(Clone, Debug)]
pub(crate) struct Frac {
    pub(crate) num: BigInt,
    pub(crate) den: BigInt,
}

impl Frac {
    /// `num / den`; the denominator must be positive.
    pub(crate) fn new(num: impl Into<BigInt>, den: impl Into<BigInt>) -> Frac {
        let (num, den) = (num.into(), den.into());
        assert!(den > BigInt::from(0), "a denominator must be positive");
        Frac { num, den }
    }

    /// A whole number.
    pub(crate) fn whole(n: i64) -> Frac {
        Frac::new(n, 1)
    }

    pub(crate) fn plus(&self, other: &Frac) -> Frac {
        Frac { num: &self.num * &other.den + &other.num * &self.den, den: &self.den * &other.den }
    }

    pub(crate) fn minus(&self, other: &Frac) -> Frac {
        self.plus(&Frac { num: -&other.num, den: other.den.clone() })
    }

    pub(crate) fn times(&self, other: &Frac) -> Frac {
        Frac { num: &self.num * &other.num, den: &self.den * &other.den }
    }

    /// The largest integer that is not above the fraction.
    pub(crate) fn floor(&self) -> BigInt {
        let quotient = &self.num / &self.den;
        if &quotient * &self.den > self.num { quotient - 1 } else { quotient }
    }

    /// The smallest integer that is not below the fraction.
    pub(crate) fn ceil(&self) -> BigInt {
        let floor = self.floor();
        if &floor * &self.den == self.num { floor } else { floor + 1 }
    }
}

impl PartialEq for Frac {
    fn eq(&self, other: &Frac) -> bool {
        &self.num * &other.den == &other.num * &self.den
    }
}

impl Eq for Frac {}

impl PartialOrd for Frac {
    fn partial_cmp(&self, other: &Frac) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Frac {
    fn cmp(&self, other: &Frac) -> Ordering {
        (&self.num * &other.den).cmp(&(&other.num * &self.den))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_compare_by_cross_multiplication_and_round_to_the_right_side() {
        assert_eq!(Frac::new(719, 720), Frac::new(1438, 1440));
        assert!(Frac::new(709, 710) < Frac::new(719, 720));
        assert_eq!(Frac::new(-7, 2).floor(), BigInt::from(-4));
        assert_eq!(Frac::new(-7, 2).ceil(), BigInt::from(-3));
        assert_eq!(Frac::new(7, 2).ceil(), BigInt::from(4));
        assert_eq!(Frac::new(1, 2).minus(&Frac::new(1, 3)), Frac::new(1, 6));
    }
}
