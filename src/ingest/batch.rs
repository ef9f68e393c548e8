//! What one chunk gives: kept spans with their resources and scopes, each of these held once.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher};

use super::collect::Collector;
use super::outcome::{Place, Tally};
use super::packed::{Packed, Range};
use super::span::{AttrId, Event, Resource, Scope, Span, Spans, Value};
use super::time::{self, Unit};

/// Kept spans in the making.
#[derive(Debug, Default)]
pub struct Batch {
    /// The spans that were kept last; those before lie in `spans`.
    last: Vec<Span>,
    spans: Spans,
    resources: Known,
    scopes: Known,
    /// Spans seen, kept or not.
    pub span_count: u64,
    /// What was skipped, lost or odd.
    pub tally: Tally,
}

/// Indices by hash of content; several where hashes collide.
type Known = HashMap<u64, Vec<u32>, foldhash::fast::FixedState>;

/// The times of a span as the dump has them.
#[derive(Debug, Clone, Copy, Default)]
pub struct RawTimes {
    /// Start; zero is none.
    pub start: i64,
    /// End; zero is none.
    pub end: i64,
    /// Whether they are nanoseconds for sure; their size tells the unit otherwise.
    pub in_ns: bool,
}

/// What many spans have in common, as indices.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shared {
    scope: u32,
    resource: u32,
}

/// How much a batch holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Room {
    spans: usize,
    values: usize,
    text: usize,
}

impl Batch {
    /// An empty one with room for about this much.
    pub fn with_room(room: Room) -> Self {
        let more = |size: usize| size + size / 16;
        let mut batch = Self::default();
        batch.last.reserve(more(room.spans));
        batch.spans.packed.push(Packed::with_room(more(room.values), more(room.text)));
        batch
    }

    /// How much it holds in its last piece.
    pub fn room(&self) -> Room {
        let (values, text) = self.spans.packed.last().map(Packed::size).unwrap_or_default();
        Room { spans: self.last.len(), values, text }
    }

    /// Where the spans of a group begin; hand it to [`Self::close_scope`] and
    /// [`Self::close_resource`] when the group ends.
    pub fn mark(&self) -> usize {
        self.last.len()
    }

    /// Gives the spans since `mark` their scope.
    pub fn close_scope(&mut self, mark: usize, scope: impl FnOnce() -> Scope) {
        if mark < self.mark() {
            let index = intern(&mut self.scopes, &mut self.spans.scopes, scope(), hash_scope);
            self.last.iter_mut().skip(mark).for_each(|span| span.scope = index);
        }
    }

    /// Gives the spans since `mark` their resource.
    pub fn close_resource(&mut self, mark: usize, attrs: impl FnOnce() -> Vec<(AttrId, Value)>) {
        if mark < self.mark() {
            let new = Resource { attrs: attrs() };
            let index = intern(&mut self.resources, &mut self.spans.resources, new, hash_resource);
            self.last.iter_mut().skip(mark).for_each(|span| span.resource = index);
        }
    }

    /// Gives the spans since `mark` the scope and the resource that others have.
    pub fn close_as(&mut self, mark: usize, shared: Shared) {
        for span in self.last.iter_mut().skip(mark) {
            span.scope = shared.scope;
            span.resource = shared.resource;
        }
    }

    /// The scope and the resource of the span behind `mark`; none where it was not kept.
    pub fn shared(&self, mark: usize) -> Option<Shared> {
        let span = self.last.get(mark)?;
        Some(Shared { scope: span.scope, resource: span.resource })
    }

    /// Keeps a span that carries what was collected. Its times are brought to nanoseconds, and what cannot be true is counted;
    /// a span without a start is lost.
    pub fn push(
        &mut self,
        mut span: Span,
        carried: &Collector<'_, '_>,
        times: RawTimes,
        place: Place,
    ) {
        let unit = match times.in_ns && times.start > 0 {
            true => Some(Unit::Nanos),
            false => time::unit(times.start),
        };
        let Some(unit) = unit else {
            self.tally.lost("LLM or HTTP span without a start time", place);
            return;
        };
        if unit != Unit::Nanos {
            self.tally.noted(unit.oddity(), place);
        }
        span.start_ns = unit.to_ns(times.start);
        let end_ns = unit.to_ns(times.end);
        if times.end == 0 {
            self.tally.noted("span never ended", place);
        } else if end_ns < span.start_ns {
            self.tally.noted("span ends before it starts", place);
        } else {
            span.end_ns = Some(end_ns);
        }
        let in_ns = |event: &Event| Event { time_ns: unit.to_ns(event.time_ns), ..*event };
        span.events = carried.events().iter().map(in_ns).collect();
        (span.packed, span.attrs) = self.pack(carried);
        self.last.push(span);
    }

    /// Packs the attributes of a span.
    fn pack(&mut self, carried: &Collector<'_, '_>) -> (u32, Range) {
        let pieces = &mut self.spans.packed;
        if pieces.last().is_none_or(Packed::is_full) {
            pieces.iter_mut().for_each(Packed::finish);
            pieces.push(Packed::default());
        }
        let piece = pieces.len() - 1;
        let packed = &mut pieces[piece];
        let mark = packed.mark();
        carried.pack(packed);
        (u32::try_from(piece).unwrap_or(u32::MAX), packed.since(mark))
    }

    /// The batch, of which nothing is left that only serves to add spans.
    #[must_use]
    pub fn finished(mut self) -> Self {
        self.spans.packed.iter_mut().for_each(Packed::finish);
        self.last.shrink_to_fit();
        self.spans.spans.push(std::mem::take(&mut self.last));
        self
    }

    /// Adds a later batch, which begins at these bytes and lines of the file.
    pub fn absorb(&mut self, later: Self, bytes: u64, lines: u64) {
        self.span_count += later.span_count;
        self.tally.absorb(&later.tally, bytes, lines);
        self.absorb_spans(later.into_spans());
    }

    /// Adds spans that were read elsewhere.
    pub fn absorb_spans(&mut self, later: Spans) {
        let Spans { spans, mut packed, resources, scopes } = later;
        let mine = &mut self.spans;
        mine.spans.push(std::mem::take(&mut self.last));
        let pieces = u32::try_from(mine.packed.len()).unwrap_or(u32::MAX);
        mine.packed.append(&mut packed);
        let resources: Vec<u32> = resources
            .into_iter()
            .map(|new| intern(&mut self.resources, &mut mine.resources, new, hash_resource))
            .collect();
        let scopes: Vec<u32> = scopes
            .into_iter()
            .map(|new| intern(&mut self.scopes, &mut mine.scopes, new, hash_scope))
            .collect();
        let same = |places: &[u32]| places.iter().zip(0..).all(|(new, old)| *new == old);
        let as_they_are = pieces == 0 && same(&resources) && same(&scopes);
        for mut piece in spans.into_pieces() {
            for span in piece.iter_mut().filter(|_| !as_they_are) {
                span.packed += pieces;
                span.resource = resources.get(span.resource as usize).copied().unwrap_or_default();
                span.scope = scopes.get(span.scope as usize).copied().unwrap_or_default();
            }
            mine.spans.push(piece);
        }
    }

    /// The spans alone.
    pub fn into_spans(self) -> Spans {
        self.finished().spans
    }
}

fn intern<T: PartialEq>(
    known: &mut Known,
    items: &mut Vec<T>,
    new: T,
    hash: impl Fn(&T) -> u64,
) -> u32 {
    let candidates = known.entry(hash(&new)).or_default();
    let same = |index: &&u32| items.get(**index as usize) == Some(&new);
    if let Some(index) = candidates.iter().find(same) {
        return *index;
    }
    let index = u32::try_from(items.len()).unwrap_or(u32::MAX);
    candidates.push(index);
    items.push(new);
    index
}

fn hash_scope(scope: &Scope) -> u64 {
    foldhash::fast::FixedState::default().hash_one(scope)
}

fn hash_resource(resource: &Resource) -> u64 {
    let mut hasher = foldhash::fast::FixedState::default().build_hasher();
    for (id, value) in &resource.attrs {
        id.hash(&mut hasher);
        match value {
            Value::Str(text) => text.hash(&mut hasher),
            Value::Int(int) => int.hash(&mut hasher),
            Value::Float(float) => float.to_bits().hash(&mut hasher),
            Value::Bool(flag) => flag.hash(&mut hasher),
        }
    }
    hasher.finish()
}
