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
fn every_cause_has_a_page_of_its_own() {
    let stale = |(id, page): &(String, String)| {
        // All of them are written anew at once.
        std::panic::catch_unwind(|| generated::check(&format!("causes/{id}.md"), page)).is_err()
    };
    assert_eq!(causes::pages().iter().filter(|page| stale(page)).count(), 0);
}

#[test]
fn the_page_of_the_attributes_is_current() {
    generated::check("attributes.md", &audit::page());
}

#[test]
fn the_page_of_the_formats_is_current() {
    generated::check("formats.md", &ingest::formats::page());
}
