//! Documents inside attributes (JSON text, or the repr of Python objects): pulls out the wanted
//! paths without building a tree, and never keeps the rest, which may hold prompts.

use super::escape::unescape;
use super::span::{AttrId, Value};
use super::wanted::Path;

/// How often a document may lie as text inside another one.
const MAX_NESTED_TEXT: u32 = 3;

/// How many values may lie in each other, each on the stack.
const MAX_OPEN: u32 = 64;

/// A set of paths that still match, one bit for each.
pub type Matching = u64;

/// Wanted paths, and where the values found at their ends go.
pub struct Paths<'p, 'o> {
    paths: &'p [(Path, AttrId)],
    out: &'o mut Vec<(AttrId, Value)>,
}

impl<'p, 'o> Paths<'p, 'o> {
    /// At most 64 paths at a time.
    pub fn new(paths: &'p [(Path, AttrId)], out: &'o mut Vec<(AttrId, Value)>) -> Self {
        Self { paths, out }
    }

    /// Every path.
    pub fn all(&self) -> Matching {
        self.among(u64::MAX, |_| true)
    }

    /// The paths that go on with this key.
    pub fn step(&self, from: Matching, depth: usize, key: &[u8]) -> Matching {
        self.among(from, |path| path.get(depth).is_some_and(|want| want.as_bytes() == key))
    }

    /// The paths that go on into the first element of an array, or end at it.
    pub fn first(&self, from: Matching, depth: usize) -> Matching {
        self.among(from, |path| path.get(depth).is_none_or(|want| **want == *"*"))
    }

    /// The paths that end here.
    pub fn ends(&self, from: Matching, depth: usize) -> Matching {
        self.among(from, |path| path.len() <= depth)
    }

    /// Hands on the value at the end of these paths.
    pub fn emit(&mut self, ends: Matching, value: &Value) {
        for (index, (_, id)) in self.paths.iter().enumerate().take(64) {
            if ends >> index & 1 == 1 {
                self.out.push((*id, value.clone()));
            }
        }
    }

    fn among(&self, from: Matching, keep: impl Fn(&Path) -> bool) -> Matching {
        let mut matching = 0;
        for (index, (path, _)) in self.paths.iter().enumerate().take(64) {
            if from >> index & 1 == 1 && keep(path) {
                matching |= 1 << index;
            }
        }
        matching
    }
}

/// Reads the wanted paths of a document that is text. Where the text ends too early or stops
/// making sense, what was found before stands.
pub fn read(text: &[u8], paths: &[(Path, AttrId)], out: &mut Vec<(AttrId, Value)>) {
    for some in paths.chunks(64) {
        let mut paths = Paths::new(some, out);
        let all = paths.all();
        let mut reader = Reader { text, at: 0, nested: 0, open: 0, paths: &mut paths };
        reader.value(all, 0);
    }
}

/// `None` out of any step: the text does not go on.
struct Reader<'t, 'p, 'o, 'r> {
    text: &'t [u8],
    at: usize,
    nested: u32,
    /// Values that are open around this one.
    open: u32,
    paths: &'r mut Paths<'p, 'o>,
}

impl<'t> Reader<'t, '_, '_, '_> {
    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at)?.is_ascii_whitespace() {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, matching: Matching, depth: usize) -> Option<()> {
        if matching == 0 || self.open == MAX_OPEN {
            return self.skip();
        }
        self.open += 1;
        let done = self.wanted_value(matching, depth);
        self.open -= 1;
        done
    }

    fn wanted_value(&mut self, matching: Matching, depth: usize) -> Option<()> {
        match self.peek()? {
            b'{' => self.object(matching, depth),
            b'[' | b'(' => self.array(matching, depth),
            b'"' | b'\'' => {
                let text = self.string()?;
                self.text_value(text, matching, depth);
                Some(())
            }
            _ => self.word_value(matching, depth),
        }
    }

    fn object(&mut self, matching: Matching, depth: usize) -> Option<()> {
        self.at += 1;
        while !self.eat(b'}') {
            let matching = match self.peek()? {
                b'"' | b'\'' => {
                    let key = unescape(self.string()?);
                    self.paths.step(matching, depth, &key)
                }
                _ => {
                    let key = self.word()?;
                    self.paths.step(matching, depth, key)
                }
            };
            if !self.eat(b':') {
                return None;
            }
            self.value(matching, depth + 1)?;
            self.separator(b'}')?;
        }
        Some(())
    }

    /// An array or tuple: its first element, or, where its elements are pairs, a map.
    fn array(&mut self, matching: Matching, depth: usize) -> Option<()> {
        let close = if self.text.get(self.at) == Some(&b'(') { b')' } else { b']' };
        self.at += 1;
        let mut first = self.paths.first(matching, depth);
        let keyed = matching & !first;
        while !self.eat(close) {
            if keyed != 0 && matches!(self.peek()?, b'[' | b'(') && first == 0 {
                self.pair(keyed, depth)?;
            } else {
                self.value(first, depth + 1)?;
            }
            first = 0;
            self.separator(close)?;
        }
        Some(())
    }

    /// A two-element array or tuple that stands for a key and its value.
    fn pair(&mut self, matching: Matching, depth: usize) -> Option<()> {
        let close = if self.text.get(self.at) == Some(&b'(') { b')' } else { b']' };
        self.at += 1;
        let mut matching = match self.peek()? {
            b'"' | b'\'' => {
                let key = unescape(self.string()?);
                self.paths.step(matching, depth, &key)
            }
            _ => {
                self.skip()?;
                0
            }
        };
        self.separator(close)?;
        while !self.eat(close) {
            self.value(matching, depth + 1)?;
            matching = 0;
            self.separator(close)?;
        }
        Some(())
    }

    /// A number, a constant, or the call of a constructor as Python prints it.
    fn word_value(&mut self, matching: Matching, depth: usize) -> Option<()> {
        let start = self.at;
        let word = self.word()?;
        match self.text.get(self.at) {
            Some(b'(') => return self.call(matching, depth),
            Some(b'"' | b'\'') => return self.value(matching, depth),
            Some(_) => {}
            // A number that ends with a document that does not may have been cut.
            None if start > 0 => return None,
            None => {}
        }
        let ends = self.paths.ends(matching, depth);
        if ends != 0
            && let Some(value) = constant(word)
        {
            self.paths.emit(ends, &value);
        }
        Some(())
    }

    /// `Usage(tokens=3)` is read as an object, `Headers({…})` as what it wraps.
    fn call(&mut self, matching: Matching, depth: usize) -> Option<()> {
        self.at += 1;
        let mut positional = matching;
        while !self.eat(b')') {
            let before = self.at;
            let key = if self.peek()?.is_ascii_alphabetic() { self.word()? } else { &[] };
            if !key.is_empty() && self.eat(b'=') {
                let matching = self.paths.step(matching, depth, key);
                self.value(matching, depth + 1)?;
            } else {
                self.at = before;
                self.value(positional, depth)?;
                positional = 0;
            }
            self.separator(b')')?;
        }
        Some(())
    }

    fn separator(&mut self, close: u8) -> Option<()> {
        (self.eat(b',') || self.peek()? == close).then_some(())
    }

    /// The inside of a string literal.
    fn string(&mut self) -> Option<&'t [u8]> {
        let quote = *self.text.get(self.at)?;
        let start = self.at + 1;
        let mut at = start;
        loop {
            at += memchr::memchr2(quote, b'\\', self.text.get(at..)?)?;
            if self.text.get(at) == Some(&quote) {
                self.at = at + 1;
                return self.text.get(start..at);
            }
            at += 2;
        }
    }

    fn text_value(&mut self, inside: &[u8], matching: Matching, depth: usize) {
        let text = unescape(inside);
        let ends = self.paths.ends(matching, depth);
        if ends != 0 {
            let value = Value::Str(String::from_utf8_lossy(&text).into());
            self.paths.emit(ends, &value);
        }
        let deeper = matching & !ends;
        let looks_like_one = text.trim_ascii_start().first().is_some_and(|b| b"{[(".contains(b));
        if deeper != 0 && looks_like_one && self.nested < MAX_NESTED_TEXT {
            let nested = self.nested + 1;
            let mut inner = Reader { text: &text, at: 0, nested, open: 0, paths: self.paths };
            inner.value(deeper, depth);
        }
    }

    fn word(&mut self) -> Option<&'t [u8]> {
        self.peek()?;
        let rest = self.text.get(self.at..)?;
        let ends = |byte: &u8| !(byte.is_ascii_alphanumeric() || b"_.+-$".contains(byte));
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        self.at += length;
        (length > 0).then(|| &rest[..length])
    }

    fn skip(&mut self) -> Option<()> {
        let mut open = 0_usize;
        loop {
            match self.peek()? {
                b'"' | b'\'' => {
                    self.string()?;
                }
                b'{' | b'[' | b'(' | b'<' => {
                    open += 1;
                    self.at += 1;
                }
                b'}' | b']' | b')' | b',' if open == 0 => return Some(()),
                b'}' | b']' | b')' | b'>' => {
                    open = open.saturating_sub(1);
                    self.at += 1;
                }
                _ => self.at += 1,
            }
        }
    }
}

/// The scalar that a bare word stands for.
fn constant(word: &[u8]) -> Option<Value> {
    match word {
        b"true" | b"True" => return Some(Value::Bool(true)),
        b"false" | b"False" => return Some(Value::Bool(false)),
        _ => {}
    }
    let text = std::str::from_utf8(word).ok()?;
    if let Ok(int) = text.parse() {
        return Some(Value::Int(int));
    }
    text.parse().ok().filter(|float: &f64| float.is_finite()).map(Value::Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pull(text: &str, paths: &[&str]) -> Vec<(u16, Value)> {
        let path = |path: &str| -> Path { path.split('/').map(Box::from).collect() };
        let paths: Vec<(Path, AttrId)> =
            paths.iter().zip(0..).map(|(text, index)| (path(text), AttrId(index))).collect();
        let mut out = Vec::new();
        read(text.as_bytes(), &paths, &mut out);
        out.into_iter().map(|(id, value)| (id.0, value)).collect()
    }

    fn text(text: &str) -> Value {
        Value::Str(text.into())
    }

    #[test]
    fn paths_are_pulled_out_of_json() {
        let json = r#" {"messages":[{"role":"{\"id\":9}"}],"usage":{"n":3,"d":{"c":1.5}},
            "id":"r\u00e9\"q","ok":true,"none":null,"choices":[{"why":"stop"},{"why":"no"}]}"#;
        let found = pull(json, &["usage/n", "usage/d/c", "id", "ok", "none", "choices/*/why"]);
        let want = [
            (0, Value::Int(3)),
            (1, Value::Float(1.5)),
            (2, text("ré\"q")),
            (3, Value::Bool(true)),
            (5, text("stop")),
        ];
        assert_eq!(found, want);
    }

    #[test]
    fn paths_are_pulled_out_of_what_python_prints() {
        let repr = "{'id': 'it\\'s', \"who\": \"o'k\", 'usage': Usage(n=3, d=None, t=Tier(c=7)), \
                    'flag': True, 'tier': <Tier.A: 'a'>, 'b': b'x', 'last': (1, 2)}";
        let found = pull(repr, &["id", "who", "usage/n", "usage/t/c", "flag", "b", "last"]);
        let want = [
            (0, text("it's")),
            (1, text("o'k")),
            (2, Value::Int(3)),
            (3, Value::Int(7)),
            (4, Value::Bool(true)),
            (5, text("x")),
            (6, Value::Int(1)),
        ];
        assert_eq!(found, want);
    }

    #[test]
    fn a_list_of_pairs_is_a_map_and_a_document_may_lie_in_text() {
        let repr = "Headers([('date', 'now'), ('x-request-id', 'req_1')])";
        assert_eq!(pull(repr, &["x-request-id"]), [(0, text("req_1"))]);
        let json = r#"{"a":"{\"b\":[\"{\\\"c\\\":5}\"]}"}"#;
        assert_eq!(pull(json, &["a/b/*/c"]), [(0, Value::Int(5))]);
    }

    #[test]
    fn a_document_cut_anywhere_gives_what_stood_before_the_cut() {
        let json = r#"{"a":1,"b":{"c":"text"},"d":1234}"#;
        for cut in 0..json.len() {
            let found = pull(&json[..cut], &["a", "b/c", "d"]);
            assert!(!found.contains(&(2, Value::Int(123))), "a cut number is no number");
            assert_eq!(found.contains(&(0, Value::Int(1))), cut > 6, "{cut}");
            assert_eq!(found.contains(&(1, text("text"))), cut > 21, "{cut}");
        }
    }
}
