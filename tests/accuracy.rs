//! Whether the diagnosis is right, on dumps whose truth is known.
//!
//! The ordinary test runs the twenty incidents of `testdata/incidents`. Any other folder of cases:
//! `LLMSPAN_CASES=dir cargo test --test accuracy -- --nocapture --ignored`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

mod support;

use std::path::Path;

use support::score::{Answer, answers, mark, score, totals};
use support::score_table::report;
use support::truth::cases;

#[test]
fn the_shipped_incidents_are_diagnosed_and_the_healthy_windows_stay_quiet() {
    let cases = cases(Path::new("testdata/incidents"));
    assert_eq!(cases.len(), 20);
    let scored = score(&cases);
    println!("{}", report(&scored));
    for scored in &scored {
        assert!(scored.answer.error.is_none(), "{}: {:?}", scored.case.name, scored.answer.error);
        assert_eq!(
            scored.answer.window_calls, scored.case.window_calls,
            "{}: calls in the window",
            scored.case.name
        );
    }
    let totals = totals(answers(&scored));
    assert_eq!((totals.healthy, totals.incidents), (3, 17));
    assert_eq!(totals.false_alarms, 0, "false alarms");
    assert!(totals.acceptable_incidents >= 15, "{} of 17 acceptable", totals.acceptable_incidents);
    assert_eq!(totals.cited_right, Some(1.0), "cited ids that were affected");
}

#[test]
#[ignore = "runs the folder that LLMSPAN_CASES names"]
fn the_cases_of_another_folder_are_scored() {
    let Ok(folder) = std::env::var("LLMSPAN_CASES") else {
        println!("skipped: LLMSPAN_CASES names no folder");
        return;
    };
    let cases = cases(Path::new(&folder));
    assert!(!cases.is_empty(), "no truth.json under the folder");
    println!("{}", report(&score(&cases)));
}

#[test]
fn the_scores_can_fail() {
    let cases = cases(Path::new("testdata/incidents"));
    let alarm = Answer { verdict: "spike".into(), ..Answer::default() };
    let quiet = Answer { verdict: "no_spike".into(), ..Answer::default() };
    let healthy = cases.iter().find(|case| !case.is_spike).unwrap();
    let incident = cases.iter().find(|case| case.is_spike).unwrap();
    assert!(mark(healthy, &alarm).false_alarm && !mark(healthy, &alarm).acceptable);
    assert!(mark(healthy, &quiet).acceptable);
    assert!(mark(incident, &quiet).missed && !mark(incident, &quiet).acceptable);
}
