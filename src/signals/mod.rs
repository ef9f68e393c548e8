//! What every cause shares, each figure measured once: two sides of the call table to numbers.

pub mod case;
pub mod cells;
pub mod effects;
pub mod expect;
pub mod frame;
pub mod halves;
pub mod load;
mod locate;
mod measure;
pub mod misses;
mod moved;
pub mod reported;
pub mod routing;
pub mod slices;
pub mod tally;
mod usual;

use crate::calls::CallTable;
use cells::{Cells, Places};
use effects::Effects;
use expect::Expected;
use frame::{Frame, Periods};
use slices::Slices;
use tally::{Shifts, Tally};

/// Everything measured about one window.
#[derive(Debug, Clone)]
pub struct Signals {
    /// The calls.
    pub frame: Frame,
    /// Kinds of calls.
    pub cells: Cells,
    /// Serving places.
    pub places: Places,
    /// What the same work took in the baseline.
    pub expected: Expected,
    /// What moved, call by call.
    pub effects: Effects,
    /// Where to look.
    pub slices: Slices,
    /// Effects by blocks of time.
    pub tally: Tally,
    /// How far each effect moved in each slice.
    pub shifts: Shifts,
}

impl Signals {
    /// Measures.
    pub fn new(table: &CallTable, periods: &Periods) -> Self {
        let frame = Frame::new(table, periods);
        let cells = Cells::new(&frame);
        let places = Places::new(&frame, &cells);
        let expected = Expected::new(&frame, &cells, &places);
        let effects = Effects::new(&frame, &cells, &places, &expected);
        let slices = Slices::new(&frame, table);
        let tally = Tally::new(&frame, &effects, &slices);
        let shifts = tally.shifts();
        Self { frame, cells, places, expected, effects, slices, tally, shifts }
    }
}

/// The excess of every call over the same work in all the data, as ratios of TTFT, time per token
/// and of calls that show neither; NaN where not known.
pub fn excess(frame: &Frame) -> [Vec<f64>; 3] {
    let cells = Cells::new(frame);
    let places = Places::new(frame, &cells);
    let expected = Expected::new(frame, &cells, &places);
    let ratio = |seen: &[f64], usual: &[f64]| seen.iter().zip(usual).map(|(a, b)| a / b).collect();
    [
        ratio(&frame.ttft_s, &expected.ttft_s),
        ratio(&expected.seen_itl_s, &expected.itl_s),
        ratio(&expected.seen_whole_s, &expected.whole_s),
    ]
}
