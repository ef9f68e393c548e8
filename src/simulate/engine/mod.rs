//! The model of one serving engine: iteration-level continuous batching on a roofline.
//!
//! It knows jobs, tokens and time, and nothing of services, spans or incidents; `capacity` uses it
//! for its what-if.

pub mod cost;
pub mod job;
pub mod ledger;
pub mod prefix;
pub mod replica;
pub mod speculation;

pub use cost::{Hardware, ModelShape, StepCost, StepWork};
pub use job::{EngineSpec, Finished, Job, JobKind, Scheduler};
pub use ledger::Ledger;
pub use prefix::{CacheSpec, Prefix, PrefixCache, Segment};
pub use replica::Replica;
