//! What one engine iteration costs: a roofline over weights, tokens, attention and resident KV.

/// An accelerator, by its published dense BF16 peak and memory bandwidth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hardware {
    /// Short name, as it appears in pool ids.
    pub id: &'static str,
    /// Peak floating-point operations a second.
    pub flops_per_s: f64,
    /// Peak memory bandwidth, bytes a second.
    pub bytes_per_s: f64,
    /// Memory, bytes.
    pub memory_bytes: f64,
}

/// NVIDIA A100 SXM 80 GB (data sheet).
pub const A100: Hardware =
    Hardware { id: "a100", flops_per_s: 312e12, bytes_per_s: 2.04e12, memory_bytes: 80e9 };
/// NVIDIA H100 SXM (data sheet).
pub const H100: Hardware =
    Hardware { id: "h100", flops_per_s: 989e12, bytes_per_s: 3.35e12, memory_bytes: 80e9 };
/// NVIDIA H200 SXM (data sheet).
pub const H200: Hardware =
    Hardware { id: "h200", flops_per_s: 989e12, bytes_per_s: 4.8e12, memory_bytes: 141e9 };

/// Share of the peak FLOPs that large prefills reach.
const COMPUTE_EFFICIENCY: f64 = 0.5;
/// Share of the peak bandwidth that decode reaches.
const MEMORY_EFFICIENCY: f64 = 0.7;
/// Share of the ideal speed-up kept per doubling of tensor parallelism.
const PARALLEL_EFFICIENCY: f64 = 0.93;
/// Scheduling, kernel launches and sampling of one iteration, seconds.
const STEP_BASE_S: f64 = 0.0025;
/// Sampling, detokenising and bookkeeping of one sequence in one iteration, seconds.
const SEQUENCE_S: f64 = 30e-6;

/// A transformer as served.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModelShape {
    /// Parameters used per token.
    pub active_params: f64,
    /// Bytes of weights read in an iteration of a full batch.
    pub weight_bytes: f64,
    /// Layers.
    pub layers: f64,
    /// Width of the query heads together.
    pub query_width: f64,
    /// Bytes of KV per token.
    pub kv_bytes_per_token: f64,
    /// Accelerators that share one replica.
    pub tensor_parallel: f64,
}

impl ModelShape {
    /// A dense model of that many billion parameters, served in FP8 with grouped-query attention.
    pub fn dense(billions: f64) -> Self {
        let (layers, query_width) = match billions {
            b if b < 15.0 => (32.0, 4096.0),
            b if b < 50.0 => (64.0, 5120.0),
            b if b < 120.0 => (80.0, 8192.0),
            _ => (110.0, 12_288.0),
        };
        let tensor_parallel = match billions {
            b if b < 15.0 => 1.0,
            b if b < 50.0 => 2.0,
            b if b < 120.0 => 4.0,
            _ => 8.0,
        };
        Self {
            active_params: billions * 1e9,
            weight_bytes: billions * 1e9,
            layers,
            query_width,
            kv_bytes_per_token: 2.0 * layers * 1024.0,
            tensor_parallel,
        }
    }

    /// Tokens of KV that fit beside the weights on that hardware.
    pub fn kv_capacity_tokens(&self, hardware: &Hardware) -> f64 {
        let memory = hardware.memory_bytes * self.tensor_parallel * 0.9 - self.weight_bytes * 1.05;
        (memory / self.kv_bytes_per_token).max(16_384.0)
    }
}

/// Coefficients of the step time, all in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepCost {
    /// Fixed part of every iteration.
    pub base_s: f64,
    /// Reading the weights once.
    pub weights_s: f64,
    /// Compute per token of prefill or decode.
    pub token_s: f64,
    /// Attention compute per pair of a prefill token and a token before it.
    pub pair_s: f64,
    /// Reading one token of a decoding sequence's KV.
    pub kv_s: f64,
    /// Per decoding sequence.
    pub sequence_s: f64,
}

/// What one iteration does.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StepWork {
    /// Prompt tokens computed.
    pub prefill_tokens: f64,
    /// Pairs of a prompt token and the tokens before it.
    pub prefill_pairs: f64,
    /// Sequences that decode.
    pub sequences: f64,
    /// Tokens verified for each of them (1 without speculation).
    pub tokens_per_sequence: f64,
    /// Tokens of KV that the decoding sequences hold.
    pub context_tokens: f64,
}

impl StepCost {
    /// The coefficients of a model on a hardware.
    pub fn of(shape: &ModelShape, hardware: &Hardware) -> Self {
        let tp = shape.tensor_parallel;
        let scale = tp * PARALLEL_EFFICIENCY.powf(tp.log2());
        let flops_per_s = hardware.flops_per_s * COMPUTE_EFFICIENCY * scale;
        let bytes_per_s = hardware.bytes_per_s * MEMORY_EFFICIENCY * scale;
        Self {
            base_s: STEP_BASE_S,
            weights_s: shape.weight_bytes / bytes_per_s,
            token_s: 2.0 * shape.active_params / flops_per_s,
            pair_s: 4.0 * shape.layers * shape.query_width / flops_per_s,
            kv_s: shape.kv_bytes_per_token / bytes_per_s,
            sequence_s: SEQUENCE_S,
        }
    }

    /// The time of one iteration: the larger of reading the weights and computing the tokens,
    /// then attention, the KV of the decoding sequences, and the fixed parts.
    pub fn step_s(&self, work: &StepWork) -> f64 {
        let tokens = work.prefill_tokens + work.sequences * work.tokens_per_sequence;
        self.base_s
            + self.weights_s.max(self.token_s * tokens)
            + self.pair_s * work.prefill_pairs
            + self.kv_s * work.context_tokens
            + self.sequence_s * work.sequences
    }

    /// Pairs of `chunk` prompt tokens that follow `done` tokens.
    pub fn pairs(done: f64, chunk: f64) -> f64 {
        chunk * (done + chunk / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(cost: &StepCost, sequences: f64, context: f64) -> f64 {
        cost.step_s(&StepWork {
            sequences,
            tokens_per_sequence: 1.0,
            context_tokens: sequences * context,
            ..StepWork::default()
        })
    }

    #[test]
    fn decode_is_flat_in_the_batch_until_kv_and_compute_count() {
        let cost = StepCost::of(&ModelShape::dense(70.0), &H100);
        let one = decode(&cost, 1.0, 1000.0);
        assert!(decode(&cost, 4.0, 1000.0) / one < 1.1);
        assert!(decode(&cost, 128.0, 4000.0) / one > 1.8);
    }

    #[test]
    fn prefill_grows_a_little_faster_than_its_tokens() {
        let cost = StepCost::of(&ModelShape::dense(70.0), &H100);
        let prefill = |tokens: f64| {
            let pairs = StepCost::pairs(0.0, tokens);
            let work =
                StepWork { prefill_tokens: tokens, prefill_pairs: pairs, ..StepWork::default() };
            cost.step_s(&work) - cost.base_s
        };
        let ratio = prefill(16_000.0) / prefill(4000.0);
        assert!(ratio > 4.0 && ratio < 6.0, "{ratio}");
    }
}
