//! OTLP protobuf, bare, delimited and in the collector's frames, to the call table.
#![no_main]

mod reading;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    reading::read(bytes);
    let bytes = [&[0x0a][..], bytes].concat();
    reading::read(&bytes);
});
