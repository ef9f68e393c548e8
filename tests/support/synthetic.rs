//! A tiny world for the rules: calls whose times follow from their work, an hour of normal traffic
//! and a quarter of an hour with one thing changed. No queueing theory, no provider: only what a
//! rule may rely on.

use llmspan::calls::{Call, CallTable, Cell};
use llmspan::schema::Col;
use llmspan::stats::resample::Rng;
use llmspan::windows::Range;

/// What changed at the onset, two minutes into the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Nothing,
    LongerPrompts,
    LongerCachedPrompts,
    PrefixEdited,
    PrefixEditedStillCached,
    Evicted,
    GoneCold,
    MissesOfSmallPrompts,
    SlowFirstToken,
    OneSlowFirstToken,
    SlowTokens,
    FewSlowTokens,
    SlowBoth,
    BothSlightlySlower,
    Surge,
    SurgeWithoutHarm,
    BadDrafts,
    BadDraftsOfFewCalls,
    WorseDraft,
    WorseDraftWithoutHarm,
    OtherRegion,
    OtherRegionAsFast,
    OtherPool,
    OtherPoolAsFast,
    OtherModel,
    OtherModelAsFast,
    Retries,
    RetriesAsEver,
    ClientWaits,
    ClientWaitsLittle,
    LongerAnswers,
    AnswersAsEver,
    SlowModel,
    /// The same where every answer takes half a minute.
    SlowModelOfLongAnswers,
    OtherModelMixAsFast,
    /// Conversations, whose cached part grows with their length: text put into every prompt,
    TextIntoConversations,
    /// part of what was cached lost,
    ConversationsLost,
    /// and conversations that are longer than before.
    LongerConversations,
    /// One call in eight waits for its first token; the others are as ever.
    SomeSlowFirstTokens,
    /// Callers who are new, each with a prefix that nobody has used before.
    NewCallers,
    /// The same callers with another text in every call.
    TextOfEachCall,
    /// Requests that are longer in and out, where no prompt is named.
    RequestsOfAnotherKind,
    /// The same of prompts that are several times as long.
    LargeRequestsOfAnotherKind,
    /// Three and a half times the calls, each a little slower;
    SurgeOfLittleHarm,
    /// and as little slower under the usual number of calls.
    LittleHarm,
    /// A server that own work fills: of prefixes lost to edits, in prompts a little longer;
    PrefixEditedFillsServer,
    /// of longer answers, from callers who wait for them and so ask half as often;
    LongerAnswersFillServer,
    /// of a move to heavier calls;
    HeavierCallsFillServer,
    /// of more calls than the baseline's minutes say anything of, whose tokens come slower;
    MoreCallsSlowerTokens,
    /// and of more calls, which push a part of each other's prefixes out.
    SurgeEvicts,
}

/// Start of the data, nanoseconds since the epoch: 2026-11-03T13:00:00Z.
const START_NS: i64 = 1_793_710_800_000_000_000;
const BASELINE_S: f64 = 3600.0;
const WINDOW_S: f64 = 900.0;
/// Seconds into the window at which it changes.
pub const ONSET_S: f64 = 120.0;

/// The window of every world.
pub fn window() -> Range {
    let at = |s: f64| START_NS + (s * 1e9) as i64;
    Range { start_ns: at(BASELINE_S), end_ns: at(BASELINE_S + WINDOW_S) }
}

/// Everything about one call before its times follow.
struct Work {
    service: &'static str,
    model: &'static str,
    prompt: &'static str,
    version: &'static str,
    hash: &'static str,
    tenant: &'static str,
    /// Whether the hash is another in every call.
    own_hash: bool,
    /// Whether the caller is.
    own_tenant: bool,
    fixed: f64,
    dynamic: f64,
    cached: f64,
    output: f64,
    accepted_share: f64,
    speed: (f64, f64),
    place: (&'static str, &'static str, &'static str),
    retry_s: f64,
    wait_s: f64,
    reason: &'static str,
}

/// Draws the world's calls.
pub fn world(change: Change, seed: u64) -> CallTable {
    let mut rng = Rng::new(seed);
    let mut calls = Vec::new();
    let mut now = 0.0;
    while now < BASELINE_S + WINDOW_S {
        let incident = now >= BASELINE_S + ONSET_S;
        let per_s = match change {
            _ if !incident => 0.25,
            _ if surges(change) => 0.9,
            Change::MoreCallsSlowerTokens => 0.55,
            Change::LongerAnswersFillServer => 0.13,
            _ => 0.25,
        };
        now += -(1.0 - rng.uniform()).ln() / per_s;
        let mut work = usual(&mut rng, now);
        if of_conversations(change) && work.service == "chat" {
            let history =
                if incident && change == Change::LongerConversations { 4500.0 } else { 3000.0 };
            work.fixed += (history * rng.uniform()).round();
            work.cached = (0.9 * work.fixed).round();
        }
        if matches!(change, Change::RequestsOfAnotherKind | Change::LargeRequestsOfAnotherKind) {
            work.prompt = "";
        }
        let reports = if incident { 0.8 } else { 0.1 };
        if change == Change::HeavierCallsFillServer && rng.uniform() < reports {
            work.prompt = if work.service == "rag" { "rag.report" } else { "chat.report" };
            work.output *= 5.0;
        }
        if change == Change::PrefixEditedFillsServer {
            // Prompts that differ by little, so that a little more is beyond doubt.
            let longer = if incident { 250.0 } else { 0.0 };
            work.dynamic = 500.0 + longer + (4.0 * rng.uniform()).round();
        }
        if change == Change::SlowModelOfLongAnswers {
            work.output *= 16.0;
        }
        if incident {
            alter(change, &mut work, &mut rng);
        }
        calls.push(call(&work, now, calls.len(), &mut rng));
    }
    CallTable::from_calls(calls)
}

fn surges(change: Change) -> bool {
    matches!(
        change,
        Change::Surge | Change::SurgeWithoutHarm | Change::SurgeOfLittleHarm | Change::SurgeEvicts
    )
}

fn of_conversations(change: Change) -> bool {
    matches!(
        change,
        Change::TextIntoConversations | Change::ConversationsLost | Change::LongerConversations
    )
}

fn usual(rng: &mut Rng, now: f64) -> Work {
    let rag = rng.uniform() < 0.5;
    let (service, model) = if rag { ("rag", "gpt-4o") } else { ("chat", "gpt-4o-mini") };
    let story = !rag && rng.uniform() < 0.2;
    let fixed = if rag { 6000.0 } else { 1500.0 };
    let hit = rng.uniform() < 0.95;
    Work {
        service,
        model,
        prompt: if rag {
            "rag.answer"
        } else if story {
            "chat.story"
        } else {
            "chat.sql"
        },
        version: "v1",
        hash: if rag { "aaaa" } else { "bbbb" },
        tenant: if now.fract() < 0.5 { "acme" } else { "globex" },
        own_hash: false,
        own_tenant: false,
        fixed,
        dynamic: 300.0 + 500.0 * rng.uniform(),
        cached: if hit { fixed } else { 0.0 },
        output: (150.0 * (0.4 * rng.normal()).exp()).max(16.0).round(),
        accepted_share: if story { 0.3 } else { 0.6 },
        speed: if rag { (1.0, 1.0) } else { (0.7, 0.5) },
        place: ("us-east-1", "pool-a", "build-1"),
        retry_s: if rng.uniform() < 0.01 { 0.4 } else { 0.0 },
        wait_s: 0.004 * rng.uniform(),
        reason: if hit { "" } else { "evicted" },
    }
}

fn alter(change: Change, work: &mut Work, rng: &mut Rng) {
    let rag = work.service == "rag";
    let half = rng.uniform() < 0.5;
    match change {
        Change::LongerPrompts if rag => work.dynamic += 5000.0,
        Change::LongerCachedPrompts if rag => {
            work.fixed += 5000.0;
            work.cached = work.fixed;
        }
        Change::PrefixEdited if rag => {
            (work.version, work.hash, work.cached, work.reason) = ("v2", "cccc", 0.0, "");
        }
        Change::PrefixEditedStillCached if rag => (work.version, work.hash) = ("v2", "cccc"),
        Change::NewCallers | Change::TextOfEachCall if rag && half => {
            (work.own_hash, work.cached, work.reason) = (true, 0.0, "");
            work.own_tenant = change == Change::NewCallers;
        }
        Change::Evicted if half => (work.cached, work.reason) = (0.0, "evicted"),
        Change::GoneCold if half => (work.cached, work.reason) = (0.0, "cold"),
        Change::MissesOfSmallPrompts if work.prompt == "chat.story" => work.cached = 1300.0,
        Change::TextIntoConversations if !rag => work.dynamic += 1200.0,
        Change::ConversationsLost if !rag => work.cached *= 0.5,
        Change::SlowFirstToken => work.speed.0 *= 2.2,
        Change::OneSlowFirstToken if rng.uniform() < 0.008 => work.speed.0 *= 40.0,
        Change::SomeSlowFirstTokens if rng.uniform() < 0.125 => work.speed.0 *= 2.5,
        Change::SlowTokens | Change::MoreCallsSlowerTokens => work.speed.1 *= 1.6,
        Change::FewSlowTokens if rng.uniform() < 0.02 => work.speed.1 *= 1.6,
        Change::SlowBoth | Change::Surge => {
            work.speed.0 *= 1.8;
            work.speed.1 *= 1.6;
        }
        Change::RequestsOfAnotherKind if rag => {
            work.dynamic += 1200.0;
            work.output *= 1.4;
        }
        Change::LargeRequestsOfAnotherKind if rag && half => {
            work.dynamic += 4000.0;
            work.output *= 2.0;
        }
        Change::SurgeOfLittleHarm | Change::LittleHarm => work.speed.0 *= 1.09,
        Change::PrefixEditedFillsServer
        | Change::LongerAnswersFillServer
        | Change::HeavierCallsFillServer
        | Change::SurgeEvicts => fill(change, work, rng),
        Change::BothSlightlySlower => {
            work.speed.0 *= 1.03;
            work.speed.1 *= 1.03;
        }
        Change::BadDrafts if !rag => (work.prompt, work.accepted_share) = ("chat.story", 0.2),
        Change::BadDraftsOfFewCalls if !rag && rng.uniform() < 0.05 => {
            (work.prompt, work.accepted_share) = ("chat.story", 0.3);
        }
        Change::WorseDraft => work.accepted_share *= 0.4,
        Change::WorseDraftWithoutHarm => work.accepted_share *= 0.97,
        _ => reroute(change, work, rng),
    }
}

/// Own work, and the slowness of everything that it brings.
fn fill(change: Change, work: &mut Work, rng: &mut Rng) {
    let rag = work.service == "rag";
    let part = rng.uniform();
    match change {
        Change::PrefixEditedFillsServer if rag => {
            (work.version, work.hash) = ("v2", "cccc");
            if part < 0.2 {
                (work.cached, work.reason) = (0.0, "");
            }
        }
        Change::LongerAnswersFillServer => work.output *= 2.4,
        Change::SurgeEvicts if part < 0.1 => (work.cached, work.reason) = (0.0, "evicted"),
        _ => {}
    }
    let stalls = matches!(change, Change::PrefixEditedFillsServer | Change::SurgeEvicts);
    work.speed.0 *= 2.6;
    work.speed.1 *= if stalls { 1.02 } else { 1.0 };
}

fn reroute(change: Change, work: &mut Work, rng: &mut Rng) {
    let rag = work.service == "rag";
    let most = rng.uniform() < 0.7;
    let slower = |work: &mut Work| work.speed = (work.speed.0 * 1.7, work.speed.1 * 1.5);
    match change {
        Change::OtherRegion | Change::OtherRegionAsFast if most => {
            work.place = ("eu-west-1", "pool-b", "build-1");
            if change == Change::OtherRegion {
                (work.cached, work.reason) = (0.0, "cold");
                slower(work);
            }
        }
        Change::OtherPool | Change::OtherPoolAsFast if most => {
            work.place = ("us-east-1", "pool-c", "build-1");
            if change == Change::OtherPool {
                slower(work);
            }
        }
        Change::OtherModel | Change::OtherModelAsFast if most => {
            work.place = ("us-east-1", "pool-a", "build-2");
            if change == Change::OtherModel {
                slower(work);
            }
        }
        Change::Retries if rng.uniform() < 0.3 => work.retry_s = 1.5,
        Change::RetriesAsEver if rng.uniform() < 0.01 => work.retry_s = 0.4,
        Change::ClientWaits if rag => work.wait_s = 0.5,
        Change::ClientWaitsLittle if rag => work.wait_s = 0.006,
        Change::LongerAnswers if rag => work.output *= 2.5,
        Change::AnswersAsEver if rag => work.output *= 1.02,
        Change::SlowModel | Change::SlowModelOfLongAnswers if !rag && most => {
            (work.model, work.speed) = ("gpt-4o", (1.0, 1.0));
        }
        Change::OtherModelMixAsFast if !rag && most => {
            (work.prompt, work.accepted_share) = ("chat.sql", 0.6);
        }
        _ => {}
    }
}

/// A value, or one that only this call carries.
fn of_call(own: bool, value: &str, index: usize) -> String {
    if own { format!("{value}-{index}") } else { value.to_owned() }
}

fn call(work: &Work, start_s: f64, index: usize, rng: &mut Rng) -> Call<'static> {
    let input = work.fixed + work.dynamic;
    let uncached = input - work.cached;
    let noise = |rng: &mut Rng, sd: f64| (sd * rng.normal()).exp();
    let accepted = (work.output * work.accepted_share).round();
    let ttft =
        work.speed.0 * (0.09 + 0.000_08 * uncached) * noise(rng, 0.2) + work.retry_s + work.wait_s;
    let step = 0.03 * (1.0 + 0.000_01 * input) * work.speed.1;
    let itl = step * (work.output - accepted) / work.output * noise(rng, 0.08);
    let duration = ttft + itl * (work.output - 1.0);
    let mut call = Call::default();
    let texts = [
        (Col::TraceId, format!("{index:032x}")),
        (Col::SpanId, format!("{index:016x}")),
        (Col::ServiceName, work.service.to_owned()),
        (Col::Provider, "openai".to_owned()),
        (Col::RequestModel, work.model.to_owned()),
        (Col::ResponseModel, format!("{}-{}", work.model, work.place.2)),
        (Col::PromptName, work.prompt.to_owned()),
        (Col::PromptVersion, work.version.to_owned()),
        (Col::PromptHash, of_call(work.own_hash, work.hash, index)),
        (Col::Tenant, of_call(work.own_tenant, work.tenant, index)),
        (Col::Region, work.place.0.to_owned()),
        (Col::PoolId, work.place.1.to_owned()),
        (Col::CacheMissReason, work.reason.to_owned()),
        (Col::RequestId, format!("req_{index:06}")),
        (Col::Status, "ok".to_owned()),
        (Col::Dialect, "semconv".to_owned()),
    ];
    texts
        .iter()
        .filter(|(_, text)| !text.is_empty())
        .for_each(|(col, text)| call.set_text(*col, text));
    let floats = [
        (Col::DurationS, duration),
        (Col::TtftS, ttft),
        (Col::DecodeS, duration - ttft),
        (Col::ItlS, itl),
        (Col::RetryWaitS, work.retry_s),
        (Col::ClientWaitS, work.wait_s),
        (Col::QueueWaitS, 0.01),
        (Col::SpecAcceptanceRatio, work.accepted_share),
    ];
    floats.iter().for_each(|(col, value)| call.set(*col, Cell::Float(*value)));
    let ints = [
        (Col::Start, START_NS + (start_s * 1e9) as i64),
        (Col::InputTokens, input as i64),
        (Col::CacheReadTokens, work.cached as i64),
        (Col::UncachedTokens, uncached as i64),
        (Col::OutputTokens, work.output as i64),
        (Col::SpecAcceptedTokens, accepted as i64),
        (Col::Attempts, if work.retry_s > 0.0 { 2 } else { 1 }),
    ];
    ints.iter().for_each(|(col, value)| call.set(*col, Cell::Int(*value)));
    call.set(Col::Streaming, Cell::Bool(true));
    call
}
