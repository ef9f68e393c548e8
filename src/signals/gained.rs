//! Which calls gained where the mix moved: the slice whose larger part of the calls adds most.

use super::Signals;
use super::effects::Effect;
use super::frame::Side;

/// A slice that makes up more of the calls than before.
#[derive(Debug, Clone, PartialEq)]
pub struct Gained {
    /// Its attributes and values: `gen_ai.prompt.name=report`.
    pub name: String,
    /// Its part of the calls in the baseline, 0 to 1.
    pub before: f64,
    /// Its part of the calls in the window, 0 to 1.
    pub after: f64,
}

/// What asks and what is asked: the attributes that make kinds of calls.
const KINDS: [&str; 3] = ["service.name", "gen_ai.request.model", "gen_ai.prompt.name"];
/// Least gain, as a part of all calls, that is worth a word.
const LEAST_GAIN: f64 = 0.02;
/// A finer slice is named only where it adds this many times as much as a coarser one.
const FINER: f64 = 1.1;

/// The slice that gained most, weighed by how much more its calls usually take than all calls of the
/// slice in which the mix moved; none where no slice of asking and asked-for gained.
pub fn gained(signals: &Signals, slice: usize) -> Option<Gained> {
    let frame = &signals.frame;
    let all = &signals.slices.slices[slice];
    let usual = level(signals, &all.rows, |row| frame.sides[row] == Side::Baseline)?;
    let mut best: Option<(f64, Gained)> = None;
    for of in signals.slices.slices.iter().filter(|of| kinds_only(signals, &of.keys)) {
        let within: Vec<u32> =
            of.rows.iter().copied().filter(|row| holds(signals, slice, *row)).collect();
        let count = |side: Side| {
            within.iter().filter(|row| frame.sides[**row as usize] == side).count() as f64
        };
        let before = count(Side::Baseline) / (all.baseline_calls as f64).max(1.0);
        let after = count(Side::Window) / (all.window_calls as f64).max(1.0);
        let Some(own) = level(signals, &within, |_| true) else { continue };
        let adds = (after - before) * (own - usual);
        let beats = best.as_ref().is_none_or(|(most, _)| adds > FINER * most);
        if after - before >= LEAST_GAIN && own > usual && beats {
            let named = signals.slices.named(&of.keys);
            let name: Vec<String> =
                named.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
            best = Some((adds, Gained { name: name.join(" "), before, after }));
        }
    }
    best.map(|(_, gained)| gained)
}

fn kinds_only(signals: &Signals, keys: &[(usize, u32)]) -> bool {
    let name = |at: usize| signals.slices.dimensions[at].name.as_str();
    !keys.is_empty() && keys.iter().all(|(at, _)| KINDS.contains(&name(*at)))
}

fn holds(signals: &Signals, slice: usize, row: u32) -> bool {
    signals.slices.holds(&signals.slices.slices[slice].keys, row as usize)
}

/// The mean logarithm of what such calls usually take; none where no call tells.
fn level(signals: &Signals, rows: &[u32], told: impl Fn(usize) -> bool) -> Option<f64> {
    let logs = &signals.effects.logs[Effect::Mix as usize];
    let rows =
        rows.iter().map(|row| *row as usize).filter(|row| told(*row) && logs[*row].is_finite());
    let (sum, count) = rows.fold((0.0, 0.0), |(sum, count), row| (sum + logs[row], count + 1.0));
    (count > 0.0).then(|| sum / count)
}
