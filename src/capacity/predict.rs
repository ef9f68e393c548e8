//! The figures at a multiple of the traffic: every member replayed there, and how far to trust it.

use rayon::prelude::*;

use super::fit::{Fitted, NO_CAP, NO_KV, deployment};
use super::recording::Recording;
use super::replay::{Replayed, arrivals, replay, resampled};
use crate::diagnosis::capacity::{Bound, Constraint, Lost, Predicted};
use crate::slo::{Metric, Slo};
use crate::stats::quantile::{median, of_sorted, sorted, variance};

/// Quantiles that are answered for.
const QUANTILES: [f64; 3] = [0.5, 0.95, 0.99];
/// Figures of a scale: three signals, three quantiles each.
const FIGURES: usize = 9;
/// Two-sided 90 % of a normal distribution.
const Z90: f64 = 1.645;
/// Error that every figure has, in logarithms, by quantile: measured on simulated deployments
/// other than those of the proof.
const BASE_SD: [f64; 3] = [0.04, 0.055, 0.11];
/// Weight of the members' disagreement.
const MEMBER_WEIGHT: f64 = 1.0;
/// Error for each unit by which a figure grows, in logarithms.
const GROWTH_SD: f64 = 0.15;
/// The same where no cap on sequences or memory is known: one may be met on the way.
const GROWTH_SD_UNCAPPED: f64 = 0.5;
/// Error of TTFT and duration for each unit of time spent waiting for room.
const WAIT_SD: f64 = 6.0;
/// A figure less sure than this is given as an interval alone.
const MOST_SD: f64 = 0.15;
/// Time spent waiting beyond which queues, not work, make the latency.
const CLIFF_SHARE: f64 = 0.3;
/// Growth of the backlog over a recording, as a share of its requests, that no engine recovers from.
const CLIFF_BACKLOG: f64 = 0.004;
/// Time lost to load below which nothing gives.
const IDLE_SHARE: f64 = 0.1;

/// One member at one scale.
#[derive(Debug, Clone)]
struct Outcome {
    figures: [f64; FIGURES],
    slos: Vec<f64>,
    backlog_share: f64,
    in_flight: f64,
    lost: Lost,
}

/// All members at one scale.
#[derive(Debug, Clone)]
pub struct Point {
    /// The multiple.
    pub scale: f64,
    /// Whether a cap on sequences or memory may exist that nobody named.
    pub uncapped: bool,
    outcomes: Vec<Outcome>,
}

/// Replays every member at `scale`, with each service's own factor on top.
pub fn point(
    recording: &Recording,
    members: &[Fitted],
    scale: f64,
    mix: &[f64],
    slos: &[Slo],
) -> Point {
    let scales: Vec<f64> = mix.iter().map(|factor| factor * scale).collect();
    let one = |(at, member): (usize, &Fitted)| {
        let seed = at as u64;
        // The first sees the recording's own course, the others another day of it.
        let coming = if at == 0 {
            arrivals(recording, &scales, seed)
        } else {
            resampled(recording, &scales, seed)
        };
        let deployment = deployment(&member.structure, &member.theta);
        Outcome::of(recording, &replay(recording, &deployment, &coming, seed), slos)
    };
    let outcomes = members.par_iter().enumerate().map(one).collect();
    let uncapped = members.first().is_some_and(|member| {
        member.structure.max_sequences >= NO_CAP || member.structure.kv_tokens >= NO_KV
    });
    Point { scale, uncapped, outcomes }
}

impl Outcome {
    fn of(recording: &Recording, replayed: &Replayed, slos: &[Slo]) -> Self {
        // Only calls whose like was timed in the recording: the answer is held against those.
        let of = |known: &dyn Fn(usize) -> bool, value: &dyn Fn(usize) -> f64| {
            let rows = (0..replayed.taken.len()).filter(|at| known(replayed.taken[*at].request));
            sorted(&rows.map(value).collect::<Vec<f64>>())
        };
        let ttft =
            of(&|at| recording.requests[at].ttft_s.is_finite(), &|at| replayed.taken[at].ttft_s);
        let itl =
            of(&|at| recording.requests[at].itl_s.is_finite(), &|at| replayed.taken[at].itl_s);
        let duration = of(&|_| true, &|at| replayed.taken[at].duration_s);
        let signals = [&ttft, &itl, &duration];
        let at = |signal: usize, q: f64| of_sorted(signals[signal], q).unwrap_or(f64::NAN);
        let slo = |slo: &Slo| match (slo.metric, slo.quantile) {
            (Metric::Ttft, Some(q)) => at(0, q),
            (Metric::Itl, Some(q)) => at(1, q),
            (Metric::Duration, Some(q)) => at(2, q),
            _ => f64::NAN,
        };
        let ledger = &replayed.ledger;
        let share = |seconds: f64| seconds / ledger.spent_s.max(1e-9);
        Self {
            figures: std::array::from_fn(|figure| at(figure / 3, QUANTILES[figure % 3])),
            slos: slos.iter().map(slo).collect(),
            backlog_share: replayed.backlog_share,
            in_flight: ledger.spent_s / recording.length_s.max(1e-9),
            lost: Lost {
                slots_share: share(ledger.slots_s),
                kv_memory_share: share(ledger.kv_s),
                prompt_wait_share: share(ledger.prompt_wait_s),
                prompt_stall_share: share(ledger.prompt_stall_s),
                decode_share: share(ledger.decode_s),
            },
        }
    }
}

impl Point {
    fn middle(&self, value: impl Fn(&Outcome) -> f64) -> f64 {
        let values: Vec<f64> = self.outcomes.iter().map(value).collect();
        median(&values).unwrap_or(f64::NAN)
    }

    /// Mean requests in flight.
    pub fn in_flight(&self) -> f64 {
        self.middle(|outcome| outcome.in_flight)
    }

    /// Where time is lost.
    pub fn lost(&self) -> Lost {
        Lost {
            slots_share: self.middle(|outcome| outcome.lost.slots_share),
            kv_memory_share: self.middle(|outcome| outcome.lost.kv_memory_share),
            prompt_wait_share: self.middle(|outcome| outcome.lost.prompt_wait_share),
            prompt_stall_share: self.middle(|outcome| outcome.lost.prompt_stall_share),
            decode_share: self.middle(|outcome| outcome.lost.decode_share),
        }
    }

    /// Whether more comes in than goes out.
    pub fn beyond_cliff(&self) -> bool {
        let lost = self.lost();
        let waiting = lost.slots_share + lost.kv_memory_share + lost.prompt_wait_share;
        waiting > CLIFF_SHARE || self.middle(|outcome| outcome.backlog_share) > CLIFF_BACKLOG
    }

    /// The figures with their intervals, held against those of the recorded traffic.
    pub fn predicted(&self, base: &Self) -> Predicted {
        Predicted::of(std::array::from_fn(|at| {
            let values = |point: &Self| point.outcomes.iter().map(|o| o.figures[at]).collect();
            self.bound(values(self), values(base), at / 3 != 1, BASE_SD[at % 3])
        }))
    }

    /// The figure of an objective.
    pub fn objective(&self, base: &Self, at: usize, slo: &Slo) -> Option<Bound> {
        let values = |point: &Self| point.outcomes.iter().map(|o| o.slos[at]).collect();
        let tail = match slo.quantile? {
            q if q < 0.8 => BASE_SD[0],
            q if q < 0.97 => BASE_SD[1],
            _ => BASE_SD[2],
        };
        self.bound(values(self), values(base), slo.metric != Metric::Itl, tail)
    }

    fn bound(&self, values: Vec<f64>, base: Vec<f64>, waits: bool, floor: f64) -> Option<Bound> {
        if self.beyond_cliff() || !values.iter().all(|value| *value > 0.0) {
            return None;
        }
        let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
        let value = median(&values)?;
        let spread = variance(&logs)?.sqrt() * MEMBER_WEIGHT;
        let growth_sd = if self.uncapped { GROWTH_SD_UNCAPPED } else { GROWTH_SD };
        let growth = (value / median(&base)?).ln().max(0.0) * growth_sd;
        let lost = self.lost();
        let room = if waits { WAIT_SD * (lost.slots_share + lost.kv_memory_share) } else { 0.0 };
        let sd = (floor * floor + spread * spread + growth * growth + room * room).sqrt();
        let reach = (Z90 * sd).exp();
        Some(Bound {
            value: (sd <= MOST_SD * floor / BASE_SD[1]).then_some(value),
            low: Some(value / reach),
            high: Some(value * reach),
        })
    }
}

/// What gives first at a point, for an objective's metric (all of the call without one).
pub fn constraint(point: &Point, metric: Option<Metric>) -> Constraint {
    let lost = point.lost();
    let (wait, run) = match metric {
        Some(Metric::Ttft) => (1.0, 0.0),
        Some(Metric::Itl) => (0.0, 1.0),
        _ => (1.0, 1.0),
    };
    let all = [
        (wait * lost.slots_share, Constraint::Slots),
        (wait * lost.kv_memory_share, Constraint::KvMemory),
        (wait * lost.prompt_wait_share + run * lost.prompt_stall_share, Constraint::PrefillCompute),
        (run * lost.decode_share, Constraint::DecodeBandwidth),
    ];
    let total: f64 = all.iter().map(|(share, _)| share).sum();
    let idle = metric.is_none() && total < IDLE_SHARE;
    let most = all.iter().max_by(|a, b| a.0.total_cmp(&b.0));
    if idle { Constraint::None } else { most.map_or(Constraint::None, |most| most.1) }
}
