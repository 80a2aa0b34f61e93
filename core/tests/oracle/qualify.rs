//! Qualification of outages (R3, R13, P7) on arrays of ticks.

use crate::model::*;

/// Maximal rows of `true`, as half-open index pairs.
fn rows(down: &[bool]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut i = 0;
    while i < down.len() {
        if !down[i] {
            i += 1;
            continue;
        }
        let start = i;
        while i < down.len() && down[i] {
            i += 1;
        }
        found.push((start, i));
    }
    found
}

/// The ticks of qualifying outages. `inside` are the ticks that the clipped test keeps.
pub(crate) fn qualified(down: &[bool], rule: &Qualify, inside: &[bool]) -> Vec<bool> {
    let mut tested = down.to_vec();
    if rule.on != QualifyOn::Whole {
        for i in 0..tested.len() {
            tested[i] = tested[i] && inside[i];
        }
    }
    // Merge gaps first …
    let mut merged: Vec<(usize, usize)> = Vec::new();
    for (start, end) in rows(&tested) {
        match merged.last_mut() {
            Some(last) if (start - last.1) as i64 <= rule.merge_gap => last.1 = end,
            _ => merged.push((start, end)),
        }
    }
    // … then the minimum, on the span from first onset to last end.
    let mut result = vec![false; down.len()];
    for (start, end) in merged {
        if ((end - start) as i64) < rule.minimum {
            continue;
        }
        for i in start..end {
            result[i] = tested[i] || rule.gap_is_downtime;
        }
    }
    result
}

/// Onset by report (P4): an outage counts from the first report within it; without one it does not count.
pub(crate) fn from_report(down: &[bool], reports: &[usize]) -> Vec<bool> {
    let mut result = vec![false; down.len()];
    for (start, end) in rows(down) {
        if let Some(first) = reports.iter().filter(|r| (start..end).contains(*r)).min() {
            for tick in &mut result[*first..end] {
                *tick = true;
            }
        }
    }
    result
}
