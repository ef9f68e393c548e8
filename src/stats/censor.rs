//! A call that timed out took at least as long: quantiles that count it as such instead of
//! dropping it.

/// The estimator of Kaplan and Meier (JASA 53, 1958): the share of durations that exceed a time,
/// when some are only known to exceed theirs.
#[derive(Debug, Clone, PartialEq)]
pub struct Survival {
    /// Times at which a duration ended, ascending, and the share still running after each.
    steps: Vec<(f64, f64)>,
    /// Share of the durations that were cut off.
    pub censored_share: f64,
}

impl Survival {
    /// Fits durations; `ended[i]` is false where the i-th was cut off. Durations that are not
    /// finite are left out; a duration without a flag counts as ended. `None` without any.
    pub fn fit(durations: &[f64], ended: &[bool]) -> Option<Self> {
        let flag = |row: usize| ended.get(row).copied().unwrap_or(true);
        let mut rows: Vec<(f64, bool)> = durations
            .iter()
            .enumerate()
            .filter(|(_, duration)| duration.is_finite())
            .map(|(row, duration)| (*duration, flag(row)))
            .collect();
        // Where both fall on one instant, the end comes first, as is the custom.
        rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        let total = rows.len();
        let censored = rows.iter().filter(|(_, ended)| !ended).count();
        let (mut steps, mut running) = (Vec::new(), 1.0);
        for (row, (duration, ended)) in rows.iter().enumerate() {
            if *ended {
                let at_risk = (total - row) as f64;
                running *= (at_risk - 1.0) / at_risk;
                steps.push((*duration, running));
            }
        }
        (total > 0).then(|| Self { steps, censored_share: censored as f64 / total as f64 })
    }

    /// Share of durations that exceed `time`.
    pub fn beyond(&self, time: f64) -> f64 {
        let passed = self.steps.partition_point(|step| step.0 <= time);
        passed.checked_sub(1).and_then(|at| self.steps.get(at)).map_or(1.0, |step| step.1)
    }

    /// The smallest observed duration that at least a share `q` did not exceed; `None` where too
    /// many were cut off to say.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        self.steps.iter().find(|step| 1.0 - step.1 >= q - 1e-12).map(|step| step.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_censoring_it_is_the_plain_distribution() {
        let fit = Survival::fit(&[3.0, 1.0, 2.0, 4.0], &[]).unwrap();
        assert_eq!(fit.quantile(0.5), Some(2.0));
        assert!((fit.beyond(2.5) - 0.5).abs() < 1e-12);
        assert_eq!(fit.censored_share, 0.0);
    }

    #[test]
    fn the_textbook_example_comes_out() {
        // Remission times of Freireich et al. (1963), the 6-MP group: S(10) = 0.7529, S(23) = 0.4482.
        let times = [
            6.0, 6.0, 6.0, 6.0, 7.0, 9.0, 10.0, 10.0, 11.0, 13.0, 16.0, 17.0, 19.0, 20.0, 22.0,
            23.0, 25.0, 32.0, 32.0, 34.0, 35.0,
        ];
        let ended = [
            true, true, true, false, true, false, true, false, false, true, true, false, false,
            false, true, true, false, false, false, false, false,
        ];
        let fit = Survival::fit(&times, &ended).unwrap();
        assert!((fit.beyond(10.0) - 0.7529).abs() < 1e-4);
        assert!((fit.beyond(23.0) - 0.4482).abs() < 1e-4);
        assert_eq!(fit.quantile(0.5), Some(23.0));
        assert_eq!(fit.quantile(0.95), None);
    }

    #[test]
    fn timeouts_raise_the_quantile_that_dropping_them_would_lower() {
        let durations: Vec<f64> =
            (0..100).map(|i| if i < 30 { 10.0 } else { 1.0 + f64::from(i) / 100.0 }).collect();
        let ended: Vec<bool> = (0..100).map(|i| i >= 30).collect();
        let fit = Survival::fit(&durations, &ended).unwrap();
        let dropped = super::super::quantile::median(&durations[30..]).unwrap();
        assert!(fit.quantile(0.5).unwrap() > dropped);
        assert_eq!(fit.quantile(0.9), None);
        assert!(Survival::fit(&[f64::NAN], &[]).is_none());
    }
}
