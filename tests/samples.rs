//! Every file of the shared samples and real dumps, in all its forms: read true, or refused for the
//! reason that stands in `testdata/samples.tsv`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use llmspan::diagnosis::inspection::Inspection;
use llmspan::ingest::Options;
use llmspan::settings::Settings;

const TABLE: &str = include_str!("../testdata/samples.tsv");

/// The dumps below a folder, by their path from the one above it.
fn dumps(root: &Path) -> BTreeSet<String> {
    let above = root.parent().unwrap();
    let (mut folders, mut found) = (vec![root.to_owned()], BTreeSet::new());
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap() {
            let path: PathBuf = entry.unwrap().path();
            let name = path.strip_prefix(above).unwrap().display().to_string();
            // What tells of the dumps is none.
            let about = name.ends_with(".md") || name.ends_with(".txt") || name.contains("TRUTH");
            if path.is_dir() {
                folders.push(path);
            } else if !about {
                found.insert(name);
            }
        }
    }
    found
}

fn lost(read: &Inspection) -> String {
    let losses = read.files.iter().flat_map(|file| &file.losses).filter(|loss| loss.lost);
    let losses: Vec<String> =
        losses.map(|loss| format!("{} {}", loss.count, loss.reason)).collect();
    losses.join("; ")
}

#[test]
fn every_file_is_read_true_or_refused_for_the_stated_reason() {
    for folder in ["samples", "realspans"] {
        let Some(root) = support::shared(folder) else { continue };
        let rows = TABLE.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
        let rows: Vec<Vec<&str>> = rows.filter(|row| row[0].starts_with(folder)).collect();
        let listed: BTreeSet<String> = rows.iter().map(|row| row[0].to_owned()).collect();
        assert_eq!(dumps(&root), listed, "the table and the folder differ");
        for row in rows {
            let [name, spans, calls, reason] = row[..] else { panic!("{row:?}") };
            let path = root.parent().unwrap().join(name).display().to_string();
            let read = llmspan::inspect_as(&[path], &Options::default(), &Settings::default());
            match (read, spans) {
                (Err(error), "-") => {
                    assert!(error.to_string().contains(reason), "{name}: {error}");
                    assert_eq!(error.exit_code(), 3, "{name}");
                    assert!(!error.help().is_empty(), "{name}");
                }
                (Ok(read), _) => {
                    let told = (read.spans, read.calls);
                    let stated = (spans.parse().unwrap(), calls.parse().unwrap());
                    assert_eq!(told, stated, "{name}");
                    assert_eq!(lost(&read), reason, "{name}");
                }
                (Err(error), _) => panic!("{name}: {error}"),
            }
        }
    }
}
