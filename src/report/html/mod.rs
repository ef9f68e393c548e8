//! The report that gets attached to the incident: one page, whole without script or network.
//!
//! The order answers a person at 3 a.m.: what, since when, whose, what to do, what to cite; then
//! where the time went, what it looked like, why we think so, and what the answer rests on.

mod answer;
mod causes;
mod data;
mod look;
mod page;
mod reasons;
mod table;

pub(crate) use page::document;

use crate::diagnosis::Diagnosis;
use crate::report::markup::Markup;

/// Largest page, bytes: what an incident tool takes as an attachment without a word.
const LARGEST: usize = 500_000;

/// How much of lists and texts is shown.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Characters of a text.
    text: usize,
    /// Rows of a list.
    rows: usize,
    /// Request ids of a cause.
    ids: usize,
    /// Calls of each period in a scatter.
    points: usize,
    /// Drawings of each kind.
    plots: usize,
}

/// From generous to tight; the first whose page fits is taken.
const LIMITS: [Limits; 4] = [
    Limits { text: 600, rows: 60, ids: 200, points: 400, plots: 12 },
    Limits { text: 300, rows: 40, ids: 100, points: 300, plots: 12 },
    Limits { text: 120, rows: 20, ids: 40, points: 150, plots: 8 },
    Limits { text: 40, rows: 7, ids: 12, points: 60, plots: 4 },
];

/// The page: under 500 KB whatever the diagnosis holds, and the same bytes every time.
pub fn render(diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    for limits in LIMITS {
        text = page(diagnosis, limits);
        if text.len() < LARGEST {
            break;
        }
    }
    text
}

fn page(diagnosis: &Diagnosis, limits: Limits) -> String {
    let mut body = Body { markup: Markup::new(limits.text), limits, figures: 0 };
    answer::answer(&mut body, diagnosis);
    look::look(&mut body, diagnosis);
    causes::causes(&mut body, diagnosis);
    reasons::reasons(&mut body, diagnosis);
    causes::cite(&mut body, diagnosis);
    data::data(&mut body, diagnosis);
    page::whole(diagnosis, &body.markup)
}

/// The page's body in the making.
struct Body {
    markup: Markup,
    limits: Limits,
    figures: usize,
}

impl Body {
    /// Tags and words of the program itself.
    fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.markup.raw(markup);
        self
    }

    /// Text from anywhere, escaped.
    fn text(&mut self, text: &str) -> &mut Self {
        self.markup.text(text);
        self
    }

    /// A paragraph, or another element, that holds a sentence of the diagnosis.
    fn prose(&mut self, open: &'static str, text: &str) -> &mut Self {
        let name = open.split(' ').next().unwrap_or(open);
        self.raw("<").raw(open).raw(">");
        self.markup.prose(text);
        self.raw("</").raw(name).raw(">")
    }

    /// An element that holds only text.
    fn element(&mut self, open: &'static str, text: &str) -> &mut Self {
        self.markup.element(open, text);
        self
    }

    /// The part of a list that is shown, with a word about the rest written by `more`.
    fn shown<'a, T>(&self, list: &'a [T]) -> &'a [T] {
        list.get(..self.limits.rows).unwrap_or(list)
    }

    /// Says how many of a list were left out, if any.
    fn more(&mut self, all: usize, shown: usize, what: &'static str) {
        if all > shown {
            let left = crate::report::numbers::len(all - shown);
            self.raw("<p class=\"soft\">").text(&left).raw(" more ").raw(what);
            self.raw(" left out of this page; the JSON report has them all.</p>\n");
        }
    }
}
