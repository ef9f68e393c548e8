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
mod plain;
mod python;
mod redact;
mod sample;
mod served;
mod shapes;
mod store;
mod streams;
mod table;
mod texts;
mod trace;
mod traces;
mod tree;
mod twins;

pub use assemble::{Asked, assemble};
pub use call::{Call, Cell};
pub use column::Codes;
pub use sample::Sample;
pub use table::CallTable;

/// A first chunk later than this share of the call came with the last: the stream was buffered.
/// Measured on tool calls and on proxies that collect the stream (methods 4.5).
pub const BUFFERED_SHARE: f64 = 0.92;
