//! Calls that were served elsewhere: what they lost beyond those that stayed is routing, a cold
//! cache there included.

use super::cells::{Cells, Moved, Places};
use super::effects::{Effect, Effects, Term};
use super::expect::Expected;
use super::frame::{Frame, Side, known};
use crate::stats::quantile::{mean, variance};

/// Fewest calls that stayed for a comparison with those that moved.
const LEAST_STAYED: usize = 5;

impl Effects {
    /// Calls served where their engine was not served before: what they lost beyond those that
    /// stayed, a cold cache included, is routing.
    pub(super) fn move_to_routing(
        &mut self,
        frame: &Frame,
        cells: &Cells,
        places: &Places,
        expected: &Expected,
    ) {
        let stayed = |row: usize| frame.sides[row] == Side::Window && places.moved[row].is_none();
        for engine in 0..cells.engines {
            let of = |row: &usize| cells.engine[*row] == engine;
            let moved: Vec<usize> =
                (0..frame.len()).filter(|row| places.moved[*row].is_some()).filter(of).collect();
            if moved.is_empty() {
                continue;
            }
            let kept: Vec<usize> = (0..frame.len()).filter(|row| stayed(*row)).filter(of).collect();
            let usual: Vec<usize> = (0..frame.len())
                .filter(|row| frame.sides[*row] == Side::Baseline)
                .filter(of)
                .collect();
            let against = if kept.len() >= LEAST_STAYED { kept } else { usual };
            for (rest, route) in [
                (Effect::RestTtft, Effect::RouteTtft),
                (Effect::RestItl, Effect::RouteItl),
                (Effect::RestWhole, Effect::RouteWhole),
                (Effect::Cache, Effect::RouteTtft),
            ] {
                let level = self.mean_of(rest, &against);
                for &row in &moved {
                    self.shift(frame, expected, row, (rest, route), level);
                }
            }
        }
    }

    fn mean_of(&self, effect: Effect, rows: &[usize]) -> f64 {
        let values: Vec<f64> = rows
            .iter()
            .map(|row| self.logs[effect as usize][*row])
            .filter(|value| value.is_finite())
            .collect();
        let level = mean(&values).unwrap_or(0.0);
        let error = variance(&values).map_or(0.0, |spread| (spread / values.len() as f64).sqrt());
        let z = if error > 0.0 { level / error } else { 0.0 };
        // A level that chance can make is drawn to none.
        level * z * z / (z * z + 4.0)
    }

    fn shift(
        &mut self,
        frame: &Frame,
        expected: &Expected,
        row: usize,
        which: (Effect, Effect),
        level: f64,
    ) {
        let (rest, route) = which;
        let log = self.logs[rest as usize][row];
        if !log.is_finite() {
            return;
        }
        self.logs[rest as usize][row] = level;
        self.logs[route as usize][row] = known(self.logs[route as usize][row]) + log - level;
        let (term, keeps) = match rest {
            Effect::RestTtft => (Term::TtftRest, expected.ttft_s[row] * level.exp_m1()),
            Effect::RestItl => {
                let tokens = (frame.output_tokens[row] - 1.0).max(0.0);
                (Term::ItlRest, expected.itl_s[row] * level.exp_m1() * tokens)
            }
            Effect::RestWhole => (Term::WholeRest, expected.whole_s[row] * level.exp_m1()),
            _ => (Term::CacheMisses, 0.0),
        };
        let excess = self.seconds[term as usize][row] - keeps;
        if excess.is_finite() {
            self.seconds[term as usize][row] -= excess;
            self.seconds[Term::Routing as usize][row] += excess;
        }
    }
}

/// What moved where routing changed: the kind that most of a set of calls shows.
pub fn prevailing(places: &Places, rows: &[usize]) -> Option<Moved> {
    let count = |kind| rows.iter().filter(|row| places.moved[**row] == Some(kind)).count();
    [Moved::Model, Moved::Region, Moved::Pool]
        .into_iter()
        .filter(|kind| count(*kind) > 0)
        .max_by_key(|kind| (count(*kind), std::cmp::Reverse(*kind)))
}
