//! Spans to the canonical call table: attempts joined, wrappers folded, figures derived.

mod assemble;
mod attempts;
mod call;
mod columns;
mod derive;
mod draft;
mod lens;
mod matching;
mod parse;
mod python;
mod store;
mod table;
mod trace;
mod twins;

pub use assemble::assemble;
pub use call::{Call, Cell};
pub use table::{CallTable, Codes};
