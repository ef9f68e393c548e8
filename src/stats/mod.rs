//! Pure numbers: slices in, numbers out, nothing of the rest of the crate.
//!
//! Each formula names its source. Every function is deterministic (random draws come from a seed
//! that the caller gives), ignores values that are not finite where it says so, and answers `None`
//! where there is nothing to compute from: a missing figure is never zero.

pub mod calibrate;
pub mod censor;
pub mod changepoint;
pub mod compare;
pub mod decompose;
pub mod distribution;
pub mod equivalence;
pub mod proportion;
pub mod quantile;
pub mod rank;
pub mod regress;
pub mod resample;
pub mod usual;
