//! Converts OTLP protobuf into spans with the prost structs.
use llmspan::ingest::*;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use prost::Message;

fn scalar(v: &AnyValue) -> Option<Value> {
    Some(match v.value.as_ref()? {
        any_value::Value::StringValue(s) => Value::Str(s.as_str().into()),
        any_value::Value::BoolValue(b) => Value::Bool(*b),
        any_value::Value::IntValue(i) => Value::Int(*i),
        any_value::Value::DoubleValue(f) => Value::Float(*f),
        any_value::Value::ArrayValue(a) => return scalar(a.values.first()?),
        _ => return None,
    })
}
fn json_scalar(v: &serde_json::Value) -> Option<Value> {
    Some(match v {
        serde_json::Value::String(s) => Value::Str(s.as_str().into()),
        serde_json::Value::Bool(b) => Value::Bool(*b),
        serde_json::Value::Number(n) => n.as_i64().map(Value::Int).or(n.as_f64().map(Value::Float))?,
        serde_json::Value::Array(a) => return json_scalar(a.first()?),
        _ => return None,
    })
}
fn take(attrs: &[KeyValue], wanted: &Wanted) -> (Vec<(AttrId, Value)>, Option<Keep>) {
    let mut out = Vec::new();
    let mut keep = None;
    for kv in attrs {
        let Some(want) = wanted.attr(&kv.key) else { continue };
        keep = keep.max(Some(want.keep));
        let Some(v) = &kv.value else { continue };
        for t in &want.take {
            match t {
                Take::Scalar(id) => out.extend(scalar(v).map(|v| (*id, v))),
                Take::Document(paths) => {
                    let Some(Value::Str(s)) = scalar(v) else { continue };
                    let Ok(doc) = serde_json::from_str::<serde_json::Value>(&s) else { continue };
                    for (path, id) in paths {
                        let mut at = Some(&doc);
                        for key in path.iter() {
                            at = at.and_then(|at| if &**key == "*" { at.get(0) } else { at.get(&**key) });
                        }
                        out.extend(at.and_then(json_scalar).map(|v| (*id, v)));
                    }
                }
            }
        }
    }
    (out, keep)
}
pub fn spans(bytes: &[u8], wanted: &Wanted) -> Ingested {
    let raw = zstd::decode_all(bytes).unwrap();
    let mut all = Ingested::default();
    let request = ExportTraceServiceRequest::decode(&raw[..]).unwrap();
    for rs in request.resource_spans {
        let resource = all.spans.resources.len() as u32;
        all.spans.resources.push(Resource { attrs: take(&rs.resource.unwrap_or_default().attributes, wanted).0 });
        for ss in rs.scope_spans {
            let scope = all.spans.scopes.len() as u32;
            let sc = ss.scope.unwrap_or_default();
            all.spans.scopes.push(Scope { name: sc.name.into(), version: sc.version.into() });
            for s in ss.spans {
                all.ingest.spans += 1;
                let (mut attrs, mut keep) = take(&s.attributes, wanted);
                let kind = [SpanKind::Unspecified, SpanKind::Internal, SpanKind::Server, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer][s.kind as usize];
                let mut events = Vec::new();
                for e in &s.events {
                    if let Some((id, k)) = wanted.event(&e.name) {
                        keep = keep.max(Some(k));
                        events.push(Event { id, time_ns: e.time_unix_nano as i64 });
                        for kv in &e.attributes {
                            if let (Some(id), Some(v)) = (wanted.event_attr(&e.name, &kv.key), kv.value.as_ref().and_then(scalar)) { attrs.push((id, v)); }
                        }
                    }
                }
                let kept = match keep { Some(Keep::Always) => true, Some(Keep::IfClient) => matches!(kind, SpanKind::Client | SpanKind::Unspecified), _ => false } || wanted.span(&s.name);
                if !kept { continue }
                all.spans.spans.push(Span {
                    trace_id: Id::from_bytes(&s.trace_id), span_id: Id::from_bytes(&s.span_id), parent_span_id: Id::from_bytes(&s.parent_span_id),
                    name: s.name.into(), kind,
                    status: match s.status.map(|s| s.code) { Some(1) => StatusCode::Ok, Some(2) => StatusCode::Error, _ => StatusCode::Unset },
                    start_ns: s.start_time_unix_nano as i64,
                    end_ns: (s.end_time_unix_nano >= s.start_time_unix_nano).then_some(s.end_time_unix_nano as i64),
                    attrs, events, dropped_events: s.dropped_events_count, resource, scope,
                });
            }
        }
    }
    all
}
