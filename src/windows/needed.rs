//! The stretches of time that a window and its baseline can come from, before any call is read: what
//! is asked of a store that holds far more.

use super::choose::{EARLIER_DAYS, earlier_day, reach_ns, zone};
use super::grammar::Written;
use super::{Range, WindowArgs};
use crate::error::Result;

/// Read beside each stretch: what began before it and is joined to calls in it, and calls that show
/// that the traffic did not begin with it.
const MARGIN_NS: i64 = 300 * 1_000_000_000;

/// The window, where one was given with its date.
///
/// # Errors
/// A time zone that is none.
pub fn stated(args: &WindowArgs) -> Result<Option<Range>> {
    let zone = zone(args.tz.as_deref())?;
    let written = args.window.as_deref().and_then(Written::parse);
    let dated = written.filter(|written| !written.needs_date());
    Ok(dated.and_then(|written| written.place(zone.date(0), zone).ok()))
}

/// Everything that [`super::choose`] can look at for these arguments; `None` where no window was
/// given, or one whose date only the data tells.
///
/// # Errors
/// A time zone that is none.
pub fn needed(args: &WindowArgs) -> Result<Option<Vec<Range>>> {
    let zone = zone(args.tz.as_deref())?;
    let placed = |text: &str, near: Option<Range>| {
        let written = Written::parse(text)?;
        let date = zone.date(near.map_or(0, |window| window.start_ns));
        let fits = near.is_some() || !written.needs_date();
        fits.then(|| written.place(date, zone).ok()).flatten()
    };
    let Some(window) = args.window.as_deref().and_then(|text| placed(text, None)) else {
        return Ok(None);
    };
    let mut needed = vec![window];
    match &args.baseline {
        Some(text) => match placed(text, Some(window)) {
            Some(baseline) => needed.push(baseline),
            None => return Ok(None),
        },
        None => return Ok(Some(around(window))),
    }
    Ok(Some(with_margins(needed)))
}

/// Everything that a baseline that is chosen for a window can come from, and the window.
pub fn around(window: Range) -> Vec<Range> {
    let reach = reach_ns(window);
    let near = Range {
        start_ns: window.start_ns.saturating_sub(reach),
        end_ns: window.end_ns.saturating_add(reach),
    };
    let days = EARLIER_DAYS.iter().map(|back| earlier_day(window, *back));
    with_margins([window, near].into_iter().chain(days).collect())
}

fn with_margins(mut ranges: Vec<Range>) -> Vec<Range> {
    for range in &mut ranges {
        range.start_ns = range.start_ns.saturating_sub(MARGIN_NS);
        range.end_ns = range.end_ns.saturating_add(MARGIN_NS);
    }
    ranges.sort_unstable();
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_NS: i64 = 60_000_000_000;

    fn of(window: &str, baseline: Option<&str>) -> Option<Vec<Range>> {
        let text = |text: &str| Some(text.to_owned());
        let baseline = baseline.and_then(text);
        needed(&WindowArgs { window: text(window), baseline, tz: None }).unwrap()
    }

    #[test]
    fn a_given_baseline_is_all_that_is_needed_beside_the_window() {
        let ranges = of("2026-11-03T14:00/15m", Some("12:00-13:00")).unwrap();
        let lengths: Vec<i64> =
            ranges.iter().map(|range| (range.end_ns - range.start_ns) / MINUTE_NS).collect();
        assert_eq!(lengths, [70, 25]);
    }

    #[test]
    fn a_baseline_to_choose_needs_both_sides_and_earlier_days() {
        let ranges = of("2026-11-03T14:00/15m", None).unwrap();
        assert_eq!(ranges.len(), 6);
        assert!(ranges.iter().any(|range| range.length_s() > 6.0 * 3600.0));
    }

    #[test]
    fn a_window_without_its_date_tells_nothing() {
        assert_eq!(of("14:00-14:15", None), None);
        assert_eq!(of("soon", None), None);
    }
}
