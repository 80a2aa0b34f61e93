//! Other people's implementations read our checkpoints and agree on our proofs; and the bytes of a signed checkpoint are
//! what they must stay for ever.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof};
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::Sha256;
use signed_note::{Note as TheirNote, Signer as _, StandardSigner, StandardVerifier, VerifierList};
use uphold_core::ledger::checkpoint::Checkpoint;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::note::{Note, VerifierKey, sealed};
use uphold_core::ledger::tree::{self, leaf_hash, verify_consistency, verify_inclusion};

const NAME: &str = "sla.example.com/ledger";
const SEED: [u8; 32] = *b"golden seed of thirty-two bytes!";

fn key() -> VerifierKey {
    VerifierKey::new(NAME, SigningKey::from_bytes(&SEED).verifying_key().as_bytes()).unwrap()
}

fn leaves() -> Vec<String> {
    (0..70).map(|number| format!("leaf {number}")).collect()
}

fn checkpoint(size: usize) -> Checkpoint {
    let hashes: Vec<Digest> = leaves()[..size].iter().map(|leaf| leaf_hash(leaf.as_bytes())).collect();
    Checkpoint { origin: NAME.to_owned(), size: size as u64, root: tree::root(&hashes), extensions: Vec::new() }
}

fn note(checkpoint: &Checkpoint) -> String {
    let text = checkpoint.encode();
    sealed(&text, &key(), &SigningKey::from_bytes(&SEED).sign(text.as_bytes()).to_bytes())
}

#[test]
fn a_signed_checkpoint_has_the_bytes_of_the_golden_file() {
    let golden = include_str!("golden/checkpoint-v1.note");
    assert_eq!(note(&checkpoint(42)), golden);
    assert_eq!(key().to_string(), include_str!("golden/checkpoint-v1.vkey").trim_end());
    assert_eq!(Checkpoint::open(golden.as_bytes(), &key()), Ok(checkpoint(42)));
}

#[test]
fn another_implementation_of_signed_notes_reads_our_key_and_checkpoint() {
    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(&key().to_string()).unwrap())]);
    for size in [0, 1, 42, 70] {
        let ours = note(&checkpoint(size));
        let theirs = TheirNote::from_bytes(ours.as_bytes()).unwrap();
        let (verified, unverified) = theirs.verify(&known).unwrap();
        assert_eq!((verified.len(), unverified.len()), (1, 0));
        assert_eq!((verified[0].name(), theirs.text()), (NAME, checkpoint(size).encode().as_bytes()));
        let wrong = ours.replacen(&format!("\n{size}\n"), &format!("\n{}\n", size + 1), 1);
        assert!(TheirNote::from_bytes(wrong.as_bytes()).unwrap().verify(&known).is_err());
    }
}

#[test]
fn we_read_what_another_implementation_of_signed_notes_signs() {
    let theirs = StandardSigner::new("PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz");
    let theirs = theirs.unwrap();
    let key = VerifierKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap();
    assert_eq!((theirs.name(), theirs.key_id()), (key.name(), u32::from_be_bytes(key.id())));
    let text = Checkpoint { origin: "PeterNeumann".to_owned(), ..checkpoint(7) }.encode();
    let mut note = TheirNote::new(text.as_bytes(), &[]).unwrap();
    note.add_sigs(&[&theirs]).unwrap();
    assert_eq!(Note::parse(&note.to_bytes()).unwrap().verify(&key), Ok(text.as_str()));
    assert_eq!(Checkpoint::open(&note.to_bytes(), &key).unwrap().size, 7);
}

#[test]
fn another_implementation_of_rfc_6962_has_our_roots_and_proofs() {
    let leaves = leaves();
    let hashes: Vec<Digest> = leaves.iter().map(|leaf| leaf_hash(leaf.as_bytes())).collect();
    let digests = |bytes: &[u8]| bytes.chunks(32).map(|chunk| Digest::from_bytes(chunk).unwrap()).collect::<Vec<_>>();
    let bytes = |proof: &[Digest]| proof.iter().flat_map(|digest| digest.0).collect::<Vec<u8>>();
    let mut theirs = MemoryBackedTree::<Sha256, String>::new();
    let mut roots = Vec::new();
    for size in 1..=leaves.len() {
        theirs.push(leaves[size - 1].clone());
        let (root, ours) = (theirs.root(), tree::root(&hashes[..size]));
        assert_eq!(root.as_bytes().as_slice(), ours.0, "{size}");
        for index in 0..size {
            let proof = tree::inclusion_proof(&hashes[..size], index).unwrap();
            let made = InclusionProof::<Sha256>::try_from_bytes(bytes(&proof)).unwrap();
            root.verify_inclusion(&leaves[index], index as u64, &made).unwrap();
            let their_proof = digests(theirs.prove_inclusion(index).as_bytes());
            assert!(verify_inclusion(hashes[index], index as u64, size as u64, &their_proof, ours));
        }
        for (old, old_root) in (1..size).zip(&roots) {
            let proof = tree::consistency_proof(&hashes[..size], old).unwrap();
            let made = ConsistencyProof::<Sha256>::try_from_bytes(bytes(&proof)).unwrap();
            root.verify_consistency(old_root, &made).unwrap();
            let their_proof = digests(theirs.prove_consistency(size - old).as_bytes());
            let old_root = Digest::from_bytes(old_root.as_bytes()).unwrap();
            assert!(verify_consistency(old as u64, size as u64, &their_proof, old_root, ours), "{old} to {size}");
        }
        roots.push(root);
    }
}
