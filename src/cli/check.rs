//! `llmspan check` and `llmspan compare`: a recording against another, or against objectives.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Finished;
use super::output;
use super::plan::stdout_style;
use super::progress::Shown;
use super::source::SourceArgs;
use crate::check::{Asked, Pair, one_dump, two_dumps};
use crate::diagnosis::Ingest;
use crate::diagnosis::check::Check;
use crate::error::{Error, Result};
use crate::ingest::Options;
use crate::ingest::remote::{self, Terms};
use crate::report::Style;
use crate::report::check::{Format, render};
use crate::settings::Settings;
use crate::slo::Slo;
use crate::windows::{self, WindowArgs};

const EXAMPLES: &str = "\
Objectives:
  ttft.p95 < 1.5s   itl.p95 < 60ms   duration.p99 < 20s   error.rate < 1%   timeout.rate < 0.5%

Examples:
  llmspan check now.parquet --baseline main.parquet
  llmspan check now.parquet --baseline main.parquet --slo 'ttft.p95 < 1.5s' --slo 'error.rate < 1%'
  llmspan check spans.parquet --baseline 13:00-14:00 --window 14:00-14:15
  llmspan check spans.parquet --slo 'itl.p95 < 60ms' --by service.name
  llmspan check now/ --baseline main/ --format junit -o llmspan.xml -o summary.md

Exit codes: 0 passed, 1 a figure regressed or an objective is not kept, 2 usage, 3 input or output.";

const COMPARE_EXAMPLES: &str = "\
Examples:
  llmspan compare before.parquet after.parquet
  llmspan compare us-east-1/ eu-west-1/ --by gen_ai.prompt.name
  llmspan compare stable.json canary.json --format markdown

The second is held against the first, by the figures of `llmspan check`; the exit code is 0 whatever
they say.";

/// Fail a CI job when recorded calls got slower than a baseline, or break an objective
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckArgs {
    /// Span dumps to check: files, directories, globs, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub inputs: Vec<String>,

    /// What to hold them against: a dump, which may be given several times, or a window of the
    /// same files
    #[arg(short, long, value_name = "FILE|WINDOW")]
    pub baseline: Vec<String>,

    /// Check only this window [default: all calls, or those beside a baseline window]
    #[arg(short, long, value_name = "START-END")]
    pub window: Option<String>,

    /// An objective with its unit, such as `ttft.p95 < 1.5s`; may be given several times
    #[arg(long, value_name = "OBJECTIVE")]
    pub slo: Vec<String>,

    #[command(flatten)]
    pub shared: Shared,
}

/// Compare two dumps: before and after a deploy, two providers, regions or models
#[derive(Debug, Args)]
#[command(after_help = COMPARE_EXAMPLES)]
pub struct CompareArgs {
    /// What to compare with: a file, directory or glob
    #[arg(value_name = "A")]
    pub before: String,

    /// What is compared with it
    #[arg(value_name = "B")]
    pub after: String,

    #[command(flatten)]
    pub shared: Shared,
}

/// What both take.
#[derive(Debug, Args)]
pub struct Shared {
    /// Tell segments apart by an attribute; may be given several times, and objectives then hold in
    /// each segment too [default: service.name and gen_ai.request.model]
    #[arg(long, value_name = "ATTRIBUTE")]
    pub by: Vec<String>,

    /// Zone of times that name none, such as Europe/Berlin [default: UTC]
    #[arg(long, value_name = "ZONE")]
    pub tz: Option<String>,

    /// Form on standard output: terminal, markdown, json, junit, sarif or github [default:
    /// terminal]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Write to FILE, its form by suffix (.txt .md .json .xml .sarif) unless --format says another
    /// and it is the only one; may be given several times
    #[arg(short, long, value_name = "FILE")]
    pub output: Vec<String>,

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

/// Reads, checks, renders, writes.
///
/// # Errors
/// Whatever reading or writing may meet, an objective that is none, nothing to check against.
pub fn run(args: &CheckArgs, settings: &Settings) -> Result<Finished> {
    let slos: Vec<Slo> = args.slo.iter().map(|text| Slo::parse(text)).collect::<Result<_>>()?;
    if slos.is_empty() && args.baseline.is_empty() {
        return Err(Error::usage(
            "there is nothing to check against",
            "give --baseline FILE, --baseline WINDOW or --slo 'ttft.p95 < 1.5s'",
        ));
    }
    let outputs = Outputs::resolve(&args.shared)?;
    let windows = of_one_dump(args, settings)?;
    let terms = args.shared.source.terms(windows.as_ref())?;
    let before = if windows.is_none() { args.baseline.as_slice() } else { &[] };
    let inputs = [before, &args.inputs].concat();
    if let Some(rehearsed) = args.shared.source.rehearsed(&inputs, &terms)? {
        return Ok(rehearsed);
    }
    let reading = Reading { shared: &args.shared, settings, terms };
    let (pair, ingest) = match &windows {
        None => reading.dumps(before, &args.inputs)?,
        Some(windows) => {
            let (table, ingest) = reading.load(&args.inputs)?;
            let mut pair = one_dump(table, windows)?;
            if windows.window.is_none() && windows.baseline.is_none() {
                pair.candidate = named(&args.inputs);
            }
            (pair, ingest)
        }
    };
    let asked = Asked { slos, by: args.shared.by.clone() };
    let check = crate::check_pair(&pair, ingest, &asked, settings)?;
    let written = outputs.write(&check, &args.shared, u8::from(!check.passed))?;
    Ok(reading.with_questions(written))
}

/// Reads two dumps and holds the second against the first.
///
/// # Errors
/// Whatever reading or writing may meet.
pub fn compare(args: &CompareArgs, settings: &Settings) -> Result<Finished> {
    let outputs = Outputs::resolve(&args.shared)?;
    let terms = args.shared.source.terms(None)?;
    let inputs = [args.before.clone(), args.after.clone()];
    if let Some(rehearsed) = args.shared.source.rehearsed(&inputs, &terms)? {
        return Ok(rehearsed);
    }
    let reading = Reading { shared: &args.shared, settings, terms };
    let (pair, ingest) = reading.dumps(&inputs[..1], &inputs[1..])?;
    let asked = Asked { slos: Vec::new(), by: args.shared.by.clone() };
    let check = crate::check_pair(&pair, ingest, &asked, settings)?;
    let written = outputs.write(&check, &args.shared, 0)?;
    Ok(reading.with_questions(written))
}

/// The windows of one dump that are held against each other; none where the baseline is dumps.
fn of_one_dump(args: &CheckArgs, settings: &Settings) -> Result<Option<WindowArgs>> {
    // A name that is there is a file, however it is written.
    let window = |text: &String| !Path::new(text).exists() && windows::is_written(text);
    let baseline = match args.baseline.as_slice() {
        [text] if window(text) => Some(text.clone()),
        [] => None,
        _ if args.window.is_none() => return Ok(None),
        _ => {
            return Err(Error::usage(
                "--window and a baseline of files do not go together",
                "leave out --window, or name the baseline's window of the same files",
            ));
        }
    };
    let asked = WindowArgs { window: args.window.clone(), baseline, tz: args.shared.tz.clone() };
    Ok(Some(asked.in_zone(settings.timezone.as_deref())))
}

/// How both commands read.
struct Reading<'a> {
    shared: &'a Shared,
    settings: &'a Settings,
    terms: Terms,
}

impl Reading<'_> {
    fn dumps(&self, before: &[String], after: &[String]) -> Result<(Pair, Ingest)> {
        let (baseline, mut ingest) = self.load(before)?;
        let (candidate, more) = self.load(after)?;
        ingest.add(more);
        let mut pair = two_dumps(baseline, candidate);
        pair.baseline = named(before);
        pair.candidate = named(after);
        Ok((pair, ingest))
    }

    fn load(&self, inputs: &[String]) -> Result<(crate::calls::CallTable, Ingest)> {
        let shown = Shown::start(self.shared.quiet);
        let remote = self.terms.clone();
        let options = Options { strict: self.shared.strict, remote, ..Options::default() };
        crate::read_as(inputs, &shown.counting(options), self.settings)
    }

    fn with_questions(&self, mut finished: Finished) -> Finished {
        finished.notes.splice(0..0, SourceArgs::shown(&self.terms));
        finished
    }
}

/// Inputs as the report names them: without what may be secret in an address.
fn named(inputs: &[String]) -> String {
    inputs.iter().map(|input| remote::shown(input)).collect::<Vec<_>>().join(", ")
}

/// Where the result goes.
struct Outputs {
    files: Vec<(PathBuf, Format)>,
    stdout: Option<Format>,
}

impl Outputs {
    fn resolve(shared: &Shared) -> Result<Self> {
        let format = shared.format.as_deref().map(by_name).transpose()?;
        let names: Vec<&String> = shared.output.iter().filter(|name| *name != "-").collect();
        let only = names.len() == 1;
        let files = names.iter().map(|name| {
            let path = PathBuf::from(name);
            let chosen = match format {
                Some(format) if only => Ok(format),
                _ => by_suffix(&path),
            };
            chosen.map(|format| (path, format))
        });
        let files: Vec<_> = files.collect::<Result<_>>()?;
        let to_stdout = files.is_empty() || shared.output.iter().any(|name| name == "-");
        let to_stdout = to_stdout || (format.is_some() && !only);
        let stdout = to_stdout.then_some(format.unwrap_or(Format::Terminal));
        Ok(Self { files, stdout })
    }

    fn write(&self, check: &Check, shared: &Shared, code: u8) -> Result<Finished> {
        let file_style = Style { plain: shared.plain, ..Style::of_width(Style::NARROW) };
        for (path, format) in &self.files {
            let text = render(check, *format, file_style);
            output::write_with(path, |out| out.write_all(text.as_bytes()))?;
        }
        let style = Style { plain: shared.plain, ..stdout_style(shared.plain) };
        let out = self.stdout.map(|format| render(check, format, style)).unwrap_or_default();
        let mut notes = Vec::new();
        if !self.files.is_empty() && !shared.quiet {
            let names: Vec<String> =
                self.files.iter().map(|(path, _)| path.display().to_string()).collect();
            notes.push(format!("wrote {}: {}", names.join(", "), check.headline));
        }
        Ok(Finished { out, notes, code })
    }
}

fn by_name(name: &str) -> Result<Format> {
    Format::from_name(name).ok_or_else(|| {
        let names = Format::ALL.map(|entry| entry.1).join(", ");
        Error::usage(format!("--format {name} is not a form of the check"), format!("use {names}"))
    })
}

fn by_suffix(path: &Path) -> Result<Format> {
    let suffix = path.extension().unwrap_or_default().to_string_lossy();
    Format::from_suffix(&suffix).ok_or_else(|| {
        let known = Format::ALL.map(|entry| format!(".{}", entry.2)).join(" ");
        let message = format!("-o {}: its suffix is not that of a check", path.display());
        Error::usage(message, format!("use one of {known}"))
    })
}
