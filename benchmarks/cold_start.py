"""P11: from one command on an empty folder to the first page, beside importing Django and migrating in one process.

python -m benchmarks.cold_start [--rounds 5] [--idle 20]
"""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.running import ROOT, Running, is_alive

FLOOR = """
import django
from django.core.management import call_command

django.setup()
call_command("migrate", verbosity=0)
"""
MOST_RATIO, MOST_COLD, MOST_WARM, MOST_MEGABYTES = 1.6, 3.0, 2.0, 200


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--idle", type=float, default=20, help="seconds to wait before memory is measured")
    options = parser.parse_args()
    floors, colds, warms = [], [], []
    memory = 0.0
    for round_ in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="dr-console-bench-") as folder:
            floors.append(floor(Path(folder) / "floor"))
            colds.append(first_page(Path(folder) / "console")[0])
            seconds, megabytes = first_page(Path(folder) / "console", idle=options.idle if round_ == 0 else 0)
            warms.append(seconds)
            memory = max(memory, megabytes)
        print(
            f"round {round_ + 1}: floor {floors[-1]:.2f} s, cold {colds[-1]:.2f} s, warm {warms[-1]:.2f} s", flush=True
        )
    ratio = statistics.median(colds) / statistics.median(floors)
    print(f"floor (import Django, migrate) {statistics.median(floors):.2f} s")
    reached = [
        _say("cold start", statistics.median(colds), MOST_COLD, "s"),
        _say("cold start / floor", ratio, MOST_RATIO, "x"),
        _say("warm start", statistics.median(warms), MOST_WARM, "s"),
        _say("idle memory, all processes (PSS)", memory, MOST_MEGABYTES, "MB"),
    ]
    return 0 if all(reached) else 1


def _say(what: str, measured: float, goal: float, unit: str) -> bool:
    print(
        f"{what}: {measured:.2f} {unit} (goal: at most {goal:g} {unit}) {'reached' if measured <= goal else 'MISSED'}"
    )
    return measured <= goal


def floor(folder: Path) -> float:
    """What no Django project can do without: import everything that is installed, and make the tables."""
    folder.mkdir()
    began = time.perf_counter()
    environment = _environment(folder) | {"DJANGO_SETTINGS_MODULE": "dr_console.settings"}
    subprocess.run([sys.executable, "-c", FLOOR], cwd=ROOT, env=environment, check=True)
    return time.perf_counter() - began


def first_page(folder: Path, *, idle: float = 0) -> tuple[float, float]:
    """Seconds from the command to a first page of status 200, and megabytes once it has been idle for a while."""
    port = free_port()
    began = time.perf_counter()
    # Nothing asks the pretend clouds here, but all their ports are open.
    names = ("DR_SANDBOX_PORT", "DR_SANDBOX_DNS_PORT", "DR_SANDBOX_SMTP_PORT")
    ports = {"PORT": str(port), **{name: str(free_port()) for name in names}}
    console = Running([sys.executable, "manage.py", "up"], _environment(folder) | ports)
    try:
        _get_first_page(port, console)
        seconds = time.perf_counter() - began
        console.wait_for("sandbox started")
        time.sleep(idle)
        return seconds, _megabytes({console.process.pid, *console.descendants()})
    finally:
        console.signal(signal.SIGTERM).wait(15)


def _get_first_page(port: int, console: Running) -> None:
    while True:
        assert is_alive(console.process.pid), console.printed
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request("GET", "/accounts/login/")
            response = connection.getresponse()
            assert response.status == 200, f"{response.status}\n{console.printed}"
            response.read()
            return
        except ConnectionRefusedError:
            time.sleep(0.005)
        finally:
            connection.close()


def _megabytes(pids: set[int]) -> float:
    """Proportional set size: what several processes share is counted once."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "DR_DATA_DIR": str(folder)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
