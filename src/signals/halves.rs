//! The two halves of calls that show no first token: added time that does not depend on the answer's
//! length came before the first token, added time per token of the answer came in decoding.

use super::Signals;
use super::frame::Side;
use super::tally::Shift;
use crate::stats::quantile::mean;
use crate::stats::regress::{Shape, fit};

/// Fewest calls of each side.
const LEAST_CALLS: usize = 12;

/// The shifts of the first token and of the time per token, as whole calls tell them.
pub fn halves(signals: &Signals, slice: usize) -> Option<(Shift, Shift)> {
    let (before, after) =
        (side(signals, slice, Side::Baseline)?, side(signals, slice, Side::Window)?);
    let first = after.first_s.max(1e-6);
    let token = after.token_s;
    if token <= 0.0 {
        return None;
    }
    let shift = |added: f64, error: f64, usual: f64| {
        let ratio = (1.0 + added / usual).max(0.2);
        let log = ratio.ln();
        let error = (error / usual / ratio).max(1e-9);
        Shift {
            log,
            error,
            z: log / error,
            usual: f64::NAN,
            window_weight: after.calls,
            baseline_weight: before.calls,
        }
    };
    let fixed = shift(after.fixed.0 - before.fixed.0, after.fixed.1.hypot(before.fixed.1), first);
    let slope = shift(after.slope.0 - before.slope.0, after.slope.1.hypot(before.slope.1), token);
    Some((fixed, slope))
}

/// The excess of one side's calls as a line in the answer's length.
struct Excess {
    fixed: (f64, f64),
    slope: (f64, f64),
    first_s: f64,
    token_s: f64,
    calls: f64,
}

fn side(signals: &Signals, slice: usize, side: Side) -> Option<Excess> {
    let (frame, expected) = (&signals.frame, &signals.expected);
    let rows: Vec<usize> = signals.slices.slices[slice]
        .rows
        .iter()
        .map(|row| *row as usize)
        .filter(|row| frame.sides[*row] == side && frame.output_tokens[*row] >= 1.0)
        .filter(|row| expected.seen_whole_s[*row].is_finite() && expected.whole_s[*row].is_finite())
        .collect();
    if rows.len() < LEAST_CALLS {
        return None;
    }
    let output: Vec<f64> = rows.iter().map(|row| frame.output_tokens[*row]).collect();
    let excess: Vec<f64> =
        rows.iter().map(|row| expected.seen_whole_s[*row] - expected.whole_s[*row]).collect();
    let weights: Vec<f64> = rows.iter().map(|row| expected.whole_s[*row].powi(-2)).collect();
    let shape = Shape { weights: &weights, ridge: 0.0, robust: true, non_negative: false };
    let line = fit(&[&output], &excess, shape)?;
    let variance = |at: usize| line.covariance.get(at).and_then(|row| row.get(at)).copied();
    let first: Vec<f64> = rows
        .iter()
        .map(|row| {
            expected.whole_s[*row] - expected.whole_token_s[*row] * frame.output_tokens[*row]
        })
        .collect();
    let token: Vec<f64> = rows.iter().map(|row| expected.whole_token_s[*row]).collect();
    let whole: Vec<f64> = rows.iter().map(|row| expected.whole_s[*row]).collect();
    Some(Excess {
        fixed: (line.intercept, variance(0).unwrap_or(0.0).max(0.0).sqrt()),
        slope: (line.slopes.first().copied()?, variance(1).unwrap_or(0.0).max(0.0).sqrt()),
        first_s: mean(&first)?.max(0.05 * mean(&whole)?),
        token_s: mean(&token)?,
        calls: rows.len() as f64,
    })
}
