//! How it was decided: the checks, what is out and why, what cannot be told, what the spans carry.
//! In short, causes that the same reading speaks against stand together.

use super::page::Page;
use crate::diagnosis::{Coverage, Diagnosis, RuledOut, Step, Undecidable};
use crate::report::wording;

/// A column carried by less than this share of the window's calls is named as lacking.
const LACKING: f64 = 0.5;
/// A multiple below this speaks for itself against a rise.
const ROSE: f64 = 1.15;

/// The tree as it was walked.
pub fn path(page: &mut Page, path: &[Step]) {
    if path.is_empty() {
        return;
    }
    let steps =
        path.iter().map(|step| format!("{} {} → {}", step.question, step.reading, step.answer));
    page.list("Checked", steps);
    page.gap();
}

/// What the evidence speaks against.
pub fn ruled_out(page: &mut Page, ruled_out: &[RuledOut]) {
    if ruled_out.is_empty() {
        return;
    }
    let texts = ruled_out.iter().map(|out| format!("{}: {}", out.cause.id(), out.because));
    page.list("Ruled out", texts);
    page.gap();
}

/// What these spans cannot settle, and which attribute would.
pub fn cannot_tell(page: &mut Page, undecidable: &[Undecidable]) {
    if undecidable.is_empty() {
        return;
    }
    page.list("Cannot tell", undecidable.iter().map(wording::undecidable));
    page.gap();
}

/// What the evidence speaks against, each group of causes with the one figure that was read.
pub fn ruled_out_in_short(page: &mut Page, ruled_out: &[RuledOut]) {
    if ruled_out.is_empty() {
        return;
    }
    let groups = grouped(ruled_out.iter().map(|out| (&*out.because, out.cause.id())));
    let told = |(because, causes): &(&str, Vec<&str>)| {
        let causes = causes.join(", ");
        reading(because).map_or_else(|| causes.clone(), |reading| format!("{causes} {reading}"))
    };
    let told: Vec<String> = groups.iter().map(told).collect();
    page.labelled("Ruled out", &format!("{}.", told.join("; ")));
    page.gap();
}

/// The multiple in a reason that nothing rose: `×1.02` of `TTFT expected from cache misses: ×1.02
/// [0.97, 1.08]`. Where it did rise the reason is another one, and takes a sentence.
fn reading(because: &str) -> Option<&str> {
    let word = because.split_whitespace().find(|word| word.starts_with('×'))?;
    let multiple: f64 = word.trim_start_matches('×').parse().ok()?;
    (multiple < ROSE).then_some(word)
}

/// What these spans cannot settle, with the causes that the same lack leaves open together.
pub fn cannot_tell_in_short(page: &mut Page, undecidable: &[Undecidable]) {
    let text = |open: &Undecidable| wording::unsettled(open);
    let texts: Vec<String> = undecidable.iter().map(text).collect();
    let pairs = texts.iter().zip(undecidable).map(|(text, open)| (&**text, open.cause.id()));
    let groups = grouped(pairs);
    if groups.is_empty() {
        return;
    }
    let told = |(text, causes): &(&str, Vec<&str>)| format!("{}: {text}", causes.join(", "));
    page.list("Cannot tell", groups.iter().map(told));
    page.gap();
}

/// Entries with the same text together, in order of first appearance.
fn grouped<'a>(entries: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for (text, id) in entries {
        match groups.iter_mut().find(|group| group.0 == text) {
            Some(group) => group.1.push(id),
            None => groups.push((text, vec![id])),
        }
    }
    groups
}

/// Which columns the calls carry, so that a reader knows what the answer rests on.
pub fn carried(page: &mut Page, diagnosis: &Diagnosis) {
    if diagnosis.coverage.is_empty() {
        return;
    }
    if !page.style().verbose {
        return lacking(page, &diagnosis.coverage);
    }
    let entry = |coverage: &Coverage| wording::coverage(coverage);
    let entries: Vec<String> = diagnosis.coverage.iter().map(entry).collect();
    page.labelled("Carried", &format!("{} of the window's calls", entries.join(", ")));
    page.gap();
}

/// The columns that most calls of the window lack; those that none has go without a figure.
fn lacking(page: &mut Page, coverage: &[Coverage]) {
    let lacking = coverage.iter().filter(|coverage| coverage.window_share < LACKING);
    let told = lacking.map(|coverage| match coverage.window_share {
        share if share > 0.0 => wording::coverage(coverage),
        _ => coverage.column.clone(),
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() {
        return;
    }
    let told = format!("{}: `llmspan audit` says what that costs", told.join(", "));
    page.labelled("Lacking", &told);
    page.gap();
}
