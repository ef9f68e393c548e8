//! The rows that say what the rate limits leave.

use crate::diagnosis::capacity::{Capacity, Quota};
use crate::report::numbers;

/// Heads of the table.
pub const HEADS: [&str; 4] = ["", "busiest minutes", "limit", "allows"];

/// A row for tokens and one for calls a minute; none where neither is known.
pub fn rows(capacity: &Capacity) -> Vec<[String; 4]> {
    let limits = &capacity.limits;
    // An engine of one's own that never refused has no limits to show.
    if capacity.engine.is_some() && limits.quotas.is_empty() && limits.refused_calls == 0 {
        return Vec::new();
    }
    let both = [
        ("tokens/min", "tokens_per_minute", limits.tokens_per_minute_p99),
        ("calls/min", "calls_per_minute", limits.calls_per_minute_p99),
    ];
    let row = |(name, of, used): (&str, &str, Option<f64>)| {
        let quota = limits.quotas.iter().find(|quota| quota.of == of);
        (used.is_some() || quota.is_some()).then(|| {
            [
                name.to_owned(),
                used.map_or_else(unknown, numbers::plain),
                quota.map_or_else(|| "not recorded".to_owned(), limit),
                quota.and_then(|quota| quota.headroom_scale).map_or_else(unknown, allowed),
            ]
        })
    };
    both.into_iter().filter_map(row).collect()
}

fn unknown() -> String {
    numbers::UNKNOWN.to_owned()
}

fn limit(quota: &Quota) -> String {
    let told = if quota.limit_told { "" } else { "at least " };
    let left = quota.left_p01.map(|left| format!(", {} left at the least", numbers::plain(left)));
    format!("{told}{}{}", numbers::plain(quota.limit), left.unwrap_or_default())
}

fn allowed(scale: f64) -> String {
    format!("{} the traffic", numbers::multiple(scale))
}
