"""A port for a program that is started a moment later."""

from __future__ import annotations

import os
import random
import socket

# Below those that the system hands out to whoever connects (from 32768 on Linux, 49152 elsewhere): one of these could
# be gone before the program binds it.
FIRST, OF_ONE_PROCESS = 12_000, 2_500
PROCESSES = 8
_given: set[int] = set()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses now, neither over TCP nor over UDP, and that was not given before.

    Each of pytest's processes has its own range: none can take what another is about to use.
    """
    first = FIRST + OF_ONE_PROCESS * (_process() % PROCESSES)
    random_without_seed = random.SystemRandom()
    while True:
        port = random_without_seed.randrange(first, first + OF_ONE_PROCESS)
        if port not in _given and _is_free(port, socket.SOCK_STREAM) and _is_free(port, socket.SOCK_DGRAM):
            _given.add(port)
            return port


def _process() -> int:
    """The number of this process of pytest-xdist: gw1 is 1; without it, the last."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", f"gw{PROCESSES - 1}").removeprefix("gw"))


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
