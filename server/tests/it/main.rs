//! The program from outside, one file a noun.

mod sample;
mod web;
