//! The words that the reports share: names of signals and their units, owners, verdicts, slices.

mod input;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

pub use input::{losses, mappings, read};

use super::numbers;
use crate::diagnosis::{
    Change, Coverage, Diagnosis, Owner, Period, RankedCause, SignalChange, Undecidable, Verdict,
};

/// What the yardstick columns mean, where nothing stood out.
pub const YARDSTICK: &str = "A spike is a rise whose whole interval lies beyond what windows of \
    this length usually do (`usual to`) and that is large enough to matter.";

/// How the note begins that says which baseline was chosen.
pub const CHOSEN_BASELINE: &str = "The baseline was chosen";

/// What a signal's name says about its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Time,
    /// A part of a whole, shown as percent.
    Share,
    /// How many times.
    Multiple,
    /// Anything else: tokens, calls per minute, counts.
    Plain,
}

/// Ratios that are a part of a whole; every other `_ratio` is a multiple.
const PARTS: [&str; 3] = ["hit_ratio", "acceptance_ratio", "cache_ratio"];

/// The unit of a signal, by its suffix.
pub fn unit(signal: &str) -> Unit {
    let per_time = ["_per_s", "_per_minute", "_per_call"];
    if per_time.iter().any(|suffix| signal.ends_with(suffix)) {
        Unit::Plain
    } else if signal.ends_with("_s") {
        Unit::Time
    } else if signal.ends_with("_share") || PARTS.iter().any(|part| signal.contains(part)) {
        Unit::Share
    } else if signal.ends_with("_ratio") {
        Unit::Multiple
    } else {
        Unit::Plain
    }
}

/// A signal's figure in its unit.
pub fn quantity(signal: &str, value: f64) -> String {
    match unit(signal) {
        Unit::Time => numbers::seconds(value),
        Unit::Share => numbers::percent(value),
        Unit::Multiple => numbers::multiple(value),
        Unit::Plain => numbers::plain(value),
    }
}

/// A figure, or what stands for one that is not known.
pub fn known(signal: &str, value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| quantity(signal, value))
}

/// An interval in the signal's unit, the unit written once: `[1,710, 2,400] ms`.
pub fn interval(signal: &str, low: Option<f64>, high: Option<f64>) -> String {
    let (Some(low), Some(high)) = (low, high) else { return String::new() };
    let (low, high) = (quantity(signal, low), quantity(signal, high));
    let split = |text: &str| {
        text.rsplit_once(' ').map(|(number, unit)| (number.to_owned(), unit.to_owned()))
    };
    match (split(&low), split(&high)) {
        (Some((low, one)), Some((high, other))) if one == other => format!("[{low}, {high}] {one}"),
        _ => format!("[{low}, {high}]"),
    }
}

/// A signal for a person: `ttft_p95_s` is `TTFT p95`.
pub fn signal(name: &str) -> String {
    let known = match name {
        "cache_hit_ratio" => "cache-hit ratio",
        "error_share" => "failed calls",
        "timeout_share" => "timed-out calls",
        "slow_share" => "slow calls",
        "served_share" => "served there",
        "spec_acceptance_ratio" | "acceptance_ratio" => "draft acceptance",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let stem = match unit(name) {
        Unit::Time => name.strip_suffix("_s").unwrap_or(name),
        Unit::Share => name.strip_suffix("_share").unwrap_or(name),
        Unit::Multiple => name.strip_suffix("_ratio").unwrap_or(name),
        Unit::Plain => name,
    };
    let words = stem.split('_').map(|word| match word {
        "ttft" => "TTFT",
        "itl" => "ITL",
        "http" => "HTTP",
        "id" => "ID",
        other => other,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A slice: `service.name=rag-answer`, or `everywhere`.
pub fn slice(segment: &BTreeMap<String, String>) -> String {
    if segment.is_empty() {
        return "everywhere".to_owned();
    }
    let pairs = segment.iter().map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join(", ")
}

/// The badge of the verdict line.
pub const fn badge(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Spike => "SPIKE",
        Verdict::NoSpike => "NO SPIKE",
        Verdict::InsufficientData => "NOT ENOUGH DATA",
    }
}

/// The verdict in one line, without its badge: cause, whose, how sure.
pub fn verdict(diagnosis: &Diagnosis) -> String {
    match (diagnosis.verdict, diagnosis.diagnoses.first()) {
        (Verdict::Spike, Some(first)) => {
            let hedge = if first.confidence < 0.5 { "perhaps " } else { "" };
            format!(
                "{hedge}{} · {} · {} sure",
                first.cause.label(),
                owner(first.owner),
                numbers::probability(first.confidence)
            )
        }
        (Verdict::Spike, None) => "its cause is not among what these spans can show".to_owned(),
        (Verdict::NoSpike, _) => "calls were no slower than normal traffic makes them".to_owned(),
        (Verdict::InsufficientData, _) => "no verdict either way".to_owned(),
    }
}

/// A further cause as likely as not: what, whose, how sure, how much.
pub fn also(cause: &RankedCause) -> String {
    format!(
        "{} · {} · {} sure · {} of the added time",
        cause.cause.label(),
        owner(cause.owner),
        numbers::probability(cause.confidence),
        numbers::percent(cause.share)
    )
}

/// Where a cause acts, since when, and how many calls it slowed there.
pub fn where_and_since(cause: &RankedCause, window: &Period) -> String {
    let place = match slice(&cause.segment) {
        everywhere if cause.segment.is_empty() => everywhere.replacen('e', "E", 1),
        slice => format!("In {slice}"),
    };
    let since = numbers::clock(cause.onset);
    let slowed = match cause.segment_calls {
        0 => String::new(),
        of => format!("; {} of {} slowed", numbers::len(cause.affected_calls), calls(of)),
    };
    format!("{place} since {since} UTC ({}){slowed}.", into_window(cause.onset, window))
}

/// What the latencies did, in a sentence: `TTFT p95 610 ms → 2,020 ms; ITL held.` Of each the
/// level that rose most.
pub fn moved(signals: &[SignalChange]) -> String {
    let rise = |level: &&SignalChange| match (level.baseline, level.window) {
        (Some(before), Some(after)) if before > 0.0 => after / before,
        _ => 0.0,
    };
    let of = |latency: &'static str| {
        let levels = signals.iter().filter(move |signal| signal.signal.starts_with(latency));
        let levels: Vec<&SignalChange> = levels.collect();
        let rose = levels.iter().copied().filter(|level| level.change == Change::Rose);
        if let Some(most) = rose.max_by(|one, other| rise(one).total_cmp(&rise(other))) {
            return Some(from_to(most));
        }
        let held = matches!(latency, "ttft_" | "itl_")
            && !levels.is_empty()
            && levels.iter().all(|level| level.change == Change::Held);
        held.then(|| format!("{} held", signal(latency.trim_end_matches('_'))))
    };
    let latencies = ["ttft_", "itl_", "duration_", "error_", "timeout_"];
    let told: Vec<String> = latencies.into_iter().filter_map(of).collect();
    if told.is_empty() { String::new() } else { format!("{}.", told.join("; ")) }
}

fn from_to(change: &SignalChange) -> String {
    let name = change.signal.as_str();
    format!("{} {} → {}", signal(name), known(name, change.baseline), known(name, change.window))
}

/// Calls that a cause slowed, those that are cited among them.
pub fn affected(cause: &RankedCause) -> u64 {
    cause.affected_calls.max(cause.request_ids.len()) as u64
}

/// Whose it is, as short as a table wants it: `provider's batch`.
pub fn owner(owner: Owner) -> &'static str {
    owner.label().trim_start_matches("the ")
}

/// What a signal did.
pub const fn change(change: Change) -> &'static str {
    match change {
        Change::Rose => "rose",
        Change::Fell => "fell",
        Change::Held => "held",
        Change::Unclear => "unclear",
        Change::Unknown => "not carried",
    }
}

/// Window over baseline: `3.31×`; empty where either is not known or the baseline is zero.
pub fn ratio(signal: &SignalChange) -> String {
    match (signal.baseline, signal.window) {
        (Some(baseline), Some(window)) if baseline > 0.0 => numbers::multiple(window / baseline),
        _ => String::new(),
    }
}

/// The 95 % interval of window over baseline: `[2.80, 3.93]`; empty where not known.
pub fn ratio_interval(signal: &SignalChange) -> String {
    match (signal.ratio_low, signal.ratio_high) {
        (Some(low), Some(high)) => {
            format!("[{}, {}]", numbers::decimals(low, 2), numbers::decimals(high, 2))
        }
        _ => String::new(),
    }
}

/// The signals that too few calls carry, in one sentence; none where all are carried.
pub fn not_carried(signals: &[SignalChange]) -> Option<String> {
    let absent = signals.iter().filter(|signal| signal.change == Change::Unknown);
    let absent: Vec<String> = absent.map(|absent| signal(&absent.signal)).collect();
    (!absent.is_empty()).then(|| format!("Not carried by enough calls: {}.", absent.join(", ")))
}

/// A column and how many calls carry it; both periods where they differ.
pub fn coverage(coverage: &Coverage) -> String {
    let (baseline, window) = (coverage.baseline_share, coverage.window_share);
    let shown = numbers::percent(window);
    if (baseline - window).abs() < 0.05 {
        format!("{} {shown}", coverage.column)
    } else {
        format!("{} {shown} (baseline {})", coverage.column, numbers::percent(baseline))
    }
}

/// What cannot be told, and which attribute would tell.
pub fn undecidable(undecidable: &Undecidable) -> String {
    format!("{}: {}", undecidable.cause.id(), unsettled(undecidable))
}

/// The same without the cause.
pub fn unsettled(undecidable: &Undecidable) -> String {
    let because = sentence(&undecidable.because);
    match undecidable.missing.as_slice() {
        [] => because,
        missing => format!("{because} Would be settled by {}.", missing.join(", ")),
    }
}

/// The text, ending as a sentence does.
pub fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.is_empty() || text.ends_with(['.', '!', '?']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

/// A period: `2026-11-03 14:00 to 14:15 UTC`.
pub fn period(period: &Period) -> String {
    let Period { start, end, .. } = *period;
    format!("{} {} to {} UTC", numbers::day(start), numbers::short_clock(start), until(start, end))
}

/// An end as short as its start allows.
pub fn until(start: DateTime<Utc>, end: DateTime<Utc>) -> String {
    if start.date_naive() == end.date_naive() {
        numbers::short_clock(end)
    } else {
        format!("{} {}", numbers::day(end), numbers::short_clock(end))
    }
}

/// `1 call`, `3,204 calls`.
pub fn calls(count: usize) -> String {
    counted(count as u64, "call")
}

/// `1 span`, `2 spans`.
pub fn counted(count: u64, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", numbers::count(count))
}

/// What was compared with what, in one sentence.
pub fn compared(diagnosis: &Diagnosis) -> String {
    let window = &diagnosis.window;
    let judged = format!("{} ({})", period(window), calls(window.calls));
    let Some(baseline) = &diagnosis.baseline else {
        return format!(
            "Asked about {judged}; the data holds no normal traffic to compare it with."
        );
    };
    let same_day = baseline.start.date_naive() == window.start.date_naive();
    let normal = if same_day {
        let end = until(baseline.start, baseline.end);
        format!("{} to {end}", numbers::short_clock(baseline.start))
    } else {
        period(baseline)
    };
    format!("Compared {judged} with {normal} ({}).", numbers::len(baseline.calls))
}

/// How far into the window something began: `2 min 10 s into the window`.
pub fn into_window(onset: DateTime<Utc>, window: &Period) -> String {
    let late = (onset - window.start).num_milliseconds() as f64 / 1e3;
    if late >= 1.0 {
        format!("{} into the window", numbers::span_of(late))
    } else if late <= -1.0 {
        format!("{} before the window", numbers::span_of(-late))
    } else {
        "from the window's first second".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_come_from_the_suffix() {
        assert_eq!(quantity("ttft_p95_s", 2.02), "2,020 ms");
        assert_eq!(quantity("cache_hit_ratio", 0.41), "41 %");
        assert_eq!(quantity("ttft_same_work_ratio", 1.04), "1.04×");
        assert_eq!(quantity("error_share", 0.004), "0.4 %");
        assert_eq!(quantity("tokens_per_s", 84.25), "84.2");
        assert_eq!(quantity("cache_write_tokens", 18_940.0), "18,940");
    }

    #[test]
    fn signals_are_named_as_people_say_them() {
        assert_eq!(signal("ttft_p95_s"), "TTFT p95");
        assert_eq!(signal("itl_at_same_work_ratio"), "ITL at same work");
        assert_eq!(signal("cache_write_tokens"), "cache write tokens");
    }

    #[test]
    fn an_interval_names_its_unit_once() {
        assert_eq!(interval("ttft_p95_s", Some(1.71), Some(2.4)), "[1,710, 2,400] ms");
        assert_eq!(interval("ttft_p95_s", Some(9.0), Some(12.0)), "[9,000 ms, 12.0 s]");
        assert_eq!(interval("x_ratio", Some(0.97), Some(1.11)), "[0.97×, 1.11×]");
        assert_eq!(interval("ttft_p95_s", None, Some(12.0)), "");
    }
}
