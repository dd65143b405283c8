"""However many ask at the same instant: one run."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from dr_console.runs import services
from dr_console.runs.models import Run, Step
from tests.runs.acting import put, spec

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("world", "nobody_hears")]
TRIGGERS = 200
AT_ONCE = 25


@pytest.fixture
def nobody_hears(monkeypatch):
    """The bell is not rung: what is started stays where it is."""
    monkeypatch.setattr("dr_console.runs.doorbell.Bell.send", lambda self, task, *ids: True)


def start_together(ask):
    """Call `ask(number)` from so many threads, held back until all of a batch are there."""
    gate = threading.Barrier(AT_ONCE)

    def one(number):
        try:
            gate.wait(timeout=60)
            return ask(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(one, range(TRIGGERS)))


def test_two_hundred_triggers_start_one_run():
    def ask(number):
        run, is_new = services.start_run(spec(put("a")), by=None, trigger=Run.Trigger.AUTOMATIC)
        return run.code, is_new

    answers = start_together(ask)
    assert len({code for code, _new in answers}) == 1
    assert sum(is_new for _code, is_new in answers) == 1
    assert (Run.objects.count(), Step.objects.count()) == (1, 1)


def test_webhooks_that_are_doubled_start_one_run_for_each_token():
    def ask(number):
        subject = f"service:{number % 10}"
        run, _new = services.start_run(
            spec(put("a"), subject=subject), by=None, trigger=Run.Trigger.API, client_token=f"hook-{number % 10}"
        )
        return run.code

    assert len(set(start_together(ask))) == 10
    assert Run.objects.count() == 10
