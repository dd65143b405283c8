"""P12: writes under SQLite as the console sets it, beside Django's own defaults and PostgreSQL, in one run.

A web process with four clients, two workers whose queue is never empty, and the scheduler, all of them at once.

python -m benchmarks.sqlite_writes [--seconds 10] [--rounds 1]
"""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis

from benchmarks.cold_start import free_port
from dr_console.operations.redis_server import RedisServer, find_binary
from tests.running import ROOT, running
from tests.with_postgres import server_of_our_own

CLIENTS = 4
TASKS = 16
OURS, DEFAULTS, POSTGRES = "SQLite as the console sets it", "SQLite as Django sets it", "PostgreSQL"
MOST_SECONDS_P99 = 1.0


@dataclass
class Written:
    """How long each write took; None for one that failed."""

    web: list[float | None] = field(default_factory=list)
    tasks: list[float | None] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    results: dict[str, list[Written]] = {OURS: [], DEFAULTS: [], POSTGRES: []}
    for _ in range(options.rounds):
        for name in results:
            results[name].append(measure(name, options.seconds))
            print(_line(name, results[name][-1], options.seconds), flush=True)
    ours, peer = ([len(_done(one.tasks)) for one in results[name]] for name in (OURS, POSTGRES))
    ratio = statistics.median(mine / max(theirs, 1) for mine, theirs in zip(ours, peer, strict=True))
    p99 = max(_p99(one.web) for one in results[OURS])
    failed = sum(write is None for one in results[OURS] for write in (*one.web, *one.tasks))
    reached = [
        _say(f"failed writes: {failed} (goal: none)", failed == 0),
        _say(
            f"web write, 99th percentile: {p99:.2f} s (goal: at most {MOST_SECONDS_P99:g} s)", p99 <= MOST_SECONDS_P99
        ),
        _say(f"tasks a second, against PostgreSQL: {ratio:.2f} x (goal: at least 1 x)", ratio >= 1),
    ]
    return 0 if all(reached) else 1


def _say(what: str, reached: bool) -> bool:
    print(f"{what} {'reached' if reached else 'MISSED'}")
    return reached


def measure(name: str, seconds: float) -> Written:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dr-console-bench-")))
        environment = {
            "DJANGO_SETTINGS_MODULE": "benchmarks.writing.settings",
            "DR_DATA_DIR": str(folder),
            "PORT": str(free_port()),
            "REDIS_URL": stack.enter_context(_redis(folder)),
            "DATABASE_URL": stack.enter_context(server_of_our_own(durable=True)) if name == POSTGRES else "",
            "WRITING_AS": "django's defaults" if name == DEFAULTS else "",
        }
        python = [sys.executable, "manage.py"]
        migrate = [*python, "migrate", "--verbosity", "0"]
        subprocess.run(migrate, cwd=ROOT, env={**os.environ, **environment}, check=True)
        celery = [sys.executable, "-m", "celery", "-A", "dr_console", "worker", "-Q", "default", "-l", "WARNING"]
        for command in ([*python, "serve", "web"], [*celery, "-n", "one@%h"], [*celery, "-n", "two@%h"]):
            stack.enter_context(running(command, environment))
        stack.enter_context(running([*python, "serve", "watch"], environment))
        return _load(environment, seconds)


def _load(environment: dict[str, str], seconds: float) -> Written:
    port = int(environment["PORT"])
    _wait_for(port)
    feed = [sys.executable, "-c", FEED, str(TASKS), str(seconds)]
    subprocess.run(feed, cwd=ROOT, env={**os.environ, **environment}, check=True)
    written = Written()
    threads = [threading.Thread(target=_post, args=(port, seconds, written.web)) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(1)  # what has begun may end
    with redis.Redis.from_url(environment["REDIS_URL"]) as client:
        results = [item.decode() for item in client.lrange("writing:results", 0, -1)]
    written.tasks = [None if item == "failed" else float(item) for item in results]
    return written


FEED = """
import sys, time
import django
django.setup()
from benchmarks.writing.tasks import write_and_again
tasks, seconds = int(sys.argv[1]), float(sys.argv[2])
for number in range(tasks):
    write_and_again.delay(number, time.time() + seconds)
"""


def _post(port: int, seconds: float, took: list[float | None]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.perf_counter()
        connection.request("POST", "/write")
        response = connection.getresponse()
        response.read()
        took.append(time.perf_counter() - began if response.status == 200 else None)
    connection.close()


def _wait_for(port: int) -> None:
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request("POST", "/write")
            connection.getresponse().read()
            return
        except ConnectionRefusedError:
            time.sleep(0.05)
        finally:
            connection.close()


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    binary = find_binary()
    assert binary is not None
    server = RedisServer(binary, folder / "redis")
    server.start(output=subprocess.DEVNULL)
    server.wait_until_ready()
    try:
        yield server.url
    finally:
        server.stop()


def _done(writes: list[float | None]) -> list[float]:
    return [seconds for seconds in writes if seconds is not None]


def _p99(writes: list[float | None]) -> float:
    done = _done(writes)
    return statistics.quantiles(done, n=100)[98] if len(done) > 1 else float("inf")


def _line(name: str, written: Written, seconds: float) -> str:
    parts = []
    for what, writes in (("web", written.web), ("tasks", written.tasks)):
        failed = sum(write is None for write in writes) / max(len(writes), 1)
        parts.append(f"{what} {len(_done(writes)) / seconds:.0f}/s, {failed:.0%} failed, p99 {_p99(writes):.2f} s")
    return f"{name:31} {'; '.join(parts)}"


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
