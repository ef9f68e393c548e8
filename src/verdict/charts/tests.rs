//! The plots are bounded, complete, and empty where nothing is known.

use super::*;
use crate::calls::{Call, Cell};
use crate::schema::Col;

const MINUTE_NS: i64 = 60_000_000_000;
const BASELINE: Range<i64> = 0..60 * MINUTE_NS;

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
        axis: TimeAxis {
            start: chrono::DateTime::from_timestamp_nanos(40 * MINUTE_NS),
            bin_s: 60.0,
            bins: 35,
            window_from: 20,
            window_to: 30,
        },
        miss_reasons: None,
    }
}

#[test]
fn a_scatter_is_bounded_keeps_the_slowest_call_and_says_how_many_there_were() {
    let table = table(2_100);
    let charts = charts(&subject(&table, std::slice::from_ref(&BASELINE)));
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
    let table = table(2_250);
    let charts = charts(&subject(&table, std::slice::from_ref(&BASELINE)));
    let columns: Vec<&str> = charts.shares.iter().map(|shares| &*shares.column).collect();
    assert_eq!(columns, ["cache_miss_reason", "region", "request_model"]);
    let region = &charts.shares[1];
    assert_eq!(region.values[0].value, "us");
    assert_eq!(region.values[1].bins.len(), 35);
    assert_eq!((region.values[1].bins[5], region.values[1].bins[25]), (Some(0.0), Some(0.5)));
    assert_eq!(region.values[1].bins[34], Some(0.5));
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
}
