//! An independent, naive evaluator: tick by tick, arrays of states, exact big fractions. It shares no code with the
//! crate that it checks, and it was written from the text of the rules alone; `READINGS.md` beside this file lists
//! where the text leaves two readings. Periods have at most some 20,000 ticks.

mod compose;
mod duties;
mod evaluate;
mod fraction;
mod model;
mod pipeline;
mod qualify;
mod remedy;
mod slices;
mod timeline;
mod windows;

mod build;
mod compare;
mod compare_customer;
mod compare_exclusion;
mod compare_laws;
mod compare_months;
mod compare_pinned;
mod compare_slices;
mod compare_timeline;
mod draw;
mod parts;
mod scene;
mod compare_duties;
mod tests_duties;
mod tests_exclusion;
mod tests_law;
mod tests_measures;
mod tests_timeline;
