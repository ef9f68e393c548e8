//! The settings file.
#![no_main]

use llmspan::settings::Settings;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = Settings::parse("llmspan.toml", bytes);
});
