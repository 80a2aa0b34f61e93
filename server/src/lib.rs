//! The program `uphold`: it measures, keeps, evaluates and shows. The library exists for its tests and its one binary.

pub mod access;
pub mod cli;
pub mod clock;
pub mod config;
pub mod configuration;
pub mod error;
pub mod import;
pub mod ledger;
pub mod live;
pub mod measure;
pub mod operate;
pub mod sample_service;
pub mod statement;
pub mod terminal;
pub mod web;
mod wording;
