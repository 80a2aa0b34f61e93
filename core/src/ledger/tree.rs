//! The Merkle tree of RFC 6962 over leaf hashes: roots, proofs, and the frontier that grows with every leaf.
//!
//! Not here: what a leaf says (`leaf.rs`), signed notes and tiles.

use std::fmt;

use crate::ledger::digest::Digest;

/// The hash of a leaf: SHA-256 of 0x00 and its bytes.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    Digest::of(&[&[0], leaf])
}

/// The hash of an inner node: SHA-256 of 0x01 and both children.
#[must_use]
pub fn node_hash(left: Digest, right: Digest) -> Digest {
    Digest::of(&[&[1], &left.0, &right.0])
}

/// The root over these leaf hashes. The root of no leaves is SHA-256 of nothing.
#[must_use]
pub fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::of(&[]),
        [only] => *only,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(root(left), root(right))
        }
    }
}

/// The hashes that lead from one leaf to the root over all of `leaves`, from the leaf upward.
#[must_use]
pub fn inclusion_proof(leaves: &[Digest], index: usize) -> Option<Vec<Digest>> {
    if index >= leaves.len() {
        return None;
    }
    if leaves.len() == 1 {
        return Some(Vec::new());
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut proof, other) = if index < left.len() {
        (inclusion_proof(left, index)?, right)
    } else {
        (inclusion_proof(right, index - left.len())?, left)
    };
    proof.push(root(other));
    Some(proof)
}

/// Whether `proof` shows that the leaf of this hash is at `index` in the tree of `size` leaves with this root.
#[must_use]
pub fn verify_inclusion(leaf: Digest, index: u64, size: u64, proof: &[Digest], root: Digest) -> bool {
    if index >= size {
        return false;
    }
    // RFC 9162 section 2.1.3.2.
    let (mut node, mut last) = (index, size - 1);
    let mut hash = leaf;
    for other in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(*other, hash);
            while node & 1 == 0 && node > 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(hash, *other);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == root
}

/// The hashes that show that the tree over the first `old` leaves grew into the tree over all of them.
#[must_use]
pub fn consistency_proof(leaves: &[Digest], old: usize) -> Option<Vec<Digest>> {
    (1..=leaves.len()).contains(&old).then(|| subproof(leaves, old, true))
}

/// Whether `proof` shows that the tree of `old` leaves is the beginning of the tree of `new` leaves.
///
/// A tree of no leaves is the beginning of every tree, which needs no proof and says nothing: it is refused.
#[must_use]
pub fn verify_consistency(old: u64, new: u64, proof: &[Digest], old_root: Digest, new_root: Digest) -> bool {
    if old == 0 || old > new {
        return false;
    }
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    // RFC 9162 section 2.1.4.2.
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old_hash, rest) = match proof {
        rest if old.is_power_of_two() => (old_root, rest),
        [first, rest @ ..] => (*first, rest),
        [] => return false,
    };
    let mut new_hash = old_hash;
    for other in rest {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(*other, old_hash);
            new_hash = node_hash(*other, new_hash);
            while node & 1 == 0 && node > 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(new_hash, *other);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == old_root && new_hash == new_root
}

/// What is needed of a tree to append to it: the roots of its perfect subtrees, from the largest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Digest>,
}

/// Why some bytes are not a frontier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontierError;

impl fmt::Display for FrontierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a frontier: it has 8 bytes of size and 32 for every bit that is set in the size")
    }
}

impl std::error::Error for FrontierError {}

impl Frontier {
    /// How many leaves the tree has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf at the end.
    pub fn append(&mut self, leaf: Digest) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            hash = self.peaks.pop().map_or(hash, |left| node_hash(left, hash));
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The root of the tree.
    ///
    /// ```
    /// use uphold_core::ledger::tree::{self, Frontier};
    /// let leaves = [b"a", b"b", b"c"].map(|leaf| tree::leaf_hash(leaf));
    /// let mut frontier = Frontier::default();
    /// leaves.iter().for_each(|leaf| frontier.append(*leaf));
    /// assert_eq!(frontier.root(), tree::root(&leaves));
    /// ```
    #[must_use]
    pub fn root(&self) -> Digest {
        let peaks = self.peaks.iter().rev().copied();
        peaks.reduce(|right, left| node_hash(left, right)).unwrap_or_else(|| Digest::of(&[]))
    }

    /// The bytes to keep: the size in 8 bytes, most significant first, then the hashes from the largest subtree.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        self.peaks.iter().for_each(|peak| bytes.extend_from_slice(&peak.0));
        bytes
    }

    /// Reads the bytes that were kept.
    ///
    /// # Errors
    /// When their number is not the one that the size asks for.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrontierError> {
        let (size, rest) = bytes.split_first_chunk().ok_or(FrontierError)?;
        let size = u64::from_be_bytes(*size);
        let peaks: Result<Vec<_>, _> = rest.chunks(32).map(Digest::from_bytes).collect();
        let peaks = peaks.map_err(|_| FrontierError)?;
        if peaks.len() as u64 == u64::from(size.count_ones()) { Ok(Self { size, peaks }) } else { Err(FrontierError) }
    }
}

/// The largest power of two below `size`, which is at least 2.
fn split(size: usize) -> usize {
    size.next_power_of_two() / 2
}

/// RFC 6962 section 2.1.2. `whole` says that the old root is known to the reader, so need not be repeated.
fn subproof(leaves: &[Digest], old: usize, whole: bool) -> Vec<Digest> {
    if old == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut proof, other) = if old <= left.len() {
        (subproof(left, old, whole), right)
    } else {
        (subproof(right, old - left.len(), false), left)
    };
    proof.push(root(other));
    proof
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: usize = 64;
    /// Trees of every shape that are small enough to damage each bit of each of their proofs.
    const DAMAGED: [usize; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 21];

    fn leaves() -> Vec<Digest> {
        (0..SIZES).map(|i| leaf_hash(&[i.try_into().unwrap()])).collect()
    }

    /// Every single-bit change of a proof, with one hash left out and one too many.
    fn damaged(proof: &[Digest]) -> impl Iterator<Item = Vec<Digest>> + '_ {
        let flips = (0..proof.len() * 256).map(|bit| {
            let mut bad = proof.to_vec();
            bad[bit / 256].0[bit % 256 / 8] ^= 1 << (bit % 8);
            bad
        });
        let longer = [proof, &[Digest([0; 32])]].concat();
        let shorter = proof.split_last().map(|(_, rest)| rest.to_vec());
        flips.chain([longer]).chain(shorter)
    }

    #[test]
    fn the_frontier_has_the_root_of_the_definition_at_every_size() {
        let leaves = leaves();
        let mut frontier = Frontier::default();
        assert_eq!(frontier.root().to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        for size in 1..=SIZES {
            frontier.append(leaves[size - 1]);
            assert_eq!((frontier.size(), frontier.root()), (size as u64, root(&leaves[..size])));
            assert_eq!(Frontier::from_bytes(&frontier.to_bytes()), Ok(frontier.clone()));
        }
        let bytes = frontier.to_bytes();
        assert!(Frontier::from_bytes(&bytes[..bytes.len() - 1]).is_err());
        assert!(Frontier::from_bytes(&[bytes, vec![0; 32]].concat()).is_err());
        assert!(Frontier::from_bytes(&[]).is_err());
    }

    #[test]
    fn every_inclusion_proof_holds_and_only_for_its_leaf_and_size() {
        let leaves = leaves();
        for size in 1..=SIZES {
            let top = root(&leaves[..size]);
            for index in 0..size {
                let proof = inclusion_proof(&leaves[..size], index).unwrap();
                let holds = |index: usize, proof: &[Digest]| {
                    verify_inclusion(leaves[index % SIZES], index as u64, size as u64, proof, top)
                };
                assert!(holds(index, &proof), "{index} of {size}");
                assert!((0..SIZES + 1).all(|other| other == index || !holds(other, &proof)), "{index} of {size}");
                if DAMAGED.contains(&size) {
                    assert!(damaged(&proof).all(|bad| !holds(index, &bad)), "{index} of {size}");
                }
            }
            assert_eq!(inclusion_proof(&leaves[..size], size), None);
        }
    }

    #[test]
    fn every_consistency_proof_holds_and_only_between_its_sizes() {
        let leaves = leaves();
        let roots: Vec<Digest> = (0..=SIZES).map(|size| root(&leaves[..size])).collect();
        for new in 1..=SIZES {
            for old in 1..=new {
                let proof = consistency_proof(&leaves[..new], old).unwrap();
                let holds = |old: usize, proof: &[Digest]| {
                    verify_consistency(old as u64, new as u64, proof, roots[old], roots[new])
                };
                assert!(holds(old, &proof), "{old} to {new}");
                assert!((0..=SIZES).all(|other| other == old || !holds(other, &proof)), "{old} to {new}");
                if DAMAGED.contains(&new) {
                    assert!(damaged(&proof).all(|bad| !holds(old, &bad)), "{old} to {new}");
                }
            }
            assert_eq!(consistency_proof(&leaves[..new], new + 1), None);
        }
    }

    #[test]
    fn sizes_near_the_end_of_the_numbers_do_not_overflow() {
        let hash = Digest([0; 32]);
        let proof = vec![hash; 70];
        assert!(!verify_inclusion(hash, u64::MAX - 1, u64::MAX, &proof, hash));
        assert!(!verify_consistency(u64::MAX - 1, u64::MAX, &proof, hash, hash));
    }
}
