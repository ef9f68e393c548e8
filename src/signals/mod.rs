//! What every cause shares, each figure measured once: two sides of the call table to numbers.

mod blocks;
pub mod case;
pub mod cells;
pub mod counted;
pub mod counted_search;
pub mod effects;
pub mod expect;
pub mod frame;
pub mod gained;
pub mod halves;
pub mod load;
pub mod locate;
pub mod longer;
mod measure;
pub mod misses;
mod moved;
pub mod open;
pub mod own_work;
pub mod reported;
pub mod routing;
pub mod search;
pub mod slices;
pub mod tails;
pub mod tally;
mod thinned;
mod usual;

use std::sync::Arc;

use crate::calls::CallTable;
use crate::servers::{Gauge, ServerMetrics};
use crate::settings::{Settings, Standards};
use cells::{Cells, Places};
use effects::Effects;
use expect::Expected;
use frame::{Frame, Periods, Side};
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
    /// How many windows this one was picked from for being the most striking; 1 where it was given.
    pub picked_from: usize,
    /// What a user set instead of the built-in figures.
    pub standards: Standards,
    /// What the servers said of themselves over time; see [`Signals::server`].
    pub servers: Arc<ServerMetrics>,
    periods: Periods,
}

impl Signals {
    /// Measures.
    pub fn new(table: &CallTable, periods: &Periods, settings: &Settings) -> Self {
        let frame = Frame::new(table, periods);
        let cells = Cells::new(&frame);
        let places = Places::new(&frame, &cells);
        let expected = Expected::new(&frame, &cells, &places);
        let effects = Effects::new(&frame, &cells, &places, &expected);
        let slices = Slices::new(&frame, table);
        let tally = Tally::new(&frame, &effects, &slices);
        let shifts = tally.shifts();
        Self {
            frame,
            cells,
            places,
            expected,
            effects,
            slices,
            tally,
            shifts,
            picked_from: periods.picked_from,
            standards: settings.standards.clone(),
            servers: Arc::clone(&settings.servers),
            periods: periods.clone(),
        }
    }

    /// The mean of a server's gauge over the baseline or the window, aligned by time alone: all
    /// servers whose metrics were given, whatever slice is looked at. None where the metrics do
    /// not reach there, and for calls that are in neither.
    pub fn server(&self, gauge: Gauge, side: Side) -> Option<f64> {
        match side {
            Side::Baseline => self.servers.mean(gauge, &self.periods.baseline),
            Side::Window => self.servers.mean(gauge, &[self.periods.window]),
            Side::Neither => None,
        }
    }
}
