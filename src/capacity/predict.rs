//! The figures at a multiple of the traffic: every member replayed there, and how far to trust it.

use rayon::prelude::*;

use super::fit::{Fitted, NO_CAP, NO_KV, deployment};
use super::load::Level;
use super::recording::Recording;
use super::replay::{Replayed, arrivals, replay, resampled};
use crate::diagnosis::capacity::{Bound, Constraint, Lost, Predicted};
use crate::slo::{Metric, Slo};
use crate::stats::quantile::{median, of_sorted, sorted, variance};

/// Quantiles that are answered for.
const QUANTILES: [f64; 3] = [0.5, 0.95, 0.99];
/// Figures of a scale: three signals, three quantiles each.
const FIGURES: usize = 9;
/// How much more traffic shows how steep a figure is there, as a part of it, and on how many members.
const PUSH: f64 = 0.06;
const PUSHED: usize = 3;
/// Two-sided 90 % of a normal distribution.
const Z90: f64 = 1.645;
/// Error that every figure of TTFT, ITL and duration has, in logarithms, by quantile: measured on
/// simulated deployments other than those of the proof, as are the weights below.
const BASE_SD: [[f64; 3]; 3] = [[0.05, 0.07, 0.14], [0.036, 0.05, 0.1], [0.036, 0.045, 0.09]];
/// Weight of the members' disagreement.
const MEMBER_WEIGHT: f64 = 1.0;
/// Error for each unit by which a figure grows, in logarithms.
const GROWTH_SD: f64 = 0.15;
/// Error of the traffic that an engine bears, in logarithms, by signal: what its costs are off moves
/// a figure as so much more traffic does. TTFT's is the largest, for it waits on whole prompts.
const LOAD_SD: [f64; 3] = [0.054, 0.036, 0.036];
/// Error of TTFT and duration for each unit of time spent waiting for room.
const WAIT_SD: f64 = 6.0;
/// A figure less sure than this is given as an interval alone, by quantile.
const MOST_SD: [f64; 3] = [0.11, 0.15, 0.3];
/// Time spent waiting beyond which queues, not work, make the latency.
const CLIFF_SHARE: f64 = 0.3;
/// Own load that is met in less than this share of the time is outside the recording.
pub const SEEN_SHARE: f64 = 0.05;
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
    /// Whether such a cap lies within reach: more is in flight than ever was in the recording.
    pub unseen: bool,
    /// Replicas that serve it.
    pub replicas: usize,
    outcomes: Vec<Outcome>,
    /// Of the first members, with a little more traffic.
    pushed: Vec<Outcome>,
}

/// Replays every member at `scale`, with each service's own factor on top.
pub fn point(
    recording: &Recording,
    members: &[Fitted],
    scale: f64,
    mix: &[f64],
    slos: &[Slo],
) -> Point {
    let one = |more: f64, (at, member): (usize, &Fitted)| {
        let scales: Vec<f64> = mix.iter().map(|factor| factor * scale * more).collect();
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
    let outcomes = members.par_iter().enumerate().map(|member| one(1.0, member)).collect();
    let few = &members[..members.len().min(PUSHED)];
    let pushed = few.par_iter().enumerate().map(|member| one(1.0 + PUSH, member)).collect();
    let uncapped = members.first().is_some_and(|member| {
        member.structure.max_sequences >= NO_CAP || member.structure.kv_tokens >= NO_KV
    });
    let replicas = members.first().map_or(1, |member| member.structure.replicas);
    Point { scale, uncapped, unseen: false, replicas, outcomes, pushed }
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

    /// Marks a multiple at which a cap may be met that the recording, whose load is given, never
    /// reached: busy moments have more in flight on a replica than the busiest recorded one.
    pub fn marked(mut self, base: &Self, load: &Level) -> Self {
        let fewer = base.replicas as f64 / self.replicas as f64;
        let busy = load.exceeded(SEEN_SHARE) * fewer * self.in_flight() / base.in_flight();
        self.unseen = self.uncapped && busy > load.peak();
        self
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
            self.bound(base, |outcome| outcome.figures[at], at / 3, at % 3)
        }))
    }

    /// The figure of an objective.
    pub fn objective(&self, base: &Self, at: usize, slo: &Slo) -> Option<Bound> {
        let tail = match slo.quantile? {
            q if q < 0.8 => 0,
            q if q < 0.97 => 1,
            _ => 2,
        };
        let signal = match slo.metric {
            Metric::Ttft => 0,
            Metric::Itl => 1,
            _ => 2,
        };
        self.bound(base, |outcome| outcome.slos[at], signal, tail)
    }

    fn bound(
        &self,
        base: &Self,
        figure: impl Fn(&Outcome) -> f64,
        signal: usize,
        tail: usize,
    ) -> Option<Bound> {
        let values: Vec<f64> = self.outcomes.iter().map(&figure).collect();
        if self.beyond_cliff() || !values.iter().all(|value| *value > 0.0) {
            return None;
        }
        let pushed: Vec<f64> = self
            .pushed
            .iter()
            .zip(&values)
            .map(|(more, value)| (figure(more) / value).ln())
            .collect();
        let base: Vec<f64> = base.outcomes.iter().map(&figure).collect();
        let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
        let value = median(&values)?;
        let spread = variance(&logs)?.sqrt() * MEMBER_WEIGHT;
        let growth = (value / median(&base)?).ln().max(0.0) * GROWTH_SD;
        let steep = (median(&pushed)? / (1.0 + PUSH).ln()).max(0.0) * LOAD_SD[signal];
        let lost = self.lost();
        // ITL does not wait for room.
        let waits = lost.slots_share + lost.kv_memory_share;
        let room = if signal == 1 { 0.0 } else { WAIT_SD * waits };
        let terms = [BASE_SD[signal][tail], spread, growth, steep, room];
        let sd = terms.iter().map(|term| term * term).sum::<f64>().sqrt();
        let reach = (Z90 * sd).exp();
        if self.unseen {
            // A cap that is met adds waits of any length, and takes nothing away.
            return Some(Bound { value: None, low: Some(value / reach), high: None });
        }
        Some(Bound {
            value: (sd <= MOST_SD[tail]).then_some(value),
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
