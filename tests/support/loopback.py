"""What servers that tests start on the loopback share: a free port, and the wait until it answers.

rotel_relay.py has its own: it is run as text, without this folder beside it.
"""

import socket
import time


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(port, seconds=30):
    end = time.monotonic() + seconds
    while not answers(port) and time.monotonic() < end:
        time.sleep(0.1)
