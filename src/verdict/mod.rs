//! Findings to a ranked diagnosis, and what the page draws of it.

pub mod charts;
