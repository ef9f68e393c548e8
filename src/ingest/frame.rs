//! Messages behind lengths: the collector's file exporter and delimited protobuf, each message
//! JSON or protobuf, compressed by itself or not.

use super::batch::Batch;
use super::decompress::{self, fault_reason};
use super::outcome::Place;
use super::sniff::{compression, length_be, length_varint};
use super::wanted::Wanted;
use super::{json, proto};

/// Reads a chunk of frames. `bound` limits what its messages may decompress to together.
pub fn read(bytes: &[u8], varint: bool, bound: u64, wanted: &Wanted, batch: &mut Batch) {
    let length = if varint { length_varint } else { length_be };
    let mut left = bound;
    let mut rest = bytes;
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        let place = Place::Byte(at as u64);
        let Some((length, behind)) = length(rest) else {
            return batch.tally.lost("frame cut short", place);
        };
        let start = (bytes.len() - behind.len()) as u64;
        let message = usize::try_from(length).ok().and_then(|length| behind.get(..length));
        match message {
            Some(message) => {
                read_message(message, start, &mut left, wanted, batch);
                rest = behind.get(message.len()..).unwrap_or_default();
            }
            None => {
                // What lies before the cut is whole, and the cut is counted once.
                let before = batch.tally.lost_count();
                read_message(behind, start, &mut left, wanted, batch);
                if batch.tally.lost_count() == before {
                    batch.tally.lost("frame cut short", place);
                }
                return;
            }
        }
    }
}

/// Reads one message, which begins at this byte of the chunk.
fn read_message(bytes: &[u8], start: u64, left: &mut u64, wanted: &Wanted, batch: &mut Batch) {
    if compression(bytes).is_none() {
        return read_plain(bytes, start, wanted, batch);
    }
    match decompress::message(bytes, *left) {
        Ok(message) => {
            *left = left.saturating_sub(message.len() as u64);
            read_plain(&message, start, wanted, batch);
        }
        Err(error) => {
            let reason = fault_reason(&error, &["compressed message"]);
            batch.tally.lost(&reason, Place::Byte(start));
        }
    }
}

fn read_plain(bytes: &[u8], start: u64, wanted: &Wanted, batch: &mut Batch) {
    if matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')) {
        // Resources stay shared with the messages before.
        json::read_message(bytes, start, wanted, batch);
    } else {
        proto::read(bytes, start, wanted, batch);
    }
}
