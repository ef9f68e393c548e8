//! The escapes of JSON and Python strings, resolved only for the strings that are wanted.

use std::borrow::Cow;

use memchr::memchr;

/// Resolves the escapes in the inside of a string literal. Never fails: an escape that means
/// nothing stays as it is, and half a surrogate pair becomes the replacement character.
pub fn unescape(inside: &[u8]) -> Cow<'_, [u8]> {
    let Some(mut next) = memchr(b'\\', inside) else { return Cow::Borrowed(inside) };
    let mut out = Vec::with_capacity(inside.len());
    let mut rest = inside;
    loop {
        let (plain, escaped) = rest.split_at(next);
        out.extend_from_slice(plain);
        rest = one(escaped, &mut out);
        match memchr(b'\\', rest) {
            Some(at) => next = at,
            None => {
                out.extend_from_slice(rest);
                return Cow::Owned(out);
            }
        }
    }
}

/// Resolves the escape at the start of `text` (a backslash), and gives what follows it.
fn one<'t>(text: &'t [u8], out: &mut Vec<u8>) -> &'t [u8] {
    let (&letter, after) = match text.get(1..).and_then(<[u8]>::split_first) {
        Some(split) => split,
        None => {
            out.extend_from_slice(text);
            return &[];
        }
    };
    let plain = match letter {
        b'"' | b'\'' | b'\\' | b'/' => letter,
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        b'u' => return unicode(after, 4, out),
        b'x' => return unicode(after, 2, out),
        b'U' => return unicode(after, 8, out),
        _ => {
            out.push(b'\\');
            letter
        }
    };
    out.push(plain);
    after
}

fn unicode<'t>(after: &'t [u8], digits: usize, out: &mut Vec<u8>) -> &'t [u8] {
    let Some((code, mut rest)) = hex(after, digits) else {
        push(char::REPLACEMENT_CHARACTER, out);
        return after;
    };
    let mut found = char::from_u32(code);
    if (0xd800..0xdc00).contains(&code)
        && let Some((low, behind)) = rest.strip_prefix(b"\\u").and_then(|low| hex(low, 4))
        && (0xdc00..0xe000).contains(&low)
    {
        found = char::from_u32(0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00));
        rest = behind;
    }
    push(found.unwrap_or(char::REPLACEMENT_CHARACTER), out);
    rest
}

fn hex(text: &[u8], digits: usize) -> Option<(u32, &[u8])> {
    let (head, rest) = text.split_at_checked(digits)?;
    let mut code = 0_u32;
    for byte in head {
        code = code.checked_mul(16)? + char::from(*byte).to_digit(16)?;
    }
    Some((code, rest))
}

fn push(letter: char, out: &mut Vec<u8>) {
    out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Text whose UTF-8 was not yet checked; where it is wrong, repaired.
pub fn repaired(text: &[u8]) -> Cow<'_, str> {
    // The same as the lossy conversion, which is slower where nothing is wrong.
    match std::str::from_utf8(text) {
        Ok(text) => text.into(),
        Err(_) => String::from_utf8_lossy(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_resolve_as_serde_json_resolves_them() {
        let texts =
            [r#"a\n\t\"\\\/b"#, r"\u00e9", r"\ud83d\ude00 done", r"plain", r"\b\f\r", r"x\u0041"];
        for text in texts {
            let oracle: String = serde_json::from_str(&format!("\"{text}\"")).unwrap();
            assert_eq!(unescape(text.as_bytes()), oracle.as_bytes(), "{text}");
        }
    }

    #[test]
    fn broken_escapes_do_no_harm() {
        assert_eq!(unescape(br"a\"), &br"a\"[..]);
        assert_eq!(unescape(br"\ud83dx"), "\u{fffd}x".as_bytes());
        assert_eq!(unescape(br"\u12"), "\u{fffd}12".as_bytes());
        assert_eq!(unescape(br"\x41\q"), &br"A\q"[..]);
    }
}
