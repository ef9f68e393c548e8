//! A buffer that is filled again and again: what lies behind its content was written before, so
//! that reading into it need not write zeros first.

use std::io::{self, ErrorKind, Read};
use std::ops::Deref;

/// Bytes that were read, with room behind them.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    filled: usize,
}

impl Buffer {
    /// An empty one, with the room of this one.
    pub fn emptied(mut self) -> Self {
        self.filled = 0;
        self
    }

    /// How many bytes have room in it.
    pub const fn room(&self) -> usize {
        self.bytes.len()
    }

    /// Reads up to so many bytes behind what it holds; fewer only at the end or at a fault, before
    /// which what was read stands. Returns how many.
    pub fn read(&mut self, from: &mut dyn Read, most: usize) -> (usize, io::Result<()>) {
        let (before, end) = (self.filled, self.filled + most);
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        while let Some(room) = self.bytes.get_mut(self.filled..end).filter(|room| !room.is_empty())
        {
            match from.read(room) {
                Ok(0) => break,
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return (self.filled - before, Err(error)),
            }
        }
        (self.filled - before, Ok(()))
    }

    /// Adds bytes.
    pub fn extend(&mut self, bytes: &[u8]) {
        let end = self.filled + bytes.len();
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        if let Some(room) = self.bytes.get_mut(self.filled..end) {
            room.copy_from_slice(bytes);
        }
        self.filled = end;
    }

    /// Leaves only the first so many bytes.
    pub fn truncate(&mut self, length: usize) {
        self.filled = self.filled.min(length);
    }

    /// The content alone.
    pub fn into_vec(mut self) -> Vec<u8> {
        self.bytes.truncate(self.filled);
        self.bytes
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        Self { filled: bytes.len(), bytes }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.filled).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_held_and_what_a_buffer_held_before_is_not() {
        let mut buffer = Buffer::from(b"ab".to_vec());
        assert_eq!(buffer.read(&mut &b"cdefg"[..], 3).0, 3);
        assert_eq!(&*buffer, b"abcde");
        assert_eq!(buffer.read(&mut &b"fg"[..], 8).0, 2);
        buffer.truncate(4);
        let mut next = Buffer::from(b"xxxxxxxxxxxx".to_vec()).emptied();
        assert_eq!((next.len(), next.room()), (0, 12));
        next.extend(&buffer[1..]);
        assert_eq!(&*next, b"bcd");
        let mut cut = (&b"e"[..]).chain(io::Cursor::new(b"f"));
        assert_eq!(next.read(&mut cut, 20).0, 2);
        assert_eq!(next.into_vec(), b"bcdef");
    }
}
