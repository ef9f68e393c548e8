//! The series in which spikes are looked for where nobody pointed at a window: every call beside
//! its own kind and beside the same work, everywhere and in the larger slices.
//!
//! Beside the same work alone would hide every cause that *is* a change of work (longer prompts, a
//! lost cache, longer answers, fewer accepted tokens); beside the kind alone would drown a small
//! change of service in the spread of the work. Each series is a candidate's source and nothing
//! more: the judgement decides.

use super::cells::{Cells, Places};
use super::expect::Expected;
use super::frame::{Frame, Outcome};
use crate::calls::Codes;
use crate::stats::quantile::median;

/// A slice is searched on its own from this many calls on,
const LEAST_CALLS: usize = 80;
/// and while it holds between these shares of them: less is too few, more is everything.
pub(super) const LEAST_SHARE: f64 = 0.1;
pub(super) const MOST_SHARE: f64 = 0.85;
/// Most slices of one attribute.
pub(super) const MOST_SLICES: usize = 4;

/// One value a call, as a ratio to what is usual for it; NaN where not known.
#[derive(Debug, Clone)]
pub struct Series {
    /// What is measured.
    pub signal: &'static str,
    /// The ratios.
    pub values: Vec<f64>,
    /// Whether calls of one kind differ in it: only then its own noise is a fair yardstick.
    pub spread: bool,
}

/// All series; those of everything first.
pub fn series(frame: &Frame) -> Vec<Series> {
    let cells = Cells::new(frame);
    let mut all = same_work(frame, &cells);
    all.extend(same_kind(frame, &cells));
    let mut sliced = Vec::new();
    for codes in [&frame.service, &frame.request_model, &frame.prompt_name] {
        for value in large(codes) {
            let within = |series: &Series| Series {
                signal: series.signal,
                spread: series.spread,
                values: series
                    .values
                    .iter()
                    .zip(&codes.codes)
                    .map(|(ratio, code)| if *code == value { *ratio } else { f64::NAN })
                    .collect(),
            };
            sliced.extend(all.iter().map(within));
        }
    }
    all.extend(sliced);
    all
}

/// Beside the same work over the whole dump, wherever it was served: a stretch that was sent to a
/// slow region stands out.
pub fn same_work(frame: &Frame, cells: &Cells) -> Vec<Series> {
    let places = Places::new(frame, cells);
    let expected = Expected::new(frame, cells, &places);
    let ratio = |seen: &[f64], usual: &[f64], place: &[f64]| {
        let parts = seen.iter().zip(usual).zip(place);
        parts.map(|((seen, usual), place)| seen / usual * place).collect()
    };
    let beside = |signal, seen, usual, place| Series {
        signal,
        values: ratio(seen, usual, place),
        spread: true,
    };
    let Expected { ttft_s, itl_s, whole_s, seen_itl_s, seen_whole_s, .. } = &expected;
    vec![
        beside("ttft_same_work_ratio", &frame.ttft_s, ttft_s, &expected.ttft_place),
        beside("itl_same_work_ratio", seen_itl_s, itl_s, &expected.itl_place),
        beside("duration_same_work_ratio", seen_whole_s, whole_s, &expected.whole_place),
    ]
}

/// Beside the median of the same kind of call; and that median itself, which rises where traffic
/// moved to slower kinds.
fn same_kind(frame: &Frame, cells: &Cells) -> Vec<Series> {
    let served = |values: &[f64]| -> Vec<f64> {
        let known = values.iter().zip(&frame.outcomes);
        known.map(|(v, outcome)| if *outcome == Outcome::Failed { f64::NAN } else { *v }).collect()
    };
    let duration_s = served(&frame.duration_s);
    let of_kind =
        |signal, values: &[f64]| Series { signal, values: by_kind(values, cells), spread: true };
    vec![
        of_kind("ttft_same_kind_ratio", &served(&frame.ttft_s)),
        of_kind("itl_same_kind_ratio", &served(&frame.itl_s)),
        of_kind("duration_same_kind_ratio", &duration_s),
        Series {
            signal: "duration_of_the_kind_s",
            values: of_kinds(&duration_s, cells),
            spread: false,
        },
    ]
}

fn by_kind(values: &[f64], cells: &Cells) -> Vec<f64> {
    values.iter().zip(of_kinds(values, cells)).map(|(value, usual)| value / usual).collect()
}

/// The median of each call's kind.
fn of_kinds(values: &[f64], cells: &Cells) -> Vec<f64> {
    let mut of_cell: Vec<Vec<f64>> = vec![Vec::new(); cells.cells];
    for (value, cell) in values.iter().zip(&cells.cell) {
        if value.is_finite() {
            of_cell[*cell].push(*value);
        }
    }
    let usual: Vec<f64> = of_cell.iter().map(|values| median(values).unwrap_or(f64::NAN)).collect();
    cells.cell.iter().map(|cell| usual[*cell]).collect()
}

/// The values of an attribute that hold enough calls, largest first.
fn large(codes: &Codes) -> Vec<u32> {
    let total = codes.codes.len() as f64;
    let mut counts = vec![0_usize; codes.values.len()];
    for code in &codes.codes {
        if let Some(count) = counts.get_mut(*code as usize) {
            *count += 1;
        }
    }
    let mut large: Vec<(usize, u32)> = (0u32..)
        .zip(counts)
        .filter(|(_, count)| {
            let share = *count as f64 / total;
            *count >= LEAST_CALLS && (LEAST_SHARE..=MOST_SHARE).contains(&share)
        })
        .map(|(code, count)| (count, code))
        .collect();
    large.sort_by_key(|(count, code)| (std::cmp::Reverse(*count), *code));
    large.into_iter().take(MOST_SLICES).map(|(_, code)| code).collect()
}
