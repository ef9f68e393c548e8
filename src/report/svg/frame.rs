//! The pieces every plot is made of: rules with their labels, stretched curves, marked times.

use chrono::{DateTime, Utc};

use super::scale::{Scale, time_ticks};
use crate::report::markup::Markup;
use crate::report::numbers;

/// Units across a stretched drawing.
pub(super) const ACROSS: f64 = 1000.0;
/// Room above a plot for the names of its periods, pixels.
pub(super) const ABOVE: f64 = 16.0;
/// Room below a plot for the labels of its axis, pixels.
pub(super) const BELOW: f64 = 20.0;

/// The vertical extent of a plot, pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// Its upper edge.
    pub top: f64,
    /// Its height.
    pub height: f64,
}

impl Extent {
    /// Where a place of a scale lies: 0 at the bottom.
    pub(super) fn y(self, place: f64) -> f64 {
        self.top + (1.0 - place) * self.height
    }

    /// Its lower edge.
    pub(super) fn bottom(self) -> f64 {
        self.top + self.height
    }
}

/// Horizontal rules at the ticks of the vertical axis, with their figures left of the plot.
pub(super) fn rules(markup: &mut Markup, scale: &Scale, signal: &str, at: Extent) {
    for tick in scale.ticks(4) {
        let y = at.y(scale.place(tick));
        line(markup, "rule", (0.0, y), (100.0, y));
        markup.raw("<text class=\"e\" x=\"-6\" y=\"").num(y + 4.0).raw("\">");
        markup.text(&scale.label(signal, tick)).raw("</text>");
    }
}

/// The horizontal axis of figures, with a name at its end.
pub(super) fn axis(markup: &mut Markup, scale: &Scale, signal: &str, at: Extent) {
    let y = at.bottom();
    line(markup, "edge", (0.0, y), (100.0, y));
    for tick in scale.ticks(6) {
        let x = scale.place(tick) * 100.0;
        tick_label(markup, x, y, &scale.label(signal, tick));
    }
}

/// A straight line between two places, x in percent and y in pixels.
pub(super) fn line(markup: &mut Markup, class: &'static str, from: (f64, f64), to: (f64, f64)) {
    markup.raw("<line class=\"").raw(class).raw("\" x1=\"").num(from.0).raw("%\" y1=\"");
    markup.num(from.1).raw("\" x2=\"").num(to.0).raw("%\" y2=\"").num(to.1).raw("\"/>");
}

/// A rectangle, x and width in percent, y and height in pixels.
pub(super) fn rect(markup: &mut Markup, class: &'static str, x: (f64, f64), y: (f64, f64)) {
    markup.raw("<rect class=\"").raw(class).raw("\" x=\"").num(x.0).raw("%\" y=\"").num(y.0);
    markup.raw("\" width=\"").num(x.1.max(0.0)).raw("%\" height=\"").num(y.1.max(0.0)).raw("\"/>");
}

/// A text at a place, x in percent and y in pixels.
pub(super) fn label(markup: &mut Markup, class: &'static str, at: (f64, f64), text: &str) {
    markup.raw("<text class=\"").raw(class).raw("\" x=\"").num(at.0).raw("%\" y=\"");
    markup.num(at.1).raw("\">").text(text).raw("</text>");
}

/// Curves stretched over the plot: `draw` writes paths in a space [`ACROSS`] wide and of the
/// height in pixels.
pub(super) fn stretched(markup: &mut Markup, at: Extent, draw: impl FnOnce(&mut Markup)) {
    markup.raw("<svg y=\"").num(at.top).raw("\" width=\"100%\" height=\"").num(at.height);
    markup.raw("\" viewBox=\"0 0 ").num(ACROSS).raw(" ").num(at.height);
    markup.raw("\" preserveAspectRatio=\"none\" overflow=\"visible\">");
    draw(markup);
    markup.raw("</svg>");
}

/// Writes a path through points given as places (0 to 1), broken where one is missing.
pub(super) fn path(
    markup: &mut Markup,
    class: &'static str,
    height: f64,
    points: impl Iterator<Item = Option<(f64, f64)>>,
) {
    markup.raw("<path class=\"").raw(class).raw("\" d=\"");
    let mut drawing = false;
    for point in points {
        let Some((x, y)) = point else {
            drawing = false;
            continue;
        };
        markup.raw(if drawing { "L" } else { "M" });
        markup.num((x * ACROSS * 10.0).round() / 10.0).raw(" ").num((1.0 - y) * height);
        if !drawing {
            markup.raw("h0");
        }
        drawing = true;
    }
    markup.raw("\"/>");
}

/// A stretch of time in bins, with what is marked on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeFrame {
    /// Start of the first bin.
    pub start: DateTime<Utc>,
    /// Length of a bin, seconds.
    pub bin_s: f64,
    /// How many bins.
    pub bins: usize,
    /// First bin of the window, and first after it.
    pub window: (usize, usize),
    /// Where the baseline begins and ends, 0 to 1 along the axis; none where it is elsewhere.
    pub baseline: Option<(f64, f64)>,
    /// Where the onset lies, 0 to 1, and when it was.
    pub onset: Option<(f64, DateTime<Utc>)>,
}

impl TimeFrame {
    /// Where an edge of a bin lies, 0 to 1.
    pub(super) fn edge(&self, bin: usize) -> f64 {
        (bin as f64 / self.bins.max(1) as f64).min(1.0)
    }

    /// Where the middle of a bin lies, 0 to 1.
    pub(super) fn middle(&self, bin: usize) -> f64 {
        ((bin as f64 + 0.5) / self.bins.max(1) as f64).min(1.0)
    }

    /// Where an instant lies: below 0 and above 1 outside the frame.
    pub(super) fn place(&self, at: DateTime<Utc>) -> f64 {
        (at - self.start).num_milliseconds() as f64 / 1e3 / self.length_s()
    }

    fn length_s(&self) -> f64 {
        (self.bin_s * self.bins as f64).max(1e-3)
    }

    /// The window as places, 0 to 1.
    pub(super) fn window_places(&self) -> (f64, f64) {
        (self.edge(self.window.0), self.edge(self.window.1))
    }

    /// The tinted periods behind a plot, with their names above it when `named`.
    pub(super) fn periods(&self, markup: &mut Markup, at: Extent, named: bool) {
        let (from, to) = self.window_places();
        if let Some((from, to)) = self.baseline {
            rect(markup, "tint", (from * 100.0, (to - from) * 100.0), (at.top, at.height));
            if named {
                label(markup, "", (from * 100.0, at.top - 5.0), "baseline");
            }
        }
        rect(markup, "tint w", (from * 100.0, (to - from) * 100.0), (at.top, at.height));
        if named {
            let onset = self.onset.map(|(_, time)| format!(", onset {}", numbers::clock(time)));
            let name = format!("window{}", onset.unwrap_or_default());
            let (class, x) = if from > 0.5 { ("win e", to) } else { ("win", from) };
            label(markup, class, (x * 100.0, at.top - 5.0), &name);
        }
    }

    /// The marked onset.
    pub(super) fn onset(&self, markup: &mut Markup, at: Extent) {
        if let Some((place, _)) = self.onset {
            let x = place * 100.0;
            line(markup, "onset", (x, at.top), (x, at.bottom()));
        }
    }

    /// The axis of clock times.
    pub(super) fn clock(&self, markup: &mut Markup, at: Extent) {
        line(markup, "edge", (0.0, at.bottom()), (100.0, at.bottom()));
        for (place, text) in time_ticks(self.start, self.length_s(), 5) {
            tick_label(markup, place * 100.0, at.bottom(), &text);
        }
    }
}

fn tick_label(markup: &mut Markup, x: f64, y: f64, text: &str) {
    markup.raw("<line class=\"edge\" x1=\"").num(x).raw("%\" x2=\"").num(x).raw("%\" y1=\"");
    markup.num(y).raw("\" y2=\"").num(y + 4.0).raw("\"/><text class=\"");
    markup
        .raw(if x > 96.0 {
            "e"
        } else if x < 2.0 {
            ""
        } else {
            "m"
        })
        .raw("\" x=\"")
        .num(x);
    markup.raw("%\" y=\"").num(y + 16.0).raw("\">").text(text).raw("</text>");
}
