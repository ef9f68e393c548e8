//! What a layout says: which column plays which part of a span.

/// Which columns of a file hold which parts of its spans.
#[derive(Debug, Default)]
pub(in crate::ingest) struct Layout {
    /// What the layout is called in the report.
    pub name: &'static str,
    pub trace_id: Option<String>,
    pub span_id: Option<String>,
    pub parent_span_id: Option<String>,
    pub span_name: Option<String>,
    pub kind: Option<String>,
    /// The column whose cells are whole traces as JSON text; then no other part is looked at.
    pub documents: Option<String>,
    /// Columns of objects; a part named `object.member` is read from there.
    pub objects: Vec<String>,
    /// The column that says of what a row is, and what it must say.
    pub only: Option<(String, &'static str)>,
    /// Whether kinds are numbered from zero, as JavaScript does.
    pub kinds_from_zero: bool,
    pub status: Option<String>,
    /// The unit of times that are numbers, where the format has one; their size tells otherwise.
    pub times_in: Option<Unit>,
    /// The start; where it is absent it is the end less the duration.
    pub start: Option<String>,
    /// The end as a point in time.
    pub end: Option<String>,
    /// The length of the span, which gives the end where none is stated.
    pub duration: Option<(String, Unit)>,
    /// The service, where it stands outside the resource's attributes.
    pub service: Option<String>,
    pub scope_name: Option<String>,
    pub scope_version: Option<String>,
    /// Where the span's attributes are.
    pub span: Vec<Source>,
    /// Where the resource's attributes are.
    pub resource: Vec<Source>,
    pub events: Option<Events>,
}

/// The unit of a length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ingest) enum Unit {
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
    /// Seconds where the column holds floats, milliseconds where it holds integers, unless start
    /// and end say otherwise.
    SecondsOrMilliseconds,
}

/// A column that carries attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ingest) enum Source {
    /// The value of one attribute, or, where it is a struct, of those whose name it begins.
    Attr { column: String, name: String },
    /// The same, of which the column has the text in upper case and the attribute in lower.
    Lowercase { column: String, name: &'static str },
    /// Many attributes: a map, a struct, a list of keys and values, or a JSON object as text.
    Bag { column: String },
    /// A map in which a prefix of the key says where it belongs; the rest is its name.
    Prefixed { column: String, prefix: &'static str },
    /// A map whose keys name attributes once this prefix stands before them.
    Under { column: String, prefix: &'static str },
    /// A point in time in any writing, handed on as ISO 8601; nothing where it is not before the
    /// `before` column's.
    Instant { column: String, before: Option<String>, name: String },
    /// A length of time, handed on in seconds.
    Length { column: String, unit: Unit, name: String },
    /// A length of time from the start, told as the point in time that the attribute holds, where
    /// the `instead_of` column is null.
    Offset { column: String, instead_of: Option<String>, name: &'static str },
}

/// Where the events are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ingest) enum Events {
    /// Lists of one length.
    Parallel { time: String, name: String, attributes: Option<String> },
    /// A list of structs, or JSON text of it.
    List { column: String },
}

impl Unit {
    /// How many nanoseconds one is; none where only the values tell.
    pub(in crate::ingest) const fn nanoseconds(self) -> Option<i64> {
        match self {
            Self::Seconds => Some(1_000_000_000),
            Self::Milliseconds => Some(1_000_000),
            Self::Microseconds => Some(1_000),
            Self::Nanoseconds => Some(1),
            Self::SecondsOrMilliseconds => None,
        }
    }
}

impl Source {
    /// The column that it reads.
    pub(in crate::ingest) fn column(&self) -> &str {
        match self {
            Self::Attr { column, .. }
            | Self::Lowercase { column, .. }
            | Self::Bag { column }
            | Self::Prefixed { column, .. }
            | Self::Under { column, .. }
            | Self::Instant { column, .. }
            | Self::Length { column, .. }
            | Self::Offset { column, .. } => column,
        }
    }

    fn columns(&self) -> impl Iterator<Item = &str> {
        let other = match self {
            Self::Offset { instead_of, .. } => instead_of.as_deref(),
            Self::Instant { before, .. } => before.as_deref(),
            _ => None,
        };
        std::iter::once(self.column()).chain(other)
    }
}

impl Layout {
    /// Every column that has to be decoded.
    pub(in crate::ingest) fn columns(&self) -> Vec<&str> {
        let parts = [
            &self.trace_id,
            &self.span_id,
            &self.parent_span_id,
            &self.span_name,
            &self.kind,
            &self.status,
            &self.start,
            &self.end,
            &self.service,
            &self.scope_name,
            &self.scope_version,
            &self.documents,
        ];
        let mut columns: Vec<&str> = parts.into_iter().filter_map(Option::as_deref).collect();
        columns.extend(self.objects.iter().map(String::as_str));
        columns.extend(self.only.as_ref().map(|(column, _)| column.as_str()));
        columns.extend(self.duration.as_ref().map(|(column, _)| column.as_str()));
        columns.extend(self.span.iter().chain(&self.resource).flat_map(Source::columns));
        match &self.events {
            Some(Events::Parallel { time, name, attributes }) => {
                columns.extend([time.as_str(), name]);
                columns.extend(attributes.as_deref());
            }
            Some(Events::List { column }) => columns.push(column),
            None => {}
        }
        columns
    }
}
