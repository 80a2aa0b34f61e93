//! What a service tells the terminal that it was started from. Not here: what a command prints as its result.

use std::io::Write as _;

/// Tells one thing. A service goes on when nobody reads what it prints any more.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
