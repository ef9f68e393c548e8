//! The entry of the stage: everything that ingest kept, to one row a call.

use std::collections::BTreeMap;

use crate::calls::parse::{Rejection, ZERO_USAGE};
use crate::calls::parts::{self, Assembled, Told};
use crate::calls::sample::{Sample, Sampled};
use crate::calls::{CallTable, Codes, store};
use crate::diagnosis::{Ingest, Rejected};
use crate::dialects::Tables;
use crate::error::{Error, Result};
use crate::ingest::remote::{Bins, Stretch};
use crate::ingest::{CanonicalInput, Ingested, Options};
use crate::schema::Col;

/// What is asked of the calls.
#[derive(Debug)]
pub struct Asked<'a> {
    /// Whether a lost record is an error.
    pub strict: bool,
    /// Columns of stored tables that are needed; none for all.
    pub columns: Option<&'a [Col]>,
    /// Most calls that are judged; none for all.
    pub max_calls: Option<u64>,
    /// The stretches of time that are needed; none where it is not known.
    pub times: Option<&'a [Stretch]>,
    /// The bins in which every call is counted where only a sample is judged.
    pub bins: Bins,
}

impl<'a> Asked<'a> {
    /// What reading was asked for.
    pub fn of(options: &'a Options) -> Self {
        Self {
            strict: options.strict,
            columns: options.columns,
            max_calls: options.max_calls,
            times: options.remote.times.as_deref(),
            bins: Bins::new(&options.remote),
        }
    }
}

/// Assembles the canonical table out of what ingest kept, together with the inputs that are
/// such tables already; of more calls than are judged, a sample of it.
///
/// # Errors
/// A table that cannot be read; under `strict`, one that lost a record.
pub fn assemble(
    ingested: Ingested,
    dialects_of: &Tables,
    asked: &Asked<'_>,
) -> Result<(CallTable, Ingest)> {
    let Ingested { spans, tables: inputs, mut ingest } = ingested;
    let alone = spans.spans.is_empty() && ingest.counted.is_empty();
    let sampled = if alone { store::sampled(&inputs, asked)? } else { None };
    let table = match sampled {
        Some(sampled) => sampled.told(&mut ingest),
        None => {
            let stored = stored(&inputs, asked, &mut ingest)?;
            drop(inputs);
            let Assembled { mut tables, folded, rejected } = parts::assemble(&spans, dialects_of);
            drop(spans);
            report(folded, &rejected, &mut ingest);
            tables.extend(stored);
            few(CallTable::concat(tables), asked, &mut ingest)
        }
    };
    ingest.calls = table.len() as u64;
    ingest.dialects = dialects(&table);
    Ok((table, ingest))
}

/// As many calls as are judged. What a server counted already is a sample.
fn few(table: CallTable, asked: &Asked<'_>, ingest: &mut Ingest) -> CallTable {
    let starts = table.starts_ns();
    let span_ns =
        starts.first().zip(starts.last()).map(|(first, last)| last.saturating_sub(*first));
    let sample = Sample::of(table.len() as u64, asked.max_calls, asked.bins.over(span_ns));
    match sample.filter(|_| ingest.counted.is_empty()) {
        Some(sample) => Sampled::of(table, sample).told(ingest),
        None => table,
    }
}

/// Reads the inputs that are call tables.
fn stored(
    inputs: &[CanonicalInput],
    asked: &Asked<'_>,
    ingest: &mut Ingest,
) -> Result<Vec<CallTable>> {
    let mut tables = Vec::new();
    for input in inputs {
        let (table, losses) = CallTable::read_columns(input, asked.columns)?;
        if let Some(loss) = losses.iter().find(|loss| asked.strict && loss.lost) {
            return Err(Error::input(
                format!("{}, {}", input.file, loss.first),
                format!("a record of the call table was lost: {}", loss.reason),
                "leave out `--strict` to go on with what can be read",
            ));
        }
        if let Some(file) = ingest.files.iter_mut().find(|file| file.file == input.file) {
            file.losses.extend(losses);
        }
        tables.push(table);
    }
    Ok(tables)
}

/// Calls by dialect, most first.
fn dialects(table: &CallTable) -> Vec<(String, u64)> {
    let codes = table.codes(Col::Dialect.name());
    let mut counts = vec![0_u64; codes.values.len()];
    for code in codes.codes.into_iter().filter(|code| *code != Codes::NULL) {
        if let Some(count) = usize::try_from(code).ok().and_then(|code| counts.get_mut(code)) {
            *count += 1;
        }
    }
    let mut counts: Vec<(String, u64)> = codes.values.into_iter().zip(counts).collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}

fn report(folded: BTreeMap<&'static str, u64>, rejected: &[Told], ingest: &mut Ingest) {
    for (kind, count) in folded {
        *ingest.folded.entry(kind.to_owned()).or_default() += count;
    }
    let mut by_place: BTreeMap<(Option<&str>, &str, Rejection), u64> = BTreeMap::new();
    for told in rejected {
        *by_place.entry((told.service.as_deref(), told.dialect, told.reason)).or_default() += 1;
        if told.reason != ZERO_USAGE {
            *ingest.rejected.entry(told.reason.to_owned()).or_default() += 1;
        }
    }
    let told = by_place.into_iter().map(|((service, dialect, reason), calls)| Rejected {
        service: service.map(str::to_owned),
        dialect: dialect.to_owned(),
        reason,
        calls,
    });
    ingest.rejected_of.extend(told);
}
