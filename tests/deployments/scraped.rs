//! What the servers of a simulated deployment would have shown in their /metrics every 15 seconds.

use std::fmt::Write as _;
use std::path::Path;

use super::{Deployed, Ran};

/// Seconds between snapshots.
const EVERY_S: f64 = 15.0;

/// Writes a snapshot of every server into a file each, with its time in the name; returns the folder.
pub fn scrape(deployed: &Deployed, ran: &Ran, folder: &Path) -> String {
    let pool = &deployed.world.pools[0];
    let replicas = pool.replicas as f64;
    let model = ran.outcomes[0].2.made.model;
    let end_s = ran.outcomes.iter().map(|(_, _, o)| o.start_s).fold(0.0, f64::max);
    let mut at_s = EVERY_S;
    while at_s < end_s {
        let held = ran.outcomes.iter().filter_map(|(_, _, outcome)| {
            let served = outcome.served.as_ref()?;
            let sent_s = outcome.attempts.last()?.start_s;
            let admitted_s = sent_s + served.queue_s;
            let end_s = admitted_s + served.prefill_s + served.decode_s;
            let decoding = at_s >= admitted_s + served.prefill_s;
            let tokens = f64::from(outcome.made.input_tokens + outcome.made.output_tokens / 2);
            (admitted_s <= at_s && at_s < end_s)
                .then_some((1.0, if decoding { tokens } else { 0.0 }))
        });
        let (running, tokens) = held.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let mut text = String::new();
        for server in 0..pool.replicas {
            let labels = format!("{{model_name=\"model-{model}\",instance=\"gpu-{server}\"}}");
            writeln!(text, "vllm:num_requests_running{labels} {}", running / replicas).unwrap();
            writeln!(text, "vllm:num_requests_waiting{labels} 0").unwrap();
            let used = tokens / replicas / pool.engine.kv_tokens;
            writeln!(text, "vllm:kv_cache_usage_perc{labels} {used}").unwrap();
        }
        let seconds = ran.start_ns / 1_000_000_000 + at_s as i64;
        std::fs::write(folder.join(format!("vllm_{seconds}.prom")), text).unwrap();
        at_s += EVERY_S;
    }
    folder.display().to_string()
}
