"""The Redis that the console starts where there is none."""

from __future__ import annotations

import socket
from pathlib import Path

from dr_console.operations.redis_server import RedisServer


def test_it_answers_to_its_password_only(redis_server: RedisServer) -> None:
    assert redis_server.answers()
    with socket.create_connection(("127.0.0.1", redis_server.port), timeout=2) as wire:
        wire.sendall(b"PING\r\n")
        assert wire.recv(64).startswith(b"-NOAUTH")


def test_its_password_is_not_in_the_list_of_processes(redis_server: RedisServer) -> None:
    assert redis_server.process is not None
    command = Path(f"/proc/{redis_server.process.pid}/cmdline")
    if command.exists():
        assert redis_server.password not in command.read_text()
