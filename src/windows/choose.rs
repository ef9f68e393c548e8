//! From what was asked for to rows: the date from the data, and normal traffic to compare with.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate};

use super::grammar::{Unplaced, Written, Zone};
use super::{Range, Split, WindowArgs};
use crate::error::{Error, Result};

const SECOND_NS: i64 = 1_000_000_000;
const HOUR_NS: i64 = 3600 * SECOND_NS;
const DAY_NS: i64 = 24 * HOUR_NS;
/// Fewer calls than this on one side make it a thin baseline: the other side is looked at too.
const FEW_CALLS: usize = 50;
/// The stretch left out before a window, since an incident often begins before it is noticed: half
/// of the window, at most this long and at most a tenth of the history.
const MOST_GUARD_NS: i64 = 300 * SECOND_NS;
/// How far back the baseline reaches at least, and in lengths of the window.
const REACH_NS: i64 = 2 * HOUR_NS;
const REACH_WINDOWS: i64 = 12;
/// Earlier days whose same hour joins the baseline.
pub(super) const EARLIER_DAYS: [i64; 4] = [1, 2, 3, 7];
/// Most dates that an error names.
const MOST_DATES: usize = 4;

const FORMS: &str = "write 14:00-14:15, 2026-11-03T14:00/15m or \
                     2026-11-03T14:00:00Z/2026-11-03T14:15:00Z";

/// Resolves the arguments against the calls' start times (ascending, nanoseconds).
///
/// # Errors
///
/// [`Error::Usage`] where an argument cannot be read, lies outside the data, fits several dates,
/// where the baseline lies inside the window, and where no window was given (see [`super::find`]).
pub fn choose(starts_ns: &[i64], args: &WindowArgs) -> Result<Split> {
    let Some(text) = &args.window else {
        return Err(Error::usage("no window was given", FORMS));
    };
    let zone = zone(args.tz.as_deref())?;
    let window = resolve(starts_ns, text, "window", zone, None)?;
    let Some(text) = &args.baseline else {
        return Ok(split_at(starts_ns, window, &[]));
    };
    let baseline = resolve(starts_ns, text, "baseline", zone, Some(window))?;
    // What lies in the window is no normal traffic, whoever asked for it.
    let kept = without(vec![baseline], &[window]);
    if kept.is_empty() {
        return Err(Error::usage(
            format!("the baseline {baseline} lies inside the window {window}"),
            "give a baseline that ends before the window starts or starts after it ends, or leave \
             --baseline out",
        ));
    }
    let (ranges, rows): (Vec<Range>, Vec<_>) = kept
        .into_iter()
        .map(|range| (range, range.rows(starts_ns)))
        .filter(|(_, rows)| !rows.is_empty())
        .unzip();
    if rows.is_empty() {
        return Err(Error::usage(
            format!("no call started in the baseline {baseline}"),
            format!("{}; or leave --baseline out", data_range(starts_ns)),
        ));
    }
    let window_rows = window.rows(starts_ns);
    let mut notes = Vec::new();
    note_thin_window(&window_rows, &mut notes);
    if baseline.overlaps(&window) {
        notes.push("The baseline overlapped the window: the common part counts as window.".into());
    }
    Ok(Split { window, window_rows, baseline: ranges, baseline_rows: rows, notes, picked_from: 1 })
}

/// Resolves one stretch of time, `what` naming it in errors.
///
/// # Errors
/// As [`choose`].
pub fn placed(starts_ns: &[i64], text: &str, what: &str, tz: Option<&str>) -> Result<Range> {
    resolve(starts_ns, text, what, zone(tz)?, None)
}

/// Chooses the baseline of a window: the traffic before it, without the stretch just before it,
/// and the same hour of earlier days where the data reaches back that far; else the traffic after
/// it. Calls in `exclude` (other incidents) are no baseline.
///
/// The baseline is empty where there is no other call.
pub fn split_at(starts_ns: &[i64], window: Range, exclude: &[Range]) -> Split {
    let mut notes = Vec::new();
    let window_rows = window.rows(starts_ns);
    note_thin_window(&window_rows, &mut notes);
    let calls = |ranges: &[Range]| -> usize {
        ranges.iter().map(|range| range.rows(starts_ns).len()).sum()
    };
    let before = without(before(starts_ns, window), exclude);
    let after = without(after(starts_ns, window), exclude);
    let (earlier, later) = (calls(&before), calls(&after));
    let mut baseline = if earlier >= FEW_CALLS || later == 0 {
        before
    } else if earlier * 2 < later {
        let calls = match earlier {
            0 => "No call".to_owned(),
            1 => "Only one call".to_owned(),
            more => format!("Only {more} calls"),
        };
        notes.push(format!(
            "{calls} started before the window: the baseline is the traffic after it, which an \
             incident that outlasts the window spoils."
        ));
        after
    } else {
        notes.push("The baseline is the traffic on both sides of the window.".to_owned());
        [before, after].concat()
    };
    let days = without(earlier_days(starts_ns, window), &[exclude, &baseline].concat());
    baseline.extend(days.into_iter().filter(|range| !range.rows(starts_ns).is_empty()));
    baseline.retain(|range| !range.rows(starts_ns).is_empty());
    baseline.sort_unstable();
    describe(&baseline, window, calls(&baseline), &mut notes);
    let baseline_rows = baseline.iter().map(|range| range.rows(starts_ns)).collect();
    Split { window, window_rows, baseline, baseline_rows, notes, picked_from: 1 }
}

fn describe(baseline: &[Range], window: Range, calls: usize, notes: &mut Vec<String>) {
    let (Some(first), Some(last)) = (baseline.first(), baseline.last()) else {
        notes.push("No call started outside the window: there is nothing to compare with.".into());
        return;
    };
    let span = Range { start_ns: first.start_ns, end_ns: last.end_ns };
    if first.start_ns < window.start_ns.saturating_sub(DAY_NS / 2) && baseline.len() > 1 {
        notes.push(format!(
            "The baseline was chosen: {calls} calls of {span}, the hours before the window and the \
             same hour of earlier days."
        ));
    } else {
        let guard = guard_ns(window, span.start_ns) / SECOND_NS;
        let left_out = if span.end_ns <= window.start_ns && guard > 0 {
            format!(", without the last {guard} s before the window")
        } else {
            String::new()
        };
        notes.push(format!("The baseline was chosen: {calls} calls of {span}{left_out}."));
    }
}

fn note_thin_window(rows: &std::ops::Range<usize>, notes: &mut Vec<String>) {
    if rows.is_empty() {
        notes.push("No call started in the window.".to_owned());
    }
}

fn guard_ns(window: Range, first_ns: i64) -> i64 {
    let length = window.end_ns.saturating_sub(window.start_ns);
    let history = window.start_ns.saturating_sub(first_ns).max(0);
    // Whole seconds read better, and lose nothing.
    (length / 2).min(MOST_GUARD_NS).min(history / 10) / SECOND_NS * SECOND_NS
}

pub(super) fn reach_ns(window: Range) -> i64 {
    let length = window.end_ns.saturating_sub(window.start_ns);
    length.saturating_mul(REACH_WINDOWS).clamp(REACH_NS, DAY_NS.max(length.saturating_mul(2)))
}

fn before(starts_ns: &[i64], window: Range) -> Vec<Range> {
    let Some(&first) = starts_ns.first() else { return Vec::new() };
    let from = first.max(window.start_ns.saturating_sub(reach_ns(window)));
    let to = window.start_ns.saturating_sub(guard_ns(window, from));
    range(from, to)
}

fn after(starts_ns: &[i64], window: Range) -> Vec<Range> {
    let Some(&last) = starts_ns.last() else { return Vec::new() };
    let end = last.saturating_add(1).min(window.end_ns.saturating_add(reach_ns(window)));
    let left = end.saturating_sub(window.end_ns).max(0);
    let length = window.end_ns.saturating_sub(window.start_ns);
    let guard = (length / 2).min(MOST_GUARD_NS).min(left / 10) / SECOND_NS * SECOND_NS;
    range(window.end_ns.saturating_add(guard), end)
}

/// The same hour of earlier days: the window's time of day with its length, at least half an hour,
/// on both sides.
fn earlier_days(starts_ns: &[i64], window: Range) -> Vec<Range> {
    let Some(&first) = starts_ns.first() else { return Vec::new() };
    let day = |back: &i64| {
        let day = earlier_day(window, *back);
        range(day.start_ns.max(first), day.end_ns.min(window.start_ns))
    };
    let mut days: Vec<Range> = EARLIER_DAYS.iter().flat_map(day).collect();
    days.sort_unstable();
    days.dedup();
    days
}

/// The window's hour so many days before.
pub(super) fn earlier_day(window: Range, back: i64) -> Range {
    let pad = window.end_ns.saturating_sub(window.start_ns).clamp(HOUR_NS / 2, DAY_NS / 4);
    let shift = |time: i64| time.saturating_sub(back * DAY_NS);
    Range {
        start_ns: shift(window.start_ns).saturating_sub(pad),
        end_ns: shift(window.end_ns).saturating_add(pad),
    }
}

fn range(start_ns: i64, end_ns: i64) -> Vec<Range> {
    if start_ns < end_ns { vec![Range { start_ns, end_ns }] } else { Vec::new() }
}

/// What remains of the ranges when others are cut out of them.
fn without(ranges: Vec<Range>, exclude: &[Range]) -> Vec<Range> {
    exclude.iter().fold(ranges, |ranges, cut| {
        let parts = ranges.into_iter().flat_map(|kept| {
            let left = range(kept.start_ns, kept.end_ns.min(cut.start_ns));
            let right = range(kept.start_ns.max(cut.end_ns), kept.end_ns);
            if kept.overlaps(cut) { [left, right].concat() } else { vec![kept] }
        });
        parts.collect()
    })
}

pub(super) fn zone(text: Option<&str>) -> Result<Zone> {
    let Some(text) = text else { return Ok(Zone::UTC) };
    Zone::parse(text).ok_or_else(|| {
        Error::usage(
            format!("`{}` is no time zone", text.escape_debug()),
            "name one as in Europe/Berlin, or give an offset as in +02:00",
        )
    })
}

fn resolve(
    starts_ns: &[i64],
    text: &str,
    what: &str,
    zone: Zone,
    window: Option<Range>,
) -> Result<Range> {
    let shown = text.escape_debug();
    let written = Written::parse(text)
        .ok_or_else(|| Error::usage(format!("`{shown}` is no {what}"), FORMS))?;
    let (Some(&first), Some(&last)) = (starts_ns.first(), starts_ns.last()) else {
        return Err(Error::usage(
            format!("there is no call that the {what} could hold"),
            "give a dump that holds LLM calls",
        ));
    };
    let unplaced = |why| unplaced(&shown.to_string(), what, why);
    if !written.needs_date() {
        let placed = written.place(zone.date(first), zone).map_err(unplaced)?;
        let outside = placed.end_ns <= first || placed.start_ns > last;
        return if outside {
            Err(outside_data(&placed.to_string(), what, starts_ns))
        } else {
            Ok(placed)
        };
    }
    let (mut fitting, mut failure, mut quiet) = (Vec::new(), None, None);
    for date in dates(starts_ns, zone) {
        match written.place(date, zone) {
            Ok(placed) if !placed.rows(starts_ns).is_empty() => fitting.push((date, placed)),
            Ok(placed) if placed.start_ns > first && placed.end_ns <= last => {
                quiet = quiet.or(Some(placed));
            }
            Ok(_) => {}
            Err(why) => failure = failure.or(Some(why)),
        }
    }
    match (fitting.as_slice(), window) {
        ([(_, only)], _) => Ok(*only),
        ([], _) => match (quiet, failure) {
            (Some(quiet), _) => Ok(quiet),
            (None, Some(why)) => Err(unplaced(why)),
            (None, None) => Err(outside_data(&shown.to_string(), what, starts_ns)),
        },
        (several, Some(window)) => {
            let date = zone.date(window.start_ns);
            let same = several.iter().find(|(fits, _)| *fits == date).map(|(_, placed)| *placed);
            same.ok_or_else(|| several_dates(&shown.to_string(), what, several))
        }
        (several, None) => Err(several_dates(&shown.to_string(), what, several)),
    }
}

/// The dates on which calls started, and the ones before: a window over midnight belongs to the
/// day on which it begins. Dates without calls are skipped, so a stray timestamp costs nothing.
fn dates(starts_ns: &[i64], zone: Zone) -> BTreeSet<NaiveDate> {
    let (mut dates, mut rest) = (BTreeSet::new(), starts_ns);
    while let Some(&start) = rest.first() {
        let date = zone.date(start);
        dates.extend(date.checked_sub_days(Days::new(1)));
        dates.insert(date);
        let next = rest.partition_point(|&start| zone.date(start) <= date).max(1);
        rest = rest.get(next..).unwrap_or_default();
    }
    dates
}

fn unplaced(shown: &str, what: &str, why: Unplaced) -> Error {
    let (message, help) = match why {
        Unplaced::Reversed => ("ends before it starts", "swap its start and its end"),
        Unplaced::Empty => {
            ("has no length: it ends when it starts", "give it an end after its start")
        }
        Unplaced::SkippedByClock => (
            "names a time that the clocks of this zone skip",
            "write the times in UTC, as in 2026-11-03T14:00Z/15m",
        ),
        Unplaced::OutOfRange => ("lies beyond the years 1677 to 2262", "check its date"),
    };
    Error::usage(format!("the {what} `{shown}` {message}"), help)
}

fn outside_data(shown: &str, what: &str, starts_ns: &[i64]) -> Error {
    Error::usage(format!("the {what} {shown} lies outside the data"), data_range(starts_ns))
}

fn several_dates(shown: &str, what: &str, fitting: &[(NaiveDate, Range)]) -> Error {
    let mut dates: Vec<String> =
        fitting.iter().take(MOST_DATES).map(|(date, _)| date.to_string()).collect();
    if fitting.len() > MOST_DATES {
        dates.push(format!("{} more", fitting.len() - MOST_DATES));
    }
    let last = dates.pop().unwrap_or_default();
    let help = fitting
        .last()
        .map_or(String::new(), |(_, placed)| format!("write it with its date: {placed}"));
    Error::usage(format!("the {what} `{shown}` fits {} and {last}", dates.join(", ")), help)
}

fn data_range(starts_ns: &[i64]) -> String {
    let text = |time_ns: Option<&i64>| {
        let time = DateTime::from_timestamp_nanos(time_ns.copied().unwrap_or_default());
        time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    };
    format!(
        "the calls started between {} and {} (UTC; --tz sets another zone)",
        text(starts_ns.first()),
        text(starts_ns.last())
    )
}
