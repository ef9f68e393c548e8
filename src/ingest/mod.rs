//! Bytes to spans: finds the inputs, sniffs and decompresses them, and streams out what is wanted.

mod batch;
mod buffer;
mod census;
mod chunk;
mod collect;
mod decompress;
mod discover;
mod document;
mod escape;
mod figures;
pub mod formats;
mod frame;
mod json;
mod layouts;
mod list;
mod names;
mod outcome;
mod packed;
pub mod parquet;
mod progress;
mod proto;
mod read;
pub mod remote;
mod rows;
mod skip;
mod sniff;
mod span;
mod time;
mod wanted;
pub(crate) mod whole;

pub use census::{Census, Unread};
pub use figures::{Figure, Figures};
pub use layouts::mapper::MapRule;
pub use list::SpanList;
pub use outcome::{FileOutcome, Place, Tally};
pub use packed::Attrs;
pub use progress::{Progress, Reached, Stage};
pub(crate) use proto::wire::{Payload, Wire};
pub(crate) use sniff::Shape;
pub use span::{
    AttrId, Event, Id, Resource, Scope, Span, SpanKind, Spans, StatusCode, Value, ValueRef,
};
pub use wanted::{Keep, Path, Take, Want, WantEvent, Wanted};
pub(crate) use whole::Whole;

use std::path::PathBuf;
use std::sync::Arc;

use self::batch::Batch;
use self::discover::Found;
use self::read::ReadFile;
use crate::diagnosis::{Ingest, IngestFile, Loss};
use crate::error::{Error, Result};
use crate::schema::Col;

/// How to read.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether any lost record is an error.
    pub strict: bool,
    /// A compressed input may grow by at most this factor; beyond it is refused as a bomb.
    pub max_expansion: u64,
    /// A record may be this large, for it is held in memory whole; a larger one is cut and lost.
    pub max_record_bytes: u64,
    /// Which columns of tables that nobody documented are which.
    pub map: Vec<MapRule>,
    /// Counters for whoever watches meanwhile.
    pub progress: Option<Arc<Progress>>,
    /// What is asked of inputs that are not on this machine.
    pub remote: remote::Terms,
    /// Columns of llmspan's own table that are needed; none for all of them.
    pub columns: Option<&'static [Col]>,
    /// Most calls that are judged: of more a sample is; none for all of them.
    pub max_calls: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            strict: false,
            max_expansion: 1000,
            max_record_bytes: 1 << 30,
            map: Vec::new(),
            progress: None,
            remote: remote::Terms::default(),
            columns: None,
            max_calls: None,
        }
    }
}

/// What ingest hands on.
#[derive(Debug, Default)]
pub struct Ingested {
    /// The kept spans, in input order whatever the thread count.
    pub spans: Spans,
    /// Inputs that are llmspan's own canonical table, for the calls stage to read.
    pub tables: Vec<CanonicalInput>,
    /// What was seen, skipped and lost, by file.
    pub ingest: Ingest,
}

/// An input that is the canonical call table itself.
#[derive(Debug)]
pub struct CanonicalInput {
    /// As it was named.
    pub file: String,
    /// Its decompressed bytes; none where they are read from where it lies.
    pub bytes: Vec<u8>,
    /// Where it lies, where that is a Parquet file.
    pub path: Option<PathBuf>,
    /// How it is written.
    pub format: CanonicalFormat,
}

/// The forms that `llmspan normalize` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CanonicalFormat {
    /// Parquet.
    Parquet,
    /// One JSON object a line.
    Ndjson,
    /// CSV with a header line.
    Csv,
}

/// Reads files, directories, globs, `-` (standard input) and what is not on this machine, in the
/// order given.
///
/// # Errors
/// An input that does not exist, or nothing readable in any of them; under `strict`, any lost
/// record.
pub fn read(inputs: &[String], wanted: &Wanted, options: &Options) -> Result<Ingested> {
    // Rules for columns may name any of them, so that none can be left out.
    let whole = !options.map.is_empty();
    let terms = remote::Terms { whole, ..options.remote.clone() };
    let found = discover::discover(inputs, &terms, wanted)?;
    let mut files = read::read_files(&found, wanted, options);
    if let Some(error) = files.iter_mut().find_map(|file| file.failed.take()) {
        return Err(error);
    }
    let readable = |file: &ReadFile| file.outcome.span_count > 0 || file.outcome.table.is_some();
    if !files.iter().any(readable) {
        return Err(nothing_readable(&found, &files));
    }
    let mut ingested = Ingested::default();
    let mut spans = Batch::default();
    for (found, file) in found.iter().zip(files) {
        let FileOutcome { spans: kept, table, format, span_count, mut losses } = file.outcome;
        // A directory may hold other things than spans; a file that was named may not.
        if let Some((what, _)) = &file.refused {
            let unreadable = what.starts_with(read::UNREADABLE);
            losses.add(what, 1, Place::File, unreadable || found.named && what != EMPTY);
        }
        if let Some((what, count)) = found.source.left_out() {
            losses.add(&what, count, Place::File, false);
        }
        ingested.ingest.counted.extend(found.source.counted());
        if span_count == 0 && !found.named {
            losses.pardon(json::UNKNOWN);
        }
        let losses = losses.losses();
        if options.strict
            && let Some(loss) = losses.iter().find(|loss| loss.lost)
        {
            return Err(lost(&found.name, loss));
        }
        let mut kept = kept;
        if found.source.is_unordered() {
            kept.sort();
        }
        spans.absorb_spans(kept);
        ingested.tables.extend(table);
        ingested.ingest.spans += span_count;
        let file = found.name.clone();
        ingested.ingest.files.push(IngestFile { file, format, spans: span_count, losses });
    }
    ingested.spans = spans.into_spans();
    Ok(ingested)
}

/// How a file without content is refused.
const EMPTY: &str = "is empty";

/// The error where no input gave anything: the first one that was meant to hold spans tells why.
fn nothing_readable(found: &[Found], files: &[ReadFile]) -> Error {
    let reasons = |file: &ReadFile| {
        let losses = file.outcome.losses.losses();
        let first = losses.first().map(|loss| {
            let message = format!("no spans found: {} ({})", loss.reason, loss.first);
            (message, help_for(&loss.reason).to_owned())
        });
        file.refused.clone().or(first)
    };
    let mut failed = found.iter().zip(files);
    if let [Found { name, source: discover::Source::Remote(remote), .. }, ..] = found
        && files.iter().all(|file| file.refused.is_none())
    {
        let (message, help) = remote.when_empty();
        return Error::input(name.clone(), message, help);
    }
    let first = failed.find_map(|(found, file)| Some((found, reasons(file)?)));
    let Some((found, (message, help))) = first else {
        let place = found.first().map(|found| found.name.clone()).unwrap_or_default();
        return Error::input(place, "no spans found: every request in it is empty", HELP);
    };
    let looked_for = if message.to_ascii_lowercase().contains("looked for") {
        ""
    } else {
        "; looked for OTLP spans (JSON or protobuf), Parquet, or llmspan's own table"
    };
    let others = match files.len() {
        1 => String::new(),
        more => format!("; none of the other {} files holds spans either", more - 1),
    };
    Error::input(found.name.clone(), format!("{message}{looked_for}{others}"), help)
}

/// What to do about an input without spans.
const HELP: &str = "export the traces as OTLP JSON or protobuf (the collector's file exporter \
                    writes both), or as Parquet";

/// What to do about a file in which there was nothing but this.
fn help_for(reason: &str) -> &'static str {
    match reason {
        "logs" | "metrics" | "profiles" => "this is another signal: give the traces of that time",
        reason if reason.contains("cut short") => "get the whole file: copy or download it again",
        _ => HELP,
    }
}

fn lost(file: &str, loss: &Loss) -> Error {
    let message = format!("{} record(s) lost: {}", loss.count, loss.reason);
    let help = "repair the input, or run without --strict to use what can be read";
    Error::input(format!("{file}, {}", loss.first), message, help)
}
