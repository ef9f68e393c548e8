//! Reads bytes as a dump, through a file as every input comes.

use std::panic;
use std::sync::{LazyLock, Once};

use llmspan::dialects::Tables;
use llmspan::ingest::Options;
use llmspan::settings::Settings;
use llmspan::{calls, ingest};

thread_local! {
    static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a folder for one file");
}

/// Made once: it takes longer than reading a small file.
static TABLES: LazyLock<Tables> =
    LazyLock::new(|| Tables::new(&Settings::default()).expect("the built-in tables are sound"));

/// Lets a panic inside a library unwind, which is an error of that file and no finding where the
/// reader catches it; one in llmspan's own code ends the run, wherever it would be caught.
fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let ends_the_run = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let foreign = info.location().is_some_and(|place| {
                ["/registry/", "/rustc/"].iter().any(|of| place.file().contains(of))
            });
            if !foreign {
                ends_the_run(info);
            }
        }));
    });
}

/// Reads to the call table; a fault inside a reader is a finding although a run survives it.
pub fn read(bytes: &[u8]) {
    watch();
    let path = FOLDER.with(|folder| folder.path().join("dump"));
    std::fs::write(&path, bytes).expect("room for one file");
    let options = Options { max_expansion: 50, ..Options::default() };
    let inputs = [path.display().to_string()];
    let Ok(read) = ingest::read(&inputs, TABLES.wanted(), &options) else { return };
    if let Ok((_, ingest)) = calls::assemble(read, &TABLES, false) {
        let mut losses = ingest.files.iter().flat_map(|file| &file.losses);
        assert!(!losses.any(|loss| loss.reason.contains("on which the reader failed")));
    }
}
