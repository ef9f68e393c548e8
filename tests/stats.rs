//! The acceptance of the statistics: few false alarms on correlated latency that did not change.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

use llmspan::stats::compare::{Plan, Sample, Statistic, compare};
use llmspan::stats::resample::Rng;

/// Log-normal latency whose logarithm is a first-order autoregression.
fn latency(phi: f64, n: usize, from_s: f64, rng: &mut Rng) -> Sample {
    let mut state = rng.normal();
    let (mut now, mut values, mut starts_s) = (from_s, Vec::new(), Vec::new());
    for _ in 0..n {
        state = phi * state + (1.0 - phi * phi).sqrt() * rng.normal();
        now -= (1.0 - rng.uniform()).ln();
        values.push((0.6 * state).exp());
        starts_s.push(now);
    }
    Sample::new(&values, &starts_s)
}

fn false_alarms(phi: f64, sizes: (usize, usize), statistic: Statistic, runs: usize) -> f64 {
    let mut rng = Rng::new(0x00a1_a4e5 + sizes.0 as u64 + (phi * 10.0) as u64);
    let plan = Plan { replicates: 120, ..Plan::default() };
    let alarms = (0..runs)
        .filter(|_| {
            let baseline = latency(phi, sizes.0, 0.0, &mut rng);
            let window = latency(phi, sizes.1, 1e5, &mut rng);
            let result = compare(&baseline, &window, statistic, plan).unwrap();
            result.low > 1.0 || result.high < 1.0
        })
        .count();
    alarms as f64 / runs as f64
}

#[test]
fn at_most_one_comparison_in_ten_alarms_on_correlated_latency_without_change() {
    let statistics = [
        Statistic::Quantile(0.5),
        Statistic::Quantile(0.95),
        Statistic::Mean,
        Statistic::TailMean(0.05),
    ];
    let mut failed = Vec::new();
    for statistic in statistics {
        for phi in [0.0, 0.6, 0.9] {
            for sizes in [(300, 300), (1200, 300)] {
                let rate = false_alarms(phi, sizes, statistic, 150);
                println!("{statistic:?} phi {phi} {sizes:?}: {rate}");
                if rate > 0.10 {
                    failed.push(format!("{statistic:?} phi {phi} {sizes:?}: {rate}"));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn the_same_seed_gives_the_same_interval() {
    let mut rng = Rng::new(1);
    let (baseline, window) = (latency(0.5, 400, 0.0, &mut rng), latency(0.5, 200, 1e4, &mut rng));
    let run = || compare(&baseline, &window, Statistic::Quantile(0.95), Plan::default());
    assert_eq!(run(), run());
}
