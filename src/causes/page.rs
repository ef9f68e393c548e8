//! The documentation of the causes, written from their rules.

use std::fmt::Write as _;

use super::{RULES, Rule};

const INTRO: &str = "\
# Causes

Every cause that `llmspan diagnose` can name; each is one file in `src/causes/`, and this page is
written from those files. How the effects behind them are measured stands in [method.md](method.md).
";

/// The page `docs/causes.md`.
pub fn page() -> String {
    let mut page = String::from(INTRO);
    page.push_str("\n| cause | what happened | whose |\n|---|---|---|\n");
    for Rule { cause, .. } in &RULES {
        let (id, what, owner) = (cause.id(), cause.label(), cause.owner().label());
        line(&mut page, format_args!("| [`{id}`](#{id}) | {what} | {owner} |"));
    }
    RULES.iter().for_each(|rule| section(&mut page, rule));
    page
}

/// One page a cause, `docs/causes/<id>.md`: the same rule with its incident, and whom to ask.
pub fn pages() -> Vec<(String, String)> {
    RULES
        .iter()
        .enumerate()
        .map(|(at, rule)| (rule.cause.id().to_owned(), alone(at, rule)))
        .collect()
}

/// The shipped incident of that number is of this cause: the two lists have one order.
fn alone(at: usize, rule: &Rule) -> String {
    let Rule { cause, doc, .. } = rule;
    let mut page = String::new();
    line(&mut page, format_args!("# {}\n", cause.id()));
    line(&mut page, format_args!("{}: {}.\n\n{doc}\n", cause.owner().label(), cause.label()));
    needs(&mut page, rule);
    line(&mut page, format_args!("\n## An incident of it\n\n{SHIPPED}\n"));
    line(&mut page, format_args!("```sh\nllmspan diagnose testdata/incidents/{at:03}"));
    line(&mut page, format_args!("```\n\nMore of them, with their truth beside them:\n"));
    let id = cause.id();
    line(&mut page, format_args!("```sh\nllmspan simulate -o cases --cause {id} --cases 3\n```"));
    line(
        &mut page,
        format_args!("\nIts rule: `src/causes/{id}.rs`. All causes: [causes.md](../causes.md)."),
    );
    page
}

const SHIPPED: &str = "\
One is shipped; without `--window` it is looked for, and its `truth.json` says what was done:";

fn section(page: &mut String, rule: &Rule) {
    line(page, format_args!("\n## {}\n\n{}\n", rule.cause.id(), rule.doc));
    needs(page, rule);
}

fn needs(page: &mut String, rule: &Rule) {
    let needs: Vec<String> = rule.needs.iter().map(|name| format!("`{name}`")).collect();
    let needs = if needs.is_empty() {
        "the calls' times and token counts alone".to_owned()
    } else {
        needs.join(", ")
    };
    line(page, format_args!("Needs: {needs}."));
    if rule.constants.is_empty() {
        return;
    }
    page.push_str("\n| constant | value | source |\n|---|---|---|\n");
    for constant in rule.constants {
        line(
            page,
            format_args!("| {} | {} | {} |", constant.name, constant.value, constant.source),
        );
    }
}

/// Writing to a string cannot fail.
fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = writeln!(page, "{text}");
}
