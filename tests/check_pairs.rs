//! The gate on pairs of recordings of one simulated service: quiet where nothing changed, alarmed
//! where calls took a quarter longer.
//!
//! The whole measurement, whose figures stand in `docs/guides/check.md`:
//! `cargo test --locked --test check_pairs -- --ignored --nocapture`; other pairs of as many with
//! `LLMSPAN_PAIRS_FROM=1000`. Simulating takes most of the time: `LLMSPAN_PAIRS_KEEP=FOLDER` keeps
//! the recordings, and reads those that are there.
//!
//! What "without change" is: the same services, models, pools and prompts, the same rates and the
//! same neighbours on average. What differs is what differs between two hours of any service: when
//! calls come and how long they are, where the neighbours' slow waves stand, stragglers, bursts of
//! the own traffic, a deploy that changes nothing, another mix. None of it is taken out.
#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]
#![allow(clippy::print_stdout, reason = "the measurement prints its figures")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

use llmspan::calls::CallTable;
use llmspan::check::{Asked, check, regressed, two_dumps};
use llmspan::diagnosis::Ingest;
use llmspan::diagnosis::check::{Check, MeasureOutcome};
use llmspan::ingest::{CanonicalFormat, CanonicalInput, Options};
use llmspan::settings::Settings;
use llmspan::simulate::case::{Case, Severity, Wanted, make};
use llmspan::simulate::dialect::Dialect;
use llmspan::simulate::dump::{Dump, assemble};
use llmspan::simulate::incident::{Effect, Trap};
use llmspan::simulate::labels::{Observability, PromptIdentity};
use llmspan::simulate::world::run;
use llmspan::simulate::write::{Format, write};
use rayon::prelude::*;
use serde_json::Value;

/// Calls of a recording.
const CALLS: usize = 500;
/// Two runs of a pair lie three weeks apart.
const APART_NS: i64 = 21 * 86_400_000_000_000;

/// Rows of a call table as `normalize` writes them.
type Rows = Vec<Value>;

fn trap(number: u64) -> Trap {
    Trap::ALL[usize::try_from(number).unwrap() % Trap::ALL.len()]
}

/// Two recordings of one service; those that were kept are read again.
fn pair(number: u64) -> (Rows, Rows) {
    let Some(folder) = std::env::var_os("LLMSPAN_PAIRS_KEEP").map(PathBuf::from) else {
        return simulated(number);
    };
    let at = |side: &str| folder.join(format!("{number}.{side}.ndjson"));
    let kept = |side: &str| -> Option<Rows> {
        let text = std::fs::read_to_string(at(side)).ok()?;
        Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    };
    if let (Some(baseline), Some(candidate)) = (kept("a"), kept("b")) {
        return (baseline, candidate);
    }
    let (baseline, candidate) = simulated(number);
    std::fs::write(at("a"), text(&baseline)).unwrap();
    std::fs::write(at("b"), text(&candidate)).unwrap();
    (baseline, candidate)
}

/// Two recordings of one service, weeks apart: the second with whatever trap its number names.
fn simulated(number: u64) -> (Rows, Rows) {
    let trap = trap(number);
    let dialect = Dialect::ALL[usize::try_from(number).unwrap() % Dialect::ALL.len()];
    let levels = [Observability::Full, Observability::Typical, Observability::TtftTokens];
    let level = levels[usize::try_from(number / 3).unwrap() % levels.len()];
    let case = make(&Wanted {
        effects: vec![Effect::Trap(trap)],
        severity: Severity::Subtle,
        window_calls: 600,
        providers: dialect.providers(),
        tenants: true,
        seed: 7_000 + number,
        trace: None,
    });
    let dump = Dump {
        dialect,
        observability: level,
        prompt: PromptIdentity::NameVersion,
        tenant: true,
        miss_event: true,
        old_http: false,
        cloud_region: false,
        edge: true,
    };
    let later = again(&case, number);
    // The own traffic of the daily rise doubles between the two hours, and calls took 4 % longer on
    // average (15 % at most): a change at the same work. Its recordings are of the same hour.
    let from_s = if trap == Trap::DailyRise { case.world.quiet_s } else { 0.0 };
    (rows(&case, &dump, from_s), rows(&later, &dump, later.world.quiet_s))
}

/// The same service three weeks later: other arrivals, other prompts, other neighbours' hours.
fn again(case: &Case, number: u64) -> Case {
    let mut world = case.world.clone();
    world.setup.seed ^= 0x5eed << 8 | number;
    world.t0_ns += APART_NS;
    let incidents: Vec<_> = case.realised.iter().map(|realised| realised.incident).collect();
    let run = run(&world, &incidents);
    Case {
        world,
        run,
        realised: case.realised.clone(),
        pairs: case.pairs.clone(),
        held: case.held.clone(),
        window: case.window.clone(),
        severity: None,
        attempt: 0,
    }
}

/// The first calls of a dump that started after so many seconds, read as any dump is.
fn rows(case: &Case, dump: &Dump, from_s: f64) -> Rows {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spans.pb");
    write(&assemble(case, dump), Format::Pb, &path).unwrap();
    let inputs = [path.to_string_lossy().into_owned()];
    let (table, _) = llmspan::read(&inputs, &Options::default()).unwrap();
    let first = table.starts_ns().partition_point(|ns| *ns < case.world.at_ns(from_s));
    let mut text = Vec::new();
    table.write(CanonicalFormat::Ndjson, &mut text).unwrap();
    let lines = std::str::from_utf8(&text).unwrap().lines().skip(first).take(CALLS);
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text(rows: &Rows) -> String {
    let mut text = String::new();
    for row in rows {
        writeln!(text, "{row}").unwrap();
    }
    text
}

fn table(rows: &Rows) -> CallTable {
    let bytes = text(rows).into_bytes();
    let (file, format) = ("rows".to_owned(), CanonicalFormat::Ndjson);
    let input = CanonicalInput { file, bytes, path: None, format };
    CallTable::read(&input).unwrap().0
}

/// What takes longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shift {
    Everything,
    FirstToken,
    Decoding,
}

/// The recording of a service that takes `factor` times as long for it.
fn slower(rows: &Rows, shift: Shift, factor: f64) -> Rows {
    let mut rows = rows.clone();
    for row in &mut rows {
        let get = |name: &str| row[name].as_f64();
        let (duration, ttft) = (get("duration_s").unwrap(), get("ttft_s"));
        let first = ttft.unwrap_or(0.0);
        let added = match (shift, ttft) {
            (Shift::Everything, _) => (factor - 1.0) * duration,
            (Shift::FirstToken, Some(_)) => (factor - 1.0) * first,
            (Shift::Decoding, Some(_)) => (factor - 1.0) * (duration - first),
            (_, None) => 0.0,
        };
        let scaled = |name: &str| match shift {
            Shift::Everything => name.ends_with("_s"),
            Shift::FirstToken => matches!(name, "ttft_s" | "prefill_s"),
            Shift::Decoding => name.starts_with("itl_") || name == "decode_s",
        };
        for (name, value) in row.as_object_mut().unwrap() {
            if let Some(seconds) = value.as_f64().filter(|_| scaled(name)) {
                *value = (seconds * factor).into();
            }
        }
        row["duration_s"] = (duration + added).into();
    }
    rows
}

fn judged(baseline: &Rows, candidate: &Rows) -> Check {
    let pair = two_dumps(table(baseline), table(candidate));
    check(&pair, Ingest::default(), &Asked::default(), &Settings::default()).unwrap()
}

/// What regressed, in words.
fn said(check: &Check) -> Vec<String> {
    let each = check
        .segments
        .iter()
        .flat_map(|segment| segment.measures.iter().map(move |measure| (segment, measure)));
    each.filter(|(_, measure)| measure.outcome == MeasureOutcome::Regressed)
        .map(|(segment, m)| {
            format!(
                "{:?} {} {:.3} [{:.3}, {:.3}] {:.1} errors",
                segment.segment, m.signal, m.candidate, m.low, m.high, m.errors
            )
        })
        .collect()
}

/// False alarms, and shifts found of those tried.
#[derive(Debug, Default)]
struct Figures {
    pairs: usize,
    alarms: Vec<String>,
    found: BTreeMap<Shift, (usize, usize)>,
}

fn measure(numbers: std::ops::Range<u64>) -> Figures {
    let one = |number: u64| {
        let (baseline, candidate) = pair(number);
        if baseline.len() < CALLS || candidate.len() < CALLS {
            return None;
        }
        let quiet = judged(&baseline, &candidate);
        let split = baseline.iter().filter(|row| row["ttft_s"].is_number()).count() > CALLS / 3;
        // What got faster by itself is no quarter slower with a quarter added.
        let faster = trap(number) == Trap::Improvement;
        let shifts = [Shift::Everything, Shift::FirstToken, Shift::Decoding];
        let found = shifts
            .into_iter()
            .filter(|shift| !faster && (split || *shift == Shift::Everything))
            .map(|shift| {
                let check = judged(&baseline, &slower(&candidate, shift, 1.25));
                (shift, regressed(&check))
            });
        Some((number, said(&quiet), found.collect::<Vec<_>>()))
    };
    let judged: Vec<_> = numbers.into_par_iter().filter_map(one).collect();
    let mut figures = Figures { pairs: judged.len(), ..Figures::default() };
    for (number, said, found) in judged {
        figures.alarms.extend(said.iter().map(|what| format!("pair {number}: {what}")));
        for (shift, found) in found {
            let count = figures.found.entry(shift).or_default();
            count.0 += usize::from(found);
            count.1 += 1;
            if !found {
                println!("pair {number}: {shift:?} missed");
            }
        }
    }
    figures
}

fn hold(figures: &Figures, least: usize) {
    let alarmed: BTreeSet<&str> =
        figures.alarms.iter().filter_map(|alarm| alarm.split(':').next()).collect();
    println!("{} pairs without change, {} with a false alarm", figures.pairs, alarmed.len());
    figures.alarms.iter().for_each(|alarm| println!("{alarm}"));
    for (shift, (found, of)) in &figures.found {
        println!("{shift:?} +25 %: {found} of {of} found");
    }
    assert!(figures.pairs >= least, "{} pairs", figures.pairs);
    assert_eq!(figures.alarms, Vec::<String>::new());
    for (shift, (found, of)) in &figures.found {
        // The first token alone is noisier than a whole call: its figure is told and not promised.
        if *shift == Shift::FirstToken {
            continue;
        }
        assert!(*found as f64 >= 0.95 * *of as f64, "{shift:?}: {found} of {of}");
    }
}

#[test]
fn runs_without_change_pass_and_a_quarter_slower_fails() {
    hold(&measure(0..10), 8);
}

#[test]
#[ignore = "two hundred simulated pairs take minutes"]
fn two_hundred_pairs() {
    let from = std::env::var("LLMSPAN_PAIRS_FROM").ok().and_then(|from| from.parse().ok());
    let from: u64 = from.unwrap_or(0);
    hold(&measure(from..from + 205), 200);
}
