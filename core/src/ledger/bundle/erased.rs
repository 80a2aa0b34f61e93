//! Leaves of a bundle whose facts were erased: each names the fact that says so, which must be there and must be right.
//!
//! Not here: what the holes mean for the figures (`ledger/segment.rs`, `ledger/erase.rs`).

use std::collections::BTreeMap;

use super::Fault;
use crate::ledger::erase::{Census, ERASABLE, Erased};
use crate::ledger::fact::FactKind;
use crate::ledger::leaf::Leaf;

/// What is shown as erased, and what says so.
#[derive(Debug, Clone, Default)]
pub(super) struct Lost {
    census: Census,
    /// By the fact that each names: of which kind the leaves are, the first and the last of them, and how many.
    shown: BTreeMap<u64, (FactKind, u64, u64, u64)>,
    erasures: Vec<Erased>,
}

/// Facts that a bundle shows as erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// What says so.
    pub erased: Erased,
    /// How many leaves are shown as erased by it.
    pub shown: u64,
}

impl Lost {
    /// Takes in a leaf, in its order.
    pub(super) fn leaf(&mut self, leaf: &Leaf) {
        self.census.leaf(leaf.kind, leaf.seq);
    }

    /// Takes in that a leaf is shown as erased by the fact at a place, which comes later.
    pub(super) fn show(&mut self, leaf: &Leaf, by: u64) -> Result<(), Fault> {
        let (kind, _, last, shown) = self.shown.entry(by).or_insert((leaf.kind, leaf.seq, leaf.seq, 0));
        if *kind != leaf.kind || !ERASABLE.contains(kind) {
            return Err(Fault::Unexplained(leaf.seq, by));
        }
        (*last, *shown) = (leaf.seq, *shown + 1);
        Ok(())
    }

    /// Takes in a fact that says what was erased.
    pub(super) fn explain(&mut self, erased: Erased) -> Result<(), Fault> {
        if let Some(problem) = self.census.fault(erased.seq, &erased.fact) {
            return Err(Fault::Erasure(erased.seq, problem));
        }
        self.erasures.push(erased);
        Ok(())
    }

    /// Whether everything that is shown as erased is explained.
    pub(super) fn check(&self) -> Result<(), Fault> {
        for (by, (kind, first, last, _)) in &self.shown {
            let said = self.erasures.iter().find(|erased| erased.seq == *by);
            let covers = |seq: u64| said.is_some_and(|erased| erased.fact.covers(erased.seq, *kind, seq));
            if let Some(seq) = [*first, *last].into_iter().find(|seq| !covers(*seq)) {
                return Err(Fault::Unexplained(seq, *by));
            }
        }
        Ok(())
    }

    /// What was erased, in the order of the facts that say so.
    pub(super) fn gone(self) -> Vec<Gone> {
        let shown = |seq| self.shown.get(&seq).map_or(0, |(_, _, _, shown)| *shown);
        self.erasures.into_iter().map(|erased| Gone { shown: shown(erased.seq), erased }).collect()
    }
}
