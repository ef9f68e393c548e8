//! Prometheus' text form, one snapshot or several in a row.
//!
//! A sample's own time stands above the last comment that holds a time, and that above the time
//! in the file's name.

use super::Sample;
use super::names::{MODEL_LABELS, SERVER_LABELS, known};

/// Why a snapshot gives nothing.
pub(super) const NO_TIME: &str = "a snapshot that does not say when it was taken";

/// Reads the samples that are known; `server` and `taken_ns` stand in for what the text does not
/// tell.
pub(super) fn read(
    text: &str,
    server: &str,
    taken_ns: Option<i64>,
) -> Result<Vec<Sample>, &'static str> {
    let mut samples = Vec::new();
    let mut taken_ns = taken_ns;
    for line in text.lines() {
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            taken_ns = time_in(comment).or(taken_ns);
            continue;
        }
        let Some(found) = sample(line) else { continue };
        let label = |names: &[&str]| {
            let value = |name: &&str| labels(found.labels).find(|(have, _)| have == name);
            names.iter().find_map(value).map(|(_, value)| value)
        };
        for (engine, gauge) in known(found.name) {
            samples.push(Sample {
                time_ns: found.time_ns.or(taken_ns).ok_or(NO_TIME)?,
                server: label(&SERVER_LABELS).unwrap_or_else(|| server.to_owned()),
                model: label(&MODEL_LABELS),
                engine,
                gauge,
                value: found.value,
            });
        }
    }
    Ok(samples)
}

struct Line<'a> {
    name: &'a str,
    labels: &'a str,
    value: f64,
    time_ns: Option<i64>,
}

/// `name{a="b",…} value [time]`.
fn sample(line: &str) -> Option<Line<'_>> {
    let (name, labels, rest) = match line.find('{') {
        Some(open) => {
            let close = closing(line.get(open + 1..)?)? + open + 1;
            (line.get(..open)?, line.get(open + 1..close)?, line.get(close + 1..)?)
        }
        None => {
            let (name, rest) = line.split_once(char::is_whitespace)?;
            (name, "", rest)
        }
    };
    let mut words = rest.split_whitespace();
    let value = words.next()?.parse::<f64>().ok().filter(|value| value.is_finite())?;
    Some(Line { name: name.trim(), labels, value, time_ns: words.next().and_then(epoch) })
}

/// Where the labels end: the first brace outside quotes.
fn closing(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'}' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

fn labels(text: &str) -> impl Iterator<Item = (&str, String)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (name, behind) = rest.split_once('=')?;
        let inside = behind.trim_start().strip_prefix('"')?;
        let mut value = String::new();
        let mut escaped = false;
        for (at, character) in inside.char_indices() {
            match character {
                _ if escaped => {
                    value.push(if character == 'n' { '\n' } else { character });
                    escaped = false;
                }
                '\\' => escaped = true,
                '"' => {
                    rest = inside.get(at + 1..).unwrap_or_default();
                    return Some((name.trim_matches([',', ' ']), value));
                }
                _ => value.push(character),
            }
        }
        None
    })
}

/// A time in a comment or a file's name: RFC 3339, or seconds or milliseconds since the epoch.
pub(super) fn time_in(text: &str) -> Option<i64> {
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '_' | '=' | '(' | ')'));
    words.filter(|word| word.len() >= 10).find_map(|word| {
        let exact = chrono::DateTime::parse_from_rfc3339(word).ok();
        let exact = exact.and_then(|time| time.timestamp_nanos_opt());
        exact.or_else(|| word.starts_with(['1', '2']).then(|| epoch(word)).flatten())
    })
}

/// Seconds (with or without a fraction), milliseconds or nanoseconds since the epoch, told by
/// their size: all of them lie between 2001 and 2100.
fn epoch(text: &str) -> Option<i64> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite())?;
    let to_ns = match number {
        1e9..4.2e9 => 1e9,
        1e12..4.2e12 => 1e6,
        1e18..4.2e18 => 1.0,
        _ => return None,
    };
    // Whole numbers exactly; a fraction of a second as well as a float can.
    #[allow(clippy::cast_possible_truncation, reason = "within the range that was checked")]
    let exact = text.parse::<i64>().ok().and_then(|whole| whole.checked_mul(to_ns as i64));
    #[allow(clippy::cast_possible_truncation, reason = "within the range that was checked")]
    exact.or(Some((number * to_ns) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers::Gauge;

    const SNAPSHOT: &str = r#"# 2026-11-03T14:00:00Z
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="meta/llama \"3\", {x}"} 3.0
vllm:num_requests_waiting{engine="0",instance="10.0.0.1:8000"} 5 1793714405000
vllm:num_preemptions_total{engine="0"} 7
process_cpu_seconds_total 12.5
nonsense {
"#;

    #[test]
    fn a_snapshot_gives_what_is_known_of_it() {
        let samples = read(SNAPSHOT, "file", None).unwrap();
        let told: Vec<_> = samples.iter().map(|s| (s.gauge, s.value, s.server.as_str())).collect();
        assert_eq!(
            told,
            [
                (Gauge::Running, 3.0, "file"),
                (Gauge::Waiting, 5.0, "10.0.0.1:8000"),
                (Gauge::Preemptions, 7.0, "file"),
            ]
        );
        assert_eq!(samples[0].model.as_deref(), Some("meta/llama \"3\", {x}"));
        assert_eq!(samples[0].time_ns, 1_793_714_400_000_000_000);
        assert_eq!(samples[1].time_ns, 1_793_714_405_000_000_000);
    }

    #[test]
    fn a_snapshot_without_any_time_is_refused() {
        assert_eq!(read("tgi_queue_size 4\n", "f", None), Err(NO_TIME));
        assert_eq!(read("tgi_queue_size 4\n", "f", Some(1)).unwrap().len(), 1);
        assert_eq!(read("something_else 4\n", "f", None), Ok(Vec::new()));
    }

    #[test]
    fn times_are_told_by_their_size() {
        for text in ["1793714400", "1793714400.0", "1793714400000", "2026-11-03T14:00:00Z"] {
            assert_eq!(
                time_in(&format!("vllm {text} x")),
                Some(1_793_714_400_000_000_000),
                "{text}"
            );
        }
        assert_eq!(time_in("metrics_1793714400_a"), Some(1_793_714_400_000_000_000));
        assert_eq!(time_in("HELP vllm:num 3 requests in 2024"), None);
    }
}
