//! Events of a row: parallel lists, or a list of objects.

use arrow_array::{Array, RecordBatch};

use super::bags::{each_pair, json_bag_of};
use super::cell::{Scalar, scalar};
use super::sources::each_entry;
use super::{render, time};
use crate::ingest::collect::{Collector, Raw};
use crate::ingest::json::any::plain;
use crate::ingest::json::pull::{Pull, Step};
use crate::ingest::layouts::Events;
use crate::ingest::wanted::{Keep, WantEvent};

/// The events of one batch.
pub(super) enum Bound<'b> {
    /// There are none.
    None,
    /// Lists of one length.
    Parallel { times: &'b dyn Array, names: &'b dyn Array, attributes: Option<&'b dyn Array> },
    /// JSON as text.
    Text(&'b dyn Array),
    /// A list of structs, made JSON text.
    Rendered(Vec<Option<String>>),
}

impl<'b> Bound<'b> {
    pub(super) fn new(events: Option<&Events>, batch: &'b RecordBatch) -> Self {
        let column = |name: &str| batch.column_by_name(name).map(AsRef::as_ref);
        match events {
            None => Self::None,
            Some(Events::Parallel { time, name, attributes }) => {
                let (Some(times), Some(names)) = (column(time), column(name)) else {
                    return Self::None;
                };
                let attributes = attributes.as_deref().and_then(column);
                if !names.data_type().is_nested() {
                    return Self::Rendered(zipped(times, names, attributes));
                }
                Self::Parallel { times, names, attributes }
            }
            Some(Events::List { column: name }) => match column(name) {
                None => Self::None,
                Some(column) if column.data_type().is_nested() => {
                    Self::Rendered(render::documents(column))
                }
                Some(column) => Self::Text(column),
            },
        }
    }

    /// The most that the events of a row can weigh, told without reading them.
    pub(super) fn at_most(&self, row: usize) -> Keep {
        match self {
            Self::None => Keep::Never,
            Self::Parallel { names, .. } => match render::items(*names, row) {
                Some((_, range)) if !range.is_empty() => Keep::Always,
                _ => Keep::Never,
            },
            Self::Text(column) if column.is_null(row) => Keep::Never,
            Self::Text(_) | Self::Rendered(_) => Keep::Always,
        }
    }

    /// Notes the wanted events of a row; false where they are in no form that can be read.
    pub(super) fn collect<'s>(&'s self, row: usize, collector: &mut Collector<'s, '_>) -> bool {
        let text = match self {
            Self::None => None,
            Self::Parallel { times, names, attributes } => {
                parallel(*times, *names, *attributes, row, collector);
                None
            }
            Self::Text(column) => scalar(*column, row).and_then(Scalar::text),
            Self::Rendered(texts) => texts.get(row).and_then(Option::as_deref),
        };
        let text = text.map(str::trim_ascii).filter(|text| !text.is_empty());
        text.is_none_or(|text| listed(text.as_bytes(), collector).is_ok())
    }
}

/// Parallel lists that are JSON text, as one list of objects.
fn zipped(
    times: &dyn Array,
    names: &dyn Array,
    attributes: Option<&dyn Array>,
) -> Vec<Option<String>> {
    use serde_json::Value as Json;
    let list = |column: Option<&dyn Array>, row| -> Option<Vec<Json>> {
        serde_json::from_str(scalar(column?, row)?.text()?).ok()
    };
    let one = |row| {
        let names = list(Some(names), row)?;
        let times = list(Some(times), row).unwrap_or_default();
        let attributes = list(attributes, row).unwrap_or_default();
        let events = names.into_iter().enumerate().map(|(place, name)| {
            let at = |of: &[Json]| of.get(place).cloned().unwrap_or_default();
            serde_json::json!({"name": name, "timestamp": at(&times), "attributes": at(&attributes)})
        });
        Some(Json::from_iter(events).to_string())
    };
    (0..names.len()).map(one).collect()
}

fn parallel<'s>(
    times: &'s dyn Array,
    names: &'s dyn Array,
    attributes: Option<&'s dyn Array>,
    row: usize,
    collector: &mut Collector<'s, '_>,
) {
    let Some((names, range)) = render::items(names, row) else { return };
    let times = render::items(times, row);
    let attributes = attributes.and_then(|attributes| render::items(attributes, row));
    for (place, event) in range.enumerate() {
        let name = scalar(names, event).and_then(Scalar::text).unwrap_or_default();
        let Some(want) = collector.wanted().event_bytes(name.as_bytes()) else { continue };
        let time = times
            .as_ref()
            .and_then(|(times, range)| time::point(scalar(*times, range.clone().nth(place)?)?));
        collector.event(want, time.unwrap_or_default());
        if let Some((attributes, range)) = &attributes
            && let Some(item) = range.clone().nth(place)
        {
            event_attributes(want, *attributes, item, collector);
        }
    }
}

fn event_attributes<'s>(
    want: &WantEvent,
    attributes: &'s dyn Array,
    item: usize,
    collector: &mut Collector<'s, '_>,
) {
    if let Some(Scalar::Text(text)) = scalar(attributes, item) {
        return object_attributes(want, text.as_bytes(), collector);
    }
    each_entry(attributes, item, |key, values, entry| {
        if let (Some(id), Some(text)) =
            (want.attr(key.as_bytes()), scalar(values, entry).and_then(Scalar::text))
        {
            collector.event_attr(id, Raw::Text(text.as_bytes()));
        }
    });
}

/// Attributes as a JSON object, or as an array of OTLP's keys and values.
fn object_attributes<'s>(want: &WantEvent, text: &'s [u8], collector: &mut Collector<'s, '_>) {
    let mut note = |key: &[u8], raw| {
        if let Some(id) = want.attr(key) {
            collector.event_attr(id, raw);
        }
    };
    // What stood before the text stops making sense is used.
    let _ = if text.trim_ascii_start().starts_with(b"[") {
        each_pair(text, note)
    } else {
        json_bag_of(text, &mut note)
    };
}

/// An array of objects, each with a name, a time and attributes.
fn listed<'s>(text: &'s [u8], collector: &mut Collector<'s, '_>) -> Step<()> {
    let mut pull = Pull::new(text);
    let mut elements = pull.array()?;
    while elements.next(&mut pull)? {
        let mut members = pull.object()?;
        let (mut name, mut time, mut attributes): (&[u8], _, &[u8]) = (b"", None, b"");
        while let Some(key) = members.next(&mut pull)? {
            match key.inside {
                // Zipkin's annotations have nothing but a value.
                b"name" | b"Name" | b"value" => name = pull.scalar_text()?.inside,
                b"timeUnixNano" | b"time_unix_nano" | b"timestamp" | b"time" | b"Time"
                | b"timestamp_ns" => time = event_time(&mut pull)?,
                b"attributes" | b"attributeMap" | b"Attributes" | b"fields" => {
                    attributes = match plain(&mut pull)? {
                        Some(Raw::Json(text)) => text,
                        _ => b"",
                    };
                }
                _ => pull.skip()?,
            }
        }
        let name = if name.is_empty() { named_by_field(attributes) } else { name };
        if let Some(want) = collector.wanted().event_bytes(name) {
            collector.event(want, time.unwrap_or_default());
            object_attributes(want, attributes, collector);
        }
    }
    Ok(())
}

fn event_time(pull: &mut Pull<'_>) -> Step<Option<i64>> {
    let start = {
        pull.peek()?;
        pull.at
    };
    pull.skip()?;
    let text = std::str::from_utf8(pull.since(start)).unwrap_or_default();
    Ok(time::point(Scalar::Text(text.trim_matches('"'))))
}

/// Jaeger's logs are named by one of their fields.
fn named_by_field(fields: &[u8]) -> &[u8] {
    let mut name: &[u8] = b"";
    if fields.starts_with(b"[") {
        // Where the text does not go on, there is no name.
        let _ = each_pair(fields, |key, value| {
            if let (b"event", Raw::Text(text)) = (key, value) {
                name = text;
            }
        });
    }
    name
}
