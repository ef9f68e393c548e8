//! What the server itself reported about a slice, baseline against window.

use super::Signals;
use super::frame::Side;
use crate::stats::quantile::mean;

/// A figure that the server itself reported, baseline and window means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reported {
    /// In the baseline.
    pub baseline: f64,
    /// In the window.
    pub window: f64,
}

/// The means of a column on both sides; none where fewer than four calls of a side carry it.
pub fn reported(signals: &Signals, slice: usize, values: &[f64]) -> Option<Reported> {
    let of = |side: Side| {
        let rows = signals.slices.slices[slice].rows.iter().map(|row| *row as usize);
        let known: Vec<f64> = rows
            .filter(|row| signals.frame.sides[*row] == side)
            .map(|row| values[row])
            .filter(|value| value.is_finite())
            .collect();
        if known.len() >= 4 { mean(&known) } else { None }
    };
    Some(Reported { baseline: of(Side::Baseline)?, window: of(Side::Window)? })
}
