//! A dump to every form of the report.
#![no_main]

use llmspan::ingest::Options;
use llmspan::report::{Format, Style, render};
use llmspan::windows::WindowArgs;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder for one file");
    let path = folder.path().join("dump");
    std::fs::write(&path, bytes).expect("room for one file");
    let inputs = [path.display().to_string()];
    let Ok((table, ingest)) = llmspan::read(&inputs, &Options::default()) else { return };
    let Ok(found) = llmspan::diagnose(&table, ingest, &WindowArgs::default()) else { return };
    for (format, _, _) in Format::ALL {
        let text = render(&found, format, Style::of_width(80));
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
    }
});
