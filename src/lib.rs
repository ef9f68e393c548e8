//! `llmspan` says why an LLM call got slow.
//!
//! It reads dumps of LLM-call spans from whatever instrumentation wrote them, compares a window
//! with normal traffic at the same work, and concludes with ranked, calibrated causes.
//!
//! The pipeline is the architecture; data flows one way:
//!
//! 1. [`ingest`] turns bytes into spans, keeping only what the [`dialects`] ask for;
//! 2. [`calls`] assembles them into the canonical table, one row per LLM call ([`schema`]);
//! 3. [`windows`] splits the table into window and baseline;
//! 4. `signals` measures what every cause shares, with the pure functions of [`stats`];
//! 5. `causes` turns signals into findings, `verdict` ranks them into a [`diagnosis`];
//! 6. `report` renders it.

pub mod calls;
#[doc(hidden)]
pub mod cli;
pub mod diagnosis;
pub mod dialects;
pub mod error;
pub mod ingest;
pub mod output;
pub mod report;
pub mod schema;
pub mod stats;
pub mod verdict;
pub mod windows;

use calls::CallTable;
use diagnosis::{Diagnosis, Ingest};
use error::{Error, Result};

/// Inputs to the canonical table, with what was read and lost on the way.
///
/// # Errors
/// An input that does not exist or in which nothing can be read; under `strict`, any lost record.
pub fn read(inputs: &[String], options: &ingest::Options) -> Result<(CallTable, Ingest)> {
    let wanted = dialects::wanted();
    let ingested = ingest::read(inputs, &wanted, options)?;
    calls::assemble(ingested, &wanted, options.strict)
}

/// The canonical table to a conclusion about one window.
///
/// # Errors
/// A window that cannot be understood, lies outside the data, or fits several days.
pub fn diagnose(
    _table: &CallTable,
    _ingest: Ingest,
    _windows: &windows::WindowArgs,
) -> Result<Diagnosis> {
    Err(Error::usage("there is nothing to diagnose", "give a dump that holds LLM calls"))
}
