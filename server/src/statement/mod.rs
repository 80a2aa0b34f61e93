//! Statements as documents: a table for spreadsheets and a page that is handed to a customer.
//!
//! Both say what [`uphold_core::statement::Statement`] says and work nothing out anew: no figure here is the result of
//! a rule. The public JSON form is not here but in core. The page is one file without scripts that needs nothing else.

mod commitment;
mod credit;
mod csv;
mod document;
mod event;
mod picture;
mod stretch;

pub use csv::csv;
pub use document::{Around, html, html_page};

#[cfg(test)]
mod tests;
