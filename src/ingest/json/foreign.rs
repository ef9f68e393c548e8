//! Names what a JSON object is when it is no OTLP, so that the message can say so.

use super::pull::{Pull, Step};

/// What JSON that is not read turned out to be.
pub const UNKNOWN: &str = "JSON without spans";

/// How the report counts an object that holds no OTLP span, by the keys that it has.
pub fn classify(pull: &mut Pull<'_>) -> &'static str {
    let mut seen = Seen::default();
    // An object that is cut is judged by what it shows.
    let _ = look(pull, &mut seen);
    let has = |key| seen.0.contains(&key);
    if has("operationName") || has("spanID") || has("processes") {
        "Jaeger JSON, not read yet"
    } else if has("localEndpoint") || has("duration") && has("timestamp") && has("traceId") {
        "Zipkin JSON, not read yet"
    } else if has("observations") {
        "Langfuse JSON, not read yet"
    } else if has("context") && has("start_time") {
        "Python console exporter JSON, not read yet"
    } else if has("SpanContext") {
        "Go stdouttrace JSON, not read yet"
    } else if has("_spanContext") || has("spanContext") {
        "JavaScript span objects, not read yet"
    } else if has("run_type") {
        "LangSmith runs, not read yet"
    } else if has("traceId") || has("trace_id") || has("spanId") || has("span_id") {
        "span without start and end times"
    } else {
        UNKNOWN
    }
}

const KEYS: [&str; 19] = [
    "operationName",
    "spanID",
    "processes",
    "localEndpoint",
    "duration",
    "timestamp",
    "traceId",
    "trace_id",
    "spanId",
    "span_id",
    "observations",
    "context",
    "start_time",
    "SpanContext",
    "_spanContext",
    "spanContext",
    "run_type",
    "resource",
    "data",
];

#[derive(Default)]
struct Seen(Vec<&'static str>);

/// Collects the known keys of an object, or of the first objects in its arrays.
fn look(pull: &mut Pull<'_>, seen: &mut Seen) -> Step<()> {
    let mut members = pull.object()?;
    while let Some(key) = members.next(pull)? {
        let known = KEYS.iter().find(|known| known.as_bytes() == key.inside);
        seen.0.extend(known);
        pull.skip()?;
    }
    Ok(())
}
