//! A figure of a slice, defined once: read off the frame, and as the SQL that repeats it on
//! `calls.parquet`.

mod raw;
mod sql;

use crate::calls::Codes;
use crate::diagnosis::{Gives, Query};
use crate::signals::Signals;
use crate::signals::effects::Effect;
use crate::signals::frame::{Frame, Outcome, Side};
use crate::stats::quantile::mean;
use crate::windows::Range;

/// The slice and the periods that are asked about.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Everything measured.
    pub signals: &'a Signals,
    /// The window.
    pub window: Range,
    /// The stretches of its baseline.
    pub baseline: &'a [Range],
    /// Which slice.
    pub slice: usize,
}

/// A number of each call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Whole call.
    Duration,
    /// First chunk, where the stream was not buffered.
    Ttft,
    /// Time per token, where the stream was not buffered.
    Itl,
    /// Median gap within the call.
    GapP50,
    /// 99th percentile of the gaps within the call.
    GapP99,
    /// Whole prompt.
    Input,
    /// Prompt tokens to prefill; the whole prompt where the cache is not reported.
    Uncached,
    /// Prompt tokens written to the cache.
    CacheWrite,
    /// Answer.
    Output,
    /// Wait before prefill as the server reported it.
    QueueWait,
    /// Sequences in the server's batch.
    Batch,
    /// Requests waiting on the server.
    Waiting,
    /// Accepted / proposed draft tokens.
    Acceptance,
    /// HTTP attempts.
    Attempts,
    /// Lost in failed attempts and between attempts.
    RetryWait,
    /// Lost in the client before the first attempt.
    ClientWait,
}

impl Column {
    fn values(self, frame: &Frame) -> &[f64] {
        match self {
            Self::Duration => &frame.duration_s,
            Self::Ttft => &frame.ttft_s,
            Self::Itl => &frame.itl_s,
            Self::GapP50 => &frame.itl_p50_s,
            Self::GapP99 => &frame.itl_p99_s,
            Self::Input => &frame.input_tokens,
            Self::Uncached => &frame.uncached_tokens,
            Self::CacheWrite => &frame.cache_write_tokens,
            Self::Output => &frame.output_tokens,
            Self::QueueWait => &frame.queue_wait_s,
            Self::Batch => &frame.batch_size,
            Self::Waiting => &frame.waiting_requests,
            Self::Acceptance => &frame.spec_acceptance_ratio,
            Self::Attempts => &frame.attempts,
            Self::RetryWait => &frame.retry_wait_s,
            Self::ClientWait => &frame.client_wait_s,
        }
    }
}

/// What is taken of the calls of a period.
#[derive(Debug, Clone, PartialEq)]
pub enum Figure {
    /// Mean over the calls that carry it.
    Mean(Column),
    /// Type 7 quantile over the calls that did not fail.
    Quantile(Column, f64),
    /// Prompt tokens read from the cache, of all prompt tokens.
    HitRatio,
    /// Calls served by that value of a place's attribute, of those that carry the attribute.
    Served {
        /// The attribute.
        attribute: &'static str,
        /// The value.
        value: String,
    },
    /// Calls that ended so.
    Ended(Outcome),
    /// Calls a minute of the period's time that holds calls.
    PerMinute,
}

impl Figure {
    /// The figure behind the name of a latency: `ttft_p95_s`, `error_share`.
    pub fn of_latency(signal: &str) -> Option<Self> {
        match signal {
            "error_share" => return Some(Self::Ended(Outcome::Failed)),
            "timeout_share" => return Some(Self::Ended(Outcome::Censored)),
            _ => {}
        }
        let (column, level) = signal.strip_suffix("_s")?.split_once('_')?;
        let column = match column {
            "duration" => Column::Duration,
            "ttft" => Column::Ttft,
            "itl" => Column::Itl,
            _ => return None,
        };
        match level {
            "p50" => Some(Self::Quantile(column, 0.5)),
            "p95" => Some(Self::Quantile(column, 0.95)),
            _ => None,
        }
    }
}

impl Asked<'_> {
    /// The figure on one side; none where no call tells.
    pub fn figure(&self, figure: &Figure, side: Side) -> Option<f64> {
        let frame = &self.signals.frame;
        let slice = &self.signals.slices.slices[self.slice];
        let rows = slice.rows.iter().map(|row| *row as usize);
        let rows: Vec<usize> = rows.filter(|row| frame.sides[*row] == side).collect();
        let share = |with: usize, of: usize| (of > 0).then(|| with as f64 / of as f64);
        match figure {
            Figure::Mean(column) => mean(&values(*column, frame, &rows)),
            Figure::Quantile(column, q) => {
                let served: Vec<usize> = rows
                    .into_iter()
                    .filter(|row| frame.outcomes[*row] != Outcome::Failed)
                    .collect();
                crate::stats::quantile::quantile(&values(*column, frame, &served), *q)
            }
            Figure::HitRatio => {
                let (mut read, mut input) = (0.0, 0.0);
                for row in rows {
                    let (part, whole) = (frame.cache_read_tokens[row], frame.input_tokens[row]);
                    if part.is_finite() && whole.is_finite() {
                        read += part;
                        input += whole;
                    }
                }
                (input > 0.0).then(|| read / input)
            }
            Figure::Served { attribute, value } => {
                let codes = place(frame, attribute)?;
                let told: Vec<&str> = rows.iter().filter_map(|row| codes.get(*row)).collect();
                share(told.iter().filter(|told| *told == value).count(), told.len())
            }
            Figure::Ended(outcome) => share(
                rows.iter().filter(|row| frame.outcomes[**row] == *outcome).count(),
                rows.len(),
            ),
            Figure::PerMinute => {
                let seconds = self.seconds(side);
                (seconds > 0.0).then(|| rows.len() as f64 * 60.0 / seconds)
            }
        }
    }

    /// The query that gives the figure; none where a name cannot stand in one.
    pub fn query(&self, figure: &Figure) -> Option<Query> {
        let (value, conditions) = sql::figure(figure, self);
        self.made(Gives::Figures, &[], &[("value", value)], &conditions)
    }

    /// The query of what a fitted line rests on.
    pub fn raw(&self, effect: Effect) -> Option<Query> {
        let raw = raw::of(effect);
        self.made(Gives::RawFigures, raw.by, &raw.columns, &raw.conditions)
    }

    fn made(
        &self,
        gives: Gives,
        by: &[&str],
        columns: &[(&str, String)],
        conditions: &[String],
    ) -> Option<Query> {
        let slices = &self.signals.slices;
        let mut held = Vec::new();
        for (at, code) in &slices.slices[self.slice].keys {
            let dimension = slices.dimensions.get(*at)?;
            let value = dimension.codes.values.get(*code as usize)?;
            let column = sql::attribute(&dimension.name, *at < slices.known)?;
            held.push(sql::holds(&column, value));
        }
        held.extend(conditions.iter().cloned());
        let sql = sql::select(&self.window, self.baseline, by, columns, &held);
        Some(Query { gives, sql })
    }

    fn seconds(&self, side: Side) -> f64 {
        let frame = &self.signals.frame;
        if side == Side::Window { frame.window_s } else { frame.baseline_s }
    }
}

/// The values of a serving place's attribute.
fn place<'a>(frame: &'a Frame, attribute: &str) -> Option<&'a Codes> {
    match attribute {
        "gen_ai.response.model" => Some(&frame.response_model),
        "gen_ai.provider.region" => Some(&frame.region),
        "gen_ai.provider.pool_id" => Some(&frame.pool),
        "gen_ai.response.system_fingerprint" => Some(&frame.fingerprint),
        "openai.response.service_tier" => Some(&frame.tier),
        _ => None,
    }
}

fn values(column: Column, frame: &Frame, rows: &[usize]) -> Vec<f64> {
    let all = column.values(frame);
    rows.iter().map(|row| all[*row]).filter(|value| value.is_finite()).collect()
}
