//! Which multiples are looked at: those asked for, steps between them for the plot, further ones
//! where an objective or the cliff is sought, and where each leaves the recorded range.

use super::load::Load;
use super::predict::{Point, SEEN_SHARE};
use crate::diagnosis::capacity::Cliff;

/// Steps from the recorded traffic to the largest multiple asked for, in the plot.
const STEPS: usize = 4;
/// Further multiples at which objectives and the cliff are sought.
const BEYOND: [f64; 4] = [1.5, 2.0, 3.0, 4.0];
/// And below, where an objective is broken already.
const BELOW: [f64; 2] = [0.5, 0.75];
/// How often the stretch that holds the cliff is halved.
const HALVINGS: usize = 1;

/// The points that were looked at, ascending.
pub struct Curve<F> {
    points: Vec<Point>,
    at: F,
}

impl<F: FnMut(f64) -> Point> Curve<F> {
    /// The recorded traffic and the multiples asked for.
    pub fn new(asked: &[f64], at: F) -> Self {
        let mut curve = Self { points: Vec::new(), at };
        for scale in std::iter::once(1.0).chain(asked.iter().copied()) {
            curve.look(scale);
        }
        curve
    }

    /// Steps up to the largest of them, or to the cliff.
    pub fn between(&mut self) {
        let most = self.points.last().map_or(1.0, |point| point.scale);
        for step in 1..STEPS {
            let scale = 1.0 + (most - 1.0) * step as f64 / STEPS as f64;
            if scale < self.cliff().breaks_at.unwrap_or(f64::INFINITY) {
                self.look((scale * 100.0).round() / 100.0);
            }
        }
    }

    fn look(&mut self, scale: f64) {
        if self.points.iter().all(|point| (point.scale - scale).abs() > 1e-6) {
            let point = (self.at)(scale);
            let place = self.points.partition_point(|before| before.scale < scale);
            self.points.insert(place, point);
        }
    }

    /// Looks beyond the largest multiple, up to the first beyond the cliff.
    pub fn beyond(&mut self) {
        for scale in BEYOND {
            if self.cliff().breaks_at.is_none_or(|breaks| scale < breaks) {
                self.look(scale);
            }
        }
    }

    /// Looks below the recorded traffic.
    pub fn below(&mut self) {
        BELOW.into_iter().for_each(|scale| self.look(scale));
    }

    /// Halves the stretch between the last point that holds and the first that does not.
    pub fn close_in(&mut self) {
        for _ in 0..HALVINGS {
            let Cliff { holds_at: Some(holds), breaks_at: Some(breaks) } = self.cliff() else {
                return;
            };
            self.look(((holds * breaks).sqrt() * 100.0).round() / 100.0);
        }
    }

    /// Between which points the cliff is.
    pub fn cliff(&self) -> Cliff {
        let breaks = self.points.iter().position(Point::beyond_cliff);
        // Where a cap may be met that nobody named, no point is known to hold.
        let unsure = self.points.iter().position(|point| point.unseen);
        let ends = [breaks, unsure, Some(self.points.len())];
        let last = ends.into_iter().flatten().min().and_then(|end| end.checked_sub(1));
        Cliff {
            holds_at: last.map(|at| self.points[at].scale),
            breaks_at: breaks.map(|at| self.points[at].scale),
        }
    }

    /// The points.
    pub fn points(&self) -> &[Point] {
        &self.points
    }
}

/// The multiple at which mean own load reaches what was met in a twentieth of the recording.
pub fn observed_to(points: &[Point], load: &Load) -> Option<f64> {
    let most = load.in_flight.exceeded(SEEN_SHARE);
    let curve: Vec<(f64, f64)> = points
        .iter()
        .filter(|point| !point.beyond_cliff())
        .map(|point| (point.scale, point.in_flight()))
        .collect();
    let (first, last) = (curve.first()?, curve.last()?);
    if first.1 >= most {
        return Some(first.0);
    }
    let above = curve.windows(2).find(|pair| pair[1].1 >= most);
    let Some([(low, less), (high, more)]) = above else { return Some(last.0) };
    let part = (most / less).ln() / (more / less).ln();
    Some(low * (high / low).powf(part.clamp(0.0, 1.0)))
}
