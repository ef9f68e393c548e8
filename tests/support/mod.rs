//! What several tests share, by what it holds.
#![allow(dead_code, reason = "each test binary uses its part")]

pub mod conclusions;
