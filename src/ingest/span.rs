//! A span as ingest hands it on: ids, times, and the wanted attributes only.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use compact_str::CompactString;

use super::list::SpanList;
use super::packed::{Attrs, Packed, Range};

/// A trace or span id: raw bytes where the dump had them, its own text where it had not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Id {
    /// No id, or all zeros: for a parent, a root span.
    #[default]
    None,
    /// 8 bytes.
    Short([u8; 8]),
    /// 16 bytes.
    Long([u8; 16]),
    /// Anything else, verbatim.
    Text(Box<str>),
}

impl Id {
    /// An id from raw bytes; all zeros or no bytes at all is none.
    #[inline]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        if let Ok(short) = <[u8; 8]>::try_from(bytes) {
            return if short == [0; 8] { Self::None } else { Self::Short(short) };
        }
        if let Ok(long) = <[u8; 16]>::try_from(bytes) {
            return if long == [0; 16] { Self::None } else { Self::Long(long) };
        }
        if bytes.iter().all(|byte| *byte == 0) {
            return Self::None;
        }
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Self::Text(hex.into())
    }

    /// The id as text, in lower-case hex where it is bytes; none where there is no id.
    pub fn text(&self) -> Option<CompactString> {
        (!self.is_none()).then(|| self.digits(&mut [0; 32]).into())
    }

    /// The same, written where there is room; empty where there is no id.
    pub fn digits<'d>(&'d self, room: &'d mut [u8; 32]) -> &'d str {
        match self {
            Self::None => "",
            Self::Short(bytes) => hex(bytes, &mut room[..16]),
            Self::Long(bytes) => hex(bytes, room),
            Self::Text(text) => text,
        }
    }

    /// The order of their texts, an id that is none before all others.
    pub fn compare_texts(&self, other: &Self) -> Ordering {
        match (self.bytes(), other.bytes()) {
            // Digits are in the order of their bytes.
            (Some(one), Some(other)) => one.cmp(other),
            _ => self.text().cmp(&other.text()),
        }
    }

    const fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Short(bytes) => Some(bytes),
            Self::Long(bytes) => Some(bytes),
            Self::None | Self::Text(_) => None,
        }
    }

    /// Whether there is no id.
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}

impl Hash for Id {
    /// What is bytes is hashed as one number.
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::None => state.write_u8(0),
            Self::Short(bytes) => state.write_u64(u64::from_le_bytes(*bytes)),
            Self::Long(bytes) => state.write_u128(u128::from_le_bytes(*bytes)),
            Self::Text(text) => text.hash(state),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().map_or(Ok(()), |text| f.write_str(&text))
    }
}

/// The two hex digits of every byte.
const HEX: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    pairs
};

/// Bytes as hex digits, two a byte.
fn hex<'d>(bytes: &[u8], digits: &'d mut [u8]) -> &'d str {
    let (pairs, _) = digits.as_chunks_mut::<2>();
    for (byte, pair) in bytes.iter().zip(pairs) {
        *pair = HEX[usize::from(*byte)];
    }
    std::str::from_utf8(digits).expect("hex digits are ASCII")
}

/// A scalar as the span carries it. Arrays are kept as their first scalar.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text.
    Str(CompactString),
    /// Integer.
    Int(i64),
    /// Floating point; never NaN.
    Float(f64),
    /// Boolean.
    Bool(bool),
}

impl Value {
    /// The value, lent.
    pub fn lent(&self) -> ValueRef<'_> {
        match self {
            Self::Str(text) => ValueRef::Str(text),
            Self::Int(int) => ValueRef::Int(*int),
            Self::Float(float) => ValueRef::Float(*float),
            Self::Bool(flag) => ValueRef::Bool(*flag),
        }
    }
}

/// A scalar that lies elsewhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueRef<'a> {
    /// Text.
    Str(&'a str),
    /// Integer.
    Int(i64),
    /// Floating point; never NaN.
    Float(f64),
    /// Boolean.
    Bool(bool),
}

impl<'a> ValueRef<'a> {
    /// The text, where it is text.
    pub const fn as_str(self) -> Option<&'a str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The number, whether it was written as a number or as text.
    pub fn as_f64(self) -> Option<f64> {
        match self {
            #[allow(clippy::cast_precision_loss, reason = "counts and times stay below 2^53")]
            Self::Int(int) => Some(int as f64),
            Self::Float(float) => Some(float),
            Self::Str(text) => text.trim().parse().ok().filter(|f: &f64| f.is_finite()),
            Self::Bool(_) => None,
        }
    }

    /// The integer, whether it was written as one, as an integral float or as text.
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(int),
            Self::Str(text) => text.trim().parse().ok().or_else(|| integral(self.as_f64()?)),
            Self::Float(float) => integral(float),
            Self::Bool(_) => None,
        }
    }

    /// The truth value, whether it was written as one or as text in any case.
    pub fn as_bool(self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(flag),
            Self::Str(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Self::Str(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }
}

fn integral(float: f64) -> Option<i64> {
    let whole = float.fract() == 0.0 && float.abs() < 9.0e15;
    #[allow(clippy::cast_possible_truncation, reason = "checked to be integral and small")]
    whole.then_some(float as i64)
}

/// OTLP's span kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SpanKind {
    /// Not said.
    #[default]
    Unspecified,
    /// In-process.
    Internal,
    /// Serves a request.
    Server,
    /// Makes a request.
    Client,
    /// Sends a message.
    Producer,
    /// Handles a message.
    Consumer,
}

/// OTLP's span status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StatusCode {
    /// Not set.
    #[default]
    Unset,
    /// Set to ok.
    Ok,
    /// Set to error.
    Error,
}

/// Index of a wanted attribute, mined path, event or event attribute in [`super::Wanted`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttrId(pub u16);

/// A wanted event of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Which event.
    pub id: AttrId,
    /// When, in nanoseconds since the epoch.
    pub time_ns: i64,
}

/// One kept span.
#[derive(Debug, Clone, Default)]
pub struct Span {
    /// Trace id.
    pub trace_id: Id,
    /// Span id.
    pub span_id: Id,
    /// Parent span id; none for a root.
    pub parent_span_id: Id,
    /// Name.
    pub name: CompactString,
    /// Kind.
    pub kind: SpanKind,
    /// Status.
    pub status: StatusCode,
    /// Start, nanoseconds since the epoch.
    pub start_ns: i64,
    /// End, nanoseconds since the epoch; none where unfinished or before the start.
    pub end_ns: Option<i64>,
    /// Wanted attributes, mined paths and attributes of wanted events, in order of appearance:
    /// [`Spans::attrs`] gives them.
    pub attrs: Range,
    /// Which of the pieces of memory holds them.
    pub packed: u32,
    /// Wanted events, in order of appearance.
    pub events: Vec<Event>,
    /// Events that the SDK dropped (the oldest first).
    pub dropped_events: u32,
    /// Index into [`Spans::resources`].
    pub resource: u32,
    /// Index into [`Spans::scopes`].
    pub scope: u32,
}

/// The wanted attributes of a resource.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Resource {
    /// Wanted attributes, in order of appearance.
    pub attrs: Vec<(AttrId, Value)>,
}

/// An instrumentation scope.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Scope {
    /// Its name.
    pub name: Box<str>,
    /// Its version.
    pub version: Box<str>,
}

/// The kept spans of one or many files.
#[derive(Debug, Default)]
pub struct Spans {
    /// The spans, in input order.
    pub spans: SpanList,
    /// What holds their attributes.
    pub packed: Vec<Packed>,
    /// Resources that they point to.
    pub resources: Vec<Resource>,
    /// Scopes that they point to.
    pub scopes: Vec<Scope>,
}

impl Spans {
    /// Brings the spans into an order that does not depend on the one in which they came.
    pub fn sort(&mut self) {
        let pieces = std::mem::take(&mut self.spans).into_pieces();
        let mut spans: Vec<Span> = pieces.into_iter().flatten().collect();
        spans.sort_by(|a, b| {
            let key = |span: &Span| (span.start_ns, span.end_ns);
            let ids = |span: &Span| (span.trace_id.clone(), span.span_id.clone());
            key(a).cmp(&key(b)).then_with(|| ids(a).cmp(&ids(b)))
        });
        self.spans.push(spans);
    }

    /// The attributes of one of the spans.
    pub fn attrs(&self, span: &Span) -> Attrs<'_> {
        let packed = usize::try_from(span.packed).ok().and_then(|at| self.packed.get(at));
        packed.map(|packed| packed.attrs(span.attrs)).unwrap_or_default()
    }
}
