//! The whole answer: recording, fit, the honest choice, predictions, objectives.

use super::curves::curves;
use super::fit::{Fitted, Fitter, Known, NO_CAP, NO_KV, deployment};
use super::limits::limits;
use super::load::Load;
use super::members::members;
use super::objectives::objective;
use super::predict::{Point, constraint, point};
use super::recorded::{deployment_rows, recorded};
use super::recording::Recording;
use super::response::{Excess, Response, response};
use super::search::search;
use super::what_if::WhatIf;
use super::words;
use crate::calls::CallTable;
use crate::diagnosis::Ingest;
use crate::diagnosis::capacity::{
    CAPACITY_SCHEMA, Capacity, Constraint, Engine, Identifiable, Scaled,
};
use crate::error::{Error, Result};
use crate::simulate::engine::Scheduler;
use crate::slo::{Metric, Slo};

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct CapacityArgs {
    /// Multiples of the recorded traffic.
    pub scales: Vec<f64>,
    /// Objectives.
    pub slos: Vec<Slo>,
    /// What the operator knows.
    pub known: Known,
    /// What is supposed.
    pub what_if: WhatIf,
    /// The model looked at; the one with most calls where none is named.
    pub model: Option<String>,
}

/// Fewest calls and shortest recording that tell anything.
const LEAST_CALLS: usize = 200;
const LEAST_S: f64 = 120.0;
/// Calls of the stretch that is looked at, at most.
const MOST_CALLS: usize = 12_000;
/// Calls of the stretch that engines are fitted to, at most: more tell little more.
const FITTED_CALLS: usize = 2500;
/// From this share on, what moves latency is not own load: measured on simulated deployments and
/// shared APIs other than those of the proof.
pub const MOST_HIDDEN: f64 = 0.25;
/// Mean squared difference, in sampling errors, beyond which the engine is not this one.
pub const MOST_MISFIT: f64 = 0.9;
/// Further scales at which objectives are looked at.
const GRID: [f64; 6] = [1.0, 1.25, 1.5, 2.0, 3.0, 4.0];
/// And below, where an objective is broken already.
const BELOW: [f64; 2] = [0.5, 0.75];
/// A scale is outside the recording where own load is that high in less than this share of it.
const SEEN_SHARE: f64 = 0.05;

/// A recording with what was fitted to it.
pub struct Studied {
    /// Its requests.
    pub recording: Recording,
    /// Own load over time.
    pub load: Load,
    /// Engines, best first.
    pub tried: Vec<Fitted>,
    /// Features that were compared.
    pub features: usize,
    /// How latency answers to own load.
    pub response: Response,
    /// What each call took over the same call alone.
    pub excess: Excess,
}

impl Studied {
    /// Fits engines; none where too little is recorded.
    pub fn new(recording: Recording, known: &Known) -> Option<Self> {
        let streamed =
            recording.requests.iter().filter(|r| r.itl_s > 0.0 && r.ttft_s > 0.0).count();
        if streamed < LEAST_CALLS || recording.length_s < LEAST_S {
            return None;
        }
        let load = Load::of(&recording);
        let part = recording.busiest(FITTED_CALLS);
        let part_load = Load::of(&part);
        let fitter = Fitter::new(&part, &part_load);
        let tried = search(&part, &part_load, known, &fitter);
        let features = fitter.features();
        let (response, excess) = response(&recording, tried.first()?);
        Some(Self { tried, features, response, excess, load, recording })
    }

    /// Mean squared difference of the best engine, in sampling errors.
    pub fn misfit(&self) -> f64 {
        self.tried.first().map_or(f64::INFINITY, |best| best.loss / self.features.max(1) as f64)
    }

    /// Whether own load explains what moves latency.
    pub fn own_load_moves_it(&self) -> bool {
        self.response.hidden_share() < MOST_HIDDEN && self.misfit() < MOST_MISFIT
    }
}

/// Answers what is asked of a table.
///
/// # Errors
/// No call, a model that none is of, suppositions without ground.
pub fn capacity(table: &CallTable, ingest: Ingest, args: &CapacityArgs) -> Result<Capacity> {
    let (rows, elsewhere) = deployment_rows(table, args.model.as_deref());
    if rows.is_empty() {
        return Err(Error::usage(
            "no call to look at: none is of that model",
            "leave out --model, or name one that `llmspan timeline --by request_model` lists",
        ));
    }
    let looked_at = busiest(table, &rows);
    let recording = Recording::new(table, looked_at);
    let load = Load::of(&recording);
    let (limits, limited) = limits(table, &rows);
    let mut answer = Capacity {
        schema: CAPACITY_SCHEMA,
        identifiable: Identifiable::No,
        because: String::new(),
        scales: Vec::new(),
        binding_constraint: None,
        binding_scale: None,
        slos: args.slos.iter().map(words::unanswered).collect(),
        what_if: args.what_if.words(),
        recorded: recorded(table, looked_at, elsewhere, &recording, &load, &args.known),
        curves: Vec::new(),
        engine: None,
        limits,
        rests_on: Vec::new(),
        wrong_if: Vec::new(),
        next_steps: Vec::new(),
        ingest,
    };
    let supposed = args.what_if.recording(&recording)?;
    let mix = args.what_if.mix(&recording)?;
    match Studied::new(recording, &args.known) {
        None => words::too_little(&mut answer, LEAST_CALLS, LEAST_S),
        Some(studied) if !studied.own_load_moves_it() => {
            words::not_own_load(&mut answer, &studied, args);
        }
        Some(studied) => answered(&mut answer, &studied, &supposed, &mix, args),
    }
    if limited && answer.identifiable == Identifiable::No {
        answer.binding_constraint = Some(Constraint::RateLimit);
    }
    Ok(answer)
}

/// The stretch with most calls a second, where there are more than a fit needs: what has to be
/// held is the busy hour.
fn busiest<'a>(table: &CallTable, rows: &'a [usize]) -> &'a [usize] {
    let starts = table.starts_ns();
    let length = |first: usize| starts[rows[first + MOST_CALLS - 1]] - starts[rows[first]];
    let first = (0..=rows.len().saturating_sub(MOST_CALLS))
        .min_by_key(|first| if rows.len() > MOST_CALLS { length(*first) } else { 0 });
    let first = first.unwrap_or(0);
    &rows[first..rows.len().min(first + MOST_CALLS)]
}

fn answered(
    answer: &mut Capacity,
    studied: &Studied,
    supposed: &Recording,
    mix: &[f64],
    args: &CapacityArgs,
) {
    let all = members(&studied.tried, studied.features, 1);
    let changed = args.what_if.members(&all);
    let same = vec![1.0; studied.recording.services.len().max(1)];
    let base = point(&studied.recording, &all, 1.0, &same, &args.slos);
    let at = |scale: f64| {
        if scale == 1.0 && args.what_if == WhatIf::default() {
            base.clone()
        } else {
            point(supposed, &changed, scale, mix, &args.slos)
        }
    };
    let mut scales: Vec<f64> = std::iter::once(1.0).chain(args.scales.iter().copied()).collect();
    scales.sort_by(f64::total_cmp);
    scales.dedup();
    let points: Vec<Point> = scales.iter().map(|scale| at(*scale)).collect();
    answer.scales = points.iter().map(|point| scaled(point, &base, studied)).collect();
    let curve = if args.slos.is_empty() { points } else { grid(points, &base, args, at) };
    answer.slos = args
        .slos
        .iter()
        .enumerate()
        .map(|(index, slo)| objective(&curve, &base, index, slo))
        .collect();
    bind(answer, &curve, args);
    answer.engine = Some(engine(studied));
    answer.curves = curves(&studied.recording, &studied.load, &studied.excess);
    words::answered(answer, args);
}

fn scaled(point: &Point, base: &Point, studied: &Studied) -> Scaled {
    let in_flight = point.in_flight();
    Scaled {
        scale: point.scale,
        extrapolated: studied.load.in_flight.share_above(in_flight) < SEEN_SHARE,
        beyond_cliff: point.beyond_cliff(),
        in_flight: Some(in_flight),
        predicted: point.predicted(base),
        lost: Some(point.lost()),
    }
}

/// The points between which objectives are read, up to the first beyond the cliff.
fn grid(
    mut points: Vec<Point>,
    base: &Point,
    args: &CapacityArgs,
    at: impl Fn(f64) -> Point,
) -> Vec<Point> {
    let broken = args.slos.iter().enumerate().any(|(index, slo)| {
        let now = base.objective(base, index, slo).and_then(|bound| bound.high);
        now.is_none_or(|high| high >= slo.bound)
    });
    let below = if broken { &BELOW[..] } else { &[] };
    let cliff = points.iter().find(|p| p.beyond_cliff()).map_or(f64::INFINITY, |p| p.scale);
    for scale in below.iter().chain(&GRID).copied().filter(|scale| *scale < cliff) {
        if points.iter().all(|point| (point.scale - scale).abs() > 1e-9) {
            let next = at(scale);
            let done = next.beyond_cliff();
            points.push(next);
            if done {
                break;
            }
        }
    }
    points.sort_by(|a, b| a.scale.total_cmp(&b.scale));
    points
}

/// What gives first: where the first objective breaks, or at the largest scale that was asked for.
fn bind(answer: &mut Capacity, points: &[Point], args: &CapacityArgs) {
    let most = args.scales.iter().copied().fold(1.0, f64::max);
    let breaks = answer
        .slos
        .iter()
        .zip(&args.slos)
        .filter_map(|(objective, slo)| Some((objective.max_scale.value?, slo.metric)))
        .min_by(|a, b| a.0.total_cmp(&b.0));
    let (scale, metric): (f64, Option<Metric>) =
        breaks.map_or((most, None), |(scale, metric)| (scale, Some(metric)));
    let near = points.iter().find(|point| point.scale >= scale - 1e-9).or_else(|| points.last());
    // A cap that nobody named and the recording never reached may give before all else.
    let seen =
        |point: &&Point| !point.uncapped || point.in_flight() <= answer.recorded.in_flight_peak;
    if let Some(near) = near.filter(seen) {
        answer.binding_constraint = Some(constraint(near, metric));
        answer.binding_scale = Some(near.scale);
    }
}

fn engine(studied: &Studied) -> Engine {
    let best = &studied.tried[0];
    let deployment = deployment(&best.structure, &best.theta);
    let cost = &deployment.engine.cost;
    Engine {
        replicas: deployment.replicas,
        scheduler: match best.structure.scheduler {
            Scheduler::PrefillFirst { .. } | Scheduler::PrefillOnly { .. } => "prefill_first",
            Scheduler::Chunked { .. } | Scheduler::DecodeOnly => "chunked",
        },
        step_floor_s: cost.base_s + cost.weights_s,
        prompt_token_s: cost.token_s,
        context_token_s: cost.kv_s,
        overhead_s: deployment.overhead_s,
        max_sequences: Some(best.structure.max_sequences).filter(|cap| *cap < NO_CAP),
        kv_tokens: Some(best.structure.kv_tokens).filter(|tokens| *tokens < NO_KV),
        misfit: studied.misfit(),
        hidden_share: studied.response.hidden_share(),
    }
}
