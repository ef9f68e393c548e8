//! One drawing: inline in the page, or a file of its own beside Markdown.
//!
//! Drawings are as wide as their place. Horizontal places are percent, vertical ones pixels, and
//! curves lie in a nested drawing that is stretched to the width while its strokes and every
//! letter keep their size. So one drawing fits a wide screen, a phone and paper without script.

use crate::report::markup::Markup;

/// Width of a drawing that stands in a file of its own, pixels.
const FILE_WIDTH: f64 = 760.0;
/// Room around the plot in a file, pixels.
const FILE_EDGE: f64 = 16.0;
/// Room for the title in a file, pixels.
const FILE_TITLE: f64 = 46.0;
/// Room for the labels of the vertical axis, pixels.
const AXIS: f64 = 56.0;

/// The colours and strokes of every drawing, light and dark; the page holds the same rules.
pub(crate) const STYLE: &str = include_str!("style.css");

/// A drawing with its words.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    /// File name without suffix, and part of the page's anchors: `ttft_over_time`.
    pub name: String,
    /// What it shows.
    pub title: String,
    /// How to read it: which mark is what.
    pub key: String,
    /// What it says, for those who do not see it.
    pub summary: String,
    /// Height of everything below the title, pixels.
    pub height: f64,
    /// Whether labels of a vertical axis stand to the left of the plot.
    pub has_axis: bool,
    /// The drawing.
    pub body: Markup,
}

impl Figure {
    /// The drawing as an element of the page; `number` makes its anchors unique.
    pub(crate) fn inline(&self, markup: &mut Markup, number: usize) {
        markup.raw("<div class=\"").raw(if self.has_axis { "plot axis" } else { "plot" });
        markup.raw("\"><svg class=\"fig\" role=\"img\" width=\"100%\" height=\"").num(self.height);
        markup.raw("\" aria-labelledby=\"t").int(number).raw(" d").int(number).raw("\">");
        markup.raw("<title id=\"t").int(number).raw("\">").text(&self.title);
        markup.raw("</title><desc id=\"d").int(number).raw("\">").text(&self.summary);
        markup.raw("</desc>").add(&self.body).raw("</svg></div>");
    }

    /// The drawing as a file of its own.
    pub(crate) fn file(&self) -> String {
        let left = FILE_EDGE + if self.has_axis { AXIS } else { 0.0 };
        let height = FILE_TITLE + self.height + FILE_EDGE;
        let mut markup = self.body.part();
        markup.raw("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"fig\" role=\"img\" width=\"");
        markup.num(FILE_WIDTH).raw("\" height=\"").num(height).raw("\" viewBox=\"0 0 ");
        markup.num(FILE_WIDTH).raw(" ").num(height).raw("\" aria-labelledby=\"t d\">\n");
        markup.raw("<title id=\"t\">").text(&self.title).raw("</title>\n<desc id=\"d\">");
        markup.text(&self.summary).raw("</desc>\n<style>").raw(STYLE).raw("</style>\n");
        markup.raw("<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n");
        let line = |markup: &mut Markup, class: &'static str, y: f64, text: &str| {
            markup.raw("<text class=\"").raw(class).raw("\" x=\"").num(FILE_EDGE);
            markup.raw("\" y=\"").num(y).raw("\">").text(text).raw("</text>\n");
        };
        line(&mut markup, "title", 22.0, &self.title);
        line(&mut markup, "key", 38.0, &self.key);
        markup.raw("<svg overflow=\"visible\" x=\"").num(left).raw("\" y=\"").num(FILE_TITLE);
        markup.raw("\" width=\"").num(FILE_WIDTH - left - FILE_EDGE).raw("\" height=\"");
        markup.num(self.height).raw("\">").add(&self.body).raw("</svg>\n</svg>\n");
        markup.finish()
    }
}

/// A signal's name as part of a file name: nothing but letters, digits and underscores.
pub(super) fn file_name(signal: &str) -> String {
    let fits = |character: char| if character.is_ascii_alphanumeric() { character } else { '_' };
    signal.chars().take(40).map(fits).collect()
}
