//! Which calls are of one kind: engines (what serves), cells (engine and workload), and the places
//! that served them.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

use super::frame::{Frame, Side};
use crate::calls::Codes;

/// A prompt name tells kinds of calls apart only while each holds this many calls on average.
const LEAST_PER_PROMPT: usize = 8;
/// More fingerprints than this in the baseline are noise, not places.
const MOST_FINGERPRINTS: usize = 8;
/// A place with at most this share of its engine's baseline calls is new to it.
const NEW_SHARE: f64 = 0.02;

/// Every call's engine and cell.
#[derive(Debug, Clone)]
pub struct Cells {
    /// Provider and requested model, as a dense index.
    pub engine: Vec<usize>,
    /// How many engines.
    pub engines: usize,
    /// Engine, service, prompt and whether TTFT is known, as a dense index.
    pub cell: Vec<usize>,
    /// How many cells.
    pub cells: usize,
    /// Engine, service and prompt, whether TTFT is known or not, as a dense index.
    pub workload: Vec<usize>,
    /// How many workloads.
    pub workloads: usize,
    /// Whether the prompt's name is part of the cell.
    pub by_prompt: bool,
    /// Cell and the prompt's text, as its hash tells it, as a dense index.
    pub text: Vec<usize>,
    /// How many texts.
    pub texts: usize,
}

impl Cells {
    /// Sorts calls into engines and cells.
    pub fn new(frame: &Frame) -> Self {
        let by_prompt = frame.prompt_name.values.len() > 1
            && frame.prompt_name.values.len() * LEAST_PER_PROMPT <= frame.len();
        let families = families(&frame.response_model);
        let (engine, engines) = dense(frame.len(), |row| model_of(frame, &families, row));
        let asked_by = |row: usize, split: u32| {
            let prompt = if by_prompt { frame.prompt_name.codes[row] } else { 0 };
            let (service, region) = (frame.service.codes[row], frame.client_region.codes[row]);
            [index(engine[row]), service, prompt, split, region, 0]
        };
        let (workload, workloads) = dense(frame.len(), |row| asked_by(row, 0));
        let (cell, cells) =
            dense(frame.len(), |row| asked_by(row, u32::from(frame.ttft_s[row].is_finite())));
        let hash = &frame.prompt_hash.codes;
        let (text, texts) = dense(frame.len(), |row| [index(cell[row]), hash[row], 0, 0, 0, 0]);
        Self { engine, engines, cell, cells, workload, workloads, by_prompt, text, texts }
    }
}

/// What changed about where a call was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Moved {
    /// Another served model or build.
    Model,
    /// Another region.
    Region,
    /// Another pool, backend or fingerprint.
    Pool,
}

/// Every call's serving place.
#[derive(Debug, Clone)]
pub struct Places {
    /// Engine, served model, region, pool, fingerprint and tier, as a dense index.
    pub place: Vec<usize>,
    /// How many places.
    pub count: usize,
    /// What is new about the place, for calls of the window served where their engine's baseline
    /// calls were not.
    pub moved: Vec<Option<Moved>>,
}

impl Places {
    /// Sorts calls into places and finds those that are new.
    pub fn new(frame: &Frame, cells: &Cells) -> Self {
        let steady = steady_fingerprints(frame);
        let fingerprint =
            |row: usize| if steady { frame.fingerprint.codes[row] } else { Codes::NULL };
        let (place, count) = dense(frame.len(), |row| {
            [
                index(cells.engine[row]),
                frame.response_model.codes[row],
                frame.region.codes[row],
                frame.pool.codes[row],
                fingerprint(row),
                frame.tier.codes[row],
            ]
        });
        let columns: [(Moved, Vec<u32>); 5] = [
            (Moved::Model, frame.response_model.codes.clone()),
            (Moved::Region, frame.region.codes.clone()),
            (Moved::Pool, frame.pool.codes.clone()),
            (Moved::Pool, (0..frame.len()).map(fingerprint).collect()),
            (Moved::Pool, frame.tier.codes.clone()),
        ];
        let mut moved = vec![None; frame.len()];
        for (kind, codes) in columns.iter().rev() {
            for (row, new) in new_values(frame, cells, codes).into_iter().enumerate() {
                if new {
                    moved[row] = Some(*kind);
                }
            }
        }
        Self { place, count, moved }
    }
}

/// Whether the backend fingerprint names few backends rather than each call.
fn steady_fingerprints(frame: &Frame) -> bool {
    let mut seen: Vec<u32> = (0..frame.len())
        .filter(|row| frame.sides[*row] == Side::Baseline)
        .map(|row| frame.fingerprint.codes[row])
        .collect();
    seen.sort_unstable();
    seen.dedup();
    seen.len() <= MOST_FINGERPRINTS
}

/// Calls of the window whose value of a column is new to their engine. Where the baseline does not
/// carry the column, nothing is new.
fn new_values(frame: &Frame, cells: &Cells, codes: &[u32]) -> Vec<bool> {
    let mut seen: BTreeMap<(usize, u32), usize> = BTreeMap::new();
    let mut carried = vec![0_usize; cells.engines];
    for row in 0..frame.len() {
        if frame.sides[row] == Side::Baseline && codes[row] != Codes::NULL {
            *seen.entry((cells.engine[row], codes[row])).or_default() += 1;
            carried[cells.engine[row]] += 1;
        }
    }
    let new = |row: usize| {
        let (engine, code) = (cells.engine[row], codes[row]);
        let known = seen.get(&(engine, code)).copied().unwrap_or(0);
        frame.sides[row] == Side::Window
            && code != Codes::NULL
            && carried[engine] >= 8
            && known as f64 <= NEW_SHARE * carried[engine] as f64
    };
    (0..frame.len()).map(new).collect()
}

/// Provider and requested model; the family of the model that answered where no span says what was
/// asked for, so that a new build of it is still the same engine, served otherwise.
fn model_of(frame: &Frame, families: &[u32], row: usize) -> [u32; 6] {
    let asked = frame.request_model.codes[row];
    let answered = frame.response_model.codes[row];
    let family = families.get(answered as usize).copied().unwrap_or(answered);
    [frame.provider.codes[row], asked, if asked == Codes::NULL { family } else { 0 }, 0, 0, 0]
}

/// For each model, the first that is of the same family.
fn families(models: &Codes) -> Vec<u32> {
    let names: Vec<&str> = models.values.iter().map(|model| family(model)).collect();
    names
        .iter()
        .map(|name| index(names.iter().position(|other| other == name).unwrap_or_default()))
        .collect()
}

/// A model's name without its build: the date, revision number or tag that providers append
/// (`gpt-4o-2024-08-06`, `claude-opus-4-1-20250805`, `gemini-2.0-flash-001`, `...-v1:0`), and the
/// precision of its weights (`...-FP8`, `...-AWQ`, `...-GPTQ-Int4`).
fn family(model: &str) -> &str {
    let mut name = without_revision(model);
    while let Some((rest, last)) = name.rsplit_once('-') {
        if !rest.is_empty() && PRECISIONS.iter().any(|known| last.eq_ignore_ascii_case(known)) {
            name = rest;
        } else {
            break;
        }
    }
    name
}

/// How published weights name their precision (names of models on Hugging Face, read 2026-11-25).
const PRECISIONS: [&str; 18] = [
    "fp32", "fp16", "bf16", "fp8", "fp4", "nvfp4", "mxfp4", "int8", "int4", "8bit", "4bit", "awq",
    "gptq", "bnb", "gguf", "w4a16", "w8a8", "w8a16",
];

fn without_revision(model: &str) -> &str {
    let digits = |text: &str, of: &[usize]| {
        of.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let name = model.split_once([':', '@']).map_or(model, |(name, _)| name);
    let parts: Vec<&str> = name.rsplitn(4, '-').collect();
    let build = match parts.as_slice() {
        [day, month, year, _] if digits(day, &[2]) && digits(month, &[2]) && digits(year, &[4]) => {
            day.len() + month.len() + year.len() + 3
        }
        [last, _, ..] if digits(last, &[3, 4, 8]) => last.len() + 1,
        _ => 0,
    };
    &name[..name.len() - build]
}

fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Dense indices of keys, in the order of the keys.
fn dense(len: usize, key: impl Fn(usize) -> [u32; 6]) -> (Vec<usize>, usize) {
    // Numbered as they appear: there are few of them, and sorting all the calls takes longer.
    let mut numbers: HashMap<[u32; 6], usize, FixedState> = HashMap::default();
    let mut number = |row: usize| {
        let next = numbers.len();
        *numbers.entry(key(row)).or_insert(next)
    };
    let appeared: Vec<usize> = (0..len).map(&mut number).collect();
    let mut distinct: Vec<([u32; 6], usize)> = numbers.into_iter().collect();
    distinct.sort_unstable();
    let mut index = vec![0; distinct.len()];
    for (at, (_, number)) in distinct.iter().enumerate() {
        index[*number] = at;
    }
    (appeared.into_iter().map(|number| index[number]).collect(), distinct.len().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_build_is_of_the_same_family() {
        for (build, name) in [
            ("gpt-4o-2024-08-06", "gpt-4o"),
            ("claude-opus-4-1-20250805", "claude-opus-4-1"),
            ("gemini-2.0-flash-001", "gemini-2.0-flash"),
            ("meta.llama3-1-70b-instruct-v1:0", "meta.llama3-1-70b-instruct-v1"),
            ("claude-3-5-sonnet@20240620", "claude-3-5-sonnet"),
            ("gpt-4.1-mini", "gpt-4.1-mini"),
            ("o3", "o3"),
            ("meta-llama/Llama-3.1-70B-Instruct-FP8", "meta-llama/Llama-3.1-70B-Instruct"),
            ("Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4", "Qwen/Qwen2.5-7B-Instruct"),
            ("2024-08-06", "2024-08-06"),
        ] {
            assert_eq!(family(build), name);
        }
    }
}
