//! `llmspan inspect`: what a dump is, and what of it is not understood.

use clap::Args;

use super::Finished;
use super::dialects::{Form, form};
use super::map::MapArgs;
use super::plan::stdout_style;
use super::progress::Shown;
use super::source::SourceArgs;
use crate::error::Result;
use crate::ingest::{Options, remote};
use crate::report::{Style, inspection};
use crate::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  llmspan inspect spans.parquet
  llmspan inspect traces/ --format json | jq '.unread[:20]'

Attributes that no table reads can be mapped in llmspan.toml (docs/settings.md).";

const PARTS_OF_A_TABLE: &str = "A table in ClickHouse sends only the spans and attributes that are \
                                understood: what else it holds is not counted here. Export it to see that.";

/// Say what a dump is: formats, dialects, time span, what was folded, lost and not understood
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct InspectArgs {
    /// Span dumps: files, directories, globs, or - for standard input
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,

    #[command(flatten)]
    pub columns: MapArgs,

    /// Form on standard output: terminal or json [default: terminal]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Keep the terminal form to ASCII without colour, for logs
    #[arg(long)]
    pub plain: bool,

    /// Show no progress
    #[arg(short, long)]
    pub quiet: bool,

    #[command(flatten)]
    pub source: SourceArgs,
}

/// Reads with a census of what is not read, and renders.
pub fn run(args: &InspectArgs, settings: &Settings) -> Result<Finished> {
    let form = form(args.format.as_deref())?;
    let remote = args.source.terms(None)?;
    if let Some(rehearsed) = args.source.rehearsed(&args.inputs, &remote)? {
        return Ok(rehearsed);
    }
    let shown = Shown::start(args.quiet);
    let options = Options { map: args.columns.rules()?, remote, ..Options::default() };
    let options = shown.counting(options);
    let found = crate::inspect_as(&args.inputs, &options, settings)?;
    drop(shown);
    let style = Style { plain: args.plain, ..stdout_style(args.plain) };
    let out = match form {
        Form::Terminal => inspection::terminal(&found, style),
        Form::Json => inspection::as_json(&found),
    };
    let mut notes = SourceArgs::shown(&options.remote);
    if args.inputs.iter().any(|input| remote::is_table(input)) {
        notes.push(PARTS_OF_A_TABLE.to_owned());
    }
    Ok(Finished { out, notes, ..Finished::default() })
}
