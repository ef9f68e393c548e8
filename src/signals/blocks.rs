//! Blocks of time, the unit of evidence: calls are correlated with their neighbours.

use super::frame::{Frame, Side};

/// Blocks in a window; more would be shorter than the correlation of neighbours.
const BLOCKS: f64 = 15.0;
const LEAST_BLOCK_S: f64 = 20.0;
const MOST_BLOCK_S: f64 = 300.0;

/// Which block each call lies in: the baseline's first, then the window's.
pub(super) struct Blocks {
    /// The block of each call; none for calls that stand on neither side.
    pub(super) of: Vec<Option<usize>>,
    /// How many blocks the baseline has.
    pub(super) baseline: usize,
    /// How many both sides have.
    pub(super) count: usize,
    /// For each baseline block, which window-long piece of the baseline it lies in.
    pub(super) pieces: Vec<usize>,
}

impl Blocks {
    /// Cuts both sides into blocks of one length.
    pub(super) fn new(frame: &Frame) -> Self {
        let window_s = span_s(frame, Side::Window).max(1.0);
        let block_s = (window_s / BLOCKS).clamp(LEAST_BLOCK_S, MOST_BLOCK_S);
        let mut of = vec![None; frame.len()];
        let mut pieces = Vec::new();
        let mut count = 0;
        let mut baseline = 0;
        for side in [Side::Baseline, Side::Window] {
            let mut first: Option<f64> = None;
            let mut last_key = None;
            for row in 0..frame.len() {
                if frame.sides[row] != side {
                    continue;
                }
                let first = *first.get_or_insert(frame.starts_s[row]);
                let key = ((frame.starts_s[row] - first) / block_s).floor();
                if last_key != Some(key) {
                    last_key = Some(key);
                    count += 1;
                    if side == Side::Baseline {
                        let piece = ((frame.starts_s[row] - first) / window_s).floor();
                        pieces.push(piece as usize);
                    }
                }
                of[row] = Some(count - 1);
            }
            if side == Side::Baseline {
                baseline = count;
            }
        }
        Self { of, baseline, count, pieces: renumber(&pieces) }
    }
}

/// Pieces without calls leave gaps in the numbering; they are closed.
fn renumber(pieces: &[usize]) -> Vec<usize> {
    let mut distinct = pieces.to_vec();
    distinct.dedup();
    pieces.iter().map(|piece| distinct.partition_point(|have| have < piece)).collect()
}

fn span_s(frame: &Frame, side: Side) -> f64 {
    let rows = || (0..frame.len()).filter(|row| frame.sides[*row] == side);
    match (rows().next(), rows().next_back()) {
        (Some(first), Some(last)) => frame.starts_s[last] - frame.starts_s[first],
        _ => 0.0,
    }
}
