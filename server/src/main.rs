//! uphold
fn main() {}
