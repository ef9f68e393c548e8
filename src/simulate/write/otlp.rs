//! OTLP requests: batches of spans by resource and scope, as JSON lines or protobuf.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValueKind;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as OtlpSpan, Status};
use prost::Message as _;
use serde_json::{Value as Json, json};

use crate::simulate::dump::Assembled;
use crate::simulate::span::{Attrs, Scope, Span, Value};

/// Spans in one request.
const BATCH: usize = 512;

type ByScope<'a> = Vec<(Scope, Vec<&'a Span>)>;

/// The spans of one request, grouped by resource and scope in order of appearance.
fn groups(spans: &[Span]) -> Vec<(usize, ByScope<'_>)> {
    let mut resources: Vec<(usize, ByScope<'_>)> = Vec::new();
    for span in spans {
        let at = resources.iter().position(|(resource, _)| *resource == span.resource);
        let at = at.unwrap_or_else(|| {
            resources.push((span.resource, Vec::new()));
            resources.len() - 1
        });
        let scopes = &mut resources[at].1;
        match scopes.iter_mut().find(|(scope, _)| *scope == span.scope) {
            Some((_, list)) => list.push(span),
            None => scopes.push((span.scope, vec![span])),
        }
    }
    resources
}

fn json_value(value: &Value) -> Json {
    match value {
        Value::Text(text) => json!({"stringValue": text}),
        Value::Int(int) => json!({"intValue": int.to_string()}),
        Value::Float(float) => json!({"doubleValue": float}),
        Value::Bool(flag) => json!({"boolValue": flag}),
        Value::Texts(texts) => {
            let values: Vec<Json> = texts.iter().map(|text| json!({"stringValue": text})).collect();
            json!({"arrayValue": {"values": values}})
        }
    }
}

fn json_attrs(attrs: &Attrs) -> Vec<Json> {
    attrs.0.iter().map(|(name, value)| json!({"key": name, "value": json_value(value)})).collect()
}

fn json_span(span: &Span) -> Json {
    let mut object = json!({"traceId": span.trace_id, "spanId": span.span_id});
    if !span.parent_id.is_empty() {
        object["parentSpanId"] = json!(span.parent_id);
    }
    object["flags"] = json!(256);
    object["name"] = json!(span.name);
    object["kind"] = json!(span.kind as i32);
    object["startTimeUnixNano"] = json!(span.start_ns.to_string());
    object["endTimeUnixNano"] = json!(span.end_ns.to_string());
    object["attributes"] = json!(json_attrs(&span.attrs));
    if !span.events.is_empty() {
        let events = span.events.iter().map(|(at_ns, name, attrs)| {
            let mut event = json!({"timeUnixNano": at_ns.to_string(), "name": name});
            if !attrs.0.is_empty() {
                event["attributes"] = json!(json_attrs(attrs));
            }
            event
        });
        object["events"] = Json::Array(events.collect());
    }
    if span.dropped_events > 0 {
        object["droppedEventsCount"] = json!(span.dropped_events);
    }
    let (status, message) = span.status;
    let mut code = json!({});
    if status as i32 != 0 {
        code["code"] = json!(status as i32);
    }
    if !message.is_empty() {
        code["message"] = json!(message);
    }
    object["status"] = code;
    object
}

/// One JSON request a line.
pub fn json_lines(assembled: &Assembled) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    for batch in assembled.spans.chunks(BATCH) {
        let resources: Vec<Json> = groups(batch)
            .into_iter()
            .map(|(resource, scopes)| {
                let scopes: Vec<Json> = scopes
                    .into_iter()
                    .map(|((name, version), spans)| {
                        let spans: Vec<Json> = spans.into_iter().map(json_span).collect();
                        json!({"scope": {"name": name, "version": version}, "spans": spans})
                    })
                    .collect();
                json!({"resource": {"attributes": json_attrs(&assembled.resources[resource])}, "scopeSpans": scopes})
            })
            .collect();
        serde_json::to_writer(&mut out, &json!({"resourceSpans": resources}))
            .map_err(|error| error.to_string())?;
        out.push(b'\n');
    }
    Ok(out)
}

fn any(value: &Value) -> AnyValue {
    let kind = match value {
        Value::Text(text) => AnyValueKind::StringValue(text.clone()),
        Value::Int(int) => AnyValueKind::IntValue(*int),
        Value::Float(float) => AnyValueKind::DoubleValue(*float),
        Value::Bool(flag) => AnyValueKind::BoolValue(*flag),
        Value::Texts(texts) => AnyValueKind::ArrayValue(ArrayValue {
            values: texts.iter().map(|text| any(&Value::Text(text.clone()))).collect(),
        }),
    };
    AnyValue { value: Some(kind) }
}

fn pairs(attrs: &Attrs) -> Vec<KeyValue> {
    let pair = |name: &str, value: &Value| KeyValue {
        key: name.to_owned(),
        value: Some(any(value)),
        ..KeyValue::default()
    };
    attrs.0.iter().map(|(name, value)| pair(name, value)).collect()
}

fn unhex(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .filter_map(|digit| u8::try_from(digit).ok())
        .collect();
    digits.chunks_exact(2).map(|pair| pair[0] * 16 + pair[1]).collect()
}

fn unsigned(at_ns: i64) -> u64 {
    u64::try_from(at_ns).unwrap_or(0)
}

fn otlp_span(span: &Span) -> OtlpSpan {
    OtlpSpan {
        trace_id: unhex(&span.trace_id),
        span_id: unhex(&span.span_id),
        parent_span_id: unhex(&span.parent_id),
        flags: 256,
        name: span.name.to_string(),
        kind: span.kind as i32,
        start_time_unix_nano: unsigned(span.start_ns),
        end_time_unix_nano: unsigned(span.end_ns),
        attributes: pairs(&span.attrs),
        events: span
            .events
            .iter()
            .map(|(at_ns, name, attrs)| Event {
                time_unix_nano: unsigned(*at_ns),
                name: (*name).to_owned(),
                attributes: pairs(attrs),
                dropped_attributes_count: 0,
            })
            .collect(),
        dropped_events_count: span.dropped_events,
        status: Some(Status { message: span.status.1.to_owned(), code: span.status.0 as i32 }),
        ..OtlpSpan::default()
    }
}

fn request(assembled: &Assembled, spans: &[Span]) -> ExportTraceServiceRequest {
    let resource_spans = groups(spans)
        .into_iter()
        .map(|(resource, scopes)| ResourceSpans {
            resource: Some(Resource {
                attributes: pairs(&assembled.resources[resource]),
                ..Resource::default()
            }),
            scope_spans: scopes
                .into_iter()
                .map(|((name, version), spans)| ScopeSpans {
                    scope: Some(InstrumentationScope {
                        name: name.to_owned(),
                        version: version.to_owned(),
                        ..InstrumentationScope::default()
                    }),
                    spans: spans.into_iter().map(otlp_span).collect(),
                    schema_url: String::new(),
                })
                .collect(),
            schema_url: String::new(),
        })
        .collect();
    ExportTraceServiceRequest { resource_spans }
}

/// One protobuf message; batches concatenate to the merged message.
pub fn protobuf(assembled: &Assembled) -> Vec<u8> {
    let batches = assembled.spans.chunks(BATCH);
    batches.flat_map(|batch| request(assembled, batch).encode_to_vec()).collect()
}

/// Each request behind its length, four bytes, big-endian.
pub fn framed(assembled: &Assembled) -> Vec<u8> {
    let mut out = Vec::new();
    for batch in assembled.spans.chunks(BATCH) {
        let message = request(assembled, batch).encode_to_vec();
        out.extend(u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend(message);
    }
    out
}
