//! Bins of equal length on round UTC times.

use crate::error::{Error, Result};

const SECOND_NS: i64 = 1_000_000_000;
const MINUTE_NS: i64 = 60 * SECOND_NS;
const HOUR_NS: i64 = 60 * MINUTE_NS;
/// A day.
pub const DAY_NS: i64 = 24 * HOUR_NS;
/// Lengths to choose from, shortest first.
const LENGTHS: [i64; 14] = [
    10 * SECOND_NS,
    30 * SECOND_NS,
    MINUTE_NS,
    2 * MINUTE_NS,
    5 * MINUTE_NS,
    10 * MINUTE_NS,
    15 * MINUTE_NS,
    30 * MINUTE_NS,
    HOUR_NS,
    2 * HOUR_NS,
    6 * HOUR_NS,
    12 * HOUR_NS,
    DAY_NS,
    7 * DAY_NS,
];
/// Most bins where the length is chosen: a line of a page.
const MOST_CHOSEN: i64 = 60;
/// Calls that such a bin should hold, so that it has a tail, and fewest bins all the same.
const CALLS_PER_BIN: i64 = 25;
const LEAST_CHOSEN: i64 = 12;
/// Most bins where the length is given.
const MOST_ASKED: i64 = 20_000;

/// Where each bin begins and ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bins {
    /// First instant of the first bin: a whole multiple of the length since the epoch.
    pub start_ns: i64,
    /// Length, nanoseconds.
    pub length_ns: i64,
    /// How many.
    pub count: usize,
    first_ns: i64,
    last_ns: i64,
}

impl Bins {
    /// Bins over calls that started then, ascending.
    ///
    /// # Errors
    /// No calls, no length, or more bins than anybody reads.
    pub fn new(starts_ns: &[i64], length_ns: Option<i64>) -> Result<Self> {
        let (Some(&first_ns), Some(&last_ns)) = (starts_ns.first(), starts_ns.last()) else {
            let message = "there is nothing to draw a timeline of";
            return Err(Error::usage(message, "give a dump that holds LLM calls"));
        };
        let floor = |length: i64| first_ns.div_euclid(length).saturating_mul(length);
        let count = |length: i64| {
            let span = i128::from(last_ns) - i128::from(floor(length));
            i64::try_from(span / i128::from(length)).unwrap_or(i64::MAX).saturating_add(1)
        };
        let longest = LENGTHS[LENGTHS.len() - 1];
        let calls = i64::try_from(starts_ns.len()).unwrap_or(i64::MAX);
        let most = (calls / CALLS_PER_BIN).clamp(LEAST_CHOSEN, MOST_CHOSEN);
        let fits = |length: &i64| count(*length) <= most;
        // Beyond the list as many of its longest as it takes.
        let several = || longest.saturating_mul(count(longest) / most + 1);
        let chosen = || LENGTHS.into_iter().find(fits).unwrap_or_else(several);
        let length = length_ns.unwrap_or_else(chosen);
        if length <= 0 || count(length) > MOST_ASKED {
            return Err(Error::usage(
                "the calls do not fit bins of that length",
                format!("at most {MOST_ASKED} bins are drawn: ask for longer ones with --every"),
            ));
        }
        let count = usize::try_from(count(length)).unwrap_or(1);
        Ok(Self { start_ns: floor(length), length_ns: length, count, first_ns, last_ns })
    }

    /// The bin of an instant within the data.
    pub fn index(&self, time_ns: i64) -> usize {
        let after = time_ns.saturating_sub(self.start_ns).max(0) / self.length_ns;
        usize::try_from(after).unwrap_or(usize::MAX).min(self.count - 1)
    }

    /// The given rows by bin.
    pub fn rows(&self, starts_ns: &[i64], rows: &[usize]) -> Vec<Vec<usize>> {
        let mut bins = vec![Vec::new(); self.count];
        for row in rows {
            bins[self.index(starts_ns[*row])].push(*row);
        }
        bins
    }

    /// Minutes of a bin that lie within the data: the first and the last are seldom whole.
    pub fn minutes(&self, bin: usize) -> f64 {
        let at = |bin: usize| {
            let bins = i64::try_from(bin).unwrap_or(i64::MAX);
            self.start_ns.saturating_add(bins.saturating_mul(self.length_ns))
        };
        let (from, to) = (at(bin).max(self.first_ns), at(bin + 1).min(self.last_ns));
        to.saturating_sub(from).max(0) as f64 / MINUTE_NS as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_start_on_round_times_and_hold_every_call() {
        let starts = [61 * SECOND_NS, 119 * SECOND_NS, 120 * SECOND_NS, 301 * SECOND_NS];
        let bins = Bins::new(&starts, Some(MINUTE_NS)).unwrap();
        assert_eq!((bins.start_ns, bins.count), (MINUTE_NS, 5));
        assert_eq!(
            bins.rows(&starts, &[0, 1, 2, 3]),
            [vec![0, 1], vec![2], vec![], vec![], vec![3]]
        );
        assert!((bins.minutes(0) - 59.0 / 60.0).abs() < 1e-9);
        assert!((bins.minutes(4) - 1.0 / 60.0).abs() < 1e-9);
    }

    #[test]
    fn the_length_fits_the_dump_unless_it_is_given() {
        let evenly = |span: i64, calls: i64| {
            let starts: Vec<i64> = (0..=calls).map(|call| span / calls * call).collect();
            Bins::new(&starts, None).unwrap().length_ns
        };
        assert_eq!(evenly(HOUR_NS, 10_000), 2 * MINUTE_NS);
        assert_eq!(evenly(HOUR_NS, 500), 5 * MINUTE_NS);
        assert_eq!(evenly(30 * DAY_NS, 100_000), DAY_NS);
        assert!(Bins::new(&[], None).is_err());
        assert!(Bins::new(&[0, DAY_NS], Some(1)).is_err());
        assert!(Bins::new(&[0, DAY_NS], Some(0)).is_err());
        assert!(
            Bins::new(&[i64::MIN, i64::MAX], None).is_ok_and(|bins| bins.index(0) < bins.count)
        );
    }
}
