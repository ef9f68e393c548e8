//! From the baseline's mean to the window's, term by term.

use super::figure::Figure;
use super::frame;
use super::scale::Scale;
use crate::diagnosis::{Term, Waterfall};
use crate::report::markup::Markup;
use crate::report::{numbers, wording};

/// Height of a row, pixels.
const ROW: f64 = 28.0;
/// Height of its bar, pixels.
const BAR: f64 = 16.0;
/// Where bars begin and end, percent of the width; labels stand before, figures after.
const BARS: (f64, f64) = (40.0, 67.0);
/// Terms drawn each, at most.
const TERMS: usize = 14;
/// So few terms are all drawn.
const FEW: usize = 6;
/// A term below this part of the largest cannot be seen.
const SMALL_SHARE: f64 = 0.03;

/// The waterfall.
pub(crate) fn waterfall(waterfall: &Waterfall, longest: usize) -> Figure {
    let (terms, others) = drawn(&waterfall.terms);
    let mut level = waterfall.baseline_s;
    let mut levels = vec![0.0, level, waterfall.window_s];
    for term in terms.iter().copied().chain(&others) {
        let from = level;
        level += term.mean_s;
        levels.extend([level, from + term.low_s.unwrap_or(0.0), from + term.high_s.unwrap_or(0.0)]);
    }
    let finite = || levels.iter().copied().filter(|level| level.is_finite());
    let scale = Scale::linear(finite().fold(0.0, f64::min), finite().fold(0.0, f64::max));
    let mut rows = Rows { body: Markup::new(longest), scale, row: 0 };

    rows.total("baseline", waterfall.baseline_s, "bar");
    let mut level = waterfall.baseline_s;
    for term in terms.iter().copied().chain(&others) {
        rows.term(term, level);
        level += term.mean_s;
    }
    rows.total("window", waterfall.window_s, "bar w");
    Figure {
        name: "waterfall".to_owned(),
        title: title(waterfall),
        key: "mean per call; filled adds, dashed takes away, the thin line is the 95 % interval"
            .to_owned(),
        summary: summary(waterfall),
        height: rows.row as f64 * ROW + 4.0,
        has_axis: false,
        body: rows.body,
    }
}

/// The terms that can be seen, and the small ones as one.
fn drawn(terms: &[Term]) -> (Vec<&Term>, Option<Term>) {
    let largest = terms.iter().map(|term| term.mean_s.abs()).fold(0.0, f64::max);
    let seen = |term: &&Term| terms.len() <= FEW || term.mean_s.abs() >= SMALL_SHARE * largest;
    let (mut shown, mut small): (Vec<&Term>, Vec<&Term>) = terms.iter().partition(seen);
    if small.len() == 1 || shown.is_empty() {
        (shown, small) = (terms.iter().collect(), Vec::new());
    }
    small.extend(shown.split_off(shown.len().min(TERMS)));
    if small.is_empty() {
        return (shown, None);
    }
    let others = Term {
        id: "others".to_owned(),
        label: format!("{} small terms", small.len()),
        mean_s: small.iter().map(|term| term.mean_s).sum(),
        low_s: None,
        high_s: None,
        tail_s: None,
        share: small.iter().map(|term| term.share).sum(),
    };
    (shown, Some(others))
}

struct Rows {
    body: Markup,
    scale: Scale,
    row: usize,
}

impl Rows {
    fn x(&self, value: f64) -> f64 {
        BARS.0 + (BARS.1 - BARS.0) * self.scale.place(value)
    }

    fn y(&self) -> f64 {
        self.row as f64 * ROW + (ROW - BAR) / 2.0
    }

    fn total(&mut self, name: &str, value: f64, class: &'static str) {
        let (y, zero, end) = (self.y(), self.x(0.0), self.x(value));
        frame::label(&mut self.body, "strong", (0.0, y + 12.5), name);
        frame::rect(&mut self.body, class, (zero, (end - zero).max(0.2)), (y, BAR));
        frame::label(&mut self.body, "strong e", (100.0, y + 12.5), &numbers::seconds(value));
        if class == "bar" {
            self.join(end);
        }
        self.row += 1;
    }

    fn term(&mut self, term: &Term, from: f64) {
        let to = from + term.mean_s;
        let y = self.y();
        let (left, right) = (self.x(from.min(to)), self.x(from.max(to)));
        frame::label(&mut self.body, "ink", (0.0, y + 12.5), &term.label);
        let class = if term.mean_s < 0.0 { "bar less" } else { "bar w" };
        frame::rect(&mut self.body, class, (left, (right - left).max(0.25)), (y, BAR));
        if let (Some(low), Some(high)) = (term.low_s, term.high_s) {
            let middle = y + BAR / 2.0;
            let ends = (self.x(from + low), self.x(from + high));
            frame::line(&mut self.body, "range", (ends.0, middle), (ends.1, middle));
            for end in [ends.0, ends.1] {
                frame::line(&mut self.body, "range", (end, middle - 3.0), (end, middle + 3.0));
            }
        }
        let sign = if term.mean_s > 0.0 { "+" } else { "" };
        let added = format!("{sign}{}", numbers::seconds(term.mean_s));
        let share = term.share.map_or_else(String::new, numbers::percent);
        self.body.raw("<text class=\"e ink\" x=\"100%\" dx=\"-46\" y=\"").num(y + 12.5).raw("\">");
        self.body.text(&added).raw("</text>");
        frame::label(&mut self.body, "e", (100.0, y + 12.5), &share);
        self.join(self.x(to));
        self.row += 1;
    }

    /// A thin line down to the next row.
    fn join(&mut self, x: f64) {
        let y = self.y() + BAR;
        frame::line(&mut self.body, "join", (x, y), (x, y + ROW - BAR));
    }
}

fn title(waterfall: &Waterfall) -> String {
    let what = wording::signal(&waterfall.signal);
    let place = if waterfall.segment.is_empty() {
        "over all calls".to_owned()
    } else {
        format!("of {}", wording::slice(&waterfall.segment))
    };
    format!("Mean {what} {place}")
}

fn summary(waterfall: &Waterfall) -> String {
    let term = |term: &Term| {
        let sign = if term.mean_s > 0.0 { "+" } else { "" };
        format!("{} {sign}{}", term.label, numbers::seconds(term.mean_s))
    };
    let terms: Vec<String> = waterfall.terms.iter().take(TERMS).map(term).collect();
    format!(
        "From {} in the baseline to {} in the window: {}.",
        numbers::seconds(waterfall.baseline_s),
        numbers::seconds(waterfall.window_s),
        terms.join(", ")
    )
}
