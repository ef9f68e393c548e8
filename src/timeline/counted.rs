//! Where a sample was read: calls and failures over time are those of every call, as the server
//! counted them; what else is drawn is the sample's.

use std::collections::BTreeMap;

use super::bins::Bins;
use crate::calls::CallTable;
use crate::diagnosis::{DumpTimeline, TimelineGroup};
use crate::signals::counted::{Counts, MODEL, SERVICE, Sum};

/// Puts the server's counts where those of the sample stand.
pub fn redraw(found: &mut DumpTimeline, table: &CallTable, bins: &Bins) {
    let servers = found.ingest.counted.clone();
    if servers.is_empty() {
        return;
    }
    let counts = Counts::beside(table, &servers, found.ingest.files.len());
    let Some(counts) = counts.filter(|counts| counts.fits(bins.start_ns, bins.length_ns)) else {
        found.notes.push(
            "Counts and rates are those of the sample that was read: the server counts by the \
             minute, and what it counted cannot be laid beside several inputs."
                .to_owned(),
        );
        return;
    };
    let by = match found.by.as_deref() {
        Some(SERVICE | "service_name") => Some(SERVICE),
        Some(MODEL | "request_model") => Some(MODEL),
        _ => None,
    };
    exact(&mut found.all, &counts, &BTreeMap::new(), bins);
    for group in &mut found.groups {
        if let (Some(by), Some(value)) = (by, group.value.clone()) {
            exact(group, &counts, &BTreeMap::from([(by.to_owned(), value)]), bins);
        }
    }
    let groups = match (by, &found.by) {
        (None, Some(_)) => "; those of the groups are the sample's",
        _ => "",
    };
    found.notes.push(format!(
        "One trace in {} was read; calls and failures are those of every call, as they were counted\
         {}{groups}.",
        counts.one_in(),
        counts.by(),
    ));
}

fn exact(
    group: &mut TimelineGroup,
    counts: &Counts<'_>,
    segment: &BTreeMap<String, String>,
    bins: &Bins,
) {
    let mut sums = vec![Sum::default(); bins.count];
    let mut all = Sum::default();
    for (cell, part) in counts.of(segment) {
        all.add(cell, part);
        let at = (counts.start_ns(cell) - bins.start_ns).div_euclid(bins.length_ns);
        if let Some(sum) = usize::try_from(at).ok().and_then(|at| sums.get_mut(at)) {
            sum.add(cell, part);
        }
    }
    let whole = |calls: f64| calls.round() as usize;
    group.calls = whole(all.calls);
    group.calls_by_bin = sums.iter().map(|sum| whole(sum.calls)).collect();
    for series in &mut group.series {
        for (bin, (value, sum)) in series.values.iter_mut().zip(&sums).enumerate() {
            match series.signal.as_str() {
                "error_share" => *value = sum.error_share(),
                "calls_per_minute" if value.is_some() => {
                    *value = Some(sum.calls / bins.minutes(bin));
                }
                _ => {}
            }
        }
    }
}
