//! Keeps a generated page of `docs/` equal to what the registries say.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;

/// Fails where the page is stale, after it was rewritten: the second run passes, and the
/// difference is there to be looked at and committed.
pub fn check(page: &str, current: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
    let found = fs::read_to_string(&path).unwrap_or_default();
    if found.replace("\r\n", "\n") != current {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, current).unwrap();
        panic!(
            "docs/{page} was stale and has been written anew: look at the difference, commit it"
        );
    }
}
