//! `llmspan ticket`: the text for the provider's support form.

use clap::Args;

use super::Finished;
use super::map::{self, MapArgs};
use super::progress::Shown;
use super::source::SourceArgs;
use crate::error::{Error, Result};
use crate::ingest::Options;
use crate::report::ticket;
use crate::settings::Settings;
use crate::windows::WindowArgs;

const EXAMPLES: &str = "\
Examples:
  llmspan ticket spans.parquet --window 14:00-14:15
  llmspan ticket traces/ --window 2026-11-03T14:00/15m --provider anthropic --max-ids 50

The text names models, regions, figures and request ids. Services, tenants, prompts and
sessions stay out of it.";

/// Write the text for the provider's support form: what changed, since when, which request ids
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct TicketArgs {
    /// Span dumps: files, directories, globs, or - for standard input
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,

    /// The incident; without it spikes are found and the worst is taken
    #[arg(short, long, value_name = "START-END")]
    pub window: Option<String>,

    /// Normal traffic to hold it against; without it the tool chooses and says what
    #[arg(short, long, value_name = "START-END")]
    pub baseline: Option<String>,

    /// Zone of times that name none, such as Europe/Berlin [default: UTC]
    #[arg(long, value_name = "ZONE")]
    pub tz: Option<String>,

    /// Whose form: openai, anthropic, azure, bedrock, vertex_ai, ... [default: the provider with
    /// the most slowed calls]
    #[arg(long, value_name = "NAME")]
    pub provider: Option<String>,

    /// List at most N request ids
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub max_ids: usize,

    #[command(flatten)]
    pub columns: MapArgs,

    /// Fail when any record was lost
    #[arg(long)]
    pub strict: bool,

    /// Show no progress
    #[arg(short, long)]
    pub quiet: bool,

    #[command(flatten)]
    pub source: SourceArgs,
}

/// Reads, diagnoses, writes the text.
///
/// # Errors
/// Whatever ends a diagnosis, and asking for no ids at all.
pub fn run(args: &TicketArgs, settings: &Settings) -> Result<Finished> {
    if args.max_ids == 0 {
        return Err(Error::usage(
            "a ticket without request ids is of no use",
            "ask for at least 1",
        ));
    }
    let windows = WindowArgs {
        window: args.window.clone(),
        baseline: args.baseline.clone(),
        tz: args.tz.clone(),
    };
    let remote = args.source.terms(Some(&windows))?;
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
    let diagnosis = crate::diagnose_as(&table, ingest, &windows, settings)?;
    let out = ticket::render(&diagnosis, args.provider.as_deref(), args.max_ids);
    Ok(Finished { out, notes, ..Finished::default() })
}
