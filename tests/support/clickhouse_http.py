"""ClickHouse's HTTP interface over chDB, as far as the tests need it.

Usage: clickhouse_http.py FOLDER [DATABASE=DUMP ...]   (prints the port that it listens on)

A POST holds a query; the parameters of the address are settings. Errors are answered the way that
the server answers them: with the code in a header and the message as text.
"""

import os
import pathlib
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from chdb import session

from clickhouse_load import load

# A cluster of two shards. The engine is inside this process and cannot listen, so that both are
# itself (the port only tells it so), each with the part of a table that its number is given.
CONFIG = pathlib.Path(sys.argv[1]).with_suffix(".xml")
SHARD = "<shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard>"
CONFIG.write_text(
    f"<clickhouse><tcp_port>9000</tcp_port><remote_servers><two_shards>{SHARD * 2}"
    "</two_shards></remote_servers></clickhouse>"
)
SESSION = session.Session(f"{sys.argv[1]}?config-file={CONFIG}")
for given in sys.argv[2:]:
    load(lambda text: SESSION.query(text), *given.split("=", 1))
LOCK = threading.Lock()
USER, PASSWORD = "reader", "right"
# What the HTTP interface takes itself, and what chDB has no use for.
NOT_SETTINGS = {"database", "query_id", "cancel_http_readonly_queries_on_client_close"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        query = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        user = self.headers.get("X-ClickHouse-User")
        if user is not None and (user, self.headers.get("X-ClickHouse-Key")) != (USER, PASSWORD):
            message = "Code: 516. DB::Exception: reader: Authentication failed. (AUTHENTICATION_FAILED)"
            return self.answer(403, message.encode(), [("X-ClickHouse-Exception-Code", "516")])
        settings = dict(parse_qsl(urlsplit(self.path).query))
        if settings.get("readonly") == "2" and not re.match(r"\s*(SELECT|DESCRIBE)\b", query):
            message = "Code: 164. DB::Exception: Cannot execute query in readonly mode. (READONLY)"
            return self.answer(500, message.encode(), [("X-ClickHouse-Exception-Code", "164")])
        given = [
            f"{name} = {value if value.isdigit() else repr(value)}"
            for name, value in settings.items()
            if name not in NOT_SETTINGS and name != "readonly"
        ]
        if given:
            query = f"{query} SETTINGS {', '.join(given)}"
        try:
            with LOCK:
                body = SESSION.query(query, "TabSeparated").bytes()
        except Exception as error:  # chDB raises the engine's own message
            message = str(error)
            found = re.search(r"Code: (\d+)", message)
            code = found.group(1) if found else "1001"
            return self.answer(
                404 if code in ("60", "81") else 500,
                message.encode(),
                [("X-ClickHouse-Exception-Code", code)],
            )
        return self.answer(200, body, [("X-ClickHouse-Format", "Parquet")])


SERVER = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=SERVER.serve_forever, daemon=True).start()
print(SERVER.server_address[1], flush=True)
# It lives as long as its standard input is open.
sys.stdin.read()
os._exit(0)
