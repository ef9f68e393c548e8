//! The traffic as an OTLP request, grouped by service and scope as an SDK sends it.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, any_value,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as Proto, Status};

use super::traffic::{SERVICES, Span, Value};

/// One request of these spans.
pub fn request(spans: &[Span]) -> ExportTraceServiceRequest {
    let mut request = ExportTraceServiceRequest::default();
    for (index, service) in SERVICES.into_iter().enumerate() {
        let mut scopes: Vec<ScopeSpans> = Vec::new();
        for span in spans.iter().filter(|span| span.service == index) {
            let named = |have: &ScopeSpans| {
                have.scope.as_ref().is_some_and(|scope| scope.name == span.scope)
            };
            let at = scopes.iter().position(named).unwrap_or_else(|| {
                let scope = InstrumentationScope { name: span.scope.into(), ..Default::default() };
                scopes.push(ScopeSpans { scope: Some(scope), ..Default::default() });
                scopes.len() - 1
            });
            scopes[at].spans.push(proto(span));
        }
        let attributes = vec![
            pair("service.name", &Value::Text(service.into())),
            pair("service.version", &Value::Text("1.4.2".into())),
            pair("telemetry.sdk.language", &Value::Text("python".into())),
        ];
        let resource = Some(Resource { attributes, ..Default::default() });
        let spans = ResourceSpans { resource, scope_spans: scopes, ..Default::default() };
        request.resource_spans.push(spans);
    }
    request
}

fn proto(span: &Span) -> Proto {
    let parent = if span.parent == [0; 8] { Vec::new() } else { span.parent.to_vec() };
    Proto {
        trace_id: span.trace_id.to_vec(),
        span_id: span.span_id.to_vec(),
        parent_span_id: parent,
        flags: 256,
        name: span.name.clone(),
        kind: span.kind,
        start_time_unix_nano: span.start_ns,
        end_time_unix_nano: span.end_ns,
        attributes: span.attrs.iter().map(|(key, value)| pair(key, value)).collect(),
        status: Some(Status::default()),
        ..Default::default()
    }
}

fn pair(key: &str, value: &Value) -> KeyValue {
    KeyValue { key: key.into(), value: Some(any(value)), ..Default::default() }
}

fn any(value: &Value) -> AnyValue {
    let value = match value {
        Value::Text(text) => any_value::Value::StringValue(text.clone()),
        Value::List(text) => any_value::Value::ArrayValue(ArrayValue {
            values: vec![any(&Value::Text(text.clone()))],
        }),
        Value::Int(int) => any_value::Value::IntValue(*int),
        Value::Float(float) => any_value::Value::DoubleValue(*float),
        Value::Bool(flag) => any_value::Value::BoolValue(*flag),
    };
    AnyValue { value: Some(value) }
}
