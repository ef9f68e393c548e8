"""Azurite that lives as long as its standard input is open, filled with the files that are named.

Usage: azurite_blob.py AZURITE CONTAINER [KEY=FILE ...]   (prints the port that it listens on)
"""

import base64
import hashlib
import hmac
import subprocess
import sys
import tempfile
import urllib.request
from email.utils import formatdate

from loopback import free_port, wait_for

ACCOUNT = "devstoreaccount1"
# Azurite's published account key.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def put(port, path, query="", body=b"", headers=()):
    sent = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-12-02", **dict(headers)}
    of_store = "".join(f"{name}:{sent[name]}\n" for name in sorted(sent))
    length = str(len(body)) if body else ""
    kind = "application/octet-stream"
    resource = f"/{ACCOUNT}/{ACCOUNT}/{path}"
    for pair in sorted(filter(None, query.split("&"))):
        resource += "\n" + pair.replace("=", ":")
    text = f"PUT\n\n\n{length}\n\n{kind}\n\n\n\n\n\n\n{of_store}{resource}"
    digest = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
    sent["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"
    sent["Content-Type"] = kind
    address = f"http://127.0.0.1:{port}/{ACCOUNT}/{path}" + (f"?{query}" if query else "")
    urllib.request.urlopen(urllib.request.Request(address, body, sent, method="PUT")).read()


PORT = free_port()
FOLDER = tempfile.TemporaryDirectory()
SERVER = subprocess.Popen(
    [sys.argv[1], "--blobHost", "127.0.0.1", "--blobPort", str(PORT), "--location", FOLDER.name,
     "--skipApiVersionCheck", "--silent", "--disableTelemetry"],
    stdout=subprocess.DEVNULL,
)
try:
    wait_for(PORT)
    put(PORT, sys.argv[2], "restype=container")
    for given in sys.argv[3:]:
        key, path = given.rsplit("=", 1)
        with open(path, "rb") as file:
            put(PORT, f"{sys.argv[2]}/{key}", "", file.read(), {"x-ms-blob-type": "BlockBlob"})
    print(PORT, flush=True)
    sys.stdin.read()
finally:
    SERVER.terminate()
    SERVER.wait()
    FOLDER.cleanup()
