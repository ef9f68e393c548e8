//! What a window cost: its calls' tokens against those that as many calls of the same kinds take in
//! the baseline, and the money between the two.
//!
//! A kind is a service, a prompt and a model. A lost cache, longer prompts and longer answers all
//! show; a rush of calls or a move of traffic does not, because the same calls are counted on both
//! sides.

mod prices;
mod sums;

use std::collections::HashMap;

use foldhash::fast::FixedState;
pub use prices::{Price, Prices};
use sums::Resampled;

use crate::calls::{CallTable, Codes};
use crate::diagnosis::Diagnosis;
use crate::diagnosis::cost::{Cost, Money, Tokens};
use crate::schema::Col;
use crate::stats::resample::{Resampler, Rng, percentile_interval};
use crate::windows::Split;

/// Fewest calls of a kind in the baseline for usual tokens of its own.
const LEAST_KIND: usize = 5;
/// Blocks of time in the window, and the shortest.
const BLOCKS: f64 = 15.0;
const LEAST_BLOCK_S: f64 = 20.0;
const REPLICATES: usize = 200;

/// The window's cost; none where no call of it tells its tokens.
pub fn cost(table: &CallTable, split: &Split, prices: &Prices) -> Option<Cost> {
    let bills = Bills::new(table);
    let baseline = split.baseline_row_indices();
    let usual = bills.usual(&baseline, |_| 1.0);
    let (mut window, mut expected, mut rows) = (Tokens::default(), Tokens::default(), Vec::new());
    for row in split.window_rows.clone() {
        if let (Some(own), Some(kind)) = (bills.of[row], &usual[bills.kind[row]]) {
            add(&mut window, &own);
            add(&mut expected, kind);
            rows.push(row);
        }
    }
    if rows.is_empty() {
        return None;
    }
    Some(Cost {
        calls: rows.len(),
        left_out: split.window_rows.len() - rows.len(),
        window,
        usual: expected,
        money: bills.money(&rows, &baseline, prices),
    })
}

/// Where a sample was judged and every call counted, takes the sample's bill to every call.
pub fn of_every_call(diagnosis: &mut Diagnosis) {
    let counted = diagnosis.counted.as_ref().and_then(|counted| counted.slices.first());
    let Some(every) = counted.map(|all| all.window.calls as f64) else { return };
    let Some(cost) = &mut diagnosis.cost else { return };
    let times = every / diagnosis.window.calls.max(1) as f64;
    let whole = |calls: &mut usize| *calls = (*calls as f64 * times).round() as usize;
    [&mut cost.calls, &mut cost.left_out].into_iter().for_each(whole);
    for tokens in [&mut cost.window, &mut cost.usual] {
        *tokens = scaled(tokens, times);
        let parts = [
            &mut tokens.uncached,
            &mut tokens.cache_read,
            &mut tokens.cache_write,
            &mut tokens.output,
        ];
        parts.into_iter().for_each(|part| *part = part.round());
    }
    if let Some(money) = &mut cost.money {
        whole(&mut money.priced_calls);
        let sums = [&mut money.window, &mut money.usual, &mut money.added];
        let ends = [&mut money.low, &mut money.high].into_iter().flatten();
        sums.into_iter().chain(ends).for_each(|sum| *sum *= times);
    }
    diagnosis
        .notes
        .push("The bill is the sample's, taken to as many calls as were counted.".into());
}

/// Mean tokens of a kind of so many calls; none of few.
fn mean(calls: usize, weight: f64, tokens: &Tokens) -> Option<Tokens> {
    (calls >= LEAST_KIND && weight > 0.0).then(|| scaled(tokens, 1.0 / weight))
}

fn add(sum: &mut Tokens, more: &Tokens) {
    sum.uncached += more.uncached;
    sum.cache_read += more.cache_read;
    sum.cache_write += more.cache_write;
    sum.output += more.output;
}

/// Every call's tokens, kind and model.
struct Bills {
    starts_s: Vec<f64>,
    of: Vec<Option<Tokens>>,
    /// The kind of every call, as a dense index.
    kind: Vec<usize>,
    kinds: usize,
    asked: Codes,
    answered: Codes,
}

impl Bills {
    fn new(table: &CallTable) -> Self {
        let [input, read, write, output] =
            [Col::InputTokens, Col::CacheReadTokens, Col::CacheWriteTokens, Col::OutputTokens]
                .map(|col| table.numbers(col));
        let known = |value: f64| if value.is_finite() { value } else { 0.0 };
        // Where caching is not reported all of the prompt is billed as uncached.
        let tokens = |row: usize| {
            let (read, write) = (known(read[row]), known(write[row]));
            let told = input[row].is_finite() && output[row].is_finite();
            told.then(|| Tokens {
                uncached: (input[row] - read - write).max(0.0),
                cache_read: read,
                cache_write: write,
                output: output[row],
            })
        };
        let [service, prompt, asked, answered] =
            [Col::ServiceName, Col::PromptName, Col::RequestModel, Col::ResponseModel]
                .map(|col| table.codes(col.name()));
        let mut numbers: HashMap<[u32; 3], usize, FixedState> = HashMap::default();
        let mut number = |row: usize| {
            let next = numbers.len();
            let kind = [service.codes[row], prompt.codes[row], asked.codes[row]];
            *numbers.entry(kind).or_insert(next)
        };
        let kind = (0..table.len()).map(&mut number).collect();
        let starts_ns = table.starts_ns();
        let first = starts_ns.first().copied().unwrap_or_default();
        Self {
            starts_s: starts_ns.iter().map(|ns| (ns - first) as f64 * 1e-9).collect(),
            of: (0..table.len()).map(tokens).collect(),
            kind,
            kinds: numbers.len(),
            asked,
            answered,
        }
    }

    /// The model that answered, or else the one that was asked for.
    fn model(&self, row: usize) -> Option<&str> {
        self.answered.get(row).or_else(|| self.asked.get(row))
    }

    /// Mean tokens of each kind, each call as often as `times` says; none of a kind with few calls.
    fn usual(&self, rows: &[usize], times: impl Fn(usize) -> f64) -> Vec<Option<Tokens>> {
        let mut sums: Vec<(usize, f64, Tokens)> = vec![(0, 0.0, Tokens::default()); self.kinds];
        for (at, row) in rows.iter().enumerate() {
            let Some(own) = &self.of[*row] else { continue };
            let weight = times(at);
            let sum = &mut sums[self.kind[*row]];
            sum.0 += 1;
            sum.1 += weight;
            add(&mut sum.2, &scaled(own, weight));
        }
        sums.iter().map(|(calls, weight, tokens)| mean(*calls, *weight, tokens)).collect()
    }

    /// Money of those of the window's calls whose model has a price.
    fn money(&self, window: &[usize], baseline: &[usize], prices: &Prices) -> Option<Money> {
        let priced: Vec<(usize, &Price)> =
            window.iter().filter_map(|row| Some((*row, prices.of(self.model(*row)?)?))).collect();
        let as_of = priced.iter().map(|(_, price)| price.as_of.as_str()).min()?;
        let usual = self.usual(baseline, |_| 1.0);
        // What each call cost, and what its kind costs at the same price.
        let sums = |usual: &[Option<Tokens>], times: &dyn Fn(usize) -> f64| {
            let mut sums = (0.0, 0.0);
            for (at, (row, price)) in priced.iter().enumerate() {
                if let (Some(own), Some(kind)) = (self.of[*row], &usual[self.kind[*row]]) {
                    sums.0 += times(at) * price.of(&own);
                    sums.1 += times(at) * price.of(kind);
                }
            }
            sums
        };
        let (cost, expected) = sums(&usual, &|_| 1.0);
        let starts = |rows: &mut dyn Iterator<Item = usize>| -> Vec<f64> {
            rows.map(|row| self.starts_s[row]).collect()
        };
        let after = starts(&mut priced.iter().map(|(row, _)| *row));
        let before = starts(&mut baseline.iter().copied());
        let length_s = after.last().zip(after.first()).map_or(0.0, |(last, first)| last - first);
        let block_s = (length_s / BLOCKS).max(LEAST_BLOCK_S);
        let (after, before) =
            (Resampler::blocks(&after, block_s), Resampler::blocks(&before, block_s));
        let (mut rng, mut own) = (Rng::new(0xc057), Vec::new());
        let mut resampled = Resampled::new(self, baseline, before);
        let drawn: Vec<f64> = (0..REPLICATES)
            .map(|_| {
                after.draw(&mut rng, &mut own);
                let usual = resampled.usual(&mut rng);
                let (cost, expected) = sums(&usual, &|at| f64::from(own[at]));
                cost - expected
            })
            .collect();
        let interval = percentile_interval(&drawn, 0.95);
        Some(Money {
            currency: "USD".to_owned(),
            prices_as_of: as_of.to_owned(),
            priced_calls: priced.len(),
            window: cost,
            usual: expected,
            added: cost - expected,
            low: interval.map(|interval| interval.0),
            high: interval.map(|interval| interval.1),
        })
    }
}

fn scaled(tokens: &Tokens, by: f64) -> Tokens {
    Tokens {
        uncached: tokens.uncached * by,
        cache_read: tokens.cache_read * by,
        cache_write: tokens.cache_write * by,
        output: tokens.output * by,
    }
}
