//! The plot of a capacity: p95 of each signal over the scales, its interval shaded, the part outside
//! the recording dashed.

use super::{SIGNALS, times};
use crate::diagnosis::capacity::{Bound, Capacity, Scaled};
use crate::report::markup::Markup;
use crate::report::numbers;

/// Size of a panel, and the room around its plot, pixels.
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 64.0;
const TOP: f64 = 34.0;
const PANEL: f64 = WIDTH + LEFT + 24.0;
/// Longest text.
const LONGEST: usize = 160;
const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#333}.t{font-weight:600}\
    .b{fill:#4477aa33}.l{fill:none;stroke:#4477aa;stroke-width:2}.x{stroke-dasharray:5 4}\
    .d{fill:#4477aa}.a{stroke:#bbb}.e{text-anchor:end}.m{text-anchor:middle}\
    @media(prefers-color-scheme:dark){text{fill:#ddd}}";

/// One SVG with three panels.
pub fn svg(capacity: &Capacity) -> String {
    let mut out = Markup::new(LONGEST);
    let (width, height) = (PANEL * 3.0, HEIGHT + TOP + 44.0);
    out.raw("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 ").num(width);
    out.raw(" ").num(height).raw("\"><title>p95 against traffic</title><style>").raw(STYLE);
    out.raw("</style>");
    for (signal, name) in SIGNALS.iter().enumerate() {
        out.raw("<g transform=\"translate(").num(signal as f64 * PANEL + LEFT).raw(",").num(TOP);
        out.raw(")\">");
        panel(&mut out, capacity, signal * 3 + 1, name);
        out.raw("</g>");
    }
    out.raw("</svg>\n");
    out.finish()
}

type Known<'a> = (&'a Scaled, Bound, f64, f64);

fn panel(out: &mut Markup, capacity: &Capacity, figure: usize, name: &str) {
    let known: Vec<Known<'_>> = capacity
        .scales
        .iter()
        .filter_map(|scaled| {
            let bound = scaled.predicted.all()[figure]?;
            Some((scaled, bound, bound.low?, bound.high?))
        })
        .collect();
    text(out, "t", (0.0, -14.0), &format!("{name} p95 against traffic"));
    line(out, (0.0, HEIGHT), (WIDTH, HEIGHT));
    line(out, (0.0, 0.0), (0.0, HEIGHT));
    let top = known.iter().map(|known| known.3).fold(0.0, f64::max) * 1.08;
    let most = capacity.scales.iter().map(|scaled| scaled.scale).fold(1.0, f64::max);
    let least = capacity.scales.iter().map(|scaled| scaled.scale).fold(1.0, f64::min);
    let x = |scale: f64| (scale - least) / (most - least).max(1e-9) * WIDTH;
    for scaled in &capacity.scales {
        text(out, "m", (x(scaled.scale), HEIGHT + 18.0), &times(scaled.scale));
        if scaled.beyond_cliff {
            text(out, "m", (x(scaled.scale), HEIGHT / 2.0), "cliff");
        }
    }
    if top <= 0.0 {
        text(out, "", (8.0, 20.0), "no answer");
        return;
    }
    let y = |seconds: f64| HEIGHT * (1.0 - seconds / top);
    for part in [0.0, 0.5, 1.0] {
        let seconds = top / 1.08 * part;
        text(out, "e", (-6.0, y(seconds) + 4.0), &numbers::seconds(seconds));
    }
    out.raw("<polygon class=\"b\" points=\"");
    let up = known.iter().map(|(scaled, _, _, high)| (scaled.scale, *high));
    let down = known.iter().rev().map(|(scaled, _, low, _)| (scaled.scale, *low));
    for (scale, seconds) in up.chain(down) {
        out.num(x(scale)).raw(",").num(y(seconds)).raw(" ");
    }
    out.raw("\"/>");
    let middle = |known: &Known<'_>| known.1.value.unwrap_or((known.2 * known.3).sqrt());
    for pair in known.windows(2) {
        out.raw(if pair[1].0.extrapolated {
            "<line class=\"l x\" x1=\""
        } else {
            "<line class=\"l\" x1=\""
        });
        out.num(x(pair[0].0.scale)).raw("\" y1=\"").num(y(middle(&pair[0]))).raw("\" x2=\"");
        out.num(x(pair[1].0.scale)).raw("\" y2=\"").num(y(middle(&pair[1]))).raw("\"/>");
    }
    for found in known.iter().filter(|found| found.1.value.is_some()) {
        out.raw("<circle class=\"d\" r=\"3.5\" cx=\"").num(x(found.0.scale)).raw("\" cy=\"");
        out.num(y(middle(found))).raw("\"/>");
    }
}

fn line(out: &mut Markup, from: (f64, f64), to: (f64, f64)) {
    out.raw("<line class=\"a\" x1=\"").num(from.0).raw("\" y1=\"").num(from.1).raw("\" x2=\"");
    out.num(to.0).raw("\" y2=\"").num(to.1).raw("\"/>");
}

fn text(out: &mut Markup, class: &'static str, at: (f64, f64), text: &str) {
    out.raw("<text class=\"").raw(class).raw("\" x=\"").num(at.0).raw("\" y=\"").num(at.1);
    out.raw("\">").text(text).raw("</text>");
}
