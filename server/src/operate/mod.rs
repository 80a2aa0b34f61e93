//! Operating a service under its agreement: what people and programs tell, and what follows from it.
//!
//! One file a noun. Everything is pure over a picture, but for the task that follows it; recording is the engine's. Not here: pages and interfaces.

pub mod acts;
pub mod alerts;
pub mod closing;
pub mod follow;
pub mod foresee;
pub mod incident;
pub mod publication;
pub mod record;
pub mod retention;
