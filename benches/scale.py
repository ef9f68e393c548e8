"""What the generated SQL costs a ClickHouse server: the plan that it prints, what it reads and sends.

Usage: python benches/scale.py FOLDER LLMSPAN [SPANS]

Fills FOLDER with a day of spans in a table as the collector's exporter creates it (24 million unless
said; a quarter of them LLM calls with their prompts, a quarter their HTTP requests), asks LLMSPAN
for the questions that it would send (`--dry-run`), and runs them in chDB. Needs `pip install chdb`.
"""

import subprocess
import sys
from pathlib import Path

from chdb import session

sys.path.insert(0, str(Path(__file__).parent.parent / "tests/support"))
from clickhouse_load import CREATE

FOLDER, LLMSPAN = sys.argv[1:3]
SPANS = int(sys.argv[3]) if len(sys.argv) > 3 else 24_000_000
STEP = 2_000_000
DAY_NS = 86_400 * 10**9
START_NS = 1_793_664_000 * 10**9  # 2026-11-03

# Four spans a trace: the service's own, the LLM call, its HTTP request, a database query.
FILL = """INSERT INTO otel.otel_traces SELECT
    fromUnixTimestamp64Nano(toInt64({start} + intDiv(n, 4) * {gap} + (n % 4) * 100000)) AS Timestamp,
    lower(concat(hex(sipHash64(intDiv(n, 4), 1)), hex(sipHash64(intDiv(n, 4), 2)))) AS TraceId,
    lower(hex(sipHash64(n))) AS SpanId,
    if(n % 4 = 0, '', lower(hex(sipHash64(n - if(n % 4 = 2, 1, n % 4))))) AS ParentSpanId,
    '' AS TraceState,
    ['POST /v1/answer', 'chat gpt-4o', 'POST', 'SELECT docs'][n % 4 + 1] AS SpanName,
    ['Server', 'Client', 'Client', 'Client'][n % 4 + 1] AS SpanKind,
    concat('service-', toString(intDiv(n, 4) % 20)) AS ServiceName,
    map('service.name', ServiceName, 'service.version', '1.4.2',
        'deployment.environment.name', 'production', 'telemetry.sdk.language', 'python',
        'k8s.pod.name', concat('pod-', toString(intDiv(n, 4) % 200)),
        'host.name', concat('node-', toString(intDiv(n, 4) % 50))) AS ResourceAttributes,
    ['opentelemetry.instrumentation.fastapi', 'opentelemetry.instrumentation.openai_v2',
     'opentelemetry.instrumentation.httpx', 'opentelemetry.instrumentation.psycopg'][n % 4 + 1],
    '0.60b0',
    multiIf(
        n % 4 = 0, map('http.request.method', 'POST', 'url.path', '/v1/answer',
            'http.response.status_code', '200', 'user_agent.original', 'Mozilla/5.0 (X11; Linux)'),
        n % 4 = 1, map('gen_ai.operation.name', 'chat', 'gen_ai.provider.name', 'openai',
            'gen_ai.request.model', 'gpt-4o', 'gen_ai.response.model', 'gpt-4o-2024-08-06',
            'gen_ai.response.id', concat('chatcmpl-', SpanId), 'gen_ai.request.stream', 'true',
            'gen_ai.usage.input_tokens', toString(500 + sipHash64(n, 3) % 3000),
            'gen_ai.usage.output_tokens', toString(50 + sipHash64(n, 4) % 600),
            'gen_ai.usage.cache_read.input_tokens', toString(sipHash64(n, 5) % 400),
            'gen_ai.response.time_to_first_chunk', toString(0.2 + sipHash64(n, 6) % 1000 / 1000),
            'gen_ai.response.finish_reasons', '["stop"]', 'server.address', 'api.openai.com',
            'gen_ai.input.messages', repeat(hex(sipHash64(n, 7)), 120),
            'gen_ai.output.messages', repeat(hex(sipHash64(n, 8)), 60)),
        n % 4 = 2, map('http.request.method', 'POST', 'server.address', 'api.openai.com',
            'url.full', 'https://api.openai.com/v1/chat/completions',
            'http.response.status_code', '200',
            'http.response.header.x-request-id', concat('["req_', lower(hex(sipHash64(n, 9))), '"]'),
            'http.response.header.openai-processing-ms',
            concat('["', toString(200 + sipHash64(n, 10) % 900), '"]')),
        map('db.system', 'postgresql', 'server.address', 'db.internal',
            'db.statement', concat('SELECT * FROM docs WHERE id = ', toString(n)))),
    toUInt64([3000, 2500, 2400, 30][n % 4 + 1] * 1000000 + sipHash64(n, 11) % 1000000000),
    'Unset', '', [], [], []
FROM (SELECT number AS n FROM numbers({first}, {count}))
SETTINGS max_memory_usage = 6000000000, max_threads = 1, max_insert_threads = 1"""


def fill(query):
    query("CREATE DATABASE IF NOT EXISTS otel")
    query(CREATE["otel_traces"].format("otel.otel_traces"))
    for first in range(0, SPANS, STEP):
        gap = DAY_NS // (SPANS // 4)
        count = min(STEP, SPANS - first)
        query(FILL.format(start=START_NS, gap=gap, first=first, count=count))


def questions(*arguments):
    command = [LLMSPAN, "diagnose", *arguments, "--dry-run"]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [text.strip() for text in out.split(";\n") if text.strip()][1:]


def million(number):
    return f"{number / 1e6:.2f} M"


def report(query, what, *arguments):
    print(f"\n## {what}: llmspan diagnose {' '.join(arguments)}")
    for name, question in zip(["count", "every call counted", "spans"], questions(*arguments)):
        bare = question[question.index("SELECT") : question.rindex("FORMAT")]
        plan = query(f"EXPLAIN indexes = 1, pretty = 0, compact = 0 {bare}").bytes().decode()
        kept = ("Parts:", "Granules:", "Keys:", "Condition:", "Name:", "PrimaryKey", "MinMax", "Partition", "Skip", "ReadFromMergeTree")
        for line in plan.splitlines():
            if any(word in line for word in kept):
                print(f"    {line.rstrip()[:160]}")
        # What an earlier question found out about granules would be left out of what is read.
        answer = query(f"{question} SETTINGS max_threads = 2, use_query_condition_cache = 0")
        print(
            f"{name}: {million(answer.storage_rows_read())} rows and "
            f"{million(answer.storage_bytes_read())}B of columns read, "
            f"{million(answer.rows_read())} rows in the answer, "
            f"{million(len(answer.bytes()))}B of it sent",
            flush=True,
        )


SESSION = session.Session(FOLDER)
ask = lambda text: SESSION.query(text, "TabSeparatedRaw")
there = ask("SELECT count() FROM system.tables WHERE database = 'otel'").bytes().decode().strip()
if there == "0":
    fill(ask)
print(ask(
    "SELECT sum(rows), sum(marks), formatReadableSize(sum(bytes_on_disk)), "
    "formatReadableSize(sum(data_uncompressed_bytes)), count() FROM system.parts "
    "WHERE active AND database = 'otel'"
).bytes().decode())
TABLE = "clickhouse://localhost/otel?table=otel_traces"
report(ask, "window and chosen baseline", TABLE, "--window", "2026-11-03T06:00/15m")
report(ask, "window and given baseline", TABLE, "--window", "2026-11-03T06:00/15m",
       "--baseline", "2026-11-03T04:30/60m")
report(ask, "one service", f"{TABLE}&service=service-7", "--window", "2026-11-03T06:00/15m")
report(ask, "a sample of one in ten", f"{TABLE}&sample=10", "--window", "2026-11-03T06:00/15m")
