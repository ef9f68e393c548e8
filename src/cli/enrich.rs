//! `llmspan enrich`: the dump again, with what was derived added to its spans.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Finished;
use super::output;
use super::progress::Shown;
use crate::enrich::{Additions, enrich};
use crate::error::{Error, Result};
use crate::ingest::{Options, remote};
use crate::report::numbers;
use crate::settings::Settings;

const EXAMPLES: &str = "\
Adds to each LLM call's span, where it is known and the span lacks it:
  gen_ai.usage.cache_hit_ratio        gen_ai.response.decode_duration (seconds)
  gen_ai.provider.request_id          gen_ai.response.inter_token_latency.mean .p50 .p95 .p99
  gen_ai.provider.region              gen_ai.provider.pool_id
  event cache_miss: reason (prompt_changed, evicted, cold), source

Examples:
  llmspan enrich spans.otlp.json -o enriched.otlp.json
  llmspan enrich spans.otlp.pb.zst -o enriched.otlp.pb.zst
  llmspan enrich otel_traces.parquet -o enriched.parquet

The result has the form and the compression of the input; all that was there stays as it was.";

/// Write a dump again in its own form, with derived attributes added to its spans
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct EnrichArgs {
    /// The dump: OTLP JSON, OTLP protobuf, or Parquet of ClickHouse's otel_traces
    #[arg(value_name = "IN")]
    pub input: PathBuf,

    /// Where to write it
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,

    /// Show no progress, and print nothing
    #[arg(short, long)]
    pub quiet: bool,
}

/// Reads, derives, writes.
///
/// # Errors
/// A file that cannot be read whole, holds no LLM call, or has a form that cannot be written back.
pub fn run(args: &EnrichArgs, settings: &Settings) -> Result<Finished> {
    if settings.redact {
        return Err(Error::usage(
            "enrich keeps every attribute as it was, and --redact asks for the contrary",
            "leave out --redact, or write the table with llmspan normalize --redact",
        ));
    }
    let name = args.input.to_string_lossy();
    if remote::is_remote(&name) {
        return Err(Error::usage(
            format!(
                "{}: enrich writes a dump again in its own form, and reads files only",
                remote::shown(&name)
            ),
            "copy the object to a file first; of a table in ClickHouse, export what you need with \
             SELECT * FROM otel_traces WHERE ... FORMAT Parquet",
        ));
    }
    if !args.input.is_file() {
        let name = args.input.display();
        return Err(Error::usage(
            format!("{name} is no file: enrich reads one dump and writes it again"),
            "name one file; save standard input to a file first",
        ));
    }
    let shown = Shown::start(args.quiet);
    // Damage that the reader could pass by could not be written back.
    let options = shown.counting(Options { strict: true, ..Options::default() });
    let input = args.input.to_string_lossy().into_owned();
    let (table, _) = crate::read_as(&[input], &options, settings)?;
    if table.is_empty() {
        return Err(Error::usage(
            format!("{}: no span in it is an LLM call", args.input.display()),
            "give a dump that holds LLM calls",
        ));
    }
    let additions = Additions::of(&table);
    let enriched = enrich(Path::new(&args.input), &additions, options.max_expansion)?;
    output::write_with(&args.output, |out| out.write_all(&enriched.bytes))?;
    let note = format!(
        "wrote {}: {} of {} calls got {} attributes and {} cache_miss events",
        args.output.display(),
        numbers::len(enriched.spans),
        numbers::len(table.len()),
        numbers::len(enriched.attributes),
        numbers::len(enriched.events)
    );
    let notes = if args.quiet { Vec::new() } else { vec![note] };
    Ok(Finished { notes, ..Finished::default() })
}
