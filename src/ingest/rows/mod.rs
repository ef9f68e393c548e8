//! Rows of JSON and CSV as a table of text columns, read with the layouts that Parquet is read with.

mod csv;
mod json;
mod literal;
mod table;

use arrow_schema::{DataType, Field, Fields};

use self::table::Table;
use super::batch::Batch;
use super::layouts::mapper::{MapRule, Mapping};
use super::layouts::{self, Layout};
use super::outcome::{FileOutcome, Place, Tally};
use super::parquet;
use super::wanted::Wanted;
use crate::error::Result;

/// How the rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// JSON: an object a line, an array of them, or one document that holds such an array.
    Json,
    /// Comma-separated values with a header line.
    Csv,
}

impl Form {
    /// How the report names it.
    pub const fn format(self) -> &'static str {
        match self {
            Self::Json => "json rows",
            Self::Csv => "csv",
        }
    }

    fn names(self, bytes: &[u8]) -> Vec<String> {
        match self {
            Self::Json => json::names(bytes),
            Self::Csv => csv::names(bytes),
        }
    }

    fn rows(
        self,
        bytes: &[u8],
        table: &mut Table,
        tally: &mut Tally,
        each: &mut dyn FnMut(&mut Table) -> bool,
    ) {
        match self {
            Self::Json => json::rows(bytes, table, tally, each),
            Self::Csv => csv::rows(bytes, table, tally, each),
        }
    }
}

/// What the head of a file says about rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// These are rows of a known layout.
    Rows,
    /// These are OTLP requests or spans.
    Otlp,
    /// They are not, so far as the head goes; whether it ends within the first row.
    Neither { cut: bool },
}

/// Whether JSON text is rows of a layout that is read.
pub fn sniff_json(head: &[u8], map: &[MapRule]) -> Seen {
    let keys = json::keys_of_head(head);
    if keys.otlp && !keys.text_attributes {
        return Seen::Otlp;
    }
    if is_layout(&fields(&keys.names), map) { Seen::Rows } else { Seen::Neither { cut: keys.cut } }
}

/// Whether the columns of a header line are a layout that is read.
pub fn sniff_csv(head: &[u8], map: &[MapRule]) -> bool {
    is_layout(&fields(&csv::names(head)), map)
}

fn is_layout(fields: &Fields, map: &[MapRule]) -> bool {
    !fields.is_empty()
        && (layouts::recognise(fields, &Wanted::default()).is_some()
            || Mapping::choose(fields, map).is_some())
}

fn fields(names: &[String]) -> Fields {
    names.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect()
}

/// Reads the rows of a whole file; `file` is its name for messages.
///
/// # Errors
/// Rows whose columns are no layout that is known, and make no calls either.
pub fn read(
    file: &str,
    bytes: &[u8],
    form: Form,
    wanted: &Wanted,
    map: &[MapRule],
) -> Result<FileOutcome> {
    let fields = fields(&form.names(bytes));
    let mut tally = Tally::default();
    let told = Mapping::is_told(&fields, map);
    let layout = match layouts::recognise(&fields, wanted).filter(|_| !told) {
        Some(layout) => layout,
        None => mapped(file, bytes, form, &fields, map, &mut tally)?,
    };
    let mut batch = Batch::default();
    let mut first_row = 0;
    let mut flush = |table: &mut Table| {
        let rows = table.take();
        parquet::read_rows(&layout, wanted, &rows, first_row, &mut batch);
        first_row += rows.num_rows() as u64;
    };
    let mut table = Table::new(&layout.columns());
    form.rows(bytes, &mut table, &mut tally, &mut |table| {
        if table.is_full() {
            flush(table);
        }
        true
    });
    flush(&mut table);
    if layout.documents.is_none() {
        batch.span_count = first_row;
    }
    tally.absorb(&batch.tally, 0, 0);
    let format = format!("{}: {}", form.format(), layout.name);
    let span_count = batch.span_count;
    Ok(FileOutcome { spans: batch.into_spans(), table: None, format, span_count, losses: tally })
}

/// The layout of columns that no format names.
fn mapped(
    file: &str,
    bytes: &[u8],
    form: Form,
    fields: &Fields,
    map: &[MapRule],
    tally: &mut Tally,
) -> Result<Layout> {
    let mut mapping = Mapping::choose(fields, map)
        .ok_or_else(|| parquet::refusal(file, form.format(), fields))?;
    let open: Vec<String> = mapping.unsettled().into_iter().map(str::to_owned).collect();
    if !open.is_empty() {
        let names: Vec<&str> = open.iter().map(String::as_str).collect();
        let mut sample = Table::new(&names);
        let mut ignored = Tally::default();
        form.rows(bytes, &mut sample, &mut ignored, &mut |sample| !sample.is_full());
        mapping.settle(&sample.take());
    }
    tally.noted(&mapping.said(), Place::File);
    Ok(mapping.layout())
}
