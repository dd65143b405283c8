"""What the chaos of paging stands on: Redis, the sandbox, a database behind a line that can be cut, pagers to kill."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from dr_console.operations.redis_server import RedisServer
from tests.chaos.stage import Options as StageOptions
from tests.chaos.stage import database_of_our_own, migrate, redis_of, signalled, started
from tests.ports import free_port
from tests.sandboxed import Sandbox, running_sandbox


@dataclass
class Line:
    """A way to a server that can be cut: whoever is connected loses it, and nobody gets through until it is mended."""

    host: str
    port: int
    own_port: int = field(default_factory=free_port)
    is_cut: bool = False
    _open: set[socket.socket] = field(default_factory=set)

    @contextmanager
    def laid(self) -> Iterator[None]:
        with closing(socket.create_server(("127.0.0.1", self.own_port))) as listener:
            threading.Thread(target=self._take, args=(listener,), daemon=True).start()
            yield
            self.cut()

    def cut(self) -> None:
        self.is_cut = True
        for end in list(self._open):
            _close(end)
        self._open.clear()

    def mend(self) -> None:
        self.is_cut = False

    def _take(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                here, _address = listener.accept()
                if self.is_cut:
                    _close(here)
                    continue
                there = socket.create_connection((self.host, self.port))
                self._open |= {here, there}
                for ends in ((here, there), (there, here)):
                    threading.Thread(target=_pass_on, args=ends, daemon=True).start()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while read := one.recv(65536):
            other.sendall(read)
    _close(one)
    _close(other)


def _close(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@dataclass
class Stage:
    """`line`: to the database; None where it is a file."""

    sandbox: Sandbox
    redis: RedisServer
    nursery: subprocess.Popen[str]
    log: Path
    line: Line | None
    pagers: set[int] = field(default_factory=set)

    def hire(self, ahead: float = 0.0) -> int:
        """One pager more, whose clock is so many seconds ahead."""
        assert self.nursery.stdin is not None
        assert self.nursery.stdout is not None
        self.nursery.stdin.write(f"{ahead}\n")
        self.nursery.stdin.flush()
        pid = int(self.nursery.stdout.readline())
        self.pagers.add(pid)
        return pid

    def kill(self, pid: int) -> None:
        signalled(pid, signal.SIGKILL)
        self.pagers.discard(pid)


@contextmanager
def staged(folder: Path, database: str) -> Iterator[Stage]:
    """Started, with the settings of this process leading there; nothing of it is left when the block ends."""
    with ExitStack() as stack:
        redis = redis_of(StageOptions(folder))
        stack.callback(redis.stop)
        smtp = free_port()
        sandbox = stack.enter_context(running_sandbox("--speed", "1", "--smtp-port", str(smtp)))
        line = None
        if database:
            database = stack.enter_context(database_of_our_own(database))
            line = Line(urlsplit(database).hostname or "", urlsplit(database).port or 5432)
            stack.enter_context(line.laid())
        # This process keeps the straight way: what it reads must not be cut.
        os.environ.update(_environment(folder, redis.url, sandbox, smtp, database))
        migrate()
        through = {"DATABASE_URL": _through(database, line)} if line else {}
        log = stack.enter_context((folder / "pagers.log").open("w"))
        os.environ.update(through)
        nursery = started(stack, ["-m", "tests.chaos.pagers"], log)
        os.environ.update({"DATABASE_URL": database} if database else {})
        assert nursery.stdout is not None
        while nursery.stdout.readline().strip() != "ready":
            assert nursery.poll() is None, (folder / "pagers.log").read_text()
        stage = Stage(sandbox, redis, nursery, folder / "pagers.log", line)
        stack.callback(lambda: [signalled(pid, signal.SIGKILL) for pid in stage.pagers])
        yield stage


def _through(database: str, line: Line) -> str:
    return re.sub(r"@[^/]+/", f"@127.0.0.1:{line.own_port}/", database)


def _environment(folder: Path, redis: str, sandbox: Sandbox, smtp: int, database: str) -> dict[str, str]:
    (folder / "var").mkdir()
    return {
        "DJANGO_SETTINGS_MODULE": "dr_console.settings",
        "DR_DATA_DIR": str(folder / "var"),
        "DR_MODE": "sandbox",
        "DR_LOG_LEVEL": "WARNING",
        "DR_SANDBOX_PORT": sandbox.url.rpartition(":")[2],
        "DR_SANDBOX_SMTP_PORT": str(smtp),
        "REDIS_URL": redis,
        **({"DATABASE_URL": database} if database else {}),
    }
