"""Runs llmspan and what a user would reach for instead on the same dumps, interleaved.

    python3 -m venv venv && venv/bin/pip install duckdb chdb polars
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


def duckdb_sql(file, of):
    return (
        f"SELECT epoch_ns({of['start']}) // 60000000000 AS minute, {of['model']} AS model, "
        f"count(*) AS calls, sum({of['input']}) AS input, sum({of['cached']}) AS cached, "
        f"quantile_cont({of['ttft']}, [0.5, 0.95, 0.99]) AS ttft "
        f"FROM read_parquet('{file}') WHERE {of['calls']} GROUP BY ALL"
    )


def by_duckdb(file, layout):
    import duckdb

    cast = "TRY_CAST({} AS {})".format
    of = FLAT if layout == "flat" else of_map(cast, "DOUBLE")
    return [row[:5] for row in duckdb.connect().execute(duckdb_sql(file, of)).fetchall()]


def by_chdb(file, layout):
    import chdb

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


def of_table(file):
    """The same aggregates out of the table that llmspan wrote."""
    import duckdb

    sql = (
        "SELECT epoch_ns(start) // 60000000000, request_model, count(*), sum(input_tokens), "
        f"sum(cache_read_tokens) FROM read_parquet('{file}') GROUP BY ALL"
    )
    return duckdb.connect().execute(sql).fetchall()


ENGINES = {"DuckDB": by_duckdb, "chDB": by_chdb, "polars": by_polars}
INPUTS = {
    "flat.parquet": ("flat", ["DuckDB", "chDB", "polars"]),
    "clickhouse.parquet": ("clickhouse", ["DuckDB", "chDB"]),
    "spans.pb": (None, []),
    "spans.ndjson": (None, []),
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
    mine = plain(of_table(table))
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
                notes.append(f"`{name}`: {agreeing} engines agree with llmspan in {groups} groups")
    print("\n" + "; ".join(notes) + ".")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--engine"]:
        engine, layout, file = sys.argv[2:]
        print(json.dumps(ENGINES[engine](file, layout)))
    else:
        main()
