//! The proof of `llmspan capacity`: what it answers for simulated deployments against what they
//! truly take, and whether it knows an API that others share.

use llmspan::capacity::fit::Known;
use llmspan::capacity::{CapacityArgs, capacity};
use llmspan::diagnosis::Ingest;
use llmspan::diagnosis::capacity::{Bound, Capacity, Constraint, Identifiable};
use llmspan::simulate::client::{Ending, Outcome};
use llmspan::simulate::engine::Ledger;
use llmspan::simulate::truth::latency;
use llmspan::stats::quantile::quantile;
use rayon::prelude::*;

use super::{Deployed, truth};

/// The scales of the proof.
const SCALES: [f64; 2] = [1.5, 2.0];
/// How near a figure must come.
const NEAR: f64 = 0.15;

/// What is asked of every deployment.
pub fn ask() -> CapacityArgs {
    CapacityArgs { scales: SCALES.to_vec(), ..CapacityArgs::default() }
}

/// What an operator knows of the deployment.
pub fn known(deployed: &Deployed) -> Known {
    let pool = &deployed.world.pools[0];
    Known {
        replicas: Some(pool.replicas),
        max_sequences: Some(pool.engine.max_sequences),
        kv_tokens: Some(pool.engine.kv_tokens),
    }
}

/// A finished proof.
pub struct Table {
    pub text: String,
    pub holds: bool,
}

/// One predicted p95 beside the truth.
struct Cell {
    answered: bool,
    near: bool,
    /// Whether the interval covers; none where there is none.
    covered: Option<bool>,
    signal: usize,
    scale: f64,
}

struct Case {
    cells: Vec<Cell>,
    /// Of each scale that was answered: whether it was called beyond the cliff, and truly is.
    cliffs: Vec<(bool, bool)>,
    identifiable: Identifiable,
    told: bool,
    quiet: bool,
    /// Whether the constraint at the largest scale is right; none where none was named.
    binding: Option<bool>,
    line: String,
}

/// Two of three operators say what they know.
fn told(seed: u64) -> bool {
    !seed.is_multiple_of(3)
}

/// Whether queues make the latency of a truth: a third of the time is spent waiting, or
/// calls give up.
fn beyond_cliff(outcomes: &[Outcome], ledger: &Ledger) -> bool {
    let waiting = ledger.slots_s + ledger.kv_s + ledger.prompt_wait_s;
    let failed = outcomes.iter().filter(|outcome| outcome.ending != Ending::Ok).count();
    waiting > 0.3 * ledger.spent_s || failed * 50 > outcomes.len()
}

/// The p95 of TTFT, ITL and duration.
pub fn figures(outcomes: &[Outcome]) -> [f64; 3] {
    let ok: Vec<_> = outcomes.iter().filter(|o| o.ending == Ending::Ok).map(latency).collect();
    let p95 = |values: Vec<f64>| quantile(&values, 0.95).unwrap_or(f64::NAN);
    [
        p95(ok.iter().map(|l| l.ttft_s).collect()),
        p95(ok.iter().map(|l| l.itl_s).collect()),
        p95(ok.iter().map(|l| l.duration_s).collect()),
    ]
}

/// What gives at a truth, by the same account of lost time as the tool's.
fn gives(ledger: &Ledger) -> Constraint {
    let all = [
        (ledger.slots_s, Constraint::Slots),
        (ledger.kv_s, Constraint::KvMemory),
        (ledger.prompt_wait_s + ledger.prompt_stall_s, Constraint::PrefillCompute),
        (ledger.decode_s, Constraint::DecodeBandwidth),
    ];
    let total: f64 = all.iter().map(|(lost_s, _)| lost_s).sum();
    let most = all.iter().max_by(|a, b| a.0.total_cmp(&b.0)).unwrap().1;
    if total < 0.1 * ledger.spent_s { Constraint::None } else { most }
}

/// The same as they were answered at a scale.
pub fn p95s(found: &Capacity, scale: f64) -> [Option<Bound>; 3] {
    let scaled = found.scales.iter().find(|scaled| scaled.scale == scale);
    scaled.map_or([None; 3], |scaled| {
        let p = &scaled.predicted;
        [p.ttft_p95_s, p.itl_p95_s, p.duration_p95_s]
    })
}

fn case(seed: u64) -> Case {
    let deployed = Deployed::own(seed);
    let ran = deployed.run(&[1.0; 4], 0);
    let (told, quiet) = (told(seed), deployed.load < 0.5);
    let known = if told { known(&deployed) } else { Known::default() };
    let args = CapacityArgs { known, ..ask() };
    let found = capacity(&deployed.table(&ran), Ingest::default(), &args).unwrap();
    let (mut cells, mut cliffs) = (Vec::new(), Vec::new());
    let mut truly = Constraint::None;
    let mut line = format!("{seed} load {:.2} {}", deployed.load, if told { "told" } else { "" });
    for scale in SCALES {
        let (outcomes, ledger) = truth(&deployed, &ran, scale);
        truly = gives(&ledger);
        let said = found.scales.iter().find(|scaled| scaled.scale == scale);
        cliffs.extend(said.map(|said| (said.beyond_cliff, beyond_cliff(&outcomes, &ledger))));
        for (signal, (bound, truth)) in
            p95s(&found, scale).into_iter().zip(figures(&outcomes)).enumerate()
        {
            let value = bound.and_then(|bound| bound.value);
            let ends = bound.and_then(|bound| bound.low.zip(bound.high));
            let near = value.is_some_and(|value| (value / truth - 1.0).abs() <= NEAR);
            let off = |value: f64| format!("{:+.0}%", 100.0 * (value / truth - 1.0));
            let text = match (value, ends) {
                (Some(value), _) => off(value),
                // Withheld: what the middle of its interval would have been.
                (None, Some((low, high))) => format!("({})", off((low * high).sqrt())),
                (None, None) => "-".to_owned(),
            };
            // How far the truth lies from the middle, in half intervals.
            let far = ends.map(|(low, high)| {
                format!("/{:+.1}", (truth / (low * high).sqrt()).ln() * 2.0 / (high / low).ln())
            });
            line += &format!(" {text}{}", far.unwrap_or_default());
            cells.push(Cell {
                answered: value.is_some(),
                near,
                covered: ends.map(|(low, high)| (low..=high).contains(&truth)),
                signal,
                scale,
            });
        }
    }
    let binding = found.binding_constraint.map(|named| named == truly);
    line += &format!(
        " | {:?} gives {:?} truly {truly:?} misfit {:.2} hidden {:.2}",
        found.identifiable,
        found.binding_constraint,
        found.engine.as_ref().map_or(f64::NAN, |engine| engine.misfit),
        found.engine.as_ref().map_or(f64::NAN, |engine| engine.hidden_share),
    );
    Case { cells, cliffs, identifiable: found.identifiable, told, quiet, binding, line }
}

fn share(hits: usize, all: usize) -> f64 {
    if all == 0 { f64::NAN } else { hits as f64 / all as f64 }
}

/// Runs it: so many deployments of their callers' own, so many shared APIs, on these seeds.
pub fn proof(from: u64, own: u64, shared: u64) -> Table {
    let cases: Vec<Case> = (from..from + own).into_par_iter().map(case).collect();
    let refused: Vec<bool> = (from..from + shared)
        .into_par_iter()
        .map(|seed| {
            let deployed = Deployed::shared(seed);
            let ran = deployed.run(&[1.0; 4], 0);
            let found = capacity(&deployed.table(&ran), Ingest::default(), &ask()).unwrap();
            found.identifiable == Identifiable::No
        })
        .collect();
    table(&cases, &refused)
}

fn table(cases: &[Case], refused: &[bool]) -> Table {
    let mut text = String::new();
    for case in cases {
        text += &format!("{}\n", case.line);
    }
    text += "\n| services | looked at | answered in part or whole | p95 figures given | within 15 % | interval covers | constraint named | right |\n|---|--:|--:|--:|--:|--:|--:|--:|\n";
    type Pick<'a> = (&'a str, fn(&Case) -> bool);
    let picks: [Pick<'_>; 5] = [
        ("all", |_| true),
        ("recorded at under half load", |case| case.quiet),
        ("recorded above", |case| !case.quiet),
        ("replicas and caps told", |case| case.told),
        ("nothing told", |case| !case.told),
    ];
    let mut holds = true;
    for (at, (name, pick)) in picks.iter().enumerate() {
        let cases: Vec<&Case> = cases.iter().filter(|case| pick(case)).collect();
        let some = cases.iter().filter(|case| case.identifiable != Identifiable::No).count();
        let cells: Vec<&Cell> = cases.iter().flat_map(|case| &case.cells).collect();
        let given = cells.iter().filter(|cell| cell.answered).count();
        let near = share(cells.iter().filter(|cell| cell.near).count(), given);
        let bounded: Vec<bool> = cells.iter().filter_map(|cell| cell.covered).collect();
        let covers = share(bounded.iter().filter(|hit| **hit).count(), bounded.len());
        let named: Vec<bool> = cases.iter().filter_map(|case| case.binding).collect();
        let right = share(named.iter().filter(|hit| **hit).count(), named.len());
        text += &format!(
            "| {name} | {} | {some} | {given} of {} | {:.0} % | {:.0} % of {} | {} | {:.0} % |\n",
            cases.len(),
            cells.len(),
            100.0 * near,
            100.0 * covers,
            bounded.len(),
            named.len(),
            100.0 * right
        );
        if at == 0 {
            holds = near >= 0.8 && (0.85..=0.95).contains(&covers) && right >= 0.85;
        }
    }
    text += &by_signal(cases);
    let cliffs: Vec<(bool, bool)> = cases.iter().flat_map(|case| case.cliffs.clone()).collect();
    let count = |said: bool, truly: bool| cliffs.iter().filter(|at| **at == (said, truly)).count();
    text += &format!(
        "\nOf {} scales of answered services {} were called beyond the cliff, {} of them truly; {} that truly are were \
         given figures or intervals.\n",
        cliffs.len(),
        count(true, true) + count(true, false),
        count(true, true),
        count(false, true)
    );
    let known = share(refused.iter().filter(|hit| **hit).count(), refused.len());
    text += &format!("\nShared APIs refused: {:.0} % of {}.\n", 100.0 * known, refused.len());
    Table { text, holds: holds && (refused.is_empty() || known >= 0.95) }
}

/// The same by signal and by how much more traffic.
fn by_signal(cases: &[Case]) -> String {
    let mut text = String::new();
    text += "\n| signal | traffic | p95 figures given | within 15 % | interval covers |\n|---|--:|--:|--:|--:|\n";
    for (signal, name) in ["TTFT", "ITL", "duration"].into_iter().enumerate() {
        for scale in SCALES {
            let cells: Vec<&Cell> = cases
                .iter()
                .flat_map(|case| &case.cells)
                .filter(|cell| cell.signal == signal && cell.scale == scale)
                .collect();
            let given = cells.iter().filter(|cell| cell.answered).count();
            let near = share(cells.iter().filter(|cell| cell.near).count(), given);
            let bounded: Vec<bool> = cells.iter().filter_map(|cell| cell.covered).collect();
            let covers = share(bounded.iter().filter(|hit| **hit).count(), bounded.len());
            text += &format!(
                "| {name} | {scale}× | {given} of {} | {:.0} % | {:.0} % of {} |\n",
                cells.len(),
                100.0 * near,
                100.0 * covers,
                bounded.len()
            );
        }
    }
    text
}
