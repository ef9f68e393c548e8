//! How much of a move of the mix is calls that stopped coming: what is left looks slower, and
//! nobody's call is.

use super::Signals;
use super::effects::Effect;
use super::frame::Side;

/// A kind of call whose rate fell to this part of its usual stopped coming; rates swing by less
/// within minutes everywhere.
const STOPPED: f64 = 0.5;
/// Slower calls whose rate rose by this factor are calls that traffic moved to.
const CAME: f64 = 1.2;

/// Calls of one kind.
#[derive(Debug, Clone, Copy, Default)]
struct Kind {
    /// Sum of the logarithms of what the kind usually takes, and how many calls gave it.
    level: f64,
    told: f64,
    /// Calls a second on each side.
    before: f64,
    after: f64,
}

/// The part of the mix's move in a slice that kinds of calls which stopped coming make alone, 0 to
/// 1; 0 where the mix did not move, or where slower calls came in their place.
pub fn thinned_part(signals: &Signals, slice: usize) -> f64 {
    let frame = &signals.frame;
    let logs = &signals.effects.logs[Effect::Mix as usize];
    let mut kinds = vec![Kind::default(); signals.cells.cells];
    for row in signals.slices.slices[slice].rows.iter().map(|row| *row as usize) {
        let kind = &mut kinds[signals.cells.cell[row]];
        match frame.sides[row] {
            Side::Baseline => kind.before += 1.0 / frame.baseline_s.max(1.0),
            Side::Window => kind.after += 1.0 / frame.window_s.max(1.0),
            Side::Neither => continue,
        }
        if logs[row].is_finite() {
            kind.level += logs[row];
            kind.told += 1.0;
        }
    }
    let level = |rate: &dyn Fn(&Kind) -> f64| {
        let told = kinds.iter().filter(|kind| kind.told > 0.0);
        let (sum, all) = told.fold((0.0, 0.0), |(sum, all), kind| {
            (sum + rate(kind) * kind.level / kind.told, all + rate(kind))
        });
        if all > 0.0 { sum / all } else { 0.0 }
    };
    let before = level(&|kind| kind.before);
    let moved = level(&|kind| kind.after) - before;
    let slower = kinds.iter().filter(|kind| kind.told > 0.0 && kind.level / kind.told > before);
    let (was, is) = slower.fold((0.0, 0.0), |(was, is), k| (was + k.before, is + k.after));
    if is > CAME * was {
        return 0.0;
    }
    let left =
        |kind: &Kind| if kind.after < STOPPED * kind.before { kind.after } else { kind.before };
    if moved > 0.0 { ((level(&left) - before) / moved).clamp(0.0, 1.0) } else { 0.0 }
}
