//! `llmspan explain`: one call taken apart.

use std::path::Path;

use clap::Args;

use super::Finished;
use super::map::{self, MapArgs};
use super::output;
use super::plan::{by_suffix, format, stdout_style};
use super::progress::Shown;
use super::source::SourceArgs;
use crate::error::{Error, Result};
use crate::ingest::Options;
use crate::report::{self, Format, Style};
use crate::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  llmspan explain 8f3a0c51d2e94b67 spans.parquet
  llmspan explain req_011CUXhR3fXbZ traces/ --format markdown
  llmspan explain chatcmpl-B9MHDbslfkBeAs8l calls.parquet -o call.json

The id is a trace, span, provider request or response id. Where several calls carry it, they are
listed. Give the whole dump: the other calls say what is usual.";

/// Take one call apart: where its time went, beside what its cohort usually takes
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExplainArgs {
    /// Trace, span, provider request or response id
    #[arg(value_name = "ID")]
    pub id: String,

    /// Span dumps: files, directories, globs, or - for standard input
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,

    /// Form on standard output: terminal, markdown or json [default: terminal]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Write to FILE, its form by suffix (.txt .md .json)
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<String>,

    #[command(flatten)]
    pub columns: MapArgs,

    /// Fail when any record was lost
    #[arg(long)]
    pub strict: bool,

    /// Keep the terminal form to ASCII without colour, for logs
    #[arg(long)]
    pub plain: bool,

    /// Show no progress, and print nothing but the result
    #[arg(short, long)]
    pub quiet: bool,

    #[command(flatten)]
    pub source: SourceArgs,
}

/// Reads, explains, renders, writes.
///
/// # Errors
/// Whatever reading and writing may meet, and an id that no call carries.
pub fn run(args: &ExplainArgs, settings: &Settings) -> Result<Finished> {
    let path = args.output.as_deref().filter(|name| *name != "-").map(Path::new);
    let asked = args.format.as_deref().map(format).transpose()?;
    let format = match (asked, path) {
        (Some(format), _) => format,
        (None, Some(path)) => by_suffix(path)?,
        (None, None) => Format::Terminal,
    };
    if !matches!(format, Format::Terminal | Format::Markdown | Format::Json) {
        return Err(Error::usage(
            "there is no such form of an explanation",
            "use terminal (.txt), markdown (.md) or json (.json)",
        ));
    }
    let remote = args.source.terms(None)?;
    if let Some(rehearsed) = args.source.rehearsed(&args.inputs, &remote)? {
        return Ok(rehearsed);
    }
    let shown = Shown::start(args.quiet);
    let options =
        Options { strict: args.strict, map: args.columns.rules()?, remote, ..Options::default() };
    let options = shown.counting(options);
    let (table, ingest) = crate::read_as(&args.inputs, &options, settings)?;
    let mut notes = SourceArgs::shown(&options.remote);
    notes.extend(map::notes(&ingest, args.quiet));
    let explanation = crate::explain::explain(&table, ingest, &args.id);
    if explanation.matches.is_empty() {
        return Err(Error::usage(
            format!("none of the {} LLM calls carries the id {}", table.len(), args.id),
            "give a trace, span, provider request or response id of a call in these inputs",
        ));
    }
    let Some(path) = path else {
        let style = Style { plain: args.plain, ..stdout_style(args.plain) };
        let out = report::explanation::render(&explanation, format, style);
        return Ok(Finished { out, notes, ..Finished::default() });
    };
    let style = Style { plain: args.plain, ..Style::of_width(Style::NARROW) };
    let text = report::explanation::render(&explanation, format, style);
    output::write_with(path, |out| out.write_all(text.as_bytes()))?;
    notes.extend((!args.quiet).then(|| format!("wrote {}", path.display())));
    Ok(Finished { notes, ..Finished::default() })
}
