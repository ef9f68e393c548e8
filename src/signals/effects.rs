//! What moved, call by call: how far each call stands from what its kind usually does, split by
//! reason, as logarithms (for tests and ranking) and as seconds (for the waterfall).
//!
//! Every effect has a usual value near zero; a window is judged by how far the mean of an effect
//! stands from its mean in the baseline, so the mix of kinds never passes for slowness. The
//! seconds of one call add up to its duration.

/// One reason for a call to take longer; each acts on one latency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(usize)]
#[allow(missing_docs, reason = "each is named in EFFECTS")]
pub enum Effect {
    Length,
    Cache,
    Output,
    AcceptWithin,
    AcceptMix,
    ClassMix,
    RouteTtft,
    RouteItl,
    RouteWhole,
    Retry,
    ClientWait,
    Stall,
    RestTtft,
    RestItl,
    RestWhole,
    Mix,
    Failure,
}

/// Every effect, in causal order, with the term of the waterfall that it belongs to.
pub const EFFECTS: [(Effect, Term); 17] = [
    (Effect::Length, Term::PromptLength),
    (Effect::Cache, Term::CacheMisses),
    (Effect::Output, Term::OutputLength),
    (Effect::AcceptWithin, Term::Acceptance),
    (Effect::AcceptMix, Term::Acceptance),
    (Effect::ClassMix, Term::Mix),
    (Effect::RouteTtft, Term::Routing),
    (Effect::RouteItl, Term::Routing),
    (Effect::RouteWhole, Term::Routing),
    (Effect::Retry, Term::Retries),
    (Effect::ClientWait, Term::ClientWait),
    (Effect::Stall, Term::ClientStall),
    (Effect::RestTtft, Term::TtftRest),
    (Effect::RestItl, Term::ItlRest),
    (Effect::RestWhole, Term::WholeRest),
    (Effect::Mix, Term::Mix),
    (Effect::Failure, Term::WholeRest),
];

/// What the service does at the same work: to the first token, to the time per token, and to calls of
/// which only the whole is known.
pub const SAME_WORK: [Effect; 3] = [Effect::RestTtft, Effect::RestItl, Effect::RestWhole];

/// One term of the waterfall, in causal order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(usize)]
#[allow(missing_docs, reason = "each is named in TERMS")]
pub enum Term {
    Mix,
    PromptLength,
    CacheMisses,
    OutputLength,
    Acceptance,
    Routing,
    Retries,
    ClientWait,
    ClientStall,
    TtftRest,
    ItlRest,
    WholeRest,
}

/// Every term with its id and its name for a person.
pub const TERMS: [(Term, &str, &str); 12] = [
    (Term::Mix, "traffic_mix", "traffic mix"),
    (Term::PromptLength, "prompt_length", "longer prompts"),
    (Term::CacheMisses, "cache_misses", "cache misses"),
    (Term::OutputLength, "output_length", "longer answers"),
    (Term::Acceptance, "acceptance", "fewer tokens a step"),
    (Term::Routing, "routing", "served elsewhere"),
    (Term::Retries, "retries", "retries"),
    (Term::ClientWait, "client_wait", "waiting in the client"),
    (Term::ClientStall, "client_stall", "stalls in the client"),
    (Term::TtftRest, "ttft_same_work", "first token, same work"),
    (Term::ItlRest, "itl_same_work", "decoding, same work"),
    (Term::WholeRest, "duration_same_work", "whole call, same work"),
];

/// Effects and seconds of every call.
#[derive(Debug, Clone)]
pub struct Effects {
    /// Logarithmic effect of each call, by effect; NaN where the call cannot tell.
    pub logs: Vec<Vec<f64>>,
    /// Seconds of each call, by term; NaN for calls that are left out of the waterfall.
    pub seconds: Vec<Vec<f64>>,
    /// Uncached tokens that the call would have had with the baseline's cache.
    pub usual_uncached: Vec<f64>,
}
