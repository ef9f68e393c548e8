//! The shortest changes that bring an attribute, by the instrumentation that lacks it.

use super::snippets as text;
use crate::schema::Col;

/// One change.
#[derive(Debug, Clone, Copy)]
pub struct Fix {
    /// Its id; entries that share one are one change.
    pub id: &'static str,
    /// Dialects whose instrumentation it changes; empty is any.
    pub dialects: &'static [&'static str],
    /// Providers to whom it applies; empty is any.
    pub providers: &'static [&'static str],
    /// Which gaps it closes.
    pub when: When,
    /// Columns that it fills.
    pub closes: &'static [Col],
    /// The dialect that reads what it writes; empty is the one that is there.
    pub read_as: &'static str,
    /// Attributes, documents or events that it makes the spans carry.
    pub writes: &'static [&'static str],
    /// What to do, in one sentence.
    pub change: &'static str,
    /// Language of the snippet.
    pub language: &'static str,
    /// The change itself.
    pub snippet: &'static str,
}

/// Which gaps a change closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Any.
    Always,
    /// One that some calls do not have.
    Partly,
    /// One where the SDK dropped events: the pace of a stream is known and its first chunk is not.
    EventsDropped,
}

/// Where an attribute is missing.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The dialect's id.
    pub dialect: &'a str,
    /// The provider of most calls that lack it; none where none is named.
    pub provider: Option<&'a str>,
    /// Whether the SDK dropped events.
    pub events_dropped: bool,
}

impl Fix {
    /// Whether it closes a gap of that column there; `some` where some calls carry it.
    pub fn helps(&self, col: Col, place: Place<'_>, some: bool) -> bool {
        let listed = |list: &[&str], name: &str| list.is_empty() || list.contains(&name);
        let when = match self.when {
            When::Always => true,
            When::Partly => some,
            When::EventsDropped => place.events_dropped,
        };
        when && self.closes.contains(&col)
            && listed(self.dialects, place.dialect)
            && listed(self.providers, place.provider.unwrap_or_default())
    }
}

/// Dialects written in Python around an SDK that calls by `httpx`.
#[rustfmt::skip]
const PYTHON: &[&str] = &[
    "anthropic_sdk", "genai_official", "openai_v2", "openllmetry", "openllmetry_anthropic",
    "openinference", "openinference_langchain", "langfuse", "langsmith", "mlflow", "openlit",
    "pydantic_ai", "google_genai", "semconv", "semconv_old",
];
/// Providers that speak OpenAI's chat API and send usage on a stream only when asked.
#[rustfmt::skip]
const OPENAI_LIKE: &[&str] =
    &["openai", "azure.ai.openai", "azure.ai.inference", "deepseek", "groq", "x_ai", "vllm", "sglang"];
/// Providers that send a request id with every answer.
#[rustfmt::skip]
const WITH_REQUEST_ID: &[&str] = &[
    "", "openai", "anthropic", "azure.ai.openai", "azure.ai.inference", "groq", "mistral_ai",
    "x_ai", "deepseek", "fireworks_ai",
];
/// Providers of whom one asks for a region or a deployment.
const WITH_PLACES: &[&str] =
    &["azure.ai.openai", "azure.ai.inference", "aws.bedrock", "gcp.vertex_ai"];
/// Providers whose headers say how long they took.
const TELL_THEIR_TIME: &[&str] = &["", "openai", "azure.ai.openai", "gcp.gemini", "gcp.vertex_ai"];
const OPENAI: &[&str] = &["openai", "azure.ai.openai"];

#[rustfmt::skip]
const USAGE: Fix = Fix {
    id: "include_usage",
    dialects: &[
        "genai_official", "openai_v2", "openllmetry", "openinference", "langfuse", "openlit",
        "logfire", "litellm", "litellm_v2", "mlflow", "semconv", "semconv_old",
    ],
    providers: OPENAI_LIKE,
    when: When::Always,
    closes: &[Col::InputTokens, Col::OutputTokens],
    read_as: "",
    writes: &[],
    change: "Ask for the usage of a stream: without it the last chunk carries no token counts.",
    language: "python",
    snippet: text::INCLUDE_USAGE,
};

#[rustfmt::skip]
const GENAI: Fix = Fix {
    id: "genai_package",
    dialects: &["openai_v2", "logfire", "openlit", "semconv_old", "openllmetry", "langsmith"],
    providers: OPENAI,
    when: When::Always,
    closes: &[Col::TtftS, Col::DecodeS, Col::CacheReadTokens, Col::ServiceTier, Col::Streaming],
    read_as: "genai_official",
    writes: &["gen_ai.response.time_to_first_chunk", "gen_ai.usage.cache_read.input_tokens"],
    change: "Trace OpenAI's SDK with the package that records the first chunk and the cached count, \
             on chat and on the Responses API.",
    language: "python",
    snippet: text::GENAI_PACKAGE,
};

#[rustfmt::skip]
const HEADERS: Fix = Fix {
    id: "response_headers",
    dialects: PYTHON,
    providers: WITH_REQUEST_ID,
    when: When::Always,
    closes: &[Col::RequestId],
    read_as: "http",
    writes: &["http.response.header.x_request_id", "http.response.header.request_id"],
    change: "Trace the HTTP client under the SDK and keep the provider's response headers.",
    language: "python",
    snippet: text::HEADERS_PYTHON,
};

const NODE: Fix = Fix {
    id: "response_headers_node",
    dialects: &["vercel", "vercel_v7"],
    writes: &["http.response.header.x-request-id", "http.response.header.request-id"],
    language: "typescript",
    snippet: text::HEADERS_NODE,
    ..HEADERS
};

const IDENTITY: Fix = Fix {
    id: "prompt_identity",
    dialects: &[],
    providers: &[],
    when: When::Always,
    closes: &[Col::PromptHash, Col::SessionId],
    read_as: "",
    writes: &["prompt.hash", "session.id"],
    change: "Let a span processor write what identifies the prompt and the session on every span \
             that starts under it; the hash is of the fixed prefix, and no text leaves the process.",
    language: "python",
    snippet: text::IDENTITY,
};

#[rustfmt::skip]
const AI_SDK: Fix = Fix {
    id: "telemetry_metadata",
    dialects: &["vercel"],
    closes: &[Col::PromptHash, Col::PromptVersion, Col::SessionId],
    writes: &[
        "ai.telemetry.metadata.promptHash", "ai.telemetry.metadata.promptVersion",
        "ai.telemetry.metadata.sessionId",
    ],
    change: "Name the prompt and the session in the call's telemetry settings.",
    language: "typescript",
    snippet: text::AI_SDK,
    ..IDENTITY
};

/// The changes; of those that close a gap the first is shown.
#[rustfmt::skip]
pub const FIXES: &[Fix] = &[
    Fix {
        id: "service_name",
        closes: &[Col::ServiceName],
        writes: &["service.name"],
        change: "Name the service.",
        language: "sh",
        snippet: text::SERVICE_NAME,
        ..IDENTITY
    },
    Fix {
        id: "litellm_v2",
        dialects: &["litellm"],
        providers: &[],
        closes: &[
            Col::TtftS, Col::DecodeS, Col::CacheReadTokens, Col::CacheWriteTokens, Col::DurationS,
        ],
        read_as: "litellm_v2",
        change: "Switch LiteLLM to its second form of spans: the first chunk, the cached counts, \
                 and a span of its own inside the application's.",
        language: "sh",
        snippet: text::LITELLM_V2,
        ..GENAI
    },
    Fix {
        id: "litellm_headers",
        dialects: &["litellm", "litellm_v2"],
        writes: &["hidden_params"],
        read_as: "litellm",
        change: "Let LiteLLM keep the provider's response headers, from which its spans take them.",
        snippet: text::LITELLM_HEADERS,
        ..HEADERS
    },
    Fix {
        id: "litellm_headers",
        dialects: &["litellm", "litellm_v2"],
        providers: TELL_THEIR_TIME,
        closes: &[Col::ServerProcessingS],
        writes: &["hidden_params"],
        read_as: "litellm",
        change: "Let LiteLLM keep the provider's response headers, from which its spans take them.",
        snippet: text::LITELLM_HEADERS,
        ..HEADERS
    },
    USAGE,
    // Where the dialect carries the cached count, it is only the unasked usage that lacks it.
    Fix { closes: &[Col::CacheReadTokens], when: When::Partly, ..USAGE },
    Fix {
        id: "event_limit",
        dialects: &["openllmetry", "openllmetry_anthropic"],
        providers: &[],
        when: When::EventsDropped,
        closes: &[Col::TtftS, Col::DecodeS, Col::ItlP95S],
        read_as: "openllmetry",
        writes: &["gen_ai.content.completion.chunk"],
        change: "Keep every chunk event: the Python SDK drops the oldest beyond 128, and with them \
                 the first token.",
        language: "sh",
        snippet: text::EVENT_LIMIT,
    },
    GENAI,
    Fix {
        id: "stream_usage",
        dialects: &["openinference_langchain"],
        closes: &[Col::InputTokens, Col::OutputTokens, Col::CacheReadTokens],
        change: "Let LangChain ask for the usage of a stream.",
        snippet: text::STREAM_USAGE,
        ..USAGE
    },
    Fix {
        id: "openinference_openai",
        dialects: &["openinference_langchain"],
        providers: OPENAI,
        closes: &[Col::TtftS, Col::DecodeS],
        read_as: "openinference",
        writes: &["First Token Stream Event"],
        change: "Trace OpenAI's SDK under LangChain too: its span has the first token, and the two \
                 records of a call are folded by their response id.",
        snippet: text::OPENINFERENCE_OPENAI,
        ..GENAI
    },
    Fix {
        id: "anthropic_sdk",
        dialects: &[
            "openinference", "openinference_langchain", "langfuse", "logfire", "openlit",
            "openllmetry_anthropic", "langsmith", "semconv", "semconv_old",
        ],
        providers: &["anthropic"],
        closes: &[
            Col::TtftS, Col::DecodeS, Col::RequestId, Col::ServiceTier, Col::CacheReadTokens,
            Col::CacheWriteTokens,
        ],
        read_as: "anthropic_sdk",
        writes: &["gen_ai.response.time_to_first_chunk", "anthropic.request.id"],
        change: "Move to Anthropic's SDK 2 or later, which writes a span by itself; llmspan folds it \
                 with the one that is there.",
        language: "sh",
        snippet: text::ANTHROPIC_SDK,
        ..GENAI
    },
    Fix {
        id: "chunk_events",
        dialects: &["genai_official", "openai_v2", "openinference", "langfuse", "mlflow", "semconv"],
        providers: OPENAI,
        closes: &[Col::ItlP95S],
        read_as: "openllmetry",
        writes: &["gen_ai.content.completion.chunk"],
        change: "Add the instrumentation that writes one event a chunk on OpenAI's chat streams; the \
                 two records of a call are folded by their response id.",
        snippet: text::CHUNK_EVENTS,
        ..GENAI
    },
    HEADERS,
    Fix {
        providers: &[],
        closes: &[Col::Attempts, Col::ClientWaitS],
        writes: &["http.request.method"],
        ..HEADERS
    },
    // Google sends no request id, and says what it took in `server-timing`; Anthropic does not say.
    Fix {
        providers: TELL_THEIR_TIME,
        closes: &[Col::ServerProcessingS],
        writes: &["http.response.header.openai_processing_ms", "http.response.header.server_timing"],
        ..HEADERS
    },
    Fix {
        providers: TELL_THEIR_TIME,
        closes: &[Col::ServerProcessingS],
        writes: &["http.response.header.openai-processing-ms"],
        ..NODE
    },
    NODE,
    Fix { closes: &[Col::Attempts, Col::ClientWaitS], providers: &[], writes: &["http.request.method"], ..NODE },
    Fix {
        id: "request_id_hook",
        dialects: &["logfire"],
        closes: &[Col::RequestId],
        read_as: "",
        writes: &["gen_ai.provider.request_id"],
        change: "Logfire suppresses HTTP spans under these calls: put the header on the call's span \
                 from a hook of the HTTP client.",
        snippet: text::REQUEST_ID_HOOK,
        ..HEADERS
    },
    Fix {
        id: "azure_region",
        dialects: PYTHON,
        providers: &["azure.ai.openai", "azure.ai.inference"],
        closes: &[Col::Region, Col::PoolId],
        writes: &["http.response.header.x_ms_region", "http.response.header.x_ms_deployment_name"],
        change: "Keep Azure's headers that name the serving region and the deployment.",
        language: "sh",
        snippet: text::AZURE_REGION,
        ..HEADERS
    },
    Fix {
        id: "serving_place",
        providers: WITH_PLACES,
        closes: &[Col::Region, Col::PoolId],
        writes: &["gen_ai.provider.region", "gen_ai.provider.pool_id"],
        change: "Write the region and the deployment where the client chooses them.",
        snippet: text::SERVING_PLACE,
        ..IDENTITY
    },
    AI_SDK,
    Fix {
        id: "prompt_identity_node",
        dialects: &["vercel_v7"],
        closes: &[Col::PromptHash, Col::PromptVersion, Col::SessionId],
        writes: &["prompt.hash", "gen_ai.prompt.version", "session.id"],
        language: "typescript",
        snippet: text::IDENTITY_NODE,
        ..IDENTITY
    },
    Fix {
        id: "prompt_template",
        dialects: &["openinference", "openinference_langchain", "envoy_ai_gateway"],
        closes: &[Col::PromptVersion],
        read_as: "openinference",
        writes: &["llm.prompt_template.version"],
        change: "Name the prompt's version around the call.",
        snippet: text::PROMPT_TEMPLATE,
        ..IDENTITY
    },
    Fix {
        id: "langfuse_prompt",
        dialects: &["langfuse"],
        closes: &[Col::PromptVersion],
        writes: &["langfuse.observation.prompt.version"],
        change: "Link the managed prompt to its generation.",
        snippet: text::LANGFUSE_PROMPT,
        ..IDENTITY
    },
    Fix { dialects: PYTHON, ..IDENTITY },
    Fix { dialects: &["litellm", "litellm_v2", "logfire", "bedrock_botocore"], ..IDENTITY },
    Fix {
        dialects: &[
            "anthropic_sdk", "genai_official", "openai_v2", "openllmetry", "openllmetry_anthropic",
            "langsmith", "mlflow", "openlit", "pydantic_ai", "google_genai", "semconv",
            "semconv_old", "litellm", "litellm_v2", "logfire",
        ],
        closes: &[Col::PromptVersion],
        writes: &["gen_ai.prompt.version"],
        ..IDENTITY
    },
    Fix {
        id: "vllm_traces",
        providers: &["vllm"],
        closes: &[Col::QueueWaitS],
        read_as: "vllm",
        writes: &["gen_ai.latency.time_in_queue"],
        change: "Let the engine write its own span of each request, with its queue and its prefill.",
        language: "sh",
        snippet: text::VLLM_TRACES,
        ..IDENTITY
    },
    Fix {
        id: "fireworks_headers",
        dialects: PYTHON,
        providers: &["fireworks_ai"],
        closes: &[Col::QueueWaitS, Col::SpecAcceptanceRatio],
        writes: &[
            "http.response.header.fireworks_prefill_queue_duration",
            "http.response.header.fireworks_speculation_acceptance",
        ],
        change: "Keep Fireworks' headers, which tell its queue and its speculation.",
        language: "sh",
        snippet: text::FIREWORKS_HEADERS,
        ..HEADERS
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialects::{Dialect, From, To};

    fn place(from: &From) -> &'static str {
        match from {
            From::Attr(name)
            | From::Path(name, _)
            | From::Repr(name, _)
            | From::Resource(name)
            | From::Event(name) => name,
            From::EventAttr(event, _) => event,
            From::Fixed(_) => "",
        }
    }

    /// Whether a dialect reads that name, into one of these columns where any are given.
    fn reads(id: &str, name: &str, cols: &[Col]) -> bool {
        let dialect = Dialect::find(id).unwrap();
        let field = |field: crate::dialects::Field| {
            place(&field.from) == name
                && (cols.is_empty() || matches!(field.to, To::Col(col) if cols.contains(&col)))
        };
        dialect.all_fields().any(field) || dialect.chunks.contains(&name)
    }

    #[test]
    fn what_a_change_writes_is_read_by_the_table_that_it_names() {
        for fix in FIXES {
            let all: Vec<&str> = crate::dialects::DIALECTS.iter().map(|found| found.id).collect();
            let there = if fix.dialects.is_empty() { &all[..] } else { fix.dialects };
            let readers = if fix.read_as.is_empty() { there } else { &[fix.read_as][..] };
            for id in readers.iter().filter(|id| **id != "http" || fix.read_as == "http") {
                for name in fix.writes.iter().filter(|name| **name != "http.request.method") {
                    assert!(reads(id, name, fix.closes), "{}: {id} does not read {name}", fix.id);
                }
            }
        }
    }

    #[test]
    fn a_snippet_shows_the_names_that_it_writes() {
        for fix in FIXES.iter().filter(|fix| fix.read_as.is_empty() || fix.read_as == "http") {
            for name in fix.writes.iter().filter(|name| **name != "http.request.method") {
                let bare = name.trim_start_matches("http.response.header.");
                let shown = [name, bare, &*bare.replace('_', "-"), last(name)];
                let there = shown.iter().any(|spelling| fix.snippet.contains(*spelling));
                let by_setting = matches!(fix.id, "service_name" | "langfuse_prompt");
                assert!(there || by_setting, "{}: {name} is not in its snippet", fix.id);
            }
        }
    }

    fn last(name: &str) -> &str {
        name.rsplit('.').next().unwrap_or(name)
    }

    #[test]
    fn a_dialect_that_is_named_exists() {
        for id in FIXES.iter().flat_map(|fix| fix.dialects) {
            assert!(Dialect::find(id).is_some(), "{id}");
        }
    }
}
