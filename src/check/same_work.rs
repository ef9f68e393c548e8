//! What the same work took: the first token, the time per token, and the whole call, each against
//! what the baseline took for a call of its kind and its own tokens.
//!
//! A diagnosis asks where the time went, and holds calls that show a first token and calls that do
//! not apart. A gate asks whether calls take longer, so the whole call is judged over all of them.

use super::judge::{Bar, outcome_of};
use super::level::{Moved, Run, moved};
use crate::calls::Codes;
use crate::diagnosis::check::{Measure, MeasureOutcome};
use crate::signals::Signals;
use crate::signals::effects::Effect;
use crate::signals::frame::Side;
use crate::stats::compare::{Plan, Sample, Statistic, compare};
use crate::verdict::signal_name;

/// What matters, as logarithms, and how many standard errors of runs without change it must stand
/// above the baseline: over all calls, and in segments one and two attributes deep. A sixth at the
/// same work over all calls; more in a slice, which has neighbours and a state of its own that one
/// baseline run cannot show. Set on pairs of runs without change (docs/guides/check.md).
const BARS: [Bar; 3] = [
    Bar { least_log: 0.1542, errors: 3.0 },
    Bar { least_log: 0.18, errors: 4.0 },
    Bar { least_log: 0.26, errors: 5.0 },
];
/// Fewest telling calls of each side, over all calls and in a segment.
const LEAST_CALLS: [usize; 2] = [20, 50];
/// The slowest twentieth matters from 1.4 times on, where so many calls of each side tell of it.
const TAIL: Bar = Bar { least_log: 0.336, errors: 5.0 };
const LEAST_TAIL_CALLS: usize = 100;
/// Resamples of the tail's error.
const REPLICATES: usize = 200;
/// The figures of every call.
pub struct SameWork {
    figures: [Figure; 3],
    sessions: Vec<u64>,
}

struct Figure {
    effect: Effect,
    logs: Vec<f64>,
    /// How far parts of a run stand apart over all calls.
    drift: f64,
}

impl SameWork {
    /// Measures every call.
    pub fn new(signals: &Signals) -> Self {
        let sessions = sessions(&signals.frame.session);
        let logs = |effect: Effect| signals.effects.logs[effect as usize].clone();
        let mut own = Self {
            figures: [
                Figure { effect: Effect::RestTtft, logs: logs(Effect::RestTtft), drift: 0.0 },
                Figure { effect: Effect::RestItl, logs: logs(Effect::RestItl), drift: 0.0 },
                Figure { effect: Effect::RestWhole, logs: whole_calls(signals), drift: 0.0 },
            ],
            sessions,
        };
        for at in 0..own.figures.len() {
            let all = moved_in(signals, 0, &own.figures[at].logs, &own.sessions);
            own.figures[at].drift = all.map_or(0.0, |(moved, _)| moved.drift);
        }
        own
    }

    /// What is judged of a slice.
    pub fn measures(&self, signals: &Signals, slice: usize) -> Vec<Measure> {
        let depth = signals.slices.depth(slice).min(2);
        let least = LEAST_CALLS[depth.min(1)];
        let mut found: Vec<Measure> = self
            .figures
            .iter()
            .filter_map(|figure| {
                let (moved, calls) = moved_in(signals, slice, &figure.logs, &self.sessions)?;
                let drift = if slice == 0 { 0.0 } else { figure.drift };
                let named = signal_name(figure.effect);
                (calls >= least).then(|| level(named, moved, moved.error(drift), BARS[depth]))
            })
            .collect();
        if signals.slices.slices[slice].keys.len() < 2 && depth < 2 {
            found.extend(self.tail(signals, slice));
        }
        found
    }

    /// The slowest twentieth of whole calls.
    fn tail(&self, signals: &Signals, slice: usize) -> Option<Measure> {
        let logs = &self.figures[2].logs;
        let sample = |side: Side| {
            let rows = signals.slices.slices[slice].rows.iter().map(|row| *row as usize);
            let of = rows.filter(|row| signals.frame.sides[*row] == side);
            let (ratios, starts): (Vec<f64>, Vec<f64>) =
                of.map(|row| (logs[row].exp(), signals.frame.starts_s[row])).unzip();
            Sample::new(&ratios, &starts)
        };
        let (before, after) = (sample(Side::Baseline), sample(Side::Window));
        if before.len().min(after.len()) < LEAST_TAIL_CALLS {
            return None;
        }
        let plan = Plan { replicates: REPLICATES, ..Plan::default() };
        let compared = compare(&before, &after, Statistic::Quantile(0.95), plan)?;
        let (log, error) = (compared.ratio.ln(), compared.log_error.max(1e-3));
        Some(Measure {
            signal: "duration_same_work_p95_ratio".to_owned(),
            baseline: 1.0,
            candidate: compared.ratio,
            low: compared.low,
            high: compared.high,
            least: TAIL.least_log.exp(),
            errors: log / error,
            outcome: match outcome_of(log, error, compared.high.ln(), TAIL) {
                // A tail that shrank is no news of its own.
                MeasureOutcome::Improved => MeasureOutcome::Held,
                other => other,
            },
        })
    }
}

/// The measure of a level.
fn level(signal: &str, moved: Moved, error: f64, bar: Bar) -> Measure {
    let (low, high) = (moved.by - 1.96 * error, moved.by + 1.96 * error);
    Measure {
        signal: signal.to_owned(),
        baseline: 1.0,
        candidate: moved.by.exp(),
        low: low.exp(),
        high: high.exp(),
        least: bar.least_log.exp(),
        errors: moved.by / error,
        outcome: outcome_of(moved.by, error, high, bar),
    }
}

/// How far a figure moved in a slice, and how many calls of the smaller side tell of it.
fn moved_in(
    signals: &Signals,
    slice: usize,
    logs: &[f64],
    sessions: &[u64],
) -> Option<(Moved, usize)> {
    let (mut before, mut after) = (Run::default(), Run::default());
    for row in signals.slices.slices[slice].rows.iter().map(|row| *row as usize) {
        match signals.frame.sides[row] {
            Side::Baseline => before.push(logs[row], sessions[row]),
            Side::Window => after.push(logs[row], sessions[row]),
            Side::Neither => {}
        }
    }
    moved(&before, &after).map(|moved| (moved, before.len().min(after.len())))
}

/// Whether prompts or answers themselves got longer, each held against those of the same prompt,
/// service and model. A diagnosis tells kinds of calls apart by whether their first token is known,
/// and instrumentation that drops the first chunks of long answers moves calls between the two
/// where chunks get larger: the calls of each kind grow, and none did.
pub fn tokens_grew(
    signals: &Signals,
    work: &SameWork,
    slice: usize,
    tokens: &[f64],
    bar: Bar,
) -> bool {
    let frame = &signals.frame;
    let kind = |row: usize| {
        let code = |codes: &Codes| codes.codes[row];
        (code(&frame.service), code(&frame.request_model), code(&frame.prompt_name))
    };
    let mut usual = std::collections::BTreeMap::<_, (f64, f64)>::new();
    let told = |row: &usize| tokens[*row] >= 1.0;
    for row in frame.rows(Side::Baseline).into_iter().filter(told) {
        let sum = usual.entry(kind(row)).or_default();
        *sum = (sum.0 + tokens[row].ln(), sum.1 + 1.0);
    }
    let against = |row: usize| match usual.get(&kind(row)) {
        Some((sum, count)) if *count >= 5.0 && told(&row) => tokens[row].ln() - sum / count,
        _ => f64::NAN,
    };
    let logs: Vec<f64> = (0..frame.len()).map(against).collect();
    moved_in(signals, slice, &logs, &work.sessions).is_some_and(|(moved, _)| {
        moved.by >= bar.least_log / 2.0 && moved.by >= bar.errors * moved.error(0.0)
    })
}

/// Each session's own number; a call without one stands alone.
fn sessions(codes: &Codes) -> Vec<u64> {
    let alone = u64::from(u32::MAX) + 1;
    let of = |(row, code): (u64, &u32)| {
        if *code == Codes::NULL { alone + row } else { u64::from(*code) }
    };
    (0..).zip(&codes.codes).map(of).collect()
}

/// Each whole call against what the baseline took for its own tokens, as a logarithm: its first
/// token and its decoding together. Waits in the client, stalls and routing are figures of their own.
fn whole_calls(signals: &Signals) -> Vec<f64> {
    let (frame, expected) = (&signals.frame, &signals.expected);
    let log = |effect: Effect, row: usize| signals.effects.logs[effect as usize][row];
    let of = |row: usize| {
        let first = log(Effect::RestTtft, row);
        if !first.is_finite() {
            return log(Effect::RestWhole, row);
        }
        let (start, tokens) = (expected.ttft_s[row], (frame.output_tokens[row] - 1.0).max(0.0));
        let decode = expected.itl_s[row] * tokens;
        let seen = start * first.exp() + decode * log(Effect::RestItl, row).exp();
        (seen / (start + decode)).ln()
    };
    (0..frame.len()).map(of).collect()
}
