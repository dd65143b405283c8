"""A port for a program that is started a moment later."""

from __future__ import annotations

import random
import socket

# Below those that the system hands out to whoever connects (from 32768 on Linux, 49152 elsewhere): one of these could
# be gone before the program binds it.
CHOICE = range(12_000, 32_000)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses now, neither over TCP nor over UDP."""
    random_without_seed = random.SystemRandom()  # pytest's processes must not all try the same
    while True:
        port = random_without_seed.choice(CHOICE)
        if _is_free(port, socket.SOCK_STREAM) and _is_free(port, socket.SOCK_DGRAM):
            return port


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
