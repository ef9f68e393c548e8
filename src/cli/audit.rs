//! `llmspan audit`: which attributes the spans carry, what each gap costs, what closes it.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Finished;
use super::map::{self, MapArgs};
use super::output;
use super::plan::stdout_style;
use super::source::SourceArgs;
use crate::error::{Error, Result};
use crate::ingest::Options;
use crate::report::Style;
use crate::report::audit::{self, Format};
use crate::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  llmspan audit spans.parquet
  llmspan audit traces/ -o audit.md -o audit.json
  llmspan audit traces/ --fail-under 60
  llmspan audit traces/ --format json | jq '.services[] | {service, score}'

Exit codes: 0 done, 1 a service scores below --fail-under, 2 usage, 3 input or output.";

/// Say which attributes the spans carry, what each gap costs, and what closes it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct AuditArgs {
    /// Span dumps: files, directories, globs, or - for standard input
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,

    /// Form of the audit on standard output: terminal, markdown or json [default: terminal]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Write the audit to FILE, its form by suffix (.txt .md .json), or to - for standard
    /// output; may be given several times
    #[arg(short, long, value_name = "FILE")]
    pub output: Vec<String>,

    /// Exit with 1 when a service scores below this, 0 to 100
    #[arg(long, value_name = "SCORE", value_parser = clap::value_parser!(u64).range(0..=100))]
    pub fail_under: Option<u64>,

    #[command(flatten)]
    pub columns: MapArgs,

    /// Fail when any record was lost
    #[arg(long)]
    pub strict: bool,

    /// Keep the terminal form to ASCII without colour, for logs
    #[arg(long)]
    pub plain: bool,

    #[command(flatten)]
    pub source: SourceArgs,
}

/// Reads, audits, renders, writes.
///
/// # Errors
/// Whatever reading or writing may meet, and a dump without calls.
pub fn run(args: &AuditArgs, settings: &Settings) -> Result<Finished> {
    let format = args.format.as_deref().map(by_name).transpose()?;
    let files = args.output.iter().filter(|name| *name != "-");
    let files: Vec<(PathBuf, Format)> = files.map(|name| by_suffix(name)).collect::<Result<_>>()?;
    let remote = args.source.terms(None)?;
    if let Some(rehearsed) = args.source.rehearsed(&args.inputs, &remote)? {
        return Ok(rehearsed);
    }
    let options = Options {
        strict: args.strict,
        map: args.columns.rules()?,
        remote: remote.clone(),
        ..Options::default()
    };
    let (table, ingest) = crate::read_as(&args.inputs, &options, settings)?;
    if table.is_empty() {
        return Err(Error::usage(
            "there is nothing to audit: no span in these files is an LLM call",
            "give a dump that holds LLM calls",
        ));
    }
    let found = crate::audit::audit(&table, &ingest);
    let file_style = Style { plain: args.plain, ..Style::of_width(Style::NARROW) };
    for (path, format) in &files {
        let text = audit::render(&found, &ingest, *format, file_style);
        output::write_with(path, |out| out.write_all(text.as_bytes()))?;
    }
    let to_stdout =
        args.output.is_empty() || format.is_some() || args.output.iter().any(|name| name == "-");
    let style = Style { plain: args.plain, ..stdout_style(args.plain) };
    let format = format.unwrap_or(Format::Terminal);
    let below = |least: u64| found.services.iter().any(|service| service.score < least);
    Ok(Finished {
        out: if to_stdout { audit::render(&found, &ingest, format, style) } else { String::new() },
        notes: SourceArgs::shown(&remote).into_iter().chain(map::notes(&ingest, false)).collect(),
        code: u8::from(args.fail_under.is_some_and(below)),
    })
}

fn by_name(name: &str) -> Result<Format> {
    Format::from_name(name).ok_or_else(|| {
        let names = Format::ALL.map(|entry| entry.1).join(", ");
        Error::usage(format!("--format {name} is not a form of the audit"), format!("use {names}"))
    })
}

fn by_suffix(name: &str) -> Result<(PathBuf, Format)> {
    let suffix = Path::new(name).extension().unwrap_or_default().to_string_lossy();
    let format = Format::from_suffix(&suffix).ok_or_else(|| {
        let known = Format::ALL.map(|entry| format!(".{}", entry.2)).join(" ");
        let message = format!("-o {name}: its suffix is not that of an audit");
        Error::usage(message, format!("use one of {known}"))
    })?;
    Ok((PathBuf::from(name), format))
}
