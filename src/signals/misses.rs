//! Why caches were missed: the ladder from the provider's own reason to what the calls' history
//! allows to infer.

use std::collections::BTreeMap;

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
    idle_s: Vec<f64>,
}

impl History {
    fn new(signals: &Signals) -> Self {
        let frame = &signals.frame;
        let new_version = new_values(signals, &frame.prompt_version);
        let new_hash = new_values(signals, &frame.prompt_hash);
        let new_prefix = new_version.iter().zip(&new_hash).map(|(a, b)| *a || *b).collect();
        let mut last: BTreeMap<(usize, u32, u32), f64> = BTreeMap::new();
        let mut idle_s = vec![f64::INFINITY; frame.len()];
        for row in 0..frame.len() {
            let key =
                (signals.cells.cell[row], frame.prompt_hash.codes[row], frame.tenant.codes[row]);
            if let Some(before) = last.insert(key, frame.starts_s[row]) {
                idle_s[row] = frame.starts_s[row] - before;
            }
        }
        Self { new_prefix, idle_s }
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
        } else if self.idle_s[row] > signals.standards.time_to_live_s(provider, TIME_TO_LIVE_S) {
            (Why::Cold, false)
        } else {
            (Why::Evicted, false)
        }
    }
}

/// Calls whose prompt version or hash the baseline of their kind hardly knew, where it knew any.
fn new_values(signals: &Signals, codes: &Codes) -> Vec<bool> {
    let frame = &signals.frame;
    let mut seen: BTreeMap<(usize, u32), f64> = BTreeMap::new();
    let mut carried = vec![0.0_f64; signals.cells.cells];
    for row in 0..frame.len() {
        if frame.sides[row] == Side::Baseline && codes.codes[row] != Codes::NULL {
            *seen.entry((signals.cells.cell[row], codes.codes[row])).or_default() += 1.0;
            carried[signals.cells.cell[row]] += 1.0;
        }
    }
    let new = |row: usize| {
        let (cell, code) = (signals.cells.cell[row], codes.codes[row]);
        let known = seen.get(&(cell, code)).copied().unwrap_or(0.0);
        code != Codes::NULL && carried[cell] >= 4.0 && known <= NEW_SHARE * carried[cell]
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
