//! One span read with its dialect's table: the cells that it gives, and the clues beside them.

use crate::calls::lens::{Candidate, Compiled, Lens, Slots, Source};
use crate::calls::parse::{self, Rejection};
use crate::calls::{Call, Cell, python};
use crate::dialects::{Clue, Part, To, Unit};
use crate::ingest::{Event, Id, Resource, Scope, Span, SpanKind, Value};
use crate::schema::Col;

/// A span as its dialect reads it.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Index of the span.
    pub span: u32,
    /// Index of the dialect.
    pub dialect: u8,
    /// What it is.
    pub part: Part,
    /// Its kind.
    pub kind: SpanKind,
    /// When it started, nanoseconds since the epoch.
    pub start_ns: i64,
    /// When it ended; none where unfinished.
    pub end_ns: Option<i64>,
    /// Its cells.
    pub call: Call,
    /// Figures that help to derive others.
    pub clues: Clues,
    /// Times of its chunks.
    pub chunks: Option<Chunks>,
    /// Values that could not be true.
    pub rejected: Vec<Rejection>,
}

/// Figures that are no column but help to derive one.
#[derive(Debug, Clone, Default)]
pub struct Clues {
    /// See [`Clue::InputWithoutCache`].
    pub input_without_cache: Option<i64>,
    /// See [`Clue::MoreInput`].
    pub more_input: Option<i64>,
    /// See [`Clue::MoreOutput`].
    pub more_output: Option<i64>,
    /// See [`Clue::TotalTokens`].
    pub total_tokens: Option<i64>,
    /// See [`Clue::FinishS`].
    pub finish_s: Option<f64>,
    /// See [`Clue::StreamS`].
    pub stream_s: Option<f64>,
    /// See [`Clue::TtftAfterHeadersS`].
    pub ttft_after_headers_s: Option<f64>,
    /// See [`Clue::Resends`].
    pub resends: Option<i64>,
    /// Attempts before this one that are spans of their own.
    pub failed_before: i64,
    /// Whether the span, an event or a level says that it failed.
    pub failed: bool,
    /// Whether what went wrong was a time limit.
    pub timed_out: bool,
    /// See [`Clue::GatewayCache`].
    pub gateway_cache: bool,
    /// See [`Clue::UrlPath`].
    pub url_path: Option<Box<str>>,
    /// See [`Clue::ServerRequest`].
    pub server_request: Option<Box<str>>,
}

/// When the chunks of a stream came, as far as the span recorded them.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunks {
    /// First one, seconds from the span's start.
    pub first_s: f64,
    /// Last one, seconds from the span's start.
    pub last_s: f64,
    /// How many were recorded.
    pub count: u32,
    /// How many events were dropped, the oldest first.
    pub dropped: u32,
    /// Gaps between consecutive ones: median, 95th and 99th percentile, seconds; none below two
    /// chunks.
    pub gaps_s: Option<[f64; 3]>,
}

/// Columns that say which span a row is: never taken from another.
const IDENTITY: [Col; 7] = [
    Col::TraceId,
    Col::SpanId,
    Col::ParentSpanId,
    Col::SpanName,
    Col::ScopeName,
    Col::Dialect,
    Col::Start,
];

/// Reads spans with the compiled tables; one for each thread.
#[derive(Debug)]
pub struct Reader<'a> {
    lens: &'a Lens,
    resources: &'a [Resource],
    scopes: &'a [Scope],
    slots: Slots,
    /// What a span of each scope may be, once a span of it was met.
    open: Vec<Option<Box<[Candidate]>>>,
}

impl<'a> Reader<'a> {
    /// A reader over spans that point to these.
    pub fn new(lens: &'a Lens, resources: &'a [Resource], scopes: &'a [Scope]) -> Self {
        Self { lens, resources, scopes, slots: lens.slots(), open: vec![None; scopes.len()] }
    }

    /// Reads the span of that index; none where no dialect knows it or it has nothing to do with a call.
    pub fn read(&mut self, index: usize, span: &Span) -> Option<Draft> {
        self.slots.load(&span.attrs);
        let scope_at = usize::try_from(span.scope).ok()?;
        let scope = self.scopes.get(scope_at)?;
        let open = self.open.get_mut(scope_at)?.get_or_insert_with(|| self.lens.open_to(scope));
        let (dialect, part) = self.lens.classify(span, scope, open, &self.slots)?;
        if part == Part::Other {
            return None;
        }
        let mut draft = Draft {
            span: u32::try_from(index).ok()?,
            dialect: u8::try_from(dialect).ok()?,
            part,
            kind: span.kind,
            start_ns: span.start_ns,
            end_ns: span.end_ns,
            call: Call::with_room(span.attrs.len() + IDENTITY.len()),
            clues: Clues::default(),
            chunks: None,
            rejected: Vec::new(),
        };
        let compiled = &self.lens.dialects[dialect];
        if part != Part::Attempt {
            identify(&mut draft.call, span, &scope.name, compiled.table.id);
        }
        self.fill(&mut draft, span, compiled);
        draft.chunks = chunks(span, &compiled.chunks);
        draft.clues.failed |= span.status == crate::ingest::StatusCode::Error;
        Some(draft)
    }

    fn fill(&self, draft: &mut Draft, span: &Span, compiled: &Compiled) {
        // Most rules find nothing: what costs least is asked first.
        for rule in &compiled.fields {
            match rule.source {
                Source::Span(id) => {
                    if let Some(value) = self.slots.get(&span.attrs, id) {
                        draft.offer(rule.to, value, rule.unit);
                    }
                }
                Source::Resource(id) => {
                    if let Some(value) = self.resource(span, id) {
                        draft.offer(rule.to, value, rule.unit);
                    }
                }
                Source::Repr(id, path) => {
                    let text = self.slots.get(&span.attrs, id).and_then(Value::as_str);
                    if let Some(text) = text.filter(|_| !draft.filled(rule.to))
                        && let Some(value) = python::find(text, path)
                    {
                        draft.put(rule.to, &value, rule.unit);
                    }
                }
                Source::Event(id) => {
                    if let Some(event) = first_event(&span.events, id, span.dropped_events) {
                        let seconds = parse::ns_to_s(event.time_ns.saturating_sub(span.start_ns));
                        draft.offer(rule.to, &Value::Float(seconds), rule.unit);
                    }
                }
                Source::Fixed(text) if !draft.filled(rule.to) => {
                    draft.put(rule.to, &Value::Str(text.into()), rule.unit);
                }
                Source::Fixed(_) => {}
            }
        }
    }

    fn resource(&self, span: &Span, id: crate::ingest::AttrId) -> Option<&'a Value> {
        let resource = self.resources.get(usize::try_from(span.resource).ok()?)?;
        resource.attrs.iter().rev().find(|(have, _)| *have == id).map(|(_, value)| value)
    }
}

/// The first event of that name; none where older events were dropped.
fn first_event(events: &[Event], id: crate::ingest::AttrId, dropped: u32) -> Option<&Event> {
    let first = events.iter().filter(|event| event.id == id).min_by_key(|event| event.time_ns);
    first.filter(|_| dropped == 0)
}

fn identify(call: &mut Call, span: &Span, scope: &str, dialect: &str) {
    let id = |id: &Id| id.text().map_or(Cell::Null, Cell::Text);
    call.set(Col::TraceId, id(&span.trace_id));
    call.set(Col::SpanId, id(&span.span_id));
    call.set(Col::ParentSpanId, id(&span.parent_span_id));
    call.set_text(Col::SpanName, &span.name);
    call.set_text(Col::ScopeName, scope);
    call.set_text(Col::Dialect, dialect);
    call.set(Col::Start, Cell::Int(span.start_ns));
}

impl Draft {
    /// Seconds from start to end; none where unfinished.
    pub fn duration_s(&self) -> Option<f64> {
        let elapsed = self.end_ns?.checked_sub(self.start_ns)?;
        (elapsed >= 0).then(|| parse::ns_to_s(elapsed))
    }

    /// The end, or the start of a span that never ended.
    pub fn last_ns(&self) -> i64 {
        self.end_ns.unwrap_or(self.start_ns)
    }

    /// Whether this span lies within another one, give or take.
    pub fn within(&self, other: &Self, slack_ns: i64) -> bool {
        self.start_ns >= other.start_ns.saturating_sub(slack_ns)
            && self.last_ns() <= other.last_ns().saturating_add(slack_ns)
    }

    fn filled(&self, to: To) -> bool {
        match to {
            To::Col(col) => self.call.has(col),
            To::Segment(name) => self.call.segments.iter().any(|(have, _)| **have == *name),
            To::Clue(_) => false,
        }
    }

    /// Puts a value where an earlier rule gave none.
    fn offer(&mut self, to: To, value: &Value, unit: Unit) {
        if !self.filled(to) {
            self.put(to, value, unit);
        }
    }

    fn put(&mut self, to: To, value: &Value, unit: Unit) {
        match to {
            To::Col(col) => match parse::cell(col, value, unit, self.start_ns) {
                Ok(cell) => self.call.set(col, cell),
                Err(reason) => self.rejected.push(reason),
            },
            To::Segment(name) => {
                if let Some(text) = parse::text(value) {
                    self.call.segments.push((name.into(), text.into()));
                }
            }
            To::Clue(clue) => {
                if let Err(reason) = self.clues.put(clue, value, unit, self.start_ns) {
                    self.rejected.push(reason);
                }
            }
        }
    }

    /// Lets the call begin earlier: with the attempts that failed before it.
    pub fn begin_at(&mut self, start_ns: i64) {
        let earlier_s = parse::ns_to_s(self.start_ns.saturating_sub(start_ns));
        self.start_ns = start_ns;
        self.call.set(Col::Start, Cell::Int(start_ns));
        if let Some(ttft) = self.call.number(Col::TtftS) {
            self.call.set(Col::TtftS, Cell::Float(ttft + earlier_s));
        }
        self.clues.finish_s = self.clues.finish_s.map(|finish| finish + earlier_s);
        if let Some(chunks) = &mut self.chunks {
            chunks.first_s += earlier_s;
            chunks.last_s += earlier_s;
        }
    }

    fn has_usage(&self) -> bool {
        self.clues.input_without_cache.is_some()
            || self.clues.more_input.is_some()
            || [Col::InputTokens, Col::OutputTokens].iter().any(|col| self.call.has(*col))
    }

    /// Whether it failed without any answer.
    pub fn fruitless(&self) -> bool {
        self.clues.failed
            && [Col::ResponseId, Col::OutputTokens, Col::TtftS]
                .iter()
                .all(|col| !self.call.has(*col))
    }

    /// Takes from another record of the same call what is not known here.
    pub fn fill_from(&mut self, other: &Self) {
        let ahead_s = parse::ns_to_s(self.start_ns.saturating_sub(other.start_ns));
        let ttft = self.call.number(Col::TtftS);
        // Counts of two vocabularies must not be mixed.
        let counted = self.has_usage();
        let fills = |col: Col| {
            let count = matches!(col, Col::InputTokens | Col::OutputTokens);
            !(IDENTITY.contains(&col) || counted && count)
        };
        self.call.fill_where(&other.call, fills);
        self.call.fill_segments(&other.call);
        if ttft.is_none()
            && let Some(theirs) = other.call.number(Col::TtftS)
        {
            // The other one counts from its own start.
            let mine = theirs - ahead_s;
            self.call.set(Col::TtftS, if mine >= 0.0 { Cell::Float(mine) } else { Cell::Null });
        }
        if !counted {
            self.clues.usage_from(&other.clues);
        }
        self.clues.fill_from(&other.clues);
        if self.chunks.is_none() && ahead_s.abs() < 1e-3 {
            self.chunks.clone_from(&other.chunks);
        }
        self.rejected.extend(&other.rejected);
    }
}

impl Clues {
    fn put(
        &mut self,
        clue: Clue,
        value: &Value,
        unit: Unit,
        start_ns: i64,
    ) -> Result<(), Rejection> {
        match clue {
            Clue::InputWithoutCache => put_count(&mut self.input_without_cache, value, unit),
            Clue::MoreInput => put_count(&mut self.more_input, value, unit),
            Clue::MoreOutput => put_count(&mut self.more_output, value, unit),
            Clue::TotalTokens => put_count(&mut self.total_tokens, value, unit),
            Clue::Resends => put_count(&mut self.resends, value, unit),
            Clue::FinishS => put_seconds(&mut self.finish_s, value, unit, start_ns),
            Clue::StreamS => put_seconds(&mut self.stream_s, value, unit, start_ns),
            Clue::TtftAfterHeadersS => {
                put_seconds(&mut self.ttft_after_headers_s, value, unit, start_ns)
            }
            Clue::Failed => {
                self.failed |= parse::flag(value, unit) == Some(true);
                Ok(())
            }
            Clue::Failure => {
                self.timed_out |= parse::text(value).is_some_and(|text| says_timeout(&text));
                Ok(())
            }
            Clue::GatewayCache => {
                self.gateway_cache |= parse::flag(value, unit) == Some(true);
                Ok(())
            }
            Clue::UrlPath => {
                put_text(
                    &mut self.url_path,
                    parse::text(value).as_deref().and_then(parse::url_path),
                );
                Ok(())
            }
            Clue::ServerRequest => {
                put_text(&mut self.server_request, parse::text(value).as_deref());
                Ok(())
            }
        }
    }

    fn usage_from(&mut self, other: &Self) {
        self.input_without_cache = other.input_without_cache;
        self.more_input = other.more_input;
        self.more_output = other.more_output;
        self.total_tokens = other.total_tokens;
    }

    fn fill_from(&mut self, other: &Self) {
        self.resends = self.resends.or(other.resends);
        self.stream_s = self.stream_s.or(other.stream_s);
        self.failed |= other.failed;
        self.timed_out |= other.timed_out;
        self.gateway_cache |= other.gateway_cache;
    }
}

fn put_count(slot: &mut Option<i64>, value: &Value, unit: Unit) -> Result<(), Rejection> {
    if let (None, Cell::Int(int)) = (&slot, parse::count(value, unit)?) {
        *slot = Some(int);
    }
    Ok(())
}

fn put_seconds(
    slot: &mut Option<f64>,
    value: &Value,
    unit: Unit,
    start_ns: i64,
) -> Result<(), Rejection> {
    if let (None, Cell::Float(seconds)) = (&slot, parse::seconds(value, unit, start_ns)?) {
        *slot = Some(seconds);
    }
    Ok(())
}

fn put_text(slot: &mut Option<Box<str>>, text: Option<&str>) {
    if slot.is_none() {
        *slot = text.map(Into::into);
    }
}

/// Whether an error class or message says that a time limit was hit.
pub fn says_timeout(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["timeout", "timed out", "timed_out", "time out", "deadline"]
        .iter()
        .any(|word| lower.contains(word))
}

fn chunks(span: &Span, wanted: &[crate::ingest::AttrId]) -> Option<Chunks> {
    if wanted.is_empty() {
        return None;
    }
    let chunk = |event: &&Event| wanted.contains(&event.id);
    let mut times: Vec<i64> = span.events.iter().filter(chunk).map(|event| event.time_ns).collect();
    times.sort_unstable();
    let (first, last) = (*times.first()?, *times.last()?);
    let mut gaps: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_unstable();
    let gaps_s = (!gaps.is_empty()).then(|| [50, 95, 99].map(|p| percentile_s(&gaps, p)));
    Some(Chunks {
        first_s: parse::ns_to_s(first.saturating_sub(span.start_ns)),
        last_s: parse::ns_to_s(last.saturating_sub(span.start_ns)),
        count: u32::try_from(times.len()).unwrap_or(u32::MAX),
        dropped: span.dropped_events,
        gaps_s,
    })
}

/// The nearest-rank percentile of sorted gaps, in seconds.
fn percentile_s(sorted: &[i64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(rank).map_or(0.0, |gap| parse::ns_to_s(*gap))
}
