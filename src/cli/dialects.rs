//! `llmspan dialects`: the instrumentations that are recognised, the user's own included.

use std::fmt::Write as _;

use clap::Args;

use super::Finished;
use crate::dialects::{Listed, Tables};
use crate::error::{Error, Result};
use crate::report::{self, neutral};
use crate::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  llmspan dialects
  llmspan dialects openllmetry
  llmspan dialects --format json | jq -r '.dialects[].id'";

/// List the instrumentations that are recognised, or what one of them fills
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DialectsArgs {
    /// Only this one, with every column that it fills and where it stands
    #[arg(value_name = "DIALECT")]
    pub id: Option<String>,

    /// Form on standard output: terminal or json [default: terminal]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,
}

/// The forms of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For a person at a terminal.
    Terminal,
    /// For programs.
    Json,
}

/// The form of that name; the terminal's where none is given.
pub fn form(name: Option<&str>) -> Result<Form> {
    match name {
        None | Some("terminal") => Ok(Form::Terminal),
        Some("json") => Ok(Form::Json),
        Some(other) => {
            let message = format!("--format {other} is not a form of this list");
            Err(Error::usage(message, "use terminal or json"))
        }
    }
}

/// Lists the tables.
pub fn run(args: &DialectsArgs, settings: &Settings) -> Result<Finished> {
    let form = form(args.format.as_deref())?;
    let tables = Tables::new(settings)?;
    let mut listed = tables.listed();
    if let Some(id) = &args.id {
        listed.retain(|dialect| dialect.id == *id);
        if listed.is_empty() {
            let message = format!("no dialect has the id {id}");
            return Err(Error::usage(message, "`llmspan dialects` lists every id"));
        }
    }
    let out = match form {
        Form::Json => {
            let whole = serde_json::json!({ "schema": "llmspan.dialects/1", "dialects": listed });
            report::as_json(&whole)
        }
        Form::Terminal if args.id.is_some() => listed.iter().map(details).collect(),
        Form::Terminal => overview(&listed),
    };
    Ok(Finished { out, ..Finished::default() })
}

/// Writing to a string cannot fail.
fn overview(listed: &[Listed]) -> String {
    let mut out = String::new();
    for dialect in listed {
        let (id, title) = (neutral::line(&dialect.id), neutral::line(&dialect.title));
        let columns = dialect.fills.len();
        let _ = writeln!(out, "{id:<24} {columns:>3} columns  {title}");
    }
    out
}

fn details(dialect: &Listed) -> String {
    let mut out = format!("{}: {}\n", neutral::line(&dialect.id), neutral::line(&dialect.title));
    let _ = writeln!(out, "source: {}\n\nrecognised by", neutral::line(&dialect.source));
    for sign in &dialect.recognised_by {
        let _ = writeln!(out, "  {}", neutral::line(sign));
    }
    let _ = writeln!(out, "\nfills");
    for fill in &dialect.fills {
        let column = neutral::line(&fill.column);
        let _ = writeln!(out, "  {column:<28} {}", neutral::line(&fill.from.join(", then ")));
    }
    for note in &dialect.notes {
        let _ = writeln!(out, "\n{}", neutral::line(note));
    }
    out
}
