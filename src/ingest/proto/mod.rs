//! OTLP protobuf: walks an export request, reads the wanted fields of its spans, copies nothing
//! of the others.

pub(super) mod any;
mod span;
pub(in crate::ingest) mod wire;

use self::any::key_value;
use self::wire::{Broken, Payload, Wire};
use super::batch::Batch;
use super::collect::Collector;
use super::outcome::Place;
use super::span::{AttrId, Scope, Value};
use super::wanted::Wanted;

/// Why a message was not read to its end, for the tally.
const CUT: &str = "protobuf message cut short";
const BROKEN: &str = "not OTLP protobuf";

/// Reads an export request (or several, concatenated) that begins at this byte of the chunk.
pub fn read(bytes: &[u8], offset: u64, wanted: &Wanted, batch: &mut Batch) {
    let mut reader = Reader { collector: Collector::new(wanted), batch, offset, signal: None };
    let mut wire = Wire::new(bytes);
    loop {
        reader.offset = offset + wire.at as u64;
        let place = Place::Byte(reader.offset);
        match wire.next() {
            Ok(None) => return,
            Ok(Some((1, Payload::Bytes(group)))) => {
                if reader.resource_spans(group).is_err() {
                    reader.batch.tally.lost(BROKEN, place);
                }
            }
            // What lies before the cut is whole.
            Ok(Some((1, Payload::Cut(group)))) => {
                let _ = reader.resource_spans(group);
                reader.batch.tally.lost(CUT, place);
            }
            Ok(Some((_, Payload::Cut(_)))) => return reader.batch.tally.lost(CUT, place),
            Ok(Some(_)) => {}
            Err(Broken) => return reader.batch.tally.lost(broken_or_cut(&wire, bytes), place),
        }
    }
}

/// A message whose last bytes do not make a field was cut there.
fn broken_or_cut(wire: &Wire<'_>, bytes: &[u8]) -> &'static str {
    if wire.at >= bytes.len() { CUT } else { BROKEN }
}

struct Reader<'a, 'w, 'b> {
    collector: Collector<'a, 'w>,
    batch: &'b mut Batch,
    /// The byte of the chunk at which the group of a resource begins.
    offset: u64,
    /// The other signal that the group turned out to hold.
    signal: Option<&'static str>,
}

impl<'a> Reader<'a, '_, '_> {
    /// The spans of one resource. Where the bytes end or stop making sense, the spans that were
    /// read before stand.
    fn resource_spans(&mut self, bytes: &'a [u8]) -> Result<(), Broken> {
        let mark = self.batch.mark();
        let mut resource: &[u8] = &[];
        self.signal = None;
        let done = self.resource_fields(bytes, &mut resource);
        if mark < self.batch.mark() {
            let attrs = self.resource_attrs(resource);
            self.batch.close_resource(mark, || attrs);
        }
        if let Some(signal) = self.signal.take() {
            self.batch.tally.noted(signal, Place::Byte(self.offset));
        }
        done
    }

    fn resource_fields(&mut self, bytes: &'a [u8], resource: &mut &'a [u8]) -> Result<(), Broken> {
        let mut wire = Wire::new(bytes);
        while let Some(field) = wire.next()? {
            match field {
                (1, Payload::Bytes(bytes)) => *resource = bytes,
                // Field 1000 is what scope spans were called before 2022.
                (2 | 1000, Payload::Bytes(group)) => self.scope_spans(group)?,
                (2 | 1000, Payload::Cut(group)) => {
                    self.scope_spans(group)?;
                    return Err(Broken);
                }
                (_, Payload::Cut(_)) => return Err(Broken),
                _ => {}
            }
        }
        Ok(())
    }

    fn resource_attrs(&mut self, resource: &'a [u8]) -> Vec<(AttrId, Value)> {
        self.collector.clear();
        let mut wire = Wire::new(resource);
        while let Ok(Some(field)) = wire.next() {
            if let (1, Payload::Bytes(attribute)) = field {
                // An attribute that is broken is one that is not there.
                let _ = self.attribute(attribute);
            }
        }
        self.collector.attrs()
    }

    fn scope_spans(&mut self, bytes: &'a [u8]) -> Result<(), Broken> {
        let mark = self.batch.mark();
        let mut scope: &[u8] = &[];
        let done = self.scope_fields(bytes, &mut scope);
        self.batch.close_scope(mark, || read_scope(scope));
        done
    }

    fn scope_fields(&mut self, bytes: &'a [u8], scope: &mut &'a [u8]) -> Result<(), Broken> {
        let mut wire = Wire::new(bytes);
        while let Some(field) = wire.next()? {
            match field {
                (1, Payload::Bytes(bytes)) => *scope = bytes,
                (2, Payload::Bytes(record)) => self.record(record),
                (_, Payload::Cut(_)) => return Err(Broken),
                _ => {}
            }
        }
        Ok(())
    }

    /// A span, or what looks like one from here.
    fn record(&mut self, record: &'a [u8]) {
        let read = self.span(record);
        if read == Ok(true) {
            return;
        }
        match span::signal(record) {
            None => self.batch.tally.lost(BROKEN, Place::Byte(self.offset)),
            signal => self.signal = signal,
        }
    }

    fn attribute(&mut self, bytes: &'a [u8]) -> Result<(), Broken> {
        let (key, value) = key_value(bytes)?;
        let wanted = self.collector.wanted();
        if let (Some(want), Some(value)) = (wanted.attr_bytes(key), value)
            && let Some(raw) = any::any_value(value)?
        {
            self.collector.attr(want, raw);
        }
        Ok(())
    }
}

fn read_scope(bytes: &[u8]) -> Scope {
    let mut scope = Scope::default();
    let mut wire = Wire::new(bytes);
    while let Ok(Some(field)) = wire.next() {
        match field {
            (1, Payload::Bytes(name)) => scope.name = String::from_utf8_lossy(name).into(),
            (2, Payload::Bytes(text)) => scope.version = String::from_utf8_lossy(text).into(),
            _ => {}
        }
    }
    scope
}
