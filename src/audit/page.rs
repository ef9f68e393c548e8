//! `docs/attributes.md`, written from the tables of attributes and of changes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{ATTRIBUTES, Attribute, FIXES, Fix};
use crate::dialects::{DIALECTS, From, To};

const INTRO: &str = "\
# Attributes that tell causes apart

Generated from `src/audit/`; edit there. `llmspan audit INPUT...` looks for these thirty on your own
spans, by service and dialect, and shows the shortest change for each gap.

An attribute counts as there when a diagnosis can use it, under whatever name and on whichever span
of the call it was written ([dialects.md](dialects.md) lists the names); the column is that of the
[call table](schema.md). It is *present* on at least 19 in 20 of the calls that could carry it,
*sometimes* there on fewer, *not credible* where its values cannot be true (a first chunk at the end
of the call, zeros for unknown, a cached count that never moves). The score is the weight of what is
there over the weight of what could be there, 0 to 100; where no call could carry an attribute, it
does not count.
";

/// The page.
pub fn page() -> String {
    let mut page = String::from(INTRO);
    page.push_str("\n| attribute | column | weight | looked for on |\n|---|---|---|---|\n");
    for entry in &ATTRIBUTES {
        let (name, col, among) = (entry.name, entry.col.name(), entry.among.describe());
        write(&mut page, format_args!("| `{name}` | `{col}` | {} | {among} |\n", entry.weight));
    }
    page.push_str("\n## What a gap costs\n\n| without | is lost | causes that it helps to tell |\n|---|---|---|\n");
    for entry in &ATTRIBUTES {
        let causes: Vec<String> =
            entry.costs.iter().map(|cause| format!("`{}`", cause.id())).collect();
        let causes =
            if causes.is_empty() { "none; the ticket".to_owned() } else { causes.join(", ") };
        write(&mut page, format_args!("| `{}` | {} | {causes} |\n", entry.name, entry.loses));
    }
    page.push_str("\n## What each instrumentation can carry\n\nBy the rules of its table; what it really writes, `llmspan audit` tells. Columns of HTTP attempts and of engines come from other spans of the trace.\n\n| attribute | dialects with a rule of their own |\n|---|---|\n");
    for entry in &ATTRIBUTES {
        write(&mut page, format_args!("| `{}` | {} |\n", entry.name, carriers(entry)));
    }
    page.push_str("\n## Changes that close a gap\n");
    changes(&mut page);
    page
}

/// Writing to a string cannot fail.
fn write(page: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = page.write_fmt(text);
}

fn carriers(entry: &Attribute) -> String {
    let fills = |field: &crate::dialects::Field| field.to == To::Col(entry.col);
    let derived = |field: &crate::dialects::Field| matches!(field.from, From::Fixed(_));
    let carry = DIALECTS
        .iter()
        .filter(|dialect| dialect.all_fields().any(|field| fills(&field) && !derived(&field)));
    let ids: Vec<&str> = carry.map(|dialect| dialect.id).collect();
    if ids.is_empty() {
        "derived from others".to_owned()
    } else if ids.len() + 1 >= DIALECTS.len() {
        "all".to_owned()
    } else {
        ids.join(", ")
    }
}

fn changes(page: &mut String) {
    let mut shown = BTreeSet::new();
    for fix in FIXES {
        if !shown.insert(fix.id) {
            continue;
        }
        let same: Vec<&Fix> = FIXES.iter().filter(|other| other.id == fix.id).collect();
        let brings = ATTRIBUTES
            .iter()
            .filter(|entry| same.iter().any(|other| other.closes.contains(&entry.col)))
            .map(|entry| format!("`{}`", entry.name));
        let brings: Vec<String> = brings.collect();
        let dialects: BTreeSet<&str> =
            same.iter().flat_map(|other| other.dialects.iter().copied()).collect();
        let any = same.iter().any(|other| other.dialects.is_empty());
        let dialects = if any {
            "any".to_owned()
        } else {
            dialects.into_iter().collect::<Vec<_>>().join(", ")
        };
        write(page, format_args!("\n### {}\n\n{}\n\n", fix.id, fix.change));
        write(page, format_args!("For: {dialects}. Brings {}.\n\n", brings.join(", ")));
        write(page, format_args!("```{}\n{}\n```\n", fix.language, fix.snippet));
    }
}
