//! `SPAN_SHAPES.txt` beside a real dump: every shape of span in it, with how often each attribute
//! and event stands on it, counted by other code than this.

use std::collections::BTreeMap;
use std::path::Path;

/// One shape of span.
#[derive(Debug, Default)]
pub struct Shape {
    /// The span's name.
    pub name: String,
    /// Spans of that shape.
    pub spans: u64,
    /// Attributes, and how many spans carry each.
    pub attributes: BTreeMap<String, u64>,
    /// Events, and how many there are of each.
    pub events: BTreeMap<String, u64>,
}

/// The shapes of a dump.
pub fn read(folder: &Path) -> Vec<Shape> {
    let text = std::fs::read_to_string(folder.join("SPAN_SHAPES.txt")).unwrap();
    let mut shapes: Vec<Shape> = Vec::new();
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("## ") {
            let name = head.split_once("name='").unwrap().1.split_once("' kind=").unwrap().0;
            let spans = head.split_once(" n=").unwrap().1.split(' ').next().unwrap();
            let spans = spans.parse().unwrap();
            shapes.push(Shape { name: name.to_owned(), spans, ..Shape::default() });
        } else if let Some(event) = line.trim_start().strip_prefix("EVENT ") {
            let (name, count) = event.split(" [").next().unwrap().rsplit_once(' ').unwrap();
            let events = &mut shapes.last_mut().unwrap().events;
            *events.entry(name.to_owned()).or_default() += count.parse::<u64>().unwrap();
        } else if let Some((name, rest)) = line.trim_start().split_once(" <") {
            let count = rest.split_once(" x").unwrap().1.split(' ').next().unwrap();
            let attributes = &mut shapes.last_mut().unwrap().attributes;
            *attributes.entry(name.to_owned()).or_default() += count.parse::<u64>().unwrap();
        }
    }
    assert!(!shapes.is_empty(), "{}", folder.display());
    shapes
}
