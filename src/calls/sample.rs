//! Of very many calls whole traces are judged: which ones, and what is counted of every call
//! beside them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::column::Column;
use super::{BUFFERED_SHARE, CallTable, Codes};
use crate::diagnosis::{CLASSES_PER_DOUBLING, Ingest, Loss, ServerCell, ServerCounts};
use crate::ingest::remote::Bins;
use crate::schema::Col;

/// Columns that the rule and the counts need of every call.
pub(super) const COUNTED: [Col; 9] = [
    Col::TraceId,
    Col::Start,
    Col::ServiceName,
    Col::RequestModel,
    Col::Status,
    Col::DurationS,
    Col::TtftS,
    Col::InputTokens,
    Col::OutputTokens,
];
/// Columns that the rule needs beside these where calls are of no known trace.
pub(super) const OTHER_IDS: [Col; 3] = [Col::SpanId, Col::ResponseId, Col::RequestId];

/// The lowest class that is told apart, a hundredth of a microsecond, and how many there are: up to
/// a month.
const LOWEST: i32 = -424;
const CLASSES: u16 = 768;

/// Which calls are judged, and how the others are counted.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// One trace in so many.
    pub one_in: u64,
    /// The bins in which every call is counted.
    pub bins: Bins,
}

impl Sample {
    /// The sample that takes about so many of these calls; none where all of them are few enough.
    pub fn of(calls: u64, most: Option<u64>, bins: Bins) -> Option<Self> {
        let most = most.filter(|most| calls > *most)?;
        Some(Self { one_in: calls.div_ceil(most.max(1)), bins })
    }

    /// The rows of a table that are judged, ascending, and the counts of all of them.
    pub(super) fn of_table(&self, table: &CallTable) -> (Vec<u32>, Vec<ServerCell>) {
        let part = Part::new(table);
        let (mut kept, mut tally) = (Vec::new(), Tally::default());
        for row in 0..table.len() {
            let keeps = part.hash(row).is_multiple_of(self.one_in);
            tally.add(&part, row, keeps, &self.bins);
            if keeps {
                kept.push(u32::try_from(row).expect("fewer rows than 2^32"));
            }
        }
        tally.close(&part);
        (kept, tally.cells)
    }

    /// What was counted.
    pub(super) fn counts(&self, cells: Vec<ServerCell>) -> Arc<ServerCounts> {
        Arc::new(ServerCounts {
            one_in: self.one_in,
            origin_ns: self.bins.origin_ns,
            bin_ns: self.bins.length_ns,
            of_calls: true,
            cells,
        })
    }

    /// What is left out, in words.
    pub(super) fn said(&self, calls: u64) -> String {
        format!(
            "calls left out of the judgement: one trace in {} was taken, told by a hash of its id, \
             of {calls} calls that were counted (--max-calls all takes every one)",
            self.one_in
        )
    }
}

/// What was read of very many calls.
#[derive(Debug)]
pub(super) struct Sampled {
    /// The calls that are judged.
    pub table: CallTable,
    /// The counts of every call; none where all of them are judged.
    pub counts: Option<Arc<ServerCounts>>,
    /// What is left out, in words, and how many calls that is.
    pub left_out: Vec<(String, u64)>,
}

impl Sampled {
    /// Of so many calls this table is judged, and so many others lie at another time.
    pub fn new(
        table: CallTable,
        calls: u64,
        untold: u64,
        sample: Option<(Sample, Vec<ServerCell>)>,
    ) -> Self {
        let mut left_out = Vec::new();
        if untold > 0 {
            left_out.push(("calls of a time that the window does not need".to_owned(), untold));
        }
        if let Some((sample, _)) = &sample {
            left_out.push((sample.said(calls), calls - table.len() as u64));
        }
        let counts = sample.map(|(sample, cells)| sample.counts(cells));
        Self { table, counts, left_out }
    }

    /// The same of calls that are a table already.
    pub fn of(table: CallTable, sample: Sample) -> Self {
        let (rows, cells) = sample.of_table(&table);
        let calls = table.len() as u64;
        Self::new(table.only(&rows), calls, 0, Some((sample, cells)))
    }

    /// The table; what stands beside it goes to the account of the input.
    pub fn told(self, ingest: &mut Ingest) -> CallTable {
        ingest.counted.extend(self.counts);
        if let Some(file) = ingest.files.first_mut() {
            let loss = |(reason, count)| Loss { reason, count, first: String::new(), lost: false };
            file.losses.extend(self.left_out.into_iter().map(loss));
        }
        self.table
    }
}

/// The columns of a part of the table that are counted.
struct Part<'t> {
    ids: [Option<&'t Column>; 4],
    starts: Option<&'t Column>,
    duration_s: Option<&'t Column>,
    ttft_s: Option<&'t Column>,
    tokens: [Option<&'t Column>; 2],
    service: Option<&'t Codes>,
    model: Option<&'t Codes>,
    /// Which of the codes of its status say that a call failed.
    failed: Vec<bool>,
    status: Option<&'t Codes>,
}

impl<'t> Part<'t> {
    fn new(table: &'t CallTable) -> Self {
        let codes = |col| match table.column(col) {
            Some(Column::Coded(codes)) => Some(codes),
            _ => None,
        };
        let status = codes(Col::Status);
        let failed =
            status.map(|codes| codes.values.iter().map(|value| value == "error").collect());
        Self {
            ids: [Col::TraceId, Col::SpanId, Col::ResponseId, Col::RequestId]
                .map(|col| table.column(col)),
            starts: table.column(Col::Start),
            duration_s: table.column(Col::DurationS),
            ttft_s: table.column(Col::TtftS),
            tokens: [Col::InputTokens, Col::OutputTokens].map(|col| table.column(col)),
            service: codes(Col::ServiceName),
            model: codes(Col::RequestModel),
            failed: failed.unwrap_or_default(),
            status,
        }
    }

    fn start_ns(&self, row: usize) -> i64 {
        int(self.starts, row).unwrap_or_default()
    }

    /// A number of the trace, or of the call where no trace is known.
    fn hash(&self, row: usize) -> u64 {
        let id = self.ids.iter().find_map(|ids| ids.and_then(|ids| ids.text(row)));
        match id {
            Some(id) => hash(id.as_bytes()),
            None => hash(&self.start_ns(row).to_le_bytes()),
        }
    }

    fn is_failed(&self, row: usize) -> bool {
        let code = self.status.map_or(Codes::NULL, |codes| codes.codes[row]);
        self.failed.get(code as usize).copied().unwrap_or(false)
    }
}

fn int(column: Option<&Column>, row: usize) -> Option<i64> {
    match column {
        Some(Column::Int(ints)) => ints.get(row),
        _ => None,
    }
}

fn seconds(column: Option<&Column>, row: usize) -> f64 {
    match column {
        Some(Column::Float(floats)) => floats[row],
        _ => f64::NAN,
    }
}

/// Mixes an id into a number of which every bit is worth the same; it stays the same for ever, so
/// that the sample of a recording does.
fn hash(id: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut mixed = id.len() as u64;
    for chunk in id.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        mixed = (mixed ^ u64::from_le_bytes(word)).wrapping_mul(FACTOR);
        mixed ^= mixed >> 29;
    }
    mixed = mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 32)
}

/// The calls of one part of the table, counted: the cells of the bin at hand, which still grow, and
/// those before it.
#[derive(Debug, Default)]
struct Tally {
    bin: i64,
    open: BTreeMap<(bool, u32, u32), Open>,
    cells: Vec<ServerCell>,
    /// Room to count classes in, all zero in between.
    room: Vec<u64>,
}

/// A cell that still grows, with the classes of its lengths one by one.
#[derive(Debug, Default)]
struct Open {
    cell: ServerCell,
    duration: Vec<u16>,
    ttft: Vec<u16>,
}

/// The class of a length, counted from the lowest.
fn class(seconds: f64) -> u16 {
    let class = (seconds.log2() * f64::from(CLASSES_PER_DOUBLING)).floor() - f64::from(LOWEST);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let class = class.clamp(0.0, f64::from(CLASSES - 1)) as u16;
    class
}

/// How many lie in each class.
fn counted(classes: &[u16], room: &mut Vec<u64>) -> Vec<(i32, u64)> {
    room.resize(usize::from(CLASSES), 0);
    classes.iter().for_each(|class| room[usize::from(*class)] += 1);
    let lowest = classes.iter().min().copied().unwrap_or(0);
    let highest = classes.iter().max().copied().unwrap_or(0);
    let take = |class: u16| {
        let count = std::mem::take(&mut room[usize::from(class)]);
        (count > 0).then(|| (i32::from(class) + LOWEST, count))
    };
    (lowest..=highest).filter_map(take).collect()
}

impl Tally {
    fn add(&mut self, part: &Part<'_>, row: usize, sampled: bool, bins: &Bins) {
        let start_ns = part.start_ns(row);
        let bin = start_ns.saturating_sub(bins.origin_ns).div_euclid(bins.length_ns);
        if bin != self.bin {
            self.close(part);
            self.bin = bin;
        }
        let inside = bins
            .window
            .is_some_and(|window| window.start_ns <= start_ns && start_ns < window.end_ns);
        let code = |codes: Option<&Codes>| codes.map_or(Codes::NULL, |codes| codes.codes[row]);
        let open = self.open.entry((inside, code(part.service), code(part.model))).or_default();
        let cell = &mut open.cell;
        cell.spans += 1;
        cell.sampled += u64::from(sampled);
        for (sum, tokens) in
            [&mut cell.input_tokens, &mut cell.output_tokens].into_iter().zip(part.tokens)
        {
            if let Some(tokens) = int(tokens, row) {
                *sum = Some(sum.unwrap_or(0.0) + tokens as f64);
            }
        }
        if part.is_failed(row) {
            cell.failed += 1;
            return;
        }
        let (duration_s, ttft_s) = (seconds(part.duration_s, row), seconds(part.ttft_s, row));
        if duration_s > 0.0 {
            open.duration.push(class(duration_s));
        }
        if ttft_s > 0.0 && ttft_s < BUFFERED_SHARE * duration_s {
            open.ttft.push(class(ttft_s));
        }
    }

    /// Takes the cells of the bin at hand for complete.
    fn close(&mut self, part: &Part<'_>) {
        let text = |codes: Option<&Codes>, code: u32| {
            let value = codes.and_then(|codes| codes.values.get(code as usize));
            value.cloned().unwrap_or_default()
        };
        for ((in_window, service, model), open) in std::mem::take(&mut self.open) {
            self.cells.push(ServerCell {
                bin: self.bin,
                in_window,
                service: text(part.service, service),
                model: text(part.model, model),
                duration: counted(&open.duration, &mut self.room),
                ttft: counted(&open.ttft, &mut self.room),
                ..open.cell
            });
        }
    }
}
