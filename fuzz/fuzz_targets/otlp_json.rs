//! OTLP JSON in every framing, to the call table.
#![no_main]

mod reading;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    reading::read(bytes);
    let bytes = [&b"{"[..], bytes].concat();
    reading::read(&bytes);
});
