//! Damaged input of every kind: fixtures with bytes changed, cut out, repeated and exchanged are
//! read without a fault.
//!
//! A short run belongs to every test run; `LLMSPAN_MUTATE_S=1200 cargo test --test mutations`
//! goes on for that many seconds on each group.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use llmspan::dialects::Tables;
use llmspan::ingest::Options;
use llmspan::settings::Settings;
use llmspan::windows::{WindowArgs, choose};

/// Largest seed: mutations of small files reach more.
const LARGEST: u64 = 64 << 10;

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        if bound == 0 { 0 } else { usize::try_from(self.next() % bound as u64).unwrap() }
    }
}

/// Bytes that mean something to a reader somewhere.
const TOKENS: [&[u8]; 20] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b",",
    b"\n",
    b"null",
    b"-1",
    b"1e999",
    b"99999999999999999999",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\x00",
    b"\xef\xbb\xbf",
    b"\xf0\x9f",
    b"=",
    b"'",
];

fn mutate(seed: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        match dice.below(8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            1 if at < bytes.len() => bytes[at] = u8::try_from(dice.below(256)).unwrap(),
            2 => bytes.truncate(at),
            3 => {
                let until = (at + dice.below(64)).min(bytes.len());
                bytes.drain(at..until);
            }
            4 => {
                let until = (at + dice.below(256)).min(bytes.len());
                let copy = bytes[at..until].to_vec();
                bytes.splice(at..at, copy);
            }
            5 => {
                let from = dice.below(other.len() + 1);
                let until = (from + dice.below(512)).min(other.len());
                bytes.splice(at..at, other[from..until].iter().copied());
            }
            6 if at + 4 <= bytes.len() => {
                bytes[at..at + 4]
                    .copy_from_slice(&u32::try_from(dice.next() >> 32).unwrap().to_le_bytes());
            }
            _ => {
                let token = TOKENS[dice.below(TOKENS.len())];
                bytes.splice(at..at, token.iter().copied());
            }
        }
    }
    bytes
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.metadata().unwrap().len() <= LARGEST {
                all.push(path);
            }
        }
    }
    all.sort();
    all
}

fn seeds(folder: &str, fits: impl Fn(&Path) -> bool) -> Vec<Vec<u8>> {
    let found: Vec<Vec<u8>> = files(folder)
        .iter()
        .filter(|path| fits(path))
        .map(|path| fs::read(path).unwrap())
        .collect();
    assert!(!found.is_empty(), "{folder} holds no seed");
    found
}

fn until(short: Duration) -> Instant {
    let asked = std::env::var("LLMSPAN_MUTATE_S").ok();
    let long = asked.map(|seconds| Duration::from_secs(seconds.parse().unwrap()));
    Instant::now() + long.unwrap_or(short)
}

/// Runs `check` on mutations until the time is up; a failure leaves its input beside the tests.
fn hammer(name: &str, seeds: &[Vec<u8>], least: usize, check: impl Fn(&[u8])) {
    let (mut dice, until) = (Dice(0x9e37_79b9_7f4a_7c15), until(Duration::from_secs(3)));
    let mut runs = 0;
    while runs < least || Instant::now() < until {
        let seed = &seeds[runs % seeds.len()];
        let other = &seeds[dice.below(seeds.len())];
        let bytes = if runs < seeds.len() { seed.clone() } else { mutate(seed, other, &mut dice) };
        if catch_unwind(AssertUnwindSafe(|| check(&bytes))).is_err() {
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.failing"));
            fs::write(&path, &bytes).unwrap();
            panic!("{name}: run {runs} failed; its input is {}", path.display());
        }
        runs += 1;
    }
    assert!(runs >= least, "{name}: {runs} runs");
}

/// Reads through the whole reader, to the table.
fn read(bytes: &[u8]) {
    thread_local! {
        static FOLDER: tempfile::TempDir = tempfile::tempdir().unwrap();
    }
    let path = FOLDER.with(|folder| folder.path().join("dump"));
    fs::write(&path, bytes).unwrap();
    let options = Options { max_expansion: 50, ..Options::default() };
    if let Ok((table, ingest)) = llmspan::read(&[path.display().to_string()], &options) {
        assert_eq!(table.len() as u64, ingest.calls);
        let losses = ingest.files.iter().flat_map(|file| &file.losses);
        let fault = losses.clone().find(|loss| loss.reason.contains("on which the reader failed"));
        assert!(fault.is_none(), "{fault:?}");
    }
}

#[test]
fn json_and_protobuf_in_every_framing() {
    let seeds = seeds("testdata/formats", |path| {
        path.extension().is_none_or(|end| end != "py" && end != "parquet")
    });
    hammer("formats", &seeds, 300, read);
}

#[test]
fn parquet_through_the_whole_reader() {
    let seeds = seeds("testdata/formats/parquet", |path| {
        path.extension().is_some_and(|end| end == "parquet")
    });
    hammer("parquet", &seeds, 100, read);
}

#[test]
fn dialects_by_their_fixtures() {
    let seeds =
        seeds("testdata/dialects", |path| path.extension().is_some_and(|end| end == "json"));
    hammer("dialects", &seeds, 300, read);
}

#[test]
fn broken_files_broken_further() {
    hammer("broken", &seeds("testdata/broken", |_| true), 200, read);
}

#[test]
fn settings_files() {
    let page = fs::read_to_string("docs/settings.md").unwrap();
    let example = page.split("```toml").nth(1).unwrap().split("```").next().unwrap();
    let short = "timezone = \"UTC\"\n[columns]\nttft_s = {attribute = \"x\", unit = \"ms\"}\n";
    let seeds = [example.as_bytes().to_vec(), short.as_bytes().to_vec()];
    hammer("settings", &seeds, 2000, |bytes| {
        if let Ok(settings) = Settings::parse("llmspan.toml", bytes) {
            // Tables live as long as the process: made only where they could fail.
            if settings.dialects.iter().any(|own| own.based_on.is_some()) {
                let _ = Tables::new(&settings);
            }
        }
    });
}

#[test]
fn windows() {
    let forms = [
        "14:00-14:15",
        "2026-11-03T14:00/15m",
        "2026-11-03T14:00:00Z/2026-11-03T14:15:00Z",
        "2026-11-03T23:00/2026-11-04",
        "14:00:00.000000001-24:00",
    ];
    let seeds: Vec<Vec<u8>> = forms.iter().map(|form| form.as_bytes().to_vec()).collect();
    let starts: Vec<i64> =
        (0..50).map(|n| 1_793_714_400_000_000_000 + n * 60_000_000_000).collect();
    hammer("windows", &seeds, 5000, |bytes| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        for tz in [None, Some("Europe/Berlin".to_owned()), Some(text.clone())] {
            let args = WindowArgs { window: Some(text.clone()), baseline: None, tz };
            if let Ok(split) = choose(&starts, &args) {
                assert!(split.window.start_ns <= split.window.end_ns);
            }
            let _ = choose(&starts, &WindowArgs { baseline: Some(text.clone()), ..args });
        }
    });
}

#[test]
fn renderers() {
    use llmspan::report::{Format, Style, render};
    let whole = fs::read("testdata/dialects/semconv/spans.otlp.json").unwrap();
    let seeds = [whole];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dump");
    hammer("renderers", &seeds, 20, |bytes| {
        fs::write(&path, bytes).unwrap();
        let inputs = [path.display().to_string()];
        let Ok((table, ingest)) = llmspan::read(&inputs, &Options::default()) else { return };
        let Ok(found) = llmspan::diagnose(&table, ingest, &WindowArgs::default()) else { return };
        for (format, _, _) in Format::ALL {
            let text = render(&found, format, Style::of_width(80));
            assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{format:?}");
        }
    });
}
