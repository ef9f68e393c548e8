//! From what was typed to what will be done: formats, files, gates, colour and width resolved.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use super::diagnose::{DiagnoseArgs, Gate};
use super::judged::DIAGNOSED;
use crate::cost::Prices;
use crate::diagnosis::{Cause, Owner};
use crate::error::{Error, Result};
use crate::report::{Format, Style};
use crate::{ingest, windows};

/// Everything that `diagnose` will do.
#[derive(Debug)]
pub struct Plan {
    /// Files, directories, globs, `-`.
    pub inputs: Vec<String>,
    /// How to read them.
    pub read: ingest::Options,
    /// The windows as they were asked for; they resolve against the data.
    pub windows: windows::WindowArgs,
    /// The form for standard output; none where only files were asked for.
    pub stdout: Option<Format>,
    /// The reports to write.
    pub files: Vec<(PathBuf, Format)>,
    /// The folder for the plots; none where they were not asked for.
    pub charts: Option<PathBuf>,
    /// How standard output is laid out.
    pub style: Style,
    /// How files are laid out.
    pub file_style: Style,
    /// What makes the run fail.
    pub fail_on: Vec<Gate>,
    /// Threads; none is one per core.
    pub threads: Option<usize>,
    /// Most ids to cite for a cause.
    pub max_ids: Option<usize>,
    /// What tokens cost.
    pub prices: Prices,
    /// Whether to keep quiet.
    pub quiet: bool,
}

impl Plan {
    /// Resolves the arguments, or says which of them makes no sense.
    pub fn resolve(args: &DiagnoseArgs) -> Result<Self> {
        let files = files(&args.output)?;
        let format = args.format.as_deref().map(format).transpose()?;
        let to_stdout = args.output.is_empty()
            || args.format.is_some()
            || args.output.iter().any(|name| name == "-");
        if args.threads == Some(0) {
            return Err(Error::usage("--threads 0 would do nothing", "ask for one or more"));
        }
        let fail_on = args.fail_on.iter().map(|what| gate(what)).collect::<Result<_>>()?;
        let windows = windows::WindowArgs {
            window: args.window.clone(),
            baseline: args.baseline.clone(),
            tz: args.tz.clone(),
        };
        let remote = args.source.terms(Some(&windows))?;
        Ok(Self {
            inputs: args.inputs.clone(),
            read: ingest::Options {
                strict: args.strict,
                map: args.columns.rules()?,
                remote,
                columns: Some(DIAGNOSED),
                max_calls: args.judged.most()?,
                ..ingest::Options::default()
            },
            windows,
            stdout: to_stdout.then(|| format.unwrap_or(Format::Terminal)),
            files,
            charts: args.with_charts.clone(),
            style: asked(args, stdout_style(args.plain)),
            file_style: asked(args, Style::of_width(Style::NARROW)),
            fail_on,
            threads: args.threads,
            max_ids: args.max_ids,
            prices: prices(args.prices.as_deref())?,
            quiet: args.quiet,
        })
    }
}

/// The style with what the arguments ask for.
fn asked(args: &DiagnoseArgs, style: Style) -> Style {
    let (plain, verbose, queries) = (args.plain, args.verbose, args.source.show_queries);
    Style { plain, verbose, queries, ..style }
}

fn prices(path: Option<&Path>) -> Result<Prices> {
    let Some(path) = path else { return Ok(Prices::shipped()) };
    let text = std::fs::read_to_string(path)
        .map_err(|source| Error::Io { path: path.to_owned(), source })?;
    Prices::parse(&path.display().to_string(), &text)
}

/// The form of the report by its name.
pub(super) fn format(name: &str) -> Result<Format> {
    Format::from_name(name).ok_or_else(|| {
        let names = Format::ALL.map(|entry| entry.1).join(", ");
        Error::usage(format!("--format {name} is not a form of the report"), format!("use {names}"))
    })
}

fn files(outputs: &[String]) -> Result<Vec<(PathBuf, Format)>> {
    let mut files: Vec<(PathBuf, Format)> = Vec::new();
    for name in outputs.iter().filter(|name| *name != "-") {
        let path = PathBuf::from(name);
        let format = by_suffix(&path)?;
        if files.iter().any(|(have, _)| *have == path) {
            return Err(Error::usage(
                format!("-o {name} is given twice"),
                "give each report a file of its own",
            ));
        }
        files.push((path, format));
    }
    Ok(files)
}

/// The form of the report by the suffix of its file.
pub(super) fn by_suffix(path: &Path) -> Result<Format> {
    let suffix = path.extension().unwrap_or_default().to_string_lossy();
    Format::from_suffix(&suffix).ok_or_else(|| {
        let known = Format::ALL.map(|entry| format!(".{}", entry.2)).join(" ");
        let message = match &*suffix {
            "" => format!("-o {} has no suffix to say which report is meant", path.display()),
            suffix => format!("-o {}: there is no .{suffix} report", path.display()),
        };
        Error::usage(message, format!("use one of {known}"))
    })
}

fn gate(what: &str) -> Result<Gate> {
    if what == "spike" {
        return Ok(Gate::Spike);
    }
    let cause = Cause::ALL.into_iter().find(|cause| cause.id() == what);
    let owner = || Owner::ALL.into_iter().find(|owner| owner.id() == what);
    cause.map(Gate::Cause).or_else(|| owner().map(Gate::Owner)).ok_or_else(|| {
        let owners = Owner::ALL.map(Owner::id).join(", ");
        Error::usage(
            format!("--fail-on {what} is neither spike, a cause nor an owner"),
            format!(
                "use spike, an owner ({owners}), or a cause as the report's ranked table writes it"
            ),
        )
    })
}

/// How standard output is laid out.
pub(super) fn stdout_style(plain: bool) -> Style {
    let stdout = std::io::stdout();
    let terminal = stdout.is_terminal();
    let columns = terminal.then(|| terminal_size::terminal_size_of(&stdout)).flatten();
    let width = columns.map_or(Style::NARROW, |(width, _)| usize::from(width.0));
    let variable = |name: &str| std::env::var_os(name);
    let colour = colour(terminal, plain, variable("NO_COLOR"), variable("TERM"));
    Style { colour, ..Style::of_width(width) }
}

/// Colour only on a terminal that has it, and never where it was asked not to.
fn colour(terminal: bool, plain: bool, no_color: Option<OsString>, term: Option<OsString>) -> bool {
    let forbidden = no_color.is_some_and(|value| !value.is_empty());
    let dumb = term.is_some_and(|term| term == "dumb");
    terminal && !plain && !forbidden && !dumb
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_stays_off_pipes_and_under_no_color() {
        let text = |text: &str| Some(OsString::from(text));
        assert!(colour(true, false, None, text("xterm")));
        assert!(colour(true, false, text(""), None));
        assert!(!colour(false, false, None, None));
        assert!(!colour(true, true, None, None));
        assert!(!colour(true, false, text("1"), None));
        assert!(!colour(true, false, None, text("dumb")));
    }

    #[test]
    fn a_gate_is_spike_a_cause_or_an_owner() {
        assert_eq!(gate("spike").unwrap(), Gate::Spike);
        assert_eq!(gate("mix_shift").unwrap(), Gate::Cause(Cause::MixShift));
        assert_eq!(gate("your_code").unwrap(), Gate::Owner(Owner::YourCode));
        assert!(gate("latency").unwrap_err().help().contains("your_traffic"));
    }

    #[test]
    fn the_suffix_says_which_report() {
        assert_eq!(by_suffix(Path::new("a/b.MD")).unwrap(), Format::Markdown);
        assert!(by_suffix(Path::new("report")).is_err());
        assert_eq!(by_suffix(Path::new("r.html")).unwrap(), Format::Html);
        assert!(by_suffix(Path::new("r.pdf")).unwrap_err().to_string().contains("no .pdf report"));
    }
}
