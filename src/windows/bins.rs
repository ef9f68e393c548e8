//! How long the bins are in which a window is laid out over time.

const SECOND_NS: i64 = 1_000_000_000;
/// Lengths of a bin that people count in, seconds.
const LENGTHS_S: [i64; 15] =
    [1, 2, 5, 10, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 86_400];
/// Most bins of a window.
const WINDOW_BINS: i64 = 15;

/// The shortest length that people count in of which the window holds at most `WINDOW_BINS`;
/// whole days beyond.
pub fn bin_ns(window_ns: i64) -> i64 {
    let up = |value: i64, by: i64| (value - 1) / by + 1;
    let least_s = up(up(window_ns.max(1), WINDOW_BINS), SECOND_NS);
    let day_s = LENGTHS_S[LENGTHS_S.len() - 1];
    let found = LENGTHS_S.into_iter().find(|length_s| *length_s >= least_s);
    found.unwrap_or_else(|| up(least_s, day_s) * day_s) * SECOND_NS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_have_lengths_that_people_count_in() {
        let minutes = |minutes: f64| bin_ns((minutes * 60.0e9) as i64) / SECOND_NS;
        assert_eq!([0.1, 5.0, 7.5, 10.0, 15.0].map(minutes), [1, 30, 30, 60, 60]);
        assert_eq!([15.1, 19.0, 60.0, 600.0].map(minutes), [120, 120, 300, 3_600]);
        assert_eq!(minutes(60.0 * 24.0 * 31.0), 3 * 86_400);
    }
}
