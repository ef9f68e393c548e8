"""Makes the Parquet fixtures of this folder. Needs pyarrow (written with 26.0).

`make.py cut ORIGINALS` cuts the first ones out of the dumps that testdata/README.md names;
`make.py other_stores`, `tempo` and `otap` write the tables of other stores; `make.py derive` the same traces in other layouts, and the made-up tables.
"""

import datetime
import json
import pathlib
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent
VERCEL_TRACES = [3, 5, 10, 13, 34]  # plain, Responses API, retry, two calls, two failures
START = 1767323045_123456000  # 2026-01-02T03:04:05.123456Z
TRACE = "5b8efff798038103d269b633813fc60c"
NANOS, MICROS = pa.timestamp("ns", "UTC"), pa.timestamp("us", "UTC")
TEXT_MAP = pa.map_(pa.string(), pa.string())


def write(table, name, **options):
    pq.write_table(table, HERE / name, compression="zstd", **options)


def cut(originals):
    def traces(table, indices):
        ids = list(dict.fromkeys(table["TraceId"].to_pylist()))
        chosen = pa.array([ids[index] for index in indices])
        return table.filter(pc.is_in(table["TraceId"], chosen))

    real = originals / "realspans"
    table = pq.read_table(real / "vercel-ai/otel_traces.parquet")
    write(traces(table, VERCEL_TRACES), "clickhouse_vercel_ai.parquet", row_group_size=7)
    table = pq.read_table(real / "anthropic-sdk-native/otel_traces.parquet")
    write(traces(table, range(4)), "clickhouse_anthropic.parquet")
    for incident, name in [
        ("015", "clickhouse_array_text.parquet"),
        ("004", "flattened.parquet"),
        ("016", "flattened_langfuse_sdk.parquet"),
    ]:
        table = pq.read_table(originals / "incidents" / incident / "spans.parquet")
        write(table.slice(0, 40), name)
    table = pq.read_table(originals / "samples/otlp2parquet/testdata_parquet_traces.parquet")
    write(table, "otlp2parquet.parquet")


def typed(text):
    """What the attribute was before the exporter made text of it."""
    if text.startswith('{"values":['):
        return [value["stringValue"] for value in json.loads(text)["values"]]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def binary_type(kind):
    if pa.types.is_string(kind):
        return pa.binary()
    if pa.types.is_map(kind):
        return pa.map_(binary_type(kind.key_type), binary_type(kind.item_type))
    if pa.types.is_list(kind):
        return pa.list_(binary_type(kind.value_type))
    return kind


def as_bytes(value):
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (list, tuple)):
        return type(value)(as_bytes(item) for item in value)
    return value


def nested(pairs):
    """One JSON object in which the dots of the names are levels."""
    root = {}
    for name, text in pairs:
        *folders, leaf = name.split(".")
        at = root
        for folder in folders:
            at = at.setdefault(folder, {})
            if not isinstance(at, dict):
                break
        else:
            at[leaf] = typed(text)
    return json.dumps(root, separators=(",", ":"))


def any_value(text):
    value = typed(text)
    if isinstance(value, list):
        return {"arrayValue": {"values": [{"stringValue": item} for item in value]}}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue" if isinstance(value, float) else "stringValue": value}


def pairs(entries):
    return [{"key": name, "value": any_value(text)} for name, text in entries]


def iso(nanos):
    seconds = datetime.datetime.fromtimestamp(nanos // 10**9, datetime.UTC)
    return f"{seconds:%Y-%m-%dT%H:%M:%S}.{nanos % 10**9:09d}Z"


def derive_clickhouse(table, rows):
    columns = []
    for field in table.schema:
        column = table[field.name]
        if not field.name.endswith("Timestamp"):
            column = pa.array(as_bytes(column.to_pylist()), binary_type(field.type))
        columns.append(column)
    write(pa.table(columns, names=table.column_names), "clickhouse_binary.parquet")
    for name in ("SpanAttributes", "ResourceAttributes"):
        column = pa.array([nested(row[name]) for row in rows])
        table = table.set_column(table.column_names.index(name), name, column)
    links = [name for name in table.column_names if name.startswith("Links")]
    write(table.drop(links), "clickhouse_json.parquet")


def derive_nested_otlp(rows, starts, event_times):
    value = pa.struct(
        {
            "stringValue": pa.string(),
            "intValue": pa.string(),
            "doubleValue": pa.float64(),
            "arrayValue": pa.struct(
                {"values": pa.list_(pa.struct({"stringValue": pa.string()}))}
            ),
        }
    )
    attributes = pa.list_(pa.struct({"key": pa.string(), "value": value}))
    event = {"timeUnixNano": pa.string(), "name": pa.string(), "attributes": attributes}
    events = [
        [
            {"timeUnixNano": str(time), "name": name, "attributes": pairs(entries)}
            for time, name, entries in zip(times, row["Events.Name"], row["Events.Attributes"])
        ]
        for times, row in zip(event_times, rows)
    ]
    kinds = {"Unspecified": 0, "Internal": 1, "Server": 2, "Client": 3}
    statuses = {"Unset": 0, "Ok": 1, "Error": 2}
    columns = {
        "traceId": [row["TraceId"].upper() for row in rows],
        "spanId": [row["SpanId"].upper() for row in rows],
        "parentSpanId": [row["ParentSpanId"] for row in rows],
        "name": [row["SpanName"] for row in rows],
        "startTimeUnixNano": [str(start) for start in starts],
        "endTimeUnixNano": [str(start + row["Duration"]) for start, row in zip(starts, rows)],
        "kind": [kinds[row["SpanKind"]] for row in rows],
        "status.code": [statuses[row["StatusCode"]] for row in rows],
        "scope.name": [row["ScopeName"] for row in rows],
        "scope.version": [row["ScopeVersion"] for row in rows],
        "attributes": pa.array([pairs(row["SpanAttributes"]) for row in rows], attributes),
        "resource.attributes": pa.array(
            [pairs(row["ResourceAttributes"]) for row in rows], attributes
        ),
        "events": pa.array(events, pa.list_(pa.struct(event))),
    }
    write(pa.table(columns), "nested_otlp.parquet")


def flattened_column(values):
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float}:  # as pandas has a number column with gaps
        return pa.array([float("nan") if value is None else float(value) for value in values])
    if kinds == {list}:
        return pa.array(values, pa.list_(pa.string()))
    return pa.array([value if value is None else str(value) for value in values])


def derive_flattened(rows, starts, event_times):
    events = [
        json.dumps(
            [
                {
                    "name": name,
                    "timestamp": iso(time),
                    "attributes": {key: typed(text) for key, text in entries},
                }
                for time, name, entries in zip(
                    times, row["Events.Name"], row["Events.Attributes"]
                )
            ]
        )
        for times, row in zip(event_times, rows)
    ]
    columns = {
        "name": [row["SpanName"] for row in rows],
        "context.trace_id": ["0x" + row["TraceId"] for row in rows],
        "context.span_id": ["0x" + row["SpanId"] for row in rows],
        "kind": ["SpanKind." + row["SpanKind"].upper() for row in rows],
        "parent_id": [row["ParentSpanId"] and "0x" + row["ParentSpanId"] for row in rows],
        "start_time": [iso(start) for start in starts],
        "end_time": [iso(start + row["Duration"]) for start, row in zip(starts, rows)],
        "status.status_code": [row["StatusCode"].upper() for row in rows],
        "instrumentation_scope.name": [row["ScopeName"] for row in rows],
        "instrumentation_scope.version": [row["ScopeVersion"] for row in rows],
        "events": events,
    }
    for name in dict.fromkeys(key for row in rows for key, _ in row["SpanAttributes"]):
        texts = [dict(row["SpanAttributes"]).get(name) for row in rows]
        values = [text if text is None else typed(text) for text in texts]
        columns["attributes." + name] = flattened_column(values)
    for name in dict.fromkeys(key for row in rows for key, _ in row["ResourceAttributes"]):
        texts = [dict(row["ResourceAttributes"]).get(name) for row in rows]
        columns["resource.attributes." + name] = pa.array(texts).dictionary_encode()
    write(pa.table(columns), "flattened_python_sdk.parquet")


def phoenix(name, unit, with_kind):
    text = pa.large_string()
    message = pa.struct({"message.role": pa.string(), "message.content": pa.string()})
    event = pa.struct(
        {
            "name": pa.string(),
            "timestamp": pa.string(),
            "attributes": pa.struct({"message": pa.string()}),
        }
    )
    first = {
        "name": "First Token Stream Event",
        "timestamp": "2026-01-02T03:04:05.900000+00:00",
        "attributes": {"message": None},
    }
    nan = float("nan")
    ends = [START + 2_376_544_000, START + 3 * 10**9, START + 2 * 10**6]
    columns = {
        "name": pa.array(["ChatCompletion", "chain", "Embedding"], text),
        "span_kind": pa.array(["LLM", "CHAIN", "EMBEDDING"], text),
        "parent_id": pa.array(["aaaabbbbccccdddd", None, "aaaabbbbccccdddd"], text),
        "start_time": pa.array([START, START - 10**6, START + 10**6], NANOS).cast(unit),
        "end_time": pa.array(ends, NANOS).cast(unit),
        "status_code": pa.array(["OK", "UNSET", "ERROR"], text),
        "status_message": pa.array(["", "", ""], text),
        "events": pa.array([[first], [], []], pa.list_(event)),
        "context.span_id": pa.array(
            ["eee19b7ec3c1b174", "aaaabbbbccccdddd", "ccc19b7ec3c1b174"], text
        ),
        "context.trace_id": pa.array([TRACE] * 3, text),
        "attributes.llm.model_name": pa.array(["gpt-4o", None, None], text),
        "attributes.llm.token_count.prompt": pa.array([1800.0, nan, nan]),
        "attributes.llm.token_count.completion": pa.array([29.0, nan, nan]),
        "attributes.llm.token_count.prompt_details": pa.array(
            [{"cache_read": 1280.0}, None, None], pa.struct({"cache_read": pa.float64()})
        ),
        "attributes.llm.input_messages": pa.array(
            [[{"message.role": "user", "message.content": "a question"}], None, None],
            pa.list_(message),
        ),
        "attributes.metadata": pa.array(
            [{"tenant": "acme"}, None, None], pa.struct({"tenant": pa.string()})
        ),
        "attributes.llm.function_call": pa.nulls(3),
    }
    if with_kind:
        kinds = pa.array(["LLM", "CHAIN", "EMBEDDING"], text)
        columns["attributes.openinference.span.kind"] = kinds
    write(pa.table(columns), name)


def langfuse(name, latency, first_token, first_token_at):
    micros = START // 1000
    received = [
        [
            ("attributes.http.response.header.x-request-id", '["req_1"]'),
            ("resourceAttributes.service.name", "rag"),
            ("note", "x"),
        ],
        [
            ("attributes", '{"http":{"response":{"header":{"x-request-id":"req_2"}}}}'),
            ("resourceAttributes", '{"service.name":"rag"}'),
        ],
        [],
    ]
    usage = [("input", 520), ("input_cached_tokens", 1280), ("output", 29), ("total", 1829)]
    columns = {
        "id": ["eee19b7ec3c1b174", "obs-2", "aaaabbbbccccdddd"],
        "trace_id": [TRACE] * 3,
        "start_time": pa.array([micros, micros + 1000, micros - 1000], MICROS),
        "end_time": pa.array([micros + 2_376_544, None, micros + 3 * 10**6], MICROS),
        "project_id": ["p"] * 3,
        "parent_observation_id": ["aaaabbbbccccdddd", "aaaabbbbccccdddd", ""],
        "type": ["GENERATION", "GENERATION", "SPAN"],
        "name": ["chat", "chat", "answer"],
        "level": ["DEFAULT", "ERROR", "DEFAULT"],
        "status_message": ["", "rate limited", ""],
        "environment": ["production"] * 3,
        "user_id": ["u1", "", ""],
        "session_id": ["s1", "", ""],
        "completion_start_time": pa.array(first_token_at, MICROS),
        "input": ["a question", "a question", ""],
        "output": ["an answer", "", ""],
        "metadata": pa.array(received, TEXT_MAP),
        "provided_model_name": ["gpt-4o", "gpt-4o", ""],
        "model_parameters": ['{"temperature":0.2}', "{}", "{}"],
        "usage_details": pa.array([usage, [], []], pa.map_(pa.string(), pa.uint64())),
        "prompt_name": ["support", "", ""],
        "prompt_version": pa.array([7, None, None], pa.uint16()),
        "latency": latency,
        "time_to_first_token": first_token,
    }
    write(pa.table(columns), name)


def derive():
    table = pq.read_table(HERE / "clickhouse_vercel_ai.parquet")
    rows = table.to_pylist()
    starts = table["Timestamp"].cast(pa.int64()).to_pylist()
    event_times = table["Events.Timestamp"].cast(pa.list_(pa.int64())).to_pylist()
    derive_clickhouse(table, rows)
    derive_nested_otlp(rows, starts, event_times)
    derive_flattened(rows, starts, event_times)
    phoenix("phoenix_client.parquet", NANOS, with_kind=True)
    phoenix("phoenix_direct.parquet", MICROS, with_kind=False)
    seconds = pa.array([2.376544, 1.5, 3.001]), pa.array([0.777, None, None])
    langfuse("langfuse_v2.parquet", *seconds, [START // 1000 + 776_544, None, None])
    millis = pa.array([2377, 1500, 3001]), pa.array([777, None, None], pa.int64())
    langfuse("langfuse_milliseconds.parquet", *millis, [None, None, None])
    write(
        pa.table({"prompt": ["a"], "response": ["b"], "reasoning_trace": ["c"]}),
        "not_spans.parquet",
    )
    whole = (HERE / "flattened.parquet").read_bytes()
    (HERE / "cut.parquet").write_bytes(whole[: len(whole) // 2])


def other_stores():
    """Tables of other stores, one call each, after their documented schemas."""
    call = {"gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o"}
    counts = {"gen_ai.usage.input_tokens": 1800, "gen_ai.usage.output_tokens": 90}
    span, length = "eee19b7ec3c1b174", 2376544000
    start = START

    def one(name, /, **columns):
        write(pa.table({key: pa.array([value], kind) for key, (value, kind) in columns.items()}), name)

    text, nanos = pa.string(), pa.timestamp("ns", "UTC")
    one("signoz.parquet", **{
        "ts_bucket_start": (START // 10**9, pa.uint64()), "resource_fingerprint": ("f", text),
        "timestamp": (start, nanos), "trace_id": (TRACE.encode(), pa.binary(32)), "span_id": (span, text),
        "parent_span_id": ("", text), "name": ("chat gpt-4o", text), "kind": (3, pa.int8()),
        "kind_string": ("Client", text), "duration_nano": (length, pa.uint64()),
        "status_code": (0, pa.int16()), "status_code_string": ("Unset", text),
        "attributes_string": (list(call.items()), TEXT_MAP),
        "attributes_number": (list(counts.items()), pa.map_(pa.string(), pa.float64())),
        "attributes_bool": ([], pa.map_(pa.string(), pa.bool_())),
        "resources_string": ([("service.name", "rag")], TEXT_MAP),
        "events": ([json.dumps({"name": "first", "timeUnixNano": start, "attributeMap": {}})], pa.list_(text)),
        "resource_string_service$$name": ("rag", text)})
    one("otlp2records.parquet", **{
        "start_time_unix_nano": (start, pa.timestamp("ns")), "duration_time_unix_nano": (length, pa.duration("ns")),
        "trace_id": (bytes.fromhex(TRACE), pa.binary(16)), "span_id": (bytes.fromhex(span), pa.binary(8)),
        "parent_span_id": (None, pa.binary(8)), "service_name": ("rag", text), "name": ("chat gpt-4o", text),
        "kind": (3, pa.int32()), "status_code": (0, pa.int32()), "status_status_message": ("", text),
        "resource_attributes": ("{}", text), "scope_name": ("x", text),
        "span_attributes": (json.dumps(call | counts), text), "events_json": ("[]", text)})
    one("rotel.parquet", **{
        "timestamp": (start, pa.uint64()), "trace_id": (TRACE, text), "span_id": (span, text),
        "parent_span_id": ("", text), "span_name": ("chat gpt-4o", text), "span_kind": ("SPAN_KIND_CLIENT", text),
        "service_name": ("rag", text), "resource_attributes": ("{}", text),
        "span_attributes": (json.dumps(call | {key: str(value) for key, value in counts.items()}), text),
        "scope_name": ("x", text), "duration": (length, pa.int64()), "status_code": ("STATUS_CODE_UNSET", text),
        "events_timestamp": ([], pa.list_(pa.uint64())), "events_name": ([], pa.list_(text)),
        "events_attributes": ([], pa.list_(text))})
    one("greptimedb.parquet", **{
        "timestamp": (start, pa.timestamp("ns")), "timestamp_end": (start + length, pa.timestamp("ns")),
        "duration_nano": (length, pa.uint64()), "parent_span_id": (None, text), "trace_id": (TRACE, text),
        "span_id": (span, text), "span_kind": ("SPAN_KIND_CLIENT", text), "span_name": ("chat gpt-4o", text),
        "span_status_code": ("STATUS_CODE_UNSET", text), "scope_name": ("x", text), "service_name": ("rag", text),
        "resource_attributes.service.name": ("rag", text)}
        | {f"span_attributes.{key}": (value, text) for key, value in call.items()}
        | {f"span_attributes.{key}": (value, pa.int64()) for key, value in counts.items()})
    one("openobserve.parquet", **{
        "_timestamp": (START // 1000, pa.int64()), "trace_id": (TRACE, text), "span_id": (span, text),
        "operation_name": ("chat gpt-4o", text), "span_kind": ("3", text), "span_status": ("UNSET", text),
        "service_name": ("rag", text), "start_time": (start, pa.int64()), "end_time": (start + length, pa.int64()),
        "duration": (length // 1000, pa.int64()), "reference_parent_span_id": (None, text), "events": ("[]", text)}
        | {key.replace(".", "_"): (value, text) for key, value in call.items()}
        | {key.replace(".", "_"): (value, pa.int64()) for key, value in counts.items()})
    runs = [json.loads(line) for line in (HERE.parent / "rows/langsmith_runs.jsonl").read_text().splitlines()]
    cell = lambda value: json.dumps(value) if isinstance(value, (dict, list)) else value
    write(pa.Table.from_pylist([{key: cell(value) for key, value in run.items()} for run in runs]), "langsmith_runs.parquet")
    logs = json.loads((HERE.parent / "rows/litellm_spend_logs.json").read_text())
    write(pa.Table.from_pylist([{key: cell(value) for key, value in row.items()} for row in logs]), "litellm_spend_logs.parquet")
    rows = [json.loads(line) for line in (HERE.parent / "rows/homemade_ms.jsonl").read_text().splitlines()]
    write(pa.Table.from_pylist(rows), "homemade.parquet")


def tempo():
    """A block of each of Tempo's last three schemas, one trace: the nesting, and each form of an attribute."""
    text, length = pa.string(), 2376544000
    for version in (3, 4, 5):
        plain = version == 3
        one = (lambda kind: kind) if plain else pa.list_
        attribute = pa.struct([("Key", text), ("Value", one(text)), ("ValueInt", one(pa.int64())),
                               ("ValueDouble", one(pa.float64())), ("ValueBool", one(pa.bool_()))])
        event = pa.struct([("TimeUnixNano" if plain else "TimeSinceStartNano", pa.uint64()), ("Name", text)])
        dedicated = pa.struct([("String01", pa.list_(text) if version == 5 else text)])
        span = pa.struct([("SpanID", pa.binary()), ("ParentSpanID", pa.binary()), ("Name", text), ("Kind", pa.int64()),
                          ("StartTimeUnixNano", pa.uint64()), ("DurationNano", pa.uint64()), ("StatusCode", pa.int64()),
                          ("Attrs", pa.list_(attribute)), ("Events", pa.list_(event)), ("DedicatedAttributes", dedicated)])
        scope = pa.struct([("Scope", pa.struct([("Name", text), ("Version", text)])), ("Spans", pa.list_(span))])
        resource = pa.struct([("Attrs", pa.list_(attribute)), ("ServiceName", text)])
        group = pa.struct([("Resource", resource), ("ss", pa.list_(scope))])

        def attributes(values):
            empty = {name: None if plain else [] for name in ("Value", "ValueInt", "ValueDouble", "ValueBool")}
            kinds = {str: "Value", int: "ValueInt", float: "ValueDouble"}
            return [{"Key": key, **empty, kinds[type(value)]: value if plain else [value]} for key, value in values.items()]

        call = attributes({"gen_ai.operation.name": "chat", "gen_ai.system": "openai",
                           "gen_ai.usage.input_tokens": 1800, "gen_ai.usage.output_tokens": 90})
        first = 776_544_000 + (START if plain else 0)
        spans = [{"SpanID": bytes.fromhex("eee19b7ec3c1b174"), "ParentSpanID": bytes(8), "Name": "chat gpt-4o", "Kind": 3,
                  "StartTimeUnixNano": START, "DurationNano": length, "StatusCode": 0, "Attrs": call,
                  "Events": [{"TimeUnixNano" if plain else "TimeSinceStartNano": first, "Name": "First Token Stream Event"}],
                  "DedicatedAttributes": {"String01": ["gpt-4o"] if version == 5 else "gpt-4o"}}]
        rs = [{"Resource": {"Attrs": [], "ServiceName": "rag"}, "ss": [{"Scope": {"Name": "x", "Version": ""}, "Spans": spans}]}]
        folder = HERE / f"tempo_vparquet{version}"
        folder.mkdir(exist_ok=True)
        columns = {"TraceID": pa.array([bytes.fromhex(TRACE)], pa.binary()), "TraceIDText": pa.array([TRACE]),
                   "RootServiceName": pa.array(["rag"]), "RootSpanName": pa.array(["chat gpt-4o"]),
                   "rs": pa.array([rs], pa.list_(group))}
        write(pa.table(columns), f"{folder.name}/data.parquet")
        meta = {"format": f"vParquet{version}", "dedicatedColumns": [{"n": "gen_ai.request.model"}]}
        (folder / "meta.json").write_text(json.dumps(meta) + "\n")


def otap():
    """The tables of OpenTelemetry Arrow's Parquet exporter: two partitions, in which the ids begin anew."""
    text, u16, u32, stamp = pa.string(), pa.uint16(), pa.uint32(), pa.timestamp("ns")
    value = [("key", text), ("type", pa.uint8()), ("str", text), ("int", pa.int64()), ("double", pa.float64()),
             ("bool", pa.bool_()), ("bytes", pa.binary()), ("ser", pa.binary())]
    spans = pa.schema([
        ("id", u16), ("resource", pa.struct([("id", u16), ("schema_url", text)])),
        ("scope", pa.struct([("id", u16), ("name", text), ("version", text)])),
        ("start_time_unix_nano", stamp), ("duration_time_unix_nano", pa.duration("ns")),
        ("trace_id", pa.binary(16)), ("span_id", pa.binary(8)), ("parent_span_id", pa.binary(8)), ("name", text),
        ("kind", pa.int32()), ("status", pa.struct([("code", pa.int32()), ("status_message", text)]))])

    def put(partition, table, rows, schema):
        folder = HERE / "otap" / table / f"_part_id={partition}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"part-1767323045123-{partition}.parquet"
        write(pa.Table.from_pylist(rows, schema), path.relative_to(HERE))

    def attributes(parent, values):
        kinds = {str: (1, "str"), int: (2, "int"), float: (3, "double"), bool: (4, "bool"), bytes: (6, "ser")}
        return [{"parent_id": parent, "key": key, "type": kinds[type(of)][0], kinds[type(of)][1]: of}
                for key, of in values.items()]

    call = {"gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o",
            "gen_ai.usage.input_tokens": 1800, "gen_ai.usage.output_tokens": 90, "gen_ai.input.messages": "a made-up prompt",
            "gen_ai.response.finish_reasons": b"\x81\x64stop"}
    other = {"http.route": "/search"}
    for partition, of, span in (("a", call, "eee19b7ec3c1b174"), ("b", other, "eee19b7ec3c1b175")):
        put(partition, "spans", [{
            "id": 0, "resource": {"id": 0}, "scope": {"id": 0, "name": "x", "version": "1"}, "start_time_unix_nano": START,
            "duration_time_unix_nano": 2376544000, "trace_id": bytes.fromhex(TRACE), "span_id": bytes.fromhex(span),
            "name": "chat gpt-4o" if of is call else "search", "kind": 3, "status": {"code": 0}}], spans)
        put(partition, "span_attrs", attributes(0, of), pa.schema([("parent_id", u16), *value]))
        put(partition, "resource_attrs", attributes(0, {"service.name": "rag" if of is call else "web"}),
            pa.schema([("parent_id", u16), *value]))
    put("a", "span_events", [{"id": 7, "parent_id": 0, "time_unix_nano": START + 776_544_000, "name": "First Token Stream Event"}],
        pa.schema([("id", u32), ("parent_id", u16), ("time_unix_nano", stamp), ("name", text)]))
    put("a", "span_event_attrs", attributes(7, {"exception.type": "none"}), pa.schema([("parent_id", u32), *value]))


if __name__ == "__main__":
    if sys.argv[1] == "cut":
        cut(pathlib.Path(sys.argv[2]))
    elif sys.argv[1] == "other_stores":
        other_stores()
    elif sys.argv[1] == "tempo":
        tempo()
    elif sys.argv[1] == "otap":
        otap()
    else:
        derive()
