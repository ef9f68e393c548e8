//! Why caches were missed: the ladder from the provider's own reason to what the calls' history
//! allows to infer.

use std::collections::{BTreeMap, BTreeSet};

use super::Signals;
use super::effects::Effect;
use super::frame::{Frame, Side};
use crate::calls::Codes;

/// Why a call lost cached tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(usize)]
pub enum Why {
    /// The prefix was edited.
    PromptChanged,
    /// Unchanged and used recently, and yet gone.
    Evicted,
    /// Idle beyond the time to live, or first used.
    Cold,
}

/// Every reason, in the order of [`Why`].
pub const WHYS: [Why; 3] = [Why::PromptChanged, Why::Evicted, Why::Cold];

/// The misses of the window, by reason, beyond what the baseline shows of each.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Misses {
    /// Share of the window's lost tokens by reason, in the order of [`WHYS`]; sums to 1 where any
    /// token was lost.
    pub shares: [f64; 3],
    /// Calls that lost tokens, in the window.
    pub missed_calls: usize,
    /// Share of those whose reason the span itself carries.
    pub told_share: f64,
    /// Whether the spans identify the prefix by version, hash or name.
    pub identified: bool,
    /// Share of the window's calls that carry a version or hash that the baseline did not know.
    pub new_prefix_share: f64,
    /// Hit ratio in the baseline.
    pub baseline_hit_ratio: f64,
    /// Hit ratio in the window.
    pub window_hit_ratio: f64,
    /// Cache writes a call in the baseline, tokens; NaN where not reported.
    pub baseline_writes: f64,
    /// Cache writes a call in the window, tokens; NaN where not reported.
    pub window_writes: f64,
}

/// A cache entry idle for this long is usually gone: 5 minutes at Anthropic and on Bedrock, 5 to
/// 10 at `OpenAI` and Azure (providers' documentation, read 2026-11-22).
const TIME_TO_LIVE_S: f64 = 300.0;
/// Lost tokens below this are rounding and natural growth (caches store in steps of 128 tokens).
const LEAST_LOST_TOKENS: f64 = 256.0;
/// A version held by this share of the baseline's calls of its prompt is not new.
const NEW_SHARE: f64 = 0.05;
/// A new version's share of the baseline is at most this part of its share of the window.
const GREW: f64 = 0.2;

impl Misses {
    /// Walks the ladder for every call of a slice.
    pub fn new(signals: &Signals, slice: usize) -> Self {
        let frame = &signals.frame;
        let history = History::new(signals);
        let mut lost = [[0.0_f64; 3]; 2];
        let mut calls = [0.0_f64; 2];
        let (mut missed_calls, mut told, mut new_prefix) = (0, 0.0, 0.0);
        for &row in &signals.slices.slices[slice].rows {
            let row = row as usize;
            let side = usize::from(frame.sides[row] == Side::Window);
            calls[side] += 1.0;
            if side == 1 && history.new_prefix[row] {
                new_prefix += 1.0;
            }
            let tokens = frame.uncached_tokens[row] - signals.effects.usual_uncached[row];
            let provider = frame.provider.get(row);
            let cacheable = frame.input_tokens[row].is_nan()
                || frame.input_tokens[row] >= signals.standards.minimum_tokens(provider);
            let missed = cacheable
                && tokens >= LEAST_LOST_TOKENS
                && signals.effects.logs[Effect::Cache as usize][row] > 0.02;
            if !missed {
                continue;
            }
            let (why, by_span) = history.why(signals, row);
            lost[side][why as usize] += tokens;
            if side == 1 {
                missed_calls += 1;
                told += f64::from(u8::from(by_span));
            }
        }
        let hit = |side| ratio(frame, signals, slice, side);
        Self {
            shares: excess(&lost, &calls),
            missed_calls,
            told_share: told / f64::from(u32::try_from(missed_calls.max(1)).unwrap_or(u32::MAX)),
            identified: !frame.prompt_version.values.is_empty()
                || !frame.prompt_hash.values.is_empty(),
            new_prefix_share: new_prefix / calls[1].max(1.0),
            baseline_hit_ratio: hit(Side::Baseline),
            window_hit_ratio: hit(Side::Window),
            baseline_writes: writes(frame, signals, slice, Side::Baseline),
            window_writes: writes(frame, signals, slice, Side::Window),
        }
    }
}

/// Lost tokens a call by reason, beyond the baseline's, as shares.
fn excess(lost: &[[f64; 3]; 2], calls: &[f64; 2]) -> [f64; 3] {
    let mut beyond = [0.0; 3];
    for (at, beyond) in beyond.iter_mut().enumerate() {
        *beyond = (lost[1][at] / calls[1].max(1.0) - lost[0][at] / calls[0].max(1.0)).max(0.0);
    }
    let sum: f64 = beyond.iter().sum();
    if sum > 0.0 { beyond.map(|value| value / sum) } else { beyond }
}

/// What each call knew about its prefix before it.
struct History {
    new_prefix: Vec<bool>,
    /// A prefix that nobody has used before, for a caller that is new or as one of many such.
    first_use: Vec<bool>,
    idle_s: Vec<f64>,
}

impl History {
    fn new(signals: &Signals) -> Self {
        let frame = &signals.frame;
        let new_version = new_values(signals, &frame.prompt_version);
        let new_hash = new_values(signals, &frame.prompt_hash);
        let first_use: Vec<bool> = first_uses(signals, &new_hash)
            .iter()
            .zip(&new_version)
            .map(|(first, edited)| *first && !*edited)
            .collect();
        let new_prefix = (0..frame.len())
            .map(|row| new_version[row] || new_hash[row] && !first_use[row])
            .collect();
        let mut last: BTreeMap<(usize, u32, u32), f64> = BTreeMap::new();
        let mut idle_s = vec![f64::INFINITY; frame.len()];
        for row in 0..frame.len() {
            let key =
                (signals.cells.cell[row], frame.prompt_hash.codes[row], frame.tenant.codes[row]);
            if let Some(before) = last.insert(key, frame.starts_s[row]) {
                // Of a prefix that others use too, the calls in between may not be among the sample.
                idle_s[row] = (frame.starts_s[row] - before) / signals.periods.one_in as f64;
            }
        }
        Self { new_prefix, first_use, idle_s }
    }

    /// The reason, and whether the span itself gave it.
    fn why(&self, signals: &Signals, row: usize) -> (Why, bool) {
        let frame = &signals.frame;
        let provider = frame.provider.get(row);
        match frame.miss_reason.get(row) {
            Some("prompt_changed") => return (Why::PromptChanged, true),
            Some("evicted") => return (Why::Evicted, true),
            Some("cold") => return (Why::Cold, true),
            _ => {}
        }
        if self.new_prefix[row] {
            (Why::PromptChanged, false)
        } else if self.first_use[row]
            || self.idle_s[row] > signals.standards.time_to_live_s(provider, TIME_TO_LIVE_S)
        {
            (Why::Cold, false)
        } else {
            (Why::Evicted, false)
        }
    }
}

/// Which of the calls with a new hash use a prefix for the first time, rather than one that was
/// edited. An edit turns the texts that callers used into others, which the same callers go on
/// using, be it another with every call; who comes for the first time brings a prefix of his own.
/// Where callers are not told apart, many new texts are first uses while the old ones go on as often
/// as before.
fn first_uses(signals: &Signals, new_hash: &[bool]) -> Vec<bool> {
    let frame = &signals.frame;
    let cell = &signals.cells.workload;
    let (hash, tenant) = (&frame.prompt_hash.codes, &frame.tenant.codes);
    let mut callers: BTreeSet<(usize, u32)> = BTreeSet::new();
    let mut texts = vec![Texts::default(); signals.cells.workloads];
    for row in (0..frame.len()).filter(|row| hash[*row] != Codes::NULL) {
        let of = &mut texts[cell[row]];
        match frame.sides[row] {
            Side::Baseline => {
                callers.insert((cell[row], tenant[row]));
                of.known.insert(hash[row]);
                of.before += 1.0;
            }
            Side::Window if new_hash[row] => {
                of.new.insert(hash[row]);
            }
            Side::Window => of.after += 1.0,
            Side::Neither => {}
        }
    }
    let joined = |row: usize| {
        let of = &texts[cell[row]];
        let many = of.new.len() as f64 > MANY_TEXTS * of.known.len() as f64;
        let (was, is) = (of.before / frame.baseline_s.max(1.0), of.after / frame.window_s.max(1.0));
        many && is >= WENT_ON * was
    };
    let first = |row: usize| match tenant[row] {
        Codes::NULL => joined(row),
        caller => !callers.contains(&(cell[row], caller)),
    };
    (0..frame.len()).map(|row| new_hash[row] && first(row)).collect()
}

/// The texts of one workload: those that the baseline knew and those that are new, and how many
/// calls used the known ones on each side.
#[derive(Debug, Clone, Default)]
struct Texts {
    known: BTreeSet<u32>,
    new: BTreeSet<u32>,
    before: f64,
    after: f64,
}

/// More new texts than this for each that was in use are not edits of those,
const MANY_TEXTS: f64 = 2.0;
/// where those go on at this part of their rate at least.
const WENT_ON: f64 = 0.6;

/// Calls whose prompt version or hash the baseline of their kind hardly knew, where it knew any: a
/// small share of its calls, and of the window's a much larger one. Texts of which there are many
/// are all rare, and no news.
fn new_values(signals: &Signals, codes: &Codes) -> Vec<bool> {
    let frame = &signals.frame;
    let mut seen: BTreeMap<(usize, u32), [f64; 2]> = BTreeMap::new();
    let mut carried = vec![[0.0_f64; 2]; signals.cells.cells];
    for row in 0..frame.len() {
        let side = match frame.sides[row] {
            Side::Baseline => 0,
            Side::Window => 1,
            Side::Neither => continue,
        };
        if codes.codes[row] != Codes::NULL {
            seen.entry((signals.cells.cell[row], codes.codes[row])).or_default()[side] += 1.0;
            carried[signals.cells.cell[row]][side] += 1.0;
        }
    }
    let new = |row: usize| {
        let (cell, code) = (signals.cells.cell[row], codes.codes[row]);
        let [before, after] = seen.get(&(cell, code)).copied().unwrap_or_default();
        let [all_before, all_after] = carried[cell];
        let grew = before * all_after <= GREW * after * all_before;
        code != Codes::NULL && all_before >= 4.0 && before <= NEW_SHARE * all_before && grew
    };
    (0..frame.len()).map(new).collect()
}

fn ratio(frame: &Frame, signals: &Signals, slice: usize, side: Side) -> f64 {
    let (mut read, mut input) = (0.0, 0.0);
    for &row in &signals.slices.slices[slice].rows {
        let row = row as usize;
        if frame.sides[row] == side
            && frame.cache_read_tokens[row].is_finite()
            && frame.input_tokens[row].is_finite()
        {
            read += frame.cache_read_tokens[row];
            input += frame.input_tokens[row];
        }
    }
    if input > 0.0 { read / input } else { f64::NAN }
}

fn writes(frame: &Frame, signals: &Signals, slice: usize, side: Side) -> f64 {
    let rows = signals.slices.slices[slice].rows.iter().map(|row| *row as usize);
    let values: Vec<f64> = rows
        .filter(|row| frame.sides[*row] == side)
        .map(|row| frame.cache_write_tokens[row])
        .filter(|value| value.is_finite())
        .collect();
    crate::stats::quantile::mean(&values).unwrap_or(f64::NAN)
}
