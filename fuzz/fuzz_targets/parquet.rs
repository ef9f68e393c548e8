//! Parquet through the whole reader, to the call table.
#![no_main]

mod reading;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    reading::read(bytes);
    let bytes = [&b"PAR1"[..], bytes, b"PAR1"].concat();
    reading::read(&bytes);
});
