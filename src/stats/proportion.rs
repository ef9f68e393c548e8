//! Shares with honest intervals: error rates, hit shares, the part of the calls affected.

use super::distribution::normal_quantile;

/// Wilson's interval of a share (JASA 22, 1927) at coverage `level`; `None` without trials.
/// `successes` is held between 0 and `trials`, both may be effective (fractional) counts.
pub fn wilson(successes: f64, trials: f64, level: f64) -> Option<(f64, f64)> {
    if !(trials > 0.0 && trials.is_finite() && successes.is_finite()) {
        return None;
    }
    let z = normal_quantile(f64::midpoint(1.0, level));
    let share = (successes / trials).clamp(0.0, 1.0);
    let scale = 1.0 + z * z / trials;
    let centre = (share + z * z / (2.0 * trials)) / scale;
    let reach =
        z / scale * (share * (1.0 - share) / trials + z * z / (4.0 * trials * trials)).sqrt();
    Some(((centre - reach).max(0.0), (centre + reach).min(1.0)))
}

/// A difference of two shares (second less first) with Newcombe's interval from two Wilson
/// intervals (Statistics in Medicine 17, 1998, method 10). Each side is (successes, trials).
pub fn difference(before: (f64, f64), after: (f64, f64), level: f64) -> Option<(f64, f64, f64)> {
    let (low0, high0) = wilson(before.0, before.1, level)?;
    let (low1, high1) = wilson(after.0, after.1, level)?;
    let (p0, p1) = (before.0 / before.1, after.0 / after.1);
    let apart = p1 - p0;
    Some((apart, apart - (p1 - low1).hypot(high0 - p0), apart + (high1 - p1).hypot(p0 - low0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_interval_comes_out() {
        // Newcombe (1998), 56 of 70 against 48 of 80: 0.2, 0.0524 to 0.3339.
        let (apart, low, high) = difference((48.0, 80.0), (56.0, 70.0), 0.95).unwrap();
        assert!((apart - 0.2).abs() < 1e-9);
        assert!((low - 0.0524).abs() < 1e-4 && (high - 0.3339).abs() < 1e-4, "{low} {high}");
    }

    #[test]
    fn no_failure_seen_does_not_mean_none_possible() {
        let (low, high) = wilson(0.0, 20.0, 0.95).unwrap();
        assert_eq!(low, 0.0);
        assert!((high - 0.1611).abs() < 1e-3, "{high}");
        assert!(wilson(0.0, 0.0, 0.95).is_none());
    }
}
