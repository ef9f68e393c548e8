//! Whom a call is held against: served calls of its model, provider and service.

use super::{Case, finite};
use crate::diagnosis::{CallFigure, Cohort};
use crate::signals::expect::Expected;
use crate::signals::frame::{Frame, Outcome};
use crate::stats::quantile::{of_sorted, sorted};

/// Fewer calls than this cannot say what is usual.
const LEAST_CALLS: usize = 16;

/// The rest of the cohort.
pub struct Peers {
    rows: Vec<usize>,
    /// Share of them that took less beside their own work; `None` where it cannot be told.
    pub slower_than_share: Option<f64>,
}

impl Peers {
    /// Finds the cohort of a call.
    pub fn new(frame: &Frame, expected: &Expected, row: usize) -> Self {
        let same = |other: &usize| {
            let columns = [&frame.provider, &frame.request_model, &frame.service];
            columns.iter().all(|column| column.codes[*other] == column.codes[row])
        };
        let rows: Vec<usize> = (0..frame.len())
            .filter(|other| *other != row && frame.outcomes[*other] == Outcome::Served)
            .filter(same)
            .collect();
        let mut peers = Self { rows, slower_than_share: None };
        if peers.enough() && whole(frame, row) {
            peers.slower_than_share = peers.share_below(frame, expected, row);
        }
        peers
    }

    /// Whether they are enough to say what is usual.
    pub fn enough(&self) -> bool {
        self.rows.len() >= LEAST_CALLS
    }

    /// How many they are.
    pub fn calls(&self) -> usize {
        self.rows.len()
    }

    /// Their known values of a figure, ascending.
    fn known(&self, values: &[f64]) -> Vec<f64> {
        let own: Vec<f64> = self.rows.iter().map(|row| values[*row]).collect();
        sorted(&own)
    }

    /// The median of a figure; `None` where too few carry it.
    pub fn median(&self, values: &[f64]) -> Option<f64> {
        let known = self.known(values);
        if known.len() >= LEAST_CALLS { of_sorted(&known, 0.5) } else { None }
    }

    /// What the report says about them.
    pub fn described(&self, frame: &Frame, row: usize) -> Cohort {
        Cohort {
            calls: self.rows.len(),
            provider: frame.provider.get(row).map(str::to_owned),
            request_model: frame.request_model.get(row).map(str::to_owned),
            service_name: frame.service.get(row).map(str::to_owned),
        }
    }

    fn share_below(&self, frame: &Frame, expected: &Expected, row: usize) -> Option<f64> {
        let excess = |row: usize| frame.duration_s[row] / same_work_s(frame, expected, row);
        let own = finite(excess(row))?;
        let others: Vec<f64> =
            self.rows.iter().map(|row| excess(*row)).filter(|value| value.is_finite()).collect();
        let below = others.iter().filter(|value| **value < own).count();
        (others.len() >= LEAST_CALLS).then(|| below as f64 / others.len() as f64)
    }
}

/// Expectations without the level of the serving place: a call that was sent to a slow region is
/// held against its cohort, not against that region.
pub fn anywhere(expected: &Expected) -> Expected {
    let mut free = expected.clone();
    for row in 0..free.ttft_s.len() {
        let split = free.seen_ttft_s[row].is_finite();
        free.ttft_s[row] /= free.ttft_place[row];
        free.itl_s[row] /= free.itl_place[row];
        free.whole_s[row] /= free.whole_place[row];
        free.whole_token_s[row] /= free.whole_place[row];
        let place = if split { &free.ttft_place } else { &free.whole_place };
        free.prefill_slope_s[row] /= place[row];
    }
    free
}

/// Whether the call's duration is that of a whole answer.
pub fn whole(frame: &Frame, row: usize) -> bool {
    frame.outcomes[row] == Outcome::Served
}

/// What a call's own work usually takes, seconds, without time lost in the client and in failed
/// attempts; NaN where it cannot be told. Where only TTFT can be expected, decode counts as it was.
pub fn same_work_s(frame: &Frame, expected: &Expected, row: usize) -> f64 {
    if !expected.seen_ttft_s[row].is_finite() || frame.ttft_s[row].is_nan() {
        return expected.whole_s[row];
    }
    let decode = frame.duration_s[row] - frame.ttft_s[row];
    expected.ttft_s[row] + decode * itl_factor(expected, row).unwrap_or(1.0)
}

/// What the time per token usually is beside what it was; `None` where it cannot be told.
pub fn itl_factor(expected: &Expected, row: usize) -> Option<f64> {
    finite(expected.itl_s[row] / expected.seen_itl_s[row])
}

/// The call's figures beside the cohort's; those that the call does not carry are left out.
pub fn figures(case: &Case<'_>) -> Vec<CallFigure> {
    let frame = case.frame;
    let rate: Vec<f64> = case.expected.seen_itl_s.iter().map(|itl| 1.0 / itl).collect();
    let hit: Vec<f64> = (0..frame.len())
        .map(|row| frame.cache_read_tokens[row] / frame.input_tokens[row])
        .collect();
    let list: [(&'static str, &[f64]); 14] = [
        ("duration_s", &frame.duration_s),
        ("ttft_s", &frame.ttft_s),
        ("itl_s", &case.expected.seen_itl_s),
        ("tokens_per_s", &rate),
        ("input_tokens", &frame.input_tokens),
        ("cache_hit_ratio", &hit),
        ("uncached_tokens", if case.cache_known { &frame.uncached_tokens } else { &[] }),
        ("output_tokens", &frame.output_tokens),
        ("spec_acceptance_ratio", &frame.spec_acceptance_ratio),
        ("queue_wait_s", &frame.queue_wait_s),
        ("batch_size", &frame.batch_size),
        ("waiting_requests", &frame.waiting_requests),
        ("attempts", &frame.attempts),
        ("server_ttft_s", &frame.server_ttft_s),
    ];
    list.into_iter().filter_map(|(signal, values)| figure(case, signal, values)).collect()
}

fn figure(case: &Case<'_>, signal: &'static str, values: &[f64]) -> Option<CallFigure> {
    let observed = finite(*values.get(case.row)?)?;
    let usual = case.peers.known(values);
    let usual = if usual.len() >= LEAST_CALLS { usual } else { Vec::new() };
    Some(CallFigure {
        signal,
        observed,
        usual_p10: of_sorted(&usual, 0.1),
        usual_p50: of_sorted(&usual, 0.5),
        usual_p90: of_sorted(&usual, 0.9),
    })
}
