//! The conclusion as JSON: the contract `llmspan.diagnosis/1`, pretty-printed, in declared order.

use serde::Serialize;

use super::neutral::is_unprintable;
use crate::diagnosis::Diagnosis;

/// The report, ending in a newline. Characters that could act on a terminal are written as JSON
/// escapes: a parser reads the same text, a screen does nothing.
pub fn json(diagnosis: &Diagnosis) -> String {
    text(diagnosis)
}

/// Any conclusion, written so.
pub fn text(conclusion: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(conclusion).expect("text keys and plain values only");
    let mut out = String::with_capacity(text.len() + 1);
    let mut units = [0_u16; 2];
    for character in text.chars() {
        if character != '\n' && is_unprintable(character) {
            for unit in character.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(character);
        }
    }
    out.push('\n');
    out
}
