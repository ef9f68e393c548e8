//! A capacity as text: terminal, Markdown, JSON, and its plot.

mod html;
mod limits;
mod markdown;
mod plot;
mod terminal;

use super::{Style, neutral, numbers, wording};
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
    if capacity.identifiable == Identifiable::No {
        return "Cannot be told from these spans.".to_owned();
    }
    let most = asked(capacity).last().map_or(1.0, |scaled| scaled.scale);
    let at = times(most);
    if let Some(cliff) = asked(capacity).find(|scaled| scaled.beyond_cliff) {
        let at = times(cliff.scale);
        return format!("It does not hold {at} its traffic: queues grow without end.");
    }
    let least = |end: fn(&Bound) -> Option<f64>| {
        let ends = capacity.slos.iter().filter_map(|slo| Some((end(&slo.max_scale)?, slo)));
        ends.min_by(|a, b| a.0.total_cmp(&b.0)).filter(|(scale, _)| *scale < most)
    };
    let known = |slo: &&Objective| slo.max_scale.low.is_some() || slo.max_scale.high.is_some();
    if let Some((scale, slo)) = least(|bound| bound.high) {
        let (slo, scale) = (&slo.slo, times(scale));
        return format!(
            "It does not hold {at} its traffic: {slo} breaks at {scale} at the latest."
        );
    }
    if let Some((scale, slo)) = least(|bound| bound.value) {
        let (slo, scale) = (&slo.slo, times(scale));
        return format!("It hardly holds {at} its traffic: {slo} breaks at about {scale}.");
    }
    if let Some((scale, slo)) = least(|bound| bound.low) {
        let (slo, scale) = (&slo.slo, times(scale));
        return format!("It holds {scale} its traffic; whether {slo} holds at {at} is not sure.");
    }
    if let Some(slo) = capacity.slos.iter().find(|slo| slo.max_scale.low.is_none() && known(slo)) {
        return format!("Whether {} holds at {at} its traffic cannot be told.", slo.slo);
    }
    match capacity.slos.iter().filter(known).count() {
        0 => format!("It serves {at} its traffic; whether fast enough, the figures say."),
        1 => format!("It holds {at} its traffic within the objective."),
        _ => format!("It holds {at} its traffic within every objective that is predicted."),
    }
}

/// Why, as a sentence of its own.
fn because(capacity: &Capacity) -> String {
    let mut letters = capacity.because.chars();
    let first = letters.next().map(char::to_uppercase);
    let text: String = first.into_iter().flatten().chain(letters).collect();
    wording::sentence(&text)
}

fn times(scale: f64) -> String {
    format!("{}×", (scale * 100.0).round() / 100.0)
}

/// A figure with its interval, `1,200 ms (1,010–1,430)`; the interval alone where it is withheld;
/// `1,200 ms or more` where it has no upper end.
fn figure(bound: Option<Bound>) -> String {
    let Some(Bound { value, low, high }) = bound else { return "-".to_owned() };
    let value = value.map(numbers::seconds);
    match (value, low.map(numbers::seconds), high.map(numbers::seconds)) {
        (Some(value), Some(low), Some(high)) => format!("{value} ({})", range(&low, &high, &value)),
        (None, Some(low), Some(high)) => range(&low, &high, ""),
        (None, Some(low), None) => format!("{low} or more"),
        (value, ..) => value.unwrap_or_else(|| "-".to_owned()),
    }
}

/// Two figures with the unit that they share once, or not at all where `beside` has it.
fn range(low: &str, high: &str, beside: &str) -> String {
    let unit = |text: &str| text.rsplit_once(' ').map(|(_, unit)| unit.to_owned());
    let bare = |text: &str| text.rsplit_once(' ').map_or(text, |(digits, _)| digits).to_owned();
    if unit(low) != unit(high) {
        format!("{low}–{high}")
    } else if unit(beside) == unit(high) {
        format!("{}–{}", bare(low), bare(high))
    } else {
        format!("{}–{high}", bare(low))
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
            high.map_or("farther than was looked".to_owned(), times)
        )
    };
    match (value, low, high) {
        (Some(value), _, _) => format!("holds up to {} ({})", times(value), range()),
        (None, Some(low), None) => format!("holds as far as can be told, up to {}", times(low)),
        (None, Some(_), Some(_)) => format!("holds up to somewhere in {}", range()),
        (None, None, Some(high)) => format!("holds up to {} at the most", times(high)),
        (None, None, None) => "no answer".to_owned(),
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
        (Some(holds), None) if capacity.scales.iter().any(|scaled| scaled.scale > holds) => {
            format!("none up to {}; beyond it a cap may be met that nobody named", times(holds))
        }
        (Some(holds), None) => format!("none up to {}, the largest looked at", times(holds)),
        (None, Some(_)) if capacity.scales.first().is_some_and(|scaled| scaled.beyond_cliff) => {
            "this traffic lies beyond it".to_owned()
        }
        (None, Some(breaks)) => {
            format!("queues grow without end from {} at the latest", times(breaks))
        }
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

/// The same as a sign behind the multiple, where there is no room for words.
fn sign(scaled: &Scaled) -> &'static str {
    match (scaled.beyond_cliff, scaled.extrapolated) {
        (true, _) => "!",
        (false, true) => "*",
        (false, false) => "",
    }
}

/// What the signs mean that are used; none where none is.
fn signs(capacity: &Capacity) -> Option<String> {
    let one = |sign: &str, words: &str| {
        let used = capacity.scales.iter().any(|scaled| self::sign(scaled) == sign);
        used.then(|| format!("{sign} {words}"))
    };
    let all = [
        one("*", "outside the recording: extrapolated"),
        one("!", "beyond the cliff: nothing is predicted"),
    ];
    let used: Vec<String> = all.into_iter().flatten().collect();
    (!used.is_empty()).then(|| used.join("   "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_said_once() {
        let bound = |value, low, high| figure(Some(Bound { value, low, high }));
        assert_eq!(bound(Some(1.2), Some(1.01), Some(1.43)), "1,200 ms (1,010–1,430)");
        assert_eq!(bound(Some(0.0098), Some(0.0091), Some(0.012)), "9.8 ms (9.1–12)");
        assert_eq!(bound(Some(9.0), Some(8.0), Some(11.0)), "9,000 ms (8,000 ms–11.0 s)");
        assert_eq!(bound(None, Some(0.5), Some(0.75)), "500–750 ms");
        assert_eq!(bound(None, Some(0.5), None), "500 ms or more");
        assert_eq!(figure(None), "-");
    }
}
