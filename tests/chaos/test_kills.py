"""Workers are killed and frozen in mid-run, Redis too: every run ends the same, and nothing is done twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.running import ROOT

pytestmark = pytest.mark.processes
# Of PostgreSQL when the suite runs on it, else nothing, and it is SQLite.
DATABASE = os.environ.get("DATABASE_URL", "") if os.environ.get("DATABASE_URL", "").startswith("postgres") else ""


def loop(*options: str) -> Any:
    """What `python -m tests.chaos.loop` reports."""
    return report_of("tests.chaos.loop", *options, *(["--database", DATABASE] if DATABASE else []))


def report_of(module: str, *options: str) -> Any:
    """The JSON that a program prints."""
    command = [sys.executable, "-m", module, *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DR_")}
    environment.pop("DATABASE_URL", None)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)
    assert done.stdout.strip(), done.stderr
    print(done.stdout)
    return json.loads(done.stdout)


def test_a_hundred_kills_and_nothing_is_done_twice():
    report = loop("--kills", "100", "--freezes", "10", "--seed", "4", "--seconds", "240")
    assert report["violations"] == []
    assert report["kills"] >= 100
    assert report["succeeded"] == report["runs"]
    assert report["taken over"] > 50


def test_redis_is_killed_and_every_run_ends():
    report = loop("--kills", "5", "--redis-kills", "3", "--runs", "6", "--seed", "5", "--seconds", "150")
    assert report["violations"] == []
    assert report["redis killed"] > 0
    assert report["succeeded"] == report["runs"] >= 6


def test_a_step_goes_on_within_ten_seconds_though_its_lease_is_thirty():
    assert max(report_of("tests.chaos.resume", "--kills", "3")) <= 10


def test_the_checker_bites():
    """With its first guard gone, the engine does things twice, and that is seen; the others: test_crash_points.py."""
    report = loop("--kills", "25", "--runs", "4", "--seed", "6", "--mutation", "without_observe", "--seconds", "60")
    assert [line for line in report["violations"] if line.startswith("E1")]
