//! What was counted of every call, as calls: which spans of a server are calls and which stand
//! around them is told by the sample that was read.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::calls::{CallTable, Codes};
use crate::diagnosis::{CLASSES_PER_DOUBLING, CountedCalls, ServerCell, ServerCounts};
use crate::schema::Col;

/// Attributes by which the server counts, as a diagnosis names its segments.
pub const SERVICE: &str = "service.name";
/// See [`SERVICE`].
pub const MODEL: &str = "gen_ai.request.model";

/// The counts of one server, each with the part of its spans that are calls.
#[derive(Debug, Clone)]
pub struct Counts<'a> {
    server: &'a ServerCounts,
    cells: Vec<(&'a ServerCell, f64)>,
    /// Whether each kind of span is a call always or never.
    pub exact: bool,
}

/// Calls together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sum {
    /// How many.
    pub calls: f64,
    /// Of these, failed.
    pub failed: f64,
    input_tokens: Option<f64>,
    output_tokens: Option<f64>,
    duration: BTreeMap<i32, f64>,
    ttft: BTreeMap<i32, f64>,
}

/// A kind of span in a service.
type Kind<'a> = (&'a str, &'a str, &'a str);

impl<'a> Counts<'a> {
    /// The counts beside what was read of so many inputs; none where nothing was counted, or where some
    /// inputs were counted and others were not.
    pub fn beside(
        table: &CallTable,
        counted: &'a [Arc<ServerCounts>],
        inputs: usize,
    ) -> Option<Self> {
        match counted {
            [server] if server.of_calls || inputs == 1 => Self::new(table, server),
            _ => None,
        }
    }

    /// The counts of a server of whose calls the table is the sample; none where the sample shows
    /// no call among its spans.
    pub fn new(table: &CallTable, server: &'a ServerCounts) -> Option<Self> {
        if server.of_calls {
            let cells: Vec<_> = server.cells.iter().map(|cell| (cell, 1.0)).collect();
            return (!cells.is_empty()).then_some(Self { server, cells, exact: true });
        }
        let mut sampled: HashMap<Kind<'_>, u64> = HashMap::new();
        for cell in &server.cells {
            *sampled.entry(kind(cell)).or_default() += cell.sampled;
        }
        let [service, name, scope] =
            [Col::ServiceName, Col::SpanName, Col::ScopeName].map(|col| table.codes(col.name()));
        let mut by_code: HashMap<[u32; 3], u64> = HashMap::new();
        for row in 0..table.len() {
            let key = [&service, &name, &scope].map(|column| column.codes[row]);
            *by_code.entry(key).or_default() += 1;
        }
        let text = |codes: &Codes, code: u32| codes.values.get(code as usize).cloned();
        let named = |[of_service, of_name, of_scope]: [u32; 3]| {
            let texts = [text(&service, of_service), text(&name, of_name), text(&scope, of_scope)];
            texts.map(Option::unwrap_or_default)
        };
        let read: HashMap<[String; 3], u64> =
            by_code.into_iter().map(|(codes, calls)| (named(codes), calls)).collect();
        let part = |kind: Kind<'_>, sampled: u64| {
            let key = [kind.0, kind.1, kind.2].map(str::to_owned);
            let calls = read.get(&key).copied().unwrap_or(0);
            (sampled > 0).then(|| (calls as f64 / sampled as f64).min(1.0))
        };
        let parts: HashMap<Kind<'_>, Option<f64>> =
            sampled.iter().map(|(at, count)| (*at, part(*at, *count))).collect();
        // A kind that the sample did not meet is what its like are in other services.
        let like = |of: &ServerCell| {
            let mut found = parts
                .iter()
                .filter(|(at, part)| (at.1, at.2) == (&*of.kind.0, &*of.kind.1) && part.is_some())
                .filter_map(|(_, part)| *part);
            let first = found.next()?;
            found.all(|other| other == first).then_some(first)
        };
        let mut exact = true;
        let mut cells = Vec::with_capacity(server.cells.len());
        for cell in &server.cells {
            let part = parts.get(&kind(cell)).copied().flatten().or_else(|| like(cell));
            exact &= part.is_some_and(|part| part == 0.0 || part == 1.0);
            if let Some(part) = part.filter(|part| *part > 0.0) {
                cells.push((cell, part));
            }
        }
        (!cells.is_empty()).then_some(Self { server, cells, exact })
    }

    /// Who counted, as an ending of a sentence.
    pub fn by(&self) -> &'static str {
        if self.server.of_calls { "" } else { " by the server" }
    }

    /// One trace in so many was read.
    pub fn one_in(&self) -> u64 {
        self.server.one_in
    }

    /// Length of a bin, nanoseconds.
    pub fn bin_ns(&self) -> i64 {
        self.server.bin_ns
    }

    /// Whether stretches that begin there, of a length that is a multiple of this, are whole bins.
    pub fn fits(&self, start_ns: i64, length_ns: i64) -> bool {
        let bin_ns = self.server.bin_ns;
        length_ns > 0
            && length_ns % bin_ns == 0
            && start_ns.saturating_sub(self.server.origin_ns).rem_euclid(bin_ns) == 0
    }

    /// Whether a slice can be told by what the server counted by.
    pub fn tells(&self, segment: &BTreeMap<String, String>) -> bool {
        segment.keys().all(|name| [SERVICE, MODEL].contains(&name.as_str()))
    }

    /// First instant of a cell's bin.
    pub fn start_ns(&self, cell: &ServerCell) -> i64 {
        cell.bin.saturating_mul(self.server.bin_ns).saturating_add(self.server.origin_ns)
    }

    /// The cells of a slice, each with the part of its spans that are calls.
    pub fn of(
        &self,
        segment: &BTreeMap<String, String>,
    ) -> impl Iterator<Item = (&'a ServerCell, f64)> {
        let wants = |name: &str| segment.get(name).cloned();
        let (service, model) = (wants(SERVICE), wants(MODEL));
        self.cells.iter().copied().filter(move |(cell, _)| {
            service.as_ref().is_none_or(|service| *service == cell.service)
                && model.as_ref().is_none_or(|model| *model == cell.model)
        })
    }
}

fn kind(cell: &ServerCell) -> Kind<'_> {
    (&cell.service, &cell.kind.0, &cell.kind.1)
}

impl Sum {
    /// All of these.
    pub fn of<'a>(cells: impl IntoIterator<Item = (&'a ServerCell, f64)>) -> Self {
        let mut sum = Self::default();
        for (cell, part) in cells {
            sum.add(cell, part);
        }
        sum
    }

    /// One more cell.
    pub fn add(&mut self, cell: &ServerCell, part: f64) {
        self.calls += cell.spans as f64 * part;
        self.failed += cell.failed as f64 * part;
        for (all, more) in [
            (&mut self.input_tokens, cell.input_tokens),
            (&mut self.output_tokens, cell.output_tokens),
        ] {
            if let Some(more) = more {
                *all = Some(all.unwrap_or(0.0) + more * part);
            }
        }
        for (all, more) in [(&mut self.duration, &cell.duration), (&mut self.ttft, &cell.ttft)] {
            for (class, count) in more {
                *all.entry(*class).or_default() += *count as f64 * part;
            }
        }
    }

    /// Another sum beside it (1), or taken out of it (-1).
    pub fn join(&mut self, other: &Self, sign: f64) {
        self.calls += sign * other.calls;
        self.failed += sign * other.failed;
        for (all, more) in [
            (&mut self.input_tokens, other.input_tokens),
            (&mut self.output_tokens, other.output_tokens),
        ] {
            if let Some(more) = more {
                *all = Some(all.unwrap_or(0.0) + sign * more);
            }
        }
        for (all, more) in [(&mut self.duration, &other.duration), (&mut self.ttft, &other.ttft)] {
            for (class, count) in more {
                *all.entry(*class).or_default() += sign * count;
            }
        }
    }

    /// Quantile of the durations, seconds; of fewer calls than these none.
    pub fn duration_s(&self, q: f64, least: f64) -> Option<f64> {
        quantile(&self.duration, q, least)
    }

    /// Quantile of TTFT, seconds; of fewer calls than these none.
    pub fn ttft_s(&self, q: f64, least: f64) -> Option<f64> {
        quantile(&self.ttft, q, least)
    }

    /// Share of the calls that failed.
    pub fn error_share(&self) -> Option<f64> {
        (self.calls > 0.0).then(|| self.failed / self.calls)
    }

    /// The counts alone.
    pub fn told(&self) -> CountedCalls {
        CountedCalls {
            calls: self.calls.round() as u64,
            failed: self.failed.round() as u64,
            input_tokens: self.input_tokens.map(f64::round),
            output_tokens: self.output_tokens.map(f64::round),
        }
    }
}

/// The middle of the class in which the quantile lies.
fn quantile(classes: &BTreeMap<i32, f64>, q: f64, least: f64) -> Option<f64> {
    let all: f64 = classes.values().sum();
    if all < least.max(1.0) {
        return None;
    }
    let rank = q * (all - 1.0);
    let mut below = 0.0;
    let at = classes.iter().find(|(_, count)| {
        below += **count;
        below > rank + 1e-9
    });
    let (class, _) = at.or_else(|| classes.iter().next_back())?;
    Some(((f64::from(*class) + 0.5) / f64::from(CLASSES_PER_DOUBLING)).exp2())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::Call;

    #[test]
    fn a_quantile_of_classes_is_good_to_half_a_class() {
        let mut classes = BTreeMap::new();
        for value in 1..=1000 {
            let class = (f64::from(value) * 1e-3).log2() * f64::from(CLASSES_PER_DOUBLING);
            *classes.entry(class.floor() as i32).or_default() += 1.0;
        }
        for q in [0.1, 0.5, 0.95] {
            let found = quantile(&classes, q, 3.0).unwrap();
            assert!((found / q - 1.0).abs() < 0.023, "{q}: {found}");
        }
        assert_eq!(quantile(&classes, 0.5, 2000.0), None);
        assert_eq!(quantile(&BTreeMap::new(), 0.5, 0.0), None);
    }

    #[test]
    fn what_was_added_can_be_taken_out() {
        let cell = ServerCell {
            spans: 3,
            failed: 1,
            duration: vec![(0, 2)],
            output_tokens: Some(9.0),
            ..ServerCell::default()
        };
        let one = Sum::of([(&cell, 1.0)]);
        let mut two = Sum::of([(&cell, 1.0), (&cell, 1.0)]);
        assert_eq!(two.told().output_tokens, Some(18.0));
        two.join(&one, -1.0);
        assert_eq!((two.calls, two.failed), (3.0, 1.0));
        assert_eq!(two.duration_s(0.5, 1.0), one.duration_s(0.5, 1.0));
    }

    #[test]
    fn the_sample_tells_which_kinds_are_calls() {
        let call = |name: &str| {
            let mut call = Call::default();
            call.set_text(Col::ServiceName, "rag");
            call.set_text(Col::SpanName, name);
            call
        };
        let table = CallTable::from_calls(vec![call("chat"), call("chat"), call("ask")]);
        let cell = |service: &str, name: &str, spans, sampled| ServerCell {
            service: service.to_owned(),
            kind: (name.to_owned(), String::new()),
            spans,
            sampled,
            ..ServerCell::default()
        };
        let mut server = ServerCounts {
            one_in: 10,
            origin_ns: 0,
            bin_ns: 60,
            of_calls: false,
            cells: vec![cell("rag", "chat", 21, 2), cell("rag", "chain", 30, 3)],
        };
        // A service that the sample did not meet calls by the same name.
        server.cells.push(cell("other", "chat", 4, 0));
        let counts = Counts::new(&table, &server).unwrap();
        assert!(counts.exact);
        assert_eq!(Sum::of(counts.of(&BTreeMap::new())).told().calls, 25);
        // Half of these are calls, and the other half stands around them.
        server.cells.push(cell("rag", "ask", 20, 2));
        let counts = Counts::new(&table, &server).unwrap();
        assert!(!counts.exact);
        let rag = BTreeMap::from([(SERVICE.to_owned(), "rag".to_owned())]);
        assert_eq!(Sum::of(counts.of(&rag)).told().calls, 31);
        assert!(counts.fits(120, 180) && !counts.fits(30, 60) && !counts.fits(0, 90));
    }
}
