//! Distributions side by side: the baseline filled, the window as an outline over it.

use super::figure::{Figure, file_name};
use super::frame::{self, Extent};
use super::scale::Scale;
use super::time::capital;
use crate::diagnosis::{Distribution, Spread};
use crate::report::markup::Markup;
use crate::report::wording;

/// Height of the plot, pixels.
const HEIGHT: f64 = 110.0;
/// Room above it for the marks of the percentiles, pixels.
const TOP: f64 = 34.0;

/// Bins drawn, at most: more would be finer than a screen.
const BINS: usize = 200;

/// The histogram; none without bins, and none with too many.
pub(crate) fn histogram(distribution: &Distribution, longest: usize) -> Option<Figure> {
    let (low, high) = (*distribution.edges.first()?, *distribution.edges.last()?);
    if distribution.edges.len() > BINS {
        return None;
    }
    let x = Scale::log(low, high);
    let both = [&distribution.baseline, &distribution.window];
    let highest = both.iter().flat_map(|spread| &spread.shares).copied().fold(0.0, f64::max);
    let y = Scale::linear(0.0, highest * 1.05);
    let at = Extent { top: TOP, height: HEIGHT };
    let mut body = Markup::new(longest);
    frame::axis(&mut body, &x, &distribution.signal, at);
    frame::stretched(&mut body, at, |body| {
        outline(body, "area", distribution, &distribution.baseline, &x, &y);
        outline(body, "line w", distribution, &distribution.window, &x, &y);
    });
    percentiles(&mut body, &distribution.baseline, &x, at, false);
    percentiles(&mut body, &distribution.window, &x, at, true);
    Some(Figure {
        name: file_name(&format!("{}_distribution", distribution.signal.trim_end_matches("_s"))),
        title: capital(&wording::signal(&distribution.signal)),
        key: format!(
            "filled: baseline ({}), line: window ({}); marks at p50 and p95, log axis",
            wording::calls(distribution.baseline.calls),
            wording::calls(distribution.window.calls)
        ),
        summary: summary(distribution),
        height: at.bottom() + frame::BELOW,
        has_axis: false,
        body,
    })
}

fn outline(
    body: &mut Markup,
    class: &'static str,
    distribution: &Distribution,
    spread: &Spread,
    x: &Scale,
    y: &Scale,
) {
    let edges = distribution.edges.windows(2);
    let steps = edges.zip(&spread.shares).flat_map(|(edge, share)| {
        let top = y.place(*share);
        [Some((x.place(edge[0]), top)), Some((x.place(edge[1]), top))]
    });
    let first = distribution.edges.first().map(|edge| (x.place(*edge), 0.0));
    let last = distribution.edges.last().map(|edge| (x.place(*edge), 0.0));
    frame::path(body, class, HEIGHT, [first].into_iter().chain(steps).chain([last]));
}

/// Marks above the plot: one row a period.
fn percentiles(body: &mut Markup, spread: &Spread, x: &Scale, at: Extent, window: bool) {
    let (y, text, mark) =
        if window { (at.top - 6.0, "win halo", "onset") } else { (at.top - 20.0, "halo", "edge") };
    for (name, value) in [("p50", spread.p50), ("p95", spread.p95)] {
        let place = x.place(value) * 100.0;
        frame::line(body, mark, (place, y - 7.0), (place, at.bottom()));
        body.raw("<text class=\"").raw(text).raw(if place > 85.0 { " e" } else { "" });
        body.raw("\" x=\"").num(place).raw("%\" dx=\"").raw(if place > 85.0 { "-3" } else { "3" });
        body.raw("\" y=\"").num(y).raw("\">").raw(name).raw("</text>");
    }
}

fn summary(distribution: &Distribution) -> String {
    let words = |spread: &Spread| {
        let show = |value| wording::quantity(&distribution.signal, value);
        format!("p50 {}, p95 {}, p99 {}", show(spread.p50), show(spread.p95), show(spread.p99))
    };
    format!(
        "{}: baseline {}; window {}.",
        wording::signal(&distribution.signal),
        words(&distribution.baseline),
        words(&distribution.window)
    )
}
