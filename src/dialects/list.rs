//! The tables as a list: what each is recognised by and what it fills.

use serde::Serialize;

use super::page::{place, test_words, unit};
use super::{Dialect, Tables, To};

/// A table as it is listed.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// Where its facts come from.
    pub source: String,
    /// The groups of signs by which a span is known to be of it.
    pub recognised_by: Vec<String>,
    /// The columns that it fills, in the order of its rules.
    pub fills: Vec<Fills>,
    /// What a reader of its figures should know.
    pub notes: Vec<String>,
}

/// A column, and where its value stands: the first place that holds one wins.
#[derive(Debug, Clone, Serialize)]
pub struct Fills {
    /// The column.
    pub column: String,
    /// The places, in order.
    pub from: Vec<String>,
}

impl Tables {
    /// Every table, in the order in which they are tried.
    pub fn listed(&self) -> Vec<Listed> {
        self.all().iter().map(|dialect| listed(dialect)).collect()
    }
}

fn listed(dialect: &Dialect) -> Listed {
    let mut fills: Vec<Fills> = Vec::new();
    for field in dialect.all_fields() {
        let column = match field.to {
            To::Col(col) => col.name().to_owned(),
            To::Segment(name) => format!("attr.{name}"),
            To::Clue(_) => continue,
        };
        let mut from = place(&field.from).replace('`', "");
        let written = unit(field.unit).replace('`', "");
        if !written.is_empty() {
            from.push_str(&format!(" ({written})"));
        }
        match fills.iter_mut().find(|have| have.column == column) {
            Some(have) => have.from.push(from),
            None => fills.push(Fills { column, from: vec![from] }),
        }
    }
    Listed {
        id: dialect.id.to_owned(),
        title: dialect.title.to_owned(),
        source: dialect.source.to_owned(),
        recognised_by: dialect
            .signs
            .iter()
            .map(|group| test_words(group).replace('`', ""))
            .collect(),
        fills,
        notes: dialect.notes.iter().map(|note| (*note).to_owned()).collect(),
    }
}
