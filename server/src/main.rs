//! The one program.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(uphold::cli::run())
}
