//! Which characters could act on a screen, and a text with them written out.

use std::borrow::Cow;

/// Whether a character could move a cursor, hide, or reorder what stands around it.
pub fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether the text is plain ASCII without control characters: nothing has to be looked at.
fn plain(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..0x7f).contains(&byte))
}

/// Appends JSON text with such characters as JSON escapes: a parser reads the same text.
pub fn push_json(out: &mut Vec<u8>, json: &str) {
    if plain(json) {
        return out.extend_from_slice(json.as_bytes());
    }
    let mut units = [0_u16; 2];
    let mut bytes = [0_u8; 4];
    for character in json.chars() {
        if character != '\n' && is_unprintable(character) {
            for unit in character.encode_utf16(&mut units) {
                out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            }
        } else {
            out.extend_from_slice(character.encode_utf8(&mut bytes).as_bytes());
        }
    }
}

/// How a character that was written out begins.
const WRITTEN_OUT: &str = "\\u{";

/// A cell of a table that no spreadsheet takes for a formula and that does nothing on a screen:
/// an apostrophe stands before what would begin a formula, as spreadsheets themselves mark text,
/// and characters that act are written out (`\u{1b}`). [`unmarked_cell`] takes both back.
pub fn spreadsheet_cell(text: &str) -> Cow<'_, str> {
    let quoted = text.trim_start_matches('\'');
    let formula = quoted.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if !formula && plain(text) && !text.contains(WRITTEN_OUT) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 1);
    if formula {
        out.push('\'');
    }
    for (at, character) in text.char_indices() {
        let seems = character == '\\' && text.get(at..).is_some_and(|t| t.starts_with(WRITTEN_OUT));
        if seems || is_unprintable(character) {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    out.into()
}

/// The text of which [`spreadsheet_cell`] made this cell.
pub fn unmarked_cell(cell: &str) -> Cow<'_, str> {
    let begins = ["=", "+", "-", "@", "\\u{9}", "\\u{d}"];
    let marked = |rest: &&str| {
        let rest = rest.trim_start_matches('\'');
        begins.iter().any(|begin| rest.starts_with(begin))
    };
    let mut rest = cell.strip_prefix('\'').filter(marked).unwrap_or(cell);
    if !rest.contains(WRITTEN_OUT) {
        return rest.into();
    }
    let mut out = String::with_capacity(rest.len());
    while let Some((before, behind)) = rest.split_once(WRITTEN_OUT) {
        out.push_str(before);
        let code = behind.split_once('}').filter(|(hex, _)| hex.len() <= 6);
        let character =
            code.and_then(|(hex, _)| char::from_u32(u32::from_str_radix(hex, 16).ok()?));
        match (character, code) {
            (Some(character), Some((_, behind))) => {
                out.push(character);
                rest = behind;
            }
            _ => {
                out.push_str(WRITTEN_OUT);
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text_and_come_back() {
        for text in ["=1+1", "+4", "-x", "@sum", "'=1", "''@x"] {
            let cell = spreadsheet_cell(text);
            assert_eq!(cell, format!("'{text}"));
            assert_eq!(unmarked_cell(&cell), text);
        }
        for text in ["", "plain", "a=b", "'quoted'", "模型", "c:\\users", "\\u"] {
            assert_eq!(spreadsheet_cell(text), text);
            assert_eq!(unmarked_cell(text), text);
        }
        for text in
            ["\t=x", "'\t", "'\u{1b}", "a\r\nb", "\\u{1b}", "'\\u{9}", "\u{202e}", "\\u{zz}\\u{"]
        {
            assert_eq!(unmarked_cell(&spreadsheet_cell(text)), text);
        }
    }

    #[test]
    fn what_acts_on_a_screen_is_written_out() {
        assert_eq!(spreadsheet_cell("a\u{1b}[31m\u{9b}2J"), "a\\u{1b}[31m\\u{9b}2J");
        assert_eq!(spreadsheet_cell("\t=x"), "'\\u{9}=x");
        let mut out = Vec::new();
        push_json(&mut out, "\"\u{9b}31m\u{202e}a模\"");
        assert_eq!(String::from_utf8(out).unwrap(), "\"\\u009b31m\\u202ea模\"");
    }
}
