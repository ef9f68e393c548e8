//! What a recording holds, in figures: load, bursts, tokens, and Little's law over them.

use super::fit::Known;
use super::load::Load;
use super::recording::Recording;
use crate::calls::CallTable;
use crate::diagnosis::capacity::Recorded;
use crate::schema::Col;
use crate::stats::quantile::{mean, variance};

/// Length of the bins over which bursts are measured, seconds.
const BIN_S: f64 = 10.0;

/// The deployment with most calls, or that of a model: its rows, and how many others there are.
pub fn deployment_rows(table: &CallTable, model: Option<&str>) -> (Vec<usize>, usize) {
    let keys = [Col::RequestModel, Col::Region, Col::ServerAddress];
    let codes = keys.map(|col| table.codes(col.name()));
    let key = |row: usize| [codes[0].codes[row], codes[1].codes[row], codes[2].codes[row]];
    let mut counts: std::collections::BTreeMap<[u32; 3], usize> = std::collections::BTreeMap::new();
    for row in 0..table.len() {
        if model.is_none_or(|model| codes[0].get(row) == Some(model)) {
            *counts.entry(key(row)).or_insert(0) += 1;
        }
    }
    // The first of those with most calls: the order is that of first appearance.
    let Some(most) = counts.iter().rev().max_by_key(|entry| *entry.1).map(|entry| *entry.0) else {
        return (Vec::new(), table.len());
    };
    let rows: Vec<usize> = (0..table.len()).filter(|row| key(*row) == most).collect();
    let elsewhere = table.len() - rows.len();
    (rows, elsewhere)
}

/// The figures of a recording.
pub fn recorded(
    table: &CallTable,
    rows: &[usize],
    elsewhere: usize,
    recording: &Recording,
    load: &Load,
    known: &Known,
) -> Recorded {
    let first = rows.first().copied();
    let text = |col| first.and_then(|row| table.text(col, row));
    let all = &recording.requests;
    let length_s = recording.length_s;
    let sum = |value: fn(&super::recording::Request) -> f64| all.iter().map(value).sum::<f64>();
    let in_flight = load.in_flight.mean(0.0, length_s.max(1e-9));
    let duration = sum(|request| request.duration_s) / all.len().max(1) as f64;
    let prompt = sum(|request| request.prompt_tokens);
    let cached = sum(|request| request.cached_tokens);
    let seen = recording.reported.replicas.zip(known.replicas);
    Recorded {
        model: text(Col::RequestModel),
        region: text(Col::Region),
        services: services(recording),
        calls: all.len(),
        left_out: recording.left_out,
        elsewhere,
        length_s,
        calls_per_minute: recording.rate() * 60.0,
        in_flight,
        in_flight_peak: load.in_flight.peak(),
        left_out_share: left_out_share(table, rows, sum(|request| request.duration_s)),
        longest_silence_s: longest_silence_s(recording),
        little_ratio: (duration > 0.0).then(|| in_flight / (recording.rate() * duration)),
        seen_share: seen.map(|(ratio, replicas)| ratio / replicas as f64),
        dispersion: dispersion(recording),
        prefill_tokens_per_s: (prompt - cached) / length_s.max(1e-9),
        output_tokens_per_s: sum(|request| request.output_tokens) / length_s.max(1e-9),
        cache_hit_ratio: recording.cache_known.then(|| cached / prompt.max(1.0)),
        acceptance_ratio: recording.reported.acceptance_ratio,
    }
}

fn services(recording: &Recording) -> Vec<String> {
    let mut used = vec![false; recording.services.len()];
    for request in &recording.requests {
        if let Some(used) = used.get_mut(request.service as usize) {
            *used = true;
        }
    }
    let names = recording.services.iter().zip(used).filter(|(_, used)| *used);
    names.map(|(name, _)| name.clone()).collect()
}

fn left_out_share(table: &CallTable, rows: &[usize], used_s: f64) -> f64 {
    let durations = table.numbers(Col::DurationS);
    let lost = [Col::RetryWaitS, Col::ClientWaitS].map(|col| table.numbers(col));
    let known = |value: f64| if value.is_finite() { value.max(0.0) } else { 0.0 };
    let on_engine = |row: &usize| {
        (known(durations[*row]) - known(lost[0][*row]) - known(lost[1][*row])).max(0.0)
    };
    let all_s: f64 = rows.iter().map(on_engine).sum();
    if all_s > 0.0 { (1.0 - used_s / all_s).clamp(0.0, 1.0) } else { 0.0 }
}

fn longest_silence_s(recording: &Recording) -> f64 {
    let gaps = recording.requests.windows(2).map(|pair| pair[1].start_s - pair[0].start_s);
    gaps.fold(0.0, f64::max)
}

fn dispersion(recording: &Recording) -> Option<f64> {
    let bins = (recording.length_s / BIN_S).floor() as usize;
    if bins < 6 {
        return None;
    }
    let mut counts = vec![0.0; bins];
    for request in &recording.requests {
        let bin = (request.start_s / BIN_S) as usize;
        if let Some(count) = counts.get_mut(bin) {
            *count += 1.0;
        }
    }
    Some(variance(&counts)? / mean(&counts)?)
}
