"""The supervisor of `manage.py up`, with small processes that are quick to start and easy to kill."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.running import Running, all_gone, running

pytestmark = [pytest.mark.processes, pytest.mark.one_database]


@contextmanager
def small_console(*names: str) -> Iterator[Running]:
    with running([sys.executable, "-m", "tests.operations.small_console", *names]) as console:
        yield console


def test_every_line_has_the_name_of_its_process():
    with small_console("steady", "fails") as console:
        console.wait_for(r"steady   \| I am")
        console.wait_for(r"fails    \| this line has no end\n")
        console.wait_for(r"last     \| I am")
    assert "once" in console.lines  # what is done once speaks to the person, not to the log


@pytest.mark.parametrize("how", [[], ["--without-fork"]], ids=["forked", "started anew"])
def test_what_dies_is_started_again(how):
    with small_console(*how, "steady") as console:
        pid = int(console.wait_for(r"steady   \| I am (\d+)")[0])
        os.kill(pid, signal.SIGKILL)
        console.wait_for(r"steady ended \(killed by SIGKILL\) and starts again in 1 s")
        assert int(console.wait_for(r"steady   \| I am (\d+)", times=2)[1]) != pid


def test_what_dies_again_and_again_is_started_at_growing_pauses():
    with small_console("fails") as console:
        console.wait_for(r"exit status 3\) and starts again in 4 s")
    pauses = [line.split()[-2] for line in console.lines if "starts again in" in line]
    assert pauses[:3] == ["1", "2", "4"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_everything_and_the_last_one_last(number):
    with small_console("steady") as console:
        console.wait_for(r"\| I am", times=2)
        children = console.descendants()
        assert len(children) == 2
        assert console.signal(number).wait(10) == 0
        assert all_gone(children, within=0.5)
    if number != signal.SIGHUP:  # after which there is nobody to print for
        assert console.lines[-2:][0].endswith("steady stopped")
        assert console.lines[-1].endswith("last stopped")


def test_what_does_not_go_when_asked_is_gone_within_ten_seconds():
    with small_console("stubborn") as console:
        console.wait_for(r"\| I am", times=2)
        children = console.descendants()
        assert console.signal(signal.SIGTERM).wait(10) == 0
        assert all_gone(children, within=0.5)


def test_a_second_signal_does_not_wait():
    with small_console("stubborn") as console:
        console.wait_for(r"\| I am", times=2)
        console.signal(signal.SIGINT).wait_for("stopping")
        assert console.signal(signal.SIGINT).wait(5) == 0  # the first alone: six seconds


@pytest.mark.parametrize("how", [[], ["--without-fork"]], ids=["forked", "started anew"])
def test_nothing_outlives_a_supervisor_that_was_killed(how):
    with small_console(*how, "steady", "stubborn") as console:
        console.wait_for(r"\| I am", times=3)
        children = console.descendants()
        console.signal(signal.SIGKILL).wait()
        assert all_gone(children, within=10)


def test_it_ends_when_nobody_reads_what_it_prints_any_more():
    command = f"{sys.executable} -m tests.operations.small_console fails | head -n 4"
    with running(["sh", "-c", command]) as pipeline:
        assert pipeline.wait(15) == 0
        assert pipeline.descendants() == set()
