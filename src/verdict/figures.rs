//! Figures inside sentences: short, with their unit.

use chrono::{DateTime, Utc};

/// Seconds: `610 ms`, `2.02 s`, `9.4 ms`.
pub fn seconds(value: f64) -> String {
    if value.abs() >= 1.0 {
        format!("{value:.2} s")
    } else if value.abs() >= 0.02 {
        format!("{:.0} ms", value * 1000.0)
    } else {
        format!("{:.1} ms", value * 1000.0)
    }
}

/// A share: `41 %`.
pub fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// A change of a share of one: `+34 %`, `-5 %`.
pub fn rise(ratio: f64) -> String {
    format!("{:+.0} %", (ratio - 1.0) * 100.0)
}

/// A time of day: `14:02:10 UTC`.
pub fn clock(time: DateTime<Utc>) -> String {
    time.format("%H:%M:%S UTC").to_string()
}
