"""Everything that a chaos test stands on, in a folder: Redis, the pretend vendor, a database, and workers to kill."""

from __future__ import annotations

import json
import os
import random
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.request import urlopen

import psycopg

from dr_console.operations.redis_server import RedisServer, die_with_parent, find_binary


@dataclass
class Options:
    """`faults`: the share of changes at the vendor that go wrong. `lag`: how far readers there are behind, seconds.

    `lease`: of steps, in seconds: short, so that little time passes until one that was frozen is over.
    """

    folder: Path
    seed: int = 1
    faults: float = 0.2
    lag: float = 0.3
    lease: int = 2
    mutation: str = ""
    database: str = ""


@dataclass
class Stage:
    options: Options
    redis: RedisServer
    cloud: str
    nursery: subprocess.Popen[str]
    workers: set[int] = field(default_factory=set)
    killed: dict[int, float] = field(default_factory=dict)
    frozen: dict[int, list[tuple[float, float]]] = field(default_factory=dict)

    def hire(self) -> int:
        """One worker more."""
        assert self.nursery.stdin is not None
        assert self.nursery.stdout is not None
        self.nursery.stdin.write("one\n")
        self.nursery.stdin.flush()
        pid = int(self.nursery.stdout.readline())
        self.workers.add(pid)
        return pid

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        self.killed[pid] = time.time()
        self.workers.discard(pid)

    def freeze(self, pid: int, seconds: float) -> None:
        """Stop it for longer than a lease, and let it go on in the belief that nothing has happened."""
        os.kill(pid, signal.SIGSTOP)
        began = time.time()

        def thaw() -> None:
            if pid not in self.killed:
                self.frozen.setdefault(pid, []).append((began, time.time()))
                signalled(pid, signal.SIGCONT)

        threading.Timer(seconds, thaw).start()

    def truth(self) -> Any:
        with urlopen(f"{self.cloud}/truth", timeout=10) as answer:
            return json.load(answer)

    def log(self) -> list[dict[str, Any]]:
        """Everything that was asked of the vendor to change, in order."""
        return [json.loads(line) for line in (self.options.folder / "cloud.log").read_text().splitlines()]


def signalled(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


@contextmanager
def staged(options: Options) -> Iterator[Stage]:
    """Started, with the settings of this process leading there; nothing of it is left when the block ends."""
    with ExitStack() as stack:
        redis = redis_of(options)
        stack.callback(redis.stop)
        cloud = started(stack, ["-m", "tests.chaos.cloud", "--log", str(options.folder / "cloud.log"),
                                 "--seed", str(options.seed), "--faults", str(options.faults),
                                 "--lag", str(options.lag)], subprocess.DEVNULL)  # fmt: skip
        assert cloud.stdout is not None
        address = cloud.stdout.readline().strip()
        if options.database:
            options.database = stack.enter_context(database_of_our_own(options.database))
        os.environ.update(environment(options, redis.url, address))
        migrate()
        log = stack.enter_context((options.folder / "workers.log").open("w"))
        nursery = started(stack, ["-m", "tests.chaos.nursery"], log)
        assert nursery.stdout is not None
        while nursery.stdout.readline().strip() != "ready":
            assert nursery.poll() is None, (options.folder / "workers.log").read_text()
        stage = Stage(options, redis, address, nursery)
        stack.callback(lambda: [signalled(pid, signal.SIGKILL) for pid in stage.workers])
        yield stage


def environment(options: Options, redis: str, cloud: str) -> dict[str, str]:
    (options.folder / "var").mkdir(exist_ok=True)
    (options.folder / "crashes").mkdir(exist_ok=True)
    return {
        "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
        "DR_DATA_DIR": str(options.folder / "var"),
        "DR_MODE": "sandbox",
        "DR_LEASE_SECONDS": str(options.lease),
        "DR_LOG_LEVEL": "WARNING",
        "REDIS_URL": redis,
        "CHAOS_CLOUD": cloud,
        "CHAOS_SETTLE": str(options.lag + 0.3),
        "CHAOS_CRASHES": str(options.folder / "crashes"),
        "CHAOS_MUTATION": options.mutation,
        **({"DATABASE_URL": options.database} if options.database else {}),
    }


def redis_of(options: Options) -> RedisServer:
    binary = find_binary()
    assert binary is not None
    redis = RedisServer(binary, options.folder / "redis")
    redis.start(output=subprocess.DEVNULL)
    redis.wait_until_ready()
    return redis


@contextmanager
def database_of_our_own(server: str) -> Iterator[str]:
    """On the PostgreSQL of that address: a database that is gone when the block ends."""
    name = f"chaos_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield f"{server.rpartition('/')[0]}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def migrate() -> None:
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0", "--skip-checks"], check=True)


def started(stack: ExitStack, command: list[str], errors: int | IO[str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        preexec_fn=die_with_parent(),
    )
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process


def luck(seed: int, of: str) -> random.Random:
    return random.Random(f"{seed}:{of}")
