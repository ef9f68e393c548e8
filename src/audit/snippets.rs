//! The texts of the changes: short, whole, and free of anything that a prompt could hold.

/// Usage on a stream of an OpenAI-compatible API.
pub const INCLUDE_USAGE: &str = r#"client.chat.completions.create(
    ...,
    stream=True,
    stream_options={"include_usage": True},
)"#;

/// The successor of the contributed OpenAI instrumentation.
pub const GENAI_PACKAGE: &str = r"# pip install opentelemetry-instrumentation-genai-openai
# and take the present instrumentation of OpenAI's SDK out
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

OpenAIInstrumentor().instrument()";

/// Response headers in Python.
pub const HEADERS_PYTHON: &str = r#"# pip install opentelemetry-instrumentation-httpx
import os

os.environ["OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_RESPONSE"] = (
    "x-request-id,request-id,apim-request-id,openai-processing-ms,server-timing,cf-ray,retry-after"
)
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor, HTTPX2ClientInstrumentor

HTTPXClientInstrumentor().instrument()
HTTPX2ClientInstrumentor().instrument()  # openai 3 and anthropic 2 and later ride on httpx2"#;

/// Response headers in Node.
pub const HEADERS_NODE: &str = r#"import { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici";

new UndiciInstrumentation({
  headersToSpanAttributes: {
    responseHeaders: ["x-request-id", "request-id", "openai-processing-ms", "cf-ray", "retry-after"],
  },
});"#;

/// Response headers in LiteLLM.
pub const LITELLM_HEADERS: &str = "import litellm\n\nlitellm.return_response_headers = True";

/// LiteLLM's second form.
pub const LITELLM_V2: &str = "export LITELLM_OTEL_V2=true   # the proxy and the asynchronous calls; synchronous ones write no span";

/// Anthropic's own spans.
pub const ANTHROPIC_SDK: &str = "pip install 'anthropic>=2'";

/// Usage on LangChain's streams.
pub const STREAM_USAGE: &str = "ChatOpenAI(..., stream_usage=True)";

/// OpenInference under LangChain.
pub const OPENINFERENCE_OPENAI: &str = r"# pip install openinference-instrumentation-openai
from openinference.instrumentation.openai import OpenAIInstrumentor

OpenAIInstrumentor().instrument()";

/// The cap on events.
pub const EVENT_LIMIT: &str =
    "export OTEL_SPAN_EVENT_COUNT_LIMIT=8192   # before the process starts; one event a chunk";

/// One event a chunk.
pub const CHUNK_EVENTS: &str = r#"# pip install opentelemetry-instrumentation-openai
import os

os.environ["OTEL_SPAN_EVENT_COUNT_LIMIT"] = "8192"  # one event a chunk
from opentelemetry.instrumentation.openai import OpenAIInstrumentor

OpenAIInstrumentor().instrument()"#;

/// The provider's request id where HTTP spans are suppressed.
pub const REQUEST_ID_HOOK: &str = r#"from openai import DefaultHttpxClient, OpenAI
from opentelemetry import trace


def keep_request_id(response):
    request_id = response.headers.get("x-request-id")
    if request_id:
        trace.get_current_span().set_attribute("gen_ai.provider.request_id", request_id)


client = OpenAI(http_client=DefaultHttpxClient(event_hooks={"response": [keep_request_id]}))"#;

/// The service's name.
pub const SERVICE_NAME: &str = "export OTEL_SERVICE_NAME=answers";

/// Prompt and session on every span.
pub const IDENTITY: &str = r#"import contextvars
import hashlib
from opentelemetry.sdk.trace import SpanProcessor

IDENTITY = contextvars.ContextVar("identity", default={})


class Identity(SpanProcessor):
    def on_start(self, span, parent_context=None):
        span.set_attributes(IDENTITY.get())


tracer_provider.add_span_processor(Identity())

# where the prompt is built
IDENTITY.set({
    "prompt.hash": hashlib.sha256(fixed_prefix.encode()).hexdigest()[:16],
    "gen_ai.prompt.version": "7",
    "session.id": session_id,
})"#;

/// The same in Node.
pub const IDENTITY_NODE: &str = r#"import { AsyncLocalStorage } from "node:async_hooks";

export const identity = new AsyncLocalStorage();

// among the span processors of the tracer provider
const identityProcessor = {
  onStart: (span) => span.setAttributes(identity.getStore() ?? {}),
  onEnd: () => {}, forceFlush: async () => {}, shutdown: async () => {},
};

// around the call
identity.run(
  { "prompt.hash": hash, "gen_ai.prompt.version": "7", "session.id": sessionId },
  () => streamText(...),
);"#;

/// Region and deployment on every span.
pub const SERVING_PLACE: &str = r#"from opentelemetry.sdk.trace import SpanProcessor


class Place(SpanProcessor):
    def on_start(self, span, parent_context=None):
        span.set_attribute("gen_ai.provider.region", region)
        span.set_attribute("gen_ai.provider.pool_id", deployment)


tracer_provider.add_span_processor(Place())"#;

/// Azure's headers.
pub const AZURE_REGION: &str = "export OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_RESPONSE=\\\n\
    x-ms-region,x-ms-deployment-name,apim-request-id,x-request-id";

/// The AI SDK's own settings.
pub const AI_SDK: &str = r"streamText({
  ...,
  experimental_telemetry: {
    isEnabled: true,
    metadata: { promptHash, promptVersion, sessionId },
  },
});";

/// The prompt's version in OpenInference.
pub const PROMPT_TEMPLATE: &str = r#"from openinference.instrumentation import using_attributes

with using_attributes(prompt_template_version="7"):
    ...  # the call, which gains llm.prompt_template.version"#;

/// The prompt in Langfuse.
pub const LANGFUSE_PROMPT: &str = r#"prompt = langfuse.get_prompt("answer")
client.chat.completions.create(..., langfuse_prompt=prompt)"#;

/// vLLM's spans.
pub const VLLM_TRACES: &str = "vllm serve MODEL --otlp-traces-endpoint http://collector:4317";

/// Fireworks' headers.
pub const FIREWORKS_HEADERS: &str = "export OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_RESPONSE=\\\n\
    x-request-id,fireworks-prefill-queue-duration,fireworks-speculation-acceptance";
