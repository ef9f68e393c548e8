//! `llmspan` says why an LLM call got slow.
//!
//! It reads dumps of LLM-call spans from whatever instrumentation wrote them, compares a window
//! with normal traffic at the same work, and concludes with ranked, calibrated causes.
//!
//! The pipeline is the architecture; data flows one way:
//!
//! 1. [`ingest`] turns bytes into spans, keeping only what the [`dialects`] ask for;
//! 2. [`calls`] assembles them into the canonical table, one row per LLM call ([`schema`]);
//! 3. `windows` splits the table into window and baseline;
//! 4. `signals` measures what every cause shares, with the pure functions of `stats`;
//! 5. `causes` turns signals into findings, `verdict` ranks them into a [`diagnosis`];
//! 6. `report` renders it.

pub mod calls;
pub mod diagnosis;
pub mod error;
pub mod ingest;
pub mod schema;
pub mod verdict;
