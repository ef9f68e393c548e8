"""Lets a real tool trace two made-up calls, one streamed: `make_dialects.py TOOL`.

Needs the tool, opentelemetry-exporter-otlp-proto-common and, but for Bedrock, openai. Each runs
against a provider on this machine and writes `dialects/TOOL/real.otlp.pb`.
"""

import http.server
import json
import os
import pathlib
import sys
import threading
import time

HERE = pathlib.Path(__file__).parent / "dialects"
MODEL = "gpt-4o-2024-11-20"
USAGE = {"prompt_tokens": 1800, "completion_tokens": 4, "total_tokens": 1804,
         "prompt_tokens_details": {"cached_tokens": 1280}}


class Provider(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        time.sleep(0.05)
        if "/converse" in self.path:
            self.whole({"output": {"message": {"role": "assistant", "content": [{"text": "made up"}]}},
                        "stopReason": "end_turn", "metrics": {"latencyMs": 51},
                        "usage": {"inputTokens": 520, "outputTokens": 4, "totalTokens": 524,
                                  "cacheReadInputTokens": 1280, "cacheWriteInputTokens": 0}})
        elif asked.get("stream"):
            self.stream()
        else:
            message = {"role": "assistant", "content": "made up"}
            self.whole({"id": "chatcmpl-0", "object": "chat.completion", "created": 1, "model": MODEL, "usage": USAGE,
                        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})

    def whole(self, answer):
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header("x-request-id", "req-0")
        self.end_headers()
        self.wfile.write(body)

    def stream(self):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
        for piece in ["ma", "de ", "up", None]:
            choice = {"index": 0, "delta": {"content": piece} if piece else {}, "finish_reason": None if piece else "stop"}
            self.event(chunk | {"choices": [choice]})
            time.sleep(0.02)
        self.event(chunk | {"choices": [], "usage": USAGE})
        self.wfile.write(b"data: [DONE]\n\n")

    def event(self, value):
        self.wfile.write(b"data: " + json.dumps(value).encode() + b"\n\n")
        self.wfile.flush()


def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def kept():
    """A processor that keeps every span that ends, and the spans."""
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    return SimpleSpanProcessor(exporter), exporter.get_finished_spans


def provider():
    from opentelemetry import trace
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    processor, spans = kept()
    tracers = TracerProvider(resource=Resource.create({"service.name": "rag"}))
    tracers.add_span_processor(processor)
    trace.set_tracer_provider(tracers)
    return tracers, spans


def write(tool, spans):
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

    folder = HERE / tool
    folder.mkdir(exist_ok=True)
    request = encode_spans(spans)
    for group in request.resource_spans:
        only(group.resource.attributes, lambda key: key.startswith(("service.name", "telemetry.")))
        for scoped in group.scope_spans:
            for span in scoped.spans:
                # Of this machine and not of the call.
                only(span.attributes, lambda key: not key.startswith(("langsmith.metadata", "code.", "thread.")))
    (folder / "real.otlp.pb").write_bytes(request.SerializeToString())
    print(tool, [span.name for span in spans])


def only(attributes, wanted):
    for attribute in [one for one in attributes if not wanted(one.key)]:
        attributes.remove(attribute)


def ask(client):
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "made up"}]}
    client.chat.completions.create(**asked)
    for _ in client.chat.completions.create(stream=True, stream_options={"include_usage": True}, **asked):
        pass


def openai_client():
    import openai

    return openai.OpenAI(base_url=serve() + "/v1", api_key="made-up")


def logfire():
    import logfire as library

    processor, spans = kept()
    library.configure(send_to_logfire=False, console=False, service_name="rag", additional_span_processors=[processor])
    client = openai_client()
    library.instrument_openai(client)
    ask(client)
    write("logfire", spans())


def openlit():
    _, spans = provider()
    import openlit as library

    library.init(application_name="rag", environment="test", disable_metrics=True)
    ask(openai_client())
    write("openlit", spans())


def langsmith():
    tracers, spans = provider()
    os.environ |= {"LANGSMITH_TRACING": "true", "LANGSMITH_OTEL_ENABLED": "true", "LANGSMITH_API_KEY": "made-up",
                   "LANGSMITH_ENDPOINT": serve(), "LANGSMITH_OTEL_ONLY": "true"}
    from langsmith.wrappers import wrap_openai

    ask(wrap_openai(openai_client()))
    from langsmith import run_trees

    run_trees.get_cached_client().flush()
    time.sleep(3)
    tracers.force_flush()
    write("langsmith", spans())


def bedrock_botocore():
    _, spans = provider()
    import boto3
    from opentelemetry.instrumentation.botocore import BotocoreInstrumentor

    BotocoreInstrumentor().instrument()
    client = boto3.client("bedrock-runtime", region_name="us-east-1", endpoint_url=serve(),
                          aws_access_key_id="made-up", aws_secret_access_key="made-up")
    for _ in range(2):
        client.converse(modelId="anthropic.claude-sonnet-4-5-v1:0",
                        messages=[{"role": "user", "content": [{"text": "made up"}]}])
    write("bedrock_botocore", spans())


if __name__ == "__main__":
    globals()[sys.argv[1]]()
