//! Small physical regressions (TTFT against uncached tokens, ITL against context) and monotone
//! fits: what the same work would have taken in the baseline.
//!
//! Weighted ridge least squares through Cholesky's factorisation of the normal equations on scaled
//! columns, made robust by Huber's weights (Annals of Mathematical Statistics 35, 1964); isotonic
//! regression by pooling adjacent violators (Ayer et al., 1955).

use super::quantile::{robust_sd, weighted_mean};

/// Huber's constant: 95 % efficient on normal errors.
const HUBER: f64 = 1.345;
/// Rounds of reweighting.
const ROUNDS: usize = 12;

/// How to fit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shape<'a> {
    /// Weight of each row; all one where empty.
    pub weights: &'a [f64],
    /// Ridge penalty on the scaled slopes, in units of rows; 0 is least squares.
    pub ridge: f64,
    /// Whether large residuals lose weight.
    pub robust: bool,
    /// Whether every slope is held at zero or above, as physics asks of work.
    pub non_negative: bool,
}

/// A fitted line.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The level at all-zero predictors.
    pub intercept: f64,
    /// One slope a predictor; 0 for one that was constant or held at zero.
    pub slopes: Vec<f64>,
    /// Covariance of intercept and slopes, row by row (intercept first); 0 where held.
    pub covariance: Vec<Vec<f64>>,
    /// Robust standard deviation of the residuals.
    pub residual_sd: f64,
    /// Share of the weighted variance that it explains.
    pub r2: f64,
    /// Rows that were used.
    pub rows: usize,
    /// Smallest and largest value of each predictor: its support.
    pub support: Vec<(f64, f64)>,
}

impl Line {
    /// The value at these predictors; missing ones count as zero.
    pub fn predict(&self, predictors: &[f64]) -> f64 {
        self.predict_each(predictors.iter().copied())
    }

    /// The same, of predictors that lie apart.
    pub fn predict_each(&self, predictors: impl Iterator<Item = f64>) -> f64 {
        self.intercept + self.slopes.iter().zip(predictors).map(|(b, x)| b * x).sum::<f64>()
    }

    /// Standard error of the predicted mean.
    pub fn error(&self, predictors: &[f64]) -> f64 {
        let row: Vec<f64> = std::iter::once(1.0).chain(predictors.iter().copied()).collect();
        let pairs = row.iter().zip(&self.covariance);
        let sum: f64 =
            pairs.map(|(a, line)| a * line.iter().zip(&row).map(|(c, b)| c * b).sum::<f64>()).sum();
        sum.max(0.0).sqrt()
    }

    /// Whether every predictor lies in the support, stretched by `slack` of its width.
    pub fn supports(&self, predictors: &[f64], slack: f64) -> bool {
        self.support.iter().zip(predictors).all(|(&(low, high), &x)| {
            let reach = slack * (high - low);
            (low - reach..=high + reach).contains(&x)
        })
    }
}

/// Fits `y` to the predictors, one slice a predictor. Rows with a value that is not finite are
/// left out. `None` with fewer rows than twice the coefficients, or no variation at all.
pub fn fit(predictors: &[&[f64]], y: &[f64], shape: Shape<'_>) -> Option<Line> {
    let table = Table::new(predictors, y, shape.weights)?;
    let mut held = vec![false; predictors.len()];
    loop {
        let line = table.robust_line(&held, shape)?;
        // The most negative slope is held at zero first, the rest is fitted anew.
        let negative = |index: &usize| shape.non_negative && line.slopes[*index] < 0.0;
        let scaled = |index: usize| line.slopes[index] * table.scales[index];
        let worst = (0..held.len())
            .filter(negative)
            .min_by(|&a, &b| scaled(a).total_cmp(&scaled(b)).then(a.cmp(&b)));
        match worst {
            Some(index) => held[index] = true,
            None => return Some(line),
        }
    }
}

/// A fit under certain weights, and what it was made of.
struct Plane {
    intercept: f64,
    slopes: Vec<f64>,
    y_mean: f64,
    /// The predictors that have a slope.
    active: Vec<usize>,
    means: Vec<f64>,
    inverse: Vec<Vec<f64>>,
}

/// The complete rows, with each predictor's mean and scale.
struct Table {
    columns: Vec<Vec<f64>>,
    y: Vec<f64>,
    weights: Vec<f64>,
    scales: Vec<f64>,
}

impl Table {
    fn new(predictors: &[&[f64]], y: &[f64], weights: &[f64]) -> Option<Self> {
        let weight = |row: usize| {
            weights.get(row).copied().unwrap_or(f64::from(u8::from(weights.is_empty())))
        };
        let complete = |row: &usize| {
            let at = |column: &&[f64]| column.get(*row).is_some_and(|x| x.is_finite());
            y[*row].is_finite()
                && weight(*row) > 0.0
                && weight(*row).is_finite()
                && predictors.iter().all(at)
        };
        let rows: Vec<usize> = (0..y.len()).filter(complete).collect();
        if rows.len() < 2 * (predictors.len() + 1) {
            return None;
        }
        let columns: Vec<Vec<f64>> =
            predictors.iter().map(|column| rows.iter().map(|&row| column[row]).collect()).collect();
        let scale = |column: &Vec<f64>| super::quantile::variance(column).unwrap_or(0.0).sqrt();
        Some(Self {
            scales: columns.iter().map(scale).collect(),
            columns,
            y: rows.iter().map(|&row| y[row]).collect(),
            weights: rows.iter().map(|&row| weight(row)).collect(),
        })
    }

    fn robust_line(&self, held: &[bool], shape: Shape<'_>) -> Option<Line> {
        let mut weights = self.weights.clone();
        let mut plane = self.plane(&weights, held, shape.ridge)?;
        for _ in 0..if shape.robust { ROUNDS } else { 0 } {
            let residuals = self.residuals(&plane);
            let Some(sd) = robust_sd(&residuals).filter(|sd| *sd > 0.0) else { break };
            for ((weight, own), residual) in weights.iter_mut().zip(&self.weights).zip(&residuals) {
                *weight = own * (HUBER * sd / residual.abs()).min(1.0);
            }
            let next = self.plane(&weights, held, shape.ridge)?;
            let moved = (next.intercept - plane.intercept).abs();
            plane = next;
            if moved <= 1e-9 * sd {
                break;
            }
        }
        Some(self.described(plane, &weights))
    }

    fn residuals(&self, plane: &Plane) -> Vec<f64> {
        let predicted = |row: usize| {
            let terms = plane.slopes.iter().zip(&self.columns).map(|(slope, x)| slope * x[row]);
            plane.intercept + terms.sum::<f64>()
        };
        self.y.iter().enumerate().map(|(row, y)| y - predicted(row)).collect()
    }

    fn plane(&self, weights: &[f64], held: &[bool], ridge: f64) -> Option<Plane> {
        let total: f64 = weights.iter().sum();
        let y_mean = weighted_mean(&self.y, weights)?;
        let active: Vec<usize> =
            (0..held.len()).filter(|&index| !held[index] && self.scales[index] > 0.0).collect();
        let means: Vec<f64> =
            self.columns.iter().map(|x| weighted_mean(x, weights).unwrap_or(0.0)).collect();
        let mut normal = vec![vec![0.0; active.len()]; active.len()];
        let mut right = vec![0.0; active.len()];
        let mut away = vec![0.0; active.len()];
        for (row, weight) in weights.iter().enumerate() {
            for (away, &index) in away.iter_mut().zip(&active) {
                *away = (self.columns[index][row] - means[index]) / self.scales[index];
            }
            for i in 0..active.len() {
                let weighted = weight * away[i];
                right[i] += weighted * (self.y[row] - y_mean);
                for (sum, away) in normal[i].iter_mut().zip(&away).take(i + 1) {
                    *sum += weighted * away;
                }
            }
        }
        // A trace of ridge keeps twin columns solvable.
        (0..active.len()).for_each(|i| normal[i][i] += ridge + 1e-9 * total);
        let inverse = invert(&normal)?;
        let mut slopes = vec![0.0; held.len()];
        for (i, &a) in active.iter().enumerate() {
            let scaled: f64 = inverse[i].iter().zip(&right).map(|(c, r)| c * r).sum();
            slopes[a] = scaled / self.scales[a];
        }
        let intercept = y_mean - slopes.iter().zip(&means).map(|(b, m)| b * m).sum::<f64>();
        Some(Plane { intercept, slopes, y_mean, active, means, inverse })
    }

    /// What is told of the fit that stays.
    fn described(&self, plane: Plane, weights: &[f64]) -> Line {
        let residuals = self.residuals(&plane);
        let Plane { intercept, slopes, y_mean, active, means, inverse } = plane;
        let total: f64 = weights.iter().sum();
        let left: f64 = residuals.iter().zip(weights).map(|(r, w)| w * r * r).sum();
        let whole: f64 = self.y.iter().zip(weights).map(|(y, w)| w * (y - y_mean).powi(2)).sum();
        let freedom = (residuals.len() - active.len() - 1).max(1) as f64;
        let noise = left / total * residuals.len() as f64 / freedom;
        let size = slopes.len() + 1;
        let mut covariance = vec![vec![0.0; size]; size];
        for (i, &a) in active.iter().enumerate() {
            for (j, &b) in active.iter().enumerate() {
                covariance[a + 1][b + 1] =
                    noise * inverse[i][j] / (self.scales[a] * self.scales[b]) * total
                        / weights.len() as f64;
            }
        }
        let with_level: Vec<f64> = covariance
            .iter()
            .map(|row| row.iter().skip(1).zip(&means).map(|(c, mean)| -c * mean).sum())
            .collect();
        for (a, with) in with_level.into_iter().enumerate().skip(1) {
            covariance[0][a] = with;
            covariance[a][0] = with;
        }
        let spread: f64 = (1..size).map(|a| -covariance[0][a] * means[a - 1]).sum();
        covariance[0][0] = noise / residuals.len() as f64 + spread;
        Line {
            intercept,
            slopes,
            covariance,
            residual_sd: robust_sd(&residuals).unwrap_or(0.0),
            r2: if whole > 0.0 { 1.0 - left / whole } else { 0.0 },
            rows: self.y.len(),
            support: self.columns.iter().map(|x| range(x)).collect(),
        }
    }
}

/// Inverse of a symmetric positive definite matrix given by its lower triangle.
fn invert(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let n = matrix.len();
    let mut lower = vec![vec![0.0; n]; n];
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
            let rest: f64 = matrix[i][j] - dot;
            if i == j && rest <= 0.0 {
                return None;
            }
            lower[i][j] = if i == j { rest.sqrt() } else { rest / lower[j][j] };
        }
    }
    let mut inverse = vec![vec![0.0; n]; n];
    #[allow(clippy::needless_range_loop, reason = "columns of a matrix kept by rows")]
    for column in 0..n {
        let mut solved = vec![0.0; n];
        for i in 0..n {
            let dot: f64 = (0..i).map(|k| lower[i][k] * solved[k]).sum();
            solved[i] = (f64::from(u8::from(i == column)) - dot) / lower[i][i];
        }
        for i in (0..n).rev() {
            let dot: f64 = (i + 1..n).map(|k| lower[k][i] * inverse[k][column]).sum();
            inverse[i][column] = (solved[i] - dot) / lower[i][i];
        }
    }
    Some(inverse)
}

fn range(values: &[f64]) -> (f64, f64) {
    values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)))
}

/// A non-decreasing step curve.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Monotone {
    /// Ascending: where each block ends, its value, its weight.
    blocks: Vec<(f64, f64, f64)>,
}

impl Monotone {
    /// Fits `y` to `x` with `weights` (all one where empty). Rows that are not finite are left out.
    pub fn fit(x: &[f64], y: &[f64], weights: &[f64]) -> Self {
        let weight = |row: usize| {
            if weights.is_empty() { 1.0 } else { weights.get(row).copied().unwrap_or(0.0) }
        };
        let mut rows: Vec<(f64, f64, f64)> = x
            .iter()
            .zip(y)
            .enumerate()
            .map(|(row, (x, y))| (*x, *y, weight(row)))
            .filter(|(x, y, weight)| x.is_finite() && y.is_finite() && *weight > 0.0)
            .collect();
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut blocks: Vec<(f64, f64, f64)> = Vec::new();
        for row in rows {
            blocks.push(row);
            // Equal x share a block; a block below the one before it is merged into it.
            while let [.., before, last] = blocks.as_mut_slice()
                && (last.1 <= before.1 || last.0 <= before.0)
            {
                let weight = before.2 + last.2;
                let value = (before.1 * before.2 + last.1 * last.2) / weight;
                *before = (last.0, value, weight);
                blocks.pop();
            }
        }
        Self { blocks }
    }

    /// The curve at `x`, interpolated between the ends of its blocks and flat beyond them.
    pub fn at(&self, x: f64) -> Option<f64> {
        let next = self.blocks.partition_point(|block| block.0 < x);
        let Some(above) = self.blocks.get(next) else { return Some(self.blocks.last()?.1) };
        let Some(below) = next.checked_sub(1).and_then(|at| self.blocks.get(at)) else {
            return Some(above.1);
        };
        let part = (x - below.0) / (above.0 - below.0);
        Some(below.1 + (above.1 - below.1) * part.clamp(0.0, 1.0))
    }

    /// Where each block ends, its value and its weight, ascending.
    pub fn blocks(&self) -> &[(f64, f64, f64)] {
        &self.blocks
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::resample::Rng;
    use super::*;

    #[test]
    fn a_known_line_comes_back_with_honest_errors() {
        let mut rng = Rng::new(1);
        let mut inside = 0;
        for _ in 0..100 {
            let a: Vec<f64> = (0..80).map(|_| 4000.0 * rng.uniform()).collect();
            let b: Vec<f64> = (0..80).map(|_| rng.uniform()).collect();
            let y: Vec<f64> = a
                .iter()
                .zip(&b)
                .map(|(a, b)| 0.3 + 2e-4 * a + 0.5 * b + 0.1 * rng.normal())
                .collect();
            let line = fit(&[&a, &b], &y, Shape::default()).unwrap();
            inside +=
                usize::from((line.slopes[0] - 2e-4).abs() < 1.96 * line.covariance[1][1].sqrt());
            assert!((line.predict(&[2000.0, 0.5]) - 0.95).abs() < 6.0 * line.error(&[2000.0, 0.5]));
        }
        assert!((88..=100).contains(&inside), "{inside}");
    }

    #[test]
    fn stragglers_do_not_bend_a_robust_line() {
        let x: Vec<f64> = (0..60).map(f64::from).collect();
        let mut y: Vec<f64> = x.iter().map(|x| 1.0 + 0.1 * x + 0.01 * (x * 3.3).sin()).collect();
        for row in [50, 55, 58] {
            y[row] += 100.0;
        }
        let plain = fit(&[&x], &y, Shape::default()).unwrap();
        let robust = fit(&[&x], &y, Shape { robust: true, ..Shape::default() }).unwrap();
        assert!((plain.slopes[0] - 0.1).abs() > 0.2);
        assert!((robust.slopes[0] - 0.1).abs() < 0.01, "{robust:?}");
    }

    #[test]
    fn work_never_has_a_negative_slope_where_physics_forbids_it() {
        let x: Vec<f64> = (0..30).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|x| 5.0 - 0.1 * x).collect();
        let line = fit(&[&x], &y, Shape { non_negative: true, ..Shape::default() }).unwrap();
        assert_eq!(line.slopes, [0.0]);
        assert!((line.intercept - 3.55).abs() < 1e-9);
    }

    #[test]
    fn twin_and_constant_columns_are_survived() {
        let x: Vec<f64> = (0..30).map(f64::from).collect();
        let constant = [7.0; 30];
        let line = fit(&[&x, &x, &constant], &x, Shape::default()).unwrap();
        assert!((line.predict(&[10.0, 10.0, 7.0]) - 10.0).abs() < 1e-3, "{line:?}");
        assert!(fit(&[&x], &[1.0, 2.0], Shape::default()).is_none());
        assert!(line.supports(&[0.0, 29.0, 7.0], 0.0) && !line.supports(&[40.0, 0.0, 7.0], 0.1));
    }

    #[test]
    fn pooling_gives_the_known_curve() {
        let curve = Monotone::fit(&[1.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 2.0, 5.0], &[]);
        assert_eq!(curve.blocks(), [(1.0, 1.0, 1.0), (3.0, 2.5, 2.0), (4.0, 5.0, 1.0)]);
        assert_eq!(curve.at(0.0), Some(1.0));
        assert_eq!(curve.at(9.0), Some(5.0));
        assert_eq!(Monotone::default().at(1.0), None);
    }

    proptest! {
        #[test]
        fn a_monotone_curve_never_falls_and_keeps_the_mean(
            pairs in prop::collection::vec((0u8..20, -5.0..5.0f64), 1..50),
        ) {
            let x: Vec<f64> = pairs.iter().map(|pair| f64::from(pair.0)).collect();
            let y: Vec<f64> = pairs.iter().map(|pair| pair.1).collect();
            let curve = Monotone::fit(&x, &y, &[]);
            prop_assert!(curve.blocks().windows(2).all(|pair| pair[0].1 < pair[1].1));
            let sum: f64 = curve.blocks().iter().map(|block| block.1 * block.2).sum();
            prop_assert!((sum - y.iter().sum::<f64>()).abs() < 1e-6);
        }
    }
}
