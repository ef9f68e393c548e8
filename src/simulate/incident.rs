//! What goes wrong, where and when; and the traps that only look as if something did.

use crate::diagnosis::Cause;

/// A healthy window that invites a false alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trap {
    /// Nothing at all.
    Plain,
    /// Own traffic bursts where it is a sliver of the load.
    Burst,
    /// The rise of the day.
    DailyRise,
    /// A few calls take very long.
    Straggler,
    /// A deploy that changes a version and nothing else.
    BenignDeploy,
    /// More tokens in each chunk, the same speed.
    ChunkBundling,
    /// Services trade shares; none of them changes, and the whole hardly does.
    Simpson,
    /// Another network edge, the same path length.
    EdgeChange,
    /// Neighbours leave: everything gets faster.
    Improvement,
}

impl Trap {
    /// Every trap.
    pub const ALL: [Self; 9] = [
        Self::Plain,
        Self::Burst,
        Self::DailyRise,
        Self::Straggler,
        Self::BenignDeploy,
        Self::ChunkBundling,
        Self::Simpson,
        Self::EdgeChange,
        Self::Improvement,
    ];

    /// Its id in `truth.json`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Burst => "burst",
            Self::DailyRise => "daily_rise",
            Self::Straggler => "straggler",
            Self::BenignDeploy => "benign_deploy",
            Self::ChunkBundling => "chunk_bundling",
            Self::Simpson => "simpson",
            Self::EdgeChange => "edge_change",
            Self::Improvement => "improvement",
        }
    }
}

/// A cause or a trap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// A cause of the contract.
    Cause(Cause),
    /// A trap.
    Trap(Trap),
}

impl Effect {
    /// How many variants of it the simulator knows.
    pub const fn variants(self) -> u32 {
        match self {
            Self::Cause(
                Cause::PromptGrowth
                | Cause::CacheMissPromptChanged
                | Cause::CacheMissEvicted
                | Cause::CacheMissCold
                | Cause::PrefillQueueing
                | Cause::DecodeContention
                | Cause::CapacityEvent
                | Cause::ModelChange
                | Cause::ClientStall
                | Cause::MixShift,
            ) => 2,
            _ => 1,
        }
    }
}

/// The part of the traffic that an incident touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slice {
    /// All of it.
    Everywhere,
    /// One service.
    Service(usize),
    /// One requested model.
    Model(usize),
    /// One tenant.
    Tenant(u32),
}

/// One incident or trap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Incident {
    /// What.
    pub effect: Effect,
    /// Which variant of it.
    pub sub: u32,
    /// Where.
    pub slice: Slice,
    /// When it begins, seconds.
    pub onset_s: f64,
    /// When it is over, seconds.
    pub end_s: f64,
    /// Seconds from its beginning to its full strength.
    pub ramp_s: f64,
    /// How strong, on the effect's own scale from 0 (nothing).
    pub strength: f64,
}

impl Incident {
    /// How much of it there is at a time, 0 to 1.
    pub fn intensity(&self, at_s: f64) -> f64 {
        if at_s < self.onset_s || at_s >= self.end_s {
            return 0.0;
        }
        if self.ramp_s <= 0.0 { 1.0 } else { ((at_s - self.onset_s) / self.ramp_s).min(1.0) }
    }

    /// Whether it is that cause.
    pub fn is(&self, cause: Cause) -> bool {
        self.effect == Effect::Cause(cause)
    }

    /// Whether it is that trap.
    pub fn is_trap(&self, trap: Trap) -> bool {
        self.effect == Effect::Trap(trap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ramps_up_and_ends_at_once() {
        let incident = Incident {
            effect: Effect::Trap(Trap::Burst),
            sub: 0,
            slice: Slice::Everywhere,
            onset_s: 100.0,
            end_s: 200.0,
            ramp_s: 50.0,
            strength: 1.0,
        };
        let at = [99.0, 125.0, 150.0, 199.0, 200.0].map(|t| incident.intensity(t));
        assert_eq!(at, [0.0, 0.5, 1.0, 1.0, 0.0]);
    }
}
