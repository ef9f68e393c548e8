//! `llmspan normalize`: writes the canonical call table, one row per LLM call.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::map::{self, MapArgs};
use super::progress::Shown;
use super::source::SourceArgs;
use super::{Finished, output};
use crate::calls::CallTable;
use crate::error::{Error, Result};
use crate::ingest::{CanonicalFormat, Options};
use crate::report::wording;
use crate::settings::Settings;

/// Write the canonical table, one row per LLM call.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  llmspan normalize spans.parquet -o calls.parquet
  llmspan normalize traces/ more.json.gz -o calls.csv
  llmspan normalize traces/ -o - --format ndjson | jq .ttft_s")]
pub struct NormalizeArgs {
    /// Files, directories, globs, or - for standard input.
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,

    /// Where to write: a file ending in .parquet, .ndjson (or .jsonl) or .csv, or - for standard
    /// output.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,

    /// Form of the table; needed for standard output, and stands above the file's ending.
    #[arg(long, value_enum)]
    pub format: Option<TableForm>,

    #[command(flatten)]
    pub columns: MapArgs,

    /// Any record that is lost is an error.
    #[arg(long)]
    pub strict: bool,

    /// Show no progress and no warning.
    #[arg(short, long)]
    pub quiet: bool,

    #[command(flatten)]
    pub source: SourceArgs,
}

/// The forms of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TableForm {
    /// Apache Parquet, zstd.
    Parquet,
    /// One JSON object a line.
    Ndjson,
    /// CSV with a header line.
    Csv,
}

impl From<TableForm> for CanonicalFormat {
    fn from(form: TableForm) -> Self {
        match form {
            TableForm::Parquet => Self::Parquet,
            TableForm::Ndjson => Self::Ndjson,
            TableForm::Csv => Self::Csv,
        }
    }
}

/// Where the table goes, and as what.
#[derive(Debug, PartialEq, Eq)]
enum Target<'a> {
    Stdout(CanonicalFormat),
    File(&'a Path, CanonicalFormat),
}

/// Reads the inputs and writes the table.
///
/// # Errors
/// Whatever reading or writing may meet.
pub fn run(args: &NormalizeArgs, settings: &Settings) -> Result<Finished> {
    // Before the inputs are read, which may take long.
    let target = target(args)?;
    let remote = args.source.terms(None)?;
    if let Some(rehearsed) = args.source.rehearsed(&args.inputs, &remote)? {
        return Ok(rehearsed);
    }
    let shown = Shown::start(args.quiet);
    let options =
        Options { strict: args.strict, map: args.columns.rules()?, remote, ..Options::default() };
    let options = shown.counting(options);
    let (table, ingest) = crate::read_as(&args.inputs, &options, settings)?;
    drop(shown);
    match target {
        Target::File(path, format) => output::write_with(path, |out| table.write(format, out)),
        Target::Stdout(format) => to_stdout(&table, format),
    }?;
    let lost = wording::losses(&ingest, true).filter(|_| !args.quiet);
    let mut notes = SourceArgs::shown(&options.remote);
    notes.extend(map::notes(&ingest, args.quiet));
    notes.extend(lost.map(|text| format!("warning: {text}")));
    Ok(Finished { notes, ..Finished::default() })
}

fn target(args: &NormalizeArgs) -> Result<Target<'_>> {
    let asked = args.format.map(CanonicalFormat::from);
    if args.output == Path::new("-") {
        let help = "add --format parquet, ndjson or csv";
        let missing = || Error::usage("standard output has no ending to tell the form by", help);
        return asked.map(Target::Stdout).ok_or_else(missing);
    }
    let format = asked.or_else(|| format_of(&args.output));
    let unknown = || {
        let message = format!(
            "`{}` does not tell the form of the table by its ending",
            args.output.display()
        );
        Error::usage(message, "end it in .parquet, .ndjson or .csv, or add --format")
    };
    Ok(Target::File(&args.output, format.ok_or_else(unknown)?))
}

fn format_of(path: &Path) -> Option<CanonicalFormat> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "parquet" => Some(CanonicalFormat::Parquet),
        "ndjson" | "jsonl" => Some(CanonicalFormat::Ndjson),
        "csv" => Some(CanonicalFormat::Csv),
        _ => None,
    }
}

/// A reader that has seen enough, such as `head`, is no failure.
fn to_stdout(table: &CallTable, format: CanonicalFormat) -> Result<()> {
    let mut out = BufWriter::with_capacity(1 << 18, io::stdout());
    match table.write(format, &mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let place = "standard output".to_owned();
            Err(Error::Output { place, message: error.to_string() })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: NormalizeArgs,
    }

    fn args(line: &str) -> NormalizeArgs {
        Line::parse_from(line.split(' ')).args
    }

    #[test]
    fn the_ending_decides_the_form_unless_it_is_stated() {
        for (line, format) in [
            ("normalize in -o calls.parquet", CanonicalFormat::Parquet),
            ("normalize in -o calls.NDJSON", CanonicalFormat::Ndjson),
            ("normalize in -o calls.jsonl", CanonicalFormat::Ndjson),
            ("normalize in -o calls.csv", CanonicalFormat::Csv),
            ("normalize in -o calls.txt --format csv", CanonicalFormat::Csv),
        ] {
            let args = args(line);
            assert_eq!(target(&args).unwrap(), Target::File(&args.output, format), "{line}");
        }
        let stdout = args("normalize in -o - --format ndjson");
        assert_eq!(target(&stdout).unwrap(), Target::Stdout(CanonicalFormat::Ndjson));
    }

    #[test]
    fn an_unknown_ending_is_a_usage_error_before_anything_is_read() {
        for line in ["normalize absent -o calls.xlsx", "normalize absent -o -"] {
            let error = run(&args(line), &Settings::default()).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}: {error}");
        }
    }

    #[test]
    fn a_table_goes_through_every_form_and_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let header = "trace_id,span_id,start,duration_s,request_model,status,attr.zone\n";
        let rows = "aa,01,2026-01-02T03:04:05.000000001Z,1.5,gpt-4o,ok,a\n\
                    bb,02,2026-01-02T03:04:06Z,,gpt-4o,error,\n";
        std::fs::write(path("first.csv"), format!("{header}{rows}")).unwrap();
        let steps = ["first.csv", "a.parquet", "b.ndjson", "c.csv", "d.parquet"];
        for pair in steps.windows(2) {
            run(
                &args(&format!("normalize {} -o {}", path(pair[0]), path(pair[1]))),
                &Settings::default(),
            )
            .unwrap();
        }
        let read = |name| crate::read(&[path(name)], &Options::default()).unwrap().0;
        assert_eq!(read("first.csv"), read("d.parquet"));
        assert_eq!(read("d.parquet").len(), 2);
        assert_eq!(
            std::fs::read(path("a.parquet")).unwrap(),
            std::fs::read(path("d.parquet")).unwrap()
        );
    }
}
