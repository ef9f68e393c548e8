"""A clickhouse-server on the loopback that lives as long as its standard input is open.

Usage: clickhouse_server.py FOLDER   (prints the port of its HTTP interface)
"""

import pathlib
import socket
import subprocess
import sys
import time

FOLDER = pathlib.Path(sys.argv[1])
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    PORT = free.getsockname()[1]
(FOLDER / "config.xml").write_text(
    f"""<yandex>
  <logger><level>error</level><log>{FOLDER}/log</log><errorlog>{FOLDER}/err</errorlog></logger>
  <http_port>{PORT}</http_port><listen_host>127.0.0.1</listen_host>
  <path>{FOLDER}/data/</path><tmp_path>{FOLDER}/tmp/</tmp_path>
  <users_config>{FOLDER}/users.xml</users_config>
  <default_profile>default</default_profile><default_database>default</default_database>
  <mark_cache_size>5368709</mark_cache_size>
</yandex>"""
)
(FOLDER / "users.xml").write_text(
    """<yandex>
  <profiles><default/></profiles><quotas><default/></quotas>
  <users><reader>
    <password>right</password><networks><ip>127.0.0.1</ip></networks>
    <profile>default</profile><quota>default</quota>
  </reader></users>
</yandex>"""
)
SERVER = subprocess.Popen(
    ["clickhouse-server", f"--config-file={FOLDER}/config.xml"],
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
)
try:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", PORT)) == 0:
                break
        time.sleep(0.1)
    print(PORT, flush=True)
    sys.stdin.read()
finally:
    SERVER.terminate()
    SERVER.wait()
