//! A series as one line of blocks, from zero, its usual level under half height: flat looks flat
//! and a rise has somewhere to go.

use super::wording::{Unit, unit};

/// Blocks from lowest to highest.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One block a value, zero at the bottom and `top` at full height; a null is a blank.
pub fn sparkline(values: &[Option<f64>], top: f64) -> String {
    values.iter().map(|value| value.map_or(' ', |value| block(value, top))).collect()
}

/// How many times its median a series may rise before its own peak sets the scale.
const HEADROOM: f64 = 2.4;

/// The least share that may fill the height.
const SMALL_SHARE: f64 = 0.1;

/// The figure at full height: one for a ratio of a whole, the peak for what rose far, else a
/// multiple of the median; for a share never so little that a few errors look like a wall.
pub fn full_height(signal: &str, values: &[Option<f64>]) -> f64 {
    let share = unit(signal) == Unit::Share;
    if share && !signal.ends_with("_share") {
        return 1.0;
    }
    let mut known: Vec<f64> =
        values.iter().flatten().copied().filter(|value| value.is_finite()).collect();
    known.sort_by(f64::total_cmp);
    let median = known.get(known.len() / 2).copied().unwrap_or(0.0);
    peak(values).max(HEADROOM * median).max(if share { SMALL_SHARE } else { 0.0 })
}

/// The largest value; zero where there is none.
pub fn peak(values: &[Option<f64>]) -> f64 {
    values.iter().flatten().copied().filter(|value| value.is_finite()).fold(0.0, f64::max)
}

/// At most `room` values: neighbours are averaged in groups of equal size.
pub fn squeeze(values: &[Option<f64>], group: usize) -> Vec<Option<f64>> {
    let mean = |group: &[Option<f64>]| {
        let known: Vec<f64> = group.iter().flatten().copied().collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    };
    values.chunks(group.max(1)).map(mean).collect()
}

fn block(value: f64, top: f64) -> char {
    if !value.is_finite() {
        return ' ';
    }
    let height = if top > 0.0 { (value / top).clamp(0.0, 1.0) } else { 0.0 };
    let index = (height * BLOCKS.len() as f64).ceil() as usize;
    BLOCKS[index.clamp(1, BLOCKS.len()) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_series_is_flat_and_a_gap_is_blank() {
        let flat = [Some(3.0), Some(3.0), None, Some(3.0)];
        assert_eq!(sparkline(&flat, full_height("ttft_p95_s", &flat)), "▄▄ ▄");
        assert_eq!(full_height("cache_hit_ratio", &[Some(0.4)]), 1.0);
        assert_eq!(full_height("error_share", &[Some(0.01), Some(0.0)]), SMALL_SHARE);
        assert_eq!(sparkline(&[Some(0.0), Some(0.0)], 0.0), "▁▁");
    }

    #[test]
    fn a_tripled_value_is_three_times_as_high() {
        assert_eq!(sparkline(&[Some(1.0), Some(3.0), Some(f64::NAN)], 4.0), "▂▆ ");
    }

    #[test]
    fn squeezing_averages_what_is_known() {
        let values = [Some(1.0), Some(3.0), None, Some(5.0), None, None, Some(7.0)];
        assert_eq!(squeeze(&values, 2), [Some(2.0), Some(5.0), None, Some(7.0)]);
    }
}
