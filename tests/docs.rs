//! Generated pages: each test rewrites its page where it is stale, and then fails.

mod generated;

use llmspan::{audit, causes, ingest, schema};

#[test]
fn the_page_of_the_call_table_is_current() {
    generated::check("schema.md", &schema::page());
}

#[test]
fn the_page_of_the_causes_is_current() {
    generated::check("causes.md", &causes::page());
}

#[test]
fn the_page_of_the_attributes_is_current() {
    generated::check("attributes.md", &audit::page());
}

#[test]
fn the_page_of_the_formats_is_current() {
    generated::check("formats.md", &ingest::formats::page());
}
