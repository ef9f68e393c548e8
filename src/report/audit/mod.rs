//! An audit to text: terminal, Markdown, JSON. Renders what was concluded and computes nothing.

mod markdown;
mod terminal;

use super::{Style, json, neutral, numbers, wording};
use crate::diagnosis::audit::{AttributeAudit, Audit, DialectAudit, ServiceAudit, State};
use crate::diagnosis::{Cause, Ingest};

/// A form of the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a person at a terminal, or a log.
    Terminal,
    /// For a page or a pull request.
    Markdown,
    /// For programs.
    Json,
}

impl Format {
    /// Every form, with the name and the file suffix by which it is asked for.
    pub const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Terminal, "terminal", "txt"),
        (Self::Markdown, "markdown", "md"),
        (Self::Json, "json", "json"),
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

/// The audit in that form, ending in a newline.
pub fn render(audit: &Audit, ingest: &Ingest, format: Format, style: Style) -> String {
    match format {
        Format::Terminal => terminal::terminal(&inert(audit), ingest, style),
        Format::Markdown => markdown::markdown(&inert(audit)),
        Format::Json => json::text(audit),
    }
}

/// A copy in which every text from the spans is inert; the others are this program's own.
fn inert(audit: &Audit) -> Audit {
    let mut copy = audit.clone();
    for service in &mut copy.services {
        service.service = service.service.as_deref().map(neutral::line);
        for dialect in &mut service.dialects {
            dialect.dialect = neutral::line(&dialect.dialect);
        }
    }
    copy
}

fn service_name(service: &ServiceAudit) -> &str {
    service.service.as_deref().unwrap_or("(no service.name)")
}

/// `OpenLLMetry, 51 calls, score 64`.
fn dialect_line(dialect: &DialectAudit) -> String {
    format!(
        "{}, {}, score {} of 100",
        dialect.title,
        wording::counted(dialect.calls, "call"),
        dialect.score
    )
}

/// The attributes that are there, and those that do not apply, each as one sentence.
fn listed(dialect: &DialectAudit, state: State) -> Option<String> {
    let there = dialect.attributes.iter().filter(|entry| entry.state == state);
    let names: Vec<&str> = there.map(|entry| entry.attribute.as_str()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// The gaps, those that are not credible first, then absent, then partial.
fn gaps(dialect: &DialectAudit) -> impl Iterator<Item = &AttributeAudit> {
    let states = [State::NotCredible, State::Absent, State::Sometimes];
    states
        .into_iter()
        .flat_map(|state| dialect.attributes.iter().filter(move |entry| entry.state == state))
}

/// `29 of 36 calls`, or nothing where none carries it.
fn carried(entry: &AttributeAudit) -> String {
    format!("{} of {}", numbers::count(entry.known), numbers::count(entry.of))
}

fn causes(causes: &[Cause]) -> String {
    causes.iter().map(|cause| cause.id()).collect::<Vec<_>>().join(", ")
}

/// What a gap costs, in one sentence.
fn cost(entry: &AttributeAudit) -> String {
    let loses = entry.loses.as_deref().unwrap_or_default();
    let mut text = entry.because.as_ref().map_or_else(String::new, |why| format!("{why}; "));
    text.push_str(loses);
    if !entry.costs.is_empty() {
        text.push_str(&format!(" ({})", causes(&entry.costs)));
    }
    text
}

/// What closes a gap.
fn closed_by(entry: &AttributeAudit) -> &str {
    entry.fix.as_deref().unwrap_or("no change on your side is known")
}
