//! The command line: one file per subcommand; structs record, a plan resolves, `run` does.

mod audit;
mod capacity;
mod charts;
mod check;
mod diagnose;
mod dialects;
mod enrich;
mod explain;
mod inspect;
mod judged;
mod map;
mod normalize;
mod output;
mod plan;
mod progress;
mod settings;
mod shell;
mod simulate;
mod source;
mod ticket;
mod timeline;

use clap::{Parser, Subcommand};

use crate::error::{Error, Result};

/// What a finished run hands to `main`, which alone prints.
#[derive(Debug, Default)]
pub struct Finished {
    /// For standard output.
    pub out: String,
    /// Lines for standard error.
    pub notes: Vec<String>,
    /// The exit code of the contract.
    pub code: u8,
}

/// The arguments as they were given.
#[derive(Debug, Parser)]
#[command(
    name = "llmspan",
    version,
    about = "Says why an LLM call got slow.",
    long_about = "Says why an LLM call got slow: reads dumps of LLM-call spans (OTLP JSON, OTLP protobuf, Parquet), \
                  compares a window with normal traffic at the same work, and prints a ranked diagnosis with the \
                  provider request ids to cite. Runs offline, on files.",
    after_help = EXAMPLES,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub struct Cli {
    #[command(flatten)]
    settings: settings::SettingsArgs,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Audit(audit::AuditArgs),
    Capacity(Box<capacity::CapacityArgs>),
    Check(check::CheckArgs),
    Compare(check::CompareArgs),
    Diagnose(diagnose::DiagnoseArgs),
    Dialects(dialects::DialectsArgs),
    Enrich(enrich::EnrichArgs),
    Explain(explain::ExplainArgs),
    Inspect(inspect::InspectArgs),
    Timeline(timeline::TimelineArgs),
    Normalize(normalize::NormalizeArgs),
    Simulate(simulate::SimulateArgs),
    Completions(shell::CompletionsArgs),
    Man(shell::ManArgs),
    Ticket(ticket::TicketArgs),
}

const EXAMPLES: &str = "\
Examples:
  llmspan diagnose spans.parquet --window 14:00-14:15
  llmspan diagnose traces/ --window 2026-11-03T14:00/15m -o incident.md -o incident.json
  zstdcat spans.json.zst | llmspan diagnose - --format json
  llmspan inspect traces/
  llmspan audit traces/
  llmspan capacity calls.parquet --scale 2 --slo 'ttft.p95 < 1.5s'
  llmspan check now.parquet --baseline main.parquet --slo 'ttft.p95 < 1.5s'
  llmspan compare before.parquet after.parquet
  llmspan enrich spans.otlp.json -o enriched.otlp.json
  llmspan explain req_011CUXhR3fXbZ spans.parquet
  llmspan timeline spans.parquet --every 5m --by service_name
  llmspan normalize traces/ -o calls.parquet";

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// Whatever ends it: bad arguments, inputs that hold nothing, outputs that cannot be written.
    pub fn run(self) -> Result<Finished> {
        let settings = self.settings.resolve()?;
        match self.command {
            Command::Audit(args) => audit::run(&args, &settings),
            Command::Capacity(args) => capacity::run(&args, &settings),
            Command::Check(args) => check::run(&args, &settings),
            Command::Compare(args) => check::compare(&args, &settings),
            Command::Diagnose(args) => diagnose::run(&args, &settings),
            Command::Dialects(args) => dialects::run(&args, &settings),
            Command::Enrich(args) => enrich::run(&args, &settings),
            Command::Inspect(args) => inspect::run(&args, &settings),
            Command::Explain(args) => explain::run(&args, &settings),
            Command::Timeline(args) => timeline::run(&args, &settings),
            Command::Normalize(args) => normalize::run(&args, &settings),
            Command::Completions(args) => Ok(shell::completions(&args)),
            Command::Man(args) => shell::man(&args),
            Command::Simulate(args) => simulate::run(&args).map(|_| Finished::default()),
            Command::Ticket(args) => ticket::run(&args, &settings),
        }
    }
}

/// The error for a panic that reached the end of the run. Its place in the source is told and
/// nothing of its message, which may quote an input.
pub fn fault(place: &str) -> Error {
    Error::input(
        format!("internal fault at {place}, version {}", env!("CARGO_PKG_VERSION")),
        "this is a bug in llmspan, and the run was given up",
        "report it with this line; `llmspan inspect` on each file alone tells which one it is",
    )
}

/// The arguments that did not parse, as one paragraph and one line that says what to do.
pub fn usage_paragraph(error: &clap::Error) -> (String, String) {
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n");
    let first = paragraphs.next().unwrap_or_default();
    let first = first.strip_prefix("error: ").unwrap_or(first);
    let message = first.split_whitespace().collect::<Vec<_>>().join(" ");
    let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: "));
    let help = tip.map_or_else(
        || {
            let named = text.lines().find_map(|line| line.trim().strip_prefix("Usage: llmspan "));
            let command = named.and_then(|usage| usage.split(' ').next());
            let command = command.filter(|word| word.bytes().all(|b| b.is_ascii_lowercase()));
            command.map_or_else(
                || "`--help` behind the subcommand shows examples".to_owned(),
                |command| format!("`llmspan {command} --help` shows examples"),
            )
        },
        str::to_owned,
    );
    (message, help)
}
