//! The tables beside OTAP spans: attributes, events and resources of the same partition.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;

use super::super::cell::{Scalar, scalar};
use super::super::open::Open;
use super::{cbor, int};
use crate::ingest::collect::Raw;
use crate::ingest::outcome::{Place, Tally};
use crate::ingest::wanted::Wanted;

/// How deep partitions may lie.
const MAX_DEPTH: usize = 8;

/// The value of an attribute that is wanted.
#[derive(Debug)]
pub(super) enum Kept {
    Text(Box<str>),
    /// An array or map, as JSON.
    Json(Box<str>),
    Int(i64),
    Float(f64),
    Bool(bool),
}

impl Kept {
    pub(super) fn raw(&self) -> Raw<'_> {
        match self {
            Self::Text(text) => Raw::Text(text.as_bytes()),
            Self::Json(text) => Raw::Json(text.as_bytes()),
            Self::Int(int) => Raw::Int(*int),
            Self::Float(float) => Raw::Float(*float),
            Self::Bool(flag) => Raw::Bool(*flag),
        }
    }
}

/// An event that is wanted.
#[derive(Debug)]
pub(super) struct Event {
    pub id: Option<i64>,
    pub time_ns: i64,
    pub name: Box<str>,
}

type Attributes = HashMap<i64, Vec<(Box<str>, Kept)>>;

/// What lies beside a table of spans, by the ids that join it.
#[derive(Debug, Default)]
pub(super) struct Beside {
    spans: Attributes,
    resources: Attributes,
    events: HashMap<i64, Vec<Event>>,
    event_attributes: Attributes,
}

impl Beside {
    /// Whether a table of spans lies where the one of this table would.
    pub(super) fn has_spans(file: &str) -> bool {
        let path = Path::new(file);
        let beside = path.with_file_name("spans.parquet");
        let mut above = path.ancestors().skip(1).take(MAX_DEPTH);
        beside.is_file() || above.any(|folder| folder.with_file_name("spans").is_dir())
    }

    /// Reads the tables beside this one of spans; what is missing or damaged is counted.
    pub(super) fn of(file: &str, wanted: &Wanted, losses: &mut Tally) -> Self {
        let mut beside = Self::default();
        let tables = Tables::of(Path::new(file));
        if tables.files("span_attrs").is_empty() {
            losses.lost("no table `span_attrs` beside the OTAP spans", Place::File);
            return beside;
        }
        let wants = |name: &str| wanted.attr_bytes(name.as_bytes()).is_some();
        tables.attributes("span_attrs", &wants, losses, &mut beside.spans);
        tables.attributes("resource_attrs", &wants, losses, &mut beside.resources);
        tables.each(
            "span_events",
            &["id", "parent_id", "time_unix_nano", "name"],
            losses,
            |rows| {
                let column = |name| rows.column_by_name(name);
                for row in 0..rows.num_rows() {
                    let cell = |name| scalar(column(name)?.as_ref(), row);
                    let parent = cell("parent_id").and_then(int);
                    let name = cell("name").and_then(Scalar::text);
                    if let (Some(parent), Some(name)) = (parent, name)
                        && wanted.event(name).is_some()
                    {
                        let time_ns = cell("time_unix_nano").and_then(int).unwrap_or_default();
                        let event =
                            Event { id: cell("id").and_then(int), time_ns, name: name.into() };
                        beside.events.entry(parent).or_default().push(event);
                    }
                }
            },
        );
        let names: HashSet<&str> =
            wanted.events().into_iter().flat_map(|(_, _, attributes)| attributes).collect();
        let wants = |name: &str| names.contains(name);
        if !beside.events.is_empty() {
            tables.attributes("span_event_attrs", &wants, losses, &mut beside.event_attributes);
        }
        beside
    }

    /// The wanted attributes of a span.
    pub(super) fn attributes(&self, id: Option<i64>) -> &[(Box<str>, Kept)] {
        of(&self.spans, id)
    }

    /// The wanted attributes of a resource.
    pub(super) fn resource(&self, id: Option<i64>) -> &[(Box<str>, Kept)] {
        of(&self.resources, id)
    }

    /// The wanted events of a span.
    pub(super) fn events(&self, id: Option<i64>) -> &[Event] {
        of(&self.events, id)
    }

    /// The wanted attributes of an event.
    pub(super) fn event_attributes(&self, id: Option<i64>) -> &[(Box<str>, Kept)] {
        of(&self.event_attributes, id)
    }
}

fn of<T>(all: &HashMap<i64, Vec<T>>, id: Option<i64>) -> &[T] {
    id.and_then(|id| all.get(&id)).map(Vec::as_slice).unwrap_or_default()
}

/// Where the other tables of a partition lie.
struct Tables {
    /// The folder that holds a folder, or a file, for each table.
    root: Option<PathBuf>,
    /// The folders of the partition, below the table's.
    partition: PathBuf,
}

impl Tables {
    fn of(file: &Path) -> Self {
        let mut partition = Vec::new();
        for folder in file.ancestors().skip(1).take(MAX_DEPTH) {
            let Some(name) = folder.file_name() else { break };
            if name == "spans" {
                let root = folder.parent().map(Path::to_owned);
                return Self { root, partition: partition.into_iter().rev().collect() };
            }
            partition.push(name);
        }
        let alone = file.file_stem().is_some_and(|stem| stem == "spans");
        let root = if alone { file.parent().map(Path::to_owned) } else { None };
        Self { root, partition: PathBuf::new() }
    }

    /// The files of a table, sorted.
    fn files(&self, table: &str) -> Vec<PathBuf> {
        let Some(root) = &self.root else { return Vec::new() };
        let single = root.join(format!("{table}.parquet"));
        if single.is_file() {
            return vec![single];
        }
        let entries = root.join(table).join(&self.partition).read_dir();
        let paths = entries.into_iter().flatten().flatten().map(|entry| entry.path());
        let parquet = |path: &PathBuf| path.extension().is_some_and(|end| end == "parquet");
        let mut files: Vec<PathBuf> = paths.filter(parquet).collect();
        files.sort();
        files
    }

    /// Hands on the rows of a table.
    fn each(
        &self,
        table: &str,
        columns: &[&str],
        losses: &mut Tally,
        mut each: impl FnMut(&RecordBatch),
    ) {
        for file in self.files(table) {
            let open = std::fs::read(&file)
                .ok()
                .and_then(|bytes| Open::new(&file.display().to_string(), bytes).ok());
            let groups = open.as_ref().map_or(0, |open| open.row_groups().len());
            let read = |open: &Open| {
                (0..groups).all(|group| {
                    let read = open.batches(group, columns, |rows| {
                        each(rows);
                        Ok(())
                    });
                    read.is_ok()
                })
            };
            if !open.as_ref().is_some_and(read) {
                losses.lost(&format!("damaged file of the OTAP table `{table}`"), Place::File);
            }
        }
    }

    /// Reads the attributes of a table whose names are wanted.
    fn attributes(
        &self,
        table: &str,
        wants: &dyn Fn(&str) -> bool,
        losses: &mut Tally,
        out: &mut Attributes,
    ) {
        let columns = ["parent_id", "key", "str", "int", "double", "bool", "ser"];
        self.each(table, &columns, losses, |rows| {
            for row in 0..rows.num_rows() {
                let cell = |name| scalar(rows.column_by_name(name)?.as_ref(), row);
                let key = cell("key").and_then(Scalar::text);
                let Some(key) = key.filter(|key| wants(key)) else { continue };
                let value = ["str", "int", "double", "bool", "ser"].into_iter().find_map(cell);
                if let (Some(parent), Some(value)) =
                    (cell("parent_id").and_then(int), value.and_then(kept))
                {
                    out.entry(parent).or_default().push((key.into(), value));
                }
            }
        });
    }
}

/// A value to keep: bytes are the CBOR of an array or a map, which is never text.
fn kept(found: Scalar<'_>) -> Option<Kept> {
    Some(match found {
        Scalar::Text(text) => Kept::Text(text.into()),
        Scalar::Int(int) | Scalar::Time(int) => Kept::Int(int),
        Scalar::Float(float) => Kept::Float(float),
        Scalar::Bool(flag) => Kept::Bool(flag),
        Scalar::Bytes(bytes) => Kept::Json(cbor::json(bytes)?.into()),
    })
}
