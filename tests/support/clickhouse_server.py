"""A clickhouse-server on the loopback that lives as long as its standard input is open.

Usage: clickhouse_server.py FOLDER   (prints the port of its HTTP interface)
"""

import pathlib
import subprocess
import sys

from loopback import free_port, wait_for

FOLDER = pathlib.Path(sys.argv[1])
PORT = free_port()
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
    wait_for(PORT)
    print(PORT, flush=True)
    sys.stdin.read()
finally:
    SERVER.terminate()
    SERVER.wait()
