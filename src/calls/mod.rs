//! Spans to the canonical call table: attempts joined, wrappers folded, figures derived.

mod assemble;
mod attempts;
mod call;
mod chunks;
mod clues;
mod columns;
mod derive;
mod draft;
mod endpoints;
mod lens;
mod matching;
mod parse;
mod python;
mod redact;
mod served;
mod store;
mod table;
mod trace;
mod traces;
mod tree;
mod twins;

pub use assemble::assemble;
pub use call::{Call, Cell};
pub use table::{CallTable, Codes};
