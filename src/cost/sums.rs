//! The baseline's tokens resampled many times without looking at every call each time: a stretch's
//! tokens are those up to its end less those up to its start.

use std::ops::Range;

use super::{Bills, add, mean, scaled};
use crate::diagnosis::cost::Tokens;
use crate::stats::resample::{Resampler, Rng};

/// Looking a stretch up in one kind costs about as much as looking at so many calls.
const LOOK_UP: usize = 8;

/// Resamples of the baseline's calls, of which only each kind's mean tokens are asked.
pub(super) struct Resampled<'b> {
    bills: &'b Bills,
    rows: &'b [usize],
    resampler: Resampler,
    kinds: Vec<Kind>,
    drawn: Vec<u32>,
    ranges: Vec<Range<usize>>,
}

/// The calls of one kind that tell their tokens, by their place among the baseline's.
#[derive(Default)]
struct Kind {
    places: Vec<usize>,
    /// Tokens of the first so many; whole numbers, so that no order of adding them matters.
    upto: Vec<Tokens>,
}

impl Kind {
    fn push(&mut self, place: usize, tokens: &Tokens) {
        let mut sum = self.upto.last().copied().unwrap_or_default();
        add(&mut sum, tokens);
        self.places.push(place);
        self.upto.push(sum);
    }

    /// How many of its calls lie before a place, and their tokens.
    fn before(&self, place: usize) -> (usize, Tokens) {
        let calls = self.places.partition_point(|have| *have < place);
        let tokens = calls.checked_sub(1).map(|last| self.upto[last]);
        (calls, tokens.unwrap_or_default())
    }
}

impl<'b> Resampled<'b> {
    /// Resamples of these calls.
    pub fn new(bills: &'b Bills, rows: &'b [usize], resampler: Resampler) -> Self {
        let mut kinds: Vec<Kind> = Vec::new();
        // Of few calls it is quicker to look at each.
        if rows.len() > LOOK_UP * 2 * resampler.units() * bills.kinds {
            kinds.resize_with(bills.kinds, Kind::default);
            for (place, row) in rows.iter().enumerate() {
                if let Some(tokens) = &bills.of[*row] {
                    kinds[bills.kind[*row]].push(place, tokens);
                }
            }
        }
        Self { bills, rows, resampler, kinds, drawn: Vec::new(), ranges: Vec::new() }
    }

    /// Mean tokens of each kind in the next resample.
    pub fn usual(&mut self, rng: &mut Rng) -> Vec<Option<Tokens>> {
        if self.kinds.is_empty() || !self.resampler.draw_ranges(rng, &mut self.ranges) {
            self.resampler.draw(rng, &mut self.drawn);
            return self.bills.usual(self.rows, |at| f64::from(self.drawn[at]));
        }
        let of_kind = |kind: &Kind| {
            let (mut calls, mut sum) = (0, Tokens::default());
            for range in &self.ranges {
                let ((first, less), (last, more)) =
                    (kind.before(range.start), kind.before(range.end));
                calls += last - first;
                add(&mut sum, &more);
                add(&mut sum, &scaled(&less, -1.0));
            }
            mean(kind.places.len(), calls as f64, &sum)
        };
        self.kinds.iter().map(of_kind).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::{Call, CallTable, Cell};
    use crate::schema::Col;

    #[test]
    fn looking_stretches_up_gives_what_looking_at_every_call_does() {
        let call = |at: i64| {
            let mut call = Call::default();
            call.set(Col::Start, Cell::Int(at * 700_000_000));
            call.set(Col::InputTokens, Cell::Int(100 + at * 37 % 1000));
            call.set(Col::OutputTokens, Cell::Int(at * 13 % 77));
            call.set_text(Col::ServiceName, ["a", "b"][usize::from(at % 3 == 0)]);
            call
        };
        let table = CallTable::from_calls((0..5000).map(call).collect());
        let bills = Bills::new(&table);
        let rows: Vec<usize> = (0..5000).collect();
        let blocks = || Resampler::blocks(&bills.starts_s, 200.0);
        let mut quick = Resampled::new(&bills, &rows, blocks());
        assert_eq!(quick.kinds.len(), 2);
        let (mut rng, mut other, mut drawn) = (Rng::new(5), Rng::new(5), Vec::new());
        for _ in 0..20 {
            blocks().draw(&mut other, &mut drawn);
            let slow = bills.usual(&rows, |at| f64::from(drawn[at]));
            assert_eq!(quick.usual(&mut rng), slow);
        }
    }
}
