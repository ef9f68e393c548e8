//! What-ifs against the simulator: each supposition is made true of the deployment, and what that
//! one takes is held against what was answered from the recording of the unchanged one.

use llmspan::capacity::what_if::WhatIf;
use llmspan::capacity::{CapacityArgs, capacity};
use llmspan::diagnosis::Ingest;
use llmspan::simulate::client::Outcome;
use llmspan::simulate::service::{Kind, Task};
use rayon::prelude::*;

use super::proof::{figures, known, p95s};
use super::{Deployed, Ran, truth};

/// How near a figure must come.
const NEAR: f64 = 0.15;

/// A supposition, and the deployment of which it is true; none where it says nothing there.
type Supposition = (&'static str, fn(&Deployed) -> Option<Deployed>, fn(&Seen) -> WhatIf);

/// The one whose recording is of the deployment with a small cache, and whose truth is without.
const RAISED: &str = "--cache-hit, raised";

/// What the changed deployment shows, for suppositions about a figure that follows from it.
pub struct Seen {
    cache_hit_ratio: f64,
    acceptance_ratio: f64,
    first_share: f64,
    first: String,
}

const ALL: [Supposition; 7] = [
    (
        "--prompt-tokens x1.5",
        |d| Some(changed(d, |kind| kind.prompts(1.5))),
        |_| WhatIf { prompt_factor: Some(1.5), ..WhatIf::default() },
    ),
    (
        "--output-tokens x1.5",
        |d| Some(changed(d, |kind| kind.answers(1.5))),
        |_| WhatIf { output_factor: Some(1.5), ..WhatIf::default() },
    ),
    ("--cache-hit, lowered", small_cache, cache_hit),
    (RAISED, |d| Some(d.again()), cache_hit),
    ("--acceptance", worse_draft, |seen| WhatIf {
        acceptance_ratio: Some(seen.acceptance_ratio),
        ..WhatIf::default()
    }),
    ("--replicas +1", one_more, |_| WhatIf { more_replicas: Some(1), ..WhatIf::default() }),
    ("--mix", other_mix, |seen| WhatIf {
        mix: Some((seen.first.clone(), seen.first_share)),
        ..WhatIf::default()
    }),
];

fn cache_hit(seen: &Seen) -> WhatIf {
    WhatIf { cache_hit_ratio: Some(seen.cache_hit_ratio), ..WhatIf::default() }
}

/// A kind of service that may be changed.
struct Draft {
    kind: Kind,
    tasks: Vec<Task>,
}

impl Draft {
    fn prompts(&mut self, factor: f64) {
        self.kind.own_tokens.0 *= factor;
    }

    fn answers(&mut self, factor: f64) {
        self.kind.output_tokens.0 *= factor;
    }

    fn acceptance(&mut self, factor: f64) {
        self.tasks.iter_mut().for_each(|task| task.acceptance *= factor);
    }
}

/// The same deployment with other services; system prompts grow with the kinds' own.
fn changed(deployed: &Deployed, change: impl Fn(&mut Draft)) -> Deployed {
    let mut other = deployed.again();
    for service in &mut other.world.services {
        let kind = Kind { ..*service.kind };
        let mut draft = Draft { tasks: kind.tasks.to_vec(), kind };
        let before = draft.kind.own_tokens.0;
        change(&mut draft);
        let grown = draft.kind.own_tokens.0 / before;
        service.system_tokens = (f64::from(service.system_tokens) * grown) as u32;
        // A test's few kinds may live as long as it.
        draft.kind.tasks = Box::leak(draft.tasks.into_boxed_slice());
        service.kind = Box::leak(Box::new(draft.kind));
    }
    other
}

fn small_cache(deployed: &Deployed) -> Option<Deployed> {
    let mut other = deployed.again();
    let cache = &mut other.world.pools[0].engine.cache;
    cache.capacity_tokens = 40_000.0;
    Some(other)
}

fn worse_draft(deployed: &Deployed) -> Option<Deployed> {
    let drafts = deployed.world.pools[0].engine.draft_tokens > 0;
    drafts.then(|| changed(deployed, |draft| draft.acceptance(0.7)))
}

fn one_more(deployed: &Deployed) -> Option<Deployed> {
    let mut other = deployed.again();
    other.world.pools[0].replicas += 1;
    Some(other)
}

/// The first service makes as much more of the traffic as makes its calls half as many again.
fn other_mix(deployed: &Deployed) -> Option<Deployed> {
    (deployed.world.services.len() > 1).then(|| {
        let mut other = deployed.again();
        let services = &mut other.world.services;
        let total: f64 = services.iter().map(|service| service.rate).sum();
        let more = (services[0].rate * 1.5).min(0.9 * total);
        let less = (total - more) / (total - services[0].rate);
        services[0].rate = more;
        services[1..].iter_mut().for_each(|service| service.rate *= less);
        other
    })
}

fn seen(ran: &Ran) -> Seen {
    let all = || ran.outcomes.iter().filter_map(|(_, _, o)| Some((o, o.served.as_ref()?)));
    let prompt: f64 = all().map(|(o, _)| f64::from(o.made.input_tokens)).sum();
    let cached: f64 = all().map(|(_, served)| f64::from(served.cached_tokens)).sum();
    let proposed: f64 = all().map(|(_, served)| f64::from(served.proposed)).sum();
    let accepted: f64 = all().map(|(_, served)| f64::from(served.accepted)).sum();
    let first = ran.outcomes.iter().filter(|(service, _, _)| *service == 0).count();
    Seen {
        cache_hit_ratio: cached / prompt,
        acceptance_ratio: accepted / proposed.max(1.0),
        first_share: first as f64 / ran.outcomes.len() as f64,
        first: ran.names[0].to_owned(),
    }
}

/// A supposition about a deployment beside its truth: the p95 of the three signals.
struct Tried {
    name: &'static str,
    line: String,
    /// Figures given, and how many came near.
    given: usize,
    near: usize,
    /// Middles of intervals, given as a figure or not, and how many came near.
    bounded: usize,
    bounded_near: usize,
    covered: usize,
    /// Whether the truth moved by more than a tenth, and the answer to the same side.
    moved: Vec<bool>,
}

fn tried(seed: u64, (name, change, suppose): &Supposition) -> Option<Tried> {
    let whole = Deployed::own(seed);
    let other = change(&whole)?;
    let deployed = if *name == RAISED { small_cache(&whole)? } else { whole };
    let ran = deployed.run(&[1.0; 4], 0);
    // As much traffic of each service as the recording had, on the changed deployment.
    let (outcomes, _) = match *name {
        "--mix" => pooled(&other),
        _ => truth(&other, &ran, 1.0),
    };
    let (before, _) = truth(&deployed, &ran, 1.0);
    let what_if = suppose(&seen(&other.run(&[1.0; 4], 5)));
    let args = CapacityArgs {
        known: known(&deployed),
        scales: vec![1.0],
        what_if,
        ..CapacityArgs::default()
    };
    let found = capacity(&deployed.table(&ran), Ingest::default(), &args).unwrap();
    let mut tried = Tried {
        name,
        line: format!("{seed} {name}"),
        given: 0,
        near: 0,
        bounded: 0,
        bounded_near: 0,
        covered: 0,
        moved: Vec::new(),
    };
    for (at, bound) in p95s(&found, 1.0).into_iter().enumerate() {
        let (truth, before) = (figures(&outcomes)[at], figures(&before)[at]);
        let Some((low, high)) = bound.and_then(|bound| bound.low.zip(bound.high)) else {
            tried.line += " -";
            continue;
        };
        let middle = (low * high).sqrt();
        let off = middle / truth - 1.0;
        let given = bound.is_some_and(|bound| bound.value.is_some());
        tried.line += &format!(" {:+.0}%{}", 100.0 * off, if given { "" } else { "?" });
        tried.line += &format!(" (truly {:+.0}%)", 100.0 * (truth / before - 1.0));
        tried.bounded += 1;
        tried.bounded_near += usize::from(off.abs() <= NEAR);
        tried.given += usize::from(given);
        tried.near += usize::from(given && off.abs() <= NEAR);
        tried.covered += usize::from((low..=high).contains(&truth));
        if (truth / before - 1.0).abs() > 0.1 {
            tried.moved.push((truth > before) == (middle > before));
        }
    }
    Some(tried)
}

/// Two runs of a deployment.
fn pooled(deployed: &Deployed) -> (Vec<Outcome>, llmspan::simulate::engine::Ledger) {
    let mut all = Vec::new();
    let mut ledger = llmspan::simulate::engine::Ledger::default();
    for seed in [5, 6] {
        let ran = deployed.run(&[1.0; 4], seed);
        ledger.add(&ran.ledger);
        all.extend(ran.outcomes.into_iter().map(|(_, _, outcome)| outcome));
    }
    (all, ledger)
}

/// The table of suppositions over deployments at under half load, and whether the bar is reached:
/// four in five figures within 15 % of the truth.
pub fn supposed(from: u64, count: u64) -> (String, bool) {
    let seeds: Vec<u64> = (0..count).map(|at| from + 2 * at).collect();
    let all: Vec<Tried> = seeds
        .into_par_iter()
        .flat_map_iter(|seed| ALL.iter().filter_map(move |supposition| tried(seed, supposition)))
        .collect();
    let mut text = String::new();
    for tried in &all {
        text += &format!("{}\n", tried.line);
    }
    text += "\n| supposition | deployments | p95 figures given | within 15 % | intervals | middle within 15 % | cover | truth moved by a tenth | same side |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n";
    let row = |name: &str, of: &[&Tried]| {
        let sum = |value: fn(&Tried) -> usize| of.iter().map(|tried| value(tried)).sum::<usize>();
        let part = |part: usize, all: usize| {
            (100 * part)
                .checked_div(all)
                .map_or_else(|| "-".to_owned(), |share| format!("{share} %"))
        };
        let moved: Vec<bool> = of.iter().flat_map(|tried| tried.moved.clone()).collect();
        let (given, bounded) = (sum(|t| t.given), sum(|t| t.bounded));
        format!(
            "| `{name}` | {} | {given} | {} | {bounded} | {} | {} | {} | {} |\n",
            of.len(),
            part(sum(|t| t.near), given),
            part(sum(|t| t.bounded_near), bounded),
            part(sum(|t| t.covered), bounded),
            moved.len(),
            part(moved.iter().filter(|side| **side).count(), moved.len())
        )
    };
    for (name, _, _) in ALL {
        let of: Vec<&Tried> = all.iter().filter(|tried| tried.name == name).collect();
        text += &row(name, &of);
    }
    text += &row("all", &all.iter().collect::<Vec<_>>());
    let given: usize = all.iter().map(|tried| tried.given).sum();
    let near: usize = all.iter().map(|tried| tried.near).sum();
    (text, given > 0 && near * 5 >= given * 4)
}
