//! One word per thing: cause id, file, heading, fixture folder, contract.
#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use llmspan::diagnosis::{Cause, Owner};
use support::house::root;

/// Files in `src/causes/` that hold no cause.
const NO_CAUSE: [&str; 5] = ["mod", "page", "crowding", "lost_cache", "tree"];

fn ids() -> BTreeSet<String> {
    Cause::ALL.iter().map(|cause| cause.id().to_owned()).collect()
}

/// What is missing and what is too much.
fn difference(found: &BTreeSet<String>, expected: &BTreeSet<String>) -> Vec<String> {
    let missing = expected.difference(found).map(|id| format!("{id} is missing"));
    let extra = found.difference(expected).map(|id| format!("{id} is no cause"));
    missing.chain(extra).collect()
}

fn stems(folder: &Path) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeSet::new() };
    let stem =
        |entry: fs::DirEntry| entry.path().file_stem().unwrap().to_string_lossy().into_owned();
    entries.map(|entry| stem(entry.unwrap())).collect()
}

/// Headings of the second level, their code marks removed.
fn headings(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix("## "));
    headings.map(|heading| heading.trim().trim_matches('`').to_owned()).collect()
}

/// Rows `| cause | owner | …` of a table whose first cell is a cause in code marks.
fn table(text: &str) -> Vec<(String, String)> {
    let cell = |cell: &str| cell.trim().trim_matches('`').to_owned();
    let row = |line: &str| {
        let cells: Vec<&str> = line.strip_prefix("| `")?.split('|').collect();
        Some((cell(cells.first()?), cell(cells.get(1)?)))
    };
    text.lines()
        .filter_map(row)
        .filter(|(_, owner)| !owner.contains(' ') && owner.contains('_'))
        .collect()
}

#[test]
fn every_cause_has_its_file() {
    let mut found = stems(&root().join("src/causes"));
    NO_CAUSE.iter().for_each(|name| _ = found.remove(*name));
    if found.is_empty() {
        eprintln!("skipped: src/causes holds no file yet");
        return;
    }
    assert_eq!(difference(&found, &ids()), Vec::<String>::new(), "file name = cause id");
}

#[test]
fn every_cause_has_its_heading_in_the_documents() {
    let has_causes = !stems(&root().join("src/causes")).is_empty();
    match fs::read_to_string(root().join("docs/causes.md")) {
        Ok(page) => {
            let found: BTreeSet<String> = headings(&page);
            let missing = difference(&found.intersection(&ids()).cloned().collect(), &ids());
            assert_eq!(missing, Vec::<String>::new(), "docs/causes.md");
        }
        Err(error) => assert!(!has_causes, "docs/causes.md: {error}"),
    }
}

#[test]
fn fixtures_are_named_after_causes() {
    let found = stems(&root().join("testdata/causes"));
    let ids = ids();
    let unknown: Vec<_> = found.difference(&ids).collect();
    assert!(unknown.is_empty(), "testdata/causes holds {unknown:?}");
}

#[test]
fn the_contract_lists_every_cause_with_its_owner() {
    let page = fs::read_to_string(root().join("docs/contract.md")).unwrap();
    let expected: Vec<(String, String)> = Cause::ALL
        .iter()
        .map(|cause| (cause.id().to_owned(), cause.owner().id().to_owned()))
        .collect();
    assert_eq!(table(&page), expected);
    for owner in Owner::ALL {
        assert!(page.contains(owner.id()), "{} is not explained", owner.id());
    }
}

#[test]
fn a_missing_and_a_strange_name_are_both_found() {
    let mut found = ids();
    found.remove("mix_shift");
    found.insert("gremlins".to_owned());
    assert_eq!(difference(&found, &ids()), ["mix_shift is missing", "gremlins is no cause"]);
    assert_eq!(table("| `a` | `your_code` | x |"), [("a".to_owned(), "your_code".to_owned())]);
    assert!(headings("# x\n## `mix_shift`\n### y").contains("mix_shift"));
}
