//! Tables of the page, and the small words that several of its parts share.

use super::Body;

/// A column: its heading, and whether it holds figures.
pub(super) type Heading = (&'static str, bool);

/// Opens a table that scrolls within itself on a narrow screen.
pub(super) fn open(body: &mut Body, caption: &str, headings: &[Heading]) {
    body.raw("<div class=\"scroll\"><table>");
    if !caption.is_empty() {
        body.element("caption", caption);
    }
    body.raw("<thead><tr>");
    for (heading, figures) in headings {
        body.raw(if *figures { "<th scope=\"col\" class=\"n\">" } else { "<th scope=\"col\">" });
        body.text(heading).raw("</th>");
    }
    body.raw("</tr></thead><tbody>\n");
}

/// A row of texts; the first names the row.
pub(super) fn row(body: &mut Body, headings: &[Heading], cells: &[&str]) {
    body.raw("<tr>");
    for (index, (cell, (_, figures))) in cells.iter().zip(headings).enumerate() {
        match (index, figures) {
            (0, _) => body.element("th scope=\"row\"", cell),
            (_, true) => body.element("td class=\"n\"", cell),
            (_, false) => body.element("td", cell),
        };
    }
    body.raw("</tr>\n");
}

/// Closes a table.
pub(super) fn close(body: &mut Body) {
    body.raw("</tbody></table></div>\n");
}

/// The text with a capital first letter.
pub(super) fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}
