//! The program `uphold`: it measures, keeps, evaluates and shows. The library exists for its tests and its one binary.

pub mod live;
pub mod web;
