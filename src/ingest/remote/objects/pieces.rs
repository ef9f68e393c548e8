//! Reads one object: whole, or of a Parquet object only the pieces that hold what is needed.

use std::ops::Range;

use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt, coalesce_ranges};
use prost::bytes::Bytes;

use super::super::Stretch;
use super::{Object, changed, failed, subset};
use crate::error::Result;
use crate::ingest::wanted::Wanted;

/// What is read of an object before it is decided how to read the rest, and of its end.
const EDGE: u64 = 64 << 10;
/// Pieces that lie no further apart are one request: what lies between costs less than another.
const GAP: u64 = 64 << 10;

/// Bytes that have been read already, and where in the object they begin.
struct Held {
    start: u64,
    bytes: Bytes,
}

impl Held {
    fn piece(&self, range: &Range<u64>) -> Option<Bytes> {
        let from = usize::try_from(range.start.checked_sub(self.start)?).ok()?;
        let to = usize::try_from(range.end.checked_sub(self.start)?).ok()?;
        (from <= to && to <= self.bytes.len()).then(|| self.bytes.slice(from..to))
    }
}

/// The bytes of an object, or of a Parquet object those that are needed.
pub async fn read(
    store: &dyn ObjectStore,
    object: &Object,
    wanted: &Wanted,
    times: Option<&[Stretch]>,
) -> Result<Vec<u8>> {
    let failed = |error: object_store::Error| failed(&object.name, &error);
    if object.size.is_some_and(|size| size <= EDGE) {
        return whole(store, object).await;
    }
    let options = GetOptions { range: Some(GetRange::Bounded(0..EDGE)), ..GetOptions::default() };
    // A server that does not know ranges, or holds less than this, gives the whole.
    let Ok(head) = store.get_opts(&object.key, options).await else {
        return whole(store, object).await;
    };
    let size = head.meta.size;
    let head = Held { start: 0, bytes: head.bytes().await.map_err(failed)? };
    if head.bytes.len() as u64 == size {
        return Ok(head.bytes.to_vec());
    }
    if !head.bytes.starts_with(b"PAR1") {
        return whole(store, object).await;
    }
    let start = size.saturating_sub(EDGE).max(EDGE.min(size));
    let ending =
        Held { start, bytes: store.get_range(&object.key, start..size).await.map_err(failed)? };
    // The magic of a file that is hardly longer than its head may lie in both.
    let mut end = ending.bytes.clone();
    if end.len() < subset::ENDING {
        let from = size - subset::ENDING as u64;
        end = store.get_range(&object.key, from..size).await.map_err(failed)?;
    }
    let Some(length) = subset::footer_length(&end).filter(|length| *length <= size) else {
        return whole(store, object).await;
    };
    let held = [head, ending];
    let footer = fetch(store, object, std::slice::from_ref(&(size - length..size)), &held).await?;
    let Some(chosen) = footer.first().and_then(|footer| subset::choose(footer, wanted, times))
    else {
        return whole(store, object).await;
    };
    if chosen.ranges.iter().any(|range| range.end > size) {
        return Err(changed(object));
    }
    let pieces = fetch(store, object, &chosen.ranges, &held).await?;
    chosen.build(&pieces).ok_or_else(|| changed(object))
}

/// These ranges, in order; what was read before is not read again.
async fn fetch(
    store: &dyn ObjectStore,
    object: &Object,
    ranges: &[Range<u64>],
    held: &[Held],
) -> Result<Vec<Bytes>> {
    let known = |range: &Range<u64>| held.iter().find_map(|held| held.piece(range));
    let missing: Vec<Range<u64>> =
        ranges.iter().filter(|range| known(range).is_none()).cloned().collect();
    let one = |range: Range<u64>| store.get_range(&object.key, range);
    let fetched = coalesce_ranges(&missing, one, GAP).await;
    let mut fetched = fetched.map_err(|error| failed(&object.name, &error))?.into_iter();
    let piece = |range: &Range<u64>| known(range).or_else(|| fetched.next()).unwrap_or_default();
    Ok(ranges.iter().map(piece).collect())
}

/// All of an object.
pub async fn whole(store: &dyn ObjectStore, object: &Object) -> Result<Vec<u8>> {
    let got = store.get(&object.key).await.map_err(|error| failed(&object.name, &error))?;
    let size = got.meta.size;
    let bytes = got.bytes().await.map_err(|error| failed(&object.name, &error))?;
    if bytes.len() as u64 != size {
        return Err(changed(object));
    }
    Ok(bytes.to_vec())
}
