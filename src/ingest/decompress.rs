//! gzip and zstd, streamed, with a bound on how much they may grow.

use std::cell::Cell;
use std::io::{self, Cursor, Read};
use std::rc::Rc;

use super::sniff;

/// Content below this size is never taken for a bomb.
pub const FLOOR: u64 = 64 << 20;

/// How many compressions may lie in each other.
const MAX_LAYERS: usize = 4;

/// How the reader tells a bomb from another error.
const BOMB: &str = "expands beyond the bound";

/// A file's content behind whatever compresses it.
pub struct Content<'r> {
    /// What follows [`Self::head`].
    pub rest: Box<dyn Read + 'r>,
    /// Its first bytes.
    pub head: Vec<u8>,
    /// Whether the head is everything.
    pub complete: bool,
    /// What went wrong at the end of the head, if anything.
    pub fault: Option<io::Error>,
    /// The compressions that were taken off, outermost first.
    pub layers: Vec<&'static str>,
}

impl<'r> Content<'r> {
    /// Opens the content of a raw stream, its compressions taken off.
    pub fn open(raw: impl Read + 'r, max_expansion: u64) -> io::Result<Self> {
        let taken = Rc::new(Cell::new(0));
        let counted = Counted { inner: raw, count: Rc::clone(&taken) };
        let mut content = Self {
            rest: Box::new(counted),
            head: Vec::new(),
            complete: false,
            fault: None,
            layers: Vec::new(),
        };
        content.grow(sniff::HEAD);
        while content.layers.len() < MAX_LAYERS {
            let Some(layer) = sniff::compression(&content.head) else { break };
            let under = Cursor::new(std::mem::take(&mut content.head)).chain(content.rest);
            let decoder: Box<dyn Read + 'r> = match layer {
                "gzip" => Box::new(flate2::read::MultiGzDecoder::new(under)),
                _ => Box::new(zstd::stream::read::Decoder::new(under)?),
            };
            let bounded =
                Bounded { inner: decoder, given: Rc::clone(&taken), out: 0, max_expansion };
            content.rest = Box::new(bounded);
            content.complete = false;
            content.fault = None;
            content.layers.push(layer);
            content.grow(sniff::HEAD);
        }
        Ok(content)
    }

    /// Reads more of the head, up to this size.
    pub fn grow(&mut self, size: usize) {
        let wanted = size.saturating_sub(self.head.len());
        let read = self.rest.by_ref().take(wanted as u64).read_to_end(&mut self.head);
        match read {
            Ok(read) => self.complete = read < wanted,
            Err(error) => {
                self.complete = true;
                self.fault = Some(error);
            }
        }
    }
}

/// How the report counts an error of a stream.
pub fn fault_reason(error: &io::Error, layers: &[&'static str]) -> String {
    let layer = layers.last().copied().unwrap_or("input");
    if error.to_string() == BOMB {
        return format!(
            "{layer} decompression bomb: content expands too much, refused beyond the bound \
             (--max-expansion allows more)"
        );
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => format!("{layer} cut short"),
        _ if layers.is_empty() => format!("cannot be read on: {}", error.kind()),
        _ => format!("{layer} damaged"),
    }
}

/// Decompresses one message that is compressed by itself.
pub fn message(bytes: &[u8], bound: u64) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let decoder: Box<dyn Read> = match sniff::compression(bytes) {
        Some("gzip") => Box::new(flate2::read::MultiGzDecoder::new(bytes)),
        _ => Box::new(zstd::stream::read::Decoder::new(bytes)?),
    };
    let read = decoder.take(bound.saturating_add(1)).read_to_end(&mut out)?;
    if read as u64 > bound { Err(io::Error::other(BOMB)) } else { Ok(out) }
}

struct Counted<R> {
    inner: R,
    count: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.set(self.count.get() + read as u64);
        Ok(read)
    }
}

struct Bounded<R> {
    inner: R,
    given: Rc<Cell<u64>>,
    out: u64,
    max_expansion: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.out += read as u64;
        let bound = self.given.get().saturating_mul(self.max_expansion).max(FLOOR);
        if self.out > bound { Err(io::Error::other(BOMB)) } else { Ok(read) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut content: Content<'_>) -> (Vec<u8>, Option<io::Error>) {
        let mut bytes = std::mem::take(&mut content.head);
        let error = match content.fault.take() {
            Some(fault) => Some(fault),
            None => content.rest.read_to_end(&mut bytes).err(),
        };
        (bytes, error)
    }

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::read::GzEncoder::new(bytes, flate2::Compression::fast());
        let mut out = Vec::new();
        encoder.read_to_end(&mut out).unwrap();
        out
    }

    fn zst(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 1).unwrap()
    }

    #[test]
    fn members_frames_and_layers_come_out_as_one_content() {
        let text: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        let (one, two) = text.split_at(300_000);
        let files = [
            [gz(one), gz(two)].concat(),
            [zst(one), zst(two)].concat(),
            gz(&zst(&text)),
            text.clone(),
        ];
        for file in files {
            let (bytes, error) = all(Content::open(&file[..], 1000).unwrap());
            assert!(error.is_none());
            assert!(bytes == text);
        }
    }

    #[test]
    fn a_stream_that_is_cut_gives_what_it_holds_and_says_so() {
        let text: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        for file in [gz(&text), zst(&text)] {
            let content = Content::open(&file[..file.len() / 2], 1000).unwrap();
            let layers = content.layers.clone();
            let (bytes, error) = all(content);
            assert!(bytes.len() > 100_000 && text.starts_with(&bytes));
            assert!(fault_reason(&error.unwrap(), &layers).ends_with("cut short"));
        }
    }

    #[test]
    fn a_bomb_is_refused_while_it_streams() {
        let bomb = zst(&vec![0; 200 << 20]);
        let (bytes, error) = all(Content::open(&bomb[..], 10).unwrap());
        assert!(bytes.len() as u64 <= FLOOR + (1 << 20));
        assert!(fault_reason(&error.unwrap(), &["zstd"]).contains("expands too much"));
        assert!(message(&bomb, FLOOR).is_err());
    }
}
