//! A capacity as text: terminal, Markdown, JSON, and its plot.

mod html;
mod limits;
mod markdown;
mod plot;
mod terminal;

use super::{Style, neutral, numbers};
use crate::diagnosis::capacity::{Bound, Capacity, Constraint, Identifiable, Objective, Scaled};

/// A form of the capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CapacityFormat {
    /// For a person at a terminal, or a log.
    Terminal,
    /// For a planning page.
    Markdown,
    /// The same as a page for a browser, with the plot.
    Html,
    /// The plot alone.
    Svg,
    /// For programs.
    Json,
}

impl CapacityFormat {
    /// Every form, with the name and the file suffix by which it is asked for.
    pub const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::Terminal, "terminal", "txt"),
        (Self::Markdown, "markdown", "md"),
        (Self::Html, "html", "html"),
        (Self::Svg, "svg", "svg"),
        (Self::Json, "json", "json"),
    ];
}

/// The capacity in that form, ending in a newline.
pub fn render(capacity: &Capacity, format: CapacityFormat, style: Style) -> String {
    match format {
        CapacityFormat::Terminal => terminal::terminal(&inert(capacity), style),
        CapacityFormat::Markdown => markdown::markdown(&inert(capacity)),
        CapacityFormat::Html => html::html(&inert(capacity)),
        CapacityFormat::Svg => plot::svg(&inert(capacity)),
        CapacityFormat::Json => {
            let text = serde_json::to_string_pretty(capacity);
            text.expect("strings, numbers and lists serialise") + "\n"
        }
    }
}

/// A copy in which every text from spans is inert; the sentences are our own.
fn inert(capacity: &Capacity) -> Capacity {
    let mut copy = capacity.clone();
    let line = |text: &mut String| *text = neutral::line(text);
    let recorded = &mut copy.recorded;
    recorded.services.iter_mut().for_each(line);
    recorded.model.iter_mut().for_each(line);
    recorded.region.iter_mut().for_each(line);
    copy.what_if.iter_mut().for_each(line);
    copy
}

/// The names of the figures of a scale, signal by signal.
const SIGNALS: [&str; 3] = ["TTFT", "ITL", "duration"];

/// The answer in one sentence.
fn headline(capacity: &Capacity) -> String {
    let most = capacity.scales.last();
    match capacity.identifiable {
        Identifiable::No => "Cannot be told from these spans.".to_owned(),
        _ if most.is_some_and(|scaled| scaled.beyond_cliff) => {
            let cliff = capacity.scales.iter().find(|scaled| scaled.beyond_cliff);
            let at = cliff.map_or(f64::NAN, |scaled| scaled.scale);
            format!("It does not hold {} its traffic: queues grow without end.", times(at))
        }
        _ => {
            let at = most.map_or(f64::NAN, |scaled| scaled.scale);
            format!("It serves {} its traffic; whether fast enough, the figures say.", times(at))
        }
    }
}

fn times(scale: f64) -> String {
    format!("{}×", (scale * 100.0).round() / 100.0)
}

/// A figure with its interval, `1,200 ms (1,010 to 1,430)`.
fn figure(bound: Option<Bound>) -> String {
    let Some(Bound { value, low, high }) = bound else { return "-".to_owned() };
    let end = |end: Option<f64>| end.map_or("?".to_owned(), numbers::seconds);
    match value {
        Some(value) => format!("{} ({} to {})", numbers::seconds(value), end(low), end(high)),
        None => format!("{} to {}", end(low), end(high)),
    }
}

/// What gives first, in words.
fn constraint(capacity: &Capacity) -> String {
    let what = match capacity.binding_constraint {
        Some(Constraint::PrefillCompute) => "computing prompts (prefill)",
        Some(Constraint::DecodeBandwidth) => "reading weights and KV for each token (decode)",
        Some(Constraint::KvMemory) => "KV memory",
        Some(Constraint::Slots) => "the cap on running sequences",
        Some(Constraint::RateLimit) => "the provider's rate limit",
        Some(Constraint::None) => "nothing, as far as was looked",
        None => "cannot be told",
    };
    match capacity.binding_scale {
        Some(scale) => format!("{what}, at {}", times(scale)),
        None => what.to_owned(),
    }
}

/// How far an objective holds, in words.
fn objective(objective: &Objective) -> String {
    let Bound { value, low, high } = objective.max_scale;
    let range = || {
        format!(
            "{} to {}",
            low.map_or("?".to_owned(), times),
            high.map_or("beyond".to_owned(), times)
        )
    };
    match (value, low, high) {
        (Some(value), _, _) => format!("holds up to {} ({})", times(value), range()),
        (None, Some(low), None) => format!("holds at every scale looked at, up to {}", times(low)),
        (None, Some(_), Some(_)) => format!("holds up to somewhere in {}", range()),
        (None, None, _) => "no answer".to_owned(),
    }
}

/// The rows of the tables: the multiples that were asked for.
fn asked(capacity: &Capacity) -> impl Iterator<Item = &Scaled> {
    capacity.scales.iter().filter(|scaled| scaled.asked)
}

/// Where the cliff is and how far the recording reaches, in words.
fn edges(capacity: &Capacity) -> Option<String> {
    let cliff = capacity.cliff?;
    let cliff = match (cliff.holds_at, cliff.breaks_at) {
        (Some(holds), Some(breaks)) => {
            format!(
                "queues grow without end from somewhere in {} to {}",
                times(holds),
                times(breaks)
            )
        }
        (Some(holds), None) => format!("none up to {}, the largest looked at", times(holds)),
        (None, Some(_)) => "the recorded traffic lies beyond it".to_owned(),
        (None, None) => return None,
    };
    let seen = capacity.observed_to_scale.map(|scale| {
        format!(
            "; the recording itself reaches to {}, beyond that it is extrapolated",
            times(scale)
        )
    });
    Some(format!("{cliff}{}", seen.unwrap_or_default()))
}

/// What qualifies a scale.
fn mark(scaled: &Scaled) -> &'static str {
    match (scaled.beyond_cliff, scaled.extrapolated) {
        (true, _) => "beyond the cliff",
        (false, true) => "outside the recording",
        (false, false) => "",
    }
}
