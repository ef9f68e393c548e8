"""Loads dumps (OTLP JSON, one request a line) into tables of every layout that is asked for.

The tables are created as the collector's exporter, its JSON form and SigNoz create them, and filled
the way that these fill them: attributes as text, as JSON, or sorted by type.
"""

import json

KINDS = ["Unspecified", "Internal", "Server", "Client", "Producer", "Consumer"]
STATUSES = ["Unset", "Ok", "Error"]

CREATE = {
    "otel_traces": """CREATE TABLE {} (
        Timestamp DateTime64(9) CODEC(Delta, ZSTD(1)), TraceId String CODEC(ZSTD(1)),
        SpanId String CODEC(ZSTD(1)), ParentSpanId String CODEC(ZSTD(1)),
        TraceState String CODEC(ZSTD(1)), SpanName LowCardinality(String) CODEC(ZSTD(1)),
        SpanKind LowCardinality(String) CODEC(ZSTD(1)),
        ServiceName LowCardinality(String) CODEC(ZSTD(1)),
        ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
        ScopeName String CODEC(ZSTD(1)), ScopeVersion String CODEC(ZSTD(1)),
        SpanAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
        Duration UInt64 CODEC(ZSTD(1)), StatusCode LowCardinality(String) CODEC(ZSTD(1)),
        StatusMessage String CODEC(ZSTD(1)),
        Events Nested (Timestamp DateTime64(9), Name LowCardinality(String),
            Attributes Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
        INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
        INDEX idx_span_attr_key mapKeys(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
        INDEX idx_duration Duration TYPE minmax GRANULARITY 1
        ) ENGINE = MergeTree PARTITION BY toDate(Timestamp)
        ORDER BY (ServiceName, SpanName, toDateTime(Timestamp))""",
    "otel_traces_json": """CREATE TABLE {} (
        Timestamp DateTime64(9), TraceId String, SpanId String, ParentSpanId String,
        SpanName LowCardinality(String), SpanKind LowCardinality(String),
        ServiceName LowCardinality(String), ResourceAttributes JSON, ScopeName String,
        ScopeVersion String, SpanAttributes JSON, Duration UInt64,
        StatusCode LowCardinality(String), StatusMessage String,
        Events Nested (Timestamp DateTime64(9), Name LowCardinality(String), Attributes JSON)
        ) ENGINE = MergeTree PARTITION BY toDate(Timestamp)
        ORDER BY (ServiceName, SpanName, toDateTime(Timestamp))""",
    "signoz_index_v3": """CREATE TABLE {} (
        ts_bucket_start UInt64, resource_fingerprint String, timestamp DateTime64(9),
        trace_id FixedString(32), span_id String, parent_span_id String,
        name LowCardinality(String), kind Int8, kind_string String, duration_nano UInt64,
        status_code Int16, status_message String, status_code_string String,
        attributes_string Map(LowCardinality(String), String),
        attributes_number Map(LowCardinality(String), Float64),
        attributes_bool Map(LowCardinality(String), Bool),
        resources_string Map(LowCardinality(String), String), events Array(String),
        scope_name String, scope_version String,
        `resource_string_service$$name` LowCardinality(String)
            DEFAULT resources_string['service.name']
        ) ENGINE = MergeTree PARTITION BY toDate(timestamp)
        ORDER BY (ts_bucket_start, resource_fingerprint, name, timestamp)""",
}

# Tables that are spread too, with the column of the span's id.
SPREAD = {"otel_traces": "SpanId", "otel_traces_json": "SpanId", "signoz_index_v3": "span_id"}


def plain(value):
    """An OTLP value as Python has it."""
    (kind, inner), = value.items() if value else (("stringValue", ""),)
    if kind == "intValue":
        return int(inner)
    if kind == "arrayValue":
        return [plain(item) for item in inner.get("values", [])]
    if kind == "kvlistValue":
        return attributes(inner.get("values", []))
    return inner


def attributes(pairs):
    return {pair["key"]: plain(pair.get("value", {})) for pair in pairs or []}


def text(value):
    """A value the way that the exporter writes it into a map of text."""
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def texts(attrs):
    return {key: text(value) for key, value in attrs.items()}


def instant(time_ns):
    """A time that DateTime64(9) takes, without a float on the way."""
    return f"{int(time_ns) // 10**9}.{int(time_ns) % 10**9:09d}"


def spans(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if not line.strip():
                continue
            for resource in json.loads(line).get("resourceSpans", []):
                of_resource = attributes(resource.get("resource", {}).get("attributes"))
                for scope in resource.get("scopeSpans", []):
                    for span in scope.get("spans", []):
                        yield of_resource, scope.get("scope", {}), span


def number(value, names, prefix):
    if isinstance(value, str):
        return [name.upper() for name in names].index(value.removeprefix(prefix))
    return int(value or 0)


def exporter(of_resource, scope, span, as_json):
    attrs = attributes(span.get("attributes"))
    convert = (lambda given: given) if as_json else texts
    events = span.get("events", [])
    start, end = int(span["startTimeUnixNano"]), int(span.get("endTimeUnixNano") or 0)
    return {
        "Timestamp": instant(start),
        "TraceId": span["traceId"],
        "SpanId": span["spanId"],
        "ParentSpanId": span.get("parentSpanId", ""),
        "SpanName": span.get("name", ""),
        "SpanKind": KINDS[number(span.get("kind"), KINDS, "SPAN_KIND_")],
        "ServiceName": text(of_resource.get("service.name", "")),
        "ResourceAttributes": convert(of_resource),
        "ScopeName": scope.get("name", ""),
        "ScopeVersion": scope.get("version", ""),
        "SpanAttributes": convert(attrs),
        "Duration": max(end - start, 0),
        "StatusCode": STATUSES[number(span.get("status", {}).get("code"), STATUSES, "STATUS_CODE_")],
        "StatusMessage": span.get("status", {}).get("message", ""),
        "Events.Timestamp": [instant(event["timeUnixNano"]) for event in events],
        "Events.Name": [event.get("name", "") for event in events],
        "Events.Attributes": [convert(attributes(event.get("attributes"))) for event in events],
    }


def signoz(of_resource, scope, span):
    attrs = attributes(span.get("attributes"))
    is_number = lambda value: isinstance(value, (int, float)) and not isinstance(value, bool)
    start, end = int(span["startTimeUnixNano"]), int(span.get("endTimeUnixNano") or 0)
    kind = number(span.get("kind"), KINDS, "SPAN_KIND_")
    status = number(span.get("status", {}).get("code"), STATUSES, "STATUS_CODE_")
    return {
        "ts_bucket_start": start // 10**9 // 1800 * 1800,
        "resource_fingerprint": text(of_resource.get("service.name", "")),
        "timestamp": instant(start),
        "trace_id": span["traceId"],
        "span_id": span["spanId"],
        "parent_span_id": span.get("parentSpanId", ""),
        "name": span.get("name", ""),
        "kind": kind,
        "kind_string": KINDS[kind],
        "duration_nano": max(end - start, 0),
        "status_code": status,
        "status_code_string": STATUSES[status],
        "attributes_string": {
            k: text(v) for k, v in attrs.items() if not is_number(v) and not isinstance(v, bool)
        },
        "attributes_number": {k: v for k, v in attrs.items() if is_number(v)},
        "attributes_bool": {k: v for k, v in attrs.items() if isinstance(v, bool)},
        "resources_string": texts(of_resource),
        "events": [
            json.dumps(
                {
                    "name": event.get("name", ""),
                    "timeUnixNano": int(event["timeUnixNano"]),
                    "attributeMap": texts(attributes(event.get("attributes"))),
                }
            )
            for event in span.get("events", [])
        ],
        "scope_name": scope.get("name", ""),
        "scope_version": scope.get("version", ""),
    }


def load(query, database, path):
    """Creates a database with a table of each layout, all of them holding the dump."""
    query(f"CREATE DATABASE IF NOT EXISTS {database}")
    rows = {name: [] for name in CREATE}
    for of_resource, scope, span in spans(path):
        rows["otel_traces"].append(exporter(of_resource, scope, span, False))
        rows["otel_traces_json"].append(exporter(of_resource, scope, span, True))
        rows["signoz_index_v3"].append(signoz(of_resource, scope, span))
    for name, created in CREATE.items():
        table = f"{database}.{name}"
        query(created.format(table))
        lines = "\n".join(json.dumps(row) for row in rows[name])
        query(f"INSERT INTO {table} FORMAT JSONEachRow\n{lines}")
    # A table that stands for others.
    query(f"CREATE VIEW {database}.otel_view AS SELECT * FROM {database}.otel_traces")
    # Tables whose spans two shards hold. A span's shard is told by its own id, so that the spans of
    # a trace lie apart.
    for table, span in SPREAD.items():
        whole, part, spread = (f"{database}.{table}{end}" for end in ("", "_part", "_spread"))
        query(f"CREATE VIEW {part} AS SELECT * FROM {whole} WHERE cityHash64({span}) % 2 = shardNum() - 1")
        query(f"CREATE TABLE {spread} AS {whole} ENGINE = Distributed(two_shards, {database}, {table}_part)")
