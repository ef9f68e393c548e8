//! The sentences of a capacity: how it was made, what it rests on, what would make it wrong.

use super::answer::{CapacityArgs, MOST_HIDDEN, MOST_HIDDEN_TTFT, MOST_MISFIT, Studied, Timed};
use super::binding::all_told;
use super::made;
use crate::diagnosis::capacity::{
    Bound, Capacity, Identifiable, Objective, Quota, Recorded, Servers,
};
use crate::slo::{Metric, Slo};

/// An objective without an answer.
pub fn unanswered(slo: &Slo) -> Objective {
    let nothing = Bound { value: None, low: None, high: None };
    Objective { slo: slo.text.clone(), max_scale: nothing, holds_now: None }
}

/// Calls of a step of the load test at the least: as many as this command needs.
const STEP_CALLS: f64 = 200.0;

/// A count with thousands separators.
pub fn count(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The test that settles what spans cannot, in this traffic's own figures.
fn load_test(answer: &Capacity) -> String {
    let pace = answer.recorded.calls_per_minute;
    let minutes = (STEP_CALLS / pace.max(1e-3)).ceil().clamp(10.0, 600.0);
    format!(
        "The test that settles it: send this traffic's own mix at {}, {}, {} and again {} calls a minute \
         (1, 1.25, 1.5 and 1 times its rate) for {minutes:.0} minutes each, with streaming and token usage recorded, and \
         run this again on that dump. If time to first token or per token at equal work rises from step to step and \
         falls back, your load moves it.",
        count(pace),
        count(1.25 * pace),
        count(1.5 * pace),
        count(pace)
    )
}

/// Too few calls, or too short, or without their times.
pub fn too_little(answer: &mut Capacity, timed: &Timed, calls: usize, length_s: f64) {
    let recorded = &answer.recorded;
    answer.because = format!(
        "an engine cannot be told from so little: at least {calls} streamed calls with token counts, time to first chunk \
         and duration are needed, over {length_s:.0} s or more; here {} calls with token counts and duration span \
         {:.0} s, {} of them with time to first chunk and {} with time per token",
        count(recorded.calls as f64),
        recorded.length_s,
        count(timed.ttft as f64),
        count(timed.itl as f64)
    );
    answer.next_steps.push(if recorded.calls >= calls && recorded.length_s >= length_s {
        "`llmspan audit` names the attributes that are missing and the setting that adds them."
            .to_owned()
    } else {
        "Record a longer stretch; `llmspan audit` names attributes that are missing.".to_owned()
    });
    answer.next_steps.push(load_test(answer));
    limits(answer, most(None));
}

/// The servers had more to do than these calls.
pub fn others_use_it(answer: &mut Capacity, seen: f64) {
    answer.how_made.push(
        "Own calls in flight, by a sweep over starts and ends, were held against the requests that the servers said \
         they had at the same times; no engine was fitted."
            .to_owned(),
    );
    answer.because = format!(
        "these calls are {:.0} % of what the servers had running at the time, so either others share them or spans \
         are missing (by Little's law the two would agree): what twice your traffic would do cannot be told from \
         a part of the load",
        100.0 * seen
    );
    answer.next_steps.push(
        "Give the dump all calls of the deployment, unsampled; or, where replicas were named, check --replicas-now."
            .to_owned(),
    );
    answer.next_steps.push(load_test(answer));
    limits(answer, most(None));
}

/// Own load does not explain what moved latency.
pub fn not_own_load(answer: &mut Capacity, studied: &Studied, args: &CapacityArgs) {
    let response = &studied.response;
    let (itl, ttft) = (response.hidden_share(), response.hidden_ttft_share());
    let hidden = if itl >= MOST_HIDDEN {
        Some(("ITL", itl))
    } else {
        (ttft >= MOST_HIDDEN_TTFT).then_some(("TTFT", ttft))
    };
    answer.because = match hidden {
        Some((signal, share)) => format!(
            "what moves latency here is not your own load: it explains {:.0} % of how {signal} varies over time at \
             equal work, and on an engine of your own it would explain most. Others share it, or something \
             unrecorded drives it, so these spans cannot tell what twice your traffic would do",
            100.0 * (1.0 - share)
        ),
        None => format!(
            "no batching engine reproduces this recording: what the best of {} structures leaves is {:.1} times \
             the sampling error (up to {MOST_MISFIT} is accepted), so it may not be extrapolated. Routing by \
             prefix, cache reads that are not recorded and several engines behind one name do this",
            studied.tried.len(),
            studied.misfit()
        ),
    };
    if args.known.replicas.is_none() && hidden.is_none() {
        answer.next_steps.push(
            "If the deployment is your own, say what you know of it: --replicas-now, --max-sequences, --kv-tokens."
                .to_owned(),
        );
    }
    answer.next_steps.push(load_test(answer));
    answer.how_made = made::judged(studied);
    limits(answer, most(Some(args)));
}

/// What a shared API leaves to say: the pace that was reached, what headers allow, what was refused.
fn limits(answer: &mut Capacity, scale: f64) {
    let limits = &answer.limits;
    let mut list = Vec::new();
    let pace = limits.calls_per_minute_p99.unwrap_or(0.0);
    if let Some(tokens) = limits.tokens_per_minute_p99 {
        list.push(format!(
            "The busiest minutes took {} tokens and {} calls (99th percentile of minutes), at {scale} times the traffic \
             {} and {}: hold that against the account's limits.",
            count(tokens),
            count(pace),
            count(tokens * scale),
            count(pace * scale)
        ));
    }
    let told = limits.quotas.iter().filter(|quota| quota.limit_told);
    let least = told.min_by(|a, b| scale_of(a).total_cmp(&scale_of(b)));
    if let Some(quota) = least.filter(|quota| quota.headroom_scale.is_some()) {
        list.push(format!(
            "Of the account's {} {}, as response headers say, this traffic leaves room for {:.2} times itself; \
             others of the account take from the same.",
            count(quota.limit),
            quota.of.replace('_', " "),
            scale_of(quota)
        ));
    }
    list.push(match limits.tokens_per_minute_refused {
        Some(tokens) => format!(
            "{} met a refusal (429) and {} waited for a retry whose reason is not recorded, in minutes of \
             {} tokens (median).{}",
            calls(limits.refused_calls),
            count(limits.retried_calls as f64),
            count(tokens),
            if limits.refused_calls > 0 && all_told(limits) {
                " Where headers left room at the time, another limit refused (a shorter window, a day), or the \
                 provider was overloaded."
            } else {
                ""
            }
        ),
        None => "No call is recorded as refused (429): the rate limit was not reached.".to_owned(),
    });
    answer.rests_on.append(&mut list);
}

fn scale_of(quota: &Quota) -> f64 {
    quota.headroom_scale.unwrap_or(f64::INFINITY)
}

/// What an answer rests on.
pub fn answered(answer: &mut Capacity, args: &CapacityArgs) {
    let Some(engine) = &answer.engine else { return };
    let unsure = answer.scales.iter().any(|scaled| {
        scaled.beyond_cliff
            || scaled.predicted.all()[..].iter().flatten().any(|bound| bound.value.is_none())
    });
    let figures = answer.scales.iter().flat_map(|scaled| scaled.predicted.all());
    let open = figures.flatten().any(|bound| bound.high.is_none());
    answer.identifiable = if unsure { Identifiable::Partly } else { Identifiable::Yes };
    answer.because = format!(
        "own load explains {:.0} % of how ITL varies over time at equal work, beyond the luck of routing, and a \
         batching engine fitted to the recording reproduces it (misfit {:.2}){}",
        100.0 * (1.0 - engine.hidden_share),
        engine.misfit,
        if open {
            "; some figures are withheld, where a cap may be met that nobody named, queues make the latency or engines \
             that fit alike disagree"
        } else if unsure {
            "; some figures are withheld, where queues make the latency or engines that fit alike disagree"
        } else {
            ""
        }
    );
    if open {
        answer.next_steps.push(
            "Say --max-sequences and --kv-tokens, as the engine prints them when it starts, and run this again: figures \
             beyond the recorded load then have an upper end."
                .to_owned(),
        );
    }
    let mut list = made::predicted(answer, args);
    answer.how_made.append(&mut list);
    rests_on(answer, args);
    wrong_if(answer, args);
    answer.next_steps.push(
        "Before relying on a figure outside the recorded range, replay the traffic at that scale for ten minutes \
         and run this on the dump."
            .to_owned(),
    );
}

fn rests_on(answer: &mut Capacity, args: &CapacityArgs) {
    let Some(engine) = &answer.engine else { return };
    let recorded = &answer.recorded;
    let mut list = vec![
        traffic(recorded),
        format!(
            "The engine that fits best: {}, {} scheduling, {:.1} ms per iteration at least and {:.3} ms per prompt \
             token.",
            replicas(engine.replicas),
            engine.scheduler.replace('_', "-"),
            engine.step_floor_s * 1e3,
            engine.prompt_token_s * 1e3
        ),
    ];
    list.extend(answer.servers.as_ref().map(servers));
    let (length_s, calls) = (recorded.length_s, recorded.calls.max(2) as f64);
    if let Some(ratio) = recorded.little_ratio.filter(|ratio| (ratio - 1.0).abs() > 0.1) {
        list.push(format!(
            "Calls in flight are {ratio:.2} times what Little's law makes of rate and duration: the recording \
             begins or ends within long calls, or spans are missing."
        ));
    }
    if recorded.left_out_share > 0.05 {
        list.push(format!(
            "{} calls that failed or carry no token counts hold {:.0} % of the time in flight and are not replayed: \
             the true load is that much higher.",
            count(recorded.left_out as f64),
            100.0 * recorded.left_out_share
        ));
    }
    // The longest of n gaps at random is about ln n mean gaps.
    let usual_s = length_s / calls * calls.ln();
    if recorded.longest_silence_s > (8.0 * usual_s).max(60.0) {
        list.push(format!(
            "No call began for {:.0} s, where {usual_s:.0} s would be long at this pace: a pause of the traffic, or \
             spans that are missing.",
            recorded.longest_silence_s
        ));
    }
    answer.rests_on = list;
    if !answer.limits.quotas.is_empty() || answer.limits.refused_calls > 0 {
        limits(answer, most(Some(args)));
    }
}

fn calls(many: usize) -> String {
    if many == 1 { "1 call".to_owned() } else { format!("{} calls", count(many as f64)) }
}

fn replicas(many: usize) -> String {
    if many == 1 { "1 replica".to_owned() } else { format!("{many} replicas") }
}

/// The largest multiple asked for; 2 where none was.
fn most(args: Option<&CapacityArgs>) -> f64 {
    args.map_or(2.0, |args| args.scales.iter().copied().fold(1.0, f64::max))
}

/// The recorded traffic in figures.
fn traffic(recorded: &Recorded) -> String {
    let mut parts = vec![
        format!(
            "{} calls over {:.0} min, {:.1} in flight on average and {:.0} at most",
            count(recorded.calls as f64),
            recorded.length_s / 60.0,
            recorded.in_flight,
            recorded.in_flight_peak
        ),
        format!(
            "{} prompt tokens to compute and {} produced a second",
            count(recorded.prefill_tokens_per_s),
            count(recorded.output_tokens_per_s)
        ),
    ];
    let percent = |ratio: f64, what: &str| format!("{:.0} % of {what}", 100.0 * ratio);
    parts.extend(
        recorded.cache_hit_ratio.map(|hit| percent(hit, "prompt tokens read from the cache")),
    );
    parts.extend(recorded.acceptance_ratio.map(|ratio| percent(ratio, "draft tokens accepted")));
    parts.extend(
        recorded
            .dispersion
            .map(|ratio| format!("arrivals by 10 s vary {ratio:.1} times as much as at random")),
    );
    format!("{}.", parts.join("; "))
}

/// What the servers' series add.
fn servers(servers: &Servers) -> String {
    let mut taken = Vec::new();
    taken.extend(servers.replicas.map(replicas));
    taken.extend(servers.max_sequences.map(|cap| format!("{cap} sequences each at most")));
    taken.extend(servers.kv_tokens.map(|tokens| format!("{} tokens of KV each", count(tokens))));
    let used = if taken.is_empty() { String::new() } else { format!(" ({})", taken.join(", ")) };
    format!(
        "The servers' own series{used}: {:.1} requests running and {:.1} waiting on average, where these calls have \
         {:.1} in flight.",
        servers.running, servers.waiting, servers.own_in_flight
    )
}

fn wrong_if(answer: &mut Capacity, args: &CapacityArgs) {
    let Some(engine) = &answer.engine else { return };
    let mut list = Vec::new();
    if engine.max_sequences.is_none() || engine.kv_tokens.is_none() {
        list.push(
            "A cap on running sequences or KV memory that the recording never reached would break this sooner, so beyond \
             the load that was met no figure has an upper end: give --max-sequences and --kv-tokens, as the \
             engine prints them when it starts."
                .to_owned(),
        );
    }
    if args.known.replicas.is_none() {
        list.push(
            "Replicas were not given (--replicas-now): their number is traded against their speed, and the figure \
             shown is the one that fits."
                .to_owned(),
        );
    }
    if answer.recorded.cache_hit_ratio.is_none() {
        list.push(
            "Cache reads are not recorded: what prompts of one name share was taken for cached."
                .to_owned(),
        );
    }
    list.push(
        "Cache hits, drafts accepted and lengths are taken to stay as recorded; more traffic can raise hits (fewer \
         expire) or lower them (more are thrown out)."
            .to_owned(),
    );
    list.push("Calls of others on the same engine, retries of timed-out calls and autoscaling are not in it.".to_owned());
    if args.slos.iter().any(|slo| matches!(slo.metric, Metric::ErrorRate | Metric::TimeoutRate)) {
        list.push(
            "Error and timeout rates are not predicted: those objectives have no answer."
                .to_owned(),
        );
    }
    answer.wrong_if = list;
}
