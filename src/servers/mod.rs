//! What inference servers said of themselves over time: Prometheus snapshots and OTLP metrics of
//! vLLM, SGLang, TGI, TensorRT-LLM and Dynamo as series of a few gauges.

mod names;
mod otlp;
mod proto;
mod read;
mod text;

use std::collections::{BTreeMap, BTreeSet};

pub use names::Gauge;
pub use read::read;

/// A value is taken for what held until this long after it, seconds, where nothing newer is known.
const STALE_S: f64 = 90.0;

/// One value of one gauge of one server.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    /// When, nanoseconds since the epoch.
    pub time_ns: i64,
    /// Whose: the server's name in the labels, or the file.
    pub server: String,
    /// The model that it serves, where the labels say so.
    pub model: Option<String>,
    /// Which engine wrote it.
    pub engine: &'static str,
    /// What it measures.
    pub gauge: Gauge,
    /// The value; counts of several workers of a server are added up.
    pub value: f64,
}

/// The series of every server.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServerMetrics {
    /// By server and gauge, ascending in time.
    series: BTreeMap<(String, Gauge), Vec<(i64, f64)>>,
    models: BTreeSet<String>,
    engines: BTreeSet<&'static str>,
}

impl ServerMetrics {
    /// Puts samples together; of counters the rate a minute is kept, and of hits and queries, or
    /// accepted and drafted tokens, their ratio.
    pub(crate) fn new(samples: Vec<Sample>) -> Self {
        let mut metrics = Self::default();
        let mut raw: BTreeMap<(String, Gauge), BTreeMap<i64, f64>> = BTreeMap::new();
        for sample in samples {
            metrics.models.extend(sample.model);
            metrics.engines.insert(sample.engine);
            let at = raw.entry((sample.server, sample.gauge)).or_default();
            let value = at.entry(sample.time_ns).or_insert(0.0);
            *value = if sample.gauge.is_greatest() {
                value.max(sample.value)
            } else {
                *value + sample.value
            };
        }
        for ((server, gauge), points) in &raw {
            let points: Vec<(i64, f64)> =
                points.iter().map(|(time, value)| (*time, *value)).collect();
            if let Some((of, derived)) = gauge.ratio_with() {
                let others = raw.get(&(server.clone(), of));
                let of = if gauge.is_counter() { shares } else { quotients };
                let shares = others.map(|others| of(&points, others)).unwrap_or_default();
                metrics.add(server, derived, shares);
            } else if gauge.is_counter() {
                metrics.add(server, *gauge, rates(&points));
            } else {
                metrics.add(server, *gauge, points);
            }
        }
        metrics
    }

    fn add(&mut self, server: &str, gauge: Gauge, points: Vec<(i64, f64)>) {
        if !points.is_empty() {
            self.series.entry((server.to_owned(), gauge)).or_insert(points);
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// The servers' names.
    pub fn servers(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.series.keys().map(|(server, _)| server.as_str()).collect();
        names.dedup();
        names
    }

    /// Whether a call of that model or provider was served by these servers: by the model's name
    /// where the metrics tell it, else by the engine's.
    pub fn serves(&self, models: [Option<&str>; 2], provider: Option<&str>) -> bool {
        if self.models.is_empty() {
            return provider.is_some_and(|provider| self.engines.contains(provider));
        }
        models.into_iter().flatten().any(|model| self.models.contains(model))
    }

    /// The gauge of the only server at that time: its last value, unless that is stale; none where
    /// there are several servers, for a call does not say which it went to.
    pub fn at(&self, gauge: Gauge, time_ns: i64) -> Option<f64> {
        let [server] = self.servers()[..] else { return None };
        let points = self.series.get(&(server.to_owned(), gauge))?;
        let behind = points.partition_point(|(time, _)| *time <= time_ns);
        let (time, value) = points.get(behind.checked_sub(1)?)?;
        let age_s = (i128::from(time_ns) - i128::from(*time)) as f64 / 1e9;
        (age_s <= STALE_S).then_some(*value)
    }

    /// The series of a gauge by server: times in nanoseconds, ascending, and values.
    pub fn series(&self, gauge: Gauge) -> impl Iterator<Item = (&str, &[(i64, f64)])> {
        self.series
            .iter()
            .filter(move |((_, have), _)| *have == gauge)
            .map(|((server, _), points)| (server.as_str(), points.as_slice()))
    }

    /// The mean of a gauge over these stretches of time, all servers together: counts are those of
    /// a server, shares are averaged.
    pub fn mean(&self, gauge: Gauge, stretches: &[(i64, i64)]) -> Option<f64> {
        let of_gauge = self.series.iter().filter(|((_, have), _)| *have == gauge);
        let within = |time: i64| stretches.iter().any(|(from, to)| (*from..*to).contains(&time));
        let values: Vec<f64> = of_gauge
            .flat_map(|(_, points)| points)
            .filter(|(time, _)| within(*time))
            .map(|(_, value)| *value)
            .collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }
}

/// Growth a minute between neighbouring samples; a counter that fell was started anew.
fn rates(points: &[(i64, f64)]) -> Vec<(i64, f64)> {
    let rate = |pair: &[(i64, f64)]| {
        let [(from, before), (to, after)] = pair else { return None };
        let minutes = (i128::from(*to) - i128::from(*from)) as f64 / 60e9;
        (minutes > 0.0 && after >= before).then(|| (*to, (after - before) / minutes))
    };
    points.windows(2).filter_map(rate).collect()
}

/// Growth of a part over growth of the whole between neighbouring samples.
fn shares(part: &[(i64, f64)], whole: &BTreeMap<i64, f64>) -> Vec<(i64, f64)> {
    let share = |pair: &[(i64, f64)]| {
        let [(from, before), (to, after)] = pair else { return None };
        let all = whole.get(to)? - whole.get(from)?;
        let some = after - before;
        (all > 0.0 && (0.0..=all).contains(&some)).then(|| (*to, some / all))
    };
    part.windows(2).filter_map(share).collect()
}

/// A part over the whole at the same time.
fn quotients(part: &[(i64, f64)], whole: &BTreeMap<i64, f64>) -> Vec<(i64, f64)> {
    let quotient = |(time, some): &(i64, f64)| {
        let all = whole.get(time)?;
        (*all > 0.0 && (0.0..=*all).contains(some)).then(|| (*time, some / all))
    };
    part.iter().filter_map(quotient).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(second: i64, gauge: Gauge, value: f64) -> Sample {
        Sample {
            time_ns: second * 1_000_000_000,
            server: "a".to_owned(),
            model: None,
            engine: "vllm",
            gauge,
            value,
        }
    }

    #[test]
    fn gauges_hold_until_they_are_stale() {
        let metrics = ServerMetrics::new(vec![
            sample(100, Gauge::Waiting, 3.0),
            sample(100, Gauge::Waiting, 1.0),
            sample(160, Gauge::Waiting, 7.0),
        ]);
        let at = |second: i64| metrics.at(Gauge::Waiting, second * 1_000_000_000);
        assert_eq!(at(99), None);
        assert_eq!(at(100), Some(4.0), "workers are added up");
        assert_eq!(at(159), Some(4.0));
        assert_eq!(at(250), Some(7.0));
        assert_eq!(at(251), None);
    }

    #[test]
    fn counters_become_rates_and_pairs_become_shares() {
        let metrics = ServerMetrics::new(vec![
            sample(0, Gauge::Preemptions, 10.0),
            sample(60, Gauge::Preemptions, 16.0),
            sample(120, Gauge::Preemptions, 2.0),
            sample(0, Gauge::PrefixQueries, 1000.0),
            sample(60, Gauge::PrefixQueries, 2000.0),
            sample(0, Gauge::PrefixHits, 500.0),
            sample(60, Gauge::PrefixHits, 1100.0),
        ]);
        let mean = |gauge| metrics.mean(gauge, &[(0, 1_000_000_000_000)]);
        assert_eq!(mean(Gauge::Preemptions), Some(6.0), "a restart is no negative rate");
        assert_eq!(mean(Gauge::PrefixHitRatio), Some(0.6));
        assert_eq!(mean(Gauge::PrefixHits), None);
    }

    #[test]
    fn blocks_of_the_fullest_worker_become_a_share() {
        let metrics = ServerMetrics::new(vec![
            sample(0, Gauge::KvBlocksUsed, 100.0),
            sample(0, Gauge::KvBlocksUsed, 900.0),
            sample(0, Gauge::KvBlocks, 1000.0),
            sample(60, Gauge::KvBlocksUsed, 5.0),
        ]);
        assert_eq!(metrics.mean(Gauge::KvUse, &[(0, i64::MAX)]), Some(0.9));
    }

    #[test]
    fn a_call_is_served_by_the_model_that_the_metrics_name() {
        let mut named = sample(0, Gauge::Running, 1.0);
        named.model = Some("llama".to_owned());
        let metrics = ServerMetrics::new(vec![named]);
        assert!(metrics.serves([None, Some("llama")], Some("openai")));
        assert!(!metrics.serves([Some("gpt-4o"), None], Some("vllm")));
        let plain = ServerMetrics::new(vec![sample(0, Gauge::Running, 1.0)]);
        assert!(plain.serves([Some("x"), None], Some("vllm")));
        assert!(!plain.serves([Some("x"), None], Some("openai")));
    }

    #[test]
    fn with_two_servers_a_call_does_not_say_which() {
        let mut other = sample(0, Gauge::Running, 5.0);
        other.server = "b".to_owned();
        let metrics = ServerMetrics::new(vec![sample(0, Gauge::Running, 3.0), other]);
        assert_eq!(metrics.at(Gauge::Running, 1), None);
        assert_eq!(metrics.mean(Gauge::Running, &[(0, 1)]), Some(4.0));
    }
}
