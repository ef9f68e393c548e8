//! Two recordings on one clock, so that the same figures are measured as of two windows of one
//! dump.

use crate::calls::CallTable;
use crate::error::Result;
use crate::windows::{self, Range, Split, WindowArgs};

const DAY_NS: i64 = 86_400_000_000_000;

/// A baseline and a candidate as two stretches of one table.
#[derive(Debug, Clone)]
pub struct Pair {
    /// Every call.
    pub table: CallTable,
    /// Which are the candidate's (the window) and which the baseline's.
    pub split: Split,
    /// What the baseline is called.
    pub baseline: String,
    /// What the candidate is called.
    pub candidate: String,
    /// When the candidate was truly recorded, where its clock was moved.
    pub candidate_span: Range,
    /// What was done to make them comparable, in sentences.
    pub notes: Vec<String>,
}

/// Two dumps. Where they were recorded at the same time, as of a canary beside what it replaces,
/// the candidate's clock is moved by whole days: the time of day stays, and each call has one side.
pub fn two_dumps(baseline: CallTable, candidate: CallTable) -> Pair {
    let (before, after) = (span(&baseline), span(&candidate));
    let mut notes = Vec::new();
    let (mut moved, mut window) = (candidate, after);
    if before.overlaps(&after) {
        let days = (before.end_ns.saturating_sub(after.start_ns)) / DAY_NS + 1;
        let by_ns = days.saturating_mul(DAY_NS);
        moved = moved.later(by_ns);
        window = span(&moved);
        notes
            .push("The two were recorded at the same time; they are compared side by side.".into());
    }
    let table = CallTable::concat(vec![baseline, moved]);
    let split = split(&table, vec![before], window);
    Pair {
        table,
        split,
        baseline: "the baseline".to_owned(),
        candidate: "the recording".to_owned(),
        candidate_span: after,
        notes,
    }
}

/// Two windows of one dump: the baseline as it was asked for, and the candidate, which is what
/// follows the baseline where nobody says otherwise, or what came before it.
///
/// # Errors
/// A window that cannot be read, lies outside the data, or overlaps the baseline.
pub fn one_dump(table: CallTable, args: &WindowArgs) -> Result<Pair> {
    let starts_ns = table.starts_ns();
    let split = match (&args.baseline, &args.window) {
        (Some(_), Some(_)) => windows::choose(&starts_ns, args)?,
        (Some(text), None) => {
            let baseline = windows::placed(&starts_ns, text, "baseline", args.tz.as_deref())?;
            split(&table, vec![baseline], beside(span(&table), baseline, &starts_ns))
        }
        (None, Some(text)) => {
            let window = windows::placed(&starts_ns, text, "window", args.tz.as_deref())?;
            split(&table, Vec::new(), window)
        }
        (None, None) => split(&table, Vec::new(), span(&table)),
    };
    Ok(Pair {
        baseline: split.baseline.first().map_or_else(String::new, ToString::to_string),
        candidate: split.window.to_string(),
        candidate_span: split.window,
        notes: Vec::new(),
        split,
        table,
    })
}

/// What lies after the baseline; what lies before it where nothing does.
fn beside(all: Range, baseline: Range, starts_ns: &[i64]) -> Range {
    let after = Range { start_ns: baseline.end_ns.max(all.start_ns), end_ns: all.end_ns };
    if after.rows(starts_ns).is_empty() {
        Range { start_ns: all.start_ns, end_ns: baseline.start_ns.min(all.end_ns) }
    } else {
        after
    }
}

fn split(table: &CallTable, baseline: Vec<Range>, window: Range) -> Split {
    let starts_ns = table.starts_ns();
    Split {
        window,
        window_rows: window.rows(&starts_ns),
        baseline_rows: baseline.iter().map(|range| range.rows(&starts_ns)).collect(),
        baseline,
        notes: Vec::new(),
        picked_from: 1,
    }
}

/// From the first call to just after the last; an instant where there is none.
fn span(table: &CallTable) -> Range {
    let starts_ns = table.starts_ns();
    let first = starts_ns.first().copied().unwrap_or_default();
    let last = starts_ns.last().copied().unwrap_or_default();
    Range { start_ns: first, end_ns: last.saturating_add(i64::from(!starts_ns.is_empty())) }
}
