//! What was read, folded, rejected, skipped and lost, in sentences.

use std::collections::BTreeMap;

use super::counted;
use crate::diagnosis::{Ingest, IngestFile, Loss, MAPPED};
use crate::report::numbers;

/// What was read, in sentences; the first says how much.
pub fn read(ingest: &Ingest) -> Vec<String> {
    let mut sentences = vec![read_first(ingest)];
    let list = |counts: &BTreeMap<String, u64>| {
        let parts = counts.iter().map(|(what, count)| format!("{what} {}", numbers::count(*count)));
        parts.collect::<Vec<_>>().join(", ")
    };
    if !ingest.folded.is_empty() {
        let folded = list(&ingest.folded);
        sentences.push(format!("Folded into their call, not counted twice: {folded}."));
    }
    if !ingest.rejected.is_empty() {
        let rejected = list(&ingest.rejected);
        sentences.push(format!("Impossible values dropped: {rejected}."));
    }
    sentences.extend(losses(ingest, true));
    sentences.extend(losses(ingest, false));
    sentences.extend(mappings(ingest));
    if !ingest.lost_any() && ingest.spans > 0 {
        sentences.push("Nothing was lost.".to_owned());
    }
    sentences
}

fn read_first(ingest: &Ingest) -> String {
    let files = match ingest.files.as_slice() {
        [] => String::new(),
        [file] if file.format.is_empty() => format!(" from {}", file.file),
        [file] => format!(" from {} ({})", file.file, file.format),
        files => format!(" from {}", counted(files.len() as u64, "file")),
    };
    let dialects = ingest.dialects.iter();
    let dialects = dialects.map(|(name, count)| format!("{name} {}", numbers::count(*count)));
    let dialects = dialects.collect::<Vec<_>>().join(", ");
    let dialects = if dialects.is_empty() { dialects } else { format!(" ({dialects})") };
    format!(
        "Read {}{files}: {}{dialects}.",
        counted(ingest.spans, "span"),
        counted(ingest.calls, "LLM call")
    )
}

/// Which columns of tables that nobody documented were taken for what, a sentence a file.
pub fn mappings(ingest: &Ingest) -> Vec<String> {
    let of_file = |file: &IngestFile| {
        let said = file.losses.iter().find(|loss| loss.reason.starts_with(MAPPED))?;
        Some(format!("{}: {}.", file.file, said.reason))
    };
    ingest.files.iter().filter_map(of_file).collect()
}

/// Most files named in one sentence about losses.
const FILES_NAMED: usize = 5;

/// What was lost (`lost`), or skipped on purpose, by file; none where nothing was.
pub fn losses(ingest: &Ingest, lost: bool) -> Option<String> {
    let entries = ingest.files.iter().flat_map(|file| {
        let of_kind = move |loss: &&Loss| loss.lost == lost && !loss.reason.starts_with(MAPPED);
        let of_file = file.losses.iter().filter(of_kind);
        of_file.map(move |loss| {
            let count = numbers::count(loss.count);
            let place = if loss.first.is_empty() {
                String::new()
            } else {
                format!(", first at {}", loss.first)
            };
            format!("{count} in {} ({}{place})", file.file, loss.reason)
        })
    });
    let entries: Vec<String> = entries.collect();
    if entries.is_empty() {
        return None;
    }
    let more = entries.len().saturating_sub(FILES_NAMED);
    let named = entries.into_iter().take(FILES_NAMED).collect::<Vec<_>>().join(", ");
    let more = if more > 0 { format!(" and {} more", numbers::len(more)) } else { String::new() };
    let what = if lost { "Lost records" } else { "Skipped, of other kinds" };
    Some(format!("{what}: {named}{more}."))
}
