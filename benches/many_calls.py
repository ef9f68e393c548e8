"""A call table of millions of rows out of one small one with an incident: what `diagnose` costs there.

Usage: python benches/many_calls.py CALLS.PARQUET QUIET/INCIDENT TO COPIES BLOCKS OUT.PARQUET

CALLS.PARQUET is a table of `llmspan normalize`, QUIET and INCIDENT are the RFC 3339 times in it
between which traffic is normal, and TO is where its incident ends. The normal stretch is laid
BLOCKS times one behind the other, each COPIES times over itself, before the incident, COPIES times
over itself too: other ids and sessions, starts that differ by up to two seconds, and durations
that differ by up to a thousandth. The rows, row
groups and encodings are those that llmspan writes. Needs `pip install duckdb pyarrow`.
"""

import sys

import duckdb
import pyarrow.parquet as pq

SOURCE, SPAN, TO, COPIES, BLOCKS, OUT = sys.argv[1:7]
QUIET, INCIDENT = SPAN.split("/")
APART = ("trace_id", "span_id", "parent_span_id", "request_id", "response_id", "session_id")

con = duckdb.connect()
con.sql("SET threads = 2; SET TimeZone = 'UTC'")
columns = [row[0] for row in con.sql(f"DESCRIBE SELECT * FROM '{SOURCE}'").fetchall()]


def ns(time):
    return f"epoch_ns(TIMESTAMPTZ '{time}')"


def cell(name, block):
    if name in ("trace_id", "span_id", "parent_span_id"):
        width = 32 if name == "trace_id" else 16
        return f"substr(md5({name} || '-{block}-' || copy), 1, {width}) AS {name}"
    if name in ("request_id", "response_id"):
        return f"left({name}, 4) || md5({name} || '-{block}-' || copy) AS {name}"
    if name in APART:
        return f"{name} || '-{block}-' || copy AS {name}"
    if name == "start":
        return "make_timestamp_ns(start_ns) AS start"
    if name.endswith("_s"):
        # No two calls last the same: what repeats would compress as no recording does.
        return f'"{name}" * stretch AS "{name}"'
    return f'"{name}"'


def block(number, start, end, shift_ns):
    """The calls of a stretch, so many times, so much earlier; none leaves the stretch."""
    jitter = f"CAST(hash(trace_id || '-{number}-' || copy) % 4000000000 AS BIGINT) - 2000000000"
    moved = f"epoch_ns(start) + {jitter} - {ns(start)}"
    within = f"((({moved}) % span_ns + span_ns) % span_ns)"
    return con.sql(
        f"""WITH base AS (SELECT *, copy, {ns(end)} - {ns(start)} AS span_ns
              FROM '{SOURCE}', range({COPIES}) AS copies(copy)
              WHERE epoch_ns(start) >= {ns(start)} AND epoch_ns(start) < {ns(end)}),
            moved AS (SELECT *, {ns(start)} - {shift_ns} + {within} AS start_ns,
                1 + (hash(span_id || '-{number}-' || copy) % 1000003) * 1e-9 AS stretch FROM base)
            SELECT {", ".join(cell(name, number) for name in columns)}
            FROM moved ORDER BY start_ns"""
    ).to_arrow_table()


length = con.sql(f"SELECT {ns(INCIDENT)} - {ns(QUIET)}").fetchall()[0][0]
writer, rows = None, []
for number in range(int(BLOCKS) + 1):
    back = int(BLOCKS) - 1 - number
    if back >= 0:
        table = block(number, QUIET, INCIDENT, back * length)
    else:
        table = block(number, INCIDENT, TO, 0)
    if writer is None:
        coded = [name for name in table.column_names if name not in APART and name != "start"
                 and not name.endswith("_s") and not name.endswith("_ratio")]
        writer = pq.ParquetWriter(OUT, table.schema, compression="zstd", use_dictionary=coded,
                                  write_page_index=True, store_schema=False)
    rows.append(table.num_rows)
    writer.write_table(table, row_group_size=1 << 17)
writer.close()
print(sum(rows), "calls")
