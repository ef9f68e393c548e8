//! Comma-separated values with a header line.

use csv::{ByteRecord, ReaderBuilder};

use super::literal;
use super::table::Table;
use crate::ingest::outcome::{Place, Tally};

/// The names in the header line, up to where it is whole.
pub(super) fn names(bytes: &[u8]) -> Vec<String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = ReaderBuilder::new().from_reader(bytes);
    let Ok(headers) = reader.byte_headers() else { return Vec::new() };
    headers.iter().map(|name| String::from_utf8_lossy(name.trim_ascii()).into_owned()).collect()
}

/// Reads the rows into the table and lets `each` look at it after every one, until it says no.
pub(super) fn rows(
    bytes: &[u8],
    table: &mut Table,
    tally: &mut Tally,
    each: &mut dyn FnMut(&mut Table) -> bool,
) {
    let names = names(bytes);
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(bytes);
    let mut record = ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return,
            Err(_) => {
                tally.lost("not CSV", Place::Line(reader.position().line()));
                return;
            }
        }
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != names.len() {
            tally.lost("row with more or fewer fields than the header", Place::Line(line));
            continue;
        }
        for (name, value) in names.iter().zip(&record) {
            // CSV has no null: what stands for it is left out.
            let null = matches!(value.trim_ascii(), b"" | b"\\N" | b"NULL" | b"null" | b"None");
            if !null && table.wants(name) {
                let value = String::from_utf8_lossy(value);
                match literal::to_json(&value) {
                    Some(json) => table.put(name, &json),
                    None => table.put(name, &value),
                }
            }
        }
        table.end_row();
        if !each(table) {
            return;
        }
    }
}
