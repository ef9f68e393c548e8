//! A file's whole content with the way it was wrapped, for whoever writes it back.

use std::io::{self, Read, Write};
use std::path::Path;

use super::decompress::{self, Content, fault_reason};
use super::sniff::{self, Answer, Shape};
use crate::error::{Error, Result};

/// A file, its compressions taken off.
#[derive(Debug)]
pub struct Whole {
    /// What it holds.
    pub bytes: Vec<u8>,
    /// What the content is.
    pub shape: Shape,
    /// The compressions that were taken off, outermost first.
    pub layers: Vec<&'static str>,
}

impl Whole {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, is cut short, or holds no spans in a form that is known.
    pub fn open(path: &Path, max_expansion: u64) -> Result<Self> {
        let name = path.display().to_string();
        let io = |source| Error::Io { path: path.to_owned(), source };
        let file = std::fs::File::open(path).map_err(io)?;
        let mut content = Content::open(file, max_expansion).map_err(io)?;
        let mut bytes = std::mem::take(&mut content.head);
        let read = match content.fault.take() {
            Some(fault) => Err(fault),
            None => content.rest.read_to_end(&mut bytes).map(drop),
        };
        read.map_err(|error| {
            let help = "copy or export the file again: what is not whole cannot be written back";
            Error::input(&name, fault_reason(&error, &content.layers), help)
        })?;
        match sniff::sniff(&bytes, true, &[]) {
            Answer::Is(shape) => Ok(Self { bytes, shape, layers: content.layers }),
            Answer::Not(what) => Err(Error::input(&name, what, "give a dump of spans")),
            Answer::NotYet => Err(Error::input(&name, "no spans", "give a dump of spans")),
        }
    }

    /// Wraps content as this file's was.
    ///
    /// # Errors
    /// The compressor fails.
    pub fn wrap(&self, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        self.layers.iter().rev().try_fold(bytes, |bytes, layer| compress(layer, &bytes))
    }
}

/// A message that is compressed by itself: with what, and its content.
///
/// # Errors
/// It is damaged, or larger than `bound`.
pub fn message(bytes: &[u8], bound: u64) -> io::Result<Option<(&'static str, Vec<u8>)>> {
    let Some(layer) = sniff::compression(bytes) else { return Ok(None) };
    Ok(Some((layer, decompress::message(bytes, bound)?)))
}

/// Compresses with what a name of [`sniff::compression`] stands for.
///
/// # Errors
/// The compressor fails.
pub fn compress(layer: &str, bytes: &[u8]) -> io::Result<Vec<u8>> {
    if layer != "gzip" {
        return zstd::encode_all(bytes, 3);
    }
    // No time and no name stand in the header: same input, same bytes.
    let mut encoder = flate2::GzBuilder::new().write(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// The length behind which a framed message lies, and what follows it.
pub fn length(bytes: &[u8], varint: bool) -> Option<(u64, &[u8])> {
    if varint { sniff::length_varint(bytes) } else { sniff::length_be(bytes) }
}

/// An id in any spelling of OTLP JSON, lower-case hex where it is one.
pub fn id_of_json(text: &str) -> String {
    super::json::id::decode(super::json::pull::Text { inside: text.as_bytes(), escaped: false })
        .to_string()
}
