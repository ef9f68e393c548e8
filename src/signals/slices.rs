//! Where to look: every slice of the calls up to two attributes deep that both sides hold.

use std::collections::BTreeMap;

use super::frame::{Frame, Side};
use crate::calls::{CallTable, Codes};

/// An attribute to slice by.
#[derive(Debug, Clone)]
pub struct Dimension {
    /// Name as the field writes it.
    pub name: String,
    /// Value of each call.
    pub codes: Codes,
}

/// A set of calls: everything, or the calls that carry one or two values.
#[derive(Debug, Clone)]
pub struct Slice {
    /// Attribute (index into the dimensions) and value.
    pub keys: Vec<(usize, u32)>,
    /// Its calls, ascending rows of either side.
    pub rows: Vec<u32>,
    /// How many of them stand in the baseline.
    pub baseline_calls: usize,
    /// How many of them stand in the window.
    pub window_calls: usize,
    /// Other ways to name the same calls.
    pub also: Vec<Vec<(usize, u32)>>,
}

/// The slices, the whole first.
#[derive(Debug, Clone)]
pub struct Slices {
    /// The attributes, those of the canonical table first.
    pub dimensions: Vec<Dimension>,
    /// How many of them are the canonical table's own.
    pub known: usize,
    /// The sets, from coarse to fine.
    pub slices: Vec<Slice>,
}

/// Attributes with more values than this are ids, not places to look.
const MOST_VALUES: usize = 200;
/// Fewest calls of a slice in the window and in the baseline.
const LEAST_WINDOW: usize = 6;
const LEAST_BASELINE: usize = 15;
/// Most slices of each depth, largest first.
const MOST_SLICES: [usize; 2] = [120, 120];
/// Attributes whose pairs are looked at.
const PAIRED: usize = 6;

impl Slices {
    /// Lists the slices.
    pub fn new(frame: &Frame, table: &CallTable) -> Self {
        let (dimensions, known) = dimensions(frame, table);
        let rows: Vec<u32> = (0u32..)
            .zip(&frame.sides)
            .filter(|(_, side)| **side != Side::Neither)
            .map(|(row, _)| row)
            .collect();
        let mut slices = vec![slice(frame, Vec::new(), rows.clone())];
        let mut single: Vec<Slice> = Vec::new();
        for (at, dimension) in dimensions.iter().enumerate() {
            single.extend(split(frame, dimension, at, &rows, &[]));
        }
        cap(&mut single, MOST_SLICES[0]);
        let mut double: Vec<Slice> = Vec::new();
        for parent in &single {
            let Some(&(first, _)) = parent.keys.first() else { continue };
            for (at, dimension) in dimensions.iter().enumerate().take(PAIRED).skip(first + 1) {
                double.extend(split(frame, dimension, at, &parent.rows, &parent.keys));
            }
        }
        cap(&mut double, MOST_SLICES[1]);
        slices.extend(single);
        slices.extend(double);
        Self { dimensions, known, slices: distinct(slices) }
    }

    /// The slice's attributes and values by name.
    pub fn named(&self, keys: &[(usize, u32)]) -> BTreeMap<String, String> {
        keys.iter()
            .filter_map(|(at, code)| {
                let dimension = self.dimensions.get(*at)?;
                let value = dimension.codes.values.get(*code as usize)?;
                Some((dimension.name.clone(), value.clone()))
            })
            .collect()
    }

    /// How deep a slice is, for the doubt that it must overcome: attributes beyond the known ones are
    /// many, and count twice.
    pub fn depth(&self, slice: usize) -> usize {
        let count = |at: &usize| if *at < self.known { 1 } else { 2 };
        self.slices[slice].keys.iter().map(|(at, _)| count(at)).sum()
    }

    /// Whether a call carries all these values.
    pub fn holds(&self, keys: &[(usize, u32)], row: usize) -> bool {
        keys.iter().all(|(at, code)| self.dimensions[*at].codes.codes[row] == *code)
    }
}

/// The attributes, in the order in which they are preferred where several name the same calls.
fn dimensions(frame: &Frame, table: &CallTable) -> (Vec<Dimension>, usize) {
    let known: [(&str, &Codes); 10] = [
        ("service.name", &frame.service),
        ("gen_ai.request.model", &frame.request_model),
        ("tenant.id", &frame.tenant),
        ("gen_ai.provider.region", &frame.region),
        ("gen_ai.provider.pool_id", &frame.pool),
        ("gen_ai.prompt.name", &frame.prompt_name),
        ("gen_ai.provider.name", &frame.provider),
        ("gen_ai.response.model", &frame.response_model),
        ("gen_ai.response.system_fingerprint", &frame.fingerprint),
        ("openai.response.service_tier", &frame.tier),
    ];
    let mut dimensions: Vec<Dimension> = known
        .into_iter()
        .map(|(name, codes)| Dimension { name: name.to_owned(), codes: codes.clone() })
        .collect();
    let few = |dimension: &Dimension| (1..=MOST_VALUES).contains(&dimension.codes.values.len());
    dimensions.retain(few);
    let known = dimensions.len();
    for name in table.segment_names() {
        let codes = table.segment(&name);
        dimensions.push(Dimension { name, codes });
    }
    dimensions.retain(few);
    (dimensions, known)
}

fn split(
    frame: &Frame,
    dimension: &Dimension,
    at: usize,
    rows: &[u32],
    keys: &[(usize, u32)],
) -> Vec<Slice> {
    let mut by_value: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for &row in rows {
        let code = dimension.codes.codes[row as usize];
        if code != Codes::NULL {
            by_value.entry(code).or_default().push(row);
        }
    }
    let made = by_value.into_iter().map(|(code, rows)| {
        let mut keys = keys.to_vec();
        keys.push((at, code));
        slice(frame, keys, rows)
    });
    made.filter(|slice| {
        slice.window_calls >= LEAST_WINDOW && slice.baseline_calls >= LEAST_BASELINE
    })
    .collect()
}

fn slice(frame: &Frame, keys: Vec<(usize, u32)>, rows: Vec<u32>) -> Slice {
    let count = |side| rows.iter().filter(|row| frame.sides[**row as usize] == side).count();
    let (baseline_calls, window_calls) = (count(Side::Baseline), count(Side::Window));
    Slice { keys, rows, baseline_calls, window_calls, also: Vec::new() }
}

/// Keeps the slices with most calls in the window, in a total order.
fn cap(slices: &mut Vec<Slice>, most: usize) {
    if slices.len() > most {
        slices.sort_by(|a, b| b.window_calls.cmp(&a.window_calls).then(a.keys.cmp(&b.keys)));
        slices.truncate(most);
    }
    slices.sort_by(|a, b| a.keys.cmp(&b.keys));
}

/// Slices that hold the same calls are one, under its first and shortest name.
fn distinct(slices: Vec<Slice>) -> Vec<Slice> {
    let mut seen: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
    let mut kept: Vec<Slice> = Vec::new();
    for slice in slices {
        match seen.get(&slice.rows) {
            Some(&at) => kept[at].also.push(slice.keys),
            None => {
                seen.insert(slice.rows.clone(), kept.len());
                kept.push(slice);
            }
        }
    }
    kept
}
