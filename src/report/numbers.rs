//! Figures as a person reads them: ms under 10 s, thousands separators, percent, UTC clock times.

use chrono::{DateTime, Utc};

/// What stands where a figure is not known.
pub const UNKNOWN: &str = "unknown";

/// A count with thousands separators: `1,204,551`.
pub fn count(value: u64) -> String {
    grouped(&value.to_string())
}

/// A count of things in a container.
pub fn len(value: usize) -> String {
    grouped(&value.to_string())
}

/// Seconds in the unit that a person expects: `4.2 ms`, `2,020 ms`, `12.3 s`.
pub fn seconds(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        UNKNOWN.to_owned()
    } else if value == 0.0 {
        "0 ms".to_owned()
    } else if size < 0.009_95 {
        format!("{} ms", decimals(value * 1e3, 1))
    } else if size < 9.9995 {
        format!("{} ms", decimals(value * 1e3, 0))
    } else if size < 999.5 {
        format!("{} s", decimals(value, 1))
    } else {
        format!("{} s", decimals(value, 0))
    }
}

/// A length of time in words: `90 s`, `15 min`, `1 h 30 min`.
pub fn span_of(value: f64) -> String {
    let whole = value.round().max(0.0) as u64;
    let (hours, minutes, rest) = (whole / 3600, whole % 3600 / 60, whole % 60);
    match (hours, minutes, rest) {
        _ if whole < 120 => format!("{whole} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, rest) => format!("{minutes} min {rest} s"),
        (hours, 0, _) => format!("{} h", count(hours)),
        (hours, minutes, _) => format!("{} h {minutes} min", count(hours)),
    }
}

/// A share as percent: `93 %`, `0.4 %`.
pub fn percent(share: f64) -> String {
    let size = (share * 100.0).abs();
    if !share.is_finite() {
        UNKNOWN.to_owned()
    } else if size > 0.0 && size < 0.05 {
        "< 0.1 %".to_owned()
    } else if size > 0.0 && size < 0.95 {
        format!("{} %", decimals(share * 100.0, 1))
    } else {
        format!("{} %", decimals(share * 100.0, 0))
    }
}

/// A probability as percent that never claims certainty: `93 %`, `> 99 %`, `< 1 %`.
pub fn probability(value: f64) -> String {
    if !value.is_finite() {
        UNKNOWN.to_owned()
    } else if value > 0.99 {
        "> 99 %".to_owned()
    } else if value < 0.01 {
        "< 1 %".to_owned()
    } else {
        format!("{} %", decimals(value * 100.0, 0))
    }
}

/// A multiple: `3.31×`, `12.4×`, `150×`.
pub fn multiple(value: f64) -> String {
    let places = match value.abs() {
        size if size < 9.995 => 2,
        size if size < 99.95 => 1,
        _ => 0,
    };
    if value.is_finite() { format!("{}×", decimals(value, places)) } else { UNKNOWN.to_owned() }
}

/// Any other figure, three digits deep: `0.042`, `3.1`, `18,940`.
pub fn plain(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return UNKNOWN.to_owned();
    }
    let places = match size {
        _ if size >= 99.95 || value.fract() == 0.0 => 0,
        _ if size >= 9.995 => 1,
        _ if size >= 0.995 => 2,
        _ => 3,
    };
    decimals(value, places)
}

/// A clock time, UTC: `14:02:10`.
pub fn clock(time: DateTime<Utc>) -> String {
    time.format("%H:%M:%S").to_string()
}

/// A clock time without its seconds where those are zero: `14:00`.
pub fn short_clock(time: DateTime<Utc>) -> String {
    let whole_minute = time.timestamp().rem_euclid(60) == 0;
    time.format(if whole_minute { "%H:%M" } else { "%H:%M:%S" }).to_string()
}

/// A day: `2026-11-03`.
pub fn day(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d").to_string()
}

/// Day and clock time: `2026-11-03 14:02:10`.
pub fn day_and_clock(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A figure with so many decimals, thousands separators and a true minus sign never shown on zero.
pub fn decimals(value: f64, places: usize) -> String {
    if value.abs() >= 1e15 {
        // Nothing that is measured is that large: keep it short enough for its column.
        return format!("{value:.1e}");
    }
    let text = format!("{value:.places$}");
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) if digits.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) => ("-", digits),
        Some(digits) => ("", digits),
        None => ("", text.as_str()),
    };
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(a, b)| (a, Some(b)));
    let fraction = fraction.map_or(String::new(), |fraction| format!(".{fraction}"));
    format!("{sign}{}{fraction}", grouped(whole))
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_in_milliseconds_below_ten_seconds() {
        let shown = [0.0, 0.0004, 0.0442, 0.61, 2.0204, 9.9994, 9.9996, 12.34, 1234.0, -1.5];
        let texts = shown.map(seconds);
        assert_eq!(
            texts,
            [
                "0 ms",
                "0.4 ms",
                "44 ms",
                "610 ms",
                "2,020 ms",
                "9,999 ms",
                "10.0 s",
                "12.3 s",
                "1,234 s",
                "-1,500 ms"
            ]
        );
        assert_eq!(seconds(f64::NAN), UNKNOWN);
    }

    #[test]
    fn a_probability_never_claims_certainty() {
        assert_eq!([1.0, 0.996, 0.93, 0.0].map(probability), ["> 99 %", "> 99 %", "93 %", "< 1 %"]);
    }

    #[test]
    fn small_shares_do_not_round_to_nothing() {
        assert_eq!([0.0, 0.0001, 0.004, 0.78].map(percent), ["0 %", "< 0.1 %", "0.4 %", "78 %"]);
    }

    #[test]
    fn counts_are_grouped_by_thousands() {
        assert_eq!([0, 999, 1000, 1_204_551].map(count), ["0", "999", "1,000", "1,204,551"]);
        assert_eq!(decimals(-0.001, 1), "0.0");
        assert_eq!(decimals(-1234.56, 1), "-1,234.6");
    }

    #[test]
    fn lengths_of_time_are_in_words() {
        let texts = [45.0, 90.0, 900.0, 130.0, 5400.0, 7200.0].map(span_of);
        assert_eq!(texts, ["45 s", "90 s", "15 min", "2 min 10 s", "1 h 30 min", "2 h"]);
    }
}
