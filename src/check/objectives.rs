//! Objectives: a figure of the recording against the bound that somebody set for it.

use std::collections::BTreeMap;

use super::Asked;
use crate::calls::{CallTable, Codes};
use crate::diagnosis::check::{Objective, ObjectiveOutcome};
use crate::error::{Error, Result};
use crate::schema::Col;
use crate::slo::{Metric, Slo};
use crate::stats::compare::{Sample, Statistic};
use crate::stats::proportion::wilson;
use crate::stats::quantile::variance;
use crate::stats::resample::{Resampler, Rng, block_length, percentile_interval};

/// Resamples of a quantile's interval.
const REPLICATES: usize = 300;
/// Calls beyond a quantile that make it a figure rather than the slowest call.
const LEAST_BEYOND: f64 = 1.0;

/// A segment and its calls.
type Place = (BTreeMap<String, String>, Vec<usize>);

/// Every objective on everything, and on each segment that was asked for.
pub fn objectives(
    table: &CallTable,
    rows: &std::ops::Range<usize>,
    asked: &Asked,
) -> Result<Vec<Objective>> {
    if asked.slos.is_empty() {
        return Ok(Vec::new());
    }
    let all: Vec<usize> = rows.clone().collect();
    let mut places = vec![(BTreeMap::new(), all.clone())];
    for name in &asked.by {
        places.extend(values(table, &all, name)?);
    }
    let columns = Columns::new(table);
    let of = |slo: &Slo| -> Vec<Objective> {
        places.iter().map(|(segment, rows)| columns.judge(slo, segment.clone(), rows)).collect()
    };
    Ok(asked.slos.iter().flat_map(of).collect())
}

/// The calls by value of an attribute, as it is named in segments.
fn values(table: &CallTable, rows: &[usize], name: &str) -> Result<Vec<Place>> {
    let codes = match name {
        "service.name" => table.codes(Col::ServiceName.name()),
        "gen_ai.request.model" => table.codes(Col::RequestModel.name()),
        "gen_ai.response.model" => table.codes(Col::ResponseModel.name()),
        "gen_ai.provider.name" => table.codes(Col::Provider.name()),
        "gen_ai.provider.region" => table.codes(Col::Region.name()),
        "gen_ai.provider.pool_id" => table.codes(Col::PoolId.name()),
        "gen_ai.prompt.name" => table.codes(Col::PromptName.name()),
        "tenant.id" => table.codes(Col::Tenant.name()),
        other => table.segment(other),
    };
    let mut of: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for row in rows.iter().filter(|row| codes.codes[**row] != Codes::NULL) {
        of.entry(codes.codes[*row]).or_default().push(*row);
    }
    if of.is_empty() {
        let message = format!("--by {}: no call carries it", name.escape_debug());
        return Err(Error::usage(message, "name an attribute such as service.name"));
    }
    let named = |code: u32| {
        let value = codes.values[code as usize].clone();
        BTreeMap::from([(name.to_owned(), value)])
    };
    Ok(of.into_iter().map(|(code, rows)| (named(code), rows)).collect())
}

struct Columns {
    starts_s: Vec<f64>,
    ttft_s: Vec<f64>,
    itl_s: Vec<f64>,
    duration_s: Vec<f64>,
    status: Codes,
}

impl Columns {
    fn new(table: &CallTable) -> Self {
        let starts_ns = table.starts_ns();
        let first = starts_ns.first().copied().unwrap_or_default();
        Self {
            starts_s: starts_ns.iter().map(|ns| (ns - first) as f64 * 1e-9).collect(),
            ttft_s: table.numbers(Col::TtftS),
            itl_s: table.numbers(Col::ItlS),
            duration_s: table.numbers(Col::DurationS),
            status: table.codes(Col::Status.name()),
        }
    }

    fn judge(&self, slo: &Slo, segment: BTreeMap<String, String>, rows: &[usize]) -> Objective {
        let told = match slo.quantile {
            Some(q) => self.quantile(slo.metric, q, rows),
            None => self.share(slo.metric, rows),
        };
        let value = told.value;
        Objective {
            slo: slo.text.clone(),
            segment,
            signal: signal(slo),
            bound: slo.bound,
            value,
            low: told.low,
            high: told.high,
            calls: told.calls,
            outcome: match value {
                None => ObjectiveOutcome::Unknown,
                Some(value) if value < slo.bound => ObjectiveOutcome::Kept,
                Some(_) => ObjectiveOutcome::Broken,
            },
        }
    }

    /// Calls that failed have no latency; calls that were cut off took at least that long.
    fn quantile(&self, metric: Metric, q: f64, rows: &[usize]) -> Told {
        let values = match metric {
            Metric::Ttft => &self.ttft_s,
            Metric::Itl => &self.itl_s,
            _ => &self.duration_s,
        };
        let served = rows.iter().filter(|row| self.status.get(**row) != Some("error"));
        let (values, starts): (Vec<f64>, Vec<f64>) =
            served.map(|row| (values[*row], self.starts_s[*row])).unzip();
        let sample = Sample::new(&values, &starts);
        let statistic = Statistic::Quantile(q);
        let enough = sample.len() as f64 * (1.0 - q) >= LEAST_BEYOND;
        let value = if enough { statistic.of(sample.values()) } else { None };
        let interval = value.and_then(|_| interval(&sample, statistic));
        Told {
            value,
            low: interval.map(|interval| interval.0),
            high: interval.map(|interval| interval.1),
            calls: sample.len(),
        }
    }

    fn share(&self, metric: Metric, rows: &[usize]) -> Told {
        let counts = |row: &&usize| match metric {
            Metric::ErrorRate => self.status.get(**row) == Some("error"),
            _ => matches!(self.status.get(**row), Some("timeout" | "cancelled")),
        };
        let with = rows.iter().filter(counts).count() as f64;
        let calls = rows.len() as f64;
        let interval = wilson(with, calls, 0.95);
        Told {
            value: (!rows.is_empty()).then(|| with / calls),
            low: interval.map(|interval| interval.0),
            high: interval.map(|interval| interval.1),
            calls: rows.len(),
        }
    }
}

/// A figure with its interval.
struct Told {
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    calls: usize,
}

/// The 95 % interval of a statistic from blocks of time.
fn interval(sample: &Sample, statistic: Statistic) -> Option<(f64, f64)> {
    variance(sample.values()).filter(|variance| *variance > 0.0)?;
    let ordered = crate::stats::quantile::Ordered::new(sample.values());
    let (first, last) = (sample.starts_s().first()?, sample.starts_s().last()?);
    let spacing_s = (last - first) / (sample.len() as f64 - 1.0).max(1.0);
    let block_s = (block_length(sample.values()) * spacing_s).max(1e-9);
    let sampler = Resampler::blocks(sample.starts_s(), block_s);
    let (mut rng, mut counts) = (Rng::new(0x510), Vec::new());
    let drawn: Vec<f64> = (0..REPLICATES)
        .filter_map(|_| {
            sampler.draw(&mut rng, &mut counts);
            statistic.under(&ordered, &counts)
        })
        .collect();
    percentile_interval(&drawn, 0.95)
}

/// What is measured, as signals are called.
fn signal(slo: &Slo) -> String {
    match (slo.metric, slo.quantile) {
        (Metric::ErrorRate, _) => "error_share".to_owned(),
        (Metric::TimeoutRate, _) => "timeout_share".to_owned(),
        (metric, quantile) => {
            // To the thousandth of a percent: 99.9 comes back as it was written.
            let percent = (quantile.unwrap_or(0.5) * 1e5).round() / 1e3;
            format!("{}_p{percent}_s", metric.name())
        }
    }
}
