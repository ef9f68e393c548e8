//! Passing over the rest of a line that is too long to be held.

use std::io::Read;

use super::read::STEP;

/// Reads past the rest of a line and its end: how many bytes that were, and what was read behind it;
/// none where the content ends before.
pub(super) fn skip_line(rest: &mut dyn Read) -> Option<(u64, Vec<u8>)> {
    let mut piece = vec![0; STEP];
    let mut skipped = 0;
    loop {
        let read = rest.read(&mut piece).ok().filter(|read| *read > 0)?;
        if let Some(end) = memchr::memchr(b'\n', piece.get(..read)?) {
            piece.truncate(read);
            return Some((skipped + end as u64 + 1, piece.split_off(end + 1)));
        }
        skipped += read as u64;
    }
}
