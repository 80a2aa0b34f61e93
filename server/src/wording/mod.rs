//! Words: everything that pages and documents say to people, in English and in Japanese.
//!
//! Here: the texts, and how dates, lengths, figures, causes, terms and names are put into them. Not here: which language a reader is
//! answered in, what a page shows, and the words of the command line.

pub(crate) mod alert;
pub(crate) mod cause;
pub(crate) mod difference;
pub(crate) mod form;
pub(crate) mod measured;
pub(crate) mod seen;
pub(crate) mod subject;
pub(crate) mod terms;
mod texts;
pub(crate) mod when;
mod words;

pub(crate) use texts::Texts;
pub(crate) use words::{Phrase, Sentence, Words};
