//! Own load over time: how many calls were in flight, and what each call met.

use super::recording::Recording;

/// A step function of time with its integral.
#[derive(Debug, Clone, Default)]
pub struct Level {
    times_s: Vec<f64>,
    levels: Vec<f64>,
    integral: Vec<f64>,
}

impl Level {
    /// The sum of `amount` over the intervals `(from, to, amount)`.
    pub fn of(intervals: impl Iterator<Item = (f64, f64, f64)>) -> Self {
        let mut changes: Vec<(f64, f64)> = Vec::new();
        for (from_s, to_s, amount) in intervals {
            if to_s > from_s && amount.is_finite() {
                changes.push((from_s, amount));
                changes.push((to_s, -amount));
            }
        }
        changes.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut level = Self::default();
        let (mut now, mut area) = (0.0, 0.0);
        for (at_s, change) in changes {
            if let Some(before_s) = level.times_s.last() {
                area += now * (at_s - before_s);
            }
            now += change;
            level.times_s.push(at_s);
            level.levels.push(now);
            level.integral.push(area);
        }
        level
    }

    /// The integral up to a time.
    fn area(&self, at_s: f64) -> f64 {
        let next = self.times_s.partition_point(|time| *time <= at_s);
        if next == 0 {
            return 0.0;
        }
        self.integral[next - 1] + self.levels[next - 1] * (at_s - self.times_s[next - 1])
    }

    /// The mean between two times; NaN where they are one.
    pub fn mean(&self, from_s: f64, to_s: f64) -> f64 {
        if to_s > from_s {
            (self.area(to_s) - self.area(from_s)) / (to_s - from_s)
        } else {
            f64::NAN
        }
    }

    /// The level at a time.
    pub fn at(&self, at_s: f64) -> f64 {
        let next = self.times_s.partition_point(|time| *time <= at_s);
        next.checked_sub(1).map_or(0.0, |last| self.levels[last].max(0.0))
    }

    /// The level at or above which this share of the time (between first and last change) is spent.
    pub fn exceeded(&self, share: f64) -> f64 {
        let mut spans: Vec<(f64, f64)> = (1..self.times_s.len())
            .map(|at| (self.levels[at - 1], self.times_s[at] - self.times_s[at - 1]))
            .collect();
        spans.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut left_s = share * spans.iter().map(|(_, length_s)| length_s).sum::<f64>();
        for (level, length_s) in spans {
            left_s -= length_s;
            if left_s <= 0.0 {
                return level;
            }
        }
        0.0
    }

    /// The largest value.
    pub fn peak(&self) -> f64 {
        self.levels.iter().copied().fold(0.0, f64::max)
    }

    /// Share of the time (between first and last change) spent at or above a level.
    pub fn share_above(&self, floor: f64) -> f64 {
        let (mut above, mut all) = (0.0, 0.0);
        for at in 1..self.times_s.len() {
            let length = self.times_s[at] - self.times_s[at - 1];
            all += length;
            above += if self.levels[at - 1] >= floor { length } else { 0.0 };
        }
        if all > 0.0 { above / all } else { 0.0 }
    }
}

/// What each request met of its own service's load.
#[derive(Debug, Clone)]
pub struct Load {
    /// Requests in flight.
    pub in_flight: Level,
    /// Requests past their first token.
    pub decoding: Level,
    /// Tokens that the decoding requests hold.
    pub context: Level,
    /// Mean requests in flight while each decoded; NaN where that is unknown.
    pub met: Vec<f64>,
    /// Requests in flight in the second before each started.
    pub found: Vec<f64>,
    /// Uncached tokens a second that arrived while each decoded.
    pub prompts_met: Vec<f64>,
}

impl Load {
    /// The sweep over a recording.
    pub fn of(recording: &Recording) -> Self {
        let all = &recording.requests;
        let end = |at: usize| all[at].start_s + all[at].duration_s;
        // Where a call did not stream, its decode is taken for the last nine tenths.
        let first = |at: usize| {
            let ttft_s = all[at].ttft_s;
            all[at].start_s + if ttft_s.is_finite() { ttft_s } else { 0.1 * all[at].duration_s }
        };
        let rows = || 0..all.len();
        let in_flight = Level::of(rows().map(|at| (all[at].start_s, end(at), 1.0)));
        let decoding = Level::of(rows().map(|at| (first(at), end(at), 1.0)));
        let context = |at: usize| all[at].prompt_tokens + all[at].output_tokens / 2.0;
        let prompts = Level::of(rows().map(|at| {
            let length_s = (first(at) - all[at].start_s).max(0.02);
            let uncached = all[at].prompt_tokens - all[at].cached_tokens;
            (all[at].start_s, all[at].start_s + length_s, uncached / length_s)
        }));
        Self {
            context: Level::of(rows().map(|at| (first(at), end(at), context(at)))),
            met: rows().map(|at| in_flight.mean(first(at), end(at))).collect(),
            found: rows()
                .map(|at| in_flight.mean(all[at].start_s - 1.0, all[at].start_s - 1e-6))
                .collect(),
            prompts_met: rows().map(|at| prompts.mean(first(at), end(at))).collect(),
            in_flight,
            decoding,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_integrates_what_overlaps() {
        let level = Level::of([(0.0, 10.0, 1.0), (5.0, 15.0, 2.0)].into_iter());
        assert!((level.mean(0.0, 15.0) - 2.0).abs() < 1e-12);
        assert!((level.mean(5.0, 10.0) - 3.0).abs() < 1e-12);
        assert_eq!(level.peak(), 3.0);
        assert!((level.share_above(2.0) - 10.0 / 15.0).abs() < 1e-12);
        assert!(level.mean(3.0, 3.0).is_nan());
        assert_eq!(
            (level.at(-1.0), level.at(0.0), level.at(5.0), level.at(15.0)),
            (0.0, 1.0, 3.0, 0.0)
        );
        assert_eq!(
            (level.exceeded(0.2), level.exceeded(0.5), level.exceeded(0.9)),
            (3.0, 2.0, 1.0)
        );
    }
}
