"""Whole rehearsals, from an empty folder to the report: real processes, a real Redis, the world at high speed."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port
from tests.running import ROOT, Running, all_gone, running

PORTS = ("PORT", "DR_SANDBOX_PORT", "DR_SANDBOX_SMTP_PORT")
REHEARSE = [sys.executable, "manage.py", "rehearse"]

pytestmark = [pytest.mark.processes, pytest.mark.one_database]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"DR_DATA_DIR": str(tmp_path / "var"), **{name: str(free_port()) for name in PORTS}}


def rehearse(environment: dict[str, str], scenario: str, *, speed: int) -> tuple[int, dict[str, Any], Running]:
    """Exit status, the report and what was printed."""
    report = Path(environment["DR_DATA_DIR"]).parent / "report.json"
    command = [*REHEARSE, "--scenario", scenario, "--speed", str(speed), "--json", str(report)]
    with running(command, environment) as program:
        status = program.wait(58)
        assert "Traceback" not in program.printed
        assert report.exists(), program.printed
        return status, json.loads(report.read_text()), program


def lines(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {line["key"]: line for line in report["lines"]}


def test_tokyo_is_lost_and_users_are_served_from_california(environment):
    status, report, program = rehearse(environment, "region-outage", speed=30)
    assert (status, report["passed"]) == (0, True), program.printed
    found = lines(report)
    assert report["failure"] == "region_failure"
    assert found["rto"]["truth"] <= found["rto"]["goal"] == 900
    assert found["detected_after"]["truth"] < found["failed_over_after"]["truth"] < found["rto"]["truth"]
    assert (found["lost_canaries"]["truth"], found["doubled"]["truth"], found["put_back"]["truth"]) == (0, 0, 1)
    assert found["alerts"]["truth"] > 0
    assert "Passed: every objective was met" in program.printed
    assert re.search(r"^\d\d:\d\d  Verify", program.printed, re.MULTILINE)
    assert list((Path(environment["DR_DATA_DIR"]) / "rehearsals").iterdir()) == []  # nothing is left of its console


def test_a_console_that_is_cut_off_does_nothing_and_says_why(environment):
    command = [*REHEARSE, "--scenario", "console-isolated", "--speed", "60", "--json", "-"]
    plan = ["--plan", "dr_console/plans/builtin.yaml"]
    whole = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment}
    told = subprocess.run([*command, *plan], cwd=ROOT, env=whole, capture_output=True, text=True, timeout=58)
    assert told.returncode == 0, told.stderr
    report = json.loads(told.stdout)  # and nothing beside it
    assert report["expected"] == "refuses"
    assert (lines(report)["runs"]["console"], lines(report)["changes"]["truth"]) == (0, 0)
    assert "cut off" in report["reasons"][0]
    assert "Passed: it rightly did nothing" in told.stderr


def test_what_comes_and_goes_is_left_to_people(environment):
    status, report, program = rehearse(environment, "flapping", speed=40)
    assert status == 0, program.printed
    assert lines(report)["runs"]["console"] == 0
    assert "came and went" in " ".join(report["reasons"])


def test_ctrl_c_ends_it_and_all_that_it_has_started(environment):
    with running([*REHEARSE, "--speed", "30"], environment) as program:
        program.wait_for("The world is broken", seconds=45)
        processes = program.descendants()
        assert program.signal(signal.SIGINT).wait(15) != 0
        assert all_gone(processes, within=1)


def test_a_port_in_use_is_no_obstacle(environment):
    with socket.create_server(("127.0.0.1", int(environment["PORT"]))), running(REHEARSE, environment) as program:
        address = program.wait_for(r"Watch it at http://127\.0\.0\.1:(\d+)", seconds=45)[0]
        assert address != environment["PORT"]


@pytest.mark.parametrize(
    ("arguments", "settings", "sentence"),
    [
        (["--speed", "1000"], {}, "--speed: must be from 1 to 100"),
        (["--scenario", "data-loss"], {}, "invalid choice: 'data-loss'"),
        (["--parameter", "region"], {}, "“region” is not NAME=VALUE"),
        ([], {"DR_MODE": "live"}, "DR_MODE: is live, and only the sandbox may be broken"),
    ],
)
def test_wrong_use_is_refused_before_anything_is_started(environment, arguments, settings, sentence):
    with running([*REHEARSE, *arguments], {**environment, **settings}) as program:
        assert program.wait() == 2, program.printed
        assert sentence in program.printed
        assert "Traceback" not in program.printed


def test_what_the_scenario_does_not_take_is_told(environment):
    with running([*REHEARSE, "--parameter", "region=atlantis"], environment) as program:
        assert program.wait(58) == 2
        assert "Not rehearsed: parameters.region: region is one of" in program.printed
