//! `llmspan simulate`: labelled incidents, each a dump and its truth.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::diagnosis::Cause;
use crate::error::{Error, Result};
use crate::simulate::case::Severity;
use crate::simulate::dialect::Dialect;
use crate::simulate::labels::Observability;
use crate::simulate::suite::{Suite, Theme, write_suite};
use crate::simulate::trace_file;
use crate::simulate::write::Format;

const EXAMPLES: &str = "\
Examples:
  llmspan simulate -o cases --cases 20
  llmspan simulate -o cases --cause decode_contention --severity severe --size 500 --seed 7
  llmspan simulate -o cases --cause healthy --dialect openllmetry --format pb.zst
  llmspan diagnose cases/000/spans.* --window \"$(jq -r .window_arg cases/000/truth.json)\"";

/// Makes labelled incidents from a model of hosted inference.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SimulateArgs {
    /// Folder for the cases: DIR/000/spans.* and DIR/000/truth.json, and so on
    #[arg(short = 'o', long = "output", value_name = "DIR")]
    pub output: PathBuf,
    /// A cause of the contract, `healthy`, `compound` or `all`
    #[arg(long, value_name = "ID", default_value = "all")]
    pub cause: String,
    /// How many cases
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub cases: u32,
    /// Seed: the same seed gives the same bytes
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Who wrote the spans (varies without it)
    #[arg(long, value_enum, value_name = "D")]
    pub dialect: Option<DialectArg>,
    /// How much the spans tell (varies without it)
    #[arg(long, value_enum, value_name = "L")]
    pub observability: Option<ObservabilityArg>,
    /// Form of the dump (varies without it)
    #[arg(long, value_enum, value_name = "F")]
    pub format: Option<FormatArg>,
    /// How strong (varies without it)
    #[arg(long, value_enum, value_name = "S")]
    pub severity: Option<SeverityArg>,
    /// LLM calls in the window, about (varies without it)
    #[arg(long, value_name = "CALLS")]
    pub size: Option<u32>,
    /// A public request trace that drives arrivals and token counts (Azure CSV, Mooncake JSON lines)
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
}

macro_rules! choice {
    ($name:ident, $of:ty, $what:literal) => {
        #[doc = $what]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name(pub $of);

        impl ValueEnum for $name {
            fn value_variants<'a>() -> &'a [Self] {
                const ALL: [$name; <$of>::ALL.len()] = {
                    let mut all = [$name(<$of>::ALL[0]); <$of>::ALL.len()];
                    let mut at = 0;
                    while at < all.len() {
                        all[at] = $name(<$of>::ALL[at]);
                        at += 1;
                    }
                    all
                };
                &ALL
            }

            fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
                Some(clap::builder::PossibleValue::new(self.0.id()))
            }
        }
    };
}

choice!(DialectArg, Dialect, "A dialect, by its id.");
choice!(ObservabilityArg, Observability, "A level of observability, by its id.");
choice!(FormatArg, Format, "A form, by its id.");
choice!(SeverityArg, Severity, "A severity, by its id.");

/// Writes the cases; returns how many.
pub fn run(args: &SimulateArgs) -> Result<u32> {
    let trace = args.trace.as_deref().map(trace_file::read).transpose()?;
    let suite = Suite {
        theme: theme(&args.cause)?,
        cases: args.cases,
        seed: args.seed,
        dialect: args.dialect.map(|dialect| dialect.0),
        observability: args.observability.map(|level| level.0),
        format: args.format.map(|format| format.0),
        severity: args.severity.map(|severity| severity.0),
        window_calls: args.size,
        trace: trace.map(Into::into),
    };
    write_suite(&suite, &args.output)
}

fn theme(id: &str) -> Result<Theme> {
    match id {
        "all" => Ok(Theme::All),
        "healthy" => Ok(Theme::Healthy),
        "compound" => Ok(Theme::Compound),
        _ => Cause::ALL.into_iter().find(|cause| cause.id() == id).map(Theme::Cause).ok_or_else(
            || {
                let known: Vec<&str> = Cause::ALL.iter().map(|cause| cause.id()).collect();
                Error::usage(
                    format!("there is no cause `{id}`"),
                    format!("use healthy, compound, all, or one of: {}", known.join(", ")),
                )
            },
        ),
    }
}
