//! The span readers against the library decoders: random requests, written by prost and by
//! serde_json, read the same as the structs say.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap is a failed test")]

use llmspan::ingest::{
    self, Event, Id, Keep, Options, Resource, Scope, Span, SpanKind, StatusCode, Value, ValueRef,
    Wanted,
};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource as ProtoResource;
use opentelemetry_proto::tonic::trace::v1::{
    ResourceSpans, ScopeSpans, Span as ProtoSpan, Status, span,
};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message as _;

const START: u64 = 1_795_344_037_000_000_000;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-z\"\\\\/\n\u{e9}\u{1F600}{}\\[\\],:]{0,12}", "[a-z]{1,6}"]
}

fn any_value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        text().prop_map(Any::StringValue),
        any::<i64>().prop_map(Any::IntValue),
        any::<bool>().prop_map(Any::BoolValue),
        (-1.0e12..1.0e12).prop_map(Any::DoubleValue),
        Just(Any::DoubleValue(3.0)),
    ]
    .prop_map(|value| AnyValue { value: Some(value) });
    leaf.prop_recursive(3, 12, 3, |inner| {
        let key = prop_oneof![Just("a".to_owned()), Just("b".to_owned()), text()];
        let pair = (key, inner.clone()).prop_map(|(key, value)| pair(key, Some(value)));
        prop_oneof![
            vec(inner, 0..3).prop_map(|values| Any::ArrayValue(ArrayValue { values })),
            vec(pair, 0..3).prop_map(|values| Any::KvlistValue(KeyValueList { values })),
        ]
        .prop_map(|value| AnyValue { value: Some(value) })
    })
}

fn pair(key: String, value: Option<AnyValue>) -> KeyValue {
    KeyValue { key, value, ..KeyValue::default() }
}

fn attrs() -> impl Strategy<Value = Vec<KeyValue>> {
    let key = prop_oneof![
        Just("llm".to_owned()),
        Just("http".to_owned()),
        Just("doc".to_owned()),
        Just("other".to_owned()),
        text(),
    ];
    vec((key, any_value()).prop_map(|(key, value)| pair(key, Some(value))), 0..5)
}

fn event() -> impl Strategy<Value = span::Event> {
    let name = prop_oneof![Just("tick".to_owned()), Just("else".to_owned())];
    (name, 0..1_000_000_u64, attrs()).prop_map(|(name, after, attributes)| span::Event {
        name,
        time_unix_nano: START + after,
        attributes,
        ..span::Event::default()
    })
}

fn proto_span() -> impl Strategy<Value = ProtoSpan> {
    let ids = (any::<[u8; 16]>(), any::<[u8; 8]>(), any::<bool>());
    (ids, text(), 0..7_i32, 0..9_u64, attrs(), vec(event(), 0..3), 0..3_i32, 0..4_u32).prop_map(
        |((trace, id, root), name, kind, length, attributes, events, code, dropped)| ProtoSpan {
            trace_id: trace.to_vec(),
            span_id: id.to_vec(),
            parent_span_id: if root { Vec::new() } else { id.to_vec() },
            name,
            kind,
            start_time_unix_nano: START + 5,
            end_time_unix_nano: if length == 0 { 0 } else { START + length },
            attributes,
            events,
            dropped_events_count: dropped,
            status: (code > 0).then(|| Status { code, message: "said".to_owned() }),
            ..ProtoSpan::default()
        },
    )
}

fn request() -> impl Strategy<Value = ExportTraceServiceRequest> {
    let scope = (text(), vec(proto_span(), 0..4)).prop_map(|(name, spans)| ScopeSpans {
        scope: Some(InstrumentationScope { name, ..InstrumentationScope::default() }),
        spans,
        ..ScopeSpans::default()
    });
    let group = (attrs(), vec(scope, 0..3)).prop_map(|(attributes, scope_spans)| ResourceSpans {
        resource: Some(ProtoResource { attributes, ..ProtoResource::default() }),
        scope_spans,
        ..ResourceSpans::default()
    });
    vec(group, 1..3)
        .prop_map(|resource_spans| ExportTraceServiceRequest { resource_spans })
        .prop_filter("a span at all", |request| {
            let mut scopes = request.resource_spans.iter().flat_map(|group| &group.scope_spans);
            scopes.any(|scope| !scope.spans.is_empty())
        })
}

fn wanted() -> Wanted {
    let mut wanted = Wanted::default();
    wanted.want_attr("llm", Keep::Always);
    wanted.want_attr("http", Keep::IfClient);
    wanted.want_path("doc", &["a"], Keep::Never);
    wanted.want_path("doc", &["a", "*", "b"], Keep::Never);
    wanted.want_path("doc", &["b", "a"], Keep::Never);
    wanted.want_event("tick", Keep::Never);
    wanted.want_event_attr("tick", "other", Keep::Never);
    wanted.want_span("a");
    wanted
}

/// The scalar of a value as the documentation of ingest says it.
fn scalar(value: &Any) -> Option<Value> {
    match value {
        Any::StringValue(text) => Some(Value::Str(text.as_str().into())),
        Any::IntValue(int) => Some(Value::Int(*int)),
        Any::BoolValue(flag) => Some(Value::Bool(*flag)),
        Any::DoubleValue(float) => Some(Value::Float(*float)),
        Any::ArrayValue(array) => array.values.iter().find_map(|element| {
            let value = element.value.as_ref()?;
            (!matches!(value, Any::ArrayValue(_))).then(|| scalar(value)).flatten()
        }),
        _ => None,
    }
}

fn leaf(value: &Any, path: &[&str], out: &mut Vec<Value>) {
    match (value, path) {
        (Any::ArrayValue(array), ["*", rest @ ..] | rest @ []) => {
            let first = array.values.first().and_then(|element| element.value.as_ref());
            first.into_iter().for_each(|value| leaf(value, rest, out));
        }
        (Any::KvlistValue(list), [key, rest @ ..]) => {
            for pair in list.values.iter().filter(|pair| pair.key == *key) {
                let value = pair.value.as_ref().and_then(|value| value.value.as_ref());
                value.into_iter().for_each(|value| leaf(value, rest, out));
            }
        }
        (Any::ArrayValue(_) | Any::KvlistValue(_), _) => {}
        (_, []) => out.extend(scalar(value)),
        _ => {}
    }
}

fn take(attributes: &[KeyValue], wanted: &Wanted, event: bool) -> Vec<(String, Value)> {
    let mut taken = Vec::new();
    for pair in attributes {
        let Some(value) = pair.value.as_ref().and_then(|value| value.value.as_ref()) else {
            continue;
        };
        match (pair.key.as_str(), event) {
            ("other", true) => {
                taken.extend(scalar(value).map(|v| ("event:tick#other".to_owned(), v)));
            }
            (name @ ("llm" | "http"), false) => {
                taken.extend(scalar(value).map(|v| (name.to_owned(), v)));
            }
            ("doc", false) if !matches!(value, Any::StringValue(_)) => {
                for path in [&["a"][..], &["a", "*", "b"], &["b", "a"]] {
                    let mut found = Vec::new();
                    leaf(value, path, &mut found);
                    let name = format!("doc#{}", path.join("."));
                    taken.extend(found.into_iter().map(|v| (name.clone(), v)));
                }
            }
            _ => {}
        }
    }
    taken.retain(|(name, _)| wanted.id(name).is_some());
    taken
}

/// A span and all around it as comparable text; attributes sorted where their order is the
/// reader's own.
fn line(
    span: &Span,
    attrs: &[(String, Value)],
    resource: &[(String, Value)],
    scope: &Scope,
) -> String {
    let sorted = |attrs: &[(String, Value)]| {
        let mut texts: Vec<String> = attrs.iter().map(|attr| format!("{attr:?}")).collect();
        texts.sort();
        texts
    };
    let bare = Span { attrs: Default::default(), packed: 0, resource: 0, scope: 0, ..span.clone() };
    format!("{bare:?} {:?} {:?} {scope:?}", sorted(attrs), sorted(resource))
}

fn expected(request: &ExportTraceServiceRequest, wanted: &Wanted) -> Vec<String> {
    let mut lines = Vec::new();
    for group in &request.resource_spans {
        let resource = take(&group.resource.as_ref().unwrap().attributes, wanted, false);
        for scope in &group.scope_spans {
            let name = scope.scope.as_ref().unwrap().name.as_str();
            let told = Scope { name: name.into(), version: "".into() };
            for span in scope.spans.iter().filter(|span| keeps(span)) {
                let (span, attrs) = convert(span, wanted);
                lines.push(line(&span, &attrs, &resource, &told));
            }
        }
    }
    lines
}

fn keeps(span: &ProtoSpan) -> bool {
    let has = |name: &str| span.attributes.iter().any(|attr| attr.key == name);
    has("llm") || has("http") && !matches!(span.kind, 1 | 2 | 4 | 5) || span.name == "a"
}

fn convert(span: &ProtoSpan, wanted: &Wanted) -> (Span, Vec<(String, Value)>) {
    let mut attrs = take(&span.attributes, wanted, false);
    let tick = wanted.id("event:tick").unwrap();
    let mut events = Vec::new();
    for event in span.events.iter().filter(|event| event.name == "tick") {
        events.push(Event { id: tick, time_ns: event.time_unix_nano.cast_signed() });
        attrs.extend(take(&event.attributes, wanted, true));
    }
    let (start, end) = (span.start_time_unix_nano, span.end_time_unix_nano);
    let kinds = [SpanKind::Internal, SpanKind::Server, SpanKind::Client];
    let kinds = [&[SpanKind::Unspecified], &kinds[..], &[SpanKind::Producer, SpanKind::Consumer]];
    let code = span.status.as_ref().map_or(0, |status| status.code);
    let span = Span {
        trace_id: Id::from_bytes(&span.trace_id),
        span_id: Id::from_bytes(&span.span_id),
        parent_span_id: Id::from_bytes(&span.parent_span_id),
        name: span.name.as_str().into(),
        kind: *kinds.concat().get(usize::try_from(span.kind).unwrap()).unwrap_or(&kinds[0][0]),
        status: [StatusCode::Unset, StatusCode::Ok, StatusCode::Error]
            [usize::try_from(code).unwrap()],
        start_ns: start.cast_signed(),
        end_ns: (end >= start).then_some(end.cast_signed()),
        events,
        dropped_events: span.dropped_events_count,
        ..Span::default()
    };
    (span, attrs)
}

fn got(path: &std::path::Path, wanted: &Wanted) -> Vec<String> {
    let inputs = [path.display().to_string()];
    let read = ingest::read(&inputs, wanted, &Options::default()).unwrap();
    let owned = |value: ValueRef<'_>| match value {
        ValueRef::Str(text) => Value::Str(text.into()),
        ValueRef::Int(int) => Value::Int(int),
        ValueRef::Float(float) => Value::Float(float),
        ValueRef::Bool(flag) => Value::Bool(flag),
    };
    let named = |id, value| (wanted.name(id).to_owned(), value);
    let spans = &read.spans;
    let lines = spans.spans.iter().map(|span| {
        let resource: &Resource = &spans.resources[span.resource as usize];
        let scope = &spans.scopes[span.scope as usize];
        let attrs = spans.attrs(span);
        let attrs: Vec<_> = attrs.iter().map(|(id, value)| named(id, owned(value))).collect();
        let of_resource = resource.attrs.iter().map(|(id, value)| named(*id, value.clone()));
        line(span, &attrs, &of_resource.collect::<Vec<_>>(), scope)
    });
    lines.collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(256)
    })]
    #[test]
    fn json_and_protobuf_are_read_as_the_libraries_read_them(request in request()) {
        let dir = tempfile::tempdir().unwrap();
        let wanted = wanted();
        let want = expected(&request, &wanted);
        let (json, proto) = (dir.path().join("json"), dir.path().join("proto"));
        std::fs::write(&json, serde_json::to_vec(&request).unwrap()).unwrap();
        std::fs::write(&proto, request.encode_to_vec()).unwrap();
        prop_assert_eq!(got(&proto, &wanted), want.clone(), "protobuf");
        prop_assert_eq!(got(&json, &wanted), want.clone(), "JSON");
        let pretty = serde_json::to_vec_pretty(&request).unwrap();
        std::fs::write(&json, pretty).unwrap();
        prop_assert_eq!(got(&json, &wanted), want, "pretty JSON");
    }

    #[test]
    fn no_bytes_make_the_readers_panic(
        bytes in vec(any::<u8>(), 0..300),
        prefix in prop_oneof![
            Just(&b""[..]), Just(&b"{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{"[..]),
            Just(&b"\x0a\x80\x01\x12\x7e\x12\x7c"[..]), Just(&b"\0\0\0\x20\x0a"[..]), Just(&b"\x1f\x8b\x08"[..]),
            Just(&b"\x28\xb5\x2f\xfd"[..]), Just(&b"PAR1"[..]), Just(&b"{\"resourceSpans\":["[..]),
        ],
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bytes");
        std::fs::write(&path, [prefix, &bytes[..]].concat()).unwrap();
        let _ = ingest::read(&[path.display().to_string()], &wanted(), &Options::default());
    }
}
