//! Finds one value in a Python literal (`str(dict)`), which some libraries write where others
//! write JSON.

use crate::ingest::Value;

/// The scalar at a path of dictionary keys; none where the text is no such literal.
pub fn find(text: &str, path: &[&str]) -> Option<Value> {
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0 };
    cursor.value(path, 0)
}

/// Deeper nesting than any usage record has is not followed.
const DEPTH: usize = 32;

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    /// Reads one value; hands back what stands at the path below it.
    fn value(&mut self, path: &[&str], depth: usize) -> Option<Value> {
        self.blanks();
        match self.peek()? {
            b'{' if depth < DEPTH => self.dictionary(path, depth),
            b'[' | b'(' if depth < DEPTH => {
                self.sequence(depth)?;
                None
            }
            b'\'' | b'"' => {
                let text = self.string()?;
                path.is_empty().then(|| Value::Str(text.into()))
            }
            _ => {
                let word = self.word()?;
                if path.is_empty() { scalar(&word) } else { None }
            }
        }
    }

    /// Reads a dictionary up to the wanted key, or to its end.
    fn dictionary(&mut self, path: &[&str], depth: usize) -> Option<Value> {
        self.at += 1;
        loop {
            self.blanks();
            match self.peek()? {
                b'}' => {
                    self.at += 1;
                    return None;
                }
                b',' => self.at += 1,
                _ => {
                    let key = self.key(depth)?;
                    self.blanks();
                    (self.peek()? == b':').then(|| self.at += 1)?;
                    let wanted = path.first().is_some_and(|first| key == *first);
                    if wanted {
                        return self.value(&path[1..], depth + 1);
                    }
                    self.skip(depth + 1)?;
                }
            }
        }
    }

    fn key(&mut self, depth: usize) -> Option<String> {
        if matches!(self.peek()?, b'\'' | b'"') {
            self.string()
        } else {
            self.skip(depth).map(|()| String::new())
        }
    }

    fn sequence(&mut self, depth: usize) -> Option<()> {
        self.at += 1;
        loop {
            self.blanks();
            match self.peek()? {
                b']' | b')' => {
                    self.at += 1;
                    return Some(());
                }
                b',' => self.at += 1,
                _ => self.skip(depth + 1)?,
            }
        }
    }

    /// Steps over one value; none where the text ends or makes no sense.
    fn skip(&mut self, depth: usize) -> Option<()> {
        self.blanks();
        match self.peek()? {
            b'{' | b'[' | b'(' if depth >= DEPTH => None,
            b'{' => {
                self.dictionary(&[], depth);
                // A dictionary that was read to its end leaves its brace behind it.
                (self.at > 0 && self.bytes.get(self.at - 1) == Some(&b'}')).then_some(())
            }
            b'[' | b'(' => self.sequence(depth),
            b'\'' | b'"' => self.string().map(|_| ()),
            _ => self.word().map(|_| ()),
        }
    }

    fn string(&mut self) -> Option<String> {
        let quote = self.peek()?;
        self.at += 1;
        let mut text = Vec::new();
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'\\' => {
                    text.push(self.peek()?);
                    self.at += 1;
                }
                _ if byte == quote => return String::from_utf8(text).ok(),
                _ => text.push(byte),
            }
        }
    }

    /// A bare word: a number, `None`, `True`, or the head of a constructor call with its arguments.
    fn word(&mut self) -> Option<String> {
        let start = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b',' | b'}' | b']' | b')' | b':' => break,
                b'(' => {
                    self.sequence(DEPTH - 1)?;
                }
                _ => self.at += 1,
            }
        }
        let word = self.bytes.get(start..self.at)?;
        (!word.is_empty()).then(|| String::from_utf8_lossy(word).trim().to_owned())
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

fn scalar(word: &str) -> Option<Value> {
    match word {
        "None" => None,
        "True" => Some(Value::Bool(true)),
        "False" => Some(Value::Bool(false)),
        _ => match word.parse() {
            Ok(int) => Some(Value::Int(int)),
            Err(_) => word.parse().ok().filter(|f: &f64| f.is_finite()).map(Value::Float),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const USAGE: &str = "{'completion_tokens': 45, 'note': \"it's {odd}\", 'list': [1, {'a': 2}], \
        'prompt_tokens_details': {'audio_tokens': None, 'cached_tokens': 640}, 'ok': True}";

    #[test]
    fn finds_values_among_quotes_and_nesting() {
        assert_eq!(find(USAGE, &["completion_tokens"]), Some(Value::Int(45)));
        assert_eq!(find(USAGE, &["prompt_tokens_details", "cached_tokens"]), Some(Value::Int(640)));
        assert_eq!(find(USAGE, &["prompt_tokens_details", "audio_tokens"]), None);
        assert_eq!(find(USAGE, &["ok"]), Some(Value::Bool(true)));
        assert_eq!(find(USAGE, &["absent"]), None);
        assert_eq!(find("{\"cache_read\": 5}", &["cache_read"]), Some(Value::Int(5)));
    }

    #[test]
    fn gives_up_on_what_is_no_literal() {
        for text in ["", "{", "{'a'", "{'a':", "{'a': {'b'", "[[[[", "(((((", "{1: 2"] {
            assert_eq!(find(text, &["a", "b"]), None, "{text}");
        }
        let deep = "{'a': ".repeat(10_000);
        assert_eq!(find(&deep, &["b"]), None);
    }

    proptest! {
        #[test]
        fn never_panics(text in "[{}'\"a:, \\\\()\\[\\]0-9]{0,60}") {
            let _ = find(&text, &["a", "0"]);
        }
    }
}
