//! The audit as Markdown: a table of services, a table of attributes each, the changes as code.

use super::{carried, causes, cost, dialect_line, service_name};
use crate::diagnosis::audit::{Audit, DialectAudit, FixAudit};
use crate::report::markdown::{code, escape};

/// The audit, ending in a newline.
pub(super) fn markdown(audit: &Audit) -> String {
    let mut page =
        String::from("## Audit of the spans\n\n| service | calls | score |\n|---|---:|---:|\n");
    for service in &audit.services {
        let name = code(service_name(service));
        page.push_str(&format!("| {name} | {} | {} |\n", service.calls, service.score));
    }
    for service in &audit.services {
        for dialect in &service.dialects {
            let head = format!("{}: {}", service_name(service), dialect_line(dialect));
            page.push_str(&format!("\n### {}\n\n", escape(&head)));
            table(&mut page, dialect);
            dialect.fixes.iter().for_each(|change| of_change(&mut page, change));
        }
    }
    page
}

fn table(page: &mut String, dialect: &DialectAudit) {
    page.push_str(
        "| attribute | state | calls | what it costs | change |\n|---|---|---:|---|---|\n",
    );
    for entry in &dialect.attributes {
        let change = match &entry.fix {
            Some(fix) => code(fix),
            None if entry.state.is_gap() => "none known".to_owned(),
            None => String::new(),
        };
        let cost = if entry.state.is_gap() { escape(&cost(entry)) } else { String::new() };
        page.push_str(&format!(
            "| {} | {} | {} | {cost} | {change} |\n",
            code(&entry.attribute),
            entry.state.label(),
            carried(entry)
        ));
    }
}

fn of_change(page: &mut String, change: &FixAudit) {
    let FixAudit { id, gain, language, snippet, .. } = change;
    let brings: Vec<String> = change.closes.iter().map(|name| code(name)).collect();
    page.push_str(&format!("\n**{}**, up to {gain} more points. ", escape(id)));
    page.push_str(&format!("{} Brings {}.", escape(&change.change), brings.join(", ")));
    if !change.costs.is_empty() {
        page.push_str(&format!(" Helps to tell {}.", escape(&causes(&change.costs))));
    }
    page.push_str(&format!("\n\n```{language}\n{snippet}\n```\n"));
}
