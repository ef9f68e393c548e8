//! `llmspan normalize`: writes the canonical call table.

use crate::error::{Error, Result};

/// Write the canonical table, one row per LLM call.
#[derive(Debug, clap::Args)]
pub struct NormalizeArgs {
    /// Files, directories, globs, or - for standard input.
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,
}

/// Reads the inputs and writes the table.
///
/// # Errors
/// Whatever reading or writing may meet.
pub fn run(_args: &NormalizeArgs) -> Result<()> {
    Err(Error::usage("normalize is not part of this build", "use diagnose"))
}
