//! When did it start, and which stretches stand out: change points in values of irregularly timed
//! calls.
//!
//! One onset is a posterior over its time under a step or a ramp (least squares on winsorised
//! values, flat prior on the time), so that noise is answered with a wide interval rather than a
//! wrong instant, and a ramp's onset is where it begins to rise. Many changes come from PELT
//! (Killick, Fearnhead and Eckley, JASA 107, 2012).

use super::quantile::{median, robust_sd};
use super::resample::variance_inflation;

/// Lengths of the ramps that are tried, seconds; 0 is a step.
const RAMPS_S: [f64; 8] = [0.0, 15.0, 30.0, 60.0, 90.0, 120.0, 180.0, 300.0];
/// Prior weight of a step against all ramps together: both are everyday.
const STEP_PRIOR: f64 = 0.5;
/// Values further from the median than this many robust deviations count as that far.
const WINSOR_SD: f64 = 3.5;
/// Most instants at which an onset is tried.
const MOST_CANDIDATES: usize = 600;

/// Which change is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Only a rise.
    Up,
    /// Only a fall.
    Down,
    /// Either.
    Any,
}

/// One onset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Onset {
    /// When it began: the posterior median, on the clock of the given times, seconds.
    pub time_s: f64,
    /// Lower end of the 90 % credible interval.
    pub low_s: f64,
    /// Upper end of it.
    pub high_s: f64,
    /// Length of the likeliest ramp, seconds; 0 for a step.
    pub ramp_s: f64,
    /// Level after the change less the level before it, in the unit of the values.
    pub rise: f64,
    /// Twice the log-likelihood gained by the change, discounted for correlation between
    /// neighbours; below about 10 chance alone may do it.
    pub strength: f64,
}

/// The onset of one lasting change in `values` (logarithms of a latency, say) at `times_s`
/// (ascending, seconds), looked for between `from_s` and `to_s`. Values before the onset are the
/// usual level, so the baseline belongs into the series.
///
/// `None` below eight finite values, or where none fits the direction.
pub fn onset(
    times_s: &[f64],
    values: &[f64],
    from_s: f64,
    to_s: f64,
    direction: Direction,
) -> Option<Onset> {
    let sums = Sums::new(times_s, values)?;
    let candidates = sums.candidates(from_s, to_s);
    let last_s = *sums.times_s.last()?;
    let mut fits = Vec::with_capacity(candidates.len() * RAMPS_S.len());
    for (at, &(time_s, spacing_s)) in candidates.iter().enumerate() {
        for ramp_s in RAMPS_S {
            if ramp_s > 0.0 && ramp_s > (last_s - time_s) * 0.8 {
                continue;
            }
            let Some(fit) = sums.fit(time_s, ramp_s) else { continue };
            let fits_direction = match direction {
                Direction::Up => fit.rise > 0.0,
                Direction::Down => fit.rise < 0.0,
                Direction::Any => true,
            };
            if fits_direction {
                let prior = if ramp_s > 0.0 {
                    (1.0 - STEP_PRIOR) / (RAMPS_S.len() - 1) as f64
                } else {
                    STEP_PRIOR
                };
                fits.push((at, Fit { weight: prior * spacing_s, ramp_s, ..fit }));
            }
        }
    }
    posterior(&sums, &candidates, &fits)
}

fn posterior(sums: &Sums, candidates: &[(f64, f64)], fits: &[(usize, Fit)]) -> Option<Onset> {
    let (_, best) = fits.iter().max_by(|a, b| a.1.explained.total_cmp(&b.1.explained))?;
    let left = (sums.total - best.explained).max(sums.total * 1e-9).max(f64::MIN_POSITIVE);
    let noise = left / sums.len() as f64;
    let scale = noise * sums.inflation(best, candidates, fits);
    let mut weights = vec![0.0; candidates.len()];
    let mut ramps = [0.0; RAMPS_S.len()];
    for (at, fit) in fits {
        let weight = fit.weight * ((fit.explained - best.explained) / (2.0 * scale)).exp();
        weights[*at] += weight;
        if let Some(index) = RAMPS_S.iter().position(|ramp_s| *ramp_s == fit.ramp_s) {
            ramps[index] += weight;
        }
    }
    let total: f64 = weights.iter().sum();
    let at = |q: f64| {
        let mut seen = 0.0;
        let found = candidates.iter().zip(&weights).find(|(_, weight)| {
            seen += **weight;
            seen >= q * total
        });
        found.map(|((time_s, _), _)| *time_s)
    };
    let ramp = ramps.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)))?;
    Some(Onset {
        time_s: at(0.5)?,
        low_s: at(0.05)?,
        high_s: at(0.95)?,
        ramp_s: RAMPS_S[ramp.0],
        rise: best.rise,
        strength: best.explained / scale,
    })
}

/// A step or ramp fitted at one instant.
#[derive(Debug, Clone, Copy)]
struct Fit {
    explained: f64,
    rise: f64,
    ramp_s: f64,
    weight: f64,
}

/// Running sums over the winsorised values, so that one fit costs two binary searches.
struct Sums {
    times_s: Vec<f64>,
    values: Vec<f64>,
    /// Sums of t, t², y, ty up to each call; t counts from the middle of the series.
    running: Vec<[f64; 4]>,
    middle_s: f64,
    total: f64,
}

impl Sums {
    fn new(times_s: &[f64], values: &[f64]) -> Option<Self> {
        let pairs = times_s.iter().zip(values);
        let (times_s, values): (Vec<f64>, Vec<f64>) =
            pairs.filter(|(time, value)| time.is_finite() && value.is_finite()).unzip();
        if times_s.len() < 8 {
            return None;
        }
        let values = winsorise(&values);
        let middle_s = f64::midpoint(*times_s.first()?, *times_s.last()?);
        let mut running = vec![[0.0; 4]];
        let mut sums = [0.0; 4];
        for (time_s, value) in times_s.iter().zip(&values) {
            let t = time_s - middle_s;
            for (sum, term) in sums.iter_mut().zip([t, t * t, *value, t * value]) {
                *sum += term;
            }
            running.push(sums);
        }
        let n = values.len() as f64;
        let total = values.iter().map(|y| y * y).sum::<f64>() - sums[2] * sums[2] / n;
        Some(Self { times_s, values, running, middle_s, total })
    }

    fn len(&self) -> usize {
        self.values.len()
    }

    /// Instants to try, between calls, each with the time that it stands for.
    fn candidates(&self, from_s: f64, to_s: f64) -> Vec<(f64, f64)> {
        let first = self.times_s.partition_point(|&at| at < from_s).max(1);
        let last = self.times_s.partition_point(|&at| at <= to_s).min(self.len() - 2);
        let step = (last.saturating_sub(first) / MOST_CANDIDATES).max(1);
        let pairs = (first..=last).step_by(step).filter_map(|call| {
            let before = self.times_s.get(call.saturating_sub(step))?.max(from_s);
            let after = self.times_s.get(call)?.min(to_s);
            (after > before).then_some((f64::midpoint(before, after), after - before))
        });
        pairs.collect()
    }

    /// Least squares of level + rise × min(1, (t - onset) / ramp) from the onset on.
    fn fit(&self, onset_s: f64, ramp_s: f64) -> Option<Fit> {
        let n = self.len() as f64;
        let begin = self.times_s.partition_point(|&at| at < onset_s);
        let full = self.times_s.partition_point(|&at| at < onset_s + ramp_s).max(begin);
        let (whole, a, b) =
            (self.running.last()?, self.running.get(begin)?, self.running.get(full)?);
        let after = n - full as f64;
        let (mut x, mut xx, mut xy) = (after, after, whole[2] - b[2]);
        if full > begin && ramp_s > 0.0 {
            let o = onset_s - self.middle_s;
            let count = (full - begin) as f64;
            let [t, tt, y, ty] = [0, 1, 2, 3].map(|index| b[index] - a[index]);
            x += (t - o * count) / ramp_s;
            xx += (tt - 2.0 * o * t + o * o * count) / (ramp_s * ramp_s);
            xy += (ty - o * y) / ramp_s;
        }
        let spread = xx - x * x / n;
        // A change that rests on fewer than two calls on either side is no change.
        if spread < 1.0 || begin < 2 {
            return None;
        }
        let together = xy - x * whole[2] / n;
        let rise = together / spread;
        Some(Fit { explained: rise * together, rise, ramp_s, weight: 0.0 })
    }

    /// How much neighbouring residuals of the best fit repeat each other.
    fn inflation(&self, best: &Fit, candidates: &[(f64, f64)], fits: &[(usize, Fit)]) -> f64 {
        let found = fits.iter().find(|(_, fit)| fit.explained >= best.explained);
        let Some((onset_s, _)) = found.and_then(|(at, _)| candidates.get(*at)) else { return 1.0 };
        let shape = |time_s: f64| match time_s - onset_s {
            since if since < 0.0 => 0.0,
            since if since >= best.ramp_s => 1.0,
            since => since / best.ramp_s,
        };
        let pairs = self.times_s.iter().zip(&self.values);
        let residuals: Vec<f64> =
            pairs.map(|(time_s, value)| value - best.rise * shape(*time_s)).collect();
        variance_inflation(&residuals)
    }
}

fn winsorise(values: &[f64]) -> Vec<f64> {
    let (Some(centre), Some(sd)) = (median(values), robust_sd(values)) else {
        return values.to_vec();
    };
    let reach = if sd > 0.0 { WINSOR_SD * sd } else { f64::MAX };
    // Centred, so that running sums of squares lose no digits.
    values.iter().map(|value| (value - centre).clamp(-reach, reach)).collect()
}

/// Splits a series into stretches of one level: the indices at which a new stretch begins.
///
/// Least squares with a `penalty` per change (in the values' unit squared; see
/// [`usual_penalty`]) and at least `least` values a stretch. Values must be finite.
pub fn segments(values: &[f64], penalty: f64, least: usize) -> Vec<usize> {
    let (n, least) = (values.len(), least.max(1));
    if n < 2 * least {
        return Vec::new();
    }
    let centre = median(values).unwrap_or(0.0);
    let mut running = vec![(0.0, 0.0)];
    for value in values {
        let (sum, squares) = running[running.len() - 1];
        let y = value - centre;
        running.push((sum + y, squares + y * y));
    }
    let cost = |from: usize, to: usize| {
        let (sum, squares) = (running[to].0 - running[from].0, running[to].1 - running[from].1);
        squares - sum * sum / (to - from) as f64
    };
    let mut best = vec![f64::INFINITY; n + 1];
    best[0] = -penalty;
    let mut before = vec![0; n + 1];
    let mut alive = vec![0];
    for to in least..=n {
        for &from in alive.iter().filter(|&&from| to - from >= least) {
            let total: f64 = best[from] + cost(from, to) + penalty;
            if total < best[to] {
                best[to] = total;
                before[to] = from;
            }
        }
        // A start that is already beaten without paying for a change never wins again.
        alive.retain(|&from| to - from < least || best[from] + cost(from, to) <= best[to]);
        alive.push(to);
    }
    let mut found = Vec::new();
    let mut at = before[n];
    while at > 0 {
        found.push(at);
        at = before[at];
    }
    found.reverse();
    found
}

/// A penalty for [`segments`]: three times the Bayesian information criterion's `σ² log n`, with
/// the noise taken from differences of neighbours and enlarged for their correlation.
pub fn usual_penalty(values: &[f64]) -> f64 {
    let steps: Vec<f64> = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let noise = robust_sd(&steps).unwrap_or(0.0) / std::f64::consts::SQRT_2;
    3.0 * noise * noise * (values.len().max(2) as f64).ln()
}

/// A stretch that stands above the usual level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Raised {
    /// Its first bin or value.
    pub from: usize,
    /// The first after it.
    pub to: usize,
    /// Its mean less the usual level, in the unit of the values.
    pub rise: f64,
    /// The square of the rise in units of its own standard error, which knows how far neighbours
    /// repeat each other: comparable between series.
    pub strength: f64,
}

/// The stretches of a series (logarithms, one per bin of time) that stand at least `least_rise`
/// above the level at which the series usually is. Neighbouring ones are one.
pub fn raised(values: &[f64], least_rise: f64, least: usize) -> Vec<Raised> {
    let clipped = winsorise(values);
    let mut cuts = segments(&clipped, usual_penalty(&clipped), least);
    cuts.insert(0, 0);
    cuts.push(values.len());
    let level = |from: usize, to: usize| super::quantile::mean(values.get(from..to)?);
    // The usual level: the median over values of the level of the stretch that each lies in.
    let levels: Vec<f64> = cuts
        .windows(2)
        .filter_map(|cut| Some(std::iter::repeat_n(level(cut[0], cut[1])?, cut[1] - cut[0])))
        .flatten()
        .collect();
    let Some(usual) = median(&levels) else { return Vec::new() };
    let residuals: Vec<f64> =
        values.iter().zip(&levels).map(|(value, level)| value - level).collect();
    let residuals = winsorise(&residuals);
    let noise = super::quantile::variance(&residuals).unwrap_or(0.0).max(f64::MIN_POSITIVE)
        * variance_inflation(&residuals);
    let mut found: Vec<Raised> = Vec::new();
    for cut in cuts.windows(2) {
        let Some(rise) = level(cut[0], cut[1]).map(|level| level - usual) else { continue };
        if rise < least_rise {
            continue;
        }
        match found.last_mut() {
            Some(last) if last.to == cut[0] => {
                let (old, new) = ((last.to - last.from) as f64, (cut[1] - cut[0]) as f64);
                last.rise = (last.rise * old + rise * new) / (old + new);
                last.to = cut[1];
            }
            _ => found.push(Raised { from: cut[0], to: cut[1], rise, strength: 0.0 }),
        }
    }
    for stretch in &mut found {
        stretch.strength = stretch.rise.powi(2) * (stretch.to - stretch.from) as f64 / noise;
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::resample::Rng;
    use super::*;

    /// An hour of calls, one every six seconds, that rise at `onset_s` over `ramp_s`.
    fn hour(onset_s: f64, ramp_s: f64, rise: f64, rng: &mut Rng) -> (Vec<f64>, Vec<f64>) {
        let (mut times, mut values, mut now, mut slow) = (Vec::new(), Vec::new(), 0.0, 0.0);
        while now < 3600.0 {
            now -= 6.0 * (1.0 - rng.uniform()).ln();
            let reached: f64 =
                if ramp_s > 0.0 { (now - onset_s) / ramp_s } else { (now - onset_s) * 1e9 };
            slow = 0.3 * slow + 0.3 * rng.normal();
            times.push(now);
            values.push(slow + rise * reached.clamp(0.0, 1.0));
        }
        (times, values)
    }

    #[test]
    fn the_onset_is_found_within_45_seconds_in_the_median_steps_and_ramps_alike() {
        let mut rng = Rng::new(9);
        for (ramp_s, rise) in [(0.0, 0.4), (0.0, 0.8), (60.0, 0.4), (100.0, 0.8), (100.0, 0.4)] {
            let mut errors = Vec::new();
            for run in 0..40 {
                let truth = 2600.0 + f64::from(run) * 10.0;
                let (times, values) = hour(truth, ramp_s, rise, &mut rng);
                let found = onset(&times, &values, 2400.0, 3500.0, Direction::Up).unwrap();
                assert!(found.strength > 10.0 && found.low_s <= found.high_s);
                errors.push((found.time_s - truth).abs());
            }
            let error = median(&errors).unwrap();
            println!("ramp {ramp_s} rise {rise}: {error}");
            assert!(error <= 45.0, "ramp {ramp_s} rise {rise}: {error}");
        }
    }

    #[test]
    fn a_straggler_moves_no_onset() {
        let mut rng = Rng::new(2);
        let (times, mut values) = hour(3000.0, 0.0, 0.8, &mut rng);
        values[450] = 20.0;
        let found = onset(&times, &values, 2400.0, 3500.0, Direction::Up).unwrap();
        assert!((found.time_s - 3000.0).abs() < 45.0, "{found:?}");
    }

    #[test]
    fn noise_alone_is_weak() {
        let mut rng = Rng::new(4);
        let strong = (0..40)
            .filter(|_| {
                let (times, values) = hour(1e9, 0.0, 0.0, &mut rng);
                let found = onset(&times, &values, 600.0, 3500.0, Direction::Any).unwrap();
                found.strength > 12.0
            })
            .count();
        assert!(strong <= 4, "{strong}");
    }

    #[test]
    fn stretches_are_split_where_the_level_changes() {
        let mut rng = Rng::new(8);
        let level = |bin: usize| if (60..80).contains(&bin) { 1.0 } else { 0.0 };
        let values: Vec<f64> = (0..120).map(|bin| level(bin) + 0.2 * rng.normal()).collect();
        let found = raised(&values, 0.3, 3);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].from.abs_diff(60) <= 1 && found[0].to.abs_diff(80) <= 1, "{found:?}");
        assert!((found[0].rise - 1.0).abs() < 0.2);
    }

    #[test]
    fn a_steady_series_has_no_raised_stretch() {
        let mut rng = Rng::new(12);
        let alarms = (0..50)
            .filter(|_| {
                let values: Vec<f64> = (0..120).map(|_| 0.2 * rng.normal()).collect();
                !raised(&values, 0.15, 3).is_empty()
            })
            .count();
        assert!(alarms <= 1, "{alarms}");
    }

    proptest! {
        #[test]
        fn no_series_panics(
            pairs in prop::collection::vec((-1e6..1e6f64, prop::num::f64::ANY), 0..60),
            from in -1e6..1e6f64, to in -1e6..1e6f64,
        ) {
            let mut times: Vec<f64> = pairs.iter().map(|pair| pair.0).collect();
            times.sort_by(f64::total_cmp);
            let values: Vec<f64> = pairs.iter().map(|pair| pair.1).collect();
            let _ = onset(&times, &values, from, to, Direction::Any);
            let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
            let _ = raised(&finite, 0.1, 2);
        }
    }
}
