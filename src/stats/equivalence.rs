//! "Held" is a statement of its own: an interval inside a margin, not the absence of significance.

/// What an interval shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Movement {
    /// Above no change, and more than the margin is likely.
    Rose,
    /// Below no change, and more than the margin is likely.
    Fell,
    /// The whole interval lies inside the margin.
    Held,
    /// Neither shown to have moved nor to have stayed.
    Unclear,
}

/// Reads the interval `low..high` of a ratio (1 is no change) whose estimate is `ratio`.
///
/// Two one-sided tests (Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987):
/// inside `1 / (1 + margin)..1 + margin` it held, whether or not it differs from 1. It moved where
/// the interval excludes 1 and the estimate itself lies outside the margin. `margin` is a share,
/// such as 0.1. Anything that is not finite is unclear.
pub fn judge(ratio: f64, low: f64, high: f64, margin: f64) -> Movement {
    let most = 1.0 + margin.max(0.0);
    if ![ratio, low, high].iter().all(|value| value.is_finite()) {
        Movement::Unclear
    } else if low >= 1.0 / most && high <= most {
        Movement::Held
    } else if low > 1.0 && ratio >= most {
        Movement::Rose
    } else if high < 1.0 && ratio <= 1.0 / most {
        Movement::Fell
    } else {
        Movement::Unclear
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_interval_around_no_change_is_unclear_and_not_held() {
        assert_eq!(judge(1.0, 0.7, 1.4, 0.1), Movement::Unclear);
        assert_eq!(judge(1.0, 0.95, 1.05, 0.1), Movement::Held);
    }

    #[test]
    fn a_certain_but_immaterial_change_held() {
        assert_eq!(judge(1.05, 1.02, 1.08, 0.1), Movement::Held);
    }

    #[test]
    fn moves_are_both_certain_and_material() {
        assert_eq!(judge(1.5, 1.2, 1.9, 0.1), Movement::Rose);
        assert_eq!(judge(0.6, 0.5, 0.8, 0.1), Movement::Fell);
        assert_eq!(judge(1.5, 0.9, 2.4, 0.1), Movement::Unclear);
        assert_eq!(judge(1.08, 1.01, 1.16, 0.1), Movement::Unclear);
        assert_eq!(judge(f64::NAN, 1.2, 1.9, 0.1), Movement::Unclear);
    }
}
