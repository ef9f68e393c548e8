"""Posts a protobuf message to the rotel collector and stores what the collector hands on.

Usage: rotel_relay.py IN OUT. Both are bare `ExportTraceServiceRequest` bytes.
"""

import gzip
import http.server
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import rotel

received = []


class Sink(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        received.append(body)
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def open_at(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


sink = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
threading.Thread(target=sink.serve_forever, daemon=True).start()
grpc, port = free_port(), free_port()
agent = os.path.join(os.path.dirname(rotel.__file__), "rotel-agent")
collector = subprocess.Popen(
    [
        agent, "start",
        "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}",
        "--otlp-http-endpoint", f"127.0.0.1:{port}",
        "--exporter", "otlp",
        "--otlp-exporter-endpoint", f"http://127.0.0.1:{sink.server_port}",
        "--otlp-exporter-protocol", "http",
    ],
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
)
try:
    for _ in range(200):
        if open_at(port):
            break
        time.sleep(0.1)
    with open(sys.argv[1], "rb") as dump:
        body = dump.read()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/traces", body, {"content-type": "application/x-protobuf"}
    )
    assert urllib.request.urlopen(request).status == 200
finally:
    # It hands on what it holds before it ends.
    collector.terminate()
    collector.wait(30)
with open(sys.argv[2], "wb") as out:
    for body in received:
        out.write(body)
