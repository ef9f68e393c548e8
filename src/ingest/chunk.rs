//! Cuts a stream into chunks of whole records, so that they can be read in parallel.

use memchr::{memchr2, memrchr};

use super::proto::wire::{Payload, Wire};
use super::sniff::{MAX_FRAME, Shape, length_be, length_varint};

/// How large a chunk is, unless one record is larger.
pub const CHUNK: usize = 4 << 20;

/// Finds the last end of a record in a buffer that grows at its end and is cut at its start.
#[derive(Debug)]
pub struct Splitter {
    shape: Shape,
    /// Up to where the buffer was looked at.
    at: usize,
    /// The end of the last whole record.
    end: usize,
    depth: usize,
    in_string: bool,
}

impl Splitter {
    /// For content of this shape.
    pub const fn new(shape: Shape) -> Self {
        Self { shape, at: 0, end: 0, depth: 0, in_string: false }
    }

    /// Where the last whole record of the buffer ends; zero where none does yet. The caller
    /// takes away what lies before.
    pub fn cut(&mut self, buffer: &[u8]) -> usize {
        match self.shape {
            Shape::JsonLines => {
                let new = buffer.get(self.at..).unwrap_or_default();
                let end = memrchr(b'\n', new).map_or(0, |end| self.at + end + 1);
                self.at = if end > 0 { 0 } else { buffer.len() };
                return end;
            }
            Shape::JsonValues => self.values(buffer),
            Shape::Proto => self.walk(buffer, |bytes| {
                let mut wire = Wire::new(bytes);
                match wire.next() {
                    Ok(Some((_, Payload::Cut(_))) | None) | Err(_) => None,
                    Ok(Some(_)) => Some(wire.at),
                }
            }),
            Shape::Frames => self.walk(buffer, |bytes| frame_end(bytes, length_be(bytes)?)),
            Shape::Delimited => {
                self.walk(buffer, |bytes| frame_end(bytes, length_varint(bytes)?));
            }
            Shape::Parquet | Shape::Rows(_) | Shape::Canonical(_) => {}
        }
        let end = std::mem::take(&mut self.end);
        self.at -= end;
        end
    }

    /// As [`Self::cut`], where the buffer still begins with records that end at `known`.
    pub fn cut_from(&mut self, known: usize, buffer: &[u8]) -> usize {
        known + self.cut(buffer.get(known..).unwrap_or_default())
    }

    fn walk(&mut self, buffer: &[u8], next: impl Fn(&[u8]) -> Option<usize>) {
        while let Some(length) = buffer.get(self.at..).and_then(&next) {
            if self.at + length > buffer.len() {
                return;
            }
            self.at += length;
            self.end = self.at;
        }
    }

    /// Follows strings and brackets; an array around all the values is looked through.
    fn values(&mut self, buffer: &[u8]) {
        while let Some(rest) = buffer.get(self.at..) {
            if self.in_string {
                let Some(next) = memchr2(b'"', b'\\', rest) else {
                    self.at = buffer.len();
                    return;
                };
                if rest.get(next) == Some(&b'"') {
                    self.in_string = false;
                    self.at += next + 1;
                } else if rest.len() >= next + 2 {
                    self.at += next + 2;
                } else {
                    self.at += next;
                    return;
                }
                continue;
            }
            let Some(next) = rest.iter().position(|byte| b"\"{}[]".contains(byte)) else {
                self.at = buffer.len();
                return;
            };
            self.at += next + 1;
            match rest.get(next) {
                Some(b'"') => self.in_string = true,
                Some(b'{') => self.depth += 1,
                Some(b'[') if self.depth > 0 => self.depth += 1,
                Some(b'}' | b']') if self.depth > 0 => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        self.end = self.at;
                    }
                }
                _ => {}
            }
        }
    }
}

fn frame_end(bytes: &[u8], (length, behind): (u64, &[u8])) -> Option<usize> {
    let length = usize::try_from(length).ok()?;
    (length <= MAX_FRAME && length <= behind.len()).then(|| bytes.len() - behind.len() + length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Cuts `content` as it arrives in pieces of this size.
    fn split(shape: Shape, content: &[u8], piece: usize) -> Vec<Vec<u8>> {
        let mut splitter = Splitter::new(shape);
        let (mut chunks, mut buffer) = (Vec::new(), Vec::new());
        for piece in content.chunks(piece) {
            buffer.extend_from_slice(piece);
            let rest = buffer.split_off(splitter.cut(&buffer));
            chunks.push(std::mem::replace(&mut buffer, rest));
        }
        chunks.push(buffer);
        chunks.retain(|chunk| !chunk.is_empty());
        chunks
    }

    proptest! {
        #[test]
        fn pieces_of_any_size_are_cut_between_records(piece in 1_usize..40) {
            let values = br#"[{"a":"}\"]\\"} ,{"b":[{"c":"[{"}]}]{"d":{}}"#;
            for chunk in split(Shape::JsonValues, values, piece) {
                let open = chunk.iter().filter(|byte| **byte == b'{').count();
                prop_assert!(open > 0 || chunk.iter().all(|b| b"[] ,".contains(b)));
            }
            let frames = [&[0, 0, 0, 3][..], b"abc", &[0, 0, 0, 0], &[0, 0, 0, 1], b"d"].concat();
            let mut seen = Vec::new();
            for chunk in split(Shape::Frames, &frames, piece) {
                prop_assert!(chunk.starts_with(&[0, 0, 0]));
                seen.extend(chunk);
            }
            prop_assert_eq!(seen, frames);
            for chunk in split(Shape::JsonLines, b"one\ntwo\nthree\n", piece) {
                prop_assert!(chunk.ends_with(b"\n"));
            }
        }
    }
}
