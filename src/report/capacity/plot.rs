//! The plot of a capacity: p50, p95 and p99 of each signal over the traffic, the interval of p95
//! shaded, the part outside the recording dashed, objectives and the cliff marked.

use super::{SIGNALS, times};
use crate::diagnosis::capacity::{Capacity, Scaled};
use crate::report::markup::Markup;
use crate::report::numbers;

/// How to read it.
pub const KEY: &str = "p95 with its 90 % interval shaded; p50 and p99 thin. Dashed: outside what was \
                       recorded. Red line: an objective. Grey: beyond the cliff.";

/// Size of a panel, and the room around its plot, pixels.
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 64.0;
const TOP: f64 = 34.0;
const PANEL: f64 = WIDTH + LEFT + 24.0;
/// Longest text.
const LONGEST: usize = 160;
/// Least distance of two labels below the axis, pixels.
const APART: f64 = 42.0;

/// One SVG with three panels.
pub fn svg(capacity: &Capacity) -> String {
    let mut out = Markup::new(LONGEST);
    draw(&mut out, capacity);
    out.raw("\n");
    out.finish()
}

/// The drawing, in a page or alone: it brings its colours along as attributes.
pub fn draw(out: &mut Markup, capacity: &Capacity) {
    let (width, height) = (PANEL * 3.0, HEIGHT + TOP + 44.0);
    out.raw("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" font-family=\"system-ui,sans-serif\" ");
    out.raw("font-size=\"12\" viewBox=\"0 0 ").num(width).raw(" ").num(height);
    out.raw("\"><title>Latency against traffic</title><desc>").raw(KEY).raw("</desc>");
    for (signal, name) in SIGNALS.iter().enumerate() {
        out.raw("<g transform=\"translate(").num(signal as f64 * PANEL + LEFT).raw(",").num(TOP);
        out.raw(")\">");
        Panel::new(capacity, signal).draw(out, capacity, name);
        out.raw("</g>");
    }
    out.raw("</svg>");
}

/// One signal.
struct Panel<'a> {
    signal: usize,
    scales: Vec<&'a Scaled>,
    least: f64,
    most: f64,
    top: f64,
    /// Objectives of this signal's tail, seconds.
    bounds: Vec<f64>,
}

impl<'a> Panel<'a> {
    fn new(capacity: &'a Capacity, signal: usize) -> Self {
        let scales: Vec<&Scaled> = capacity.scales.iter().collect();
        let highest = |scaled: &&Scaled| {
            let all = scaled.predicted.all();
            let p95 = all[signal * 3 + 1].and_then(|bound| bound.high.or(bound.low)).unwrap_or(0.0);
            let p99 = all[signal * 3 + 2].and_then(|bound| bound.value).unwrap_or(0.0);
            p95.max(p99)
        };
        let top = scales.iter().map(highest).fold(0.0, f64::max) * 1.08;
        let bounds = capacity.slos.iter().filter_map(|found| bound(&found.slo, signal));
        Self {
            signal,
            least: scales.iter().map(|scaled| scaled.scale).fold(1.0, f64::min),
            most: scales.iter().map(|scaled| scaled.scale).fold(1.0, f64::max),
            bounds: bounds.filter(|bound| *bound < top).collect(),
            scales,
            top,
        }
    }

    fn x(&self, scale: f64) -> f64 {
        (scale - self.least) / (self.most - self.least).max(1e-9) * WIDTH
    }

    fn y(&self, seconds: f64) -> f64 {
        HEIGHT * (1.0 - seconds / self.top)
    }

    fn draw(&self, out: &mut Markup, capacity: &Capacity, name: &str) {
        out.raw("<text y=\"-14\" font-weight=\"600\" fill=\"currentColor\">");
        out.text(&format!("{name} p95 against traffic")).raw("</text>");
        self.cliff(out, capacity);
        line(out, GREY, (0.0, HEIGHT), (WIDTH, HEIGHT));
        line(out, GREY, (0.0, 0.0), (0.0, HEIGHT));
        self.below(out);
        if self.top <= 0.0 {
            text(out, START, (8.0, 20.0), "no answer");
            return;
        }
        for part in [0.0, 0.5, 1.0] {
            let seconds = self.top / 1.08 * part;
            text(out, END, (-6.0, self.y(seconds) + 4.0), &numbers::seconds(seconds));
        }
        self.seen(out, capacity);
        self.interval(out);
        for (quantile, strokes) in [(0, THIN), (2, THIN), (1, THICK)] {
            self.curve(out, self.signal * 3 + quantile, strokes);
        }
        for bound in &self.bounds {
            line(out, RED, (0.0, self.y(*bound)), (WIDTH, self.y(*bound)));
        }
    }

    /// The multiples, below the axis, as far as there is room.
    fn below(&self, out: &mut Markup) {
        let mut last = f64::NEG_INFINITY;
        let asked = self.scales.iter().filter(|scaled| scaled.asked);
        for scaled in asked.chain(self.scales.last()) {
            let x = self.x(scaled.scale);
            if x - last >= APART {
                text(out, MIDDLE, (x, HEIGHT + 18.0), &times(scaled.scale));
                last = x;
            }
        }
    }

    /// Where queues grow without end.
    fn cliff(&self, out: &mut Markup, capacity: &Capacity) {
        let Some(breaks) = capacity.cliff.and_then(|cliff| cliff.breaks_at) else { return };
        if breaks > self.most {
            return;
        }
        let x = self.x(breaks).min(WIDTH - 10.0);
        out.raw("<rect fill=\"#888\" fill-opacity=\"0.18\" y=\"0\" x=\"").num(x);
        out.raw("\" width=\"").num(WIDTH - x).raw("\" height=\"").num(HEIGHT).raw("\"/>");
        text(out, END, (WIDTH - 4.0, 14.0), "cliff");
    }

    /// Up to where the recording reaches.
    fn seen(&self, out: &mut Markup, capacity: &Capacity) {
        let Some(scale) = capacity.observed_to_scale.filter(|scale| *scale < self.most) else {
            return;
        };
        let x = self.x(scale.max(self.least));
        line(out, DASHED_GREY, (x, 0.0), (x, HEIGHT));
        // Where there is more room.
        let (anchor, beside) = if x > WIDTH / 2.0 { (END, x - 4.0) } else { (START, x + 4.0) };
        text(out, anchor, (beside, 28.0), "recorded up to here");
    }

    fn interval(&self, out: &mut Markup) {
        let known: Vec<(f64, f64, f64)> = self
            .scales
            .iter()
            .filter_map(|scaled| {
                let bound = scaled.predicted.all()[self.signal * 3 + 1]?;
                Some((scaled.scale, bound.low?, bound.high?))
            })
            .collect();
        out.raw("<polygon fill=\"#4477aa\" fill-opacity=\"0.22\" points=\"");
        let up = known.iter().map(|(scale, _, high)| (*scale, *high));
        let down = known.iter().rev().map(|(scale, low, _)| (*scale, *low));
        for (scale, seconds) in up.chain(down) {
            out.num(self.x(scale)).raw(",").num(self.y(seconds)).raw(" ");
        }
        out.raw("\"/>");
    }

    /// A quantile: dashed where it leaves the recording, a dot where a figure is given.
    fn curve(&self, out: &mut Markup, figure: usize, strokes: [&'static str; 2]) {
        let known: Vec<(&Scaled, f64, bool)> = self
            .scales
            .iter()
            .filter_map(|scaled| {
                let bound = scaled.predicted.all()[figure]?;
                // Without an upper end its lower one is drawn.
                let middle = bound.high.map_or(bound.low, |high| Some((bound.low? * high).sqrt()));
                let middle = bound.value.or(middle)?;
                Some((*scaled, middle.min(self.top), bound.value.is_some()))
            })
            .collect();
        for pair in known.windows(2) {
            let stroke = strokes[usize::from(pair[1].0.extrapolated)];
            let at = |point: &(&Scaled, f64, bool)| (self.x(point.0.scale), self.y(point.1));
            line(out, stroke, at(&pair[0]), at(&pair[1]));
        }
        if figure % 3 != 1 {
            return;
        }
        for (scaled, seconds, _) in known.iter().filter(|point| point.2) {
            out.raw("<circle fill=\"#4477aa\" r=\"3.5\" cx=\"").num(self.x(scaled.scale));
            out.raw("\" cy=\"").num(self.y(*seconds)).raw("\"/>");
        }
    }
}

/// The bound of an objective of that signal: its words are `ttft.p95 < 1.5s`.
fn bound(slo: &str, signal: usize) -> Option<f64> {
    let (what, bound) = slo.split_once('<')?;
    let metric = what.trim().split('.').next()?;
    if metric != ["ttft", "itl", "duration"][signal] {
        return None;
    }
    let bound = bound.trim_start_matches('=').trim();
    let digits = bound.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(bound.len());
    let (number, unit) = bound.split_at(digits);
    let factor = match unit.trim() {
        "ms" => 1e-3,
        "us" | "µs" => 1e-6,
        "s" | "" => 1.0,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * factor)
}

const THICK: [&str; 2] = [
    "stroke=\"#4477aa\" stroke-width=\"2\"",
    "stroke=\"#4477aa\" stroke-width=\"2\" stroke-dasharray=\"5 4\"",
];
const THIN: [&str; 2] = [
    "stroke=\"#4477aa\" stroke-opacity=\"0.6\"",
    "stroke=\"#4477aa\" stroke-opacity=\"0.6\" stroke-dasharray=\"5 4\"",
];
const GREY: &str = "stroke=\"#999\"";
const DASHED_GREY: &str = "stroke=\"#999\" stroke-dasharray=\"2 3\"";
const RED: &str = "stroke=\"#bb3322\"";
const START: &str = "start";
const MIDDLE: &str = "middle";
const END: &str = "end";

fn line(out: &mut Markup, stroke: &'static str, from: (f64, f64), to: (f64, f64)) {
    out.raw("<line ").raw(stroke).raw(" x1=\"").num(from.0).raw("\" y1=\"").num(from.1);
    out.raw("\" x2=\"").num(to.0).raw("\" y2=\"").num(to.1).raw("\"/>");
}

fn text(out: &mut Markup, anchor: &'static str, at: (f64, f64), text: &str) {
    out.raw("<text fill=\"currentColor\" text-anchor=\"").raw(anchor).raw("\" x=\"").num(at.0);
    out.raw("\" y=\"").num(at.1).raw("\">").text(text).raw("</text>");
}
