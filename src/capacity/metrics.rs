//! What the servers' own series add to the calls: replicas and caps that nobody named, prefix hits
//! where calls do not tell them, and whether the load that the servers saw is that of these calls.

use std::collections::BTreeMap;

use super::fit::Known;
use super::load::Load;
use super::recording::Recording;
use crate::calls::CallTable;
use crate::diagnosis::capacity::Servers;
use crate::schema::Col;
use crate::servers::{Gauge, ServerMetrics};
use crate::stats::quantile::{mean, median};

/// Own calls over those that the servers had, below which others use them or spans are missing.
/// Snapshots every 15 s of a batch that bursts leave a tenth of error over ten minutes.
pub const LEAST_SEEN: f64 = 0.75;
/// And above which a server is missing.
const MOST_SEEN: f64 = 1.25;
/// Fewest values of a series.
const LEAST_VALUES: usize = 8;
/// Use of the memory from which its size can be read off it.
const LEAST_KV_USE: f64 = 0.05;
/// Use of the memory at which requests wait for it and not for a slot.
const FULL_KV_USE: f64 = 0.9;
/// Times at which the queue and the fullest batch must meet for a cap.
const LEAST_MEETINGS: usize = 3;

/// Seconds into the recording and values, by server.
type Series<'a> = BTreeMap<&'a str, Vec<(f64, f64)>>;

/// The series of one recording.
struct Read<'a> {
    metrics: &'a ServerMetrics,
    from_ns: i64,
    length_s: f64,
}

impl Read<'_> {
    /// Values of a gauge with their seconds into the recording, server by server.
    fn of(&self, gauge: Gauge) -> Series<'_> {
        let inside = |(time_ns, value): &(i64, f64)| {
            let at_s = (i128::from(*time_ns) - i128::from(self.from_ns)) as f64 * 1e-9;
            (0.0..=self.length_s).contains(&at_s).then_some((at_s, *value))
        };
        let each = self.metrics.series(gauge);
        each.map(|(server, points)| (server, points.iter().filter_map(inside).collect())).collect()
    }

    /// The mean of all values.
    fn mean(&self, gauge: Gauge) -> Option<f64> {
        mean(&values(&self.of(gauge)))
    }
}

/// What the servers' series say of these calls; none where they are of another model or time.
pub fn servers(
    metrics: &ServerMetrics,
    table: &CallTable,
    rows: &[usize],
    recording: &Recording,
    load: &Load,
) -> Option<Servers> {
    let row = *rows.first()?;
    let [requested, answered, provider] =
        [Col::RequestModel, Col::ResponseModel, Col::Provider].map(|col| table.text(col, row));
    if !metrics.serves([requested.as_deref(), answered.as_deref()], provider.as_deref()) {
        return None;
    }
    let read = Read { metrics, from_ns: table.starts_ns()[row], length_s: recording.length_s };
    let mut running = read.of(Gauge::Running);
    running.retain(|_, points| points.len() >= LEAST_VALUES);
    let ran = sum_of_means(&running)?;
    let waited = sum_of_means(&read.of(Gauge::Waiting)).unwrap_or(0.0);
    let times = running.values().flatten();
    let own: Vec<f64> = times.map(|(at_s, _)| load.in_flight.at(*at_s)).collect();
    let own = mean(&own)?;
    let seen = own / (ran + waited).max(1e-9);
    let count = running.len();
    let replicas = (seen >= LEAST_SEEN)
        .then(|| if seen > MOST_SEEN { (count as f64 * seen).round() as usize } else { count });
    Some(Servers {
        servers: count,
        running: ran,
        waiting: waited,
        own_in_flight: own,
        seen_share: seen,
        kv_use_share_max: values(&read.of(Gauge::KvUse)).into_iter().reduce(f64::max),
        preemptions_per_minute: read.mean(Gauge::Preemptions),
        prefix_hit_ratio: read.mean(Gauge::PrefixHitRatio),
        acceptance_ratio: read.mean(Gauge::AcceptanceRatio),
        replicas,
        max_sequences: cap(&running, &read),
        kv_tokens: replicas.and_then(|replicas| memory(&read, load, replicas)),
    })
}

impl Servers {
    /// What is known where the operator did not say it.
    pub fn known(&self, told: &Known) -> Known {
        Known {
            replicas: told.replicas.or(self.replicas),
            max_sequences: told.max_sequences.or(self.max_sequences),
            kv_tokens: told.kv_tokens.or(self.kv_tokens),
        }
    }
}

fn values(series: &Series<'_>) -> Vec<f64> {
    series.values().flatten().map(|(_, value)| *value).collect()
}

fn sum_of_means(series: &Series<'_>) -> Option<f64> {
    let means = series
        .values()
        .filter_map(|points| mean(&points.iter().map(|(_, value)| *value).collect::<Vec<f64>>()));
    means.reduce(|sum, one| sum + one)
}

/// The cap on sequences: the fullest batch, where requests waited beside it and memory was free.
fn cap(running: &Series<'_>, read: &Read<'_>) -> Option<u32> {
    let most = values(running).into_iter().fold(0.0, f64::max);
    let (waiting, used) = (read.of(Gauge::Waiting), read.of(Gauge::KvUse));
    let at = |series: &Series<'_>, server: &str, at_s: f64| {
        let points = series.get(server)?;
        points.iter().find(|(time_s, _)| (time_s - at_s).abs() < 1e-3).map(|(_, value)| *value)
    };
    let mut meetings = 0;
    for (server, points) in running {
        for (at_s, ran) in points.iter().filter(|(_, ran)| *ran >= most) {
            let waits = at(&waiting, server, *at_s).unwrap_or(0.0);
            let full = at(&used, server, *at_s).unwrap_or(0.0);
            meetings += usize::from(*ran > 0.0 && waits >= 1.0 && full < FULL_KV_USE);
        }
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a batch is small")]
    (meetings >= LEAST_MEETINGS && most >= 1.0).then_some(most.round() as u32)
}

/// Tokens of KV of a replica: the tokens that own calls held over the share of memory in use.
fn memory(read: &Read<'_>, load: &Load, replicas: usize) -> Option<f64> {
    let whole: Vec<f64> = read
        .of(Gauge::KvUse)
        .values()
        .flatten()
        .filter(|(_, used)| *used >= LEAST_KV_USE)
        .map(|(at_s, used)| load.context.at(*at_s) / replicas.max(1) as f64 / used)
        .filter(|tokens| *tokens > 0.0)
        .collect();
    if whole.len() < LEAST_VALUES { None } else { median(&whole).map(f64::round) }
}
