//! A conclusion to text: terminal, Markdown, JSON. Renders what was concluded and computes nothing.
//!
//! A new form is a file beside these, an entry in [`Format`], and a line in [`render`].

pub mod audit;
pub mod capacity;
pub mod check;
mod columns;
mod cost;
pub mod explanation;
pub mod html;
pub mod inspection;
mod json;
mod markdown;
mod markup;
pub mod neutral;
pub mod numbers;
mod queries;
pub mod sparkline;
pub mod svg;
mod terminal;
pub mod ticket;
pub mod timeline;
mod waterfall;
pub mod wording;

pub use json::text as as_json;

use crate::diagnosis::Diagnosis;

/// A form of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a person at a terminal, or a log.
    Terminal,
    /// For an incident page.
    Markdown,
    /// The contract, for programs.
    Json,
    /// One page to attach, with every plot.
    Html,
}

impl Format {
    /// Every form, with the name and the file suffix by which it is asked for.
    pub const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Terminal, "terminal", "txt"),
        (Self::Markdown, "markdown", "md"),
        (Self::Json, "json", "json"),
        (Self::Html, "html", "html"),
    ];

    /// The form of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|entry| entry.1 == name).map(|entry| entry.0)
    }

    /// The form of that file suffix (without its dot, in any case).
    pub fn from_suffix(suffix: &str) -> Option<Self> {
        Self::ALL.iter().find(|entry| entry.2.eq_ignore_ascii_case(suffix)).map(|entry| entry.0)
    }
}

/// How a person wants to read; JSON looks at none of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns to fill, 80 to 120.
    pub width: usize,
    /// Whether to colour.
    pub colour: bool,
    /// Whether to keep to ASCII, for logs.
    pub plain: bool,
    /// Whether to print every check, figure and reason.
    pub verbose: bool,
    /// Whether to print the SQL behind each line of evidence.
    pub queries: bool,
}

impl Style {
    /// The narrowest page.
    pub const NARROW: usize = 80;
    /// The widest page: longer lines are hard to read.
    pub const WIDE: usize = 120;

    /// A page of that many columns, as near as its limits allow, without colour.
    pub fn of_width(width: usize) -> Self {
        let width = width.clamp(Self::NARROW, Self::WIDE);
        Self { width, colour: false, plain: false, verbose: false, queries: false }
    }
}

/// The report in that form, ending in a newline.
pub fn render(diagnosis: &Diagnosis, format: Format, style: Style) -> String {
    match format {
        Format::Terminal => terminal::terminal(&neutral::inert(diagnosis), style),
        Format::Markdown => markdown::markdown(&neutral::inert(diagnosis), style),
        Format::Json => json::json(diagnosis),
        Format::Html => html::render(diagnosis),
    }
}

/// The verdict in one line, for standard error.
pub fn verdict_line(diagnosis: &Diagnosis) -> String {
    format!("{}: {}", wording::badge(diagnosis.verdict), wording::verdict(diagnosis))
}
