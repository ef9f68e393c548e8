//! One span of OTLP protobuf, and how it is told from a log record or a metric.

use super::any::{any_value, key_value};
use super::wire::{Broken, Payload, Wire};
use crate::ingest::batch::RawTimes;
use crate::ingest::escape::repaired;
use crate::ingest::outcome::Place;
use crate::ingest::span::{Id, Span, SpanKind, StatusCode};

/// What a record is if it is no span: the three signals look alike down to their records.
pub(super) fn signal(record: &[u8]) -> Option<&'static str> {
    let mut wire = Wire::new(record);
    while let Ok(Some(field)) = wire.next() {
        match field {
            // The time of a log record, or the time it was observed.
            (1 | 11, Payload::Fixed64(_)) => return Some("logs"),
            // A start or an end: no other signal has fixed fields there.
            (7 | 8, Payload::Fixed64(_)) => return None,
            _ => {}
        }
    }
    Some("metrics")
}

/// What a span says of itself, still lying in the input.
#[derive(Debug, Default)]
struct Draft<'a> {
    trace_id: &'a [u8],
    span_id: &'a [u8],
    parent_span_id: &'a [u8],
    name: &'a [u8],
    kind: SpanKind,
    status: StatusCode,
    times: RawTimes,
    dropped_events: u32,
}

impl<'a> super::Reader<'a, '_, '_> {
    /// Reads a span; false where the record turns out to be none.
    pub(super) fn span(&mut self, record: &'a [u8]) -> Result<bool, Broken> {
        self.collector.clear();
        let mut draft = Draft::default();
        let mut is_span = false;
        let mut wire = Wire::new(record);
        while let Some(field) = wire.next()? {
            // As in `signal`, while the fields are crossed only once: the times of a span come
            // before what it carries.
            is_span = is_span
                || match field {
                    (1 | 11, Payload::Fixed64(_)) => return Ok(false),
                    (7 | 8, Payload::Fixed64(_)) => true,
                    (9 | 11, Payload::Bytes(_)) if signal(record).is_some() => return Ok(false),
                    (9 | 11, Payload::Bytes(_)) => true,
                    _ => false,
                };
            self.span_field(field, &mut draft)?;
        }
        if !is_span {
            return Ok(false);
        }
        self.batch.span_count += 1;
        if self.collector.keeps(draft.kind, draft.name) {
            let span = Span {
                trace_id: Id::from_bytes(draft.trace_id),
                span_id: Id::from_bytes(draft.span_id),
                parent_span_id: Id::from_bytes(draft.parent_span_id),
                name: repaired(draft.name).into(),
                kind: draft.kind,
                status: draft.status,
                dropped_events: draft.dropped_events,
                ..Span::default()
            };
            self.batch.push(span, &self.collector, draft.times, Place::Byte(self.offset));
        }
        Ok(true)
    }

    fn span_field(
        &mut self,
        field: (u32, Payload<'a>),
        draft: &mut Draft<'a>,
    ) -> Result<(), Broken> {
        match field {
            (1, Payload::Bytes(id)) => draft.trace_id = id,
            (2, Payload::Bytes(id)) => draft.span_id = id,
            (4, Payload::Bytes(id)) => draft.parent_span_id = id,
            (5, Payload::Bytes(name)) => draft.name = name,
            (6, Payload::Varint(number)) => draft.kind = kind(number),
            (7, Payload::Fixed64(time)) => draft.times.start = i64::try_from(time).unwrap_or(0),
            (8, Payload::Fixed64(time)) => draft.times.end = i64::try_from(time).unwrap_or(0),
            (9, Payload::Bytes(attribute)) => self.attribute(attribute)?,
            (11, Payload::Bytes(event)) => self.event(event)?,
            (12, Payload::Varint(count)) => {
                draft.dropped_events = u32::try_from(count).unwrap_or(u32::MAX);
            }
            (15, Payload::Bytes(bytes)) => draft.status = status(bytes)?,
            (_, Payload::Cut(_)) => return Err(Broken),
            _ => {}
        }
        Ok(())
    }

    fn event(&mut self, bytes: &'a [u8]) -> Result<(), Broken> {
        let mut name: &[u8] = &[];
        let mut time_ns = 0;
        let mut wire = Wire::new(bytes);
        while let Some(field) = wire.next()? {
            match field {
                (1, Payload::Fixed64(time)) => time_ns = i64::try_from(time).unwrap_or(0),
                (2, Payload::Bytes(text)) => name = text,
                (_, Payload::Cut(_)) => return Err(Broken),
                _ => {}
            }
        }
        let Some(want) = self.collector.wanted().event_bytes(name) else { return Ok(()) };
        self.collector.event(want, time_ns);
        if !want.wants_attrs() {
            return Ok(());
        }
        let mut wire = Wire::new(bytes);
        while let Some(field) = wire.next()? {
            let (3, Payload::Bytes(attribute)) = field else { continue };
            let (key, value) = key_value(attribute)?;
            if let (Some(id), Some(value)) = (want.attr(key), value)
                && let Some(raw) = any_value(value)?
            {
                self.collector.event_attr(id, raw);
            }
        }
        Ok(())
    }
}

fn status(bytes: &[u8]) -> Result<StatusCode, Broken> {
    let mut status = StatusCode::Unset;
    let mut wire = Wire::new(bytes);
    while let Some(field) = wire.next()? {
        if let (3, Payload::Varint(code)) = field {
            status = match code {
                1 => StatusCode::Ok,
                2 => StatusCode::Error,
                _ => StatusCode::Unset,
            };
        }
    }
    Ok(status)
}

const fn kind(number: u64) -> SpanKind {
    match number {
        1 => SpanKind::Internal,
        2 => SpanKind::Server,
        3 => SpanKind::Client,
        4 => SpanKind::Producer,
        5 => SpanKind::Consumer,
        _ => SpanKind::Unspecified,
    }
}
