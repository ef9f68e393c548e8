//! What several tests share, by what it holds.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

pub mod conclusions;
pub mod house;
pub mod schema;
