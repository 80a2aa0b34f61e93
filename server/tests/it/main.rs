//! The program as a whole: one file for each thing that it must do.

mod alerts;
mod browser;
mod compare;
mod crash;
mod errors;
mod evidence;
mod follow;
mod heartbeat;
mod import;
mod kept;
mod language;
mod limits;
mod live_equals_batch;
mod mail;
mod mistakes;
mod operations;
mod program;
mod records;
mod reload;
mod revisions;
mod sample;
mod statement;
mod upgrade;
mod vantage;
mod web;
