//! The whole answer: recording, fit, the honest choice, predictions, objectives.

use std::sync::Arc;

use super::binding;
use super::caching::rehit;
use super::cliff::{Curve, observed_to};
use super::curves::curves;
use super::fit::{Fitted, Fitter, Known, NO_CAP, NO_KV, deployment};
use super::limits::limits;
use super::load::Load;
use super::made;
use super::members::members;
use super::metrics::{LEAST_SEEN, servers};
use super::objectives::objective;
use super::predict::{Point, SEEN_SHARE, point};
use super::recorded::{deployment_rows, recorded};
use super::recording::{Recording, Request};
use super::response::{Excess, Response, response};
use super::search::search;
use super::what_if::WhatIf;
use super::words;
use crate::calls::CallTable;
use crate::diagnosis::Ingest;
use crate::diagnosis::capacity::{CAPACITY_SCHEMA, Capacity, Engine, Identifiable, Scaled};
use crate::error::{Error, Result};
use crate::servers::ServerMetrics;
use crate::simulate::engine::Scheduler;
use crate::slo::Slo;

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
    /// What the servers said of themselves.
    pub servers: Arc<ServerMetrics>,
    /// Whether multiples between those asked for are looked at too, for the plot.
    pub between: bool,
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
/// The same of TTFT, which is noisier: routing and a prompt in front move it too. It tells where
/// others' prompts are computed elsewhere than answers, so that ITL shows nothing of them.
pub const MOST_HIDDEN_TTFT: f64 = 0.8;
/// Mean squared difference, in sampling errors, beyond which the engine is not this one.
pub const MOST_MISFIT: f64 = 0.9;

/// How many calls tell what.
pub struct Timed {
    /// Time to the first chunk.
    pub ttft: usize,
    /// Time per token.
    pub itl: usize,
    /// Both.
    pub whole: usize,
}

impl Timed {
    fn of(recording: &Recording) -> Self {
        let many = |known: fn(&Request) -> bool| {
            recording.requests.iter().filter(|request| known(request)).count()
        };
        Self {
            ttft: many(|request| request.ttft_s > 0.0),
            itl: many(|request| request.itl_s > 0.0),
            whole: many(|request| request.ttft_s > 0.0 && request.itl_s > 0.0),
        }
    }
}

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
        if Timed::of(&recording).whole < LEAST_CALLS || recording.length_s < LEAST_S {
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
        self.response.hidden_share() < MOST_HIDDEN
            && self.response.hidden_ttft_share() < MOST_HIDDEN_TTFT
            && self.misfit() < MOST_MISFIT
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
    let mut recording = Recording::new(table, looked_at);
    let load = Load::of(&recording);
    let told = servers(&args.servers, table, looked_at, &recording, &load);
    let known = told.map_or(args.known, |servers| servers.known(&args.known));
    if let Some(ratio) = told.and_then(|servers| servers.prefix_hit_ratio)
        && !recording.cache_known
    {
        rehit(&mut recording, ratio);
    }
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
        recorded: recorded(table, looked_at, elsewhere, &recording, &load, &known),
        curves: Vec::new(),
        engine: None,
        limits,
        servers: told,
        cliff: None,
        observed_to_scale: None,
        how_made: Vec::new(),
        rests_on: Vec::new(),
        wrong_if: Vec::new(),
        next_steps: Vec::new(),
        ingest,
    };
    let supposed = args.what_if.recording(&recording)?;
    let mix = args.what_if.mix(&recording)?;
    if let Some(seen) = unseen_load(&answer, &recording) {
        words::others_use_it(&mut answer, seen);
    } else {
        let timed = Timed::of(&recording);
        match Studied::new(recording, &known) {
            None => words::too_little(&mut answer, &timed, LEAST_CALLS, LEAST_S),
            Some(studied) if !studied.own_load_moves_it() => {
                words::not_own_load(&mut answer, &studied, args);
            }
            Some(studied) => answered(&mut answer, &studied, &supposed, &mix, args)?,
        }
    }
    binding::of_account(&mut answer, args, limited);
    Ok(answer)
}

/// Own calls over those that the servers had, where others use them or spans are missing.
fn unseen_load(answer: &Capacity, recording: &Recording) -> Option<f64> {
    let of_servers = answer.servers.map(|servers| servers.seen_share);
    // Not even one replica's running requests are accounted for.
    let of_spans = answer.recorded.seen_share.or(recording.reported.replicas);
    of_servers.or(of_spans).filter(|seen| *seen < LEAST_SEEN)
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
) -> Result<()> {
    let all = members(&studied.tried, studied.features, 1);
    let changed = args.what_if.members(&all)?;
    let same = vec![1.0; studied.recording.services.len().max(1)];
    let base = point(&studied.recording, &all, 1.0, &same, &args.slos);
    let at = |scale: f64| {
        if scale == 1.0 && args.what_if == WhatIf::default() {
            base.clone()
        } else {
            let found = point(supposed, &changed, scale, mix, &args.slos);
            found.marked(&base, &studied.load.in_flight)
        }
    };
    let mut curve = Curve::new(&args.scales, at);
    if args.between {
        curve.between();
    }
    answer.scales =
        curve.points().iter().map(|point| scaled(point, &base, studied, args)).collect();
    if broken(&base, args) {
        curve.below();
    }
    if !args.slos.is_empty() {
        curve.beyond();
    }
    curve.close_in();
    let points = curve.points();
    answer.cliff = Some(curve.cliff());
    answer.observed_to_scale = observed_to(points, &studied.load);
    answer.slos = args
        .slos
        .iter()
        .enumerate()
        .map(|(index, slo)| objective(points, &base, index, slo))
        .collect();
    binding::of_engine(answer, points, args);
    answer.engine = Some(engine(studied));
    answer.curves = curves(&studied.recording, &studied.load, &studied.excess);
    answer.how_made = made::judged(studied);
    words::answered(answer, args);
    Ok(())
}

fn scaled(point: &Point, base: &Point, studied: &Studied, args: &CapacityArgs) -> Scaled {
    let in_flight = point.in_flight();
    Scaled {
        scale: point.scale,
        asked: point.scale == 1.0 || args.scales.contains(&point.scale),
        extrapolated: studied.load.in_flight.share_above(in_flight) < SEEN_SHARE,
        beyond_cliff: point.beyond_cliff(),
        in_flight: Some(in_flight),
        predicted: point.predicted(base),
        lost: Some(point.lost()),
    }
}

/// Whether an objective may be broken by the recorded traffic already.
fn broken(base: &Point, args: &CapacityArgs) -> bool {
    args.slos.iter().enumerate().any(|(index, slo)| {
        let now = base.objective(base, index, slo).and_then(|bound| bound.high);
        now.is_none_or(|high| high >= slo.bound)
    })
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
        hidden_ttft_share: studied.response.hidden_ttft_share(),
    }
}
