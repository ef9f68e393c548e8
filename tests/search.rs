//! Without a window: spikes are found where they were, and healthy traffic gives none.
#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

mod support;

use std::path::Path;

use llmspan::diagnosis::{Diagnosis, Verdict};
use llmspan::windows::WindowArgs;
use llmspan::{diagnose, ingest, read};
use support::truth::{Case, cases};

/// What is found in a case's dump when nobody says where to look, clearest first.
fn found(case: &Case) -> Vec<Diagnosis> {
    let inputs = [case.dump.to_string_lossy().into_owned()];
    let (table, read) = read(&inputs, &ingest::Options::default()).unwrap();
    let mut main = diagnose(&table, read, &WindowArgs::default()).unwrap();
    if main.verdict != Verdict::Spike {
        return Vec::new();
    }
    let others = std::mem::take(&mut main.other_spikes);
    std::iter::once(main).chain(others).collect()
}

/// Whether a found window lies where the incident was: it begins after none of it is left, or ends
/// before it began, otherwise.
fn overlaps(case: &Case, spike: &Diagnosis) -> bool {
    let onset_s = case.causes.iter().map(|cause| cause.onset_s).fold(f64::INFINITY, f64::min);
    spike.window.end.timestamp() as f64 > onset_s
}

#[test]
fn the_shipped_incidents_are_found_without_being_told_when() {
    let (mut right, mut elsewhere, mut alarms) = (0, 0, 0);
    for case in cases(Path::new("testdata/incidents")) {
        let spikes = found(&case);
        if !case.is_spike {
            alarms += spikes.len();
            continue;
        }
        let (at, off): (Vec<_>, Vec<_>) = spikes.iter().partition(|spike| overlaps(&case, spike));
        elsewhere += off.len();
        let named = at.first().and_then(|spike| spike.diagnoses.first());
        if named.is_some_and(|first| case.is_right(first.cause.id(), 1)) {
            right += 1;
        } else {
            println!("{}: {:?}", case.name, named.map(|first| first.cause));
        }
    }
    println!("{right} of 17 found and named, {elsewhere} found elsewhere, {alarms} false alarms");
    assert!(right >= 15, "{right} of 17 found and named");
    assert!(elsewhere <= 3, "{elsewhere} spikes found where none was");
    assert!(alarms <= 1, "{alarms} spikes found in healthy traffic");
}

#[test]
fn too_little_data_to_search_is_no_verdict() {
    let inputs = ["testdata/dialects/openai_v2".to_owned()];
    let (table, ingest) = read(&inputs, &ingest::Options::default()).unwrap();
    let diagnosis = diagnose(&table, ingest, &WindowArgs::default()).unwrap();
    assert_eq!(diagnosis.verdict, Verdict::InsufficientData);
    assert!(diagnosis.headline.contains("too few"), "{}", diagnosis.headline);
}
