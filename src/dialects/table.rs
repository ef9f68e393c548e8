//! What a dialect table says: how its spans are recognised, what they are, and what attributes mean.

use crate::ingest::SpanKind;
use crate::schema::Col;

/// One dialect: the way one instrumentation writes LLM calls.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    /// Name of the table, its file and its fixtures.
    pub id: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// Where the facts come from.
    pub source: &'static str,
    /// A span is of this dialect when every test of one of these groups holds.
    pub signs: &'static [&'static [Test]],
    /// What the span is: the first rule whose tests all hold; [`Part::Other`] where none does.
    pub spans: &'static [SpanRule],
    /// Where values come from. The first rule that yields a value for a column wins.
    pub fields: &'static [&'static [Field]],
    /// Events that are written once a chunk.
    pub chunks: &'static [&'static str],
    /// How tokens are counted.
    pub tokens: Accounting,
    /// How a stream is told from a call that waits for its whole answer.
    pub streaming: Streaming,
    /// Where two tables describe one call, the higher rank is read first.
    pub rank: u8,
    /// Whether every attempt of a retried call is a span of its own.
    pub span_per_attempt: bool,
    /// What a reader of its figures should know.
    pub notes: &'static [&'static str],
}

/// A test on a span.
#[derive(Debug, Clone, Copy)]
pub enum Test {
    /// The scope's name starts so.
    Scope(&'static str),
    /// The attribute is present.
    Has(&'static str),
    /// The attribute is absent.
    Lacks(&'static str),
    /// The attribute's text is one of these, in any case.
    Is(&'static str, &'static [&'static str]),
    /// The attribute's text ends so.
    Ends(&'static str, &'static str),
    /// The span's name starts so.
    Name(&'static str),
    /// The span is of this kind.
    Kind(SpanKind),
}

/// What a span of a dialect is, where all tests hold.
#[derive(Debug, Clone, Copy)]
pub struct SpanRule {
    /// All of these must hold.
    pub when: &'static [Test],
    /// Then it is this.
    pub part: Part,
}

/// What a span is to the call that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The call.
    Call,
    /// The same call as the server or a gateway saw it; a call where no client span tells of it.
    ServerView,
    /// A second record of the same call, written when its stream had ended.
    Twin,
    /// A child that only repeats the call's raw payload.
    Raw,
    /// An agent, chain, workflow or framework span around calls.
    Wrapper,
    /// One HTTP attempt.
    Attempt,
    /// A stage of the server's work inside a server view.
    Stage,
    /// Nothing to do with the generation of an answer: embeddings, tools, retrieval.
    Other,
}

impl Part {
    /// The part in words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Call => "the call",
            Self::ServerView => "server view of a call",
            Self::Twin => "second record of a call",
            Self::Raw => "raw payload of its parent",
            Self::Wrapper => "wrapper",
            Self::Attempt => "HTTP attempt",
            Self::Stage => "stage inside a server view",
            Self::Other => "not a call",
        }
    }
}

/// A rule that fills one column.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// What it fills.
    pub to: To,
    /// Where the value stands.
    pub from: From,
    /// How it is written there.
    pub unit: Unit,
}

/// What a field rule fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// A column.
    Col(Col),
    /// An additional column to slice by, named after the attribute.
    Segment(&'static str),
    /// A figure that only helps to derive columns.
    Clue(Clue),
}

/// Figures that are no column but help to derive one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clue {
    /// Input tokens without those read from or written to the cache.
    InputWithoutCache,
    /// Further input tokens, counted beside the others (a service tier's own counter).
    MoreInput,
    /// Further output tokens, counted beside the others.
    MoreOutput,
    /// Input and output together.
    TotalTokens,
    /// Seconds from the start to the last chunk.
    FinishS,
    /// Seconds that a stream took after the span that opened it had ended.
    StreamS,
    /// First chunk, counted from the arrival of the headers.
    TtftAfterHeadersS,
    /// How often the request was sent again.
    Resends,
    /// Text that says what went wrong; looked at, never kept.
    Failure,
    /// A level or flag that says that the call failed.
    Failed,
    /// The call was answered by a gateway's own cache.
    GatewayCache,
    /// Path of the HTTP request.
    UrlPath,
    /// Identifies one request on a server that writes several spans for it.
    ServerRequest,
}

/// Where a value stands.
#[derive(Debug, Clone, Copy)]
pub enum From {
    /// A span attribute.
    Attr(&'static str),
    /// A path into the JSON document that a span attribute holds.
    Path(&'static str, &'static [&'static str]),
    /// A path into the Python literal that a span attribute holds.
    Repr(&'static str, &'static [&'static str]),
    /// A resource attribute.
    Resource(&'static str),
    /// The time of the first event of that name, from the span's start.
    Event(&'static str),
    /// An attribute of an event.
    EventAttr(&'static str, &'static str),
    /// The same for every span of the dialect.
    Fixed(&'static str),
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// As the column has it: seconds, tokens, text, truth value.
    Plain,
    /// Milliseconds.
    Millis,
    /// Text with its unit behind the number: `1.2s`, `45.2ms`, `900µs`.
    WithUnit,
    /// ISO 8601 time, counted from the span's start.
    Iso,
    /// A URL, of which the host is taken.
    Host,
    /// A URL or path, of which the path without query is taken.
    UrlPath,
    /// Text of which the part behind the last dash is taken.
    Suffix,
    /// A `server-timing` header: the first `dur=`, in milliseconds.
    ServerTiming,
    /// True where the text contains this, in any case.
    Contains(&'static str),
    /// A human name of a cloud region (`West US 3`).
    RegionName,
    /// The reason of a cache miss in any of its spellings.
    MissReason,
    /// A truth value that says the opposite.
    Negated,
    /// A count of attempts: one more than the times that it was sent again.
    Attempt,
    /// Text `position:hits/total,…`: all hits over all totals.
    HitsOfTotals,
}

/// How a dialect counts tokens.
#[derive(Debug, Clone, Copy)]
pub struct Accounting {
    /// Whether the input count includes cached tokens.
    pub input: Input,
    /// What it means when the cached count is absent beside an input count.
    pub absent_cache: Absent,
    /// What it means when the cached count is zero.
    pub zero_cache: Zero,
}

/// Whether the input count includes cached tokens. Field rules that fill
/// [`Clue::InputWithoutCache`] say so by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// It is the whole prompt.
    Whole,
    /// The provider's own count is passed on: without the cache for Anthropic, whole otherwise.
    AsProvider,
}

/// What an absent cached count means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// The library omits zeros.
    Zero,
    /// Not known.
    Unknown,
    /// Zero where the same library, for the same provider, writes positive counts in this dump
    /// and never a zero; not known otherwise.
    Learned,
}

/// What a zero cached count means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zero {
    /// Nothing was read from the cache.
    Miss,
    /// The library writes zero for unknown: believed only where it also writes positive counts
    /// for the same provider in this dump.
    Learned,
}

/// How a stream is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streaming {
    /// By its flag alone, or by a first chunk.
    Said,
    /// The flag is written only where true.
    AbsentIsFalse,
    /// The first chunk is written on every stream: a complete call without it did not stream.
    TtftTells,
}

/// The usual accounting: inclusive counts, nothing to read into silence.
pub const WHOLE: Accounting =
    Accounting { input: Input::Whole, absent_cache: Absent::Unknown, zero_cache: Zero::Miss };

/// Inclusive counts of a library that omits zeros.
pub const WHOLE_OMITS_ZERO: Accounting =
    Accounting { input: Input::Whole, absent_cache: Absent::Zero, zero_cache: Zero::Miss };

/// Inclusive counts of libraries of which some omit zeros.
pub const WHOLE_LEARNED: Accounting =
    Accounting { input: Input::Whole, absent_cache: Absent::Learned, zero_cache: Zero::Miss };

/// Inclusive counts of a library that writes zero where the provider said nothing.
pub const WHOLE_ZERO_UNKNOWN: Accounting =
    Accounting { input: Input::Whole, absent_cache: Absent::Unknown, zero_cache: Zero::Learned };

/// A rule for a span.
pub const fn rule(when: &'static [Test], part: Part) -> SpanRule {
    SpanRule { when, part }
}

/// A column from a span attribute.
pub const fn attr(col: Col, name: &'static str) -> Field {
    Field { to: To::Col(col), from: From::Attr(name), unit: Unit::Plain }
}

/// A column from a document in a span attribute.
pub const fn path(col: Col, name: &'static str, path: &'static [&'static str]) -> Field {
    Field { to: To::Col(col), from: From::Path(name, path), unit: Unit::Plain }
}

/// A column from a Python literal in a span attribute.
pub const fn repr(col: Col, name: &'static str, path: &'static [&'static str]) -> Field {
    Field { to: To::Col(col), from: From::Repr(name, path), unit: Unit::Plain }
}

/// A column from the time of an event, counted from the span's start.
pub const fn event(col: Col, name: &'static str) -> Field {
    Field { to: To::Col(col), from: From::Event(name), unit: Unit::Plain }
}

/// A column from an attribute of an event.
pub const fn event_attr(col: Col, event: &'static str, name: &'static str) -> Field {
    Field { to: To::Col(col), from: From::EventAttr(event, name), unit: Unit::Plain }
}

/// A column that is the same on every span of the dialect.
pub const fn fixed(col: Col, value: &'static str) -> Field {
    Field { to: To::Col(col), from: From::Fixed(value), unit: Unit::Plain }
}

/// A column from a resource attribute.
pub const fn resource(col: Col, name: &'static str) -> Field {
    Field { to: To::Col(col), from: From::Resource(name), unit: Unit::Plain }
}

/// A clue from a span attribute.
pub const fn clue(clue: Clue, name: &'static str) -> Field {
    Field { to: To::Clue(clue), from: From::Attr(name), unit: Unit::Plain }
}

/// A clue from a document in a span attribute.
pub const fn clue_path(clue: Clue, name: &'static str, path: &'static [&'static str]) -> Field {
    Field { to: To::Clue(clue), from: From::Path(name, path), unit: Unit::Plain }
}

/// A segment from the span attribute of that name.
pub const fn segment(name: &'static str) -> Field {
    Field { to: To::Segment(name), from: From::Attr(name), unit: Unit::Plain }
}

/// A segment from the resource attribute of that name.
pub const fn resource_segment(name: &'static str) -> Field {
    Field { to: To::Segment(name), from: From::Resource(name), unit: Unit::Plain }
}

impl Field {
    /// The same, written in another unit.
    pub const fn unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        self
    }

    /// The same, written in milliseconds.
    pub const fn ms(self) -> Self {
        self.unit(Unit::Millis)
    }
}
