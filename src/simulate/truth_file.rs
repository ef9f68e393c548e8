//! `truth.json`: what happened, to whom, and which answers are right.

use chrono::{DateTime, SecondsFormat};
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::case::{Case, Realised};
use super::dump::{Assembled, Dump};
use super::incident::{Effect, Slice};
use super::labels::{INSUFFICIENT, Visible, acceptable};
use super::scenario::Scenario;
use super::truth::EffectRatios;
use super::write::Format;
use crate::diagnosis::Cause;

/// The version of the file.
pub const SCHEMA: &str = "spikebench.truth/1";

#[derive(Serialize)]
struct CauseTruth {
    segment_visible: bool,
    cause: &'static str,
    share: f64,
    segment: Json,
    onset: String,
    ramp_s: f64,
    end: String,
    sub: u32,
    effect: EffectRatios,
    relevant_ratio: f64,
    acceptable_secondary: Vec<&'static str>,
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn time(world: &Scenario, at_s: f64) -> String {
    DateTime::from_timestamp_nanos(world.at_ns(at_s)).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The segment of a slice, keyed by the attribute that spans carry; `{}` for everywhere.
fn segment(world: &Scenario, slice: Slice) -> Json {
    match slice {
        Slice::Everywhere => json!({}),
        Slice::Service(at) => json!({"service.name": world.services[at].name}),
        Slice::Model(at) => json!({"gen_ai.request.model": world.offer(at).request}),
        Slice::Tenant(tenant) => json!({"tenant.id": format!("t-{tenant:04}")}),
    }
}

/// Causes that may stand beside the true one: its consequences.
fn secondary(cause: Cause) -> Vec<&'static str> {
    let causes: &[Cause] = match cause {
        Cause::PromptGrowth => &[Cause::LoadSurge],
        Cause::CacheMissPromptChanged => &[Cause::PromptGrowth],
        Cause::CapacityEvent | Cause::LoadSurge => &[
            Cause::PrefillQueueing,
            Cause::DecodeContention,
            Cause::ClientRetries,
            Cause::CapacityEvent,
        ],
        Cause::AcceptanceDropTrafficShift => &[Cause::MixShift],
        Cause::RegionChange => &[Cause::CacheMissCold, Cause::CacheMissEvicted, Cause::PoolChange],
        Cause::PoolChange => &[Cause::CacheMissEvicted, Cause::CacheMissCold, Cause::CapacityEvent],
        Cause::ModelChange => &[Cause::OutputGrowth, Cause::PoolChange, Cause::CacheMissCold],
        Cause::MixShift => &[Cause::OutputGrowth, Cause::PromptGrowth],
        _ => &[],
    };
    causes.iter().filter(|other| **other != cause).map(|cause| cause.id()).collect()
}

/// The whole file.
pub fn truth(
    case: &Case,
    dump: &Dump,
    assembled: &Assembled,
    format: Format,
    number: u32,
    bytes: u64,
) -> Json {
    let mut rng = case.world.stream(&[70]);
    let window = case.window.bounds_s;
    let world = &case.world;
    let visible = dump.dialect.visible(dump.observability, world.provider, dump);
    let causes: Vec<(Cause, &Realised)> = case
        .realised
        .iter()
        .filter_map(|realised| match realised.incident.effect {
            Effect::Cause(cause) => Some((cause, realised)),
            Effect::Trap(_) => None,
        })
        .collect();
    let healthy = case.realised.iter().find_map(|realised| match realised.incident.effect {
        Effect::Trap(trap) => Some(trap.id()),
        Effect::Cause(_) => None,
    });
    let baseline = rng.chance(0.3).then(|| {
        let until_s = world.quiet_s - rng.range(30.0, 200.0);
        format!("{}/{}", whole(world, 20.0), whole(world, until_s))
    });
    let spike = !causes.is_empty();
    let power = causes.iter().map(|(_, realised)| realised.power_z).fold(0.0, f64::max);
    let few = case.pairs.len() < 40 || causes.iter().any(|(_, realised)| realised.calls < 30);
    let labels: Vec<&str> =
        if spike { causes.iter().map(|(cause, _)| cause.id()).collect() } else { vec!["none"] };
    let calls = Calls::of(case, assembled, spike);
    json!({
        "schema": SCHEMA,
        "case": number,
        "file": format.file(),
        "format": format.id(),
        "dialect": dump.dialect.id(),
        "observability": dump.observability.id(),
        "provider": world.provider.id,
        "healthy_kind": healthy.unwrap_or(""),
        "verdict": if spike { "spike" } else { "no_spike" },
        "causes": causes.iter().map(|(cause, realised)| cause_truth(world, *cause, realised, &visible)).collect::<Vec<_>>(),
        "labels": labels,
        "acceptable_top1": right(&causes, &visible, power, few),
        "severity": case.severity.map_or("none", super::case::Severity::id),
        "power_z": rounded(power),
        "flags": if few && spike { vec!["few_calls"] } else { vec![] },
        "window_arg": case.window.arg,
        "baseline_arg": baseline,
        "window": {"start": time(world, window.0), "end": time(world, window.1), "calls": calls.rows.len(), "affected": calls.affected.len()},
        "prompt_identity": visible.prompt.id(),
        "tenant_visible": visible.tenant,
        "cache_miss_event": visible.miss_reason,
        "calls_total": assembled.ids.iter().flatten().count(),
        "spans_total": assembled.spans.len(),
        "bytes": bytes,
        "attempt": case.attempt,
        "preemptions": calls.preemptions,
        "affected_request_ids": calls.affected,
        "unaffected_request_ids": calls.unaffected,
        "window_calls_columns": ["request_id", "trace_id", "span_id", "affected", "in_segment_per_cause", "dims"],
        "window_calls": calls.rows,
    })
}

fn whole(world: &Scenario, at_s: f64) -> String {
    DateTime::from_timestamp_nanos(world.at_ns(at_s)).to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn right(
    causes: &[(Cause, &Realised)],
    visible: &Visible,
    power: f64,
    few: bool,
) -> Vec<&'static str> {
    if causes.is_empty() {
        return vec!["none"];
    }
    let mut right = Vec::new();
    for (cause, realised) in causes {
        for id in acceptable(*cause, realised.incident.sub, visible, &realised.effect) {
            if !right.contains(&id) {
                right.push(id);
            }
        }
    }
    if (power < 4.0 || few) && !right.contains(&INSUFFICIENT) {
        right.push(INSUFFICIENT);
    }
    right
}

fn cause_truth(
    world: &Scenario,
    cause: Cause,
    realised: &Realised,
    visible: &Visible,
) -> CauseTruth {
    let incident = &realised.incident;
    CauseTruth {
        segment_visible: !matches!(incident.slice, Slice::Tenant(_)) || visible.tenant,
        cause: cause.id(),
        share: rounded(realised.share),
        segment: segment(world, incident.slice),
        onset: time(world, incident.onset_s),
        ramp_s: rounded(incident.ramp_s),
        end: time(world, incident.end_s),
        sub: incident.sub,
        effect: realised.effect,
        relevant_ratio: rounded(realised.relevant_ratio),
        acceptable_secondary: secondary(cause),
    }
}

struct Calls {
    rows: Vec<Json>,
    affected: Vec<String>,
    unaffected: Vec<String>,
    preemptions: u32,
}

impl Calls {
    fn of(case: &Case, assembled: &Assembled, spike: bool) -> Self {
        let mut calls =
            Self { rows: Vec::new(), affected: Vec::new(), unaffected: Vec::new(), preemptions: 0 };
        for (pair, held) in case.pairs.iter().zip(&case.held) {
            let Some(ids) = &assembled.ids[pair.index] else { continue };
            let affected = pair.affected && spike;
            let list = if affected { &mut calls.affected } else { &mut calls.unaffected };
            list.push(ids.request_id.clone());
            let held: Vec<u8> =
                if spike { held.iter().map(|held| u8::from(*held)).collect() } else { Vec::new() };
            calls.rows.push(json!([
                ids.request_id,
                ids.trace_id,
                ids.span_id,
                u8::from(affected),
                held,
                dims(case, assembled, pair.index)
            ]));
            let served = case.run.outcomes[pair.index].as_ref().and_then(|o| o.served.as_ref());
            calls.preemptions += served.map_or(0, |served| served.preemptions);
        }
        calls
    }
}

/// Service, models, region, host, pool, fingerprint, prompt, version, tenant, instance, home region.
fn dims(case: &Case, assembled: &Assembled, index: usize) -> Vec<String> {
    let world = &case.world;
    let call = &case.run.calls[index];
    let Some(outcome) = &case.run.outcomes[index] else { return Vec::new() };
    let made = &outcome.made;
    let service = &world.services[call.service];
    let pool = &world.pools[made.pool];
    let region = world.region_name(made.region);
    vec![
        service.name.to_owned(),
        world.offer(made.model).request.to_owned(),
        pool.response_model.to_owned(),
        region.to_owned(),
        world.provider.host_in(region),
        pool.id.clone(),
        pool.fingerprint.clone(),
        format!("{}.{}", service.kind.tasks[made.task].prompt, call.service),
        format!("v{}", made.version),
        made.version.to_string(),
        format!("t-{:04}", made.tenant),
        assembled.pods[index].clone(),
        world.region_name(service.region).to_owned(),
        format!("serve-{region}"),
    ]
}
