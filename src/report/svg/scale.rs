//! From a figure to its place on an axis, and the ticks between.

use chrono::{DateTime, Utc};

use crate::report::numbers;
use crate::report::wording::{self, Unit};

/// How an axis spreads its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spread {
    Linear,
    Log,
}

/// One axis: its range, and whether it is logarithmic.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    spread: Spread,
    least_step: f64,
}

impl Scale {
    /// From zero to a round number not below `high`.
    pub(super) fn from_zero(high: f64) -> Self {
        let high = if high.is_finite() && high > 0.0 { high } else { 1.0 };
        let step = round_step(high / 3.0);
        let steps = (high / step - 1e-9).ceil().max(1.0);
        Self { low: 0.0, high: step * steps, spread: Spread::Linear, least_step: 0.0 }
    }

    /// For counts: from zero, ticks at whole numbers only.
    pub(super) fn counts(high: f64) -> Self {
        Self { least_step: 1.0, ..Self::linear(0.0, high + 0.5) }
    }

    /// Exactly from `low` to `high`.
    pub(super) fn linear(low: f64, high: f64) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self { low, high, spread: Spread::Linear, least_step: 0.0 }
    }

    /// Logarithmic from `low` to `high`, both above zero.
    pub(super) fn log(low: f64, high: f64) -> Self {
        let low = if low.is_finite() && low > 0.0 { low } else { 1e-3 };
        let high = if high.is_finite() && high > low * 1.01 { high } else { low * 10.0 };
        Self { low, high, spread: Spread::Log, least_step: 0.0 }
    }

    /// Where a value lies, 0 to 1; values beyond the range lie on its edge.
    pub(super) fn place(&self, value: f64) -> f64 {
        let place = match self.spread {
            Spread::Linear => (value - self.low) / (self.high - self.low),
            Spread::Log => {
                (value.max(f64::MIN_POSITIVE).ln() - self.low.ln())
                    / (self.high.ln() - self.low.ln())
            }
        };
        if place.is_finite() { place.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// At most about `most` round values within the range.
    pub(super) fn ticks(&self, most: usize) -> Vec<f64> {
        match self.spread {
            Spread::Linear => {
                let step =
                    round_step((self.high - self.low) / most.max(1) as f64).max(self.least_step);
                let first = (self.low / step - 1e-9).ceil();
                let ticks = (0..=most + 1).map(|index| (first + index as f64) * step);
                ticks.filter(|tick| *tick <= self.high + step * 1e-6).collect()
            }
            Spread::Log => self.log_ticks(most),
        }
    }

    fn log_ticks(&self, most: usize) -> Vec<f64> {
        let decades = (self.low.log10().floor() as i32)..=(self.high.log10().ceil() as i32);
        let within = |digits: &[f64], every: i32| -> Vec<f64> {
            let powers = decades.clone().filter(|power| power.rem_euclid(every) == 0);
            let all = powers.flat_map(|power| digits.iter().map(move |d| d * 10_f64.powi(power)));
            let range = self.low * 0.999..=self.high * 1.001;
            all.filter(|tick| range.contains(tick)).collect()
        };
        let finer: [(&[f64], i32); 6] = [
            (&[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], 1),
            (&[1.0, 2.0, 3.0, 5.0, 7.0], 1),
            (&[1.0, 2.0, 5.0], 1),
            (&[1.0, 3.0], 1),
            (&[1.0], 1),
            (&[1.0], 2),
        ];
        let fitting = finer.iter().map(|(digits, every)| within(digits, *every));
        let span = decades.end().saturating_sub(*decades.start());
        let sparse = span / i32::try_from(most.max(1)).unwrap_or(i32::MAX) + 1;
        let mut fitting = fitting.filter(|ticks| ticks.len() <= most);
        fitting.next().unwrap_or_else(|| within(&[1.0], sparse))
    }

    /// The tick's figure, in one unit along the whole axis.
    pub(super) fn label(&self, signal: &str, tick: f64) -> String {
        match wording::unit(signal) {
            Unit::Time if self.spread == Spread::Log => short_seconds(tick),
            Unit::Time if self.high >= 2.0 => format!("{} s", short(tick)),
            Unit::Time => format!("{} ms", short(tick * 1e3)),
            Unit::Share => format!("{} %", short(tick * 100.0)),
            Unit::Multiple => format!("{}×", short(tick)),
            Unit::Plain => short(tick),
        }
    }
}

fn short_seconds(value: f64) -> String {
    if value < 0.999 { format!("{} ms", short(value * 1e3)) } else { format!("{} s", short(value)) }
}

/// A round figure without needless digits: `0.5`, `20`, `1,000`, `50k`, `3M`, `1e12`.
fn short(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() || size >= 1e9 {
        return format!("{value:.0e}");
    }
    let (value, suffix) = match size {
        _ if size >= 1e6 => (value / 1e6, "M"),
        _ if size >= 9_999.5 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let text = numbers::decimals(value, 2);
    format!("{}{suffix}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The smallest of 1, 2, 2.5, 5 times a power of ten that is not below `step`.
fn round_step(step: f64) -> f64 {
    let step = if step.is_finite() && step > 0.0 { step } else { 1.0 };
    let power = 10_f64.powf(step.log10().floor());
    let fits = |digit: &f64| digit * power >= step * 0.999_999;
    [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(fits).unwrap_or(10.0) * power
}

/// Round steps of a time axis, seconds, and how each is written.
const TIME_STEPS: [(i64, &str); 21] = [
    (1, "%H:%M:%S"),
    (2, "%H:%M:%S"),
    (5, "%H:%M:%S"),
    (10, "%H:%M:%S"),
    (15, "%H:%M:%S"),
    (30, "%H:%M:%S"),
    (60, "%H:%M"),
    (120, "%H:%M"),
    (300, "%H:%M"),
    (600, "%H:%M"),
    (900, "%H:%M"),
    (1_200, "%H:%M"),
    (1_800, "%H:%M"),
    (3_600, "%H:%M"),
    (7_200, "%H:%M"),
    (14_400, "%d %H:%M"),
    (21_600, "%d %H:%M"),
    (43_200, "%d %H:%M"),
    (86_400, "%m-%d"),
    (604_800, "%m-%d"),
    (2_592_000, "%Y-%m-%d"),
];

/// Round instants in `[start, start + length_s)`, at most about `most`, with their labels.
pub(super) fn time_ticks(start: DateTime<Utc>, length_s: f64, most: usize) -> Vec<(f64, String)> {
    let least = length_s / most.max(1) as f64;
    let last = TIME_STEPS[TIME_STEPS.len() - 1];
    let fitting = TIME_STEPS.into_iter().find(|(step, _)| *step as f64 >= least);
    let (step, form) = fitting.unwrap_or(last);
    let first = start.timestamp().div_euclid(step).saturating_mul(step);
    let ticks = (0..=(most as i64 + 2)).filter_map(|index| {
        let at = DateTime::from_timestamp(first.checked_add(index.checked_mul(step)?)?, 0)?;
        let place = (at - start).num_milliseconds() as f64 / 1e3 / length_s;
        (0.0..=1.0).contains(&place).then(|| (place, at.format(form).to_string()))
    });
    ticks.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let scale = Scale::from_zero(2.3);
        assert_eq!(scale.ticks(3), [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(scale.place(1.5), 0.5);
        let scale = Scale::log(0.08, 12.0);
        let labels = scale.ticks(5).into_iter().map(|tick| scale.label("ttft_s", tick));
        assert_eq!(labels.collect::<Vec<_>>(), ["100 ms", "300 ms", "1 s", "3 s", "10 s"]);
        assert_eq!(scale.label("ttft_s", 0.1), "100 ms");
        assert_eq!(scale.label("ttft_s", 3.0), "3 s");
        let figures = [0.5, 20.0, 1_000.0, 50_000.0, 3e6, 1e12, f64::INFINITY].map(short);
        assert_eq!(figures, ["0.5", "20", "1,000", "50k", "3M", "1e12", "inf"]);
        assert_eq!(Scale::log(50.0, 60_000.0).label("uncached_tokens", 10_000.0), "10k");
    }

    #[test]
    fn degenerate_ranges_still_place_everything() {
        for scale in [
            Scale::from_zero(0.0),
            Scale::from_zero(f64::NAN),
            Scale::log(0.0, 0.0),
            Scale::log(5.0, 5.0),
            Scale::linear(3.0, 3.0),
            Scale::log(1e-300, 1e300),
        ] {
            assert!(scale.ticks(5).len() <= 12, "{scale:?}");
            for value in [f64::NAN, -1.0, 0.0, 1.0, f64::INFINITY] {
                assert!((0.0..=1.0).contains(&scale.place(value)), "{scale:?} {value}");
                assert!(scale.label("ttft_s", value).len() < 40, "{scale:?} {value}");
            }
        }
    }

    #[test]
    fn time_ticks_are_round_clock_times() {
        let start = "2026-11-03T12:45:00Z".parse().unwrap();
        let labels: Vec<String> = time_ticks(start, 3_599.0, 5).into_iter().map(|t| t.1).collect();
        assert_eq!(labels, ["12:45", "13:00", "13:15", "13:30"]);
    }
}
