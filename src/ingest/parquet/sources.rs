//! The columns of one batch that carry attributes, and what a row of each gives the collector.

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, MapArray, RecordBatch};
use arrow_schema::DataType;

use super::bags::{json_bag, json_member, object};
use super::cell::{Cells, Scalar, scalar};
use super::raw::raw;
use super::{render, time};
use crate::ingest::collect::{Collector, Raw};
use crate::ingest::json::pull::Pull;
use crate::ingest::layouts::Source;
use crate::ingest::wanted::{Keep, Want, Wanted};

/// A column of one batch, ready to be read row by row.
pub(super) enum Bound<'b, 'w> {
    /// One attribute in a cell.
    Cell { want: &'w Want, cells: Cells<'b> },
    /// One attribute that is nested, or in another form than the span would carry.
    Rendered { want: &'w Want, texts: Vec<Option<String>>, json: bool },
    /// A map; of the keys that begin with the prefix, the rest names the attribute.
    Map { array: &'b dyn Array, prefix: &'static str },
    /// A map whose keys are codes, with what is wanted of each distinct key.
    Coded { map: &'b MapArray, codes: &'b [i32], wants: Vec<Option<&'w Want>>, values: Cells<'b> },
    /// A map whose keys name attributes with this prefix before them.
    Under { array: &'b dyn Array, prefix: &'static str },
    /// A list of keys and values.
    Pairs { array: &'b dyn Array },
    /// JSON objects as text.
    Json { array: &'b dyn Array },
    /// JSON objects as text, of which this member holds the attributes.
    JsonMember { array: &'b dyn Array, member: &'static str },
    /// JSON objects as text whose members name attributes with this prefix before them.
    JsonUnder { array: &'b dyn Array, prefix: &'static str },
}

/// Binds the sources to a batch. `offset` gives the point in time of a [`Source::Offset`].
pub(super) fn bind<'b, 'w>(
    sources: &'b [Source],
    batch: &'b RecordBatch,
    wanted: &'w Wanted,
    offset: impl Fn(&dyn Array, usize) -> Option<i64>,
) -> Vec<Bound<'b, 'w>> {
    let mut bound = Vec::new();
    for source in sources {
        let Some(array) = batch.column_by_name(source.column()).map(AsRef::as_ref) else {
            continue;
        };
        let rendered = |name: &str, texts: &dyn Fn() -> Vec<Option<String>>| {
            wanted.attr(name).map(|want| Bound::Rendered { want, texts: texts(), json: false })
        };
        match source {
            Source::Attr { name, .. } => bind_attr(name, array, wanted, &mut bound),
            Source::Bag { .. } => bind_bag(array, wanted, &mut bound),
            Source::Prefixed { prefix, .. } => bound.push(match array.data_type() {
                DataType::Map(_, _) => Bound::Map { array, prefix },
                _ => Bound::JsonMember { array, member: prefix },
            }),
            Source::Under { prefix, .. } => bound.push(match array.data_type() {
                DataType::Map(_, _) => Bound::Under { array, prefix },
                _ => Bound::JsonUnder { array, prefix },
            }),
            Source::Instant { before, name, .. } => {
                let before = before.as_ref().and_then(|name| batch.column_by_name(name));
                let instant = |row: usize| {
                    let at = time::point(scalar(array, row)?)?;
                    let limit = before.and_then(|before| time::point(scalar(before, row)?));
                    (limit.is_none_or(|limit| at < limit)).then(|| render::rfc3339(at))
                };
                bound.extend(rendered(name, &|| (0..batch.num_rows()).map(instant).collect()));
            }
            Source::Length { unit, name, .. } => {
                let seconds = |row: usize| {
                    let length = time::length(scalar(array, row)?, *unit, None)?;
                    Some(format!("{}.{:09}", length / 1_000_000_000, length % 1_000_000_000))
                };
                bound.extend(rendered(name, &|| (0..batch.num_rows()).map(seconds).collect()));
            }
            Source::Lowercase { name, .. } => {
                bound.extend(rendered(name, &|| render::lowercase(array)));
            }
            Source::Offset { instead_of, name, .. } => {
                let stated = instead_of.as_ref().and_then(|name| batch.column_by_name(name));
                let time = |row: usize| {
                    let missing = stated.is_none_or(|stated| stated.is_null(row));
                    missing.then(|| offset(array, row)).flatten().map(render::rfc3339)
                };
                bound.extend(rendered(name, &|| (0..batch.num_rows()).map(time).collect()));
            }
        }
    }
    bound
}

/// Binds a column that is one attribute, and where it is a struct those whose name it begins.
fn bind_attr<'b, 'w>(
    name: &str,
    array: &'b dyn Array,
    wanted: &'w Wanted,
    bound: &mut Vec<Bound<'b, 'w>>,
) {
    if let Some(want) = wanted.attr(name) {
        bound.push(match array.data_type() {
            DataType::Timestamp(_, _) => {
                Bound::Rendered { want, texts: render::times(array), json: false }
            }
            nested if nested.is_nested() => {
                Bound::Rendered { want, texts: render::documents(array), json: true }
            }
            _ => Bound::Cell { want, cells: Cells::of(array) },
        });
    }
    if wanted.counts_unread() && wanted.attr(name).is_none() && array.as_struct_opt().is_none() {
        let met = |row: &usize| match array.data_type() {
            nested if nested.is_nested() => array.is_valid(*row),
            _ => scalar(array, *row).is_some(),
        };
        match (0..array.len()).filter(met).count() as u64 {
            0 => {}
            times => wanted.met(name, times),
        }
    }
    if let Some(fields) = array.as_struct_opt() {
        for (field, column) in fields.column_names().into_iter().zip(fields.columns()) {
            bind_attr(&format!("{name}.{field}"), column.as_ref(), wanted, bound);
        }
    }
}

fn bind_bag<'b, 'w>(array: &'b dyn Array, wanted: &'w Wanted, bound: &mut Vec<Bound<'b, 'w>>) {
    match array.data_type() {
        DataType::Map(_, _) => {
            let coded = coded(array, wanted);
            bound.push(coded.unwrap_or(Bound::Map { array, prefix: "" }));
        }
        DataType::List(_) => bound.push(Bound::Pairs { array }),
        DataType::Struct(_) => {
            let fields = array.as_struct();
            for (field, column) in fields.column_names().into_iter().zip(fields.columns()) {
                bind_attr(field, column.as_ref(), wanted, bound);
            }
        }
        _ => bound.push(Bound::Json { array }),
    }
}

/// A map whose keys are codes into their distinct values.
fn coded<'b, 'w>(array: &'b dyn Array, wanted: &'w Wanted) -> Option<Bound<'b, 'w>> {
    // Counting what is not wanted takes a look at every entry.
    let map = array.as_map_opt().filter(|_| !wanted.counts_unread())?;
    let keys = map.keys().as_dictionary_opt::<Int32Type>().filter(|keys| keys.null_count() == 0)?;
    let names = keys.values().as_string_opt::<i32>()?;
    let wants = names.iter().map(|name| wanted.attr(name?)).collect();
    let values = Cells::of(map.values().as_ref());
    Some(Bound::Coded { map, codes: keys.keys().values(), wants, values })
}

impl<'b, 'w> Bound<'b, 'w> {
    /// Raises the weight of each row to the most that it can have through this source, told
    /// without reading its values.
    pub(super) fn weigh(&self, weights: &mut [Keep]) {
        let mut raise = |row: usize, keep: Keep| {
            if let Some(weight) = weights.get_mut(row) {
                *weight = keep.max(*weight);
            }
        };
        match self {
            Self::Cell { want, .. } | Self::Rendered { want, .. } if want.keep == Keep::Never => {}
            Self::Cell { want, cells } => match cells.nulls() {
                Some(nulls) => nulls.valid_indices().for_each(|row| raise(row, want.keep)),
                None => weights.iter_mut().for_each(|weight| *weight = want.keep.max(*weight)),
            },
            Self::Rendered { want, texts, .. } => {
                let told = texts.iter().enumerate().filter(|(_, text)| text.is_some());
                told.for_each(|(row, _)| raise(row, want.keep));
            }
            Self::Coded { map, codes, wants, .. } => {
                for row in 0..map.len() {
                    let kept = wanted_entries(map, codes, wants, row).map(|(want, _)| want.keep);
                    raise(row, kept.max().unwrap_or(Keep::Never));
                }
            }
            _ => weights.fill(Keep::Always),
        }
    }

    /// Notes what a row holds.
    pub(super) fn collect<'s>(&'s self, row: usize, collector: &mut Collector<'s, 'w>) {
        match self {
            Self::Cell { want, cells } => {
                // A column has to hold something for every row: empty text stands for nothing.
                let found = match cells.get(row) {
                    None | Some(Scalar::Text("")) => return,
                    Some(found) => found,
                };
                if let Some(raw) = raw(found, want) {
                    collector.attr(want, raw);
                }
            }
            Self::Rendered { want, texts, json } => {
                if let Some(text) = texts.get(row).and_then(Option::as_deref) {
                    let text = text.as_bytes();
                    collector.attr(want, if *json { Raw::Json(text) } else { Raw::Text(text) });
                }
            }
            Self::Map { array, prefix } => prefixed(*array, row, prefix, collector),
            Self::Coded { map, codes, wants, values } => {
                for (want, entry) in wanted_entries(map, codes, wants, row) {
                    let found = values.get(entry);
                    if let Some(raw) = found.and_then(|found| raw(found, want)) {
                        collector.attr(want, raw);
                    }
                }
            }
            Self::Under { array, prefix } => {
                let mut name = (*prefix).to_owned();
                each_entry(*array, row, |key, values, entry| {
                    name.truncate(prefix.len());
                    name.push_str(key);
                    named(name.as_bytes(), values, entry, collector);
                });
            }
            Self::Pairs { array } => pairs(*array, row, collector),
            Self::JsonMember { array, member } => {
                if let Some(text) = scalar(*array, row).and_then(Scalar::text) {
                    json_member(text.as_bytes(), member, collector);
                }
            }
            Self::JsonUnder { array, prefix } => {
                if let Some(text) = scalar(*array, row).and_then(Scalar::text) {
                    let mut name = prefix.as_bytes().to_vec();
                    // What stood before the text stops making sense is used.
                    let _ = object(&mut Pull::new(text.as_bytes()), &mut name, 0, collector);
                }
            }
            Self::Json { array } => {
                if let Some(text) = scalar(*array, row).and_then(Scalar::text) {
                    json_bag(text.as_bytes(), collector);
                }
            }
        }
    }
}

/// The wanted entries of the map in a row, each with the place of its value.
fn wanted_entries<'w>(
    map: &MapArray,
    codes: &[i32],
    wants: &[Option<&'w Want>],
    row: usize,
) -> impl Iterator<Item = (&'w Want, usize)> {
    let there = row < map.len() && map.is_valid(row);
    let entries = if there { render::range(map.value_offsets(), row) } else { 0..0 };
    entries.filter_map(|entry| {
        let code = usize::try_from(*codes.get(entry)?).ok()?;
        Some(((*wants.get(code)?)?, entry))
    })
}

/// The entries of a map whose keys begin with a prefix and a dot. The prefix alone as a key holds
/// a JSON object of them.
fn prefixed<'s>(array: &'s dyn Array, row: usize, prefix: &str, collector: &mut Collector<'s, '_>) {
    each_entry(array, row, |key, values, entry| {
        if prefix.is_empty() {
            return named(key.as_bytes(), values, entry, collector);
        }
        match key.strip_prefix(prefix) {
            Some("") => {
                if let Some(text) = scalar(values, entry).and_then(Scalar::text) {
                    json_bag(text.as_bytes(), collector);
                }
            }
            Some(rest) => {
                if let Some(name) = rest.strip_prefix('.') {
                    named(name.as_bytes(), values, entry, collector);
                }
            }
            None => {}
        }
    });
}

/// Notes the scalar in a cell under a name, if that is wanted.
fn named<'s>(name: &[u8], array: &'s dyn Array, row: usize, collector: &mut Collector<'s, '_>) {
    let Some(want) = collector.wanted().attr_bytes(name) else { return };
    if let Some(raw) = scalar(array, row).and_then(|found| raw(found, want)) {
        collector.attr(want, raw);
    }
}

/// Hands on the keys of the map in a row, each with the place of its value.
pub(super) fn each_entry<'s>(
    array: &'s dyn Array,
    row: usize,
    mut each: impl FnMut(&'s str, &'s dyn Array, usize),
) {
    let Some(map) = array.as_map_opt() else { return };
    if row >= map.len() || map.is_null(row) {
        return;
    }
    let (keys, values) = (map.keys().as_ref(), map.values().as_ref());
    for entry in render::range(map.value_offsets(), row) {
        if let Some(Scalar::Text(key)) = scalar(keys, entry) {
            each(key, values, entry);
        }
    }
}

/// A list of structs of a key and an OTLP value, which has one member that is not null.
fn pairs<'s>(array: &'s dyn Array, row: usize, collector: &mut Collector<'s, '_>) {
    let Some((items, range)) = render::items(array, row) else { return };
    let Some(pairs) = items.as_struct_opt() else { return };
    let (Some(keys), Some(values)) = (pairs.column_by_name("key"), pairs.column_by_name("value"))
    else {
        return;
    };
    for item in range {
        let Some(Scalar::Text(key)) = scalar(keys.as_ref(), item) else { continue };
        let Some(want) = collector.wanted().attr_bytes(key.as_bytes()) else { continue };
        if let Some(raw) = first_member(values.as_ref(), item).and_then(|found| raw(found, want)) {
            collector.attr(want, raw);
        }
    }
}

/// The scalar in an OTLP value; of an array its first one.
fn first_member(value: &dyn Array, row: usize) -> Option<Scalar<'_>> {
    if let Some((items, mut range)) = render::items(value, row) {
        return first_member(items, range.next()?);
    }
    let Some(members) = value.as_struct_opt() else { return scalar(value, row) };
    let mut members = members.columns().iter().filter(|member| member.is_valid(row));
    members.find_map(|member| first_member(member.as_ref(), row))
}
