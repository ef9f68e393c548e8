//! What is said about a deployment's capacity: can it hold k times its traffic, and what gives
//! first?

use serde::{Serialize, Serializer};

use super::Ingest;

/// Version of the JSON form.
pub const CAPACITY_SCHEMA: &str = "llmspan.capacity/1";

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Capacity {
    /// [`CAPACITY_SCHEMA`].
    pub schema: &'static str,
    /// Whether these spans can tell.
    pub identifiable: Identifiable,
    /// Why, and what would settle it.
    pub because: String,
    /// One entry a scale, ascending; the first is the recorded traffic.
    pub scales: Vec<Scaled>,
    /// What gives first; null where it cannot be told.
    pub binding_constraint: Option<Constraint>,
    /// The scale at which that was read off.
    pub binding_scale: Option<f64>,
    /// The objectives, as they were given.
    pub slos: Vec<Objective>,
    /// What was supposed to be different, as it was given.
    pub what_if: Vec<String>,
    /// What the recording holds.
    pub recorded: Recorded,
    /// How latency answered to own load within the recording.
    pub curves: Vec<Curve>,
    /// The engine that was fitted; null where own load does not move latency.
    pub engine: Option<Engine>,
    /// What the rate limits leave.
    pub limits: Limits,
    /// What the servers' own series say; null without `--server-metrics` of these servers.
    pub servers: Option<Servers>,
    /// Where the cliff is; null where it was not looked for.
    pub cliff: Option<Cliff>,
    /// The multiple up to which own load stays within what was recorded; null where it cannot be
    /// told.
    pub observed_to_scale: Option<f64>,
    /// How the answer was made, in sentences; empty where too little is recorded for any.
    pub how_made: Vec<String>,
    /// What the answer rests on, in sentences.
    pub rests_on: Vec<String>,
    /// What would make it wrong, in sentences.
    pub wrong_if: Vec<String>,
    /// What to do next, in sentences.
    pub next_steps: Vec<String>,
    /// What was read.
    pub ingest: Ingest,
}

/// Whether the spans can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identifiable {
    /// Own load moves latency, and every answer asked for was given.
    Yes,
    /// Some answers are withheld.
    Partly,
    /// Own load does not move latency, or too little is recorded.
    No,
}

impl Serialize for Identifiable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Yes => serializer.serialize_bool(true),
            Self::Partly => serializer.serialize_str("partly"),
            Self::No => serializer.serialize_bool(false),
        }
    }
}

/// What gives first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Constraint {
    /// Computing prompts.
    PrefillCompute,
    /// Reading weights and KV for each token.
    DecodeBandwidth,
    /// Room for the context of running requests.
    KvMemory,
    /// The cap on running requests.
    Slots,
    /// The provider's limit.
    RateLimit,
    /// Nothing, at the scales looked at.
    None,
}

/// A figure with its 90 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bound {
    /// The figure; null where the interval is too wide for one.
    pub value: Option<f64>,
    /// 5 % lie below.
    pub low: Option<f64>,
    /// 5 % lie above; null where a cap may be met that nobody named, and nothing bounds the wait.
    pub high: Option<f64>,
}

/// The figures of a scale; null where nothing can be said.
#[allow(missing_docs, reason = "signal, quantile and unit are the name")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Predicted {
    pub ttft_p50_s: Option<Bound>,
    pub ttft_p95_s: Option<Bound>,
    pub ttft_p99_s: Option<Bound>,
    pub itl_p50_s: Option<Bound>,
    pub itl_p95_s: Option<Bound>,
    pub itl_p99_s: Option<Bound>,
    pub duration_p50_s: Option<Bound>,
    pub duration_p95_s: Option<Bound>,
    pub duration_p99_s: Option<Bound>,
}

impl Predicted {
    /// The figures in the order signal, quantile.
    pub fn of(bounds: [Option<Bound>; 9]) -> Self {
        let [a, b, c, d, e, f, g, h, i] = bounds;
        Self {
            ttft_p50_s: a,
            ttft_p95_s: b,
            ttft_p99_s: c,
            itl_p50_s: d,
            itl_p95_s: e,
            itl_p99_s: f,
            duration_p50_s: g,
            duration_p95_s: h,
            duration_p99_s: i,
        }
    }

    /// The same, as a list.
    pub fn all(&self) -> [Option<Bound>; 9] {
        [
            self.ttft_p50_s,
            self.ttft_p95_s,
            self.ttft_p99_s,
            self.itl_p50_s,
            self.itl_p95_s,
            self.itl_p99_s,
            self.duration_p50_s,
            self.duration_p95_s,
            self.duration_p99_s,
        ]
    }
}

/// A multiple of the recorded traffic.
#[derive(Debug, Clone, Serialize)]
pub struct Scaled {
    /// The multiple.
    pub scale: f64,
    /// Whether it was asked for, or lies between for the plot.
    pub asked: bool,
    /// Whether it lies outside what was recorded.
    pub extrapolated: bool,
    /// Whether more comes in than the engine can serve: queues grow without end.
    pub beyond_cliff: bool,
    /// Mean requests in flight.
    pub in_flight: Option<f64>,
    /// The latencies.
    pub predicted: Predicted,
    /// Where the time lost against an idle engine goes; null where it cannot be told.
    pub lost: Option<Lost>,
}

/// Between which multiples queues begin to grow without end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cliff {
    /// The largest multiple looked at before it; null where the recorded traffic lies beyond.
    pub holds_at: Option<f64>,
    /// The smallest multiple looked at beyond it; null where none was.
    pub breaks_at: Option<f64>,
}

/// What the servers' own series say of the recording.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Servers {
    /// How many servers there are in the series.
    pub servers: usize,
    /// Running requests of all of them, mean.
    pub running: f64,
    /// Waiting requests of all of them, mean.
    pub waiting: f64,
    /// Own calls in flight at the same times, mean.
    pub own_in_flight: f64,
    /// Own calls in flight over running and waiting ones: below 1, others use the servers or spans
    /// are missing; above, servers are.
    pub seen_share: f64,
    /// Most of the KV memory that was in use.
    pub kv_use_share_max: Option<f64>,
    /// Requests thrown out for want of memory.
    pub preemptions_per_minute: Option<f64>,
    /// Prompt tokens found in the prefix cache.
    pub prefix_hit_ratio: Option<f64>,
    /// Draft tokens accepted.
    pub acceptance_ratio: Option<f64>,
    /// Replicas that follow, used where none were given.
    pub replicas: Option<usize>,
    /// The cap on a replica's sequences that follows, used where none was given.
    pub max_sequences: Option<u32>,
    /// Tokens of a replica's KV memory that follow, used where none were given.
    pub kv_tokens: Option<f64>,
}

/// Shares of all the time that requests spend on the engine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Lost {
    /// Waiting for a slot.
    pub slots_share: f64,
    /// Waiting for KV memory.
    pub kv_memory_share: f64,
    /// Waiting behind prompts, before the first token.
    pub prompt_wait_share: f64,
    /// Decodes held up by prompts.
    pub prompt_stall_share: f64,
    /// Longer decode iterations.
    pub decode_share: f64,
}

/// How far an objective holds.
#[derive(Debug, Clone, Serialize)]
pub struct Objective {
    /// As it was given.
    pub slo: String,
    /// The largest multiple that holds it; `value` is null beyond the scales looked at (`low` then
    /// is the largest of them) and where it cannot be told.
    pub max_scale: Bound,
    /// Whether it holds in the recording.
    pub holds_now: Option<bool>,
}

/// What the recording holds.
#[derive(Debug, Clone, Serialize)]
pub struct Recorded {
    /// Model of the deployment looked at.
    pub model: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// Its services.
    pub services: Vec<String>,
    /// Its calls that could be used.
    pub calls: usize,
    /// Its calls that could not: failed, or without token counts.
    pub left_out: usize,
    /// Calls of other deployments in the same dump.
    pub elsewhere: usize,
    /// Length, seconds.
    pub length_s: f64,
    /// Calls a minute.
    pub calls_per_minute: f64,
    /// Mean own calls in flight.
    pub in_flight: f64,
    /// Most at once.
    pub in_flight_peak: f64,
    /// In flight by the sweep, over rate times mean duration: 1 by Little's law, unless the recording
    /// begins or ends within long calls.
    pub little_ratio: Option<f64>,
    /// Share of the time in flight that calls left out hold: failed ones, or without token counts.
    pub left_out_share: f64,
    /// The longest time in which no call began, seconds.
    pub longest_silence_s: f64,
    /// Own calls in flight over those that spans report running on all replicas: below 1, others use
    /// them or spans are missing; null where none are reported or the replicas are not known.
    pub seen_share: Option<f64>,
    /// Variance of calls per 10 s over their mean: 1 without bursts.
    pub dispersion: Option<f64>,
    /// Prompt tokens to compute, a second.
    pub prefill_tokens_per_s: f64,
    /// Tokens produced, a second.
    pub output_tokens_per_s: f64,
    /// Share of prompt tokens read from the cache; null where it is not told.
    pub cache_hit_ratio: Option<f64>,
    /// Drafts accepted; null where it is not told.
    pub acceptance_ratio: Option<f64>,
}

/// A monotone response to own load.
#[derive(Debug, Clone, Serialize)]
pub struct Curve {
    /// `ttft_s` or `itl_s`, at equal work: over what the same call takes alone on an idle engine.
    pub signal: &'static str,
    /// `in_flight` or `prefill_tokens_per_s`.
    pub against: &'static str,
    /// Its points, ascending.
    pub points: Vec<CurvePoint>,
}

/// A point of it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct CurvePoint {
    /// Own load.
    pub load: f64,
    /// Latency over that at no load.
    pub ratio: f64,
    /// Its 90 % interval.
    pub low: f64,
    /// Its end.
    pub high: f64,
}

/// The engine that was fitted.
#[derive(Debug, Clone, Serialize)]
pub struct Engine {
    /// Replicas; effective ones where nobody said how many there are.
    pub replicas: usize,
    /// `chunked` or `prefill_first`.
    pub scheduler: &'static str,
    /// Seconds of an iteration that decodes one sequence of no context.
    pub step_floor_s: f64,
    /// Seconds per prompt token.
    pub prompt_token_s: f64,
    /// Seconds per token of context that decodes hold.
    pub context_token_s: f64,
    /// Way to the engine and back, seconds.
    pub overhead_s: f64,
    /// Running requests per replica at most; null where no cap is known or seen.
    pub max_sequences: Option<u32>,
    /// Tokens of KV per replica; null where no limit is known or seen.
    pub kv_tokens: Option<f64>,
    /// Mean squared difference to the recording in sampling errors: near 1 is a good fit.
    pub misfit: f64,
    /// Share of the variation of ITL over time that own load does not explain.
    pub hidden_share: f64,
    /// The same of TTFT.
    pub hidden_ttft_share: f64,
}

/// Rate limits as far as calls tell.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Limits {
    /// Most tokens in a minute, 99th percentile of minutes.
    pub tokens_per_minute_p99: Option<f64>,
    /// Most calls in a minute, 99th percentile of minutes.
    pub calls_per_minute_p99: Option<f64>,
    /// Calls that met a 429, whether or not a retry helped.
    pub refused_calls: usize,
    /// Calls that waited for a retry whose reason is not recorded.
    pub retried_calls: usize,
    /// Tokens a minute at which refusals were met, median of the minutes with one; null without.
    pub tokens_per_minute_refused: Option<f64>,
    /// What response headers say of the account's limits.
    pub quotas: Vec<Quota>,
}

/// A limit of the account and what is left of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quota {
    /// `tokens_per_minute` or `calls_per_minute`.
    pub of: &'static str,
    /// The limit.
    pub limit: f64,
    /// Whether a header told it; otherwise it is the most that ever was left, and may be higher.
    pub limit_told: bool,
    /// Used in the busiest minutes by these calls, 99th percentile.
    pub used_p99: Option<f64>,
    /// What the headers said was left, first percentile of calls.
    pub left_p01: Option<f64>,
    /// The multiple of the recorded traffic that the limit allows: the limit over what these calls
    /// used in their busiest minutes, or over what was ever taken of it where that is more.
    pub headroom_scale: Option<f64>,
}
