//! Where a sample was judged: the exact counts of every call beside it, the same test for a spike
//! on them, and the timeline's counts made those of every call.

use std::collections::BTreeMap;

use chrono::DateTime;

use super::changes::{HELD, MATERIAL_P50, MATERIAL_P95, share_change};
use super::figures;
use crate::calls::CallTable;
use crate::diagnosis::{
    Change, Counted, CountedCalls, CountedSlice, Diagnosis, Ingest, LEAST_TAIL_CALLS, Series,
    SignalChange, Timeline,
};
use crate::signals::counted::{Counts, MODEL, SERVICE, Sum};
use crate::signals::counted_search::{Levels, levels};
use crate::windows::{self, Range, Split};

/// Where the server's counts tell nothing.
const OF_THE_SAMPLE: &str = "Counts and rates are those of the sample: what the server counted \
                             cannot be laid beside several inputs, or beside a sample without calls.";
/// Most services, and most models, that are told apart: those with most calls in the window.
const MOST_SLICES: usize = 5;
/// Fewest calls of a stretch for its 95th percentile.
const LEAST_TAIL: f64 = 20.0;
/// A sub-window of the baseline is a yardstick from this part of the window's calls on.
const LEAST_PART: f64 = 1.0 / 3.0;

type Segment = BTreeMap<String, String>;

/// The series of every call in which spikes are looked for where only a sample of them is at hand.
pub fn searched(ingest: &Ingest, table: &CallTable, end_ns: i64) -> Option<windows::Counted> {
    let Levels { start_ns, bin_ns, series } =
        levels(&Counts::beside(table, &ingest.counted, ingest.files.len())?)?;
    Some(windows::Counted { start_ns, bin_ns, end_ns, series })
}

/// Puts the server's counts into a diagnosis of its sample.
pub fn fill(diagnosis: &mut Diagnosis, table: &CallTable, split: &Split) {
    let counted = diagnosis.ingest.counted.clone();
    if counted.is_empty() {
        return;
    }
    let Some(counts) = Counts::beside(table, &counted, diagnosis.ingest.files.len()) else {
        diagnosis.notes.push(OF_THE_SAMPLE.to_owned());
        return;
    };
    let stretches = Stretches::new(&counts, split);
    let own = diagnosis.timeline.as_ref().map(|timeline| timeline.segment.clone());
    let mut segments = segments(&counts, &stretches);
    if let Some(own) = own.filter(|own| counts.tells(own) && !segments.contains(own)) {
        segments.push(own);
    }
    let slice = |segment: Segment| {
        let series = series(&counts, &segment, diagnosis.timeline.as_ref());
        stretches.slice(&counts, segment, series)
    };
    let slices: Vec<CountedSlice> = segments.into_iter().map(slice).collect();
    let time = DateTime::from_timestamp_nanos;
    let counted = Counted {
        one_in: counts.one_in(),
        exact: counts.exact,
        bin_s: counts.bin_ns() as f64 * 1e-9,
        baseline_start: time(stretches.baseline.first().map_or(0, |bin| bin.0)),
        baseline_end: time(stretches.baseline.last().map_or(0, |bin| bin.0 + counts.bin_ns())),
        slices,
    };
    let drawn = diagnosis.timeline.as_mut().map(|timeline| redraw(timeline, &counted));
    diagnosis.notes.extend(notes(&counted, counts.by(), drawn));
    diagnosis.counted = Some(counted);
}

/// The server's bins on both sides.
struct Stretches {
    /// First instant of each bin of the baseline, ascending, with the stretch that it lies in.
    baseline: Vec<(i64, usize)>,
    window: (i64, i64),
    /// Whether the server told the window's calls apart, and else the bins that lie in it are meant.
    apart: bool,
    bin_ns: i64,
}

impl Stretches {
    fn new(counts: &Counts<'_>, split: &Split) -> Self {
        let bin_ns = counts.bin_ns();
        let mut starts: Vec<i64> =
            counts.of(&Segment::new()).map(|(cell, _)| counts.start_ns(cell)).collect();
        starts.sort_unstable();
        starts.dedup();
        let within = |start: &i64| {
            let end = start.saturating_add(bin_ns);
            let holds = |range: &Range| range.start_ns <= *start && end <= range.end_ns;
            Some((*start, split.baseline.iter().position(holds)?))
        };
        let baseline = starts.iter().filter_map(within).collect();
        let apart = counts.of(&Segment::new()).any(|(cell, _)| cell.in_window);
        Self { baseline, window: (split.window.start_ns, split.window.end_ns), apart, bin_ns }
    }

    fn in_window(&self, start_ns: i64, in_window: bool) -> bool {
        let whole = start_ns >= self.window.0 && start_ns + self.bin_ns <= self.window.1;
        if self.apart { in_window } else { whole }
    }

    fn slice(&self, counts: &Counts<'_>, segment: Segment, series: Vec<Series>) -> CountedSlice {
        let mut window = Sum::default();
        let mut bins: BTreeMap<i64, Sum> = BTreeMap::new();
        for (cell, part) in counts.of(&segment) {
            let start_ns = counts.start_ns(cell);
            if self.in_window(start_ns, cell.in_window) {
                window.add(cell, part);
            } else if self.baseline.binary_search_by_key(&start_ns, |bin| bin.0).is_ok() {
                bins.entry(start_ns).or_default().add(cell, part);
            }
        }
        let mut baseline = Sum::default();
        bins.values().for_each(|sum| baseline.join(sum, 1.0));
        let signals = self.signals(&window, &baseline, &bins);
        CountedSlice { segment, window: window.told(), baseline: baseline.told(), signals, series }
    }

    fn signals(
        &self,
        window: &Sum,
        baseline: &Sum,
        bins: &BTreeMap<i64, Sum>,
    ) -> Vec<SignalChange> {
        let subs = self.sub_windows(baseline, bins, window.calls * LEAST_PART);
        let of = |name: &str, material: f64, value: &dyn Fn(&Sum) -> Option<f64>| {
            let ratio = |(within, rest): &(Sum, Sum)| {
                let (within, rest) = (value(within)?, value(rest)?);
                (rest > 0.0).then(|| within / rest)
            };
            let usual = subs.iter().filter_map(ratio).reduce(f64::max).map(|most| most.max(1.0));
            change(name, material, value(baseline), value(window), usual)
        };
        let mut signals = vec![
            of("duration_p50_s", MATERIAL_P50, &|sum| sum.duration_s(0.5, 3.0)),
            of("duration_p95_s", MATERIAL_P95, &|sum| sum.duration_s(0.95, LEAST_TAIL)),
            of("ttft_p50_s", MATERIAL_P50, &|sum| sum.ttft_s(0.5, 3.0)),
            of("ttft_p95_s", MATERIAL_P95, &|sum| sum.ttft_s(0.95, LEAST_TAIL)),
        ];
        let failed = |sum: &Sum| (sum.failed, sum.calls);
        signals.push(share_change("error_share", failed(baseline), failed(window)));
        signals.retain(|signal| signal.change != Change::Unknown);
        signals
    }

    /// Stretches of the baseline as long as the window, each with the rest of the baseline.
    fn sub_windows(
        &self,
        baseline: &Sum,
        bins: &BTreeMap<i64, Sum>,
        least: f64,
    ) -> Vec<(Sum, Sum)> {
        let length = (self.window.1 - self.window.0 + self.bin_ns - 1) / self.bin_ns;
        let length_ns = length.max(1).saturating_mul(self.bin_ns);
        let step_ns = (length / 4).max(1).saturating_mul(self.bin_ns);
        let mut subs = Vec::new();
        let mut next = i64::MIN;
        for (start, of) in &self.baseline {
            let end = start.saturating_add(length_ns);
            let last = self.baseline.partition_point(|bin| bin.0 < end).checked_sub(1);
            let whole = last.is_some_and(|last| {
                let (last, of_last) = self.baseline[last];
                of_last == *of && last + self.bin_ns * 2 > end
            });
            if *start < next || !whole {
                continue;
            }
            next = start.saturating_add(step_ns);
            let mut within = Sum::default();
            bins.range(*start..end).for_each(|(_, sum)| within.join(sum, 1.0));
            let mut rest = baseline.clone();
            rest.join(&within, -1.0);
            if within.calls >= least.max(1.0) && rest.calls >= within.calls {
                subs.push((within, rest));
            }
        }
        subs
    }
}

/// Every call, each service, each model: where there are several.
fn segments(counts: &Counts<'_>, stretches: &Stretches) -> Vec<Segment> {
    let mut segments = vec![Segment::new()];
    for name in [SERVICE, MODEL] {
        let mut calls: BTreeMap<&str, f64> = BTreeMap::new();
        for (cell, part) in counts.of(&Segment::new()) {
            let value = if name == SERVICE { &cell.service } else { &cell.model };
            let inside = stretches.in_window(counts.start_ns(cell), cell.in_window);
            let more = if inside { cell.spans as f64 * part } else { 0.0 };
            *calls.entry(value.as_str()).or_default() += more;
        }
        calls.remove("");
        let mut calls: Vec<(&str, f64)> = calls.into_iter().collect();
        if calls.len() < 2 {
            continue;
        }
        calls.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        let named =
            |(value, _): &(&str, f64)| Segment::from([(name.to_owned(), (*value).to_owned())]);
        segments.extend(calls.iter().take(MOST_SLICES).map(named));
    }
    segments
}

fn change(
    name: &str,
    material: f64,
    baseline: Option<f64>,
    window: Option<f64>,
    usual_ratio: Option<f64>,
) -> SignalChange {
    let ratio = baseline.zip(window).filter(|(was, _)| *was > 0.0).map(|(was, is)| is / was);
    let beyond = |ratio: f64| usual_ratio.is_none_or(|most| ratio > most);
    let change = match ratio {
        None => Change::Unknown,
        Some(ratio) if ratio >= material && beyond(ratio) => Change::Rose,
        Some(ratio) if ratio <= 1.0 / material => Change::Fell,
        Some(ratio) if ratio > 1.0 / HELD && ratio < HELD => Change::Held,
        Some(_) => Change::Unclear,
    };
    SignalChange {
        signal: name.to_owned(),
        baseline,
        window,
        ratio_low: None,
        ratio_high: None,
        usual_ratio,
        change,
    }
}

/// The series of a slice on the bins of a timeline.
fn series(counts: &Counts<'_>, segment: &Segment, timeline: Option<&Timeline>) -> Vec<Series> {
    let Some(timeline) = timeline else { return Vec::new() };
    let start_ns = timeline.start.timestamp_nanos_opt().unwrap_or(0);
    let bin_ns = (timeline.bin_s * 1e9).round() as i64;
    let bins = timeline.series.iter().map(|series| series.values.len()).max().unwrap_or(0);
    if !counts.fits(start_ns, bin_ns) {
        return Vec::new();
    }
    let mut sums = vec![Sum::default(); bins];
    for (cell, part) in counts.of(segment) {
        let at = counts.start_ns(cell).saturating_sub(start_ns).div_euclid(bin_ns);
        if let Some(sum) = usize::try_from(at).ok().and_then(|at| sums.get_mut(at)) {
            sum.add(cell, part);
        }
    }
    let tail = LEAST_TAIL_CALLS as f64;
    let of = |name: &str, value: &dyn Fn(&Sum) -> Option<f64>| Series {
        signal: name.to_owned(),
        values: sums.iter().map(value).collect(),
    };
    let mut series = vec![
        of("duration_p50_s", &|sum| sum.duration_s(0.5, 1.0)),
        of("duration_p95_s", &|sum| sum.duration_s(0.95, tail)),
        of("ttft_p50_s", &|sum| sum.ttft_s(0.5, 1.0)),
        of("ttft_p95_s", &|sum| sum.ttft_s(0.95, tail)),
        of("error_share", &Sum::error_share),
        of("calls_per_minute", &|sum| Some(sum.calls * 60.0 / timeline.bin_s)),
    ];
    series.retain(|series| series.values.iter().any(Option::is_some));
    series
}

/// What of a timeline is drawn from every call: true where its counts are.
fn redraw(timeline: &mut Timeline, counted: &Counted) -> bool {
    let own = counted.slices.iter().find(|slice| slice.segment == timeline.segment);
    let Some(own) = own.filter(|own| !own.series.is_empty()) else { return false };
    for signal in ["error_share", "calls_per_minute"] {
        let exact = own.series.iter().find(|series| series.signal == signal);
        let drawn = timeline.series.iter_mut().find(|series| series.signal == signal);
        if let (Some(exact), Some(drawn)) = (exact, drawn) {
            drawn.values.clone_from(&exact.values);
        }
    }
    true
}

/// What was counted and what was judged, in sentences.
fn notes(counted: &Counted, by: &str, drawn: Option<bool>) -> Vec<String> {
    let Some(all) = counted.slices.first() else { return Vec::new() };
    let share = |calls: &CountedCalls| {
        let share = calls.failed as f64 / (calls.calls as f64).max(1.0);
        format!("{} calls ({:.1} % failed)", calls.calls, share * 100.0)
    };
    let of = if counted.exact {
        ""
    } else {
        " (where spans of one kind are calls in part, by their part in the sample)"
    };
    let timeline = match drawn {
        Some(true) => "; calls and failures of the timeline are its counts",
        Some(false) => "; the timeline is that of the sample",
        None => "",
    };
    let mut notes = vec![format!(
        "Two steps: one trace in {} was read and judged; every call was counted{by}{of}, \
         in bins of {:.0} s, by service and model: {} in the window, {} in the baseline{timeline}.",
        counted.one_in,
        counted.bin_s,
        share(&all.window),
        share(&all.baseline),
    )];
    let told = all.signals.iter().filter(|signal| signal.signal.ends_with("_s"));
    let told: Vec<String> = told.filter_map(moved).collect();
    if !told.is_empty() {
        notes.push(format!("Of every call, to 2.2 %: {}.", told.join("; ")));
    }
    notes
}

fn moved(signal: &SignalChange) -> Option<String> {
    let (was, is) = signal.baseline.zip(signal.window)?;
    let what = match signal.change {
        Change::Rose => "rose",
        Change::Fell => "fell",
        Change::Held => "held",
        Change::Unclear | Change::Unknown => "did not clearly move",
    };
    let usual = signal.usual_ratio.map(|most| {
        format!(", beside up to {} in the baseline's own windows", figures::rise(most))
    });
    Some(format!(
        "{} {what}, {} to {} ({}{})",
        name(&signal.signal),
        figures::seconds(was),
        figures::seconds(is),
        figures::rise(is / was),
        usual.unwrap_or_default(),
    ))
}

/// A signal in words: `TTFT p95`.
fn name(signal: &str) -> String {
    let words = signal.trim_end_matches("_s").replace('_', " ");
    words.replace("ttft", "TTFT")
}
