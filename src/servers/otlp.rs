//! OTLP metrics as JSON: one export request, or one a line.

use serde_json::Value;

use super::Sample;
use super::names::{MODEL_LABELS, SERVER_LABELS, known};

/// Reads the samples that are known; none where the text holds no export request.
pub(super) fn read(text: &str, server: &str) -> Option<Vec<Sample>> {
    let mut samples = Vec::new();
    let mut any = false;
    for request in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let Ok(request) = request else { break };
        let Some(resources) = member(&request, "resourceMetrics", "resource_metrics") else {
            continue;
        };
        any = true;
        for resource in elements(resources) {
            let of_resource = resource.get("resource").and_then(|found| found.get("attributes"));
            let Some(scopes) = member(resource, "scopeMetrics", "scope_metrics") else { continue };
            let metrics = elements(scopes).filter_map(|scope| scope.get("metrics"));
            for metric in metrics.flat_map(elements) {
                read_metric(metric, of_resource, server, &mut samples);
            }
        }
    }
    any.then_some(samples)
}

fn read_metric(metric: &Value, resource: Option<&Value>, server: &str, out: &mut Vec<Sample>) {
    let name = metric.get("name").and_then(Value::as_str).unwrap_or_default();
    let points = |kind: &str| member(metric.get(kind)?, "dataPoints", "data_points");
    let first =
        |point: &Value, keys: &[&str]| keys.iter().find_map(|key| point.get(*key)).and_then(number);
    let mut read = |point: &Value, name: &str, value: Option<f64>| {
        let time = member(point, "timeUnixNano", "time_unix_nano").and_then(whole);
        let label = |names: &[&str]| {
            let of = [point.get("attributes"), resource];
            names.iter().find_map(|name| of.iter().flatten().find_map(|all| attribute(all, name)))
        };
        out.extend(samples(name, time, value, server, label));
    };
    for point in
        ["gauge", "sum"].iter().find_map(|kind| points(kind)).into_iter().flat_map(elements)
    {
        read(point, name, first(point, &["asDouble", "as_double", "asInt", "as_int"]));
    }
    for point in points("histogram").into_iter().flat_map(elements) {
        read(point, &format!("{name}_sum"), first(point, &["sum"]));
        read(point, &format!("{name}_count"), first(point, &["count"]));
    }
}

/// The samples that a point of a metric gives.
pub(super) fn samples(
    name: &str,
    time_ns: Option<i64>,
    value: Option<f64>,
    server: &str,
    label: impl Fn(&[&str]) -> Option<String>,
) -> Vec<Sample> {
    let (Some(time_ns), Some(value)) = (time_ns.filter(|time| *time > 0), value) else {
        return Vec::new();
    };
    let sample = |(engine, gauge)| Sample {
        time_ns,
        server: label(&SERVER_LABELS).unwrap_or_else(|| server.to_owned()),
        model: label(&MODEL_LABELS),
        engine,
        gauge,
        value,
    };
    known(name).map(sample).collect()
}

fn member<'v>(value: &'v Value, camel: &str, snake: &str) -> Option<&'v Value> {
    value.get(camel).or_else(|| value.get(snake))
}

fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn attribute(all: &Value, name: &str) -> Option<String> {
    let found = elements(all).find(|pair| pair.get("key").and_then(Value::as_str) == Some(name))?;
    let value = found.get("value")?;
    member(value, "stringValue", "string_value")?.as_str().map(str::to_owned)
}

/// Protobuf's JSON writes 64-bit integers as text.
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn number(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    number.filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers::Gauge;

    #[test]
    fn an_export_request_gives_what_is_known_of_it() {
        let text = r#"{"resourceMetrics":[{"resource":{"attributes":[
            {"key":"service.instance.id","value":{"stringValue":"pod-1"}}]},
            "scopeMetrics":[{"metrics":[
             {"name":"vllm:num_requests_waiting","gauge":{"dataPoints":[
               {"timeUnixNano":"1793714400000000000","asInt":"4",
                "attributes":[{"key":"model_name","value":{"stringValue":"llama"}}]}]}},
             {"name":"vllm:num_preemptions_total","sum":{"dataPoints":[
               {"timeUnixNano":"1793714400000000000","asDouble":2.0}]}},
             {"name":"other","gauge":{"dataPoints":[{"timeUnixNano":"1","asInt":"1"}]}}]}]}]}"#;
        let samples = read(text, "file").unwrap();
        assert_eq!(samples.len(), 2);
        assert_eq!(samples[0].gauge, Gauge::Waiting);
        assert_eq!((samples[0].server.as_str(), samples[0].value), ("pod-1", 4.0));
        assert_eq!(samples[0].model.as_deref(), Some("llama"));
        assert_eq!(samples[1].gauge, Gauge::Preemptions);
        assert_eq!(read("{\"resourceSpans\":[]}", "file"), None);
        assert_eq!(read("not json", "file"), None);
    }
}
