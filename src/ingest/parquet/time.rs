//! Points and lengths of time as tables hold them: typed, as numbers in some unit, or as text.

use chrono::{DateTime, NaiveDateTime};
use serde_json::Value as Json;

use super::cell::Scalar;
use super::layout::Unit;

/// A point in time as nanoseconds since the epoch.
pub(super) fn point(found: Scalar<'_>) -> Option<i64> {
    match found {
        Scalar::Time(time_ns) => Some(time_ns),
        Scalar::Int(number) => Some(in_nanoseconds(number)?),
        #[allow(clippy::cast_possible_truncation, reason = "a float saturates; checked after")]
        Scalar::Float(number) if number.abs() < 1e11 => Some((number * 1e9) as i64),
        #[allow(clippy::cast_possible_truncation, reason = "a float saturates; checked after")]
        Scalar::Float(number) => in_nanoseconds(number as i64),
        Scalar::Text(text) => point_in_text(text.trim()),
        Scalar::Bytes(_) | Scalar::Bool(_) => None,
    }
}

/// The same, out of JSON.
pub(super) fn point_in_json(found: &Json) -> Option<i64> {
    match found {
        Json::String(text) => point(Scalar::Text(text)),
        Json::Number(number) => match number.as_i64() {
            Some(int) => point(Scalar::Int(int)),
            None => point(Scalar::Float(number.as_f64()?)),
        },
        _ => None,
    }
}

/// A length of time in nanoseconds; nothing where it is negative or absurd.
///
/// `whole` is the same row's length as its columns state it, in the column's own unit, and as
/// start and end have it, in nanoseconds: together they settle which unit was meant.
pub(super) fn length(found: Scalar<'_>, unit: Unit, whole: Option<(f64, i64)>) -> Option<i64> {
    if unit == Unit::Nanoseconds
        && let Scalar::Int(nanoseconds) = found
    {
        return (nanoseconds >= 0).then_some(nanoseconds);
    }
    let number = match found {
        Scalar::Text(text) => text.trim().parse().ok()?,
        found => found.number()?,
    };
    let scale = match unit {
        Unit::Seconds => 1e9,
        Unit::Milliseconds => 1e6,
        Unit::Microseconds => 1e3,
        Unit::Nanoseconds => 1.0,
        Unit::SecondsOrMilliseconds => settled(found, whole),
    };
    let nanoseconds = number * scale;
    #[allow(clippy::cast_possible_truncation, reason = "checked to fit")]
    (0.0..9.0e18).contains(&nanoseconds).then_some(nanoseconds as i64)
}

fn settled(found: Scalar<'_>, whole: Option<(f64, i64)>) -> f64 {
    let by_type = if matches!(found, Scalar::Int(_)) { 1e6 } else { 1e9 };
    let Some((stated, whole_ns)) = whole else { return by_type };
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    let scale = whole_ns as f64 / stated;
    // Half and double leave room for rounding; anything else settles nothing.
    match scale {
        scale if (0.5e9..2e9).contains(&scale) => 1e9,
        scale if (0.5e6..2e6).contains(&scale) => 1e6,
        _ => by_type,
    }
}

/// The unit of a bare number is told by its size: no two readings fall into the same decades.
fn in_nanoseconds(number: i64) -> Option<i64> {
    match number {
        100_000_000_000_000_000.. => Some(number),
        100_000_000_000_000.. => number.checked_mul(1_000),
        100_000_000_000.. => number.checked_mul(1_000_000),
        1.. => number.checked_mul(1_000_000_000),
        _ => None,
    }
}

/// Digits, RFC 3339, or a date and time without a zone, which is UTC.
fn point_in_text(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse::<i64>() {
        return in_nanoseconds(number);
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return time.timestamp_nanos_opt();
    }
    let bare = text.strip_suffix(" UTC").unwrap_or(text);
    let parse = |format| NaiveDateTime::parse_from_str(bare, format).ok();
    let time = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"].into_iter().find_map(parse)?;
    time.and_utc().timestamp_nanos_opt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_writing_of_a_time_is_the_same_point() {
        let expected = 1_767_323_045_500_000_000;
        for found in [
            Scalar::Time(expected),
            Scalar::Int(expected),
            Scalar::Int(1_767_323_045_500),
            Scalar::Float(1_767_323_045.5),
            Scalar::Text("1767323045500000000"),
            Scalar::Text("2026-01-02T03:04:05.5Z"),
            Scalar::Text("2026-01-02T04:04:05.500000+01:00"),
            Scalar::Text("2026-01-02 03:04:05.500000000"),
            Scalar::Text("2026-01-02 03:04:05.500+00:00"),
        ] {
            assert_eq!(point(found), Some(expected), "{found:?}");
        }
        assert_eq!(point(Scalar::Text("soon")), None);
        assert_eq!(point(Scalar::Int(0)), None);
    }

    #[test]
    fn start_and_end_settle_the_unit_against_the_type() {
        let unit = Unit::SecondsOrMilliseconds;
        assert_eq!(length(Scalar::Float(0.777), unit, None), Some(777_000_000));
        assert_eq!(length(Scalar::Int(777), unit, None), Some(777_000_000));
        let milliseconds = Some((2377.0, 2_377_000_000));
        assert_eq!(length(Scalar::Float(777.0), unit, milliseconds), Some(777_000_000));
        let seconds = Some((2.0, 2_377_000_000));
        assert_eq!(length(Scalar::Int(1), unit, seconds), Some(1_000_000_000));
        assert_eq!(length(Scalar::Int(-1), Unit::Nanoseconds, None), None);
    }
}
