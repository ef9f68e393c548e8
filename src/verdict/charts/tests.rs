use super::*;
use crate::calls::{Call, Cell};

const MINUTE_NS: i64 = 60_000_000_000;

/// An hour of baseline and ten minutes of window, a call every two seconds; in the window the
/// cache is gone, half of the calls go to another region.
fn table(calls: i64) -> CallTable {
    let call = |index: i64| {
        let start = index * 2_000_000_000;
        let late = start >= 60 * MINUTE_NS;
        let uncached = 200 + (index * 37) % 1800 + if late { 9_000 } else { 0 };
        let mut call = Call::default();
        call.set(Col::Start, Cell::Int(start));
        call.set_text(Col::TraceId, &format!("{index:08}"));
        call.set_text(Col::RequestModel, "m");
        call.set_text(Col::Status, if index % 50 == 0 { "error" } else { "ok" });
        let region = if late && index % 2 == 0 { "eu" } else { "us" };
        call.set_text(Col::Region, region);
        if late {
            call.set_text(Col::CacheMissReason, "evicted");
        }
        let ttft = 0.1 + uncached as f64 * 1e-4;
        call.set(Col::TtftS, Cell::Float(ttft));
        call.set(Col::ItlS, Cell::Float(0.02));
        call.set(Col::DurationS, Cell::Float(ttft + 4.0));
        call.set(Col::UncachedTokens, Cell::Int(uncached));
        call.set(Col::InputTokens, Cell::Int(uncached + 10_000));
        call.set(Col::CacheReadTokens, Cell::Int(10_000));
        call.set(Col::CacheHitRatio, Cell::Float(0.9));
        call
    };
    CallTable::from_calls((0..calls).map(call).collect())
}

fn subject<'a>(table: &'a CallTable, baseline: &'a [Range<i64>]) -> Subject<'a> {
    Subject {
        table,
        window: 60 * MINUTE_NS..70 * MINUTE_NS,
        baseline,
        slice: None,
        segment: BTreeMap::new(),
        onset_ns: Some(61 * MINUTE_NS),
        miss_reasons: None,
    }
}

#[test]
fn the_timeline_marks_window_and_onset_and_shows_what_came_after() {
    let table = table(2_400);
    let timeline = timeline(&subject(&table, &[0..60 * MINUTE_NS]));
    assert_eq!(timeline.bin_s, 30.0);
    assert_eq!((timeline.window_from, timeline.window_to), (45, 65));
    assert_eq!(timeline.onset_bin, Some(47));
    let names: Vec<&str> = timeline.series.iter().map(|series| &*series.signal).collect();
    assert_eq!(
        names,
        [
            "ttft_p50_s",
            "ttft_p95_s",
            "itl_p50_s",
            "itl_p95_s",
            "duration_p50_s",
            "duration_p95_s",
            "calls_per_minute",
            "cache_hit_ratio",
            "error_share"
        ]
    );
    assert!(timeline.series.iter().all(|series| series.values.len() == 65 + 12));
    assert_eq!(timeline.series[6].values[10], Some(30.0));
}

#[test]
fn a_scatter_is_bounded_keeps_the_slowest_call_and_says_how_many_there_were() {
    let table = table(2_100);
    let charts = charts(&subject(&table, &[0..60 * MINUTE_NS]));
    let ttft = &charts.scatters[0];
    assert_eq!((ttft.baseline_calls, ttft.window_calls), (1_800, 300));
    assert_eq!((ttft.baseline.len(), ttft.window.len()), (400, 300));
    let slowest = table.numbers(Col::TtftS)[..1_800].iter().copied().fold(0.0, f64::max);
    assert_eq!(ttft.baseline.last().unwrap().y, slowest);
    assert_eq!(ttft.expected.len(), 12);
    let mid = ttft.expected[6];
    assert!((mid.p50 - (0.1 + (mid.from + mid.to) / 2.0 * 1e-4)).abs() < 0.02, "{mid:?}");
    let own = &charts.scatters[1];
    assert!(own.baseline.iter().all(|point| (1.0..=4.0).contains(&point.x)));
}

#[test]
fn shares_say_where_calls_went_and_distributions_add_up() {
    let table = table(2_100);
    let charts = charts(&subject(&table, &[0..60 * MINUTE_NS]));
    let columns: Vec<&str> = charts.shares.iter().map(|shares| &*shares.column).collect();
    assert_eq!(columns, ["cache_miss_reason", "region", "request_model"]);
    let region = &charts.shares[1];
    assert_eq!(region.values[0].value, "us");
    assert_eq!((region.values[1].baseline, region.values[1].window), (Some(0.0), Some(0.5)));
    assert_eq!(charts.distributions.len(), 3);
    for distribution in &charts.distributions {
        assert_eq!(distribution.edges.len(), distribution.baseline.shares.len() + 1);
        for spread in [&distribution.baseline, &distribution.window] {
            assert!((spread.shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }
    }
}

#[test]
fn nothing_known_is_nothing_drawn() {
    let empty = CallTable::from_calls(vec![Call::default()]);
    let nothing = charts(&subject(&empty, &[]));
    assert!(nothing.scatters.is_empty() && nothing.shares.is_empty());
    assert!(nothing.distributions.is_empty());
    let timeline = timeline(&subject(&empty, &[]));
    assert!(timeline.series.iter().all(|series| series.signal == "calls_per_minute"));
}

#[test]
fn a_window_of_years_is_still_bounded() {
    let table = table(2);
    let mut long = subject(&table, &[]);
    long.window = 0..i64::MAX / 2;
    let timeline = timeline(&long);
    assert!(timeline.series[0].values.len() <= 80);
}
