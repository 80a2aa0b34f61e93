//! What the program prints: the results of commands, and what a service tells the terminal that it was started from.
//!
//! Whoever reads what is printed may stop when it has seen enough, as `head` does. What a command does then goes on to its end,
//! and its code is what it found: only the printing stops. The macros of the standard library would end it in a panic instead.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write as _};

/// Prints a part of a result.
macro_rules! out {
    ($($words:tt)*) => { $crate::terminal::print(format_args!($($words)*)) };
}

/// Prints a line of a result.
macro_rules! outln {
    ($($words:tt)*) => { $crate::terminal::print(format_args!("{}\n", format_args!($($words)*))) };
}

/// Prints what is no result, such as an error.
macro_rules! err {
    ($($words:tt)*) => { $crate::terminal::complain(format_args!($($words)*)) };
}

/// Prints a line of what is no result.
macro_rules! errln {
    ($($words:tt)*) => { $crate::terminal::complain(format_args!("{}\n", format_args!($($words)*))) };
}

/// Tells one thing. A service goes on when nobody reads what it prints any more.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints a result. One that cannot be written, to a disk that is full say, is no result: the process then ends with a
/// failure. That nobody reads it any more is none.
pub fn print(words: Arguments<'_>) {
    let mut output = std::io::stdout().lock();
    // What has no end of line yet would be lost in silence when the process ends.
    let written = output.write_fmt(words).and_then(|()| output.flush());
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            complain(format_args!("error: cannot write to standard output\n  {error}\n"));
            std::process::exit(1);
        }
        _ => {}
    }
}

/// Prints what is no result, as far as anybody reads it.
pub fn complain(words: Arguments<'_>) {
    let _ = std::io::stderr().write_fmt(words);
}
