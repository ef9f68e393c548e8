//! The call table by service and dialect: which calls could carry an attribute, and which do.

use std::collections::BTreeMap;

use super::attributes::{ATTRIBUTES, Among};
use super::credible;
use crate::calls::{CallTable, Codes};
use crate::diagnosis::Ingest;
use crate::diagnosis::audit::State;
use crate::schema::{Col, Kind};

/// Share of the calls from which an attribute counts as present: an abandoned stream or two are
/// no fault of the instrumentation.
const PRESENT: f64 = 0.95;

/// Providers that bill what is written to the prompt cache.
const BILL_WRITES: [&str; 1] = ["anthropic"];

/// The columns that an audit looks at.
pub(super) struct Rows {
    len: usize,
    service: Codes,
    dialect: Codes,
    provider: Codes,
    model: Codes,
    ok: Vec<bool>,
    streaming: Vec<Option<bool>>,
    itl: Vec<f64>,
    numbers: BTreeMap<Col, Vec<f64>>,
    known: Vec<Vec<bool>>,
}

/// The calls of one service and dialect.
pub(super) struct Group<'a> {
    /// `service.name`.
    pub service: Option<&'a str>,
    /// The dialect's id; empty where the table names none.
    pub dialect: &'a str,
    /// Rows of the table.
    pub rows: Vec<usize>,
}

/// One attribute in one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    /// Whether it is there.
    pub state: State,
    /// Calls that carry it.
    pub known: u64,
    /// Calls that could.
    pub of: u64,
    /// Why it is not believed.
    pub because: Option<String>,
    /// The provider of most calls that lack it; of the whole group where none of them names one.
    pub provider: Option<String>,
}

impl Reading {
    /// How much of the attribute's weight is missing.
    #[allow(clippy::cast_precision_loss, reason = "fewer calls than 2^53")]
    pub(super) fn missing(&self, weight: u64) -> f64 {
        let weight = weight as f64;
        match self.state {
            State::Present | State::NotApplicable => 0.0,
            State::Sometimes => weight * (1.0 - self.known as f64 / self.of.max(1) as f64),
            State::Absent | State::NotCredible => weight,
        }
    }
}

impl Rows {
    /// Out of a table.
    pub(super) fn of(table: &CallTable) -> Self {
        let status = table.codes(Col::Status.name());
        let mut numbers: BTreeMap<Col, Vec<f64>> = BTreeMap::new();
        let mut known = Vec::with_capacity(ATTRIBUTES.len());
        for attribute in &ATTRIBUTES {
            let col = attribute.col;
            known.push(table.known(col));
            if !matches!(col.info().kind, Kind::Text | Kind::Flag) {
                numbers.entry(col).or_insert_with(|| table.numbers(col));
            }
        }
        numbers.insert(Col::CacheHitRatio, table.numbers(Col::CacheHitRatio));
        Self {
            len: table.len(),
            service: table.codes(Col::ServiceName.name()),
            dialect: table.codes(Col::Dialect.name()),
            provider: table.codes(Col::Provider.name()),
            model: table.codes(Col::RequestModel.name()),
            ok: (0..table.len()).map(|row| status.get(row) == Some("ok")).collect(),
            streaming: table.flags(Col::Streaming),
            itl: table.numbers(Col::ItlS),
            numbers,
            known,
        }
    }

    /// The calls by service and dialect, in order of their names.
    pub(super) fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: BTreeMap<(Option<&str>, &str), Vec<usize>> = BTreeMap::new();
        for row in 0..self.len {
            let key = (self.service.get(row), self.dialect.get(row).unwrap_or_default());
            groups.entry(key).or_default().push(row);
        }
        let groups = groups.into_iter();
        groups.map(|((service, dialect), rows)| Group { service, dialect, rows }).collect()
    }

    /// The provider of most calls that name one.
    fn provider(&self, rows: &[usize]) -> Option<&str> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for name in rows.iter().filter_map(|row| self.provider.get(*row)) {
            *counts.entry(name).or_default() += 1;
        }
        counts.into_iter().rev().max_by_key(|(_, count)| *count).map(|(name, _)| name)
    }

    /// Whether the pace of a stream is known and its first chunk is not: events were dropped.
    pub(super) fn events_dropped(&self, group: &Group<'_>) -> bool {
        let ttft = self.column(Col::TtftS);
        group.rows.iter().any(|row| !self.itl[*row].is_nan() && ttft[*row].is_nan())
    }

    /// How it stands with the attribute of that index.
    #[allow(clippy::cast_precision_loss, reason = "fewer calls than 2^53")]
    pub(super) fn reading(&self, at: usize, group: &Group<'_>, ingest: &Ingest) -> Reading {
        let attribute = &ATTRIBUTES[at];
        // Where streams are told, a call that is not told is none; where none is, any may be.
        let told = group.rows.iter().any(|row| self.streaming[*row] == Some(true));
        let could: Vec<usize> = group
            .rows
            .iter()
            .copied()
            .filter(|row| self.could(*row, attribute.among, told))
            .collect();
        let carry: Vec<usize> = could.iter().copied().filter(|row| self.known[at][*row]).collect();
        let doubt = credible::doubt(self, attribute.col, &carry)
            .or_else(|| credible::refused(attribute.col, group, carry.len(), ingest));
        let (known, of) = (carry.len(), could.len());
        let state = match (known, of) {
            (_, 0) => State::NotApplicable,
            _ if doubt.is_some() => State::NotCredible,
            (0, _) => State::Absent,
            _ if known as f64 >= PRESENT * of as f64 => State::Present,
            _ => State::Sometimes,
        };
        let because = doubt.filter(|_| state == State::NotCredible);
        let lack: Vec<usize> = could
            .into_iter()
            .filter(|row| state == State::NotCredible || !self.known[at][*row])
            .collect();
        let provider = self.provider(&lack).or_else(|| self.provider(&group.rows));
        let provider = provider.map(str::to_owned);
        Reading { state, known: known as u64, of: of as u64, because, provider }
    }

    /// Whether a call could carry an attribute that stands among those calls.
    fn could(&self, row: usize, among: Among, told: bool) -> bool {
        match among {
            Among::Every => true,
            Among::Answered => self.ok[row],
            Among::Streams => self.ok[row] && self.streaming[row].unwrap_or(!told),
            Among::CacheWriters => {
                let bills = self.provider.get(row).is_some_and(|name| BILL_WRITES.contains(&name));
                self.ok[row] && bills
            }
            Among::Misses => self.ok[row] && self.column(Col::CacheHitRatio)[row] < 0.5,
            Among::Failed => !self.ok[row],
        }
    }

    /// A numeric column; empty is not possible for those that are asked for.
    pub(super) fn column(&self, col: Col) -> &[f64] {
        self.numbers.get(&col).expect("a column of the table of attributes")
    }

    /// The provider of a call.
    pub(super) fn provider_of(&self, row: usize) -> Option<&str> {
        self.provider.get(row)
    }

    /// How many models these calls asked for.
    pub(super) fn models(&self, rows: &[usize]) -> usize {
        let mut codes: Vec<u32> = rows.iter().map(|row| self.model.codes[*row]).collect();
        codes.sort_unstable();
        codes.dedup();
        codes.iter().filter(|code| **code != Codes::NULL).count()
    }
}
