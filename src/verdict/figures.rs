//! Figures inside sentences: short, with their unit.

use chrono::{DateTime, Utc};

/// Seconds, in the unit that a person expects: `9.4 ms`, `2,020 ms`, `12.3 s`.
pub fn seconds(value: f64) -> String {
    let milliseconds = value.abs() * 1000.0;
    let sign = if value < 0.0 { "-" } else { "" };
    if milliseconds < 9.95 {
        format!("{sign}{milliseconds:.1} ms")
    } else if milliseconds < 999.5 {
        format!("{sign}{milliseconds:.0} ms")
    } else if milliseconds < 9_999.5 {
        let whole = milliseconds.round() as u64;
        format!("{sign}{},{:03} ms", whole / 1000, whole % 1000)
    } else {
        format!("{value:.1} s")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_milliseconds_below_ten_seconds() {
        let shown = [0.0094, 0.61, 0.9996, 2.02, 9.9994, 12.34, -1.5].map(seconds);
        let expected =
            ["9.4 ms", "610 ms", "1,000 ms", "2,020 ms", "9,999 ms", "12.3 s", "-1,500 ms"];
        assert_eq!(shown, expected);
    }
}
