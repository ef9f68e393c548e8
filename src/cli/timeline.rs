//! `llmspan timeline`: the whole dump over time.

use std::path::Path;

use clap::Args;

use super::Finished;
use super::judged::JudgedArgs;
use super::map::{self, MapArgs};
use super::output;
use super::plan::stdout_style;
use super::progress::Shown;
use super::source::SourceArgs;
use crate::error::{Error, Result};
use crate::ingest::Options;
use crate::report::Style;
use crate::report::timeline::{TimelineFormat, render};
use crate::settings::Settings;
use crate::timeline::{TimelineArgs as Asked, timeline};
use crate::windows;

const EXAMPLES: &str = "\
Examples:
  llmspan timeline spans.parquet
  llmspan timeline traces/ --every 5m --by service_name
  llmspan timeline traces/ --every 1d -o weeks.csv
  llmspan timeline calls.parquet --by attr.service.version --format markdown

--by takes a text column of the call table (docs/schema.md) or an attribute that was kept.";

/// Lay the whole dump out over time: level and tail of each signal, spikes, drift by day
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct TimelineArgs {
    /// Span dumps: files, directories, globs, or - for standard input
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,

    /// Length of a bin: 30s, 5m, 1h, 1d [default: what fits a page]
    #[arg(short, long, value_name = "LENGTH")]
    pub every: Option<String>,

    /// Tell calls apart by a column or attribute, such as service_name or region
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,

    /// Form on standard output: terminal, markdown, csv or json [default: terminal]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Write to FILE, its form by suffix (.txt .md .csv .json)
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
    pub judged: JudgedArgs,

    #[command(flatten)]
    pub source: SourceArgs,
}

/// Reads, bins, renders, writes.
///
/// # Errors
/// Whatever reading and writing may meet, bins without number, an attribute that nothing carries.
pub fn run(args: &TimelineArgs, settings: &Settings) -> Result<Finished> {
    let path = args.output.as_deref().filter(|name| *name != "-").map(Path::new);
    let format = form(args.format.as_deref(), path)?;
    let every_ns = args.every.as_deref().map(every).transpose()?;
    let remote = args.source.terms(None)?;
    if let Some(rehearsed) = args.source.rehearsed(&args.inputs, &remote)? {
        return Ok(rehearsed);
    }
    let shown = Shown::start(args.quiet);
    let options = Options {
        strict: args.strict,
        map: args.columns.rules()?,
        remote,
        max_calls: args.judged.most()?,
        ..Options::default()
    };
    let options = shown.counting(options);
    let (table, ingest) = crate::read_as(&args.inputs, &options, settings)?;
    let mut notes = SourceArgs::shown(&options.remote);
    notes.extend(map::notes(&ingest, args.quiet));
    let found = timeline(&table, ingest, &Asked { every_ns, by: args.by.clone() })?;
    let Some(path) = path else {
        let style = Style { plain: args.plain, ..stdout_style(args.plain) };
        return Ok(Finished { out: render(&found, format, style), notes, ..Finished::default() });
    };
    let style = Style { plain: args.plain, ..Style::of_width(Style::NARROW) };
    let text = render(&found, format, style);
    output::write_with(path, |out| out.write_all(text.as_bytes()))?;
    notes.extend((!args.quiet).then(|| format!("wrote {}", path.display())));
    Ok(Finished { notes, ..Finished::default() })
}

fn every(text: &str) -> Result<i64> {
    windows::duration_ns(text).filter(|length| *length > 0).ok_or_else(|| {
        Error::usage(
            format!("--every {text} is no length of time"),
            "write it as 30s, 5m, 1h or 1d",
        )
    })
}

fn form(name: Option<&str>, path: Option<&Path>) -> Result<TimelineFormat> {
    let suffix = path.map(|path| path.extension().unwrap_or_default().to_string_lossy());
    let all = TimelineFormat::ALL;
    let found = match (name, &suffix) {
        (Some(name), _) => all.iter().find(|entry| entry.1 == name),
        (None, Some(suffix)) => all.iter().find(|entry| entry.2.eq_ignore_ascii_case(suffix)),
        (None, None) => all.first(),
    };
    found.map(|entry| entry.0).ok_or_else(|| {
        let help = "use terminal (.txt), markdown (.md), csv (.csv) or json (.json)";
        Error::usage("there is no such form of a timeline", help)
    })
}
