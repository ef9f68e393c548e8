//! Where the added time went, as bars that add up.

use unicode_width::UnicodeWidthStr;

use super::page::{Page, Tone};
use crate::diagnosis::{RankedCause, Term, Waterfall};
use crate::report::columns::{pad, pad_left};
use crate::report::waterfall::{Bar, drawn};
use crate::report::{numbers, wording};

/// Widest label.
const LABEL: usize = 36;

/// A term below this part of the largest is small.
const SMALL: f64 = 0.08;
/// Most terms of a short waterfall beside the small ones.
const MAIN: usize = 4;

/// A bar that can still be read.
const NARROWEST: usize = 8;
/// A bar that is long enough.
const WIDEST: usize = 40;

/// Widths of the columns, as wide as what stands in them.
struct Columns {
    label: usize,
    added: usize,
    share: usize,
    interval: usize,
    tail: usize,
    bar: usize,
}

/// The waterfall with its slice, its terms, and the slowest twentieth under it.
pub fn waterfall(page: &mut Page, waterfall: &Waterfall, first: Option<&RankedCause>) {
    let short = if page.style().verbose { waterfall.clone() } else { in_short(waterfall) };
    let drawn = drawn(&short);
    let slice = match first {
        Some(first) if first.segment == waterfall.segment && !first.segment.is_empty() => {
            "there".to_owned()
        }
        _ => wording::slice(&waterfall.segment),
    };
    let signal = wording::signal(&waterfall.signal);
    page.heading(&format!("Where the time went: mean {signal} of a call, {slice}"));
    let columns = columns(page, &drawn.bars, drawn.window.width().max(drawn.baseline.width()));
    let end = |figure: &str, word: &str| {
        let label = pad(word, columns.label);
        format!("   {label}{} {}", pad_left(figure, columns.added), drawn.unit)
    };
    page.line(&end(&drawn.baseline, "baseline"));
    for bar in &drawn.bars {
        let line = term(page, bar, &columns, drawn.unit);
        page.line(&line);
    }
    page.line(&end(&drawn.window, "window"));
    if page.style().verbose && !drawn.nothing.is_empty() {
        page.paragraph(3, &format!("Nothing from: {}.", drawn.nothing.join(", ")));
    }
    let tail = page.style().verbose.then_some((waterfall.tail_baseline_s, waterfall.tail_window_s));
    if let Some((Some(before), Some(after))) = tail {
        let (before, after) = (numbers::seconds(before), numbers::seconds(after));
        page.paragraph(3, &format!("Slowest twentieth, mean: {before} → {after}."));
    }
    page.gap();
}

/// The waterfall with its small terms as one: it still adds up.
fn in_short(waterfall: &Waterfall) -> Waterfall {
    let mut sizes: Vec<f64> = waterfall.terms.iter().map(|term| term.mean_s.abs()).collect();
    sizes.sort_by(|one, other| other.total_cmp(one));
    let largest = sizes.first().copied().unwrap_or(0.0);
    let least = (SMALL * largest).max(sizes.get(MAIN - 1).copied().unwrap_or(0.0));
    let (main, small): (Vec<Term>, Vec<Term>) =
        waterfall.terms.iter().cloned().partition(|term| term.mean_s.abs() >= least);
    let moved: Vec<&Term> = small.iter().filter(|term| term.mean_s != 0.0).collect();
    if moved.len() < 2 {
        return waterfall.clone();
    }
    let mut short = Waterfall { terms: main, ..waterfall.clone() };
    short.terms.push(Term {
        id: "small".to_owned(),
        label: format!("{} small terms", moved.len()),
        mean_s: moved.iter().map(|term| term.mean_s).sum(),
        low_s: None,
        high_s: None,
        tail_s: moved.iter().map(|term| term.tail_s).sum(),
        share: moved.iter().map(|term| term.share).sum(),
    });
    short
}

fn columns(page: &Page, bars: &[Bar], ends: usize) -> Columns {
    let widest = |text: &dyn Fn(&Bar) -> usize| bars.iter().map(text).max().unwrap_or(0);
    let label = widest(&|bar| page.text(&bar.label).width()).clamp(8, LABEL) + 2;
    let added = widest(&|bar| bar.added.width()).max(ends);
    let share = widest(&|bar| bar.share.width());
    let interval = widest(&|bar| bar.interval.width());
    let tail = if page.width() >= 100 { widest(&|bar| bar.tail.width()) } else { 0 };
    let tail = if tail > 0 { tail + "in the tail ".width() } else { 0 };
    let with_gap = |width: usize| if width > 0 { width + 2 } else { 0 };
    let taken = 3 + label + added + 3 + 2 + with_gap(share) + with_gap(tail);
    let room = page.width().saturating_sub(taken);
    // Where the interval leaves no room for a bar to be read, the bar is worth more.
    let interval = if room >= with_gap(interval) + NARROWEST { interval } else { 0 };
    let bar = room.saturating_sub(with_gap(interval)).min(WIDEST);
    Columns { label, added, share, interval, tail, bar }
}

fn term(page: &Page, bar: &Bar, columns: &Columns, unit: &str) -> String {
    let label = pad(&page.fit(&bar.label, columns.label - 2), columns.label);
    let blocks = (bar.length.abs() * columns.bar as f64).round().max(1.0) as usize;
    let block = if bar.length < 0.0 { "-" } else { "█" };
    let blocks = blocks.min(columns.bar);
    let drawn = page.paint(Tone::Mark, &block.repeat(blocks));
    let rest = " ".repeat(columns.bar - blocks);
    let added = pad_left(&bar.added, columns.added);
    let mut line = format!("   {label}{added} {}  {drawn}{rest}", pad(unit, 2));
    if columns.share > 0 {
        line.push_str(&format!("  {}", pad_left(&bar.share, columns.share)));
    }
    if columns.interval > 0 {
        line.push_str(&format!("  {}", pad(&bar.interval, columns.interval)));
    }
    if columns.tail > 0 && !bar.tail.is_empty() {
        line.push_str(&format!("  {} in the tail", pad_left(&bar.tail, columns.tail - 12)));
    }
    line
}
