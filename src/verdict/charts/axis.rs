//! The bins of time: about fifteen across the window, some of the baseline before, a little after.

use chrono::DateTime;

use super::Subject;
use crate::diagnosis::TimeAxis;

const NS: i64 = 1_000_000_000;

/// Lengths of a bin that a person can read off, seconds.
const LENGTHS_S: [i64; 20] = [
    1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200,
    86_400, 604_800,
];

/// Bins across the window, at most.
const WINDOW_BINS: i64 = 20;
/// Bins before it, at most.
const BEFORE_BINS: i64 = 45;
/// Bins after it, at most: whether it went away.
const AFTER_BINS: i64 = 12;

/// The bins for a subject: an edge lies on the start of the window.
pub(super) fn choose(subject: &Subject<'_>, starts_ns: &[i64]) -> TimeAxis {
    let window = &subject.window;
    let length_ns = window.end.saturating_sub(window.start).max(NS);
    let fits = |bin_s: &i64| length_ns <= bin_s.saturating_mul(NS * WINDOW_BINS);
    let by_list = LENGTHS_S.into_iter().find(fits);
    let bin_ns = by_list.map_or_else(|| length_ns / WINDOW_BINS + 1, |bin_s| bin_s * NS);
    let across = length_ns.div_euclid(bin_ns) + i64::from(length_ns % bin_ns != 0);

    let first = starts_ns.first().copied().unwrap_or(window.start).min(window.start);
    let last = starts_ns.last().copied().unwrap_or(window.end).max(window.end - 1);
    let room = (window.start.saturating_sub(first)).div_euclid(bin_ns)
        + i64::from(window.start.saturating_sub(first) % bin_ns != 0);
    let before = room.clamp(0, BEFORE_BINS);
    let end = window.start.saturating_add(across * bin_ns);
    let tail = last.saturating_sub(end).saturating_add(1).max(0);
    let after = tail.div_euclid(bin_ns).clamp(0, AFTER_BINS);

    let index = |bins: i64| usize::try_from(bins).unwrap_or_default();
    TimeAxis {
        start: DateTime::from_timestamp_nanos(window.start.saturating_sub(before * bin_ns)),
        bin_s: seconds(bin_ns),
        bins: index(before + across + after),
        window_from: index(before),
        window_to: index(before + across),
    }
}

/// The bin of an instant; none outside the axis.
pub(super) fn bin_of(axis: &TimeAxis, instant_ns: i64) -> Option<usize> {
    let start_ns = axis.start.timestamp_nanos_opt()?;
    let offset = seconds(instant_ns.checked_sub(start_ns)?) / axis.bin_s;
    let bin = super::floor(offset);
    (offset >= 0.0 && bin < axis.bins).then_some(bin)
}

#[allow(clippy::cast_precision_loss, reason = "a microsecond in a century does not show")]
fn seconds(ns: i64) -> f64 {
    ns as f64 / 1e9
}
