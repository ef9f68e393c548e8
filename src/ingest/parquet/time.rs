//! Points and lengths of time as tables hold them: typed, as numbers in some unit, or as text.

use super::cell::Scalar;
use crate::ingest::layouts::Unit;
use crate::ingest::time;

/// A point in time as nanoseconds since the epoch.
pub(super) fn point(found: Scalar<'_>) -> Option<i64> {
    let (time, unit) = stated(found)?;
    Some(unit.to_ns(time))
}

/// A point in time as it is written, with the unit that its size tells.
pub(super) fn stated(found: Scalar<'_>) -> Option<(i64, time::Unit)> {
    let time = match found {
        Scalar::Time(time_ns) => return Some((time_ns, time::Unit::Nanos)),
        Scalar::Int(number) => number,
        Scalar::Float(number) => time::parse(number.to_string().as_bytes()),
        Scalar::Text(text) => return written(text.trim_ascii()),
        Scalar::Bytes(_) | Scalar::Bool(_) => return None,
    };
    time::unit(time).map(|unit| (time, unit))
}

fn written(text: &str) -> Option<(i64, time::Unit)> {
    // JavaScript's pair of seconds and nanoseconds.
    if let Some(pair) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        let (seconds, nanoseconds) = pair.split_once(',')?;
        let (seconds, nanoseconds): (i64, i64) =
            (seconds.trim().parse().ok()?, nanoseconds.trim().parse().ok()?);
        let time = seconds.checked_mul(1_000_000_000)?.checked_add(nanoseconds)?;
        return (time > 0).then_some((time, time::Unit::Nanos));
    }
    let text = text.strip_suffix(" UTC").unwrap_or(text);
    let mut time = time::parse(text.as_bytes());
    // PostgreSQL leaves out the minutes of a zone.
    if time == 0 && text.len() > 13 && text.as_bytes().iter().nth_back(2).is_some_and(is_sign) {
        time = time::parse(format!("{text}:00").as_bytes());
    }
    time::unit(time).map(|unit| (time, unit))
}

const fn is_sign(byte: &u8) -> bool {
    matches!(byte, b'+' | b'-')
}

/// A number of that unit as nanoseconds since the epoch; nothing where it is no number.
pub(super) fn in_unit(found: Scalar<'_>, unit: Unit) -> Option<i64> {
    let scale = unit.nanoseconds()?;
    match found {
        Scalar::Int(number) => number.checked_mul(scale),
        Scalar::Text(text) => match time::integer(text.trim_ascii().as_bytes()) {
            Some(number) => number.checked_mul(scale),
            None => scaled(text.trim().parse().ok()?, scale),
        },
        Scalar::Float(number) => scaled(number, scale),
        _ => None,
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "checked to fit")]
fn scaled(number: f64, scale: i64) -> Option<i64> {
    let nanoseconds = number * scale as f64;
    (0.0..9.0e18).contains(&nanoseconds).then_some(nanoseconds as i64)
}

/// The number in a cell, also where it is text.
pub(super) fn number(found: Scalar<'_>) -> Option<f64> {
    match found {
        Scalar::Text(text) => text.trim().parse().ok().filter(|float: &f64| float.is_finite()),
        found => found.number(),
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
    let number = number(found)?;
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
    let whole_number = match found {
        Scalar::Int(_) => true,
        Scalar::Text(text) => time::integer(text.trim_ascii().as_bytes()).is_some(),
        _ => false,
    };
    let by_type = if whole_number { 1e6 } else { 1e9 };
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
        assert_eq!(point(Scalar::Text("[1767323045,500000000]")), Some(expected));
        assert_eq!(point(Scalar::Text("2026-01-02 03:04:05.5+00")), Some(expected));
        assert_eq!(in_unit(Scalar::Text("1767323045500000"), Unit::Microseconds), Some(expected));
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
