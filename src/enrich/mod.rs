//! A dump again, in its own form, with what was derived added to its spans under the proposed
//! names; everything that was there stays as it was.
//!
//! Nothing is parsed into a tree and printed again: text and protobuf are copied byte for byte, and
//! attributes are put in at the end of each span's list.

mod additions;
mod flattened;
mod json;
mod parquet;
mod proto;

use std::path::Path;

pub use additions::{Additions, Value};

use crate::error::{Error, Result};
use crate::ingest::{Shape, Whole, whole};

/// A dump with its additions.
#[derive(Debug)]
pub struct Enriched {
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// Spans that carry an addition.
    pub spans: usize,
    /// Attributes that were added.
    pub attributes: usize,
    /// Events that were added.
    pub events: usize,
}

/// What was put in so far.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    pub spans: usize,
    pub attributes: usize,
    pub events: usize,
}

/// Reads a file and writes it with what the table of its calls adds.
///
/// # Errors
/// A file that cannot be read whole, or a form that cannot be written back.
pub fn enrich(path: &Path, additions: &Additions, max_expansion: u64) -> Result<Enriched> {
    let name = path.display().to_string();
    let file = Whole::open(path, max_expansion)?;
    let mut counts = Counts::default();
    let bytes = match file.shape {
        Shape::JsonLines | Shape::JsonValues => json::with(&file.bytes, additions, &mut counts),
        Shape::Proto => proto::with(&file.bytes, additions, &mut counts),
        Shape::Frames => framed(&name, &file.bytes, false, max_expansion, additions, &mut counts)?,
        Shape::Delimited => {
            framed(&name, &file.bytes, true, max_expansion, additions, &mut counts)?
        }
        Shape::Parquet => parquet::with(&name, &file.bytes, additions, &mut counts)?,
        Shape::Rows(_) => {
            return Err(Error::input(
                &name,
                "rows of another tool, which have no place for attributes",
                "enrich the OTLP JSON or protobuf of the same spans",
            ));
        }
        Shape::Canonical(_) => {
            return Err(Error::input(
                &name,
                "llmspan's own table, which holds all that is derived already",
                "give the dump of spans that it was made from",
            ));
        }
    };
    let wrapped = file.wrap(bytes).map_err(|error| Error::Output {
        place: name.clone(),
        message: format!("compressing it again: {error}"),
    })?;
    let Counts { spans, attributes, events } = counts;
    Ok(Enriched { bytes: wrapped, spans, attributes, events })
}

/// Messages behind their lengths, each compressed by itself or not.
fn framed(
    name: &str,
    bytes: &[u8],
    varint: bool,
    max_expansion: u64,
    additions: &Additions,
    counts: &mut Counts,
) -> Result<Vec<u8>> {
    let cut = || {
        Error::input(name, "a frame is cut short", "copy the file again: it cannot be written back")
    };
    let bound = (bytes.len() as u64).saturating_mul(max_expansion).max(64 << 20);
    let (mut out, mut rest) = (Vec::with_capacity(bytes.len() * 5 / 4), bytes);
    while !rest.is_empty() {
        let (length, behind) = whole::length(rest, varint).ok_or_else(cut)?;
        let length = usize::try_from(length).map_err(|_| cut())?;
        let message = behind.get(..length).ok_or_else(cut)?;
        rest = &behind[length..];
        let opened = whole::message(message, bound).map_err(|_| cut())?;
        let (layer, plain) = match &opened {
            Some((layer, plain)) => (Some(*layer), plain.as_slice()),
            None => (None, message),
        };
        let before = counts.spans;
        let text = matches!(plain.trim_ascii_start().first(), Some(b'{' | b'['));
        let with = if text {
            json::with(plain, additions, counts)
        } else {
            proto::with(plain, additions, counts)
        };
        // A message without additions stays as it was, compression and all.
        let written = match layer {
            _ if counts.spans == before => message.to_vec(),
            Some(layer) => whole::compress(layer, &with).map_err(|_| cut())?,
            None => with,
        };
        if varint {
            proto::varint(&mut out, written.len() as u64);
        } else {
            let length = u32::try_from(written.len()).map_err(|_| cut())?;
            out.extend(length.to_be_bytes());
        }
        out.extend(written);
    }
    Ok(out)
}
