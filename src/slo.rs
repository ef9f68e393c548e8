//! Objectives as a person writes them, `ttft.p95 < 1.5s`: the one grammar that `check` and
//! `capacity` share.

use crate::error::{Error, Result};

/// What an objective bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Time to the first chunk, seconds.
    Ttft,
    /// Mean time per output token after the first, seconds.
    Itl,
    /// The whole call, seconds.
    Duration,
    /// Share of calls that failed.
    ErrorRate,
    /// Share of calls that were cut off.
    TimeoutRate,
}

/// Every metric as it is written, and whether a quantile of it is bounded (a share otherwise).
const METRICS: [(&str, Metric, bool); 5] = [
    ("ttft", Metric::Ttft, true),
    ("itl", Metric::Itl, true),
    ("duration", Metric::Duration, true),
    ("error.rate", Metric::ErrorRate, false),
    ("timeout.rate", Metric::TimeoutRate, false),
];

/// Units of time, in seconds.
const UNITS: [(&str, f64); 5] =
    [("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("min", 60.0), ("s", 1.0)];

impl Metric {
    /// The name that the grammar gives it.
    pub fn name(self) -> &'static str {
        METRICS.iter().find(|entry| entry.1 == self).map_or("", |entry| entry.0)
    }
}

/// One objective: the figure must stay below the bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Slo {
    /// What is bounded.
    pub metric: Metric,
    /// Which quantile of it, above 0 and below 1; none for a share of the calls.
    pub quantile: Option<f64>,
    /// The bound: seconds for a time, 0..1 for a share.
    pub bound: f64,
    /// The objective in its usual spelling, such as `ttft.p95 < 1.5s`.
    pub text: String,
}

impl Slo {
    /// Reads one objective.
    ///
    /// # Errors
    /// [`Error::Usage`] where it is none, naming the part that is wrong.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |why: &str| {
            let shown = text.trim().escape_debug();
            Error::usage(format!("the objective `{shown}` {why}"), FORMS)
        };
        let (figure, bound) = text.split_once('<').ok_or_else(|| wrong("has no `<`"))?;
        let bound = bound.strip_prefix('=').unwrap_or(bound).trim();
        let figure = figure.trim().to_ascii_lowercase();
        let known = METRICS.iter().find_map(|(name, metric, quantile)| {
            let rest = figure.strip_prefix(name)?;
            Some((*metric, *quantile, rest)).filter(|_| *quantile || rest.is_empty())
        });
        let (metric, has_quantile, rest) =
            known.ok_or_else(|| wrong("bounds nothing that is known"))?;
        let quantile = if has_quantile {
            let named = rest.strip_prefix('.').and_then(percentile);
            Some(named.ok_or_else(|| wrong("names no percentile"))?)
        } else {
            None
        };
        let value = if has_quantile { seconds(bound) } else { share(bound) };
        let value = value.map_err(wrong)?;
        let text = format!("{figure} < {}", bound.split_whitespace().collect::<String>());
        Ok(Self { metric, quantile, bound: value, text })
    }
}

const FORMS: &str = "write `ttft.p95 < 1.5s`, `itl.p95 < 60ms`, `duration.p99 < 20s`, \
                     `error.rate < 1%` or `timeout.rate < 0.5%`";

/// `p95`, `p99.9`.
fn percentile(text: &str) -> Option<f64> {
    let percent = plain(text.strip_prefix('p')?)?;
    (percent > 0.0 && percent < 100.0).then_some(percent / 100.0)
}

fn seconds(text: &str) -> std::result::Result<f64, &'static str> {
    let unit = UNITS.iter().find_map(|(unit, in_s)| Some((text.strip_suffix(unit)?, *in_s)));
    let (number, in_s) = unit.ok_or("needs a unit of time behind its bound")?;
    let value = plain(number.trim()).ok_or("has a bound that is no number")?;
    if value > 0.0 { Ok(value * in_s) } else { Err("has a bound that no call can keep") }
}

fn share(text: &str) -> std::result::Result<f64, &'static str> {
    let (number, whole) = match text.strip_suffix('%') {
        Some(number) => (number.trim(), 100.0),
        None => (text, 1.0),
    };
    let value = plain(number).ok_or("has a bound that is no number")? / whole;
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err("has a share that is more than all") }
}

/// A number in digits: no sign, no exponent, no `inf`.
fn plain(text: &str) -> Option<f64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Metric, Option<f64>, f64, String) {
        let slo = Slo::parse(text).unwrap();
        (slo.metric, slo.quantile, slo.bound, slo.text)
    }

    #[test]
    fn the_forms_of_the_help_are_read_with_their_units() {
        let ttft = (Metric::Ttft, Some(0.95), 1.5, "ttft.p95 < 1.5s".to_owned());
        assert_eq!(parsed("ttft.p95 < 1.5s"), ttft);
        assert_eq!(parsed(" TTFT.p95<=1.5 s "), ttft);
        assert_eq!(parsed("itl.p95 < 60ms").2, 0.06);
        assert_eq!(parsed("itl.p50 < 900us").2, 900.0 * 1e-6);
        assert_eq!(parsed("duration.p99.9 < 2min").1, Some(0.9990000000000001));
        assert_eq!(
            parsed("error.rate < 1%"),
            (Metric::ErrorRate, None, 0.01, "error.rate < 1%".to_owned())
        );
        assert_eq!(parsed("timeout.rate < 0.005").2, 0.005);
    }

    #[test]
    fn what_is_no_objective_is_named() {
        for (text, why) in [
            ("ttft.p95 > 1s", "has no `<`"),
            ("ttfb.p95 < 1s", "bounds nothing"),
            ("ttft < 1s", "names no percentile"),
            ("ttft.p0 < 1s", "names no percentile"),
            ("ttft.p100 < 1s", "names no percentile"),
            ("ttft.pinf < 1s", "names no percentile"),
            ("ttft.p95 < 1.5", "needs a unit"),
            ("ttft.p95 < s", "is no number"),
            ("ttft.p95 < -1s", "is no number"),
            ("ttft.p95 < 0s", "no call can keep"),
            ("error.rate.p95 < 1%", "bounds nothing"),
            ("error.rate < 120%", "more than all"),
            ("error.rate < 1s", "is no number"),
            ("", "has no `<`"),
        ] {
            let error = Slo::parse(text).unwrap_err();
            assert!(error.to_string().contains(why), "{text}: {error}");
            assert!(error.help().contains("ttft.p95"), "{text}");
            assert_eq!(error.exit_code(), 2);
        }
    }

    #[test]
    fn its_own_spelling_reads_back_the_same() {
        for text in ["ttft.p95 < 1.5s", "error.rate<1 %", "itl.p99.9 < 60 ms"] {
            let slo = Slo::parse(text).unwrap();
            assert_eq!(Slo::parse(&slo.text).unwrap(), slo);
        }
    }
}
