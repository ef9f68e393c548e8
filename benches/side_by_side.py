"""Runs llmspan and what a user would reach for instead on the same dumps, interleaved.

    python3 -m venv venv && venv/bin/pip install duckdb chdb polars orjson opentelemetry-proto
    cargo build --release
    cargo bench --bench dumps -- --spans 100000 --out DIR
    venv/bin/python benches/side_by_side.py DIR [--rounds 5] [--llmspan target/release/llmspan]

The task: LLM calls by minute and model, with their count, input and cached tokens, and quantiles
of TTFT. llmspan's side is the whole of `llmspan normalize` and `llmspan diagnose`, which do more
than the task; its aggregates are then taken from the table that it wrote. CPU is user and system
time of the child process, its start included: the least of the rounds counts, and the most of
memory. The run fails where counts or token sums of any group differ; quantiles are not compared,
as every engine interpolates them its own way.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

FLAT = {
    "start": "start_time",
    "model": '"attributes.gen_ai.request.model"',
    "input": '"attributes.gen_ai.usage.input_tokens"',
    "cached": '"attributes.gen_ai.usage.cache_read.input_tokens"',
    "ttft": '"attributes.gen_ai.response.time_to_first_chunk"',
    "calls": '"attributes.gen_ai.operation.name" = \'chat\'',
}


def of_map(cast, float_type):
    """The same figures out of the ClickHouse exporter's map of attributes."""
    at = "SpanAttributes['{}']".format
    return {
        "start": "Timestamp",
        "model": at("gen_ai.request.model"),
        "input": cast(at("gen_ai.usage.input_tokens"), "BIGINT"),
        "cached": cast(at("gen_ai.usage.cache_read.input_tokens"), "BIGINT"),
        "ttft": cast(at("gen_ai.response.time_to_first_chunk"), float_type),
        "calls": at("gen_ai.operation.name") + " = 'chat'",
    }


ATTRIBUTES = {
    "model": "gen_ai.request.model",
    "input": "gen_ai.usage.input_tokens",
    "cached": "gen_ai.usage.cache_read.input_tokens",
    "ttft": "gen_ai.response.time_to_first_chunk",
    "operation": "gen_ai.operation.name",
}


def duckdb_lines_sql(file):
    """OTLP JSON lines: the needed members are named, so that the others are skipped."""
    value = "STRUCT(stringValue VARCHAR, intValue VARCHAR, doubleValue DOUBLE)"
    span = f"STRUCT(startTimeUnixNano VARCHAR, attributes STRUCT(key VARCHAR, value {value})[])"
    groups = f"STRUCT(scopeSpans STRUCT(spans {span}[])[])[]"

    def at(name, member):
        return f"list_filter(s.attributes, lambda a: a.key = '{ATTRIBUTES[name]}')[1].value.{member}"

    return (
        f"WITH r AS (SELECT unnest(resourceSpans) AS r FROM read_json('{file}', "
        f"format = 'newline_delimited', maximum_object_size = 100000000, "
        f"columns = {{resourceSpans: '{groups}'}})), "
        "c AS (SELECT unnest(r.scopeSpans) AS c FROM r), "
        "s AS (SELECT unnest(c.spans) AS s FROM c), "
        f"f AS (SELECT s.startTimeUnixNano::BIGINT AS start, {at('model', 'stringValue')} AS model, "
        f"{at('input', 'intValue')}::BIGINT AS input, {at('cached', 'intValue')}::BIGINT AS cached, "
        f"{at('ttft', 'doubleValue')} AS ttft, {at('operation', 'stringValue')} AS operation FROM s) "
        "SELECT start // 60000000000 AS minute, model, count(*), sum(input), sum(cached), "
        "quantile_cont(ttft, [0.5, 0.95, 0.99]) FROM f WHERE operation = 'chat' GROUP BY ALL"
    )


def duckdb_sql(file, of):
    return (
        f"SELECT epoch_ns({of['start']}) // 60000000000 AS minute, {of['model']} AS model, "
        f"count(*) AS calls, sum({of['input']}) AS input, sum({of['cached']}) AS cached, "
        f"quantile_cont({of['ttft']}, [0.5, 0.95, 0.99]) AS ttft "
        f"FROM read_parquet('{file}') WHERE {of['calls']} GROUP BY ALL"
    )


def by_duckdb(file, layout):
    import duckdb

    if layout == "lines":
        return [row[:5] for row in duckdb.connect().execute(duckdb_lines_sql(file)).fetchall()]
    cast = "TRY_CAST({} AS {})".format
    of = FLAT if layout == "flat" else of_map(cast, "DOUBLE")
    return [row[:5] for row in duckdb.connect().execute(duckdb_sql(file, of)).fetchall()]


def chdb_lines_sql(file):
    value = "Tuple(stringValue Nullable(String), intValue Nullable(String), doubleValue Nullable(Float64))"
    span = f"Tuple(startTimeUnixNano String, attributes Array(Tuple(key String, value {value})))"
    groups = f"resourceSpans Array(Tuple(scopeSpans Array(Tuple(spans Array({span})))))"

    def at(name, member):
        return f"arrayFirst(a -> a.1 = '{ATTRIBUTES[name]}', s.2).2.{member}"

    return (
        f"SELECT intDiv(toInt64(s.1), 60000000000) AS minute, {at('model', 1)} AS model, count() AS calls, "
        f"sum(toInt64({at('input', 2)})) AS input, sum(toInt64({at('cached', 2)})) AS cached, "
        f"quantilesExact(0.5, 0.95, 0.99)({at('ttft', 3)}) AS ttft FROM "
        "(SELECT arrayJoin(arrayJoin(arrayJoin(resourceSpans).1).1) AS s "
        f"FROM file('{file}', JSONEachRow, '{groups}')) "
        f"WHERE {at('operation', 1)} = 'chat' GROUP BY minute, model "
        "SETTINGS input_format_skip_unknown_fields = 1, "
        "input_format_json_ignore_unknown_keys_in_named_tuple = 1, "
        "input_format_json_defaults_for_missing_elements_in_named_tuple = 1"
    )


def by_chdb(file, layout):
    import chdb

    if layout == "lines":
        lines = str(chdb.query(chdb_lines_sql(file), "JSONCompactEachRow")).splitlines()
        return [json.loads(line)[:5] for line in lines]

    def cast(text, kind):
        return f"to{'Int64' if kind == 'BIGINT' else 'Float64'}OrZero({text})"

    of = FLAT if layout == "flat" else of_map(cast, "DOUBLE")
    sql = (
        f"SELECT intDiv(toUnixTimestamp64Nano({of['start']}), 60000000000) AS minute, "
        f"{of['model']} AS model, count() AS calls, sum({of['input']}) AS input, "
        f"sum({of['cached']}) AS cached, quantilesExact(0.5, 0.95, 0.99)({of['ttft']}) AS ttft "
        f"FROM file('{file}', Parquet) WHERE {of['calls']} GROUP BY minute, model"
    )
    lines = str(chdb.query(sql, "JSONCompactEachRow")).splitlines()
    return [json.loads(line)[:5] for line in lines]


def by_polars(file, layout):
    import polars as pl

    if layout != "flat":
        raise SystemExit("polars is run on flat columns only")
    plain = {name: column.strip('"') for name, column in FLAT.items()}
    ttft = pl.col(plain["ttft"])
    frame = (
        pl.scan_parquet(file)
        .filter(pl.col("attributes.gen_ai.operation.name") == "chat")
        .group_by(
            (pl.col(plain["start"]).dt.epoch("ns") // 60_000_000_000).alias("minute"),
            pl.col(plain["model"]).alias("model"),
        )
        .agg(
            pl.len(),
            pl.col(plain["input"]).sum().alias("input"),
            pl.col(plain["cached"]).sum().alias("cached"),
            *[ttft.quantile(q).alias(f"p{q}") for q in (0.5, 0.95, 0.99)],
        )
        .collect()
    )
    return [row[:5] for row in frame.rows()]


def grouped(calls):
    """Groups of (start in ns, model, input, cached, ttft), as plain Python does it."""
    groups = {}
    for start, model, input_tokens, cached, ttft in calls:
        group = groups.setdefault((start // 60_000_000_000, model), [0, 0, 0, []])
        group[0] += 1
        group[1] += input_tokens
        group[2] += cached
        group[3].append(ttft)
    for group in groups.values():
        ttft = sorted(group[3])
        group[3] = [ttft[min(len(ttft) - 1, int(q * len(ttft)))] for q in (0.5, 0.95, 0.99)]
    return [[minute, model, *group[:3]] for (minute, model), group in groups.items()]


def by_orjson(file, layout):
    import orjson

    def calls():
        with open(file, "rb") as lines:
            for line in lines:
                for resource in orjson.loads(line)["resourceSpans"]:
                    for scope in resource["scopeSpans"]:
                        for span in scope["spans"]:
                            of = {item["key"]: item["value"] for item in span["attributes"]}
                            operation = of.get(ATTRIBUTES["operation"])
                            if operation is None or operation.get("stringValue") != "chat":
                                continue
                            yield (
                                int(span["startTimeUnixNano"]),
                                of[ATTRIBUTES["model"]]["stringValue"],
                                int(of[ATTRIBUTES["input"]]["intValue"]),
                                int(of[ATTRIBUTES["cached"]]["intValue"]),
                                of[ATTRIBUTES["ttft"]]["doubleValue"],
                            )

    return grouped(calls())


def messages(data):
    """The resource groups of concatenated export requests: field 1, length-delimited."""
    at, end = 0, len(data)
    while at < end:
        at += 1
        length = shift = 0
        while True:
            byte = data[at]
            at += 1
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        yield data[at : at + length]
        at += length


def by_python(file, layout):
    """The official protobuf runtime (upb, in C) and plain Python."""
    from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

    def calls():
        for message in messages(memoryview(pathlib.Path(file).read_bytes())):
            for scope in ResourceSpans.FromString(bytes(message)).scope_spans:
                for span in scope.spans:
                    of = {item.key: item.value for item in span.attributes}
                    operation = of.get(ATTRIBUTES["operation"])
                    if operation is None or operation.string_value != "chat":
                        continue
                    yield (
                        span.start_time_unix_nano,
                        of[ATTRIBUTES["model"]].string_value,
                        of[ATTRIBUTES["input"]].int_value,
                        of[ATTRIBUTES["cached"]].int_value,
                        of[ATTRIBUTES["ttft"]].double_value,
                    )

    return grouped(calls())


def of_table(file, layout):
    """The same aggregates out of the table that llmspan wrote."""
    import duckdb

    sql = (
        "SELECT epoch_ns(start) // 60000000000, request_model, count(*), sum(input_tokens), "
        f"sum(cache_read_tokens) FROM read_parquet('{file}') GROUP BY ALL"
    )
    return duckdb.connect().execute(sql).fetchall()


ENGINES = {
    "DuckDB": by_duckdb,
    "chDB": by_chdb,
    "polars": by_polars,
    "orjson": by_orjson,
    "Python protobuf": by_python,
    # In a child as well: a parent that grew would lend its size to the children's peaks.
    "table": of_table,
}
INPUTS = {
    "flat.parquet": ("flat", ["DuckDB", "chDB", "polars"]),
    "clickhouse.parquet": ("clickhouse", ["DuckDB", "chDB"]),
    "spans.pb": ("protobuf", ["Python protobuf"]),
    "spans.ndjson": ("lines", ["DuckDB", "chDB", "orjson"]),
}


def plain(rows):
    """Groups with their integers, in one order and as text."""
    return sorted(tuple(str(int(v)) if i != 1 else v for i, v in enumerate(row)) for row in rows)


def run(command, out):
    """One child: its output, its CPU seconds, and its peak of memory in MB."""
    with open(out, "wb") as sink:
        child = subprocess.Popen(command, stdout=sink)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{command[0]} ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000


def commands(llmspan, file, table, layout, engines):
    yield "llmspan normalize", [llmspan, "normalize", str(file), "-o", str(table)]
    yield "llmspan diagnose", [llmspan, "diagnose", str(file)]
    for engine in engines:
        yield engine, [sys.executable, __file__, "--engine", engine, layout, str(file)]


def measure(options, folder, name):
    layout, engines = INPUTS[name]
    table, out = folder / "calls.parquet", folder / "out"
    best, aggregates = {}, {}
    for _ in range(options.rounds):
        every = commands(options.llmspan, options.dumps / name, table, layout, engines)
        for who, command in every:
            cpu, peak = run(command, out)
            had = best.get(who, (cpu, peak))
            best[who] = (min(cpu, had[0]), max(peak, had[1]))
            if who in ENGINES:
                aggregates[who] = plain(json.loads(out.read_text()))
    run([sys.executable, __file__, "--engine", "table", "", str(table)], out)
    mine = plain(json.loads(out.read_text()))
    for who, theirs in aggregates.items():
        if theirs != mine:
            raise SystemExit(f"{name}: the aggregates of {who} differ from llmspan's")
    return best, len(aggregates), len(mine)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dumps", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--llmspan", default="target/release/llmspan")
    options = parser.parse_args()
    print("| input | who | CPU, s | peak, MB |\n|---|---|---|---|")
    notes = []
    with tempfile.TemporaryDirectory() as folder:
        for name in INPUTS:
            best, agreeing, groups = measure(options, pathlib.Path(folder), name)
            for who, (cpu, peak) in best.items():
                print(f"| `{name}` | {who} | {cpu:.2f} | {peak:.0f} |", flush=True)
            if agreeing:
                notes.append(f"`{name}`: {agreeing} agree with llmspan in all {groups} groups")
    print("\n" + "; ".join(notes) + ".")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--engine"]:
        engine, layout, file = sys.argv[2:]
        print(json.dumps(ENGINES[engine](file, layout)))
    else:
        main()
