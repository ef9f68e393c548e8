//! The labelled world: a discrete-event model of hosted inference that makes incidents whose cause
//! is known, as dumps that look like real ones.
//!
//! `engine` is the serving model and can be used alone; everything else dresses it: who calls
//! (`traffic`, `service`), who serves (`provider`, `pool`), what the client sees (`client`), what
//! goes wrong (`incident`, `effects`), what is true (`truth`, `labels`), and how it is written down.
//! The diagnosis knows nothing of this stage.

pub mod attempts;
pub mod case;
pub mod client;
pub mod dialect;
pub mod dump;
pub mod effects;
pub mod engine;
pub mod incident;
pub mod labels;
pub mod pool;
pub mod pool_plan;
pub mod provider;
pub mod rng;
pub mod scenario;
pub mod service;
pub mod span;
pub mod strength;
pub mod suite;
pub mod trace_file;
pub mod traffic;
pub mod truth;
pub mod truth_file;
pub mod window;
pub mod world;
pub mod write;
