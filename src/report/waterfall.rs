//! A waterfall in whole units that visibly add up: what every renderer draws its bars from.

use super::numbers;
use crate::diagnosis::{Term, Waterfall};

/// A waterfall in one unit, rounded so that baseline plus terms is the window.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// `ms` or `s`.
    pub unit: &'static str,
    /// The baseline's mean.
    pub baseline: String,
    /// The window's mean.
    pub window: String,
    /// The terms that are not zero in that unit, in causal order.
    pub bars: Vec<Bar>,
    /// Labels of the terms that are.
    pub nothing: Vec<String>,
}

/// One term.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// For a person: `cache misses`.
    pub label: String,
    /// Signed: `+1,210`.
    pub added: String,
    /// Its 95 % interval: `[+1,100, +1,320]`; empty where not known.
    pub interval: String,
    /// Its part of the rise: `78 %`; empty where not known, or where there is none.
    pub share: String,
    /// What it added to the tail mean, signed; empty where not known.
    pub tail: String,
    /// Its length against the longest bar, -1 to 1.
    pub length: f64,
}

/// Lays out a waterfall.
pub fn drawn(waterfall: &Waterfall) -> Drawn {
    let largest = waterfall.baseline_s.abs().max(waterfall.window_s.abs());
    // Whole milliseconds below ten seconds, hundredths of them for the very short, hundredths of
    // a second for the long: three or four digits.
    let (unit, scale, places) = match largest {
        size if size < 0.1 => ("ms", 1e3, 2),
        size if size < 10.0 => ("ms", 1e3, 0),
        _ => ("s", 1.0, 2),
    };
    let step = scale * 10_f64.powi(places);
    let whole = |seconds: f64| (seconds * step).round();
    let change = whole(waterfall.window_s) - whole(waterfall.baseline_s);
    let exact: Vec<f64> = waterfall.terms.iter().map(|term| term.mean_s * step).collect();
    let steps = rounded_to_sum(&exact, change);
    let show = |steps: f64, signed: bool| {
        let value = steps / 10_f64.powi(places);
        let text = numbers::decimals(value, usize::try_from(places).unwrap_or(0));
        if signed && steps >= 0.0 { format!("+{text}") } else { text }
    };
    let longest = steps.iter().map(|steps| steps.abs()).fold(0.0, f64::max);
    let bar = |term: &Term, steps: f64| Bar {
        label: term.label.clone(),
        added: show(steps, true),
        interval: match (term.low_s, term.high_s) {
            (Some(low), Some(high)) => {
                format!("[{}, {}]", show(whole(low), true), show(whole(high), true))
            }
            _ => String::new(),
        },
        share: term.share.filter(|_| change > 0.0).map_or_else(String::new, numbers::percent),
        tail: term.tail_s.map_or_else(String::new, |tail| show(whole(tail), true)),
        length: if longest > 0.0 { steps / longest } else { 0.0 },
    };
    let (some, none): (Vec<_>, Vec<_>) =
        waterfall.terms.iter().zip(&steps).partition(|(_, steps)| **steps != 0.0);
    let mut bars: Vec<Bar> = some.into_iter().map(|(term, steps)| bar(term, *steps)).collect();
    bars.extend(unexplained(change - steps.iter().sum::<f64>(), longest, &show));
    Drawn {
        unit,
        baseline: show(whole(waterfall.baseline_s), false),
        window: show(whole(waterfall.window_s), false),
        bars,
        nothing: none.into_iter().map(|(term, _)| term.label.clone()).collect(),
    }
}

/// What the terms leave over, where they do not add up: said, not spread over the others.
fn unexplained(left: f64, longest: f64, show: &dyn Fn(f64, bool) -> String) -> Option<Bar> {
    (left != 0.0).then(|| Bar {
        label: "not attributed".to_owned(),
        added: show(left, true),
        interval: String::new(),
        share: String::new(),
        tail: String::new(),
        length: if longest > 0.0 { (left / longest).clamp(-1.0, 1.0) } else { left.signum() },
    })
}

/// Whole steps nearest to the values that sum to `total` (largest remainders first), as long as
/// the difference is rounding; the plain roundings where it is more.
fn rounded_to_sum(values: &[f64], total: f64) -> Vec<f64> {
    let mut steps: Vec<f64> = values.iter().map(|value| value.round()).collect();
    let off = total - steps.iter().sum::<f64>();
    if off == 0.0 || off.abs() > values.len() as f64 / 2.0 + 0.5 {
        return steps;
    }
    let mut order: Vec<usize> = (0..values.len()).collect();
    let gain = |index: &usize| (values[*index] - steps[*index]) * off.signum();
    order.sort_by(|a, b| gain(b).total_cmp(&gain(a)).then(a.cmp(b)));
    for index in order.into_iter().take(off.abs() as usize) {
        steps[index] += off.signum();
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waterfall(baseline_s: f64, window_s: f64, terms: &[f64]) -> Waterfall {
        let term = |mean_s: &f64| Term {
            id: "x".to_owned(),
            label: format!("term of {mean_s}"),
            mean_s: *mean_s,
            low_s: None,
            high_s: None,
            tail_s: None,
            share: None,
        };
        Waterfall {
            segment: std::collections::BTreeMap::new(),
            signal: "duration_s".to_owned(),
            baseline_s,
            window_s,
            tail_baseline_s: None,
            tail_window_s: None,
            terms: terms.iter().map(term).collect(),
        }
    }

    fn added(drawn: &Drawn) -> Vec<&str> {
        drawn.bars.iter().map(|bar| bar.added.as_str()).collect()
    }

    #[test]
    fn printed_terms_add_up_to_the_printed_change() {
        let drawn = drawn(&waterfall(1.0004, 1.1018, &[0.0334, 0.0334, 0.0346, 0.0]));
        assert_eq!((drawn.baseline.as_str(), drawn.window.as_str()), ("1,000", "1,102"));
        assert_eq!(added(&drawn), ["+34", "+33", "+35"]);
        assert_eq!(drawn.nothing, ["term of 0"]);
    }

    #[test]
    fn what_the_terms_leave_over_is_said() {
        let drawn = drawn(&waterfall(1.0, 2.0, &[0.6]));
        assert_eq!(added(&drawn), ["+600", "+400"]);
        assert_eq!(drawn.bars[1].label, "not attributed");
    }

    #[test]
    fn long_calls_are_in_seconds() {
        let drawn = drawn(&waterfall(9.0, 21.5, &[13.0, -0.5]));
        assert_eq!(drawn.unit, "s");
        assert_eq!(added(&drawn), ["+13.00", "-0.50"]);
    }
}
