//! One attribute to one cell: units, spellings, and the values that cannot be true.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memchr2, memchr3, memrchr};

use crate::calls::Cell;
use crate::dialects::{Unit, hosts};
use crate::ingest::ValueRef;
use crate::schema::{Col, Kind};

/// Why a value was dropped.
pub type Rejection = &'static str;

/// A duration or count below zero.
pub const NEGATIVE: Rejection = "negative value";
/// A share outside 0 to 1.
pub const NO_RATIO: Rejection = "ratio outside 0 to 1";
/// A time that is before the span's start.
pub const BEFORE_START: Rejection = "time before the call's start";
/// Zeros that stand for unknown: told by an audit alone, for nothing was lost.
pub const ZERO_USAGE: Rejection = "zeros where the usage is not known";

/// The plain text of a value: JSON quotes and array brackets taken off, numbers as written.
pub fn text(value: ValueRef<'_>) -> Option<Cow<'_, str>> {
    let text = match value {
        ValueRef::Str(text) if is_plain(text) => {
            let known = text != "null" && text != "None";
            return known.then_some(Cow::Borrowed(text));
        }
        ValueRef::Str(text) => unwrap_json(text),
        ValueRef::Int(int) => int.to_string().into(),
        ValueRef::Float(float) => float.to_string().into(),
        ValueRef::Bool(flag) => Cow::Borrowed(if flag { "true" } else { "false" }),
    };
    let text = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) if text.trim().len() == text.len() => text.into(),
        Cow::Owned(text) => text.trim().to_owned().into(),
    };
    (!text.is_empty() && text != "null" && text != "None").then_some(text)
}

/// Whether neither white space nor JSON is around a text, as far as its ends tell at once.
fn is_plain(text: &str) -> bool {
    match text.as_bytes() {
        [first, .., last] => {
            first.is_ascii_alphanumeric() && (last.is_ascii_alphanumeric() || *last == b'/')
        }
        _ => false,
    }
}

/// Some exporters write arrays and quoted strings as JSON text: their first scalar.
fn unwrap_json(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    let json = trimmed.starts_with('"') || trimmed.starts_with('[') || trimmed.starts_with("{\"");
    if !json {
        return trimmed.into();
    }
    let Ok(value) = serde_json::from_str::<serde_json::Value>(trimmed) else {
        return trimmed.into();
    };
    first_scalar(&value).unwrap_or_default().into()
}

fn first_scalar(value: &serde_json::Value) -> Option<String> {
    use serde_json::Value as Json;
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(flag) => Some(flag.to_string()),
        Json::Array(items) => first_scalar(items.first()?),
        // Protobuf's JSON of an array value, as one collector writes it.
        Json::Object(map) => ["values", "stringValue", "intValue", "doubleValue"]
            .iter()
            .find_map(|key| first_scalar(map.get(*key)?)),
        Json::Null => None,
    }
}

/// The number in a value, also where it was written as text or wrapped.
pub fn number(value: ValueRef<'_>) -> Option<f64> {
    value.as_f64().or_else(|| text(value)?.parse().ok()).filter(|float| float.is_finite())
}

/// The cell of a column, or why the value cannot be one.
pub fn cell<'v>(
    col: Col,
    value: ValueRef<'v>,
    unit: Unit,
    start_ns: i64,
) -> Result<Cell<'v>, Rejection> {
    match col.info().kind {
        Kind::Text => Ok(text_cell(col, value, unit)),
        Kind::Seconds => seconds(value, unit, start_ns),
        Kind::Ratio => ratio(value, unit),
        Kind::Tokens | Kind::Count | Kind::Time => count(value, unit),
        Kind::Flag => Ok(flag(value, unit).map_or(Cell::Null, Cell::Bool)),
    }
}

fn text_cell(col: Col, value: ValueRef<'_>, unit: Unit) -> Cell<'_> {
    let Some(written) = text(value) else { return Cell::Null };
    let text = match unit {
        Unit::Host => part(written, host),
        Unit::UrlPath => part(written, url_path),
        Unit::Suffix => part(written, suffix),
        Unit::RegionName => Some(hosts::region_name(&written).into()),
        Unit::MissReason => miss_reason(&written).map(Cow::Borrowed),
        _ if col == Col::Provider => Some(hosts::provider_name(&written)),
        _ => Some(written),
    };
    text.map_or(Cell::Null, Cell::of)
}

/// A part of a text, which lies where the text lies.
pub fn part<'t>(text: Cow<'t, str>, find: fn(&str) -> Option<&str>) -> Option<Cow<'t, str>> {
    match text {
        Cow::Borrowed(text) => find(text).map(Cow::Borrowed),
        Cow::Owned(text) => find(&text).map(|part| Cow::Owned(part.to_owned())),
    }
}

/// Seconds in a value; null where it holds no number.
pub fn seconds(value: ValueRef<'_>, unit: Unit, start_ns: i64) -> Result<Cell<'static>, Rejection> {
    let seconds = match unit {
        Unit::Iso => return since_start(value, start_ns),
        Unit::Millis => number(value).map(|ms| ms / 1e3),
        Unit::WithUnit => text(value).and_then(|text| with_unit(&text)),
        Unit::ServerTiming => text(value).and_then(|text| server_timing(&text)),
        _ => number(value),
    };
    match seconds {
        None => Ok(Cell::Null),
        Some(seconds) if seconds < 0.0 => Err(NEGATIVE),
        Some(seconds) => Ok(Cell::Float(seconds)),
    }
}

fn since_start(value: ValueRef<'_>, start_ns: i64) -> Result<Cell<'static>, Rejection> {
    let Some(text) = text(value) else { return Ok(Cell::Null) };
    let Ok(time) = chrono::DateTime::parse_from_rfc3339(&text) else { return Ok(Cell::Null) };
    let Some(time_ns) = time.timestamp_nanos_opt() else { return Err(BEFORE_START) };
    let elapsed = time_ns.saturating_sub(start_ns);
    if elapsed < 0 { Err(BEFORE_START) } else { Ok(Cell::Float(ns_to_s(elapsed))) }
}

fn ratio(value: ValueRef<'_>, unit: Unit) -> Result<Cell<'static>, Rejection> {
    let ratio = match unit {
        Unit::HitsOfTotals => text(value).and_then(|text| hits_of_totals(&text)),
        _ => number(value),
    };
    match ratio {
        None => Ok(Cell::Null),
        Some(ratio) if (0.0..=1.0).contains(&ratio) => Ok(Cell::Float(ratio)),
        Some(_) => Err(NO_RATIO),
    }
}

/// A count in a value; null where it holds no whole number.
pub fn count(value: ValueRef<'_>, unit: Unit) -> Result<Cell<'static>, Rejection> {
    let int = value.as_i64().or_else(|| {
        let float = number(value)?;
        #[allow(clippy::cast_possible_truncation, reason = "checked to be integral and small")]
        (float.fract() == 0.0 && float.abs() < 9.0e15).then_some(float as i64)
    });
    match int {
        None => Ok(Cell::Null),
        Some(int) if int < 0 => Err(NEGATIVE),
        Some(int) if unit == Unit::Attempt => Ok(Cell::Int(int.saturating_sub(1))),
        Some(int) => Ok(Cell::Int(int)),
    }
}

/// The truth value in a value.
pub fn flag(value: ValueRef<'_>, unit: Unit) -> Option<bool> {
    match unit {
        Unit::Contains(part) => {
            let text = text(value)?.to_ascii_lowercase();
            Some(text.contains(part))
        }
        Unit::Negated => plain_flag(value).map(|flag| !flag),
        _ => plain_flag(value),
    }
}

fn plain_flag(value: ValueRef<'_>) -> Option<bool> {
    value.as_bool().or_else(|| match text(value)?.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    })
}

/// The host of a URL, or the text itself where it is a bare host.
pub fn host(url: &str) -> Option<&str> {
    let rest = behind_scheme(url).unwrap_or(url);
    let authority = before(rest, memchr3(b'/', b'?', b'#', rest.as_bytes()));
    let host = match memrchr(b'@', authority.as_bytes()) {
        Some(at) => authority.get(at + 1..)?,
        None => authority,
    };
    let host = match host.strip_prefix('[') {
        Some(v6) => before(v6, memchr(b']', v6.as_bytes())),
        None => before(host, memchr(b':', host.as_bytes())),
    };
    (!host.is_empty()).then_some(host)
}

/// The path of a URL or request target, without its query: queries may hold keys.
pub fn url_path(url: &str) -> Option<&str> {
    let path = match behind_scheme(url) {
        Some(rest) => memchr(b'/', rest.as_bytes()).map_or("/", |slash| &rest[slash..]),
        None => url,
    };
    let path = before(path, memchr2(b'?', b'#', path.as_bytes()));
    path.starts_with('/').then_some(path)
}

/// What stands behind the first `://`.
fn behind_scheme(url: &str) -> Option<&str> {
    let rests = memchr_iter(b':', url.as_bytes()).filter_map(|at| url.get(at + 1..));
    rests.filter_map(|rest| rest.strip_prefix("//")).next()
}

/// The text up to an ASCII character in it.
fn before(text: &str, at: Option<usize>) -> &str {
    at.and_then(|at| text.get(..at)).unwrap_or(text)
}

fn suffix(text: &str) -> Option<&str> {
    let (_, suffix) = text.rsplit_once('-')?;
    let plain = suffix.len() <= 8 && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain.then_some(suffix)
}

fn server_timing(text: &str) -> Option<f64> {
    let duration = text.split([';', ',']).find_map(|part| part.trim().strip_prefix("dur="))?;
    duration.trim().parse::<f64>().ok().map(|ms| ms / 1e3)
}

/// A duration with its unit behind the number.
fn with_unit(text: &str) -> Option<f64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let seconds = match unit.trim() {
        "s" => 1.0,
        "ms" => 1e-3,
        "µs" | "μs" | "us" => 1e-6,
        "ns" => 1e-9,
        _ => return None,
    };
    number.parse::<f64>().ok().map(|number| number * seconds)
}

fn hits_of_totals(text: &str) -> Option<f64> {
    let (mut hits, mut totals) = (0.0, 0.0);
    for part in text.split(',') {
        let (hit, total) = part.rsplit(':').next()?.split_once('/')?;
        hits += hit.trim().parse::<f64>().ok()?;
        totals += total.trim().parse::<f64>().ok()?;
    }
    (totals > 0.0).then(|| hits / totals)
}

/// The canonical reason of a cache miss; a reason of another kind is not known.
fn miss_reason(written: &str) -> Option<&'static str> {
    let reason: String = written.to_ascii_lowercase().replace(['-', ' '], "_");
    Some(match reason.as_str() {
        "prompt_changed" | "prefix_changed" | "prompt_edited" | "changed" | "prefix_mismatch" => {
            "prompt_changed"
        }
        "evicted" | "eviction" | "lru" => "evicted",
        "cold" | "expired" | "ttl_expired" | "ttl" | "first_use" | "first" | "idle" => "cold",
        _ => return None,
    })
}

/// Nanoseconds to seconds.
#[allow(clippy::cast_precision_loss, reason = "durations stay below 2^53 ns")]
pub fn ns_to_s(ns: i64) -> f64 {
    ns as f64 / 1e9
}

/// Seconds to nanoseconds.
#[allow(clippy::cast_possible_truncation, reason = "what is beyond 292 years stays there")]
pub fn s_to_ns(seconds: f64) -> i64 {
    (seconds * 1e9).round() as i64
}

/// Seconds from one time to another.
pub fn seconds_between(from_ns: i64, to_ns: i64) -> f64 {
    ns_to_s(to_ns.saturating_sub(from_ns))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> ValueRef<'_> {
        ValueRef::Str(text)
    }

    #[test]
    fn text_loses_its_wrapping() {
        for written in
            ["req_1", "\"req_1\"", "[\"req_1\"]", "{\"values\":[{\"stringValue\":\"req_1\"}]}"]
        {
            assert_eq!(text(string(written)).as_deref(), Some("req_1"), "{written}");
        }
        assert_eq!(text(string("null")), None);
        assert_eq!(text(string("[not json")).as_deref(), Some("[not json"));
    }

    #[test]
    fn impossible_values_are_refused() {
        let negative = cell(Col::TtftS, ValueRef::Float(-0.1), Unit::Plain, 0);
        assert_eq!(negative, Err(NEGATIVE));
        assert_eq!(cell(Col::InputTokens, ValueRef::Int(-1), Unit::Plain, 0), Err(NEGATIVE));
        assert_eq!(cell(Col::CacheHitRatio, ValueRef::Float(1.5), Unit::Plain, 0), Err(NO_RATIO));
        let early = cell(Col::TtftS, string("1970-01-01T00:00:01Z"), Unit::Iso, 2_000_000_000);
        assert_eq!(early, Err(BEFORE_START));
    }

    #[test]
    fn units_become_seconds() {
        assert_eq!(cell(Col::TtftS, ValueRef::Int(1500), Unit::Millis, 0), Ok(Cell::Float(1.5)));
        let iso = string("\"1970-01-01T00:00:02.500Z\"");
        assert_eq!(cell(Col::TtftS, iso, Unit::Iso, 1_000_000_000), Ok(Cell::Float(1.5)));
        let timing = string("gfet4t7; dur=148");
        let processing = cell(Col::ServerProcessingS, timing, Unit::ServerTiming, 0);
        assert_eq!(processing, Ok(Cell::Float(0.148)));
    }

    #[test]
    fn durations_carry_their_unit() {
        let all = [("1.234567s", 1.234567), ("45.2ms", 0.0452), ("900µs", 0.0009), ("7ns", 7e-9)];
        for (text, seconds) in all {
            let cell = cell(Col::QueueWaitS, string(text), Unit::WithUnit, 0);
            assert!(
                matches!(cell, Ok(Cell::Float(got)) if (got - seconds).abs() < 1e-12),
                "{text}"
            );
        }
        assert_eq!(cell(Col::QueueWaitS, string("7"), Unit::WithUnit, 0), Ok(Cell::Null));
    }

    #[test]
    fn urls_keep_neither_query_nor_credentials() {
        let url = "https://user:secret@api.example.com:8443/v1/chat?key=abc";
        assert_eq!(host(url), Some("api.example.com"));
        assert_eq!(url_path(url), Some("/v1/chat"));
        assert_eq!(host("[::1]:80"), Some("::1"));
        assert_eq!(url_path("/v1/messages"), Some("/v1/messages"));
        assert_eq!(url_path("nonsense"), None);
    }

    #[test]
    fn edges_come_from_the_end_of_the_ray() {
        let ray = cell(Col::EdgePop, string("8de40748b8b1f96f-SJC"), Unit::Suffix, 0);
        assert_eq!(ray, Ok(Cell::Text("SJC".into())));
    }
}
