//! What a replica's requests lost time to: the account that names a service's binding constraint.

use super::cost::{StepCost, StepWork};

/// Why a request at the head of the queue is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Blocked {
    /// Prompts before it fill the iteration, or nothing does.
    #[default]
    Prompts,
    /// As many sequences run as may run.
    Slots,
    /// Its context does not fit beside those that run.
    Kv,
}

/// Seconds lost against being alone on the replica, summed over requests.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Ledger {
    /// Waiting because the cap on sequences was reached.
    pub slots_s: f64,
    /// Waiting because the KV memory was full.
    pub kv_s: f64,
    /// Waiting before and during prefill, behind other requests' work.
    pub prompt_wait_s: f64,
    /// Decoding sequences held up by prompts.
    pub prompt_stall_s: f64,
    /// Decode iterations that are longer because many sequences share them.
    pub decode_s: f64,
    /// All the time that requests spent on the replica.
    pub spent_s: f64,
}

/// The requests of one iteration.
#[derive(Debug, Clone, Copy)]
pub struct Crowd {
    /// Waiting for admission.
    pub waiting: f64,
    /// Why the first of them waits.
    pub blocked: Blocked,
    /// In prefill.
    pub prefilling: f64,
    /// What the decoding sequences ask of an iteration.
    pub decode: StepWork,
    /// Whether they take part in this one.
    pub decodes: bool,
}

impl Ledger {
    /// Enters one iteration of `step_s` seconds.
    pub fn enter(&mut self, cost: &StepCost, crowd: &Crowd, step_s: f64, prompts_s: f64) {
        let sequences = crowd.decode.sequences;
        let all = crowd.waiting + crowd.prefilling + sequences;
        self.spent_s += all * step_s;
        if all <= 1.0 {
            return;
        }
        let waited_s = crowd.waiting * step_s;
        match crowd.blocked {
            Blocked::Slots => self.slots_s += waited_s,
            Blocked::Kv => self.kv_s += waited_s,
            Blocked::Prompts => self.prompt_wait_s += waited_s,
        }
        if crowd.prefilling > 0.0 {
            // What its own share of the iteration would take, the rest is others' work.
            let own_s = (prompts_s / crowd.prefilling).min(step_s);
            self.prompt_wait_s += crowd.prefilling * (step_s - own_s);
        }
        if sequences > 0.0 && !crowd.decodes {
            self.prompt_stall_s += sequences * step_s;
        } else if sequences > 0.0 {
            let together_s = cost.step_s(&crowd.decode).min(step_s);
            let alone_s = cost.step_s(&StepWork {
                sequences: 1.0,
                context_tokens: crowd.decode.context_tokens / sequences,
                ..crowd.decode
            });
            self.decode_s += sequences * (together_s - alone_s).max(0.0);
            self.prompt_stall_s += sequences * (step_s - together_s);
        }
    }

    /// Adds another replica's account.
    pub fn add(&mut self, other: &Self) {
        self.slots_s += other.slots_s;
        self.kv_s += other.kv_s;
        self.prompt_wait_s += other.prompt_wait_s;
        self.prompt_stall_s += other.prompt_stall_s;
        self.decode_s += other.decode_s;
        self.spent_s += other.spent_s;
    }
}
