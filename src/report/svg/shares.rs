//! Where calls went and why the cache missed, over time: one strip a value, named beside it.

use super::figure::{Figure, file_name};
use super::frame::{self, ABOVE, BELOW, Extent, TimeFrame};
use super::scale::Scale;
use super::time;
use crate::diagnosis::{Diagnosis, ShareSeries, Shares};
use crate::report::markup::Markup;
use crate::report::numbers;

/// Height of a strip, pixels.
const STRIP: f64 = 26.0;
/// Room above a strip for its name and figures, pixels.
const NAME: f64 = 18.0;

/// Bins drawn, at most.
const BINS: usize = 120;
/// Values drawn, at most.
const VALUES: usize = 8;

/// Whether there is a change to draw: one value throughout needs a sentence, not a drawing.
pub(crate) fn is_constant(shares: &Shares) -> bool {
    shares.values.len() == 1 && shares.column != "cache_miss_reason"
}

/// What a column is called.
pub(crate) fn title(column: &str) -> &str {
    match column {
        "provider" => "Provider",
        "region" => "Serving region",
        "pool_id" => "Serving pool",
        "system_fingerprint" => "Backend fingerprint",
        "response_model" => "Served model",
        "request_model" => "Requested model",
        "service_tier" => "Service tier",
        "edge_pop" => "Network edge",
        "prompt_version" => "Prompt version",
        "cache_miss_reason" => "Reasons of cache misses",
        other => other,
    }
}

/// The strips of one column.
pub(crate) fn strips(diagnosis: &Diagnosis, shares: &Shares, longest: usize) -> Figure {
    let axis = &shares.axis;
    let mut frame = TimeFrame {
        start: axis.start,
        bin_s: axis.bin_s,
        bins: axis.bins.min(BINS),
        window: (axis.window_from, axis.window_to),
        baseline: None,
        onset: None,
    };
    time::mark(&mut frame, diagnosis);
    let mut body = Markup::new(longest);
    let mut top = 0.0;
    let mut last = Extent { top: ABOVE, height: 0.0 };
    for series in shares.values.iter().take(VALUES) {
        let at = Extent { top: top + NAME, height: STRIP };
        frame::label(&mut body, "ink", (0.0, top + NAME - 5.0), &series.value);
        frame::label(&mut body, "e ink", (100.0, top + NAME - 5.0), &change(series));
        frame.periods(&mut body, at, false);
        let scale = Scale::linear(0.0, 1.0);
        frame::stretched(&mut body, at, |body| {
            time::steps(body, &frame, &scale, &series.bins, STRIP);
        });
        frame::line(&mut body, "edge", (0.0, at.bottom()), (100.0, at.bottom()));
        frame.onset(&mut body, at);
        top = at.bottom();
        last = at;
    }
    frame.clock(&mut body, last);
    Figure {
        name: file_name(&format!("{}_over_time", shares.column)),
        title: title(&shares.column).to_owned(),
        key: "share of calls, each strip 0 to 100 %; at the right: baseline, window".to_owned(),
        summary: summary(shares),
        height: last.bottom() + BELOW,
        has_axis: false,
        body,
    }
}

/// `92 % → 14 %`.
fn change(series: &ShareSeries) -> String {
    let show = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), numbers::percent);
    format!("{} → {}", show(series.baseline), show(series.window))
}

/// Every value's share in the baseline and in the window, in words.
pub(crate) fn summary(shares: &Shares) -> String {
    let parts = shares
        .values
        .iter()
        .take(VALUES)
        .map(|series| format!("{} {}", series.value, change(series)));
    let parts: Vec<String> = parts.collect();
    format!("{}, baseline to window: {}.", title(&shares.column), parts.join(", "))
}
