//! Where calls went (region, pool, fingerprint, served model, …) and why the cache missed.

use super::{Rows, Subject, count};
use crate::calls::Codes;
use crate::diagnosis::{ShareSeries, Shares};
use crate::schema::Col;

/// Values listed of a column, at most.
const VALUES: usize = 5;
/// Columns always shown where a call carries them: the routing.
const ROUTING: [Col; 6] = [
    Col::Provider,
    Col::Region,
    Col::PoolId,
    Col::SystemFingerprint,
    Col::ResponseModel,
    Col::RequestModel,
];
/// Columns shown where their shares moved.
const OTHERS: [Col; 3] = [Col::ServiceTier, Col::EdgePop, Col::PromptVersion];
/// A column of [`OTHERS`] has moved when one of its values did by this share.
const MOVED_SHARE: f64 = 0.1;

/// The shares of every column worth a look.
pub(super) fn shares(subject: &Subject<'_>, rows: &Rows) -> Vec<Shares> {
    let table = subject.table;
    let mut all: Vec<Shares> = Vec::new();
    let own;
    let reasons = if let Some(inferred) = subject.miss_reasons {
        inferred
    } else {
        own = table.codes(Col::CacheMissReason.name());
        &own
    };
    let cache_known = table.numbers(Col::CacheHitRatio);
    let told = |row: usize| cache_known[row].is_finite() || reasons.get(row).is_some();
    all.extend(column(Col::CacheMissReason, reasons, rows, told));
    for col in ROUTING.into_iter().chain(OTHERS) {
        let codes = table.codes(col.name());
        let found = column(col, &codes, rows, |row| codes.get(row).is_some());
        all.extend(found.filter(|shares| ROUTING.contains(&col) || moved(shares)));
    }
    all
}

fn moved(shares: &Shares) -> bool {
    let change =
        |series: &ShareSeries| series.window.unwrap_or(0.0) - series.baseline.unwrap_or(0.0);
    let known = shares.known_baseline > 0.0 && shares.known_window > 0.0;
    known && shares.values.iter().any(|series| change(series).abs() >= MOVED_SHARE)
}

/// The shares of one column among the calls that `told`; none where no call has a value.
fn column(col: Col, codes: &Codes, rows: &Rows, told: impl Fn(usize) -> bool) -> Option<Shares> {
    let tally = |rows: &[usize]| {
        let mut counts = vec![0_usize; codes.values.len()];
        let mut known = 0;
        for &row in rows.iter().filter(|&&row| told(row)) {
            known += 1;
            if let Some(slot) = codes.codes.get(row).and_then(|&code| counts.get_mut(code as usize))
            {
                *slot += 1;
            }
        }
        (counts, known)
    };
    let share = |(counts, known): &(Vec<usize>, usize), value: usize| {
        (*known > 0).then(|| count(counts[value]) / count(*known))
    };
    let (baseline, window) = (tally(&rows.baseline), tally(&rows.window));
    let bins: Vec<_> = rows.bins.iter().map(|bin| tally(bin)).collect();

    let weight = |value: usize| {
        let of = |period| share(period, value).unwrap_or(0.0);
        of(&baseline).max(of(&window))
    };
    let mut order: Vec<usize> = (0..codes.values.len()).filter(|&v| weight(v) > 0.0).collect();
    order.sort_by(|&a, &b| {
        weight(b).total_cmp(&weight(a)).then_with(|| codes.values[a].cmp(&codes.values[b]))
    });
    if order.is_empty() {
        return None;
    }
    let series = |&value: &usize| ShareSeries {
        value: codes.values[value].clone(),
        bins: bins.iter().map(|bin| share(bin, value)).collect(),
        baseline: share(&baseline, value),
        window: share(&window, value),
    };
    let part = |known: usize, of: &[usize]| count(known) / count(of.len().max(1));
    Some(Shares {
        column: col.name().to_owned(),
        axis: rows.axis.clone(),
        values: order.iter().take(VALUES).map(series).collect(),
        left_out: order.len().saturating_sub(VALUES),
        known_baseline: part(baseline.1, &rows.baseline),
        known_window: part(window.1, &rows.window),
    })
}
