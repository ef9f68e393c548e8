//! `llmspan diagnose`: why this window was slow.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Finished;
use super::charts;
use super::judged::JudgedArgs;
use super::map::{self, MapArgs};
use super::output;
use super::plan::Plan;
use super::progress::Shown;
use super::source::SourceArgs;
use crate::diagnosis::{Diagnosis, Verdict};
use crate::error::{Error, Result};
use crate::report::{self, Format, wording};
use crate::settings::Settings;

const EXAMPLES: &str = "\
Windows:
  14:00-14:15                                  UTC unless --tz; the day comes from the data
  2026-11-03T14:00/15m                         start and length
  2026-11-03T14:00:00Z/2026-11-03T14:15:00Z    RFC 3339

Examples:
  llmspan diagnose spans.parquet --window 14:00-14:15
  llmspan diagnose 'traces/*.json.gz' --window 16:00-16:20 --tz Europe/Berlin
  llmspan diagnose spans.parquet --window 14:00-14:15 -o - -o incident.md -o incident.json
  llmspan diagnose spans.parquet --window 14:00-14:15 -o incident.html
  llmspan diagnose spans.parquet --window 14:00-14:15 -o incident.md --with-charts charts
  llmspan diagnose spans.parquet --window 14:00-14:15 --show-queries
  llmspan diagnose spans.parquet --window 14:00-14:15 --quiet --fail-on your_prompt

Exit codes: 0 done, 1 --fail-on matched, 2 usage, 3 input or output.";

/// Say why a window was slow: ranked causes, evidence, and the request ids to cite
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DiagnoseArgs {
    /// Span dumps: files, directories, globs, or - for standard input
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,

    /// The incident; without it spikes are found and each is diagnosed
    #[arg(short, long, value_name = "START-END")]
    pub window: Option<String>,

    /// Normal traffic to hold it against; without it the tool chooses and says what
    #[arg(short, long, value_name = "START-END")]
    pub baseline: Option<String>,

    /// Zone of times that name none, such as Europe/Berlin [default: UTC]
    #[arg(long, value_name = "ZONE")]
    pub tz: Option<String>,

    /// Form of the report on standard output: terminal, markdown, json or html [default:
    /// terminal]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Write a report to FILE, its form by suffix (.txt .md .json .html), or to - for
    /// standard output; may be given several times
    #[arg(short, long, value_name = "FILE")]
    pub output: Vec<String>,

    /// Write every plot as an SVG file into DIR, and show them in Markdown reports
    #[arg(long, value_name = "DIR")]
    pub with_charts: Option<PathBuf>,

    #[command(flatten)]
    pub columns: MapArgs,

    /// Prices for the window's cost, in the form of docs/guides/cost.md [default: the dated list
    /// that ships]
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,

    /// Fail when any record was lost
    #[arg(long)]
    pub strict: bool,

    /// Exit with 1 on: spike, a cause such as decode_contention, or an owner such as
    /// your_prompt; may be given several times
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub fail_on: Vec<String>,

    /// Threads to use [default: one per core]; the report is the same at any number
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,

    /// Cite at most N request ids for a cause
    #[arg(long, value_name = "N")]
    pub max_ids: Option<usize>,

    /// Print every check, figure and reason in the terminal report
    #[arg(short, long)]
    pub verbose: bool,

    /// Keep the terminal report to ASCII without colour, for logs
    #[arg(long)]
    pub plain: bool,

    /// Print nothing but the report, and with -o nothing at all
    #[arg(short, long)]
    pub quiet: bool,

    #[command(flatten)]
    pub judged: JudgedArgs,

    #[command(flatten)]
    pub source: SourceArgs,
}

/// Reads, diagnoses, renders, writes.
pub fn run(args: &DiagnoseArgs, settings: &Settings) -> Result<Finished> {
    let plan = Plan::resolve(args)?;
    if let Some(rehearsed) = args.source.rehearsed(&plan.inputs, &plan.read.remote)? {
        return Ok(rehearsed);
    }
    let mut diagnosis = conclude(&plan, settings)?;
    limit_ids(&mut diagnosis, plan.max_ids);
    let plots =
        plan.charts.as_deref().map(|folder| charts::write(folder, &diagnosis)).transpose()?;
    let pictures = |format: Format, report_folder: &Path| match (&plan.charts, &plots) {
        (Some(folder), Some(plots)) if format == Format::Markdown => {
            charts::section(report_folder, folder, plots)
        }
        _ => String::new(),
    };
    let files = plan.files.iter().map(|(path, format)| {
        let folder = path.parent().unwrap_or(Path::new(""));
        let text =
            report::render(&diagnosis, *format, plan.file_style) + &pictures(*format, folder);
        output::write_with(path, |out| out.write_all(text.as_bytes()))
    });
    files.collect::<Result<()>>()?;
    let out = plan.stdout.map(|format| {
        report::render(&diagnosis, format, plan.style) + &pictures(format, Path::new(""))
    });
    Ok(Finished {
        out: out.unwrap_or_default(),
        notes: notes(&plan, &diagnosis),
        code: u8::from(plan.fail_on.iter().any(|gate| gate.matches(&diagnosis))),
    })
}

fn conclude(plan: &Plan, settings: &Settings) -> Result<Diagnosis> {
    let shown = Shown::start(plan.quiet);
    let options = shown.counting(plan.read.clone());
    let work = || {
        let (table, ingest) = crate::read_as(&plan.inputs, &options, settings)?;
        crate::diagnose_priced(&table, ingest, &plan.windows, (settings, &plan.prices))
    };
    let Some(threads) = plan.threads else { return work() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| {
        Error::usage(format!("{threads} threads cannot be started: {error}"), "ask for fewer")
    })?;
    pool.install(work)
}

fn limit_ids(diagnosis: &mut Diagnosis, most: Option<usize>) {
    let Some(most) = most else { return };
    diagnosis.diagnoses.iter_mut().for_each(|cause| cause.request_ids.truncate(most));
    diagnosis.other_spikes.iter_mut().for_each(|other| limit_ids(other, Some(most)));
}

/// What a person should know besides, where the terminal report does not already say it.
fn notes(plan: &Plan, diagnosis: &Diagnosis) -> Vec<String> {
    let mut notes = SourceArgs::shown(&plan.read.remote);
    if plan.quiet {
        return notes;
    }
    if plan.stdout != Some(Format::Terminal) {
        notes.extend(map::notes(&diagnosis.ingest, false));
        notes.extend(
            wording::losses(&diagnosis.ingest, true).map(|text| format!("warning: {text}")),
        );
    }
    if let Some(folder) = &plan.charts {
        notes.push(format!("wrote the plots into {}", folder.display()));
    }
    if !plan.files.is_empty() {
        let names: Vec<String> =
            plan.files.iter().map(|(path, _)| path.display().to_string()).collect();
        notes.push(format!("wrote {}", names.join(", ")));
        if plan.stdout.is_none() {
            notes.push(report::verdict_line(&report::neutral::inert(diagnosis)));
        }
    }
    notes
}

/// Something on which the run is to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Any spike.
    Spike,
    /// A cause, at any rank.
    Cause(crate::diagnosis::Cause),
    /// Any cause of that owner.
    Owner(crate::diagnosis::Owner),
}

impl Gate {
    /// Whether the conclusion, or that about another spike found, is what was asked about.
    fn matches(self, diagnosis: &Diagnosis) -> bool {
        let here = diagnosis.verdict == Verdict::Spike
            && match self {
                Self::Spike => true,
                Self::Cause(cause) => diagnosis.diagnoses.iter().any(|found| found.cause == cause),
                Self::Owner(owner) => diagnosis.diagnoses.iter().any(|found| found.owner == owner),
            };
        here || diagnosis.other_spikes.iter().any(|other| self.matches(other))
    }
}
