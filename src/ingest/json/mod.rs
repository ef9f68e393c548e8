//! OTLP JSON in all its containers.

pub(super) mod any;
mod foreign;
pub(super) mod id;
mod members;
pub(super) mod pull;
mod request;
mod span;

use memchr::memchr_iter;

use self::request::{Reader, reason};
use super::batch::Batch;
use super::outcome::Place;
use super::wanted::Wanted;

pub use self::foreign::UNKNOWN;
use self::pull::Odd;
pub use self::pull::{Members, Pull};

/// Reads a chunk of lines, each one value or several; gives how many lines there were.
pub fn read_lines(bytes: &[u8], wanted: &Wanted, batch: &mut Batch) -> u64 {
    let mut lines = 0;
    let mut start = 0;
    for end in memchr_iter(b'\n', bytes).chain([bytes.len()]) {
        let line = bytes.get(start..end).unwrap_or_default();
        start = end + 1;
        if end < bytes.len() || !line.is_empty() {
            lines += 1;
        }
        read_line(line, lines, wanted, batch);
    }
    lines
}

fn read_line(line: &[u8], number: u64, wanted: &Wanted, batch: &mut Batch) {
    let mut reader = Reader::new(line, wanted, batch);
    reader.fixed = Some(Place::Line(number));
    while !skip_between(&mut reader.pull, line) {
        if let Err(odd) = reader.record() {
            let place = reader.place(0);
            reader.batch.tally.lost(reason(odd), place);
            return;
        }
    }
}

/// Reads a chunk of values with whatever lies between them: white space, commas, the brackets of
/// an array around them all.
pub fn read_values(bytes: &[u8], wanted: &Wanted, batch: &mut Batch) {
    read(bytes, Reader::new(bytes, wanted, batch));
}

/// Reads a message of values that begins at this byte of the chunk; its records are placed there.
pub fn read_message(bytes: &[u8], start: u64, wanted: &Wanted, batch: &mut Batch) {
    read_document(bytes, Place::Byte(start), wanted, batch);
}

/// Reads the values of a text that lies somewhere else; its records are placed there.
pub fn read_document(bytes: &[u8], place: Place, wanted: &Wanted, batch: &mut Batch) {
    let mut reader = Reader::new(bytes, wanted, batch);
    reader.fixed = Some(place);
    read(bytes, reader);
}

fn read(bytes: &[u8], mut reader: Reader<'_, '_, '_>) {
    while !skip_between(&mut reader.pull, bytes) {
        let start = reader.pull.clone();
        let Err(odd) = reader.record() else { continue };
        let place = reader.place(start.at);
        reader.batch.tally.lost(reason(odd), place);
        // Where the value is at least balanced, what follows it can be read.
        let mut behind = start.clone();
        if odd == Odd::End || behind.skip().is_err() {
            return;
        }
        reader.pull = behind;
    }
}

/// Crosses what may lie between values; whether that was all there is.
pub(super) fn skip_between(pull: &mut Pull<'_>, bytes: &[u8]) -> bool {
    loop {
        let rest = bytes.get(pull.at..).unwrap_or_default();
        match rest.first() {
            None => return true,
            Some(b' ' | b'\t' | b'\r' | b'\n' | b',' | b'[' | b']' | 0x1e | 0) => pull.at += 1,
            Some(_) if rest.starts_with(b"\xef\xbb\xbf") => pull.at += 3,
            // Server-sent events.
            Some(b'd') if rest.starts_with(b"data:") => pull.at += 5,
            Some(_) => return false,
        }
    }
}
