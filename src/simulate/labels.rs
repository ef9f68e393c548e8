//! Which answers are right: the cause, and those that what the spans show cannot tell from it.

use super::truth::EffectRatios;
use crate::diagnosis::Cause;

/// How much the spans tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observability {
    /// Every proposed attribute.
    Full,
    /// Today's instrumentation with HTTP spans and captured headers.
    Typical,
    /// Time to first token and tokens only.
    TtftTokens,
    /// Duration and tokens only.
    DurationTokens,
}

impl Observability {
    /// Every level, richest first.
    pub const ALL: [Self; 4] = [Self::Full, Self::Typical, Self::TtftTokens, Self::DurationTokens];

    /// Its id.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Typical => "typical",
            Self::TtftTokens => "ttft_tokens",
            Self::DurationTokens => "duration_tokens",
        }
    }
}

/// How a dump names the prompt of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptIdentity {
    /// Not at all.
    None,
    /// By name and version.
    NameVersion,
    /// By a hash of the instructions.
    Hash,
}

impl PromptIdentity {
    /// Its id in `truth.json`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::NameVersion => "name+version",
            Self::Hash => "hash",
        }
    }
}

/// What a dump lets its reader see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visible {
    /// Time to first token.
    pub ttft: bool,
    /// Cached prompt tokens.
    pub cached: bool,
    /// Serving region.
    pub region: bool,
    /// Pool or backend fingerprint.
    pub pool: bool,
    /// Acceptance of drafts.
    pub acceptance: bool,
    /// Queue, batch and load of the server.
    pub server: bool,
    /// HTTP attempts.
    pub attempts: bool,
    /// The provider's reason for a cache miss.
    pub miss_reason: bool,
    /// Name of the prompt of a call.
    pub prompt: PromptIdentity,
    /// Tenant.
    pub tenant: bool,
}

/// "Cannot tell", as an acceptable answer.
pub const INSUFFICIENT: &str = "insufficient_data";

/// What a duration that rose at the same tokens can mean when nothing else is known.
const SLOWER_SOMEHOW: [Cause; 8] = [
    Cause::CapacityEvent,
    Cause::DecodeContention,
    Cause::PrefillQueueing,
    Cause::PoolChange,
    Cause::RegionChange,
    Cause::AcceptanceDropDraftSwap,
    Cause::ClientStall,
    Cause::ClientRetries,
];

/// The causes that may be ranked first.
pub fn acceptable(
    cause: Cause,
    sub: u32,
    seen: &Visible,
    effect: &EffectRatios,
) -> Vec<&'static str> {
    let mut right = vec![cause.id()];
    let own = matches!(
        cause,
        Cause::PromptGrowth | Cause::LoadSurge | Cause::OutputGrowth | Cause::MixShift
    );
    if own || (cause == Cause::ModelChange && sub == 0) {
        if cause == Cause::MixShift && sub == 1 && seen.prompt != PromptIdentity::NameVersion {
            add(&mut right, &[Cause::OutputGrowth, Cause::PromptGrowth]);
        }
        return right;
    }
    match cause {
        Cause::CacheMissPromptChanged | Cause::CacheMissEvicted | Cause::CacheMissCold => {
            cache(cause, seen, &mut right);
        }
        Cause::AcceptanceDropTrafficShift | Cause::AcceptanceDropDraftSwap => {
            acceptance(cause, seen, &mut right);
        }
        Cause::ClientRetries | Cause::ClientStall => client(cause, sub, seen, &mut right),
        Cause::RegionChange | Cause::PoolChange | Cause::ModelChange => {
            moved(cause, seen, effect, &mut right);
        }
        _ => crowded(cause, seen, effect, &mut right),
    }
    let retries_seen = cause == Cause::ClientRetries && seen.attempts;
    let acceptance_seen = cause == Cause::AcceptanceDropDraftSwap && seen.acceptance;
    if !seen.ttft && !retries_seen && !acceptance_seen {
        add(&mut right, &SLOWER_SOMEHOW);
        right.push(INSUFFICIENT);
    }
    let mut unique = Vec::new();
    for id in right {
        if !unique.contains(&id) {
            unique.push(id);
        }
    }
    unique
}

fn add(right: &mut Vec<&'static str>, causes: &[Cause]) {
    right.extend(causes.iter().map(|cause| cause.id()));
}

fn cache(cause: Cause, seen: &Visible, right: &mut Vec<&'static str>) {
    let any = [Cause::CacheMissPromptChanged, Cause::CacheMissEvicted, Cause::CacheMissCold];
    if !seen.cached {
        add(right, &any);
        add(right, &[Cause::PrefillQueueing]);
        right.push(INSUFFICIENT);
        return;
    }
    if seen.miss_reason {
        return;
    }
    match (cause, seen.prompt) {
        (_, PromptIdentity::None) => add(right, &any),
        (Cause::CacheMissCold, PromptIdentity::Hash) if !seen.tenant => {
            add(right, &[Cause::CacheMissPromptChanged, Cause::CacheMissEvicted]);
        }
        (Cause::CacheMissCold, _) if !seen.tenant => add(right, &[Cause::CacheMissEvicted]),
        (Cause::CacheMissEvicted, PromptIdentity::NameVersion) if !seen.tenant => {
            add(right, &[Cause::CacheMissCold]);
        }
        _ => {}
    }
}

fn acceptance(cause: Cause, seen: &Visible, right: &mut Vec<&'static str>) {
    if seen.acceptance {
        if cause == Cause::AcceptanceDropTrafficShift && seen.prompt == PromptIdentity::None {
            add(right, &[Cause::AcceptanceDropDraftSwap]);
        }
        return;
    }
    add(right, &[Cause::DecodeContention, Cause::AcceptanceDropDraftSwap]);
    if cause == Cause::AcceptanceDropTrafficShift {
        add(right, &[Cause::MixShift]);
    }
    if !seen.pool {
        add(right, &[Cause::PoolChange, Cause::CapacityEvent]);
    }
    right.push(INSUFFICIENT);
}

fn client(cause: Cause, sub: u32, seen: &Visible, right: &mut Vec<&'static str>) {
    if !seen.attempts {
        add(right, &[Cause::ClientStall, Cause::ClientRetries, Cause::PrefillQueueing]);
        right.push(INSUFFICIENT);
    }
    if cause == Cause::ClientStall && sub == 1 {
        add(right, &[Cause::DecodeContention]);
    }
}

fn moved(cause: Cause, seen: &Visible, effect: &EffectRatios, right: &mut Vec<&'static str>) {
    let visible = match cause {
        Cause::RegionChange => seen.region,
        _ => seen.pool,
    };
    if visible {
        if cause == Cause::ModelChange {
            add(right, &[Cause::PoolChange]);
        }
        return;
    }
    if seen.pool {
        add(right, &[Cause::PoolChange]);
    }
    if !seen.server {
        add(right, &[Cause::CapacityEvent, Cause::PoolChange]);
        if effect.itl_p50 > 1.1 {
            add(right, &[Cause::DecodeContention]);
            if !seen.acceptance {
                add(right, &[Cause::AcceptanceDropDraftSwap]);
            }
        } else {
            add(right, &[Cause::PrefillQueueing]);
        }
        if cause != Cause::ModelChange {
            add(right, &[Cause::CacheMissEvicted]);
        }
    }
    right.push(INSUFFICIENT);
}

fn crowded(cause: Cause, seen: &Visible, effect: &EffectRatios, right: &mut Vec<&'static str>) {
    let ttft = effect.ttft_p50;
    let itl = effect.itl_p50;
    match cause {
        Cause::DecodeContention if !seen.server && ttft > 1.25 => {
            add(right, &[Cause::CapacityEvent]);
        }
        Cause::CapacityEvent if ttft < 1.15 => add(right, &[Cause::DecodeContention]),
        Cause::CapacityEvent if itl < 1.1 => add(right, &[Cause::PrefillQueueing]),
        Cause::CapacityEvent if !seen.server => add(right, &[Cause::DecodeContention]),
        Cause::PrefillQueueing if !seen.attempts && !seen.server => {
            add(right, &[Cause::ClientStall, Cause::ClientRetries]);
        }
        _ => {}
    }
    if matches!(cause, Cause::DecodeContention | Cause::CapacityEvent) {
        if !seen.acceptance && ttft < 1.25 {
            add(right, &[Cause::AcceptanceDropDraftSwap]);
        }
        if !seen.pool {
            add(right, &[Cause::PoolChange]);
            right.push(INSUFFICIENT);
        }
    }
}
