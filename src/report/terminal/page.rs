//! A page of fixed width: lines, wrapped paragraphs with a hanging indent, aligned tables, colour.

use anstyle::{AnsiColor, Style as Paint};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use unicode_width::UnicodeWidthStr;

use crate::report::Style;
use crate::report::columns::{UNBROKEN, fit, unparted, wrap};

/// Columns that a label takes, with the space before and after it.
pub const LABEL: usize = 14;

/// The page as it grows.
pub struct Page {
    out: String,
    style: Style,
}

/// What a piece of text is, and so how it is coloured.
#[derive(Debug, Clone, Copy)]
pub enum Tone {
    /// A badge of alarm.
    Alarm,
    /// A badge of calm.
    Calm,
    /// A badge of doubt.
    Doubt,
    /// A heading, or the line to read first.
    Strong,
    /// A bar, or the window's part of a series.
    Mark,
    /// Less important.
    Faint,
}

/// Where a table's column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// To the left.
    Left,
    /// To the right: figures.
    Right,
}

impl Page {
    /// An empty page.
    pub fn new(style: Style) -> Self {
        Self { out: String::new(), style }
    }

    /// How it is laid out.
    pub fn style(&self) -> Style {
        self.style
    }

    /// Columns on a line.
    pub fn width(&self) -> usize {
        self.style.width
    }

    /// The page, ending in one newline.
    pub fn finish(self) -> String {
        self.out
    }

    /// A text as this page may show it: in ASCII where it must be.
    pub fn text(&self, text: &str) -> String {
        if self.style.plain { ascii(text) } else { text.to_owned() }
    }

    /// The text as this page may show it, cut where it is wider than `room` columns.
    pub fn fit(&self, text: &str, room: usize) -> String {
        self.text(&fit(&self.text(text), room))
    }

    /// The text in its colour, where the page has colour.
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        let text = self.text(text);
        if !self.style.colour || text.is_empty() {
            return text;
        }
        let paint = match tone {
            Tone::Alarm => Paint::new().bold().invert().fg_color(Some(AnsiColor::Red.into())),
            Tone::Calm => Paint::new().bold().invert().fg_color(Some(AnsiColor::Green.into())),
            Tone::Doubt => Paint::new().bold().invert().fg_color(Some(AnsiColor::Yellow.into())),
            Tone::Strong => Paint::new().bold(),
            Tone::Mark => Paint::new().fg_color(Some(AnsiColor::Cyan.into())),
            Tone::Faint => Paint::new().dimmed(),
        };
        format!("{paint}{text}{paint:#}")
    }

    /// A line as it stands; blanks at its end are dropped.
    pub fn line(&mut self, line: &str) {
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    /// An empty line, never two in a row.
    pub fn gap(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// A heading.
    pub fn heading(&mut self, text: &str) {
        let text = self.paint(Tone::Strong, &self.fit(text, self.width() - 1));
        self.line(&format!(" {text}"));
    }

    /// Text wrapped at the page's width, `indent` columns in.
    pub fn paragraph(&mut self, indent: usize, text: &str) {
        if text.is_empty() {
            return;
        }
        for line in wrap(&self.text(text), self.width() - indent) {
            self.line(&format!("{:indent$}{line}", ""));
        }
    }

    /// A label with its text beside it, wrapped with a hanging indent.
    pub fn labelled(&mut self, label: &str, text: &str) {
        self.hung(label, LABEL, text);
    }

    /// The same with the text that many columns in.
    pub fn hung(&mut self, label: &str, indent: usize, text: &str) {
        let lines = wrap(&self.text(text), self.width() - indent);
        for (index, line) in lines.iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            let pad = " ".repeat(indent.saturating_sub(label.width() + 1));
            let label = self.paint(Tone::Strong, label);
            self.line(&format!(" {label}{pad}{line}"));
        }
    }

    /// A label with several texts beside it, each on lines of its own.
    pub fn list(&mut self, label: &str, texts: impl IntoIterator<Item = String>) {
        for (index, text) in texts.into_iter().enumerate() {
            self.labelled(if index == 0 { label } else { "" }, &text);
        }
    }

    /// A table without lines, `indent` columns in; what does not fit is wrapped in its cell.
    pub fn table(&mut self, indent: usize, align: &[Align], rows: &[Vec<String>]) {
        for line in self.table_lines(indent, align, rows) {
            self.line(&line);
        }
    }

    /// The lines of such a table.
    pub fn table_lines(&self, indent: usize, align: &[Align], rows: &[Vec<String>]) -> Vec<String> {
        let mut table = Table::new();
        let room = u16::try_from(self.width() + 2 - indent).unwrap_or(u16::MAX);
        table.load_style(presets::NOTHING).set_width(room);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        for row in rows {
            table.add_row(row.iter().map(|cell| unparted(&self.text(cell))).collect::<Vec<_>>());
        }
        for (index, align) in align.iter().enumerate() {
            if let Some(column) = table.column_mut(index) {
                column.set_padding((0, 2));
                let right = *align == Align::Right;
                column.set_cell_alignment(if right {
                    CellAlignment::Right
                } else {
                    CellAlignment::Left
                });
            }
        }
        let lines = table.lines().map(|line| line.replace(UNBROKEN, " "));
        lines.map(|line| format!("{:indent$}{line}", "")).collect()
    }
}

/// The page's own signs in ASCII; other text, such as a name in another script, as escapes.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            ' '..='~' | '\n' => out.push(character),
            '→' => out.push_str("->"),
            '×' => out.push('x'),
            '·' | '│' => out.push('|'),
            '–' | '—' | '−' => out.push('-'),
            '…' => out.push('~'),
            '±' => out.push_str("+/-"),
            '≥' => out.push_str(">="),
            '≤' => out.push_str("<="),
            '█' => out.push('#'),
            '▁' => out.push('_'),
            '▂' => out.push('.'),
            '▃' => out.push(':'),
            '▄' => out.push('-'),
            '▅' => out.push('='),
            '▆' => out.push('+'),
            '▇' => out.push('*'),
            '▌' | '▐' => out.push('|'),
            '▲' => out.push('^'),
            _ => out.extend(character.escape_unicode()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_pages_hold_ascii_only() {
        assert!(ascii("610 ms → 2,020 ms · 3.31× ▁█ 模").is_ascii());
    }
}
