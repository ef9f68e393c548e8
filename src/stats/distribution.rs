//! The normal and Student distributions: the multipliers of every interval.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Standard normal probability below `z`.
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * erfc(-z * FRAC_1_SQRT_2)
}

/// Standard normal quantile; `p` outside (0, 1) gives an infinity.
///
/// Starts from Abramowitz and Stegun 26.2.23 and polishes it by Newton's method.
pub fn normal_quantile(p: f64) -> f64 {
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    let tail = p.min(1.0 - p);
    let t = (-2.0 * tail.ln()).sqrt();
    let top = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let bottom = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut z = t - top / bottom;
    for _ in 0..3 {
        let density = (-0.5 * z * z).exp() / (2.0 * PI).sqrt();
        if density > 0.0 {
            z -= (tail - normal_cdf(-z)) / density;
        }
    }
    if p < 0.5 { -z } else { z }
}

/// Student quantile with `freedom` degrees of freedom (at least 1), by the expansion of Abramowitz
/// and Stegun 26.7.5; exact at one and two degrees.
pub fn student_quantile(p: f64, freedom: f64) -> f64 {
    let freedom = freedom.max(1.0);
    if freedom < 1.5 {
        return (PI * (p - 0.5)).tan();
    }
    if freedom < 2.5 {
        return (2.0 * p - 1.0) / (2.0 * p * (1.0 - p)).sqrt();
    }
    let z = normal_quantile(p);
    let s = z * z;
    let g1 = z * (s + 1.0) / 4.0;
    let g2 = z * ((5.0 * s + 16.0) * s + 3.0) / 96.0;
    let g3 = z * (((3.0 * s + 19.0) * s + 17.0) * s - 15.0) / 384.0;
    let g4 = z * ((((79.0 * s + 776.0) * s + 1482.0) * s - 1920.0) * s - 945.0) / 92160.0;
    z + (g1 + (g2 + (g3 + g4 / freedom) / freedom) / freedom) / freedom
}

/// Complementary error function: the Taylor series near zero, the continued fraction of Abramowitz
/// and Stegun 7.1.14 beyond.
fn erfc(x: f64) -> f64 {
    if x < 0.0 {
        return 2.0 - erfc(-x);
    }
    if x < 2.0 {
        let (mut term, mut sum) = (x, x);
        for n in 1..60 {
            let n = f64::from(n);
            term *= -x * x / n;
            sum += term / (2.0 * n + 1.0);
        }
        return 1.0 - 2.0 / PI.sqrt() * sum;
    }
    let fraction = (1..=60).rev().fold(x, |below, n| x + f64::from(n) / 2.0 / below);
    (-x * x).exp() / PI.sqrt() / fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_values_come_out() {
        for (p, z) in [(0.975, 1.959_963_985), (0.95, 1.644_853_627), (0.001, -3.090_232_306)] {
            assert!((normal_quantile(p) - z).abs() < 1e-8, "{p}");
            assert!((normal_cdf(z) - p).abs() < 1e-9, "{p}");
        }
        for (freedom, t) in [(1.0, 12.706), (2.0, 4.303), (5.0, 2.571), (30.0, 2.042)] {
            assert!((student_quantile(0.975, freedom) - t).abs() < 0.01, "{freedom}");
        }
        assert!((student_quantile(0.975, 3.0) - 3.182).abs() < 0.06);
    }
}
