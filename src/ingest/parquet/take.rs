//! The wanted attributes of one row, taken from cells, JSON text, maps and structs.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_schema::DataType;
use serde_json::{Map, Number, Value as Json};

use super::cell::{Scalar, list, scalar};
use crate::ingest::span::{AttrId, SpanKind, Value};
use crate::ingest::wanted::{Keep, Path, Take, Want, Wanted};

/// Collects what is wanted of one row's attributes.
pub(super) struct Taker<'w> {
    wanted: &'w Wanted,
    /// What was taken, in order of appearance.
    pub attrs: Vec<(AttrId, Value)>,
    keep: Keep,
}

impl<'w> Taker<'w> {
    pub(super) const fn new(wanted: &'w Wanted) -> Self {
        Self { wanted, attrs: Vec::new(), keep: Keep::Never }
    }

    /// Forgets the row before.
    pub(super) fn clear(&mut self) {
        self.attrs.clear();
        self.keep = Keep::Never;
    }

    /// Whether what was taken makes the span worth keeping.
    pub(super) fn keeps(&self, kind: SpanKind) -> bool {
        match self.keep {
            Keep::Never => false,
            Keep::IfClient => matches!(kind, SpanKind::Client | SpanKind::Unspecified),
            Keep::Always => true,
        }
    }

    /// Weighs in something that was found.
    pub(super) fn weigh(&mut self, keep: Keep) {
        self.keep = self.keep.max(keep);
    }

    /// Takes an attribute of an event.
    pub(super) fn event_attr(&mut self, event: &str, name: &str, value: &Json) {
        if let Some(id) = self.wanted.event_attr(event, name)
            && let Some(value) = first_scalar(value)
        {
            self.attrs.push((id, value));
        }
    }

    /// Takes one attribute out of a cell; where it is nested, also those whose name it begins.
    pub(super) fn cell(&mut self, name: &str, array: &dyn Array, row: usize) {
        if let Some(found) = scalar(array, row) {
            if let Some(want) = self.wanted.attr(name) {
                self.scalar(want, found);
            }
        } else if array.data_type().is_nested() {
            self.json(name, &json(array, row));
        }
    }

    /// Takes one attribute as a scalar of the row.
    pub(super) fn named(&mut self, name: &str, found: Scalar<'_>) {
        if let Some(want) = self.wanted.attr(name) {
            self.scalar(want, found);
        }
    }

    /// Takes the attributes of a cell that holds many.
    pub(super) fn bag(&mut self, array: &dyn Array, row: usize) {
        match array.data_type() {
            DataType::Map(_, _) => self.prefixed("", array, row),
            DataType::Struct(_) | DataType::List(_) | DataType::LargeList(_) => {
                self.object(&json(array, row));
            }
            _ => {
                let text = scalar(array, row).and_then(Scalar::text);
                if let Some(bag) = text.and_then(|text| serde_json::from_str(text).ok()) {
                    self.object(&bag);
                }
            }
        }
    }

    /// Takes the attributes of a map whose keys begin with a prefix and a dot. The prefix alone
    /// as a key holds a JSON object of them.
    pub(super) fn prefixed(&mut self, prefix: &str, array: &dyn Array, row: usize) {
        each_entry(array, row, |key, values, entry| match key.strip_prefix(prefix) {
            Some(name) if prefix.is_empty() => self.cell(name, values, entry),
            Some("") => self.bag(values, entry),
            Some(rest) => {
                if let Some(name) = rest.strip_prefix('.') {
                    self.cell(name, values, entry);
                }
            }
            None => {}
        });
    }

    /// Takes the attributes of a map whose keys are names once a prefix stands before them.
    pub(super) fn under(&mut self, prefix: &str, array: &dyn Array, row: usize) {
        each_entry(array, row, |key, values, entry| {
            self.cell(&format!("{prefix}{key}"), values, entry);
        });
    }

    fn scalar(&mut self, want: &Want, found: Scalar<'_>) {
        let before = self.attrs.len();
        for take in &want.take {
            match take {
                Take::Scalar(id) => {
                    if let Some(value) = value(found) {
                        self.attrs.push((*id, value));
                    }
                }
                Take::Document(paths) => {
                    if let Scalar::Text(text) = found
                        && let Ok(document) = serde_json::from_str::<Json>(text)
                    {
                        self.mine(paths, &document);
                    }
                }
            }
        }
        if self.attrs.len() > before || !matches!(found, Scalar::Text("")) {
            self.weigh(want.keep);
        }
    }

    /// Takes the attributes of an object, or of a list of objects with `key` and `value`.
    fn object(&mut self, bag: &Json) {
        match bag {
            Json::Object(members) => {
                members.iter().for_each(|(name, value)| self.json(name, value));
            }
            Json::Array(pairs) => {
                for pair in pairs {
                    if let (Some(Json::String(name)), Some(value)) =
                        (pair.get("key"), pair.get("value"))
                    {
                        self.json(name, &any_value(value));
                    }
                }
            }
            _ => {}
        }
    }

    fn json(&mut self, name: &str, found: &Json) {
        if found.is_null() {
            return;
        }
        if let Some(want) = self.wanted.attr(name) {
            let before = self.attrs.len();
            for take in &want.take {
                match (take, found) {
                    (Take::Scalar(id), _) => {
                        self.attrs.extend(first_scalar(found).map(|value| (*id, value)));
                    }
                    (Take::Document(paths), Json::String(text)) => {
                        if let Ok(document) = serde_json::from_str::<Json>(text) {
                            self.mine(paths, &document);
                        }
                    }
                    (Take::Document(paths), _) => self.mine(paths, found),
                }
            }
            if self.attrs.len() > before || matches!(found, Json::Object(_) | Json::Array(_)) {
                self.weigh(want.keep);
            }
        }
        if let Json::Object(members) = found {
            for (member, value) in members {
                self.json(&format!("{name}.{member}"), value);
            }
        }
    }

    fn mine(&mut self, paths: &[(Path, AttrId)], document: &Json) {
        for (path, id) in paths {
            let found = path.iter().try_fold(document, |at, key| match &**key {
                "*" => at.get(0),
                key => at.get(key),
            });
            self.attrs.extend(found.and_then(first_scalar).map(|value| (*id, value)));
        }
    }
}

fn each_entry(array: &dyn Array, row: usize, mut each: impl FnMut(&str, &dyn Array, usize)) {
    let Some(map) = array.as_map_opt() else { return };
    if row >= map.len() || map.is_null(row) {
        return;
    }
    let entries = map.value(row);
    let (keys, values) = (entries.column(0), entries.column(1));
    for entry in 0..entries.len() {
        if let Some(Scalar::Text(key)) = scalar(keys, entry) {
            each(key, values, entry);
        }
    }
}

/// A scalar as a span carries it. Text that is an array in JSON, or in the JSON of protobuf, is
/// its first scalar: so exporters write arrays where a column holds only text.
fn value(found: Scalar<'_>) -> Option<Value> {
    Some(match found {
        Scalar::Text(text) if text.starts_with(['[', '{']) => match serde_json::from_str(text) {
            Ok(Json::Array(items)) => first_scalar(&Json::Array(items))?,
            Ok(Json::Object(members)) if members.len() == 1 && members.contains_key("values") => {
                first_scalar(&any_value(members.get("values")?.get(0)?))?
            }
            _ => Value::Str(text.into()),
        },
        Scalar::Text(text) => Value::Str(text.into()),
        Scalar::Int(int) => Value::Int(int),
        Scalar::Float(float) => Value::Float(float),
        Scalar::Bool(flag) => Value::Bool(flag),
        Scalar::Time(time_ns) => Value::Str(rfc3339(time_ns).into()),
        Scalar::Bytes(_) => return None,
    })
}

fn rfc3339(time_ns: i64) -> String {
    chrono::DateTime::from_timestamp_nanos(time_ns)
        .to_rfc3339_opts(chrono::SecondsFormat::Nanos, true)
}

fn first_scalar(found: &Json) -> Option<Value> {
    Some(match found {
        Json::String(text) => Value::Str(text.as_str().into()),
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => match number.as_i64() {
            Some(int) => Value::Int(int),
            None => Value::Float(number.as_f64()?),
        },
        Json::Array(items) => first_scalar(items.first()?)?,
        Json::Object(_) | Json::Null => return None,
    })
}

/// OTLP's value of an attribute as plain JSON: the one member that is not null.
pub(super) fn any_value(value: &Json) -> Json {
    let Json::Object(members) = value else { return value.clone() };
    let Some((kind, found)) = members.iter().find(|(_, found)| !found.is_null()) else {
        return Json::Null;
    };
    match (kind.as_str(), found) {
        ("intValue" | "int_value", Json::String(text)) => {
            text.parse::<i64>().map_or(Json::Null, Json::from)
        }
        ("arrayValue" | "array_value", _) => {
            let items = found.get("values").and_then(Json::as_array);
            Json::Array(items.into_iter().flatten().map(any_value).collect())
        }
        ("kvlistValue" | "kvlist_value", _) => {
            let pairs = found.get("values").and_then(Json::as_array).into_iter().flatten();
            let member = |pair: &Json| {
                let name = pair.get("key")?.as_str()?.to_owned();
                Some((name, any_value(pair.get("value")?)))
            };
            Json::Object(pairs.filter_map(member).collect())
        }
        _ => found.clone(),
    }
}

/// A nested cell as JSON: times are nanoseconds since the epoch.
pub(super) fn json(array: &dyn Array, row: usize) -> Json {
    if let Some(found) = scalar(array, row) {
        return match found {
            Scalar::Text(text) => Json::from(text),
            Scalar::Int(int) | Scalar::Time(int) => Json::from(int),
            Scalar::Float(float) => Number::from_f64(float).map_or(Json::Null, Json::Number),
            Scalar::Bool(flag) => Json::from(flag),
            Scalar::Bytes(_) => Json::Null,
        };
    }
    if row >= array.len() || array.is_null(row) {
        return Json::Null;
    }
    if let Some(items) = list(array, row) {
        return Json::Array((0..items.len()).map(|item| json(&items, item)).collect());
    }
    if let Some(fields) = array.as_struct_opt() {
        let names = fields.column_names().into_iter().map(str::to_owned);
        let values = fields.columns().iter().map(|column| json(column, row));
        return Json::Object(names.zip(values).collect());
    }
    let Some(map) = array.as_map_opt() else { return Json::Null };
    let entries = map.value(row);
    let mut members = Map::new();
    for entry in 0..entries.len() {
        if let Some(Scalar::Text(key)) = scalar(entries.column(0), entry) {
            members.insert(key.to_owned(), json(entries.column(1), entry));
        }
    }
    Json::Object(members)
}
