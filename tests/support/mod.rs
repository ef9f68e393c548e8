//! What several test suites share, by what it holds.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

pub mod browser;
pub mod conclusions;
pub mod fake_http;
pub mod house;
pub mod incident;
pub mod python;
pub mod schema;
pub mod score;
pub mod score_table;
pub mod shapes;
pub mod threshold_tree;
pub mod truth;
pub mod wanted;

use std::path::PathBuf;

/// The full incident with every text replaced by one that would like to be markup.
pub fn hostile() -> llmspan::diagnosis::Diagnosis {
    incident::with_every_text(
        "</script></style></title>\"'><img src=x onerror=pwned=1><script>pwned=1</script>\u{202e}",
    )
}

/// A folder of the shared material beside the repository, or none with a message.
#[allow(clippy::print_stderr, reason = "a test that skips says so")]
pub fn shared(folder: &str) -> Option<PathBuf> {
    let places = ["../shared", "../../shared"].map(|place| PathBuf::from(place).join(folder));
    let found = places.into_iter().find(|place| place.is_dir());
    if found.is_none() {
        eprintln!("skipped: the shared folder {folder} is not beside the repository");
    }
    found
}
