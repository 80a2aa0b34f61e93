//! How much is asked at once: which probe may start now. Pure bookkeeping over the limits of the checks file; not here: what
//! becomes of a probe that may not start.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use uphold_core::time::Millis;

use crate::config::Limits;

/// The time over which starts are counted.
const SECOND: Millis = Millis(1_000);

/// Lets probes start as far as the limits permit.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) limits: Limits,
    in_flight: u32,
    targets: HashMap<Arc<str>, Load>,
}

#[derive(Debug, Default)]
struct Load {
    in_flight: u32,
    /// When probes were started in the last second, and how many.
    started: VecDeque<(Millis, u32)>,
}

impl Load {
    fn started_since(&mut self, after: Millis) -> u32 {
        while self.started.front().is_some_and(|(at, _)| *at <= after) {
            self.started.pop_front();
        }
        self.started.iter().map(|(_, count)| count).sum()
    }
}

impl Gate {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, in_flight: 0, targets: HashMap::new() }
    }

    /// Whether a probe of `target` may start now; then it counts as under way until [`Self::ended`].
    pub(super) fn admit(&mut self, target: &Arc<str>, now: Millis) -> bool {
        if self.in_flight >= self.limits.in_flight {
            return false;
        }
        let load = match self.targets.get_mut(target) {
            Some(load) => load,
            None => self.targets.entry(Arc::clone(target)).or_default(),
        };
        if load.in_flight >= self.limits.per_target || load.started_since(now - SECOND) >= self.limits.per_target_second
        {
            return false;
        }
        match load.started.back_mut().filter(|(at, _)| *at == now) {
            Some((_, count)) => *count += 1,
            None => load.started.push_back((now, 1)),
        }
        load.in_flight += 1;
        self.in_flight += 1;
        true
    }

    /// A probe of `target` came to its end.
    pub(super) fn ended(&mut self, target: &Arc<str>) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(load) = self.targets.get_mut(target) {
            load.in_flight = load.in_flight.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(per_target: u32, per_target_second: u32, in_flight: u32) -> Gate {
        Gate::new(Limits { per_target, per_target_second, in_flight, ..Limits::default() })
    }

    #[test]
    fn each_limit_binds_alone_and_lets_go_again() {
        let (a, b): (Arc<str>, Arc<str>) = ("a:1".into(), "b:1".into());
        let mut at_once = gate(2, 99, 99);
        assert_eq!([&a, &a, &a, &b].map(|target| at_once.admit(target, Millis(0))), [true, true, false, true]);
        at_once.ended(&a);
        assert!(at_once.admit(&a, Millis(0)));

        let mut in_all = gate(99, 99, 2);
        assert_eq!([&a, &b, &a].map(|target| in_all.admit(target, Millis(0))), [true, true, false]);
        in_all.ended(&a);
        assert!(in_all.admit(&b, Millis(0)));

        let mut a_second = gate(99, 2, 99);
        let mut ask = |at| {
            let done = a_second.admit(&a, Millis(at));
            a_second.ended(&a);
            done
        };
        assert_eq!([0, 500, 999, 1_000, 1_100, 1_500].map(&mut ask), [true, true, false, true, false, true]);
    }
}
