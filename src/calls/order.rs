//! Which of two spans comes first: told by what they hold, never by where they lay in the input.
//!
//! Where one of several is kept, the choice must be the same whatever form the dump has.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::calls::parse;
use crate::ingest::{AttrId, Span, Spans, ValueRef};

/// Orders the spans of a dump by their times, their ids, and then all else that they hold.
#[derive(Clone, Copy)]
pub struct Order<'a> {
    spans: &'a Spans,
}

impl<'a> Order<'a> {
    /// The order of these spans.
    pub const fn of(spans: &'a Spans) -> Self {
        Self { spans }
    }

    /// Compares two spans by their places.
    pub fn compare(self, one: u32, other: u32) -> Ordering {
        let span = |at: u32| self.spans.spans.get(usize::try_from(at).ok()?);
        match (span(one), span(other)) {
            (Some(one), Some(other)) => self.contents(one, other),
            (one, other) => one.is_some().cmp(&other.is_some()),
        }
    }

    /// Which of two records of one span tells more, the less telling one first.
    pub fn fuller(self, one: u32, other: u32) -> Ordering {
        let told = |at: u32| {
            let span = self.spans.spans.get(usize::try_from(at).ok()?)?;
            Some((span.end_ns.is_some(), span.attrs.len(), span.events.len()))
        };
        told(one).cmp(&told(other))
    }

    fn contents(self, one: &Span, other: &Span) -> Ordering {
        let key = |span: &Span| (span.start_ns, span.end_ns);
        key(one)
            .cmp(&key(other))
            .then_with(|| one.trace_id.cmp(&other.trace_id))
            .then_with(|| one.span_id.cmp(&other.span_id))
            .then_with(|| self.rest(one, other))
    }

    /// Spans that agree in all this are rare: here more may be spent.
    fn rest(self, one: &Span, other: &Span) -> Ordering {
        let plain = |span: &Span| (span.kind as u8, span.status as u8, span.dropped_events);
        let events = |span: &Span| {
            let mut events: Vec<(i64, AttrId)> =
                span.events.iter().map(|event| (event.time_ns, event.id)).collect();
            events.sort_unstable();
            events
        };
        one.parent_span_id
            .cmp(&other.parent_span_id)
            .then_with(|| one.name.cmp(&other.name))
            .then_with(|| plain(one).cmp(&plain(other)))
            .then_with(|| self.texts(one).cmp(&self.texts(other)))
            .then_with(|| self.scope(one).cmp(&self.scope(other)))
            .then_with(|| self.resource(one).cmp(&self.resource(other)))
            .then_with(|| events(one).cmp(&events(other)))
    }

    fn scope(self, span: &Span) -> Option<(&'a str, &'a str)> {
        let scope = self.spans.scopes.get(usize::try_from(span.scope).ok()?)?;
        Some((&scope.name, &scope.version))
    }

    fn resource(self, span: &Span) -> Option<Vec<(AttrId, Cow<'a, str>)>> {
        let at = usize::try_from(span.resource).ok()?;
        let resource = self.spans.resources.get(at)?;
        Some(texts(resource.attrs.iter().map(|(id, value)| (*id, value.lent()))))
    }

    fn texts(self, span: &Span) -> Vec<(AttrId, Cow<'a, str>)> {
        texts(self.spans.attrs(span).iter())
    }
}

/// Attributes by name and as text: some forms hold numbers where others hold their digits, and
/// none keeps the order of another.
fn texts<'v>(attrs: impl Iterator<Item = (AttrId, ValueRef<'v>)>) -> Vec<(AttrId, Cow<'v, str>)> {
    let known = attrs.filter_map(|(id, value)| Some((id, parse::text(value)?)));
    let mut texts: Vec<_> = known.collect();
    texts.sort_unstable();
    texts
}
