//! The program `uphold`: it measures, keeps, evaluates and shows. The library exists for its tests and its one binary.

#[macro_use]
pub mod terminal;

pub mod access;
pub mod accounts;
pub mod cli;
pub mod clock;
pub mod clock_sync;
pub mod config;
pub mod configuration;
pub mod doctor;
pub mod error;
pub mod identity;
pub mod import;
pub mod ledger;
pub mod live;
pub mod measure;
pub mod notify;
pub mod operate;
pub mod owners;
pub mod printer;
pub mod revisions;
pub mod sample_service;
pub mod schedule;
pub mod secret;
pub mod service_manager;
pub mod simulate;
pub mod statement;
pub mod support;
pub mod web;
mod wording;
