//! Any bytes are a segment, a leaf, a payload, or an error; what is read is written back byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use uphold_core::ledger::canonical;
use uphold_core::ledger::fact::{Fact, FactKind};
use uphold_core::ledger::leaf::Leaf;
use uphold_core::ledger::segment::Segment;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = canonical::parse(bytes) {
        assert_eq!(canonical::to_bytes(&value), bytes);
    }
    if let Ok(segment) = Segment::decode(bytes) {
        assert_eq!(segment.encode(), bytes);
    }
    if let Ok(leaf) = Leaf::decode(bytes) {
        assert_eq!(leaf.encode(), bytes);
    }
    for kind in FactKind::ALL {
        if let Ok(fact) = Fact::decode(kind, kind.version(), bytes) {
            assert_eq!(fact.encode(), bytes);
        }
    }
});
