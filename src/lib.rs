//! `llmspan` says why an LLM call got slow.
//!
//! It reads dumps of LLM-call spans from whatever instrumentation wrote them, compares a window
//! with normal traffic at the same work, and concludes with ranked, calibrated causes.
//!
//! The pipeline is the architecture; data flows one way:
//!
//! 1. [`ingest`] turns bytes into spans, keeping only what the [`dialects`] ask for;
//! 2. [`calls`] assembles them into the canonical table, one row per LLM call ([`schema`]);
//! 3. [`windows`] splits the table into window and baseline;
//! 4. `signals` measures what every cause shares, with the pure functions of [`stats`];
//! 5. `causes` turns signals into findings, `verdict` ranks them into a [`diagnosis`];
//! 6. `report` renders it.
//!
//! Beside the diagnosis of a window, [`explain`] takes one call apart and
//! [`timeline`] lays the whole dump out over time, and [`capacity`] says what a deployment holds at a
//! multiple of its traffic.

pub mod audit;
pub mod calls;
pub mod capacity;
pub mod causes;
pub mod check;
#[doc(hidden)]
pub mod cli;
pub mod cost;
pub mod diagnosis;
pub mod dialects;
pub mod enrich;
pub mod error;
pub mod explain;
pub mod ingest;
pub mod inspect;
pub mod report;
pub mod schema;
pub mod servers;
pub mod settings;
pub mod signals;
pub mod simulate;
pub mod slo;
pub mod stats;
pub mod timeline;
pub mod verdict;
pub mod windows;

use calls::CallTable;
use diagnosis::check::Check;
use diagnosis::{Diagnosis, Ingest, Verdict};
use error::{Error, Result};
use settings::Settings;

/// Inputs to the canonical table, with what was read and lost on the way.
///
/// # Errors
/// An input that does not exist or in which nothing can be read; under `strict`, any lost record.
pub fn read(inputs: &[String], options: &ingest::Options) -> Result<(CallTable, Ingest)> {
    read_as(inputs, options, &Settings::default())
}

/// The same, as the settings want it read.
///
/// # Errors
/// Those of [`read`], and settings that no table can be made of.
pub fn read_as(
    inputs: &[String],
    options: &ingest::Options,
    settings: &Settings,
) -> Result<(CallTable, Ingest)> {
    let tables = dialects::Tables::new(settings)?;
    assembled(inputs, options, settings, &tables)
}

fn assembled(
    inputs: &[String],
    options: &ingest::Options,
    settings: &Settings,
    tables: &dialects::Tables,
) -> Result<(CallTable, Ingest)> {
    let max_expansion = settings.max_expansion.unwrap_or(options.max_expansion);
    let max_record_bytes = settings.max_record_bytes.unwrap_or(options.max_record_bytes);
    let bounded = ingest::Options { max_expansion, max_record_bytes, ..options.clone() };
    let ingested = ingest::read(inputs, tables.wanted(), &bounded)?;
    if let Some(progress) = &options.progress {
        progress.assembling();
    }
    let (table, ingest) = calls::assemble(ingested, tables, &calls::Asked::of(&bounded))?;
    if let Some(progress) = &options.progress {
        progress.judging(table.len());
    }
    let table =
        if settings.servers.is_empty() { table } else { table.with_servers(&settings.servers) };
    let table = if settings.redact { table.redacted(&settings.redact_key) } else { table };
    Ok((table, ingest))
}

/// What the inputs are: read as [`read_as`] reads them, with a census of what no table reads. Inputs
/// that hold no LLM call are worth a look as well.
///
/// # Errors
/// Those of [`read_as`].
pub fn inspect_as(
    inputs: &[String],
    options: &ingest::Options,
    settings: &Settings,
) -> Result<diagnosis::inspection::Inspection> {
    let tables = dialects::Tables::new(settings)?.counting_unread();
    let (table, ingest) = assembled(inputs, options, settings, &tables)?;
    Ok(inspect::inspect(&table, ingest, tables.wanted().unread(), &tables))
}

/// The canonical table to a conclusion about one window; where none is given, spikes are found,
/// the most severe is diagnosed and the others stand beside it.
///
/// # Errors
/// A window that cannot be understood, lies outside the data, or fits several days.
pub fn diagnose(
    table: &CallTable,
    ingest: Ingest,
    args: &windows::WindowArgs,
) -> Result<Diagnosis> {
    diagnose_as(table, ingest, args, &Settings::default())
}

/// The same, judged by what the settings say.
///
/// # Errors
/// Those of [`diagnose`].
pub fn diagnose_as(
    table: &CallTable,
    ingest: Ingest,
    args: &windows::WindowArgs,
    settings: &Settings,
) -> Result<Diagnosis> {
    diagnose_priced(table, ingest, args, (settings, &cost::Prices::shipped()))
}

/// The same, with prices of one's own for what the window cost.
///
/// # Errors
/// Those of [`diagnose`].
pub fn diagnose_priced(
    table: &CallTable,
    ingest: Ingest,
    args: &windows::WindowArgs,
    (settings, prices): (&Settings, &cost::Prices),
) -> Result<Diagnosis> {
    let args = &args.in_zone(settings.timezone.as_deref());
    let starts_ns = table.starts_ns();
    let (Some(&first), Some(&last)) = (starts_ns.first(), starts_ns.last()) else {
        return Err(no_calls(&ingest));
    };
    if args.window.is_some() {
        // A window that seems to lie outside may lie in the part that was lost.
        let lost = || report::wording::losses(&ingest, true);
        let split = windows::choose(&starts_ns, args).map_err(|error| error.mind(lost()))?;
        let judged = verdict::judge(table, ingest, &split, settings);
        return Ok(billed(judged, table, &split, prices));
    }
    let mut spikes = spikes(table, &starts_ns, &ingest, (settings, prices));
    if spikes.is_empty() {
        let all = windows::Range { start_ns: first, end_ns: last.saturating_add(1) };
        let split = windows::split_at(&starts_ns, all, &[]);
        let searched = windows::searchable(&starts_ns);
        return Ok(verdict::nothing_found(table, ingest, &split, searched));
    }
    let mut main = spikes.remove(0);
    main.other_spikes = spikes;
    Ok(main)
}

/// The verdict with its bill, where it is a spike.
fn billed(
    mut diagnosis: Diagnosis,
    table: &CallTable,
    split: &windows::Split,
    prices: &cost::Prices,
) -> Diagnosis {
    if diagnosis.verdict == Verdict::Spike {
        diagnosis.cost = cost::cost(table, split, prices);
        cost::of_every_call(&mut diagnosis);
    }
    diagnosis
}

/// From this strength on (eight standard errors) a stretch is no chance find, however many were
/// looked at; bursts of healthy traffic were seen to reach seven.
const CLEAR: f64 = 65.0;
/// Most candidates that are judged.
const MOST_JUDGED: usize = 16;

/// The spikes of the whole table, clearest first. A candidate that is not confirmed stays part of
/// everybody else's normal traffic: leaving it out would make the traffic look steadier than it is.
fn spikes(
    table: &CallTable,
    starts_ns: &[i64],
    ingest: &Ingest,
    asked: (&Settings, &cost::Prices),
) -> Vec<Diagnosis> {
    let series = verdict::searched(table);
    let values: Vec<&[f64]> = series.iter().map(|series| series.values.as_slice()).collect();
    let mut confirmed: Vec<windows::Range> = Vec::new();
    let mut spikes = Vec::new();
    let end_ns = starts_ns.last().map_or(0, |last| last.saturating_add(1));
    let counted = verdict::searched_counts(ingest, table, end_ns);
    let candidates = windows::candidates_beside(starts_ns, &values, counted.as_ref());
    for found in candidates.into_iter().take(MOST_JUDGED) {
        if confirmed.iter().any(|spike| spike.overlaps(&found.range)) {
            continue;
        }
        // So clear a stretch needs no allowance for having been looked for, where the spread of
        // the values is a fair measure of that.
        let spread = series.get(found.signal).is_none_or(|series| series.spread);
        let clear = found.strength >= CLEAR && spread;
        // Of a sample of very many calls most lie at a time that has nothing to say here.
        let near = (!ingest.counted.is_empty()).then(|| near(table, starts_ns, found.range));
        let table = near.as_ref().unwrap_or(table);
        let split = windows::Split {
            picked_from: if clear { 1 } else { found.picked_from },
            ..windows::split_at(&table.starts_ns(), found.range, &confirmed)
        };
        if let Some(diagnosis) = verdict::judge_candidate(table, ingest, &split, asked.0) {
            confirmed.push(found.range);
            spikes.push(billed(diagnosis, table, &split, asked.1));
        }
    }
    spikes
}

/// The calls of the times at which a window and its baseline can lie.
fn near(table: &CallTable, starts_ns: &[i64], window: windows::Range) -> CallTable {
    let mut rows: Vec<u32> = Vec::new();
    for range in windows::around(window) {
        let of = range.rows(starts_ns);
        let beyond = rows.last().map_or(0, |last| *last as usize + 1);
        rows.extend((of.start.max(beyond)..of.end).filter_map(|row| u32::try_from(row).ok()));
    }
    table.part(&rows)
}

/// A recording held against another or against objectives; where something regressed, with the
/// causes that the diagnosis of the same pair names.
///
/// # Errors
/// Too few calls, or an attribute to tell segments apart by that no call carries.
pub fn check_pair(
    pair: &check::Pair,
    ingest: Ingest,
    asked: &check::Asked,
    settings: &Settings,
) -> Result<Check> {
    if pair.table.is_empty() {
        return Err(no_calls(&ingest));
    }
    if pair.split.baseline.is_empty() {
        return check::objectives_only(pair, ingest, asked);
    }
    let mut found = check::check(pair, ingest, asked, settings)?;
    if check::regressed(&found) {
        let diagnosis = verdict::judge(&pair.table, Ingest::default(), &pair.split, settings);
        check::explain(&mut found, &diagnosis);
    }
    Ok(found)
}

/// Inputs that could be read and hold no LLM call.
fn no_calls(ingest: &Ingest) -> Error {
    let files: Vec<&str> = ingest.files.iter().map(|file| file.file.as_str()).collect();
    let place = match files.as_slice() {
        [] => "the input".to_owned(),
        [file] => (*file).to_owned(),
        [file, rest @ ..] => format!("{file} and {} more", rest.len()),
    };
    let spans = report::numbers::count(ingest.spans);
    let message = format!(
        "{spans} spans were read, and none of them is an LLM call: no attribute of a known \
         dialect marks one"
    );
    let help = "check that the LLM client is instrumented and that these are its traces; \
                docs/dialects.md lists the instrumentation that is recognised";
    Error::input(place, message, help).mind(report::wording::losses(ingest, true))
}
