//! Windows as people write them, against the data that they are written about.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

use llmspan::error::Error;
use llmspan::windows::{Range, WindowArgs, choose, split_at};
use proptest::prelude::*;

const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;
/// 2026-11-03T00:00:00Z.
const MIDNIGHT: i64 = 1_793_664_000 * SECOND;

/// A call every ten seconds over some hours of 2026-11-03 and after.
fn calls(from_hour: f64, to_hour: f64) -> Vec<i64> {
    let at = |hour: f64| MIDNIGHT + (hour * 3600.0) as i64 * SECOND;
    (at(from_hour)..at(to_hour)).step_by(10 * SECOND as usize).collect()
}

fn args(window: &str, baseline: Option<&str>, tz: Option<&str>) -> WindowArgs {
    let own = |text: Option<&str>| text.map(str::to_owned);
    WindowArgs { window: Some(window.to_owned()), baseline: own(baseline), tz: own(tz) }
}

fn window(starts: &[i64], text: &str) -> Range {
    choose(starts, &args(text, None, None)).unwrap().window
}

fn message(starts: &[i64], args: &WindowArgs) -> String {
    let error = choose(starts, args).unwrap_err();
    assert!(matches!(error, Error::Usage { .. }));
    assert_eq!(error.exit_code(), 2);
    assert!(!error.help().is_empty());
    format!("{error} | {}", error.help())
}

#[test]
fn the_date_comes_from_the_data() {
    let starts = calls(12.0, 16.0);
    let expected =
        Range { start_ns: MIDNIGHT + 14 * HOUR, end_ns: MIDNIGHT + 14 * HOUR + 900 * SECOND };
    for text in ["14:00-14:15", "14:00/15m", "2026-11-03T14:00/15m"] {
        assert_eq!(window(&starts, text), expected, "{text}");
    }
    let split = choose(&starts, &args("14:00-14:15", None, None)).unwrap();
    assert_eq!(split.window_rows, 720..810);
    assert_eq!(starts[split.window_rows.start], expected.start_ns);
}

#[test]
fn a_window_is_half_open() {
    let starts = calls(12.0, 16.0);
    let split = choose(&starts, &args("14:00:00-14:00:10", None, None)).unwrap();
    assert_eq!(split.window_rows.len(), 1);
}

#[test]
fn a_zone_moves_the_window() {
    let starts = calls(10.0, 16.0);
    let split = choose(&starts, &args("15:00-15:15", None, Some("Europe/Berlin"))).unwrap();
    assert_eq!(split.window.start_ns, MIDNIGHT + 14 * HOUR);
    let split = choose(&starts, &args("15:00-15:15", None, Some("+02:00"))).unwrap();
    assert_eq!(split.window.start_ns, MIDNIGHT + 13 * HOUR);
    let split = choose(&starts, &args("2026-11-03T15:00Z/15m", None, Some("+02:00"))).unwrap();
    assert_eq!(split.window.start_ns, MIDNIGHT + 15 * HOUR);
    assert!(message(&starts, &args("15:00-15:15", None, Some("Moon"))).contains("time zone"));
}

#[test]
fn a_window_over_midnight_belongs_to_the_day_it_begins_on() {
    let starts = calls(22.0, 26.0);
    let range = window(&starts, "23:50-00:10");
    assert_eq!(
        (range.start_ns, range.end_ns),
        (MIDNIGHT + DAY - 600 * SECOND, MIDNIGHT + DAY + 600 * SECOND)
    );
    // The data begins after midnight: the window began the day before.
    let range = window(&calls(24.0, 26.0), "23:50-00:10");
    assert_eq!(range.start_ns, MIDNIGHT + DAY - 600 * SECOND);
}

#[test]
fn a_window_that_fits_several_dates_names_them() {
    let starts = calls(0.0, 50.0);
    let text = message(&starts, &args("00:30-00:45", None, None));
    assert!(text.contains("fits 2026-11-03, 2026-11-04 and 2026-11-05"), "{text}");
    assert!(text.contains("2026-11-05T00:30:00Z/2026-11-05T00:45:00Z"), "{text}");
}

#[test]
fn a_window_outside_the_data_names_the_datas_range() {
    let starts = calls(12.0, 16.0);
    for text in ["18:00-18:15", "2026-11-04T14:00/15m", "2026-11-03T10:00Z/2026-11-03T11:00Z"] {
        let text = message(&starts, &args(text, None, None));
        assert!(text.contains("outside the data"), "{text}");
        assert!(text.contains("2026-11-03T12:00:00Z and 2026-11-03T15:59:50Z"), "{text}");
    }
    assert!(message(&[], &args("14:00-14:15", None, None)).contains("no call"));
}

#[test]
fn a_quiet_window_inside_the_data_is_no_error() {
    let mut starts = calls(12.0, 14.0);
    starts.extend(calls(15.0, 16.0));
    let split = choose(&starts, &args("14:10-14:20", None, None)).unwrap();
    assert!(split.window_rows.is_empty());
    assert!(split.notes.iter().any(|note| note.contains("No call started in the window")));
}

#[test]
fn a_baseline_that_reaches_into_the_window_ends_where_the_window_starts() {
    let starts = calls(12.0, 16.0);
    let split = choose(&starts, &args("14:00-14:15", Some("13:00-14:05"), None)).unwrap();
    let kept: Vec<_> = split.baseline.iter().map(Range::length_s).collect();
    assert_eq!(kept, [3600.0]);
    assert!(split.notes.iter().any(|note| note.contains("overlapped")), "{:?}", split.notes);
}

#[test]
fn impossible_arguments_say_what_is_wrong() {
    let starts = calls(12.0, 16.0);
    let case = |window, baseline| message(&starts, &args(window, baseline, None));
    assert!(case("2026-11-03T14:15/2026-11-03T14:00", None).contains("ends before it starts"));
    assert!(case("14:00-14:00", None).contains("no length"));
    assert!(case("two o'clock", None).contains("is no window"));
    assert!(case("14:00-14:15", Some("14:02-14:10")).contains("inside the window"));
    assert!(case("14:00-14:15", Some("10:00-11:00")).contains("outside the data"));
    assert!(case("14:00-14:15", Some("x")).contains("is no baseline"));
    let mut gap = calls(12.0, 13.0);
    gap.extend(calls(14.0, 15.0));
    let text = message(&gap, &args("14:00-14:15", Some("13:10-13:20"), None));
    assert!(text.contains("no call started in the baseline"), "{text}");
    let none = WindowArgs::default();
    assert!(message(&starts, &none).contains("no window"));
}

#[test]
fn a_baseline_without_date_is_of_the_windows_day() {
    let starts = calls(0.0, 50.0);
    let split = choose(&starts, &args("2026-11-04T14:00/15m", Some("12:00-13:00"), None)).unwrap();
    assert_eq!(
        split.baseline,
        [Range { start_ns: MIDNIGHT + DAY + 12 * HOUR, end_ns: MIDNIGHT + DAY + 13 * HOUR }]
    );
}

#[test]
fn the_chosen_baseline_leaves_out_the_minutes_before_the_window() {
    let starts = calls(12.0, 16.0);
    let split = choose(&starts, &args("14:00-14:15", None, None)).unwrap();
    let [baseline] = split.baseline.as_slice() else { panic!("{split:?}") };
    assert_eq!(baseline.start_ns, MIDNIGHT + 12 * HOUR);
    assert_eq!(baseline.end_ns, MIDNIGHT + 14 * HOUR - 300 * SECOND);
    assert!(split.notes[0].contains("without the last 300 s"), "{:?}", split.notes);
}

#[test]
fn traffic_after_the_window_serves_where_there_is_none_before() {
    let starts = calls(14.0, 16.0);
    let split = choose(&starts, &args("14:00-14:15", None, None)).unwrap();
    assert!(split.baseline[0].start_ns > split.window.end_ns);
    assert!(split.notes.iter().any(|note| note.contains("after it")), "{:?}", split.notes);
}

#[test]
fn the_same_hour_of_earlier_days_joins() {
    let starts = calls(0.0, 39.0);
    let split = choose(&starts, &args("2026-11-04T14:00/15m", None, None)).unwrap();
    assert_eq!(split.baseline.len(), 2);
    let yesterday = MIDNIGHT + 14 * HOUR;
    assert!(split.baseline[0].start_ns < yesterday && yesterday < split.baseline[0].end_ns);
    assert!(split.baseline.iter().all(|range| !range.overlaps(&split.window)));
    assert!(split.notes[0].contains("earlier days"), "{:?}", split.notes);
}

#[test]
fn other_spikes_are_no_baseline() {
    let starts = calls(12.0, 16.0);
    let hour = |from: f64, to: f64| Range {
        start_ns: MIDNIGHT + (from * 3600.0) as i64 * SECOND,
        end_ns: MIDNIGHT + (to * 3600.0) as i64 * SECOND,
    };
    let split = split_at(&starts, hour(15.0, 15.5), &[hour(13.0, 14.0), hour(14.5, 14.6)]);
    assert!(split.baseline.len() >= 2);
    assert!(split.baseline.iter().all(|range| !range.overlaps(&hour(13.0, 14.0))));
    assert_eq!(split.baseline_row_indices().len(), split.baseline_calls());
}

#[test]
fn a_lone_window_has_no_baseline_and_says_so() {
    let split = choose(&calls(14.0, 14.2), &args("14:00-14:15", None, None)).unwrap();
    assert!(split.baseline.is_empty());
    assert!(split.notes.iter().any(|note| note.contains("nothing to compare")));
}

proptest! {
    #[test]
    fn no_argument_panics(
        window in "\\PC{0,30}", near in "[-0-9:TZ/+.hms –d]{0,40}",
        starts in prop::collection::vec(prop::num::i64::ANY, 0..12), tz in "[A-Za-z/+:0-9]{0,12}",
    ) {
        let mut starts = starts;
        starts.sort_unstable();
        for text in [window.as_str(), near.as_str(), "14:00-15:00", "23:00/2h", "1900-01-01/1d"] {
            let _ = choose(&starts, &args(text, Some(&near), Some(&tz)));
            let _ = choose(&starts, &args(text, None, None));
        }
    }

    #[test]
    fn any_window_splits_without_overlap(
        starts in prop::collection::vec(prop::num::i64::ANY, 0..40),
        a in prop::num::i64::ANY, b in prop::num::i64::ANY, c in prop::num::i64::ANY,
    ) {
        let mut starts = starts;
        starts.sort_unstable();
        let range = |a: i64, b: i64| Range { start_ns: a.min(b), end_ns: a.max(b) };
        let split = split_at(&starts, range(a, b), &[range(b, c)]);
        for (at, baseline) in split.baseline.iter().enumerate() {
            prop_assert!(!baseline.overlaps(&split.window));
            prop_assert!(at == 0 || split.baseline[at - 1].end_ns <= baseline.start_ns);
        }
    }
}
