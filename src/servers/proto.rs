//! OTLP metrics as protobuf: one export request, or many in the frames of the collector's file
//! exporter, each compressed by itself or not.

use prost::Message;

use super::Sample;
use super::otlp::samples;

/// Most that a message may expand to.
const LARGEST: u64 = 256 << 20;

/// Of a request only what a sample needs: the other fields are stepped over.
#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(message, repeated, tag = "1")]
    resources: Vec<ResourceMetrics>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceMetrics {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scopes: Vec<ScopeMetrics>,
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeMetrics {
    #[prost(message, repeated, tag = "2")]
    metrics: Vec<Metric>,
}

#[derive(Clone, PartialEq, Message)]
struct Metric {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "5")]
    gauge: Option<Numbers>,
    #[prost(message, optional, tag = "7")]
    sum: Option<Numbers>,
    #[prost(message, optional, tag = "9")]
    histogram: Option<Histograms>,
}

#[derive(Clone, PartialEq, Message)]
struct Numbers {
    #[prost(message, repeated, tag = "1")]
    points: Vec<NumberPoint>,
}

#[derive(Clone, PartialEq, Message)]
struct NumberPoint {
    #[prost(fixed64, tag = "3")]
    time: u64,
    #[prost(double, optional, tag = "4")]
    float: Option<f64>,
    #[prost(sfixed64, optional, tag = "6")]
    int: Option<i64>,
    #[prost(message, repeated, tag = "7")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct Histograms {
    #[prost(message, repeated, tag = "1")]
    points: Vec<HistogramPoint>,
}

#[derive(Clone, PartialEq, Message)]
struct HistogramPoint {
    #[prost(fixed64, tag = "3")]
    time: u64,
    #[prost(fixed64, tag = "4")]
    count: u64,
    #[prost(double, optional, tag = "5")]
    sum: Option<f64>,
    #[prost(message, repeated, tag = "9")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(string, optional, tag = "1")]
    text: Option<String>,
}

/// Reads the samples that are known; none where the bytes hold no export request of metrics.
pub(super) fn read(bytes: &[u8], server: &str) -> Option<Vec<Sample>> {
    let requests = framed(bytes).or_else(|| Some(vec![request(bytes)?]))?;
    let mut out = Vec::new();
    for resource in requests.iter().flat_map(|request| &request.resources) {
        let of = resource.resource.as_ref().map_or(&[][..], |of| &of.attributes[..]);
        for metric in resource.scopes.iter().flat_map(|scope| &scope.metrics) {
            read_metric(metric, of, server, &mut out);
        }
    }
    Some(out)
}

fn read_metric(metric: &Metric, resource: &[KeyValue], server: &str, out: &mut Vec<Sample>) {
    let mut read = |name: &str, time: u64, value: Option<f64>, of_point: &[KeyValue]| {
        let text = |name: &str| {
            let pair = of_point.iter().chain(resource).find(|pair| pair.key == name)?;
            pair.value.as_ref()?.text.clone()
        };
        let label = |names: &[&str]| names.iter().find_map(|name| text(name));
        let value = value.filter(|value| value.is_finite());
        out.extend(samples(name, i64::try_from(time).ok(), value, server, label));
    };
    let name = metric.name.as_str();
    let numbers = [&metric.gauge, &metric.sum];
    for point in numbers.into_iter().flatten().flat_map(|numbers| &numbers.points) {
        let int = point.int.map(|int| int as f64);
        read(name, point.time, point.float.or(int), &point.attributes);
    }
    for point in metric.histogram.iter().flat_map(|histogram| &histogram.points) {
        read(&format!("{name}_sum"), point.time, point.sum, &point.attributes);
        let count = point.count as f64;
        read(&format!("{name}_count"), point.time, Some(count), &point.attributes);
    }
}

/// A request that holds a metric, so that no other signal is taken for one.
fn request(bytes: &[u8]) -> Option<Request> {
    let request = Request::decode(bytes).ok()?;
    let mut scopes = request.resources.iter().flat_map(|resource| &resource.scopes);
    let any = scopes.any(|scope| {
        let told = |metric: &Metric| {
            let kinds = metric.gauge.is_some() || metric.sum.is_some();
            !metric.name.is_empty() && (kinds || metric.histogram.is_some())
        };
        scope.metrics.iter().any(told)
    });
    any.then_some(request)
}

/// Messages with four bytes of length before each; the last one may be cut.
fn framed(mut bytes: &[u8]) -> Option<Vec<Request>> {
    let mut requests = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let Some(message) = rest.get(..length) else { break };
        bytes = rest.get(length..).unwrap_or_default();
        if message.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            requests.extend(super::read::unpacked(message, LARGEST).and_then(|m| request(&m)));
        } else {
            requests.extend(request(message));
        }
    }
    (!requests.is_empty()).then_some(requests)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers::Gauge;

    fn pair(key: &str, text: &str) -> KeyValue {
        KeyValue { key: key.to_owned(), value: Some(AnyValue { text: Some(text.to_owned()) }) }
    }

    fn one(name: &str, value: i64) -> Vec<u8> {
        let time = 1_793_714_400_000_000_000;
        let point = NumberPoint {
            time,
            float: None,
            int: Some(value),
            attributes: vec![pair("model_name", "llama")],
        };
        let numbers = Some(Numbers { points: vec![point] });
        let metric = Metric { name: name.to_owned(), gauge: numbers, sum: None, histogram: None };
        let point = HistogramPoint { time, count: 4, sum: Some(3.0), attributes: Vec::new() };
        let rates = Metric {
            name: "dynamo_frontend_kv_hit_rate".to_owned(),
            gauge: None,
            sum: None,
            histogram: Some(Histograms { points: vec![point] }),
        };
        let resource = Resource { attributes: vec![pair("service.instance.id", "pod-1")] };
        let scopes = vec![ScopeMetrics { metrics: vec![metric, rates] }];
        let resources = vec![ResourceMetrics { resource: Some(resource), scopes }];
        Request { resources }.encode_to_vec()
    }

    #[test]
    fn a_request_gives_what_is_known_of_it_bare_and_in_frames() {
        let bare = one("vllm:num_requests_waiting", 4);
        let packed = zstd::encode_all(&bare[..], 1).unwrap();
        let frame = |bytes: &[u8]| {
            let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
            [&length[..], bytes].concat()
        };
        let forms = [
            bare.clone(),
            frame(&bare),
            frame(&packed),
            [frame(&bare), frame(&bare)[..20].to_vec()].concat(),
        ];
        for form in forms {
            let samples = read(&form, "file").unwrap();
            let told: Vec<_> = samples.iter().map(|s| (s.gauge, s.value)).collect();
            let rates = [(Gauge::PrefixHits, 3.0), (Gauge::PrefixQueries, 4.0)];
            assert_eq!(told, [&[(Gauge::Waiting, 4.0)][..], &rates].concat());
            assert_eq!(samples[0].server, "pod-1");
            assert_eq!(samples[0].model.as_deref(), Some("llama"));
        }
    }

    #[test]
    fn bytes_of_other_kinds_are_no_metrics() {
        for bytes in [&b""[..], b"\x0a\x03\x12\x01\x00", b"\xff\xff\xff\xff\xff", b"PAR1 PAR1"] {
            assert_eq!(read(bytes, "file"), None);
        }
    }
}
