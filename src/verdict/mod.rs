//! Findings to a ranked diagnosis: the tree, the segment, the confidence, the ids to cite.

mod changes;
pub mod charts;
mod cite;
mod confidence;
mod counted;
mod coverage;
mod evidence;
mod figures;
mod onset;
mod path;
mod query;
mod rank;
mod timeline;
mod waterfall;
mod words;

use std::collections::BTreeMap;

use chrono::DateTime;

use crate::calls::CallTable;
use crate::diagnosis::{
    Change, Charts, Diagnosis, Ingest, Period, RankedCause, RuledOut, SCHEMA, SignalChange,
    Timeline, Undecidable, Verdict,
};
use crate::settings::Settings;
use crate::signals::Signals;
use crate::signals::case::Case;
use crate::signals::frame::{Frame, Periods, Side};
use crate::signals::open::nearest;
use crate::signals::search::{self, Series};
use crate::signals::tails;
use crate::windows::{self, Range, Split};
pub use counted::searched as searched_counts;
pub use evidence::name as signal_name;
use rank::{Ranked, Ranking, rank};

/// Fewest calls of the window and of the baseline for any verdict.
const LEAST_WINDOW: usize = 8;
const LEAST_BASELINE: usize = 20;
/// With fewer calls than these, a quiet window says nothing.
const FEW_WINDOW: usize = 25;
const FEW_BASELINE: usize = 40;
/// People see a percentile that rose by this factor and beyond the baseline's own windows.
const SEEN_RATIO: f64 = 1.25;
/// Most causes to print.
const MOST_CAUSES: usize = 4;

/// Judges one window.
pub fn judge(table: &CallTable, ingest: Ingest, split: &Split, settings: &Settings) -> Diagnosis {
    if !too_few(split) {
        return Measured::new(table, &ingest, split, settings).told(table, ingest, split);
    }
    let mut diagnosis = blank(table, ingest, split);
    diagnosis.headline = format!(
        "{} calls in the window and {} in the baseline are too few to say: at least {LEAST_WINDOW} \
         and {LEAST_BASELINE} are needed.",
        split.window_rows.len(),
        split.baseline_calls(),
    );
    counted::fill(&mut diagnosis, table, split);
    diagnosis
}

/// The same of a stretch of which nobody said that it was slow: none where nothing is found in it, which
/// is known long before the figures that a report of it would tell.
pub fn judge_candidate(
    table: &CallTable,
    ingest: &Ingest,
    split: &Split,
    settings: &Settings,
) -> Option<Diagnosis> {
    if too_few(split) {
        return None;
    }
    let measured = Measured::new(table, ingest, split, settings);
    (!measured.ranking.ranked.is_empty()).then(|| measured.told(table, ingest.clone(), split))
}

fn too_few(split: &Split) -> bool {
    split.window_rows.len() < LEAST_WINDOW || split.baseline_calls() < LEAST_BASELINE
}

/// What is found in a window, before it is put into words and figures.
struct Measured {
    signals: Signals,
    case: Case,
    ranking: Ranking,
}

impl Measured {
    fn new(table: &CallTable, ingest: &Ingest, split: &Split, settings: &Settings) -> Self {
        let signals = Signals::new(table, &periods(split, ingest), settings);
        let case = Case::new(&signals);
        let ranking = rank(&signals, &case);
        Self { signals, case, ranking }
    }

    fn told(&self, table: &CallTable, ingest: Ingest, split: &Split) -> Diagnosis {
        let mut diagnosis = blank(table, ingest, split);
        fill(&mut diagnosis, table, split, (&self.signals, &self.case, &self.ranking));
        counted::fill(&mut diagnosis, table, split);
        diagnosis
    }
}

/// The conclusion where no window was given and no spike was found; `searched` says whether the
/// data was enough to look for one.
pub fn nothing_found(
    table: &CallTable,
    ingest: Ingest,
    split: &Split,
    searched: bool,
) -> Diagnosis {
    let mut diagnosis = blank(table, ingest, split);
    diagnosis.headline = if searched {
        diagnosis.verdict = Verdict::NoSpike;
        "No stretch of this data stands out beyond what its own traffic shows.".to_owned()
    } else {
        format!(
            "{} calls over {:.0} s are too few to look for a spike in: at least {} over {:.0} s \
             are needed, or a window.",
            table.len(),
            split.window.length_s(),
            windows::LEAST_SEARCHED_CALLS,
            windows::LEAST_SEARCHED_S,
        )
    };
    diagnosis
}

/// The split as the signals take it.
fn periods(split: &Split, ingest: &Ingest) -> Periods {
    let of = |range: &Range| (range.start_ns, range.end_ns);
    Periods {
        window: of(&split.window),
        baseline: split.baseline.iter().map(of).collect(),
        picked_from: split.picked_from,
        one_in: ingest.counted.iter().map(|counts| counts.one_in).max().unwrap_or(1),
    }
}

fn blank(table: &CallTable, ingest: Ingest, split: &Split) -> Diagnosis {
    Diagnosis {
        schema: SCHEMA,
        window: period(&split.window, split.window_rows.len()),
        baseline: split.baseline_span().map(|span| period(&span, split.baseline_calls())),
        verdict: Verdict::InsufficientData,
        headline: String::new(),
        diagnoses: Vec::new(),
        ruled_out: Vec::new(),
        undecidable: Vec::new(),
        signals: Vec::new(),
        waterfall: None,
        cost: None,
        path: Vec::new(),
        timeline: None,
        counted: None,
        charts: None,
        notes: split.notes.clone(),
        coverage: coverage::coverage(table, split),
        ingest,
        other_spikes: Vec::new(),
    }
}

fn period(range: &Range, calls: usize) -> Period {
    Period {
        start: DateTime::from_timestamp_nanos(range.start_ns),
        end: DateTime::from_timestamp_nanos(range.end_ns),
        calls,
    }
}

/// The plots of a slice, on the bins of its timeline.
fn drawn(
    timeline: Option<&Timeline>,
    table: &CallTable,
    split: &Split,
    (signals, slice): (&Signals, usize),
) -> Option<Charts> {
    let timeline = timeline?;
    let keys = &signals.slices.slices[slice].keys;
    let within: Vec<bool> = (0..table.len()).map(|row| signals.slices.holds(keys, row)).collect();
    let baseline: Vec<std::ops::Range<i64>> =
        split.baseline.iter().map(|range| range.start_ns..range.end_ns).collect();
    Some(charts::charts(&charts::Subject {
        table,
        window: split.window.start_ns..split.window.end_ns,
        baseline: &baseline,
        slice: Some(&within),
        segment: timeline.segment.clone(),
        axis: charts::axis_of(timeline),
        miss_reasons: None,
    }))
}

/// Whether people see a percentile of a latency that rose.
fn seen_to_rise(changes: &[SignalChange]) -> bool {
    changes.iter().any(|change| {
        let ratio = change.window.zip(change.baseline).map_or(0.0, |(is, was)| is / was);
        let beyond_usual = change.usual_ratio.is_none_or(|usual| ratio > usual);
        let latency = change.signal.ends_with("_s");
        latency && (change.change == Change::Rose || (ratio >= SEEN_RATIO && beyond_usual))
    })
}

/// The latencies of the slices that were asked about; causes often share one, and the intervals take
/// time.
#[derive(Default)]
struct Changed(BTreeMap<usize, Vec<SignalChange>>);

impl Changed {
    fn of(&mut self, signals: &Signals, slice: usize) -> &[SignalChange] {
        self.0.entry(slice).or_insert_with(|| changes::changes(signals, slice))
    }
}

type Judged<'a> = (&'a Signals, &'a Case, &'a Ranking);

fn fill(diagnosis: &mut Diagnosis, table: &CallTable, split: &Split, judged: Judged<'_>) {
    let (signals, case, ranking) = judged;
    let slice = ranking.ranked.first().map_or(0, |first| first.finding.slice);
    let segment = signals.slices.named(&signals.slices.slices[slice].keys);
    let mut changed = Changed::default();
    diagnosis.signals = changed.of(signals, slice).to_vec();
    diagnosis.path = path::path(case, ranking);
    diagnosis.waterfall = waterfall::waterfall(signals, slice, segment.clone());
    diagnosis.ruled_out = ranking
        .ruled_out
        .iter()
        .map(|(cause, because)| RuledOut { cause: *cause, because: because.clone() })
        .collect();
    diagnosis.undecidable = ranking
        .undecidable
        .iter()
        .map(|(cause, missing, because)| Undecidable {
            cause: *cause,
            missing: missing.iter().map(|name| (*name).to_owned()).collect(),
            because: because.clone(),
        })
        .collect();
    let mut onset_s = None;
    for (at, found) in ranking.ranked.iter().take(MOST_CAUSES).enumerate() {
        let (cause, began) = ranked(table, split, judged, (at, found), &mut changed);
        onset_s = onset_s.or(Some(began));
        diagnosis.diagnoses.push(cause);
    }
    diagnosis.timeline = timeline::timeline(signals, slice, split, onset_s, segment);
    diagnosis.charts = drawn(diagnosis.timeline.as_ref(), table, split, (signals, slice));
    match diagnosis.diagnoses.first() {
        Some(first) => {
            diagnosis.verdict = Verdict::Spike;
            diagnosis.headline = words::headline(first, &diagnosis.signals);
        }
        None => {
            let few = split.window_rows.len() < FEW_WINDOW || split.baseline_calls() < FEW_BASELINE;
            let open = nearest(signals, &case.load, seen_to_rise(&diagnosis.signals));
            let tail = if open.is_some() { None } else { tails::open(signals) };
            diagnosis.headline = match (open, tail) {
                (Some(rise), _) => words::open(signals, &rise),
                (None, Some(tail)) => words::open_tail(signals, &tail),
                (None, None) => words::quiet(&diagnosis.signals, case),
            };
            let untold = few || open.is_some() || tail.is_some();
            diagnosis.verdict = if untold { Verdict::InsufficientData } else { Verdict::NoSpike };
            diagnosis.undecidable.clear();
        }
    }
    diagnosis.notes.extend(notes(signals));
}

fn ranked(
    table: &CallTable,
    split: &Split,
    judged: Judged<'_>,
    which: (usize, &Ranked),
    changed: &mut Changed,
) -> (RankedCause, f64) {
    let (signals, case, _) = judged;
    let (at, found) = which;
    let first_ns = signals.frame.starts_ns.first().copied().unwrap_or_default();
    let clock_s = |ns: i64| (ns - first_ns) as f64 * 1e-9;
    let window_s = (clock_s(split.window.start_ns), clock_s(split.window.end_ns));
    let began_s = onset::began_s(signals, found, window_s);
    let slowed = cite::slowed(signals, table, found, began_s);
    let slice = &signals.slices.slices[found.finding.slice];
    let segment = signals.slices.named(&slice.keys);
    let changed = changed.of(signals, found.finding.slice);
    let asked = query::Asked {
        signals,
        window: split.window,
        baseline: &split.baseline,
        slice: found.finding.slice,
    };
    let place = words::place(&segment);
    let cause = RankedCause {
        rank: at + 1,
        cause: found.cause,
        owner: found.cause.owner(),
        confidence: found.confidence,
        share: (found.share * 1000.0).round() / 1000.0,
        segment,
        onset: DateTime::from_timestamp_nanos(first_ns + (began_s * 1e9) as i64),
        summary: words::summary(signals, case, found),
        evidence: evidence::evidence(&asked, case, found, changed),
        affected_calls: slowed.affected,
        segment_calls: slowed.segment,
        request_ids: slowed.cited,
        next_steps: words::next_steps(case, found, &place),
    };
    (cause, began_s)
}

/// What qualifies the answer.
fn notes(signals: &Signals) -> Vec<String> {
    let mut notes = Vec::new();
    let frame = &signals.frame;
    let window = frame.rows(Side::Window);
    let censored = window
        .iter()
        .filter(|row| frame.outcomes[**row] == crate::signals::frame::Outcome::Censored)
        .count();
    if censored > 0 {
        notes.push(format!(
            "{censored} calls of the window were cut off: their durations are lower bounds."
        ));
    }
    if window.len() < 30 {
        notes.push(format!(
            "Only {} calls in the window: small changes cannot be seen.",
            window.len()
        ));
    }
    notes
}

/// The series in which spikes are looked for where no window was given.
pub fn searched(table: &CallTable) -> Vec<Series> {
    let all = (i64::MIN, i64::MAX);
    let window = (i64::MIN, i64::MIN);
    let periods = Periods { window, baseline: vec![all], picked_from: 1, one_in: 1 };
    search::series(&Frame::new(table, &periods))
}
