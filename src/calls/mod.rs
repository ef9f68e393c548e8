//! Spans to the canonical call table: attempts joined, wrappers folded, figures derived.

mod call;
mod columns;
mod store;
mod table;

pub use call::{Call, Cell};
pub use table::{CallTable, Codes};
