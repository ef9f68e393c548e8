//! The chunk events of a span: when the stream's pieces came, as far as they were recorded.

use crate::calls::parse;
use crate::ingest::{AttrId, Event, Span};

/// When the chunks of a stream came, as far as the span recorded them.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunks {
    /// First one, seconds from the span's start.
    pub first_s: f64,
    /// Last one, seconds from the span's start.
    pub last_s: f64,
    /// How many were recorded.
    pub count: u32,
    /// How many events were dropped, the oldest first.
    pub dropped: u32,
    /// Gaps between consecutive ones: median, 95th and 99th percentile, seconds; none below two
    /// chunks.
    pub gaps_s: Option<[f64; 3]>,
}

/// Reads the chunk events of a span; none where it has none.
pub fn read(span: &Span, wanted: &[AttrId]) -> Option<Chunks> {
    if wanted.is_empty() {
        return None;
    }
    let chunk = |event: &&Event| wanted.contains(&event.id);
    let mut times: Vec<i64> = span.events.iter().filter(chunk).map(|event| event.time_ns).collect();
    times.sort_unstable();
    let (first, last) = (*times.first()?, *times.last()?);
    let mut gaps: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_unstable();
    let gaps_s = (!gaps.is_empty()).then(|| [50, 95, 99].map(|p| percentile_s(&gaps, p)));
    Some(Chunks {
        first_s: parse::ns_to_s(first.saturating_sub(span.start_ns)),
        last_s: parse::ns_to_s(last.saturating_sub(span.start_ns)),
        count: u32::try_from(times.len()).unwrap_or(u32::MAX),
        dropped: span.dropped_events,
        gaps_s,
    })
}

/// The nearest-rank percentile of sorted gaps, in seconds.
fn percentile_s(sorted: &[i64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(rank).map_or(0.0, |gap| parse::ns_to_s(*gap))
}
