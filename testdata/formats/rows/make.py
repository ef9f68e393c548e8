"""Makes the fixtures of rows in this folder. No randomness; nothing is fetched.

`make.py made` writes the files that are made up after a documented schema (standard library only).
`make.py python_sdk` needs opentelemetry-sdk, `make.py clickhouse` needs chdb, `make.py langsmith`
needs langsmith and langchain-core, `make.py litellm` needs litellm, `make.py mlflow` needs
mlflow-skinny, sqlalchemy, openai and pandas: each lets the real tool write.
"""

import csv
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
TRACE = "5b8efff798038103d269b633813fc60c"


def lines(name, rows):
    (HERE / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def document(name, value):
    (HERE / name).write_text(json.dumps(value, indent=1) + "\n")


def table(name, rows):
    names = list(dict.fromkeys(key for row in rows for key in row))
    with open(HERE / name, "w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


def zipkin():
    call = {
        "traceId": TRACE, "id": "eee19b7ec3c1b174", "parentId": "aaaabbbbccccdddd",
        "name": "chat gpt-4o", "kind": "CLIENT",
        "timestamp": 1767323045123456, "duration": 2376544,
        "localEndpoint": {"serviceName": "rag"},
        "tags": {
            "otel.scope.name": "opentelemetry.instrumentation.openai_v2",
            "gen_ai.operation.name": "chat", "gen_ai.system": "openai",
            "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o-2024-11-20",
            "gen_ai.usage.input_tokens": "1800", "gen_ai.usage.output_tokens": "90",
        },
    }
    failed = dict(call, id="eee19b7ec3c1b175", timestamp=1767323050000000, duration=30000000)
    failed["tags"] = {k: v for k, v in call["tags"].items() if "usage" not in k and "response" not in k}
    failed["tags"] |= {"error": "true", "otel.status_code": "ERROR", "error.type": "TimeoutError"}
    document("zipkin.json", [call, failed])


def phoenix():
    span = {
        "id": "U3Bhbjox", "name": "ChatCompletion",
        "context": {"trace_id": TRACE, "span_id": "eee19b7ec3c1b174"},
        "span_kind": "LLM", "parent_id": None,
        "start_time": "2026-01-02T03:04:05.123456+00:00",
        "end_time": "2026-01-02T03:04:07.500000+00:00",
        "status_code": "OK", "status_message": "",
        "attributes": {
            "llm.model_name": "gpt-4o", "llm.provider": "openai",
            "llm.token_count.prompt": 1800, "llm.token_count.completion": 90,
            "llm.token_count.prompt_details.cache_read": 1280,
        },
        "events": [{"name": "First Token Stream Event", "timestamp": "2026-01-02T03:04:05.900000+00:00", "attributes": {}}],
    }
    document("phoenix_rest.json", {"data": [span], "next_cursor": None})


def helicone():
    def row(number, **more):
        return {
            "request_id": f"0f0f0f0f-0000-4000-8000-00000000000{number}",
            "request_created_at": f"2026-01-02T03:04:0{number}.000Z",
            "response_created_at": f"2026-01-02T03:04:1{number}.000Z",
            "response_status": 200, "delay_ms": 10000, "time_to_first_token": 640,
            "request_model": "gpt-4o", "response_model": "gpt-4o-2024-11-20", "provider": "OPENAI",
            "prompt_tokens": 1800, "completion_tokens": 90, "total_tokens": 1890,
            "prompt_cache_read_tokens": 1280,
            "request_user_id": "u1", "request_properties": {"Helicone-Session-Id": "s1"},
        } | more

    rows = [
        row(1),
        row(2, request_model="claude-sonnet-4-5", response_model="claude-sonnet-4-5",
            provider="ANTHROPIC", prompt_tokens=520, total_tokens=610),
        row(3, response_status=429, time_to_first_token=None, prompt_tokens=None,
            completion_tokens=None, total_tokens=None, prompt_cache_read_tokens=None, delay_ms=120,
            response_created_at="2026-01-02T03:04:03.120Z"),
    ]
    lines("helicone.jsonl", rows)
    for entry in rows:
        entry["request_properties"] = json.dumps(entry["request_properties"])
    table("helicone.csv", rows)


def langfuse_csv():
    row = {
        "id": "obs-1", "traceId": TRACE, "type": "GENERATION", "name": "chat",
        "startTime": "2026-01-02 03:04:05.123456", "endTime": "2026-01-02 03:04:07.500000",
        "completionStartTime": "2026-01-02 03:04:05.900456", "parentObservationId": "",
        "level": "DEFAULT", "statusMessage": "", "model": "gpt-4o",
        "usageDetails": json.dumps({"input": 520, "input_cached_tokens": 1280, "output": 90, "total": 1890}),
        "promptName": "rag", "promptVersion": "7", "latency": "2.376544", "timeToFirstToken": "0.777",
        "input": 'two\nlines, and a "quote"', "metadata": json.dumps({"attributes": {"gen_ai.response.id": "r1"}}),
    }
    table("langfuse_batch_export.csv", [row])


def langfuse_api():
    """With a first token and a gateway's counts, which the real file beside it lacks."""
    call = {
        "id": "eee19b7ec3c1b174", "traceId": TRACE, "type": "GENERATION", "name": "ai.streamText.doStream",
        "startTime": "2026-01-02T03:04:05.835Z", "endTime": "2026-01-02T03:04:13.713Z",
        "parentObservationId": None, "environment": "demo", "level": "DEFAULT", "statusMessage": None,
        "model": "gemini-2.5-flash", "completionStartTime": "2026-01-02T03:04:12.157Z",
        "promptName": None, "promptVersion": None, "latency": 7.878, "timeToFirstToken": 6.322,
        "usageDetails": {"input": 24, "output": 378, "input_cached_tokens": 0, "output_reasoning_tokens": 1029, "total": 1431},
        "metadata": "{}",
    }
    failed = dict(call, id="eee19b7ec3c1b175", level="ERROR", statusMessage="Request timed out", usageDetails={},
                  completionStartTime=None, timeToFirstToken=None, endTime="2026-01-02T03:04:35.835Z", latency=30)
    trace = {"id": TRACE, "name": "matter-chat", "sessionId": "s1", "timestamp": "2026-01-02T03:04:05.825Z",
             "metadata": "{}", "observations": [call, failed]}
    document("langfuse_api_trace.json", trace)
    seen = dict(call, usageDetails={"input": 1800, "prompt_details.cache_read": 1280, "output": 90, "completion_details.reasoning": 40, "total": 1890},
                metadata=json.dumps({"attributes": {"gen_ai.response.id": "r1"}, "resourceAttributes": {"service.name": "rag"}, "scope": {"name": "x"}}))
    around = dict(seen, id="aaaabbbbccccdddd", type="SPAN", name="handle", model=None, usageDetails={}, completionStartTime=None)
    seen["parentObservationId"] = around["id"]
    document("langfuse_trace.json", {"trace": dict(trace, observations=[seen, around]), "observations": [seen, around]})
    document("langfuse_api_observations.json", {"data": [call, failed], "meta": {"page": 1, "totalItems": 2}})


def homemade():
    lines("homemade_ms.jsonl", [
        {"timestamp": f"2026-01-02T03:04:{second:02}Z", "model": "gpt-4o", "prompt_tokens": 1800,
         "completion_tokens": 90, "latency_ms": 2376.5, "ttft_ms": 640, "request_id": f"req_{second}",
         "status": "ok", "prompt": "never to be seen"}
        for second in range(10, 14)
    ])
    table("homemade_unlabelled.csv", [
        {"ts": 1767323045 + number, "llm_model": "gpt-4o", "tokens_in": 1800, "tokens_out": 90,
         "latency": 2.3 + number / 10, "first": 610 + number, "outcome": "timeout" if number == 3 else "ok"}
        for number in range(4)
    ])


def signoz_api():
    span = {
        "timestamp": "1767323045123456789",
        "data": {
            "spanID": "eee19b7ec3c1b174", "traceID": TRACE, "parentSpanID": "",
            "durationNano": "2376543211", "statusCode": 0, "name": "chat gpt-4o", "spanKind": "Client",
            "serviceName": "rag",
            "stringTagMap": {"gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o"},
            "numberTagMap": {"gen_ai.usage.input_tokens": 1800, "gen_ai.usage.output_tokens": 90},
        },
    }
    document("signoz_api.json", {"result": [{"list": [span]}]})


def jaeger():
    def span(name, number, parent, **tags):
        of = [{"refType": "CHILD_OF", "traceID": TRACE, "spanID": parent}] if parent else []
        return {"traceID": TRACE, "spanID": f"eee19b7ec3c1b17{number}", "operationName": name, "references": of,
                "startTime": 1767323045123456 + number, "duration": 2376544, "processID": f"p{number % 2}",
                "tags": [{"key": key.replace("__", "."), "type": "int64" if isinstance(value, int) else "string", "value": value}
                         for key, value in tags.items()],
                "logs": [{"timestamp": 1767323045900000, "fields": [{"key": "event", "type": "string", "value": "First Token Stream Event"}]}],
                "warnings": None}

    chat = {"otel__scope__name": "opentelemetry.instrumentation.openai_v2", "span__kind": "client", "gen_ai__operation__name": "chat",
            "gen_ai__system": "openai", "gen_ai__request__model": "gpt-4o", "gen_ai__usage__input_tokens": 1800, "gen_ai__usage__output_tokens": 90}
    failed = dict(chat, otel__status_code="ERROR", error__type="TimeoutError")
    spans = [span("handle", 3, None, http__method="GET"), span("chat gpt-4o", 4, "eee19b7ec3c1b173", **chat),
             span("chat gpt-4o", 5, "eee19b7ec3c1b173", **failed)]
    processes = {"p0": {"serviceName": "rag", "tags": [{"key": "deployment.environment", "type": "string", "value": "prod"}]},
                 "p1": {"serviceName": "batch", "tags": []}}
    document("jaeger_ui.json", {"data": [{"traceID": TRACE, "spans": spans, "processes": processes, "warnings": None}],
                                "total": 0, "limit": 0, "offset": 0, "errors": None})


def without_length():
    lines("spans_without_length.jsonl", [
        {"timestamp": "2026-01-02T03:04:05.123456", "name": "openai.chat", "trace_id": TRACE,
         "attributes": {"gen_ai.system": "openai", "llm.request.type": "chat", "gen_ai.request.model": "gpt-4o",
                        "gen_ai.usage.prompt_tokens": 1800, "gen_ai.usage.completion_tokens": 90}},
        {"timestamp": "2026-01-02T03:04:07.5", "name": "later", "trace_id": TRACE, "attributes": {"duration_ms": 0.1}}])


def jaeger_storage():
    lines("jaeger_elasticsearch.jsonl", [{
        "traceID": TRACE, "spanID": "eee19b7ec3c1b174", "operationName": "chat gpt-4o",
        "references": [], "startTime": 1767323045123456, "startTimeMillis": 1767323045123,
        "duration": 2376544, "tags": [
            {"key": "gen_ai.operation.name", "type": "string", "value": "chat"},
            {"key": "gen_ai.system", "type": "string", "value": "openai"},
            {"key": "gen_ai.request.model", "type": "string", "value": "gpt-4o"},
            {"key": "gen_ai.usage.input_tokens", "type": "int64", "value": "1800"},
            {"key": "gen_ai.usage.output_tokens", "type": "int64", "value": "90"},
            {"key": "span.kind", "type": "string", "value": "client"}],
        "logs": [], "process": {"serviceName": "rag", "tags": []}}])


def made():
    for write in [zipkin, phoenix, helicone, langfuse_csv, langfuse_api, homemade, signoz_api, jaeger, jaeger_storage, without_length,
                  snowflake, databricks, datadog]:
        write()


def python_sdk():
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
    from opentelemetry.sdk.trace.id_generator import IdGenerator
    from opentelemetry.trace import SpanKind, Status, StatusCode

    class Ids(IdGenerator):
        def __init__(self):
            self.last = 0xEEE19B7EC3C1B100

        def generate_span_id(self):
            self.last += 1
            return self.last

        def generate_trace_id(self):
            return int(TRACE, 16)

    with open(HERE / "python_console.json", "w") as out:
        provider = TracerProvider(id_generator=Ids(), resource=Resource({"service.name": "rag"}))
        provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=out)))
        tracer = provider.get_tracer("opentelemetry.instrumentation.openai_v2", "2.1b0")
        start = 1767323045123456000
        for number in range(2):
            begin = start + number * 10**9
            span = tracer.start_span("chat gpt-4o", kind=SpanKind.CLIENT, start_time=begin, attributes={
                "gen_ai.operation.name": "chat", "gen_ai.system": "openai",
                "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o-2024-11-20",
                "gen_ai.response.finish_reasons": ("stop",), "gen_ai.response.id": f"chatcmpl-{number}",
                "gen_ai.usage.input_tokens": 1800, "gen_ai.usage.output_tokens": 90,
            })
            if number == 1:
                span.set_status(Status(StatusCode.ERROR, "late"))
                span.set_attribute("error.type", "TimeoutError")
            span.end(end_time=begin + 2376544000)


def clickhouse():
    import chdb

    source = HERE.parent / "parquet/clickhouse_vercel_ai.parquet"
    for form, name in [("JSONEachRow", "clickhouse.jsonl"), ("JSON", "clickhouse.json"), ("CSVWithNames", "clickhouse.csv")]:
        text = chdb.query(f"SELECT * FROM file('{source}', Parquet)", form).bytes()
        (HERE / name).write_bytes(text)


def langsmith():
    import datetime
    import uuid

    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage
    from langchain_core.tracers.base import BaseTracer

    runs = []

    class Keep(BaseTracer):
        def _persist_run(self, run):
            runs.append(run)

    message = AIMessage(
        content="made up",
        usage_metadata={"input_tokens": 1800, "output_tokens": 90, "total_tokens": 1890,
                        "input_token_details": {"cache_read": 1280}, "output_token_details": {"reasoning": 40}},
        response_metadata={"model_name": "gpt-4o-2024-11-20", "finish_reason": "stop",
                           "system_fingerprint": "fp_1", "id": "chatcmpl-1"},
    )
    model = GenericFakeChatModel(messages=iter([message]))
    model.invoke("made up", {"callbacks": [Keep()], "metadata": {"ls_provider": "openai", "ls_model_name": "gpt-4o"}})
    (run,) = runs
    start = datetime.datetime(2026, 1, 2, 3, 4, 5, 123456)
    run.start_time, run.end_time = start, start + datetime.timedelta(seconds=2, microseconds=376544)
    run.id = run.trace_id = uuid.UUID("5b8efff7-9803-4103-9269-b633813fc60c")
    run.events = [dict(event, time=start.isoformat()) for event in run.events or []]
    known = dict(
        id=run.id, trace_id=run.trace_id, name=run.name, run_type=run.run_type,
        start_time=run.start_time.isoformat(), end_time=run.end_time.isoformat(),
        first_token_time="2026-01-02T03:04:05.900456", extra=run.extra, error=run.error,
        status="success", inputs=run.inputs, outputs=run.outputs, events=run.events, tags=run.tags,
        parent_run_id=run.parent_run_id, session_name="default",
        prompt_tokens=1800, completion_tokens=90, total_tokens=1890)
    failed = dict(known, id="5b8efff7-9803-4103-9269-b633813fc60d", trace_id="5b8efff7-9803-4103-9269-b633813fc60d",
                  outputs=None, first_token_time=None, status="error", error="APITimeoutError('Request timed out.')",
                  prompt_tokens=0, completion_tokens=0, total_tokens=0, end_time="2026-01-02T03:04:35.123456")
    text = "".join(json.dumps(one, default=str) + "\n" for one in [known, failed])
    (HERE / "langsmith_runs.jsonl").write_text(text)


def litellm():
    import datetime

    import litellm as library
    from litellm.proxy.spend_tracking.spend_tracking_utils import get_logging_payload

    start = datetime.datetime(2026, 1, 2, 3, 4, 5, 123456)
    end = start + datetime.timedelta(seconds=2, microseconds=376544)
    rows = []
    for streamed in [True, False]:
        if not streamed:
            start, end = start + datetime.timedelta(seconds=1), end + datetime.timedelta(seconds=1)
        response = library.ModelResponse(
            id=f"chatcmpl-{int(streamed)}", model="gpt-4o-2024-11-20",
            usage=library.Usage(prompt_tokens=1800, completion_tokens=90, total_tokens=1890,
                                prompt_tokens_details={"cached_tokens": 1280},
                                completion_tokens_details={"reasoning_tokens": 40}))
        first = start + datetime.timedelta(milliseconds=777) if streamed else end
        kwargs = {
            "call_type": "acompletion", "model": "gpt-4o-2024-11-20", "cache_hit": False,
            "completion_start_time": first, "response_cost": 0.01, "custom_llm_provider": "openai",
            "litellm_call_id": f"call-{int(streamed)}", "stream": streamed,
            "litellm_params": {"api_base": "https://api.openai.com", "metadata": {
                "user_api_key": "made-up", "user_api_key_team_id": "team-1", "model_group": "gpt-4o",
                "usage_object": response.usage.model_dump(), "status": "success"}},
        }
        payload = get_logging_payload(kwargs, response, start, end)
        payload = dict(payload)
        payload["api_key"], payload["session_id"] = "made-up", "s1"
        rows.append(json.loads(json.dumps(payload, default=str)))
    document("litellm_spend_logs.json", rows)
    for row in rows:
        for key, value in row.items():
            if isinstance(value, (dict, list)):
                row[key] = json.dumps(value)
    table("litellm_spend_logs.csv", rows)


def snowflake():
    call = {
        "TIMESTAMP": "2026-01-02 03:04:07.500000000",
        "START_TIMESTAMP": "2026-01-02 03:04:05.123456000",
        "TRACE": {"trace_id": TRACE, "span_id": "eee19b7ec3c1b174"},
        "RESOURCE_ATTRIBUTES": {"service.name": "rag", "snow.database.name": "A"},
        "SCOPE": {"name": "opentelemetry.instrumentation.openai_v2"},
        "RECORD_TYPE": "SPAN",
        "RECORD": {"name": "chat gpt-4o", "kind": "SPAN_KIND_CLIENT", "parent_span_id": "aaaabbbbccccdddd",
                   "status": {"code": "STATUS_CODE_UNSET"}},
        "RECORD_ATTRIBUTES": {
            "gen_ai.operation.name": "chat", "gen_ai.system": "openai",
            "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o-2024-11-20",
            "gen_ai.usage.input_tokens": 1800, "gen_ai.usage.output_tokens": 90},
    }
    failed = dict(call, TIMESTAMP="2026-01-02 03:04:40.000000000", START_TIMESTAMP="2026-01-02 03:04:10.000000000",
                  TRACE=dict(call["TRACE"], span_id="eee19b7ec3c1b175"),
                  RECORD=dict(call["RECORD"], status={"code": "STATUS_CODE_ERROR"}))
    attributes = call["RECORD_ATTRIBUTES"]
    failed["RECORD_ATTRIBUTES"] = {k: v for k, v in attributes.items() if "usage" not in k and "response" not in k}
    failed["RECORD_ATTRIBUTES"]["error.type"] = "TimeoutError"
    event = dict(call, RECORD_TYPE="SPAN_EVENT", START_TIMESTAMP=None, RECORD={"name": "gen_ai.choice"})
    log = dict(call, RECORD_TYPE="LOG", START_TIMESTAMP=None, RECORD={"severity_text": "INFO"})
    rows = [call, event, failed, log]
    lines("snowflake_events.jsonl", rows)
    table("snowflake_events.csv", [
        {key: json.dumps(value) if isinstance(value, dict) else value for key, value in row.items()} for row in rows])


def databricks():
    call = {
        "record_id": "1", "time": "2026-01-02T03:04:05.123456Z", "date": "2026-01-02", "service_name": "rag",
        "trace_id": TRACE, "span_id": "eee19b7ec3c1b174", "trace_state": "", "parent_span_id": "", "flags": 1,
        "name": "chat gpt-4o", "kind": "SPAN_KIND_CLIENT",
        "start_time_unix_nano": 1767323045123456000, "end_time_unix_nano": 1767323047500000000,
        "attributes": json.dumps({
            "gen_ai.operation.name": "chat", "gen_ai.system": "openai",
            "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o-2024-11-20",
            "gen_ai.usage.input_tokens": 1800, "gen_ai.usage.output_tokens": 90}),
    }
    lines("databricks_spans.jsonl", [call])


def datadog():
    def span(kind, span_id, parent_id, start_ns, duration, **more):
        attributes = {"name": kind, "span_kind": kind, "span_id": span_id, "parent_id": parent_id, "trace_id": TRACE,
                      "ml_app": "rag", "start_ns": start_ns, "duration": duration, "status": "ok",
                      "metrics": {}, "tags": ["env:prod"], "input": {"value": "made up"}, **more}
        return {"id": f"{TRACE}-{span_id}", "type": "span", "attributes": attributes}

    model = {"model_name": "gpt-4o", "model_provider": "openai"}
    metrics = {"input_tokens": 1800, "output_tokens": 90, "total_tokens": 1890,
               "cache_read_input_tokens": 1280, "time_to_first_token": 0.777}
    document("datadog_export.json", {
        "data": [
            span("workflow", "1001", "undefined", 1767323045000000000, 30000000000),
            span("llm", "1002", "1001", 1767323045123456000, 2376544000, metrics=metrics, **model),
            span("llm", "1003", "1001", 1767323046000000000, 29000000000, status="error", **model),
            span("tool", "1004", "1001", 1767323046000000000, 1000000)],
        "links": {"next": ""}, "meta": {"page": {"after": ""}, "status": "done"}})


def mlflow():
    import http.server
    import os
    import tempfile
    import threading
    import time

    usage = {"prompt_tokens": 1800, "completion_tokens": 4, "total_tokens": 1804,
             "prompt_tokens_details": {"cached_tokens": 1280}}
    model = "gpt-4o-2024-11-20"

    class Provider(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            streamed = json.loads(self.rfile.read(int(self.headers["content-length"]))).get("stream")
            kind = "chat.completion.chunk" if streamed else "chat.completion"
            answer = {"id": f"chatcmpl-{int(bool(streamed))}", "object": kind, "created": 1, "model": model}
            self.send_response(200)
            self.send_header("content-type", "text/event-stream" if streamed else "application/json")
            self.end_headers()
            time.sleep(0.05)
            if not streamed:
                message = {"role": "assistant", "content": "made up"}
                choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
                self.wfile.write(json.dumps(answer | {"choices": choices, "usage": usage}).encode())
                return
            for piece in ["ma", "de ", "up", None]:
                delta = {"content": piece} if piece else {}
                choices = [{"index": 0, "delta": delta, "finish_reason": None if piece else "stop"}]
                self.wfile.write(b"data: " + json.dumps(answer | {"choices": choices}).encode() + b"\n\n")
                self.wfile.flush()
                time.sleep(0.02)
            self.wfile.write(b"data: " + json.dumps(answer | {"choices": [], "usage": usage}).encode())
            self.wfile.write(b"\n\ndata: [DONE]\n\n")

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"
    os.environ["LOGNAME"] = "someone"
    folder = tempfile.mkdtemp()
    os.chdir(folder)

    import mlflow as library
    import openai

    library.set_tracking_uri("sqlite:///traces.db")
    library.openai.autolog()
    client = openai.OpenAI(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="made-up")

    @library.trace(span_type="CHAIN")
    def answer(stream):
        asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "made up"}]}
        if not stream:
            return client.chat.completions.create(**asked).choices[0].message.content
        chunks = client.chat.completions.create(stream=True, stream_options={"include_usage": True}, **asked)
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)

    ids = []
    for stream in [False, True]:
        answer(stream)
        ids.append(library.get_last_active_trace_id())
    bare = lambda text: text.replace(folder + "/", "")
    text = "".join(library.get_trace(one).to_json() + "\n" for one in ids)
    (HERE / "mlflow_traces.jsonl").write_text(bare(text))
    frame = library.search_traces()
    frame["trace"] = frame["trace"].map(bare)
    frame["tags"] = frame["tags"].map(lambda tags: {key: bare(value) for key, value in tags.items()})
    (HERE / "mlflow_search_traces.json").write_text(frame.to_json(orient="records", indent=1) + "\n")
    (HERE / "mlflow_search_traces.csv").write_text(frame.to_csv(index=False))
    frame.to_parquet(HERE.parent / "parquet" / "mlflow_search_traces.parquet")


if __name__ == "__main__":
    globals()[sys.argv[1]]()
