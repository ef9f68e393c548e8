//! The window grammar.
#![no_main]

use llmspan::windows::{WindowArgs, choose};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let starts: Vec<i64> =
        (0..50).map(|n| 1_793_714_400_000_000_000 + n * 60_000_000_000).collect();
    for tz in [None, Some("Europe/Berlin".to_owned()), Some(text.to_owned())] {
        let args = WindowArgs { window: Some(text.to_owned()), baseline: None, tz };
        if let Ok(split) = choose(&starts, &args) {
            assert!(split.window.start_ns <= split.window.end_ns);
        }
    }
});
