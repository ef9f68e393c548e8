//! Collects what one span carries, and takes it out of the input only once the span is kept.

use super::document;
use super::escape::{repaired, unescape};
use super::json::any as json_any;
use super::packed::{Packed, same};
use super::proto::any as proto_any;
use super::span::{AttrId, Event, SpanKind, Value, ValueRef};
use super::wanted::{Keep, Take, Want, WantEvent, Wanted};

/// The value of an attribute while it still lies in the input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Raw<'a> {
    /// Text, its UTF-8 not yet checked.
    Text(&'a [u8]),
    /// The inside of a JSON string, its escapes not yet resolved.
    Escaped(&'a [u8]),
    /// An integer.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// A boolean.
    Bool(bool),
    /// Plain JSON: an object, or an array whose first scalar counts.
    Json(&'a [u8]),
    /// An OTLP JSON `AnyValue` that holds an array or a list of keys and values.
    JsonAny(&'a [u8]),
    /// An OTLP protobuf `AnyValue` that holds an array or a list of keys and values.
    ProtoAny(&'a [u8]),
}

impl Raw<'_> {
    /// The value as a scalar; an array gives its first one, and what is none gives nothing.
    pub fn scalar(self) -> Option<Value> {
        match self {
            Self::Text(text) => Some(owned(text)),
            Self::Escaped(inside) => Some(owned(&unescape(inside))),
            Self::Int(int) => Some(Value::Int(int)),
            Self::Float(float) => float.is_finite().then_some(Value::Float(float)),
            Self::Bool(flag) => Some(Value::Bool(flag)),
            Self::Json(text) => {
                let mut found = Vec::new();
                document::read(text, &[(Box::default(), AttrId(0))], &mut found);
                found.pop().map(|(_, value)| value)
            }
            Self::JsonAny(any) => json_any::first_scalar(any),
            Self::ProtoAny(any) => proto_any::first_scalar(any),
        }
    }

    /// Whether it is the same value.
    #[inline]
    fn is(self, other: Raw<'_>) -> bool {
        match (self, other) {
            (Self::Text(one), Raw::Text(other)) => same(one, other),
            (one, other) => one == other,
        }
    }

    /// Packs the value as a scalar.
    fn pack(self, id: AttrId, packed: &mut Packed) {
        match self {
            Self::Text(text) => packed.push_text(id, text),
            Self::Escaped(inside) => packed.push_text(id, &unescape(inside)),
            Self::Int(int) => packed.push(id, ValueRef::Int(int)),
            other => {
                if let Some(value) = other.scalar() {
                    packed.push(id, value.lent());
                }
            }
        }
    }

    /// Takes the value in each way that is wanted.
    pub fn take(self, want: &Want, out: &mut Vec<(AttrId, Value)>) {
        for take in &want.take {
            match take {
                Take::Scalar(id) => {
                    if let Some(value) = self.scalar() {
                        out.push((*id, value));
                    }
                }
                Take::Document(paths) => match self {
                    Self::Text(text) | Self::Json(text) => document::read(text, paths, out),
                    Self::Escaped(inside) => document::read(&unescape(inside), paths, out),
                    Self::JsonAny(any) => json_any::paths(any, paths, out),
                    Self::ProtoAny(any) => proto_any::paths(any, paths, out),
                    Self::Int(_) | Self::Float(_) | Self::Bool(_) => {}
                },
            }
        }
    }
}

fn owned(text: &[u8]) -> Value {
    Value::Str(repaired(text).into())
}

/// What one span carries of what is wanted. Reused from span to span, so that a span that is not
/// kept allocates nothing.
#[derive(Debug)]
pub struct Collector<'a, 'w> {
    wanted: &'w Wanted,
    items: Vec<(Ask<'w>, Raw<'a>)>,
    events: Vec<Event>,
    keep: Keep,
}

#[derive(Debug, Clone, Copy)]
enum Ask<'w> {
    Attr(&'w Want),
    EventAttr(AttrId),
}

impl Ask<'_> {
    fn is(self, other: Ask<'_>) -> bool {
        match (self, other) {
            (Self::Attr(one), Ask::Attr(other)) => std::ptr::eq(one, other),
            (Self::EventAttr(one), Ask::EventAttr(other)) => one == other,
            _ => false,
        }
    }
}

impl<'a, 'w> Collector<'a, 'w> {
    /// An empty one.
    pub fn new(wanted: &'w Wanted) -> Self {
        Self { wanted, items: Vec::new(), events: Vec::new(), keep: Keep::Never }
    }

    /// What is wanted.
    pub fn wanted(&self) -> &'w Wanted {
        self.wanted
    }

    /// Forgets the last span.
    pub fn clear(&mut self) {
        self.items.clear();
        self.events.clear();
        self.keep = Keep::Never;
    }

    /// Notes an attribute that is wanted.
    pub fn attr(&mut self, want: &'w Want, raw: Raw<'a>) {
        self.keep = self.keep.max(want.keep);
        self.items.push((Ask::Attr(want), raw));
    }

    /// Notes an event that is wanted.
    pub fn event(&mut self, want: &WantEvent, time_ns: i64) {
        self.keep = self.keep.max(want.keep);
        self.events.push(Event { id: want.id, time_ns });
    }

    /// Notes an attribute of an event.
    pub fn event_attr(&mut self, id: AttrId, raw: Raw<'a>) {
        self.items.push((Ask::EventAttr(id), raw));
    }

    /// Whether a span of that kind and name that carries this is worth keeping.
    pub fn keeps(&self, kind: SpanKind, name: &[u8]) -> bool {
        self.wanted.keeps(self.keep, kind, name)
    }

    /// Whether another one holds the same attributes.
    pub fn is_as(&self, other: &Self) -> bool {
        let same = |(one, other): (&(Ask<'_>, Raw<'_>), &(Ask<'_>, Raw<'_>))| {
            one.0.is(other.0) && one.1.is(other.1)
        };
        self.items.len() == other.items.len() && self.items.iter().zip(&other.items).all(same)
    }

    /// The wanted values, in order of appearance.
    pub fn attrs(&self) -> Vec<(AttrId, Value)> {
        let mut out = Vec::with_capacity(self.items.len());
        for (ask, raw) in &self.items {
            match ask {
                Ask::Attr(want) => raw.take(want, &mut out),
                Ask::EventAttr(id) => out.extend(raw.scalar().map(|value| (*id, value))),
            }
        }
        out
    }

    /// Packs the wanted values, in order of appearance.
    pub fn pack(&self, packed: &mut Packed) {
        let mut mined = Vec::new();
        for (ask, raw) in &self.items {
            match ask {
                Ask::EventAttr(id) => raw.pack(*id, packed),
                Ask::Attr(want) => match want.take.as_slice() {
                    [Take::Scalar(id)] => raw.pack(*id, packed),
                    _ => {
                        raw.take(want, &mut mined);
                        mined.drain(..).for_each(|(id, value)| packed.push(id, value.lent()));
                    }
                },
            }
        }
    }

    /// The wanted events, in order of appearance.
    pub fn events(&self) -> &[Event] {
        &self.events
    }
}
