//! What attributes mean: one const table per dialect, and the registry of them.
//!
//! A new dialect is a new file with its table, a line in [`DIALECTS`] and a fixture.

pub mod hosts;
pub mod http;
mod table;

mod context;
mod proposed;

mod langfuse;
mod openinference;
mod openinference_langchain;
mod openllmetry;
mod openllmetry_anthropic;
mod semconv;
mod semconv_old;
mod vercel;

pub use table::{
    Absent, Accounting, Clue, Dialect, Field, From, Input, Part, SpanRule, Streaming, Test, To,
    Unit, Zero,
};

use crate::ingest::{Keep, Wanted};

/// Every dialect, in the order in which they are tried: the most particular first.
pub static DIALECTS: &[&Dialect] = &[
    &vercel::DIALECT,
    &langfuse::DIALECT,
    &openllmetry_anthropic::DIALECT,
    &openllmetry::DIALECT,
    &openinference_langchain::DIALECT,
    &openinference::DIALECT,
    &semconv::DIALECT,
    &semconv_old::DIALECT,
    &http::DIALECT,
];

/// What ingest has to look for: every attribute, document path and event of the tables.
pub fn wanted() -> Wanted {
    let mut wanted = Wanted::default();
    for dialect in DIALECTS {
        let keep = if dialect.id == http::DIALECT.id { Keep::IfClient } else { Keep::Always };
        for test in dialect.signs.iter().copied().flatten() {
            want_test(&mut wanted, test, keep);
        }
        for test in dialect.spans.iter().flat_map(|rule| rule.when) {
            want_test(&mut wanted, test, Keep::Never);
        }
        for field in dialect.all_fields() {
            want_field(&mut wanted, &field);
        }
        for event in dialect.chunks {
            wanted.want_event(event, Keep::Never);
        }
    }
    wanted
}

impl Dialect {
    /// Its field rules, in the order in which they are believed.
    pub fn all_fields(&self) -> impl Iterator<Item = Field> {
        let headers = (self.id == http::DIALECT.id).then(http::header_fields);
        let own = self.fields.iter().copied().flatten().copied();
        own.chain(headers.into_iter().flatten())
    }

    /// The table of that name.
    pub fn find(id: &str) -> Option<&'static Self> {
        DIALECTS.iter().copied().find(|dialect| dialect.id == id)
    }
}

fn want_test(wanted: &mut Wanted, test: &Test, keep: Keep) {
    match test {
        Test::Has(name) | Test::Is(name, _) | Test::Ends(name, _) => {
            wanted.want_attr(name, keep);
        }
        Test::Lacks(name) => {
            wanted.want_attr(name, Keep::Never);
        }
        Test::Scope(_) | Test::Name(_) | Test::Kind(_) => {}
    }
}

fn want_field(wanted: &mut Wanted, field: &Field) {
    match field.from {
        From::Attr(name) | From::Resource(name) | From::Repr(name, _) => {
            wanted.want_attr(name, Keep::Never);
        }
        From::Path(name, path) => {
            wanted.want_path(name, path, Keep::Never);
        }
        From::Event(name) => {
            wanted.want_event(name, Keep::Never);
        }
        From::EventAttr(event, name) => {
            wanted.want_event_attr(event, name, Keep::Never);
        }
        From::Fixed(_) => {}
    }
}
