//! The call table as plain columns, read once: what every signal is measured on.

use crate::calls::{CallTable, Codes};
use crate::schema::Col;

/// Which calls are compared with which: half-open periods of time, nanoseconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Periods {
    /// The window under suspicion.
    pub window: (i64, i64),
    /// The normal traffic, one or several stretches, none of which overlaps the window.
    pub baseline: Vec<(i64, i64)>,
    /// How many windows this one was picked from for being the most striking; 1 where it was given.
    pub picked_from: usize,
    /// One trace in so many is among the calls.
    pub one_in: u64,
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// In the normal traffic.
    Baseline,
    /// In the window.
    Window,
    /// In neither; it still counts as history of caches and load.
    Neither,
}

/// How a call ended, as far as latency is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Served.
    Served,
    /// Cut off by a timeout or a cancellation: its duration is a lower bound.
    Censored,
    /// Failed: its duration says nothing about service.
    Failed,
}

/// Struct of arrays; numbers are NaN where the table is null.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Seconds of baseline that hold calls, without the gaps between its stretches.
    pub baseline_s: f64,
    /// Length of the window, seconds.
    pub window_s: f64,
    /// Start, nanoseconds since the epoch, ascending.
    pub starts_ns: Vec<i64>,
    /// Start, seconds after the first call.
    pub starts_s: Vec<f64>,
    /// Baseline, window or neither.
    pub sides: Vec<Side>,
    /// How it ended.
    pub outcomes: Vec<Outcome>,
    /// Whole call, seconds.
    pub duration_s: Vec<f64>,
    /// First chunk, seconds; NaN too where the stream was buffered (it came with the last).
    pub ttft_s: Vec<f64>,
    /// Mean time per output token after the first, seconds.
    pub itl_s: Vec<f64>,
    /// Median gap within the call, seconds.
    pub itl_p50_s: Vec<f64>,
    /// 99th percentile of the gaps within the call, seconds.
    pub itl_p99_s: Vec<f64>,
    /// Whole prompt, tokens.
    pub input_tokens: Vec<f64>,
    /// Prompt tokens read from the cache.
    pub cache_read_tokens: Vec<f64>,
    /// Prompt tokens written to the cache.
    pub cache_write_tokens: Vec<f64>,
    /// Prompt tokens to prefill; the whole prompt where the cache is not reported.
    pub uncached_tokens: Vec<f64>,
    /// Answer, tokens.
    pub output_tokens: Vec<f64>,
    /// Wait before prefill as the server reported it, seconds.
    pub queue_wait_s: Vec<f64>,
    /// Decode as the server reported it, seconds.
    pub server_decode_s: Vec<f64>,
    /// First token on the server's own clock, seconds.
    pub server_ttft_s: Vec<f64>,
    /// Sequences in the server's batch.
    pub batch_size: Vec<f64>,
    /// Requests waiting on the server.
    pub waiting_requests: Vec<f64>,
    /// Accepted speculative tokens.
    pub spec_accepted_tokens: Vec<f64>,
    /// Accepted / proposed.
    pub spec_acceptance_ratio: Vec<f64>,
    /// Lost in failed attempts and between attempts, seconds.
    pub retry_wait_s: Vec<f64>,
    /// Lost in the client before the first attempt, seconds.
    pub client_wait_s: Vec<f64>,
    /// HTTP attempts.
    pub attempts: Vec<f64>,
    /// `service.name`.
    pub service: Codes,
    /// Provider.
    pub provider: Codes,
    /// Model asked for.
    pub request_model: Codes,
    /// Model that answered.
    pub response_model: Codes,
    /// Serving region.
    pub region: Codes,
    /// Serving pool.
    pub pool: Codes,
    /// Backend fingerprint.
    pub fingerprint: Codes,
    /// Service tier.
    pub tier: Codes,
    /// Name of the prompt.
    pub prompt_name: Codes,
    /// Version of the prompt.
    pub prompt_version: Codes,
    /// Hash of the cacheable prefix.
    pub prompt_hash: Codes,
    /// Tenant.
    pub tenant: Codes,
    /// Session.
    pub session: Codes,
    /// Why the cache was missed, where known.
    pub miss_reason: Codes,
    /// Error class.
    pub error_type: Codes,
    /// Where the client runs.
    pub client_region: Codes,
}

pub use crate::calls::BUFFERED_SHARE;

impl Frame {
    /// Reads the table's columns.
    pub fn new(table: &CallTable, periods: &Periods) -> Self {
        let number = |col| table.numbers(col);
        let text = |col: Col| table.codes(col.name());
        let starts_ns = table.starts_ns();
        let first = starts_ns.first().copied().unwrap_or_default();
        let starts_s = starts_ns.iter().map(|ns| (ns - first) as f64 * 1e-9).collect();
        let sides = starts_ns.iter().map(|ns| periods.side(*ns)).collect();
        let outcomes = outcomes(&text(Col::Status));
        let mut frame = Self {
            baseline_s: periods.baseline_s(&starts_ns),
            window_s: (i128::from(periods.window.1) - i128::from(periods.window.0)) as f64 * 1e-9,
            starts_s,
            sides,
            outcomes,
            duration_s: number(Col::DurationS),
            ttft_s: number(Col::TtftS),
            itl_s: number(Col::ItlS),
            itl_p50_s: number(Col::ItlP50S),
            itl_p99_s: number(Col::ItlP99S),
            input_tokens: number(Col::InputTokens),
            cache_read_tokens: number(Col::CacheReadTokens),
            cache_write_tokens: number(Col::CacheWriteTokens),
            uncached_tokens: number(Col::UncachedTokens),
            output_tokens: number(Col::OutputTokens),
            queue_wait_s: number(Col::QueueWaitS),
            server_decode_s: number(Col::ServerDecodeS),
            server_ttft_s: number(Col::ServerTtftS),
            batch_size: number(Col::BatchSize),
            waiting_requests: number(Col::WaitingRequests),
            spec_accepted_tokens: number(Col::SpecAcceptedTokens),
            spec_acceptance_ratio: number(Col::SpecAcceptanceRatio),
            retry_wait_s: number(Col::RetryWaitS),
            client_wait_s: number(Col::ClientWaitS),
            attempts: number(Col::Attempts),
            service: text(Col::ServiceName),
            provider: text(Col::Provider),
            request_model: text(Col::RequestModel),
            response_model: text(Col::ResponseModel),
            region: text(Col::Region),
            pool: text(Col::PoolId),
            fingerprint: text(Col::SystemFingerprint),
            tier: text(Col::ServiceTier),
            prompt_name: text(Col::PromptName),
            prompt_version: text(Col::PromptVersion),
            prompt_hash: text(Col::PromptHash),
            tenant: text(Col::Tenant),
            session: text(Col::SessionId),
            miss_reason: text(Col::CacheMissReason),
            error_type: text(Col::ErrorType),
            client_region: table.segment("cloud.region"),
            starts_ns,
        };
        frame.settle();
        frame
    }

    /// Drops what cannot carry meaning: first chunks of buffered streams, and cache figures where
    /// only the whole prompt is known.
    fn settle(&mut self) {
        for row in 0..self.len() {
            if self.ttft_s[row] >= BUFFERED_SHARE * self.duration_s[row] {
                self.ttft_s[row] = f64::NAN;
                self.itl_s[row] = f64::NAN;
            }
            if self.uncached_tokens[row].is_nan() {
                self.uncached_tokens[row] = self.input_tokens[row];
            }
        }
    }

    /// How many calls.
    pub const fn len(&self) -> usize {
        self.starts_ns.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.starts_ns.is_empty()
    }

    /// Rows of one side, ascending.
    pub fn rows(&self, side: Side) -> Vec<usize> {
        (0..self.len()).filter(|row| self.sides[*row] == side).collect()
    }

    /// What a call took without the time lost in the client and in failed attempts, seconds.
    pub fn lost_s(&self, row: usize) -> f64 {
        known(self.retry_wait_s[row]) + known(self.client_wait_s[row])
    }
}

/// The number, or 0 where it is not known.
pub fn known(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}

impl Periods {
    /// From the first to the last call of each stretch, summed.
    fn baseline_s(&self, starts_ns: &[i64]) -> f64 {
        let stretch = |(start, end): &(i64, i64)| {
            let from = starts_ns.partition_point(|ns| ns < start);
            let to = starts_ns.partition_point(|ns| ns < end);
            match (starts_ns.get(from), to.checked_sub(1).and_then(|last| starts_ns.get(last))) {
                (Some(first), Some(last)) if last > first => (last - first) as f64 * 1e-9,
                _ => 0.0,
            }
        };
        self.baseline.iter().map(stretch).sum()
    }

    fn side(&self, ns: i64) -> Side {
        let within = |(start, end): (i64, i64)| (start..end).contains(&ns);
        if within(self.window) {
            Side::Window
        } else if self.baseline.iter().copied().any(within) {
            Side::Baseline
        } else {
            Side::Neither
        }
    }
}

fn outcomes(status: &Codes) -> Vec<Outcome> {
    let of: Vec<Outcome> = status
        .values
        .iter()
        .map(|value| match value.as_str() {
            "timeout" | "cancelled" => Outcome::Censored,
            "error" => Outcome::Failed,
            _ => Outcome::Served,
        })
        .collect();
    status
        .codes
        .iter()
        .map(|code| of.get(*code as usize).copied().unwrap_or(Outcome::Served))
        .collect()
}
