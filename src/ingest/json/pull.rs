//! A pull parser over JSON bytes: follows the needed path, skips the rest, builds nothing.
//!
//! What is skipped is only balanced, not validated: strings are crossed by searching for their
//! quote, and UTF-8 is checked where text is wanted.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use crate::ingest::escape::{repaired, unescape};

/// Why the text does not go on as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Odd {
    /// It ends too early.
    End,
    /// It is not JSON here.
    Syntax,
}

/// The result of any step.
pub type Step<T> = Result<T, Odd>;

/// The inside of a string literal.
#[derive(Debug, Clone, Copy, Default)]
pub struct Text<'a> {
    /// As it lies in the input.
    pub inside: &'a [u8],
    /// Whether it holds escapes.
    pub escaped: bool,
}

impl<'a> Text<'a> {
    /// The text itself, its UTF-8 not checked.
    pub fn bytes(self) -> Cow<'a, [u8]> {
        if self.escaped { unescape(self.inside) } else { Cow::Borrowed(self.inside) }
    }

    /// The text itself, where its UTF-8 is wrong repaired.
    pub fn owned<T: for<'t> From<Cow<'t, str>>>(self) -> T {
        repaired(&self.bytes()).into()
    }
}

/// Where the parser stands in its input.
#[derive(Debug, Clone)]
pub struct Pull<'a> {
    bytes: &'a [u8],
    /// The next byte.
    pub at: usize,
}

impl<'a> Pull<'a> {
    /// At the start of these bytes.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The bytes from `start` to here.
    pub fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    /// The next byte that is not white space, without taking it.
    #[inline]
    pub fn peek(&mut self) -> Step<u8> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(byte) => return Ok(*byte),
                None => return Err(Odd::End),
            }
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Step<()> {
        if self.peek()? != byte {
            return Err(Odd::Syntax);
        }
        self.at += 1;
        Ok(())
    }

    /// Enters an object.
    pub fn object(&mut self) -> Step<Members> {
        self.expect(b'{')?;
        Ok(Members { first: true })
    }

    /// Enters an array.
    pub fn array(&mut self) -> Step<Elements> {
        self.expect(b'[')?;
        Ok(Elements { first: true })
    }

    /// Takes a string.
    #[inline]
    pub fn string(&mut self) -> Step<Text<'a>> {
        self.expect(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            let rest = self.bytes.get(self.at..).ok_or(Odd::End)?;
            let next = quote_or_backslash(rest).ok_or(Odd::End)?;
            if rest.get(next) == Some(&b'"') {
                let end = self.at + next;
                self.at = end + 1;
                let inside = self.bytes.get(start..end).ok_or(Odd::End)?;
                return Ok(Text { inside, escaped });
            }
            escaped = true;
            self.at += next + 2;
        }
    }

    /// Skips a string. What is skipped may be a whole conversation, full of escapes: only its quotes
    /// are looked at.
    #[inline]
    pub fn skip_string(&mut self) -> Step<()> {
        self.expect(b'"')?;
        let rest = self.bytes.get(self.at..).ok_or(Odd::End)?;
        self.at += string_end(rest).ok_or(Odd::End)? + 1;
        Ok(())
    }

    /// Takes exactly these bytes, where they come next.
    #[inline]
    pub fn literal(&mut self, bytes: &[u8]) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let found = rest.starts_with(bytes);
        self.at += if found { bytes.len() } else { 0 };
        found
    }

    /// Takes exactly these bytes, where they come next and no number goes on behind them.
    #[inline]
    pub fn whole(&mut self, bytes: &[u8]) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let ends = matches!(rest.get(bytes.len()), Some(b',' | b'}'));
        let found = ends && rest.starts_with(bytes);
        self.at += if found { bytes.len() } else { 0 };
        found
    }

    /// Takes what may be a number and stands between exactly these bytes, or nothing.
    #[inline]
    pub fn number_between(&mut self, open: &[u8], close: &[u8]) -> Option<&'a [u8]> {
        let inside = self.bytes.get(self.at..)?.strip_prefix(open)?;
        let number = |b: &u8| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E');
        let length = inside.iter().position(|byte| !number(byte))?;
        let (word, behind) = inside.split_at_checked(length)?;
        let found = behind.starts_with(close);
        self.at += if found { open.len() + length + close.len() } else { 0 };
        found.then_some(word)
    }

    /// Takes a string without escapes that stands between exactly these bytes, or nothing.
    #[inline]
    pub fn between(&mut self, open: &[u8], close: &[u8]) -> Option<&'a [u8]> {
        let inside = self.bytes.get(self.at..)?.strip_prefix(open)?;
        let length = quote_or_backslash(inside)?;
        let (text, behind) = inside.split_at_checked(length)?;
        let found = behind.starts_with(close);
        self.at += if found { open.len() + length + close.len() } else { 0 };
        found.then_some(text)
    }

    /// Takes a number, `true`, `false` or `null`, as text.
    pub fn word(&mut self) -> Step<&'a [u8]> {
        self.peek()?;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
        // Most words are a few digits.
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits > 0 && rest.get(digits).is_some_and(ends) {
            self.at += digits;
            return Ok(rest.get(..digits).unwrap_or_default());
        }
        let length = rest.iter().position(ends).ok_or(Odd::End)?;
        let word = rest.get(..length).unwrap_or_default();
        let number = |b: &u8| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E');
        let is_number = word.first().is_some_and(|b| b.is_ascii_digit() || *b == b'-');
        match word {
            // The last three are what Python writes for floats that are not finite.
            b"true" | b"false" | b"null" | b"NaN" | b"Infinity" | b"-Infinity" => {}
            _ if is_number && word.iter().all(number) => {}
            _ => return Err(Odd::Syntax),
        }
        self.at += length;
        Ok(word)
    }

    /// Takes a string, number or constant as text; anything else is skipped and gives nothing.
    pub fn scalar_text(&mut self) -> Step<Text<'a>> {
        match self.peek()? {
            b'"' => self.string(),
            b'{' | b'[' => self.skip().map(|()| Text::default()),
            _ => {
                let word = self.word()?;
                let inside = if word == b"null" { &[] } else { word };
                Ok(Text { inside, escaped: false })
            }
        }
    }

    /// Skips any value.
    #[inline]
    pub fn skip(&mut self) -> Step<()> {
        match self.peek()? {
            b'"' => self.skip_string(),
            b'{' | b'[' => self.skip_nested(),
            _ => self.word().map(drop),
        }
    }

    fn skip_nested(&mut self) -> Step<()> {
        let mut open = 0_usize;
        loop {
            let rest = self.bytes.get(self.at..).ok_or(Odd::End)?;
            let next = rest.iter().position(|byte| STRUCTURAL[*byte as usize]).ok_or(Odd::End)?;
            self.at += next;
            match rest.get(next) {
                Some(b'"') => {
                    self.skip_string()?;
                    continue;
                }
                Some(b'{' | b'[') => open += 1,
                _ => open -= 1,
            }
            self.at += 1;
            if open == 0 {
                return Ok(());
            }
        }
    }
}

/// The first quote or backslash. Most strings of a span are short: their words are looked at
/// here, and only what is longer is worth a call of the vectorised search.
#[inline]
fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    const NEAR: usize = 48;
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    // The lowest bit that is set marks the first byte that is zero.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & (ONES << 7);
    let mut at = 0;
    while at < NEAR
        && let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>)
    {
        let word = u64::from_le_bytes(*word);
        let found = zeros(word ^ (ONES * b'"' as u64)) | zeros(word ^ (ONES * b'\\' as u64));
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    memchr2(b'"', b'\\', bytes.get(at..)?).map(|next| at + next)
}

/// The quote that ends a string of which these are the bytes.
#[inline]
fn string_end(bytes: &[u8]) -> Option<usize> {
    let mut at = quote_or_backslash(bytes)?;
    if bytes.get(at) == Some(&b'"') {
        return Some(at);
    }
    loop {
        at += memchr(b'"', bytes.get(at..)?)?;
        let before = bytes.get(..at).unwrap_or_default();
        let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
        if backslashes % 2 == 0 {
            return Some(at);
        }
        at += 1;
    }
}

/// The bytes that open and close things.
const STRUCTURAL: [bool; 256] = {
    let mut table = [false; 256];
    table[b'"' as usize] = true;
    table[b'{' as usize] = true;
    table[b'}' as usize] = true;
    table[b'[' as usize] = true;
    table[b']' as usize] = true;
    table
};

/// The members of an object that is being read.
#[derive(Debug)]
pub struct Members {
    first: bool,
}

impl Members {
    /// The members behind one that was taken already.
    pub const fn rest() -> Self {
        Self { first: false }
    }

    /// The next key, the parser standing at its value; none at the end of the object.
    #[inline]
    pub fn next<'a>(&mut self, pull: &mut Pull<'a>) -> Step<Option<Text<'a>>> {
        // Nearly always the key follows at once and holds no escape.
        let open: &[u8] = if self.first { b"\"" } else { b",\"" };
        if let Some(inside) = pull.between(open, b"\":") {
            self.first = false;
            return Ok(Some(Text { inside, escaped: false }));
        }
        if !more(pull, &mut self.first, b'}')? {
            return Ok(None);
        }
        let key = pull.string()?;
        pull.expect(b':')?;
        Ok(Some(key))
    }
}

/// The elements of an array that is being read.
#[derive(Debug)]
pub struct Elements {
    first: bool,
}

impl Elements {
    /// Whether another element follows, the parser standing at it.
    #[inline]
    pub fn next(&mut self, pull: &mut Pull<'_>) -> Step<bool> {
        more(pull, &mut self.first, b']')
    }
}

#[inline]
fn more(pull: &mut Pull<'_>, first: &mut bool, close: u8) -> Step<bool> {
    let byte = pull.peek()?;
    if byte == close {
        pull.at += 1;
        return Ok(false);
    }
    if !std::mem::take(first) {
        pull.expect(b',')?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipping_a_value_lands_behind_it() {
        let values =
            [r#"{"a":[1,{"b":"]}\\\"{"}],"c":{}}"#, "[[],[[]]]", "-1.5e3", r#""\\""#, "null"];
        for value in values {
            let text = format!(" {value} ,");
            let mut pull = Pull::new(text.as_bytes());
            pull.skip().unwrap();
            assert_eq!(pull.at, value.len() + 1, "{value}");
        }
    }

    #[test]
    fn a_value_that_ends_too_early_is_told_from_one_that_is_no_json() {
        for text in ["", "{", r#"{"a"#, r#"{"a":"#, r#"{"a":[1,"#, r#""a\"#, "12"] {
            assert_eq!(Pull::new(text.as_bytes()).skip(), Err(Odd::End), "{text}");
        }
        for text in ["<html>,", "'a',"] {
            assert_eq!(Pull::new(text.as_bytes()).skip(), Err(Odd::Syntax), "{text}");
        }
    }
}
