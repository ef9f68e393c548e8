//! Who serves: names, hosts, id shapes and cache rules of the providers that the dumps imitate.
//!
//! Model sizes are assumptions that give plausible latencies; no provider publishes them.

use super::rng::Rng;

/// The shape of a provider's HTTP request ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdShape {
    /// `req_` and 32 hex digits.
    ReqHex,
    /// `req_011C` and letters and digits.
    Req011,
    /// A UUID.
    Uuid,
    /// `cmpl-` and 32 hex digits.
    Cmpl,
}

/// A model on offer.
#[derive(Debug, Clone, Copy)]
pub struct Offer {
    /// The name that callers ask for.
    pub request: &'static str,
    /// The name that answers carry.
    pub response: &'static str,
    /// The name that answers carry after a silent change.
    pub next_response: &'static str,
    /// Assumed size, billions of parameters.
    pub billions: f64,
}

/// A provider.
#[derive(Debug)]
pub struct Provider {
    /// Short id, used in `truth.json`.
    pub id: &'static str,
    /// `gen_ai.provider.name`.
    pub name: &'static str,
    /// `gen_ai.system` of older conventions.
    pub system: &'static str,
    /// Models, smallest first.
    pub offers: &'static [Offer],
    /// Serving regions.
    pub regions: &'static [&'static str],
    /// Host; `{}` is the region.
    pub host: &'static str,
    /// Path of the chat endpoint.
    pub path: &'static str,
    /// Header of the request id, lower case with dashes.
    pub id_header: &'static str,
    /// Shape of the request id.
    pub id_shape: IdShape,
    /// Whether answers carry `openai-processing-ms`.
    pub processing_header: bool,
    /// Whether answers carry `x-ms-region`.
    pub region_header: bool,
    /// Whether answers carry `cf-ray`.
    pub edge_header: bool,
    /// Whether bodies carry a system fingerprint.
    pub fingerprint: bool,
    /// Whether usage tells cache writes.
    pub cache_writes: bool,
    /// Idle seconds until a cached prefix expires.
    pub cache_ttl_s: f64,
    /// Shortest cached prefix, tokens.
    pub cache_min_tokens: u32,
    /// Whether the callers own the deployment (their load moves its latency).
    pub dedicated: bool,
}

const fn offer(
    request: &'static str,
    response: &'static str,
    next_response: &'static str,
    billions: f64,
) -> Offer {
    Offer { request, response, next_response, billions }
}

const GPT: &[Offer] = &[
    offer("gpt-4o-mini", "gpt-4o-mini-2024-07-18", "gpt-4o-mini-2024-11-06", 8.0),
    offer("gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-2024-11-20", 70.0),
    offer("gpt-4.1", "gpt-4.1-2025-04-14", "gpt-4.1-2025-09-02", 100.0),
];
const CLAUDE: &[Offer] = &[
    offer("claude-haiku-4-5", "claude-haiku-4-5-20251001", "claude-haiku-4-5-20260115", 20.0),
    offer("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5-20260203", 70.0),
    offer("claude-opus-4-1", "claude-opus-4-1-20250805", "claude-opus-4-1-20251120", 180.0),
];
const LLAMA_BEDROCK: &[Offer] = &[
    offer(
        "meta.llama3-1-8b-instruct-v1:0",
        "meta.llama3-1-8b-instruct-v1:0",
        "meta.llama3-1-8b-instruct-v1:1",
        8.0,
    ),
    offer(
        "meta.llama3-1-70b-instruct-v1:0",
        "meta.llama3-1-70b-instruct-v1:0",
        "meta.llama3-1-70b-instruct-v1:1",
        70.0,
    ),
];
const GEMINI: &[Offer] = &[
    offer("gemini-2.0-flash", "gemini-2.0-flash-001", "gemini-2.0-flash-002", 20.0),
    offer("gemini-2.5-flash", "gemini-2.5-flash", "gemini-2.5-flash-preview-09-2025", 32.0),
    offer("gemini-2.5-pro", "gemini-2.5-pro", "gemini-2.5-pro-preview-09-2025", 140.0),
];
const OPEN: &[Offer] = &[
    offer(
        "meta-llama/Llama-3.1-8B-Instruct",
        "meta-llama/Llama-3.1-8B-Instruct",
        "meta-llama/Llama-3.1-8B-Instruct-FP16",
        8.0,
    ),
    offer(
        "meta-llama/Llama-3.1-70B-Instruct",
        "meta-llama/Llama-3.1-70B-Instruct",
        "meta-llama/Llama-3.1-70B-Instruct-FP16",
        70.0,
    ),
];

const AWS: &[&str] = &["us-east-1", "us-west-2", "eu-central-1", "eu-west-1", "ap-southeast-1"];

/// Every provider.
pub const PROVIDERS: &[Provider] = &[
    Provider {
        id: "openai",
        name: "openai",
        system: "openai",
        offers: GPT,
        regions: AWS,
        host: "api.openai.com",
        path: "/v1/chat/completions",
        id_header: "x-request-id",
        id_shape: IdShape::ReqHex,
        processing_header: true,
        region_header: false,
        edge_header: true,
        fingerprint: true,
        cache_writes: false,
        cache_ttl_s: 420.0,
        cache_min_tokens: 1024,
        dedicated: false,
    },
    Provider {
        id: "anthropic",
        name: "anthropic",
        system: "anthropic",
        offers: CLAUDE,
        regions: AWS,
        host: "api.anthropic.com",
        path: "/v1/messages",
        id_header: "request-id",
        id_shape: IdShape::Req011,
        processing_header: false,
        region_header: false,
        edge_header: true,
        fingerprint: false,
        cache_writes: true,
        cache_ttl_s: 300.0,
        cache_min_tokens: 1024,
        dedicated: false,
    },
    Provider {
        id: "azure",
        name: "azure.ai.openai",
        system: "az.ai.openai",
        offers: GPT,
        regions: &["eastus2", "westus3", "swedencentral", "southeastasia"],
        host: "acme-{}.openai.azure.com",
        path: "/openai/v1/chat/completions",
        id_header: "apim-request-id",
        id_shape: IdShape::Uuid,
        processing_header: false,
        region_header: true,
        edge_header: false,
        fingerprint: true,
        cache_writes: false,
        cache_ttl_s: 420.0,
        cache_min_tokens: 1024,
        dedicated: false,
    },
    Provider {
        id: "bedrock",
        name: "aws.bedrock",
        system: "aws.bedrock",
        offers: LLAMA_BEDROCK,
        regions: AWS,
        host: "bedrock-runtime.{}.amazonaws.com",
        path: "/v1/chat/completions",
        id_header: "x-amzn-requestid",
        id_shape: IdShape::Uuid,
        processing_header: false,
        region_header: false,
        edge_header: false,
        fingerprint: false,
        cache_writes: true,
        cache_ttl_s: 300.0,
        cache_min_tokens: 1024,
        dedicated: false,
    },
    Provider {
        id: "vertex",
        name: "gcp.vertex_ai",
        system: "vertex_ai",
        offers: GEMINI,
        regions: &["us-central1", "us-east5", "europe-west1", "asia-southeast1"],
        host: "{}-aiplatform.googleapis.com",
        path: "/v1beta1/openapi/chat/completions",
        id_header: "x-request-id",
        id_shape: IdShape::ReqHex,
        processing_header: false,
        region_header: false,
        edge_header: false,
        fingerprint: false,
        cache_writes: false,
        cache_ttl_s: 600.0,
        cache_min_tokens: 2048,
        dedicated: false,
    },
    Provider {
        id: "vllm",
        name: "vllm",
        system: "openai",
        offers: OPEN,
        regions: &["us-west-2", "eu-west-1"],
        host: "vllm-gw.{}.internal",
        path: "/v1/chat/completions",
        id_header: "x-request-id",
        id_shape: IdShape::Cmpl,
        processing_header: false,
        region_header: false,
        edge_header: false,
        fingerprint: true,
        cache_writes: false,
        cache_ttl_s: 1e9,
        cache_min_tokens: 16,
        dedicated: true,
    },
];

impl Provider {
    /// The provider of that short id.
    pub fn find(id: &str) -> Option<&'static Self> {
        PROVIDERS.iter().find(|provider| provider.id == id)
    }

    /// The host that serves a region.
    pub fn host_in(&self, region: &str) -> String {
        self.host.replace("{}", region)
    }

    /// Whether the host names the region.
    pub fn region_in_host(&self) -> bool {
        self.host.contains("{}")
    }

    /// A fresh HTTP request id.
    pub fn request_id(&self, rng: &mut Rng) -> String {
        match self.id_shape {
            IdShape::ReqHex => format!("req_{}", rng.hex(32)),
            IdShape::Req011 => format!("req_011C{}", rng.alphanumeric(20)),
            IdShape::Uuid => rng.uuid(),
            IdShape::Cmpl => format!("cmpl-{}", rng.hex(32)),
        }
    }

    /// A fresh id as the response body carries it.
    pub fn response_id(&self, rng: &mut Rng) -> String {
        match self.id {
            "anthropic" => format!("msg_01{}", rng.alphanumeric(22)),
            _ => format!("chatcmpl-{}", rng.alphanumeric(29)),
        }
    }
}

/// The three letters of the network edge near a region.
pub fn edge_near(region: &str) -> &'static str {
    match region {
        r if r.contains("us-east") || r == "eastus2" => "IAD",
        r if r.contains("us-west") || r == "westus3" => "SEA",
        r if r.contains("central-1") || r.contains("swedencentral") => "FRA",
        r if r.starts_with("eu") => "DUB",
        r if r.starts_with("us-central") => "ORD",
        _ => "SIN",
    }
}
