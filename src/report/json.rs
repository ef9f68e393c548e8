//! The conclusion as JSON: the contract `llmspan.diagnosis/1`, pretty-printed, in declared order.

use serde::Serialize;

use crate::diagnosis::Diagnosis;
use crate::diagnosis::printable::push_json;

/// The report, ending in a newline. Characters that could act on a terminal are written as JSON
/// escapes: a parser reads the same text, a screen does nothing.
pub fn json(diagnosis: &Diagnosis) -> String {
    text(diagnosis)
}

/// Any conclusion, written so.
pub fn text(conclusion: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(conclusion).expect("text keys and plain values only");
    let mut out = Vec::with_capacity(text.len() + 1);
    push_json(&mut out, &text);
    out.push(b'\n');
    String::from_utf8(out).expect("made of text")
}
