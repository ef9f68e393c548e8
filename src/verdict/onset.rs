//! Since when: the change point of the strongest effect, call by call, in the slice that holds it.

use super::rank::Ranked;
use crate::signals::Signals;
use crate::signals::frame::Side;
use crate::stats::changepoint::{Direction, onset};

/// An incident may have begun this much of the window's length before the window, at most
/// [`MOST_BEFORE_S`]: people notice late.
const BEFORE_SHARE: f64 = 0.5;
const MOST_BEFORE_S: f64 = 600.0;

/// When the first-ranked effect began, seconds on the frame's clock.
pub fn began_s(signals: &Signals, found: &Ranked, window_s: (f64, f64)) -> f64 {
    let (start, end) = window_s;
    let before = (BEFORE_SHARE * (end - start)).min(MOST_BEFORE_S);
    let last = (end - 0.1 * (end - start)).max(start);
    let Some(effect) = found.finding.effects.first() else { return start };
    let (times, values) = told(signals, found, &signals.effects.logs[*effect as usize], end);
    onset(&times, &values, start - before, last, Direction::Up).map_or(start, |onset| onset.time_s)
}

/// The effect over the slice's calls up to the window's end, the calls between baseline and window
/// included.
fn told(signals: &Signals, found: &Ranked, values: &[f64], end_s: f64) -> (Vec<f64>, Vec<f64>) {
    let frame = &signals.frame;
    let keys = &signals.slices.slices[found.finding.slice].keys;
    let first = frame.sides.iter().position(|side| *side != Side::Neither);
    let rows = first.map_or(0..0, |first| first..frame.len());
    let told = |row: &usize| values[*row].is_finite() && frame.starts_s[*row] < end_s;
    let rows = rows.filter(|row| told(row) && signals.slices.holds(keys, *row));
    rows.map(|row| (frame.starts_s[row], values[row])).unzip()
}
