//! What every command that reads spans says about inputs that are not on this machine.

use std::sync::Arc;

use clap::Args;

use super::Finished;
use crate::dialects;
use crate::error::Result;
use crate::ingest::remote::{Asked, Stretch, Terms, questions};
use crate::windows::{Range, WindowArgs, bin_ns, needed, stated};

const MINUTE_NS: i64 = 60_000_000_000;

/// Flags about inputs that are not on this machine.
#[derive(Debug, Clone, Default, Args)]
pub struct SourceArgs {
    /// Print the SQL that was sent to a database, on standard error; `diagnose` also prints the
    /// SQL that repeats each line of evidence in DuckDB on calls.parquet, in the terminal and
    /// Markdown reports (JSON and HTML always hold it)
    #[arg(long)]
    pub show_queries: bool,

    /// Ask and read nothing: print what would be asked
    #[arg(long)]
    pub dry_run: bool,
}

impl SourceArgs {
    /// What is asked of the inputs, given the window where the command has one.
    ///
    /// # Errors
    /// A window that cannot be understood.
    pub fn terms(&self, windows: Option<&WindowArgs>) -> Result<Terms> {
        let stretch = |range: &Range| Stretch { start_ns: range.start_ns, end_ns: range.end_ns };
        let needed = windows.map(needed).transpose()?.flatten();
        let times = needed.map(|ranges| ranges.iter().map(stretch).collect());
        let window = windows.map(stated).transpose()?.flatten();
        // Bins of a minute, or those of the report's timeline where these are shorter.
        let bin_ns = window.map(|window| bin_ns(window.end_ns - window.start_ns).min(MINUTE_NS));
        let window = window.as_ref().map(stretch);
        let asked = self.show_queries.then(|| Arc::new(Asked::default()));
        Ok(Terms { times, window, bin_ns, asked, ..Terms::default() })
    }

    /// Where nothing is to be done: what would be asked.
    ///
    /// # Errors
    /// An address that says nothing, or a time that is missing.
    pub fn rehearsed(&self, inputs: &[String], terms: &Terms) -> Result<Option<Finished>> {
        if !self.dry_run {
            return Ok(None);
        }
        let questions = questions(inputs, terms, &dialects::wanted())?;
        let out = questions.iter().map(|question| format!("{question};\n")).collect();
        Ok(Some(Finished { out, ..Finished::default() }))
    }

    /// What was asked, for standard error.
    pub fn shown(terms: &Terms) -> Vec<String> {
        let asked = terms.asked.as_ref().map(|asked| asked.all()).unwrap_or_default();
        asked.into_iter().map(|question| format!("{question};")).collect()
    }
}
