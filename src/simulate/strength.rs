//! How strong an incident is: the severities, the first guess at a strength and its limits.

use super::incident::{Effect, Incident, Trap};
use super::truth::EffectRatios;
use crate::diagnosis::Cause;

/// How strong an incident is to be, by the larger of its median's and its p95's ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// About +20 %.
    Subtle,
    /// Up to twice.
    Moderate,
    /// More.
    Severe,
}

impl Severity {
    /// Every severity.
    pub const ALL: [Self; 3] = [Self::Subtle, Self::Moderate, Self::Severe];

    /// Its id.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Subtle => "subtle",
            Self::Moderate => "moderate",
            Self::Severe => "severe",
        }
    }

    /// The ratios that it covers.
    pub const fn band(self) -> (f64, f64) {
        match self {
            Self::Subtle => (1.15, 1.45),
            Self::Moderate => (1.4, 2.3),
            Self::Severe => (2.1, 9.0),
        }
    }

    /// The severity of a realised ratio.
    pub fn of(ratio: f64) -> Self {
        match ratio {
            r if r < 1.42 => Self::Subtle,
            r if r < 2.2 => Self::Moderate,
            _ => Self::Severe,
        }
    }
}

/// How much a cause shows where physics says that it must not.
pub fn impurity(cause: Cause, effect: &EffectRatios) -> f64 {
    let excess = |value: f64, limit: f64| (value - limit).max(0.0);
    match cause {
        Cause::OutputGrowth => excess(effect.itl_p50, 1.1) + excess(effect.ttft_p50, 1.12),
        Cause::CacheMissEvicted
        | Cause::CacheMissCold
        | Cause::PrefillQueueing
        | Cause::CacheMissPromptChanged => excess(effect.itl_p50, 1.15),
        Cause::DecodeContention => excess(effect.ttft_p50, effect.itl_p50 * 1.25),
        Cause::CapacityEvent => excess(1.12, effect.ttft_p50) + excess(1.05, effect.itl_p50),
        _ => 0.0,
    }
}

/// The largest strength that means anything.
pub fn ceiling(incident: &Incident) -> f64 {
    match incident.effect {
        Effect::Cause(
            Cause::AcceptanceDropTrafficShift
            | Cause::RegionChange
            | Cause::PoolChange
            | Cause::ModelChange
            | Cause::MixShift
            | Cause::CacheMissPromptChanged,
        ) => 1.0,
        Effect::Cause(Cause::CacheMissCold) if incident.sub == 0 => 1.0,
        Effect::Cause(Cause::CacheMissEvicted) if incident.sub == 1 => 1.0,
        Effect::Cause(Cause::AcceptanceDropDraftSwap) => 0.95,
        Effect::Cause(Cause::ClientRetries) => 0.75,
        _ => 1e3,
    }
}

/// A first guess at the strength for a severity.
pub fn first_strength(effect: Effect, sub: u32, severity: Severity) -> f64 {
    let level: f64 = match severity {
        Severity::Subtle => 0.3,
        Severity::Moderate => 0.8,
        Severity::Severe => 2.0,
    };
    let Effect::Cause(cause) = effect else {
        return match effect {
            Effect::Trap(Trap::Burst) => 0.9,
            Effect::Trap(Trap::Straggler) => 0.012,
            Effect::Trap(Trap::Simpson) => 0.08,
            _ => 1.0,
        };
    };
    match (cause, sub) {
        (Cause::MixShift | Cause::CacheMissCold, 0)
        | (Cause::CacheMissEvicted, 1)
        | (
            Cause::AcceptanceDropTrafficShift
            | Cause::RegionChange
            | Cause::PoolChange
            | Cause::ModelChange,
            _,
        ) => (0.25 + 0.35 * level).min(1.0),
        (Cause::CacheMissPromptChanged, _) => (0.2 + 0.4 * level).min(1.0),
        (Cause::MixShift, _) => (0.2 + 0.3 * level).min(0.9),
        (Cause::CacheMissEvicted, _) => 0.8 + level,
        (Cause::CacheMissCold, _) => 2.0 + 3.0 * level,
        (Cause::PrefillQueueing, 0) => 0.25 + 0.25 * level,
        (Cause::PrefillQueueing, _) => 0.3 * level,
        (Cause::DecodeContention, 1) => 0.1 + 0.12 * level,
        (Cause::DecodeContention, _) => 0.4 + 1.2 * level,
        (Cause::CapacityEvent, 1) => 0.1 + 0.4 * level,
        (Cause::CapacityEvent, _) => 0.4 + 0.8 * level,
        (Cause::LoadSurge, _) => 0.3 + 0.5 * level,
        (Cause::AcceptanceDropDraftSwap, _) => (0.2 + 0.3 * level).min(0.9),
        (Cause::ClientRetries, _) => 0.05 + 0.12 * level,
        (Cause::ClientStall, 1) => 0.2 + 0.5 * level,
        (Cause::ClientStall, _) => 0.1 + 0.4 * level,
        _ => level,
    }
}
