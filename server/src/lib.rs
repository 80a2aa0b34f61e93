//! The parts of the one program, so that tests and examples can reach them.

pub mod sample_service;
