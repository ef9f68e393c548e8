//! HTML and SVG in the making: tags are literals of this program, everything else is escaped.
//!
//! [`Markup::raw`] takes only `&'static str`, so no text that came from a span can become a tag.

use super::neutral;

/// Longest id, in characters: ids are never cut in practice, and bounded all the same.
const LONGEST_ID: usize = 256;
/// Longest id where even text is cut short: real ones have at most 64.
const SHORT_ID: usize = 80;
/// Below this bound on text, ids take theirs too.
const SHORT_TEXT: usize = 150;

/// Markup being written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Markup {
    out: String,
    longest: usize,
}

impl Markup {
    /// Nothing yet; text longer than `longest` characters will be cut, with an ellipsis.
    pub(crate) const fn new(longest: usize) -> Self {
        Self { out: String::new(), longest }
    }

    /// A part with the same bound on text.
    pub(crate) const fn part(&self) -> Self {
        Self::new(self.longest)
    }

    /// Tags and words of the program itself.
    pub(crate) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.out.push_str(markup);
        self
    }

    /// Text from anywhere: made inert, cut and escaped. Also for attribute values in `"`. A
    /// figure stays on one line with its unit.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.escaped(text, self.longest)
    }

    /// A sentence of the diagnosis, in which names stand between backticks.
    pub(crate) fn prose(&mut self, text: &str) -> &mut Self {
        let pieces: Vec<&str> = text.split('`').collect();
        if pieces.len().is_multiple_of(2) || text.chars().nth(self.longest).is_some() {
            return self.text(text);
        }
        for (index, piece) in pieces.into_iter().enumerate() {
            if index % 2 == 1 {
                self.element("code", piece);
            } else {
                self.text(piece);
            }
        }
        self
    }

    /// An id, which is of no use cut.
    pub(crate) fn id(&mut self, text: &str) -> &mut Self {
        let longest = if self.longest < SHORT_TEXT { SHORT_ID } else { LONGEST_ID };
        self.escaped(text, longest)
    }

    /// A coordinate, a hundredth deep.
    pub(crate) fn num(&mut self, value: f64) -> &mut Self {
        let value = if value.is_finite() { value } else { 0.0 };
        let text = format!("{value:.2}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        self.out.push_str(if text == "-0" { "0" } else { text });
        self
    }

    /// A whole number: for ids and counts of the markup itself.
    pub(crate) fn int(&mut self, value: usize) -> &mut Self {
        self.out.push_str(&value.to_string());
        self
    }

    /// An element that holds only text; `open` is its name, with attributes if any.
    pub(crate) fn element(&mut self, open: &'static str, text: &str) -> &mut Self {
        let name = open.split(' ').next().unwrap_or(open);
        self.raw("<").raw(open).raw(">").text(text).raw("</").raw(name).raw(">")
    }

    /// A part written before.
    pub(crate) fn add(&mut self, part: &Self) -> &mut Self {
        self.out.push_str(&part.out);
        self
    }

    /// The markup.
    pub(crate) fn finish(self) -> String {
        self.out
    }

    /// A query, whole and with its lines; it is ASCII as it is made, and nothing else passes.
    pub(crate) fn whole(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            match character {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                ' '..='~' | '\n' => self.out.push(character),
                _ => self.out.push('?'),
            }
        }
        self
    }

    fn escaped(&mut self, text: &str, longest: usize) -> &mut Self {
        let inert = neutral::line(text);
        let mut characters = inert.chars().enumerate().peekable();
        let mut after_digit = false;
        while let Some((index, character)) = characters.next() {
            if index == longest {
                self.out.push('…');
                break;
            }
            let next = characters.peek().map(|(_, next)| *next);
            match character {
                ' ' if after_digit && matches!(next, Some('%' | 'm' | 's')) => {
                    self.out.push('\u{a0}');
                }
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\'' => self.out.push_str("&#39;"),
                _ => self.out.push(character),
            }
            after_digit = character.is_ascii_digit();
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_a_tag_or_leave_its_attribute() {
        let mut markup = Markup::new(100);
        markup.raw("<a title=\"").text("\"><script>alert('1')&").raw("\">");
        let expected = "<a title=\"&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&amp;\">";
        assert_eq!(markup.finish(), expected);
    }

    #[test]
    fn text_is_cut_and_an_id_is_not() {
        let mut markup = Markup::new(3);
        markup.element("td class=\"n\"", "abcdef").raw(" ").id("abcdef");
        assert_eq!(markup.finish(), "<td class=\"n\">abc…</td> abcdef");
    }

    #[test]
    fn names_between_backticks_are_set_as_code() {
        let mut markup = Markup::new(100);
        markup.prose("served by a<b; an odd ` stays");
        markup.raw("|").prose("from `a<b` on");
        let expected = "served by a&lt;b; an odd ` stays|from <code>a&lt;b</code> on";
        assert_eq!(markup.finish(), expected);
    }

    #[test]
    fn a_figure_stays_with_its_unit() {
        let mut markup = Markup::new(100);
        markup.text("rose by 41 % to 610 ms in 3 regions");
        assert_eq!(markup.finish(), "rose by 41\u{a0}% to 610\u{a0}ms in 3 regions");
    }

    #[test]
    fn coordinates_are_short() {
        let mut markup = Markup::new(3);
        for value in [1.0, 0.5, 33.333_33, -0.001, f64::NAN] {
            markup.num(value).raw(" ");
        }
        assert_eq!(markup.finish(), "1 0.5 33.33 0 0 ");
    }
}
