//! Calls as points against their work: baseline circles, window diamonds, the baseline's level.

use super::figure::{Figure, file_name};
use super::frame::{self, Extent};
use super::scale::Scale;
use crate::diagnosis::{ExpectedStep, Point, Scatter};
use crate::report::markup::Markup;
use crate::report::wording;

/// Height of the plot, pixels.
const HEIGHT: f64 = 236.0;
/// Room above it, pixels.
const TOP: f64 = 8.0;
/// Room below it: labels and the axis' name, pixels.
const BELOW: f64 = 36.0;

/// A column of small whole numbers: the two periods stand side by side of each.
const COUNTED: &str = "own_concurrency";
/// How far to the side.
const ASIDE: f64 = 0.14;

/// Steps of the expectation drawn, at most.
const STEPS: usize = 60;

/// The scatter, with at most `points` calls of each period.
pub(crate) fn scatter(scatter: &Scatter, points: usize, longest: usize) -> Figure {
    let drawn = || {
        let steps = scatter.expected.iter();
        let ends = steps.flat_map(|s| [Point { x: s.from, y: s.p10 }, Point { x: s.to, y: s.p90 }]);
        scatter.baseline.iter().chain(&scatter.window).copied().chain(ends)
    };
    let x = scale(&scatter.x, drawn().map(|point| point.x));
    let y = scale(&scatter.y, drawn().map(|point| point.y));
    let at = Extent { top: TOP, height: HEIGHT };
    let mut body = Markup::new(longest);
    frame::rules(&mut body, &y, &scatter.y, at);
    frame::axis(&mut body, &x, &scatter.x, at);
    frame::label(&mut body, "e", (100.0, at.bottom() + 31.0), axis_name(&scatter.x));
    middle_80(&mut body, scatter, &x, &y, at);
    let place =
        |point: &Point, aside: f64| (x.place(point.x + aside) * 100.0, at.y(y.place(point.y)));
    let aside = if scatter.x == COUNTED { ASIDE } else { 0.0 };
    for point in thinned(&scatter.baseline, points) {
        let (x, y) = place(point, -aside);
        body.raw("<circle class=\"dot\" r=\"2.6\" cx=\"")
            .num(x)
            .raw("%\" cy=\"")
            .num(y)
            .raw("\"/>");
    }
    for point in thinned(&scatter.window, points) {
        let (x, y) = place(point, aside);
        body.raw("<svg overflow=\"visible\" x=\"").num(x).raw("%\" y=\"").num(y);
        body.raw("\"><polygon class=\"mark\" points=\"0,-4 4,0 0,4 -4,0\"/></svg>");
    }
    median(&mut body, scatter, &x, &y, at);
    Figure {
        name: file_name(&format!("{}_against_{}", scatter.y.trim_end_matches("_s"), scatter.x)),
        title: format!("{} against {}", wording::signal(&scatter.y), axis_name(&scatter.x)),
        key: format!(
            "○ baseline ({}), ◆ window ({}); dashed and shaded: the baseline's median and middle 80 %",
            wording::calls(scatter.baseline_calls),
            wording::calls(scatter.window_calls)
        ),
        summary: summary(scatter),
        height: at.bottom() + BELOW,
        has_axis: true,
        body,
    }
}

/// What an axis shows, for a person.
fn axis_name(column: &str) -> &str {
    match column {
        "uncached_tokens" => "uncached prompt tokens",
        "own_concurrency" => "own calls to the model in flight",
        other => other,
    }
}

/// Logarithmic where values span much of a decade, but for counts.
fn scale(column: &str, values: impl Iterator<Item = f64>) -> Scale {
    let is_time = wording::unit(column) == wording::Unit::Time;
    let positive = values.filter(|value| value.is_finite()).map(|value| value.max(0.0));
    let (low, high) = positive
        .fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    if column == COUNTED {
        return Scale::counts(high);
    }
    let floor = if is_time { 1e-4 } else { 1.0 };
    if high > low.max(floor) * 8.0 {
        Scale::log(low.max(floor) * 0.9, high * 1.1)
    } else {
        Scale::from_zero(high)
    }
}

/// From where to where a step is drawn, 0 to 1: at least a sliver.
fn ends(step: &ExpectedStep, x: &Scale) -> (f64, f64) {
    let from = x.place(step.from);
    (from, x.place(step.to).max((from + 0.004).min(1.0)))
}

/// Shades the middle four fifths of the baseline.
fn middle_80(body: &mut Markup, scatter: &Scatter, x: &Scale, y: &Scale, at: Extent) {
    frame::stretched(body, at, |body| {
        for step in scatter.expected.iter().take(STEPS) {
            let (from, to) = ends(step, x);
            let corners = [(from, step.p10), (from, step.p90), (to, step.p90), (to, step.p10)];
            let corners = corners.map(|(x, value)| Some((x, y.place(value))));
            frame::path(body, "band", at.height, corners.into_iter());
        }
    });
}

/// The baseline's median, over the marks and set off from them.
fn median(body: &mut Markup, scatter: &Scatter, x: &Scale, y: &Scale, at: Extent) {
    let line = || {
        scatter.expected.iter().take(STEPS).flat_map(|step| {
            let ((from, to), place) = (ends(step, x), y.place(step.p50));
            [Some((from, place)), Some((to, place))]
        })
    };
    frame::stretched(body, at, |body| {
        frame::path(body, "under", at.height, line());
        frame::path(body, "mid", at.height, line());
    });
}

/// At most so many, evenly along their order, the last always among them.
fn thinned(points: &[Point], most: usize) -> impl Iterator<Item = &Point> {
    let (count, most) = (points.len(), most.max(2));
    let drawn = count.min(most);
    let place = move |index| if count <= most { index } else { index * (count - 1) / (most - 1) };
    (0..drawn).filter_map(move |index| points.get(place(index)))
}

fn summary(scatter: &Scatter) -> String {
    let first = scatter.expected.first();
    let level = first.zip(scatter.expected.last()).map_or_else(String::new, |(first, last)| {
        let x = |value: f64| wording::quantity(&scatter.x, value.round());
        let y = |value: f64| wording::quantity(&scatter.y, value);
        format!(
            " The baseline's median goes from {} at {} to {} at {}.",
            y(first.p50),
            x(first.from),
            y(last.p50),
            x(last.to)
        )
    });
    let far = |points: &[Point]| {
        points.last().map_or_else(|| "none".to_owned(), |p| wording::quantity(&scatter.y, p.y))
    };
    format!(
        "{} against {}, call by call: {} of the baseline, the slowest {}; {} of the window, the \
         slowest {}.{level}",
        wording::signal(&scatter.y),
        axis_name(&scatter.x),
        wording::calls(scatter.baseline_calls),
        far(&scatter.baseline),
        wording::calls(scatter.window_calls),
        far(&scatter.window)
    )
}
