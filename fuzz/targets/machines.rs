#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| alongside_fuzzers::run("machines", data));
