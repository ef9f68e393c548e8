//! Which structure an engine has: the alternatives that spans can tell apart, tried one at a time.

use super::fit::{Fitted, Fitter, Known, NO_CAP, NO_KV, Structure};
use super::load::Load;
use super::recording::Recording;
use crate::simulate::engine::Scheduler;

/// Schedulers tried.
const SCHEDULERS: [Scheduler; 3] = [
    Scheduler::Chunked { budget: 2048 },
    Scheduler::Chunked { budget: 512 },
    Scheduler::PrefillFirst { max_tokens: 8192 },
];
/// Replicas tried where nobody says how many there are.
const REPLICAS: [usize; 5] = [1, 2, 3, 4, 6];
/// Times over the whole list of alternatives.
const ROUNDS: usize = 2;
/// Alternatives of a round that are tuned to the end.
const SECOND_LOOKS: usize = 3;

/// Every structure that was tuned, best first.
pub fn search(
    recording: &Recording,
    load: &Load,
    known: &Known,
    fitter: &Fitter<'_>,
) -> Vec<Fitted> {
    let told = known.replicas.or_else(|| told(recording));
    let first = Structure {
        scheduler: SCHEDULERS[0],
        replicas: told.unwrap_or(2),
        max_sequences: known.max_sequences.unwrap_or(NO_CAP),
        kv_tokens: known.kv_tokens.unwrap_or(NO_KV),
        affine: false,
        draft_tokens: recording.reported.draft_tokens,
    };
    let mut tried = vec![fitter.tune(&first, fitter.center(), 6)];
    for _ in 0..ROUNDS {
        let best = best(&tried).clone();
        let fresh = |next: &Structure| tried.iter().all(|fitted| fitted.structure != *next);
        let mut next: Vec<Structure> = alternatives(&best.structure, load, known, told);
        next.retain(fresh);
        // A first look at each, a second at the promising ones.
        let mut looked: Vec<Fitted> =
            next.iter().map(|structure| fitter.tune(structure, best.theta, 1)).collect();
        looked.sort_by(|a, b| a.loss.total_cmp(&b.loss));
        for fitted in looked.iter_mut().take(SECOND_LOOKS) {
            *fitted = fitter.tune(&fitted.structure, fitted.theta, 3);
        }
        tried.append(&mut looked);
        if self::best(&tried).structure == best.structure {
            break;
        }
    }
    let again = fitter.tune(&best(&tried).structure, best(&tried).theta, 3);
    tried.push(again);
    tried.sort_by(|a, b| a.loss.total_cmp(&b.loss));
    tried.dedup_by(|later, earlier| later.structure == earlier.structure);
    tried
}

fn best(tried: &[Fitted]) -> &Fitted {
    let least = tried.iter().min_by(|a, b| a.loss.total_cmp(&b.loss));
    least.expect("the first structure is always tuned")
}

/// Replicas as the server's own counts of running requests imply them.
fn told(recording: &Recording) -> Option<usize> {
    let ratio = recording.reported.replicas?;
    (ratio < 24.0).then(|| (ratio.round() as usize).max(1))
}

/// What differs from a structure in one respect.
fn alternatives(
    from: &Structure,
    load: &Load,
    known: &Known,
    told: Option<usize>,
) -> Vec<Structure> {
    let mut list = Vec::new();
    if told.is_none() {
        for replicas in REPLICAS {
            list.push(Structure { replicas, affine: from.affine && replicas > 1, ..*from });
        }
    }
    for scheduler in SCHEDULERS {
        list.push(Structure { scheduler, ..*from });
    }
    if from.replicas > 1 {
        list.push(Structure { affine: !from.affine, ..*from });
    }
    let replicas = from.replicas as f64;
    if known.max_sequences.is_none()
        && load.decoding.share_above(0.93 * load.decoding.peak()) > 0.03
    {
        let cap = (load.decoding.peak() / replicas).ceil().max(1.0) as u32;
        list.push(Structure { max_sequences: cap, ..*from });
        list.push(Structure { max_sequences: NO_CAP, ..*from });
    }
    if known.kv_tokens.is_none() && load.context.share_above(0.9 * load.context.peak()) > 0.02 {
        list.push(Structure { kv_tokens: load.context.peak() / replicas * 1.05, ..*from });
        list.push(Structure { kv_tokens: NO_KV, ..*from });
    }
    list
}
