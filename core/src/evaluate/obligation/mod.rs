//! Commitments that are not percentages of up time, judged event by event.

use super::view::View;
use crate::agreement::{Monitoring, Obligation};
use crate::statement::Row;

/// Judges an observed share of time.
pub(super) fn monitoring(_view: &View<'_>, _terms: &Monitoring, _row: &mut Row) {}

/// Judges what is owed.
pub(super) fn judge(_view: &View<'_>, _promise: &Obligation, _row: &mut Row) {}
