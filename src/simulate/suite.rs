//! Plans and writes cases: which cause, how strong, how large, seen through what.

use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::Value as Json;

use super::case::{Severity, Wanted, make};
use super::dialect::Dialect;
use super::dump::{Dump, assemble};
use super::incident::{Effect, Trap};
use super::labels::{Observability, PromptIdentity};
use super::rng::Rng;
use super::trace_file::TraceRow;
use super::truth_file::truth;
use super::write::{Format, write};
use crate::diagnosis::Cause;
use crate::error::{Error, Result};

/// What the cases of a run are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// One cause.
    Cause(Cause),
    /// Healthy windows.
    Healthy,
    /// Two causes at once.
    Compound,
    /// Every cause in turn, with healthy windows and compounds among them.
    All,
}

/// A run of the simulator.
#[derive(Debug, Clone)]
pub struct Suite {
    /// What about.
    pub theme: Theme,
    /// How many cases.
    pub cases: u32,
    /// Everything random follows from it.
    pub seed: u64,
    /// The dialect; `None` to vary it.
    pub dialect: Option<Dialect>,
    /// The level of observability; `None` to vary it.
    pub observability: Option<Observability>,
    /// The form; `None` to vary it.
    pub format: Option<Format>,
    /// The severity; `None` to vary it.
    pub severity: Option<Severity>,
    /// Calls in the window; `None` to vary it.
    pub window_calls: Option<u32>,
    /// Requests that drive the traffic.
    pub trace: Option<Arc<[TraceRow]>>,
}

/// One case, planned.
#[derive(Debug, Clone)]
struct Plan {
    number: u32,
    wanted: Wanted,
    dump: Dump,
    format: Format,
}

/// Writes every case to `folder/NNN/`; returns how many.
pub fn write_suite(suite: &Suite, folder: &Path) -> Result<u32> {
    let plans: Vec<Plan> = (0..suite.cases).map(|number| plan(suite, number)).collect();
    plans.par_iter().map(|plan| write_case(plan, folder)).collect::<Result<Vec<()>>>()?;
    Ok(suite.cases)
}

/// Makes the dump and the truth of one case in memory: bytes come from `write`.
fn write_case(plan: &Plan, folder: &Path) -> Result<()> {
    let folder = folder.join(format!("{:03}", plan.number));
    let io = |source| Error::Io { path: folder.clone(), source };
    std::fs::create_dir_all(&folder).map_err(io)?;
    let case = make(&plan.wanted);
    let assembled = assemble(&case, &plan.dump);
    let bytes = write(&assembled, plan.format, &folder.join(plan.format.file()))?;
    let truth = truth(&case, &plan.dump, &assembled, plan.format, plan.number, bytes);
    save(&folder.join("truth.json"), &truth)
}

fn save(path: &Path, truth: &Json) -> Result<()> {
    let text = serde_json::to_string(truth).map_err(|error| Error::Output {
        place: path.display().to_string(),
        message: error.to_string(),
    })?;
    std::fs::write(path, text + "\n").map_err(|source| Error::Io { path: path.to_owned(), source })
}

/// How often each level is drawn: the richer ones more, as the accuracy suite weighs them.
const LEVELS: [(Observability, f64); 4] = [
    (Observability::Full, 0.35),
    (Observability::Typical, 0.4),
    (Observability::TtftTokens, 0.13),
    (Observability::DurationTokens, 0.12),
];

const SIZES: [u32; 8] = [60, 100, 150, 220, 320, 500, 900, 2000];

/// The effects of a case: the causes in turn, every fourth case healthy, every tenth a compound.
fn effects(suite: &Suite, number: u32, rng: &mut Rng) -> Vec<Effect> {
    let index = usize::try_from(number).unwrap_or(0);
    let trap = Effect::Trap(Trap::ALL[(index / 4) % Trap::ALL.len()]);
    match suite.theme {
        Theme::Cause(cause) => vec![Effect::Cause(cause)],
        Theme::Healthy => vec![Effect::Trap(Trap::ALL[index % Trap::ALL.len()])],
        Theme::Compound => compound(rng),
        Theme::All if number % 4 == 3 => vec![trap],
        Theme::All if number % 20 == 10 => compound(rng),
        Theme::All => vec![Effect::Cause(Cause::ALL[(index - index / 4) % Cause::ALL.len()])],
    }
}

/// Two causes that can happen at once and are told apart by what they move.
fn compound(rng: &mut Rng) -> Vec<Effect> {
    const PAIRS: [(Cause, Cause); 8] = [
        (Cause::CacheMissPromptChanged, Cause::OutputGrowth),
        (Cause::OutputGrowth, Cause::DecodeContention),
        (Cause::PromptGrowth, Cause::ClientRetries),
        (Cause::DecodeContention, Cause::ClientStall),
        (Cause::RegionChange, Cause::PromptGrowth),
        (Cause::AcceptanceDropDraftSwap, Cause::PromptGrowth),
        (Cause::CapacityEvent, Cause::OutputGrowth),
        (Cause::CacheMissPromptChanged, Cause::DecodeContention),
    ];
    let (first, second) = *rng.pick(&PAIRS);
    vec![Effect::Cause(first), Effect::Cause(second)]
}

fn plan(suite: &Suite, number: u32) -> Plan {
    let mut rng = Rng::keyed(&[suite.seed, 90, u64::from(number)]);
    let effects = effects(suite, number, &mut rng);
    let weights = LEVELS.map(|(_, weight)| weight);
    let level = suite.observability.unwrap_or(LEVELS[rng.weighted(&weights)].0);
    let dialect = suite.dialect.unwrap_or_else(|| *rng.pick(&Dialect::ALL));
    let rich = matches!(level, Observability::Full | Observability::Typical);
    let dump = Dump {
        dialect,
        observability: level,
        prompt: *rng.pick(&[
            PromptIdentity::NameVersion,
            PromptIdentity::NameVersion,
            PromptIdentity::Hash,
            PromptIdentity::None,
        ]),
        tenant: rng.chance(0.55),
        miss_event: rng.chance(0.7),
        old_http: rng.chance(0.5),
        cloud_region: rng.chance(0.5),
        edge: rng.chance(0.6) || effects.contains(&Effect::Trap(Trap::EdgeChange)),
    };
    let format = suite.format.unwrap_or_else(|| *rng.pick(&Format::ALL));
    let size = *rng.pick(&SIZES);
    Plan {
        number,
        wanted: Wanted {
            effects,
            severity: suite.severity.unwrap_or_else(|| *rng.pick(&Severity::ALL)),
            window_calls: suite.window_calls.unwrap_or(size).clamp(20, 50_000),
            providers: dialect.providers(),
            tenants: rich && dump.tenant,
            seed: super::rng::mix(&[suite.seed, 91, u64::from(number)]),
            trace: suite.trace.clone(),
        },
        dump,
        format,
    }
}
