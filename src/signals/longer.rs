//! Requests that got longer at both ends at once: where no prompt's name tells kinds of calls apart,
//! longer prompts with longer answers are more often another kind of request than two changes that
//! met.

use super::Signals;
use super::effects::Effect;
use super::tails;
use super::tally::Shift;

/// Standard errors of both together that are more than chance, in everything and a service, and in
/// the many slices by others who ask.
const LEAST_Z: f64 = 3.1;
const LEAST_Z_OTHERS: f64 = 3.9;
/// Standard errors of each alone, and the part of the surer one's: one end that grew beside noise at
/// the other is a longer prompt, or a longer answer.
const LEAST_EACH_Z: f64 = 1.3;
const LEAST_PART: f64 = 0.6;
/// Fewest calls of the window that tell.
const LEAST_CALLS: f64 = 10.0;

/// Prompts and answers that grew together in a slice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Longer {
    /// Where; 0 is everything.
    pub slice: usize,
    /// What the prompts' length does to TTFT.
    pub prompt: Shift,
    /// What the answers' length does to the duration.
    pub answer: Shift,
    /// Standard errors of both together.
    pub z: f64,
    /// Those that are more than chance there.
    pub least_z: f64,
}

/// Where prompts and answers grew together most clearly, sure or not, by at least so much as the sum
/// of their logarithms; only in everything and in slices one attribute deep that say who asks.
pub fn longer(signals: &Signals, least_log: f64) -> Option<Longer> {
    if signals.cells.by_prompt {
        return None;
    }
    let asks = |slice: usize| match signals.slices.slices[slice].keys.as_slice() {
        [(at, _)] if *at >= signals.slices.known => None,
        [_] if !tails::looked_at(signals, slice) => Some((slice, LEAST_Z_OTHERS)),
        [_] | [] => Some((slice, LEAST_Z)),
        _ => None,
    };
    let slices = (0..signals.shifts.len()).filter_map(asks);
    let grown = slices.filter_map(|(slice, least_z)| in_slice(signals, slice, least_z));
    let long = grown.filter(|longer| longer.prompt.log + longer.answer.log >= least_log);
    let near = |longer: &Longer| longer.z / longer.least_z;
    long.max_by(|a, b| near(a).total_cmp(&near(b)).then(b.slice.cmp(&a.slice)))
}

/// The slice that holds one end alone holds both, where the other end is longer there as well.
pub fn confined(signals: &Signals, longer: Longer, ends: [Option<usize>; 2]) -> Longer {
    let [Some(prompt), Some(answer)] = ends else { return longer };
    let holds = prompt.max(answer);
    if longer.slice != 0 || prompt.min(answer) != 0 || holds == 0 {
        return longer;
    }
    in_slice(signals, holds, longer.least_z).unwrap_or(longer)
}

fn in_slice(signals: &Signals, slice: usize, least_z: f64) -> Option<Longer> {
    let of = |effect: Effect| signals.shifts[slice][effect as usize];
    let (prompt, answer) = (of(Effect::Length), of(Effect::Output));
    let (less, more) = (prompt.z.min(answer.z), prompt.z.max(answer.z));
    let told = prompt.window_weight.min(answer.window_weight) >= LEAST_CALLS;
    let both = less >= LEAST_EACH_Z.max(LEAST_PART * more) && prompt.log > 0.0 && answer.log > 0.0;
    if !told || !both {
        return None;
    }
    // Each in its own standard errors, added call by call: lengths that go together anyway make
    // the sum as noisy as they do.
    let logs = &signals.effects.logs;
    let sum = signals.tally.column(&signals.slices.slices[slice].rows, |row| {
        logs[Effect::Length as usize][row] / prompt.error
            + logs[Effect::Output as usize][row] / answer.error
    });
    sum.beyond_usual().then_some(Longer { slice, prompt, answer, z: sum.z, least_z })
}
