//! Which spans belong to one trace, and which of them were written twice.

use std::cmp::Ordering;
use std::collections::HashMap;

use foldhash::fast::FixedState;
use rayon::prelude::*;

use crate::calls::order::Order;
use crate::ingest::{Id, SpanList, Spans};

/// Up to this many spans a trace is searched from end to end, which costs less than a set.
const FEW: usize = 16;

/// The kept spans by trace; traces are numbered as they appear.
pub struct Traces {
    /// The trace of every span.
    pub of: Vec<usize>,
    /// Whether a span repeats the trace and span id of another one that tells as much or more.
    pub repeated: Vec<bool>,
    /// Where the members of each trace begin; one more at the end.
    begins: Vec<usize>,
    /// The spans that repeat none, trace by trace.
    members: Vec<u32>,
}

impl Traces {
    /// Groups the spans.
    pub fn of(dump: &Spans) -> Self {
        let spans = &dump.spans;
        let (of, mut begins) = number(spans);
        let mut members = vec![0; spans.len()];
        for (trace, span) in of.iter().zip(0_u32..) {
            members[begins[*trace]] = span;
            begins[*trace] += 1;
        }
        // Each begins now where the next one did.
        begins.rotate_right(1);
        if let Some(first) = begins.first_mut() {
            *first = 0;
        }
        let mut traces = Self { of, repeated: vec![false; spans.len()], begins, members };
        traces.sort(Order::of(dump));
        traces.drop_repeated(dump);
        traces
    }

    /// Brings the members of each trace into an order that is the same in every form of a dump.
    fn sort(&mut self, order: Order<'_>) {
        let compare = |one: &u32, other: &u32| order.compare(*one, *other);
        for trace in 0..self.len() {
            let members = &mut self.members[self.begins[trace]..self.begins[trace + 1]];
            if !members.is_sorted_by(|one, other| compare(one, other) != Ordering::Greater) {
                members.par_sort_by(compare);
            }
        }
    }

    /// How many traces.
    pub fn len(&self) -> usize {
        self.begins.len() - 1
    }

    /// The spans of a trace that repeat no other one, in an order that only their content decides.
    pub fn members(&self, trace: usize) -> &[u32] {
        &self.members[self.begins[trace]..self.begins[trace + 1]]
    }

    /// Of the records of one span the fullest is kept, the first of those that tell as much.
    fn drop_repeated(&mut self, dump: &Spans) {
        let spans = &dump.spans;
        let id = |at: &u32| spans.get(*at as usize).map_or(&Id::None, |span| &span.span_id);
        let order = Order::of(dump);
        for trace in 0..self.len() {
            let members = &self.members[self.begins[trace]..self.begins[trace + 1]];
            let mut known: HashMap<&Id, u32, FixedState> = HashMap::default();
            for (place, at) in members.iter().enumerate().filter(|(_, at)| !id(at).is_none()) {
                let before = if members.len() <= FEW {
                    let mut before = members[..place].iter();
                    let again =
                        |other: &&u32| id(other) == id(at) && !self.repeated[**other as usize];
                    before.find(again).copied()
                } else {
                    known.get(id(at)).copied()
                };
                let gone = before.map(|before| match order.fuller(before, *at) {
                    Ordering::Less => before,
                    Ordering::Equal | Ordering::Greater => *at,
                });
                if let Some(gone) = gone {
                    self.repeated[gone as usize] = true;
                }
                if members.len() > FEW && gone != Some(*at) {
                    known.insert(id(at), *at);
                }
            }
        }
        if self.repeated.contains(&true) {
            self.compact();
        }
    }

    fn compact(&mut self) {
        let mut kept = Vec::with_capacity(self.members.len());
        for trace in 0..self.len() {
            let members = &self.members[self.begins[trace]..self.begins[trace + 1]];
            self.begins[trace] = kept.len();
            kept.extend(members.iter().filter(|at| !self.repeated[**at as usize]));
        }
        if let Some(end) = self.begins.last_mut() {
            *end = kept.len();
        }
        self.members = kept;
    }
}

/// The number of every span's trace, and where each trace begins when they are laid one behind
/// the other, with the end of the last one.
fn number(spans: &SpanList) -> (Vec<usize>, Vec<usize>) {
    // A call and its attempt, mostly.
    let traces = spans.len() / 2;
    let mut numbers: HashMap<&Id, usize, FixedState> =
        HashMap::with_capacity_and_hasher(traces, FixedState::default());
    let mut of: Vec<usize> = Vec::with_capacity(spans.len());
    let mut sizes: Vec<usize> = Vec::new();
    let mut last: Option<(&Id, usize)> = None;
    for span in spans.iter() {
        // Spans of one trace mostly come together.
        let number = match last {
            Some((id, number)) if *id == span.trace_id => number,
            _ => *numbers.entry(&span.trace_id).or_insert(sizes.len()),
        };
        if number == sizes.len() {
            sizes.push(0);
        }
        sizes[number] += 1;
        of.push(number);
        last = Some((&span.trace_id, number));
    }
    let mut end = 0;
    let mut begins: Vec<usize> = sizes
        .into_iter()
        .map(|size| {
            end += size;
            end - size
        })
        .collect();
    begins.push(end);
    (of, begins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::Span;

    fn span(trace: u8, id: u8) -> Span {
        let bytes = |byte| Id::from_bytes(&[byte; 8]);
        Span { trace_id: bytes(trace), span_id: bytes(id), ..Span::default() }
    }

    fn dump(spans: &[Span]) -> Spans {
        Spans { spans: spans.iter().cloned().collect(), ..Spans::default() }
    }

    #[test]
    fn of_the_records_of_one_span_the_fullest_stays_wherever_it_lies() {
        let mut full = span(1, 1);
        full.end_ns = Some(5);
        let mut open = span(1, 1);
        open.start_ns = -1;
        for spans in [[full.clone(), open.clone()], [open, full]] {
            let traces = Traces::of(&dump(&spans));
            let kept = traces.members(0);
            assert_eq!(kept.len(), 1);
            assert_eq!(spans[kept[0] as usize].end_ns, Some(5));
        }
    }

    #[test]
    fn spans_come_together_by_trace_and_what_is_repeated_is_left_out() {
        let spans = [span(1, 1), span(2, 1), span(1, 2), span(1, 1), span(2, 0), span(2, 0)];
        let traces = Traces::of(&dump(&spans));
        assert_eq!(traces.of, [0, 1, 0, 0, 1, 1]);
        assert_eq!(traces.repeated, [false, false, false, true, false, false]);
        assert_eq!(traces.len(), 2);
        assert_eq!(traces.members(0), [0, 2]);
        // Spans without an id repeat nothing.
        assert_eq!(traces.members(1), [4, 5, 1]);
        assert_eq!(Traces::of(&Spans::default()).len(), 0);
    }

    #[test]
    fn a_long_trace_is_searched_as_a_short_one_is() {
        let mut spans: Vec<Span> = (1..=40).map(|id| span(7, id)).collect();
        spans.push(span(7, 3));
        let traces = Traces::of(&dump(&spans));
        assert_eq!(traces.members(0), (0..40).collect::<Vec<u32>>());
        assert!(traces.repeated[40]);
    }
}
