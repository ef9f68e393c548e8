//! Times as dumps write them, brought to nanoseconds since the epoch.

use chrono::{DateTime, NaiveDateTime};

/// The unit of a time, judged by its magnitude: nanoseconds are the rule, the others slips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds.
    Nanos,
    /// Microseconds.
    Micros,
    /// Milliseconds.
    Millis,
    /// Seconds.
    Seconds,
}

impl Unit {
    /// Brings a time of this unit to nanoseconds.
    pub const fn to_ns(self, time: i64) -> i64 {
        time.saturating_mul(match self {
            Self::Nanos => 1,
            Self::Micros => 1_000,
            Self::Millis => 1_000_000,
            Self::Seconds => 1_000_000_000,
        })
    }

    /// How the report counts it.
    pub const fn oddity(self) -> &'static str {
        match self {
            Self::Nanos => "times in nanoseconds",
            Self::Micros => "times read as microseconds by their size",
            Self::Millis => "times read as milliseconds by their size",
            Self::Seconds => "times read as seconds by their size",
        }
    }
}

/// The unit of a start time; none where there is no time.
pub const fn unit(time: i64) -> Option<Unit> {
    match time {
        i64::MIN..=0 => None,
        1..100_000_000_000 => Some(Unit::Seconds),
        100_000_000_000..100_000_000_000_000 => Some(Unit::Millis),
        100_000_000_000_000..100_000_000_000_000_000 => Some(Unit::Micros),
        _ => Some(Unit::Nanos),
    }
}

/// A time written as text: an integer, a decimal number, or ISO 8601 (UTC where it names no
/// zone). Zero where it is none of them.
pub fn parse(text: &[u8]) -> i64 {
    let text = text.trim_ascii();
    if let Some(int) = integer(text) {
        return int;
    }
    let Ok(text) = std::str::from_utf8(text) else { return 0 };
    if let Ok(float) = text.parse::<f64>() {
        return from_float(float);
    }
    let instant = DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_nanos_opt());
    let naive = || {
        let text = text.replacen(' ', "T", 1);
        let naive = NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
        Some(naive.and_utc().timestamp_nanos_opt())
    };
    instant.or_else(naive).flatten().unwrap_or(0)
}

/// A decimal number of some unit; where it has a fraction it is brought to nanoseconds at once.
fn from_float(float: f64) -> i64 {
    if !float.is_finite() || float <= 0.0 || float > 9.0e18 {
        return 0;
    }
    #[allow(clippy::cast_possible_truncation, reason = "checked to be in range")]
    let whole = float as i64;
    if float.fract() == 0.0 {
        return whole;
    }
    let scale = unit(whole.max(1)).unwrap_or(Unit::Seconds).to_ns(1);
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "in range")]
    let nanos = (float * scale as f64) as i64;
    nanos
}

/// A plain decimal integer, without going through text.
pub fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.split_first()? {
        (b'-', digits) => (true, digits),
        _ => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    // What has fewer than 19 digits cannot overflow.
    let (near, far) = digits.split_at_checked(18).unwrap_or((digits, &[]));
    let mut int = 0_i64;
    for digit in near {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        int = int * 10 + i64::from(digit);
    }
    for digit in far {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        int = int.checked_mul(10)?.checked_add(i64::from(digit))?;
    }
    Some(if negative { -int } else { int })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_every_spelling_are_the_same_instant() {
        let want = 1_700_000_000_123_000_000;
        let texts: [&[u8]; 7] = [
            b"1700000000123000000",
            b"1700000000123000",
            b"1700000000123",
            b"1700000000.123",
            b"2023-11-14T22:13:20.123Z",
            b"2023-11-14T23:13:20.123+01:00",
            b"2023-11-14 22:13:20.123",
        ];
        for text in texts {
            let time = parse(text);
            let nanos = unit(time).unwrap().to_ns(time);
            assert!((nanos - want).abs() < 1_000, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [&b""[..], b"soon", b"-5", b"NaN", b"0", b"99999999999999999999999"] {
            assert_eq!(unit(parse(text)), None, "{}", String::from_utf8_lossy(text));
        }
    }
}
