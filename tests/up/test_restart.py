"""What dies comes back, and the console is whole again."""

from __future__ import annotations

import os
import signal

import pytest

pytestmark = [pytest.mark.processes, pytest.mark.one_database]


def test_whatever_is_killed_comes_back(up):
    with up() as console:
        console.wait_until_ready()
        for name in ("worker", "failover", "watch", "redis"):
            before = console.process(name)
            os.kill(before, signal.SIGKILL)
            assert console.process(name, starts=2) != before
        console.wait_until_ready()


def test_nobody_is_turned_away_while_the_web_process_restarts(up):
    with up() as console:
        console.wait_until_ready()
        os.kill(console.process("web"), signal.SIGKILL)
        console.program.wait_for(r"web ended \(killed by SIGKILL\) and starts again in 1 s")
        assert console.get("/accounts/login/").status_code == 200  # held in the socket's queue until the new one serves
        assert console.process("web", starts=2)
