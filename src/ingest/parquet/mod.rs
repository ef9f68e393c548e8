//! Parquet dumps of spans: one file per layout, recognised by its set of columns.

pub(crate) mod cell;
pub(crate) mod open;
