//! A span as it will be written, whatever the dialect and the format.

use std::borrow::Cow;

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// Integer.
    Int(i64),
    /// Float.
    Float(f64),
    /// Truth value.
    Bool(bool),
    /// Texts.
    Texts(Vec<String>),
}

/// Attributes in the order in which they were set.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Attrs(pub Vec<(Cow<'static, str>, Value)>);

impl Attrs {
    /// Adds a text.
    pub fn text(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        self.0.push((name.into(), Value::Text(value.into())));
    }

    /// Adds an integer.
    pub fn int(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<i64>) {
        self.0.push((name.into(), Value::Int(value.into())));
    }

    /// Adds a float.
    pub fn float(&mut self, name: impl Into<Cow<'static, str>>, value: f64) {
        self.0.push((name.into(), Value::Float(value)));
    }

    /// Adds a truth value.
    pub fn flag(&mut self, name: impl Into<Cow<'static, str>>, value: bool) {
        self.0.push((name.into(), Value::Bool(value)));
    }

    /// Adds a list of one text, as captured headers and finish reasons are.
    pub fn list(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        self.0.push((name.into(), Value::Texts(vec![value.into()])));
    }
}

/// The kind of a span, with OTLP's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    /// Inside a service.
    Internal = 1,
    /// Serves a request.
    Server = 2,
    /// Makes a request.
    Client = 3,
}

/// The status of a span, with OTLP's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Not set.
    Unset = 0,
    /// Set to OK.
    Ok = 1,
    /// An error.
    Error = 2,
}

/// Who wrote a span: name and version of its scope.
pub type Scope = (&'static str, &'static str);

/// A span.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Trace id, hex.
    pub trace_id: String,
    /// Span id, hex.
    pub span_id: String,
    /// Parent span id, hex; empty for a root.
    pub parent_id: String,
    /// Name.
    pub name: Cow<'static, str>,
    /// Kind.
    pub kind: SpanKind,
    /// Start, nanoseconds since the epoch.
    pub start_ns: i64,
    /// End, nanoseconds since the epoch.
    pub end_ns: i64,
    /// Status and its message.
    pub status: (Status, &'static str),
    /// Attributes.
    pub attrs: Attrs,
    /// Events: time, name, attributes.
    pub events: Vec<(i64, &'static str, Attrs)>,
    /// Events that the writer had to drop.
    pub dropped_events: u32,
    /// Who wrote it.
    pub scope: Scope,
    /// Index of its resource.
    pub resource: usize,
}
