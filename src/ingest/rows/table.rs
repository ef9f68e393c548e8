//! A table of text in the making: the wanted columns alone, a batch of rows at a time.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{ArrayBuilder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, Schema};

/// Rows and bytes in one batch.
const ROWS: usize = 4096;
const BYTES: usize = 32 << 20;

/// The table.
pub(super) struct Table {
    names: Vec<String>,
    places: HashMap<String, usize>,
    columns: Vec<StringBuilder>,
    rows: usize,
    bytes: usize,
}

impl Table {
    /// An empty one of these columns.
    pub(super) fn new(names: &[&str]) -> Self {
        let mut own: Vec<String> = Vec::new();
        for name in names {
            if !own.iter().any(|have| have == name) {
                own.push((*name).to_owned());
            }
        }
        let places = own.iter().enumerate().map(|(place, name)| (name.clone(), place)).collect();
        let columns = own.iter().map(|_| StringBuilder::new()).collect();
        Self { names: own, places, columns, rows: 0, bytes: 0 }
    }

    /// Whether a column is wanted.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// Puts a value into the row in the making; of two the first stands.
    pub(super) fn put(&mut self, name: &str, value: &str) {
        let Some(column) = self.places.get(name).and_then(|place| self.columns.get_mut(*place))
        else {
            return;
        };
        if column.len() <= self.rows {
            column.append_value(value);
            self.bytes += value.len();
        }
    }

    /// Ends the row in the making.
    pub(super) fn end_row(&mut self) {
        self.rows += 1;
        for column in &mut self.columns {
            if column.len() < self.rows {
                column.append_null();
            }
        }
    }

    /// Whether it is time to take what is there.
    pub(super) const fn is_full(&self) -> bool {
        self.rows >= ROWS || self.bytes >= BYTES
    }

    /// The rows so far; the table is empty after it.
    pub(super) fn take(&mut self) -> RecordBatch {
        let arrays: Vec<ArrayRef> =
            self.columns.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef).collect();
        let fields: Vec<Field> =
            self.names.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        (self.rows, self.bytes) = (0, 0);
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
            .expect("every column has one value a row")
    }
}
