//! The console as people use it: first start, signing in, telling, correcting, a customer's own view; and every page looked at
//! for those who cannot see it well.
//!
//! Needs what `browser.rs` needs, and axe-core for the latter: `UPHOLD_AXE` is the path of its script, which `./test` sets.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::browser::{Browser, Running, free_address, installed, wait};
use crate::program::{request, uphold};
