//! What a deployment holds at a multiple of its traffic: calls to a capacity.
//!
//! The calls become requests ([`recording`]) and own load over time ([`load`]); the batching engine
//! of `simulate` is fitted to them ([`fit`], [`search`]); whether own load explains what moved
//! latency decides if there is an answer at all ([`response`]); the engines that fit about equally
//! well are given the traffic k times ([`members`], [`replay`], [`predict`]).

pub mod answer;
mod binding;
mod caching;
mod cliff;
pub mod curves;
pub mod features;
pub mod fit;
pub mod limits;
pub mod load;
mod made;
pub mod members;
pub mod metrics;
pub mod objectives;
pub mod predict;
pub mod recorded;
pub mod recording;
pub mod replay;
pub mod response;
pub mod search;
pub mod what_if;
mod words;

pub use answer::{CapacityArgs, capacity};
