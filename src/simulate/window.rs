//! The window that a person would give for an incident, and how they would write it.

use chrono::{DateTime, SecondsFormat};

use super::incident::Incident;
use super::rng::Rng;
use super::scenario::Scenario;

/// A given window: its argument, and what it means in seconds of the simulation.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenWindow {
    /// For `--window`.
    pub arg: String,
    /// Start and end, seconds.
    pub bounds_s: (f64, f64),
}

/// About the incident's time, a little wider or shifted, never beyond the data.
pub fn give(world: &Scenario, incidents: &[Incident], rng: &mut Rng) -> GivenWindow {
    let onset_s = incidents.iter().map(|i| i.onset_s).fold(f64::INFINITY, f64::min);
    let end_s = incidents.iter().map(|i| i.end_s).fold(0.0, f64::max);
    let length_s = end_s - onset_s;
    let (early_s, late_s) = match rng.index(3) {
        0 => (rng.range(0.0, 30.0), rng.range(0.0, 20.0)),
        1 => (rng.range(20.0, 0.15 * length_s), rng.range(-0.1, 0.05) * length_s),
        _ => (-rng.range(0.0, 0.15 * length_s), rng.range(-0.15, 0.0) * length_s),
    };
    written(world, (onset_s - early_s, (end_s + late_s).min(world.data_s() - 60.0)), rng)
}

/// Clock times where they say it well enough, RFC 3339 otherwise.
fn written(world: &Scenario, (from_s, to_s): (f64, f64), rng: &mut Rng) -> GivenWindow {
    const MINUTE: i64 = 60_000_000_000;
    const SECOND: i64 = 1_000_000_000;
    const DAY: i64 = 86_400 * SECOND;
    let at = DateTime::from_timestamp_nanos;
    let seconds = |ns: i64| (ns - world.t0_ns) as f64 / 1e9;
    let (from_ns, to_ns) = (world.at_ns(from_s), world.at_ns(to_s));
    let floor = from_ns.div_euclid(MINUTE) * MINUTE;
    let ceil = (to_ns + MINUTE - 1).div_euclid(MINUTE) * MINUTE;
    let one_day =
        world.t0_ns.div_euclid(DAY) == world.at_ns(world.data_s() + 300.0).div_euclid(DAY);
    if rng.chance(0.4) && one_day {
        let arg = format!("{}-{}", at(floor).format("%H:%M"), at(ceil).format("%H:%M"));
        return GivenWindow { arg, bounds_s: (seconds(floor), seconds(ceil)) };
    }
    let text = |ns: i64| at(ns).to_rfc3339_opts(SecondsFormat::Secs, true);
    let second = |ns: i64| (ns + SECOND / 2).div_euclid(SECOND) * SECOND;
    let (from_ns, to_ns) = (second(from_ns), second(to_ns));
    GivenWindow {
        arg: format!("{}/{}", text(from_ns), text(to_ns)),
        bounds_s: (seconds(from_ns), seconds(to_ns)),
    }
}
