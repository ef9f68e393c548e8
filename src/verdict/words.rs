//! The sentences: headline, summary and next steps of each cause.

use super::figures::{clock, percent, rise, seconds};
use super::rank::Ranked;
use crate::diagnosis::{Cause, Change, Owner, RankedCause, SignalChange};
use crate::signals::Signals;
use crate::signals::case::{Case, Rest};
use crate::signals::cells::Moved;
use crate::signals::effects::{Effect, SAME_WORK};
use crate::signals::open::Nearest;
use crate::signals::tails::Tail;

/// The slice in words: `rag-answer on gpt-4o`, or `all calls`.
pub fn place(segment: &std::collections::BTreeMap<String, String>) -> String {
    if segment.is_empty() {
        return "all calls".to_owned();
    }
    let parts: Vec<String> =
        segment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    parts.join(", ")
}

/// The verdict in one sentence.
pub fn headline(first: &RankedCause, changes: &[SignalChange]) -> String {
    let moved = telling(changes).map_or_else(String::new, |change| format!(" {}.", moved(change)));
    let place = if first.segment.is_empty() {
        String::new()
    } else {
        format!(" in {}", place(&first.segment))
    };
    format!(
        "{}{place} since {}.{moved} {} of {} calls slowed.",
        capital(first.cause.label()),
        clock(first.onset),
        first.affected_calls,
        first.segment_calls,
    )
}

/// The latency that rose most.
fn telling(changes: &[SignalChange]) -> Option<&SignalChange> {
    let ratio = |change: &&SignalChange| match (change.baseline, change.window) {
        (Some(before), Some(after)) if before > 0.0 => after / before,
        _ => 0.0,
    };
    changes
        .iter()
        .filter(|change| change.signal.ends_with("_s") && change.change == Change::Rose)
        .max_by(|a, b| ratio(a).total_cmp(&ratio(b)))
}

/// A changed latency: `TTFT p95 610 ms → 2.02 s`.
pub fn moved(change: &SignalChange) -> String {
    let name = change.signal.trim_end_matches("_s").replace('_', " ");
    let name = name.replace("ttft", "TTFT").replace("itl", "ITL");
    match (change.baseline, change.window) {
        (Some(before), Some(after)) => {
            format!("{} {} → {}", capital(&name), seconds(before), seconds(after))
        }
        _ => format!("{name} is not known"),
    }
}

/// The text with a capital, unless it begins with the name of an attribute.
fn capital(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    if first.contains(['.', '_']) {
        return text.to_owned();
    }
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// What happened, in one or two sentences with figures.
pub fn summary(signals: &Signals, case: &Case, found: &Ranked) -> String {
    let slice = &signals.slices.slices[found.finding.slice];
    let place = place(&signals.slices.named(&slice.keys));
    let because = &found.finding.because;
    let mut text = if slice.keys.is_empty() {
        format!("{}.", capital(because))
    } else {
        format!("In {place}: {because}.")
    };
    let outside = found.finding.effects.first().and_then(|effect| case.at(*effect)?.outside);
    if let Some(outside) = outside {
        text.push_str(&format!(" All other calls: {}.", rise(outside.ratio())));
    }
    if let Some(rest) = case.rest.filter(|_| brought_slowness(case, found)) {
        text.push_str(&format!(
            " The added work slowed its server: {}, counted here.",
            slower(&rest)
        ));
    }
    if let Some(gain) = routed(case, found.cause)
        && let Some(from) = &gain.from
    {
        text.push_str(&format!(" `{from}` served them before."));
    }
    text
}

/// Whether what got slower at the same work is counted with the own work that brought it.
fn brought_slowness(case: &Case, found: &Ranked) -> bool {
    let effects = &found.finding.effects;
    found.cause != Cause::LoadSurge
        && case.own_work.is_some_and(|own| effects.contains(&own.effect))
        && SAME_WORK.iter().any(|effect| effects.contains(effect))
}

fn slower(rest: &Rest) -> String {
    if rest.split {
        let (ttft, itl) = (rest.ttft.ratio(), rest.itl.ratio());
        format!("at the same work TTFT ×{ttft:.2}, time per token ×{itl:.2}")
    } else {
        format!("at the same work the duration ×{:.2}", rest.whole.ratio())
    }
}

fn routed(case: &Case, cause: Cause) -> Option<&crate::signals::routing::Gain> {
    let kind = match cause {
        Cause::ModelChange => Moved::Model,
        Cause::RegionChange => Moved::Region,
        Cause::PoolChange => Moved::Pool,
        _ => return None,
    };
    case.routing.gain(kind)
}

/// What to do now.
pub fn next_steps(case: &Case, found: &Ranked, place: &str) -> Vec<String> {
    let misses = &case.misses;
    let advice = if found.cause.owner() == Owner::ProviderInfrastructure
        || found.cause.owner() == Owner::ProviderBatch
    {
        at_the_provider(found.cause)
    } else {
        at_home(found.cause)
    };
    let mut steps: Vec<String> = advice.iter().map(|step| (*step).to_owned()).collect();
    if found.cause == Cause::MixShift && case.rest.is_none() {
        steps =
            vec!["Find what sends more of the slower calls; nothing else got slower.".to_owned()];
    }
    if found.cause == Cause::CacheMissPromptChanged && misses.new_prefix_share > 0.0 {
        let share = percent(misses.new_prefix_share);
        steps.insert(
            0,
            format!("{share} of calls in {place} carry a prompt version or hash that is new."),
        );
    }
    steps
}

/// Steps where the cause lies with the provider.
const fn at_the_provider(cause: Cause) -> &'static [&'static str] {
    match cause {
        Cause::CacheMissEvicted => &[
            "Open a ticket with the request ids: the prefix was unchanged and in use.",
            "Until then pin the route (cache key, one region) or lengthen the cache's time to live.",
        ],
        Cause::PrefillQueueing => &[
            "Open a ticket with the request ids: first tokens waited at the same work.",
            "Shed or delay what is not interactive, or move it to another deployment.",
        ],
        Cause::DecodeContention => &[
            "Open a ticket with the request ids: tokens came slower at the same work.",
            "Move interactive calls to another pool, region or reserved capacity.",
        ],
        Cause::CapacityEvent => &[
            "Check the provider's status page and open a ticket with the request ids.",
            "Fail over to another region or model while it lasts.",
        ],
        Cause::AcceptanceDropDraftSwap => &[
            "Open a ticket with the request ids: ask whether the draft model or its settings changed.",
        ],
        Cause::RegionChange => &[
            "Check routing rules and the gateway for the change, and pin the region.",
            "Open a ticket with the request ids if the provider moved the calls.",
        ],
        Cause::PoolChange => {
            &["Open a ticket with the request ids: ask what changed behind the endpoint."]
        }
        Cause::ModelChange => {
            &["Pin the dated model version, and ask the provider for the rollout's date."]
        }
        _ => &[],
    }
}

/// Steps where the cause lies in the own code, prompts or traffic.
const fn at_home(cause: Cause) -> &'static [&'static str] {
    match cause {
        Cause::PromptGrowth => &[
            "Find what was added to the prompt (context, tools, history) at the onset, and cut or cache it.",
        ],
        Cause::CacheMissPromptChanged => &[
            "Diff the prompt before and after the onset: the cached prefix must stay byte-equal.",
            "Move what changes from call to call behind the cached part.",
        ],
        Cause::CacheMissCold => &[
            "Keep the cache warm with a call within its time to live, or take the longer time to live.",
            "Share the prefix across tenants and sessions where its content allows.",
        ],
        Cause::LoadSurge => &[
            "Find the caller behind the added requests, and limit or spread them.",
            "Ask for more capacity if the traffic is wanted.",
        ],
        Cause::AcceptanceDropTrafficShift => &[
            "Route the text that drafts badly to a deployment without speculation, or with its own draft.",
        ],
        Cause::ClientRetries => &[
            "Read the failed attempts' status: for 429 lower the rate or ask for quota, for 5xx open a ticket.",
            "Bound the retries by a deadline and back off from the first one.",
        ],
        Cause::ClientStall => &[
            "Look at the client: connection pool, event loop, limiter, and what handles each chunk.",
        ],
        Cause::OutputGrowth => {
            &["Find what asks for longer answers, and bound them (max tokens, instructions)."]
        }
        Cause::MixShift => &["Find what sends more of the slower calls."],
        _ => &[],
    }
}

/// What an effect acts on, in words.
const fn acted_on(effect: Effect) -> &'static str {
    match effect {
        Effect::Length => "TTFT expected from the prompts' length",
        Effect::Cache => "TTFT expected from cache misses",
        Effect::Output => "duration expected from the answers' length",
        Effect::AcceptWithin | Effect::AcceptMix => "time per token expected from acceptance",
        Effect::ClassMix | Effect::Mix => "duration expected from the mix of calls",
        Effect::RouteTtft | Effect::RouteItl | Effect::RouteWhole => {
            "latency expected from where calls were served"
        }
        Effect::Retry => "duration with its retries",
        Effect::ClientWait => "duration with the client's own wait",
        Effect::Stall => "time per token with the client's stalls",
        Effect::RestTtft => "TTFT at the same work",
        Effect::RestItl => "time per token at the same work",
        Effect::RestWhole => "duration at the same work",
        Effect::Failure => "the share of failed calls",
    }
}

/// Slow calls that became more frequent while the typical one held.
pub fn open_tail(signals: &Signals, tail: &Tail) -> String {
    format!(
        "Slow calls became more frequent in {}: {} beyond what nine of ten usually take in {} of \
         calls, {} before. The typical call held, so that this names no cause: the slow calls \
         themselves, a longer window or more attributes would.",
        place(&signals.slices.named(&signals.slices.slices[tail.slice].keys)),
        acted_on(tail.effect),
        percent(tail.share),
        percent(tail.usual),
    )
}

/// A rise that is too large to be called nothing and too near to chance to be called a spike, or one
/// that is sure and too small to be one.
pub fn open(signals: &Signals, rise: &Nearest) -> String {
    let what = acted_on(rise.effect);
    let (low, high) = rise.shift.interval();
    let why = if rise.sure {
        "That is more than chance, and too small to be called a spike; of a part of the calls, or of \
         TTFT where no span shows it, it may be much: more attributes would settle it."
    } else {
        "That is too near to what this traffic does by itself to be called a spike, and too large to \
         be called nothing: a longer window or more baseline would settle it."
    };
    format!(
        "Something may have moved in {}: {what} ×{:.2} [{low:.2}, {high:.2}]. {why}",
        place(&signals.slices.named(&signals.slices.slices[rise.slice].keys)),
        rise.shift.ratio(),
    )
}

/// The sentence for a quiet window.
pub fn quiet(changes: &[SignalChange], case: &Case) -> String {
    let largest = SAME_WORK
        .into_iter()
        .map(|effect| (effect, case.whole[effect as usize]))
        .filter(|(_, shift)| shift.window_weight >= 1.0)
        .max_by(|a, b| a.1.z.total_cmp(&b.1.z));
    let held = largest.map_or_else(String::new, |(effect, shift)| {
        let name = match effect {
            Effect::RestTtft => "TTFT",
            Effect::RestItl => "time per token",
            _ => "duration",
        };
        // A fall needs no excuse; a rise is told to be none.
        let chance = if shift.log > 0.0 { ", within what chance does" } else { "" };
        format!(" At the same work {name} moved {}{chance}.", rise(shift.ratio()))
    });
    let raw = changes
        .iter()
        .find(|change| change.signal == "duration_p95_s" && change.window.is_some())
        .map_or_else(String::new, |change| format!(" {}.", moved(change)));
    let fell = |change: &SignalChange| {
        change.change == Change::Fell && change.signal.starts_with("duration")
    };
    let lead = if changes.iter().any(fell) {
        "Calls got faster in this window, not slower."
    } else {
        "Nothing in this window that normal traffic does not also show."
    };
    format!("{lead}{raw}{held}")
}
