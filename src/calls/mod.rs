//! Spans to the canonical call table: attempts joined, wrappers folded, figures derived.

mod assemble;
mod attempts;
mod bonds;
mod call;
mod chunks;
mod clues;
mod column;
mod columns;
mod derive;
mod draft;
mod endpoints;
mod habits;
mod lens;
mod matching;
mod order;
mod parse;
mod parts;
mod python;
mod redact;
mod served;
mod shapes;
mod store;
mod streams;
mod table;
mod trace;
mod traces;
mod tree;
mod twins;

pub use assemble::assemble;
pub use call::{Call, Cell};
pub use column::Codes;
pub use table::CallTable;
