//! `--map`: which column of a table that nobody documented is which.

use clap::Args;

use crate::diagnosis::Ingest;
use crate::error::Result;
use crate::ingest::MapRule;
use crate::report::{neutral, wording};

/// The argument that every command that reads dumps has.
#[derive(Debug, Clone, Default, Args)]
pub struct MapArgs {
    /// Which column of a table of calls is which, such as ttft=first_ms:ms; may be given several
    /// times
    #[arg(long = "map", value_name = "PART=COLUMN[:UNIT]")]
    map: Vec<String>,
}

impl MapArgs {
    /// The rules, or which of them makes no sense.
    pub fn rules(&self) -> Result<Vec<MapRule>> {
        self.map.iter().map(|text| MapRule::parse(text)).collect()
    }
}

/// What was taken for what, for standard error.
pub fn notes(ingest: &Ingest, quiet: bool) -> Vec<String> {
    let said = if quiet { Vec::new() } else { wording::mappings(ingest) };
    said.iter().map(|text| neutral::line(text)).collect()
}
