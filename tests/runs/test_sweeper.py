"""What falls due without anybody doing anything, and who does it then."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from celery import current_app
from django.core.management import call_command
from django.db import connection
from django.utils.timezone import now

from dr_console.errors import Refused
from dr_console.runs import chores, clocks, doorbell, executor, leases, outbox, owners, registry, services
from dr_console.runs.clocks import skew_seconds
from dr_console.runs.leases import Keeper, Lease
from dr_console.runs.models import Outbox, Run, Step
from dr_console.runs.sweeper import Sweeper
from tests.runs.acting import drive, orphan, put, refused, start, states, step

S, R = Step.State, Run.State
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]

HOLDER = "from dr_console.runs import owners; import django, sys, time; print(owners.me(), flush=True); time.sleep(60)"


@pytest.fixture
def another_process(settings):
    """A process that holds a file of its own in the same data folder."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    process = subprocess.Popen([sys.executable, "-c", HOLDER], env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.owner = process.stdout.readline().strip()
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def rung(monkeypatch):
    """The wire to Redis: what would be published."""
    sent = []
    monkeypatch.setattr(doorbell.Bell, "send", lambda self, task, *ids: not sent.append((task, *ids)))
    return sent


def later(seconds):
    return now() + timedelta(seconds=seconds)


# --- Owners ----------------------------------------------------------------------------------------
def test_a_process_that_lives_is_not_dead_and_one_that_was_killed_is(another_process):
    assert owners.is_dead(another_process.owner) is False
    another_process.kill()
    another_process.wait()
    assert owners.is_dead(another_process.owner) is True
    owners.forget_the_dead(but={another_process.owner})
    assert owners.is_dead(another_process.owner) is True
    owners.forget_the_dead(but=set())
    assert owners.is_dead(another_process.owner) is False


def test_nobody_knows_of_a_process_on_another_host():
    assert owners.is_dead("elsewhere:77-abcdef01") is False


def test_this_process_is_alive():
    assert owners.is_dead(owners.me()) is False


def test_a_step_of_a_process_that_was_killed_is_taken_at_once(another_process, world):
    run = start(put("a"))
    orphan(run, "a", owner=another_process.owner, lease_until=later(25), intent_at=now(), before={"value": None})
    assert executor.carry_out(step(run, "a").pk) is False
    another_process.kill()
    another_process.wait()
    assert chores.dead_owners() == {another_process.owner}
    assert executor.carry_out(step(run, "a").pk) is True
    assert step(run, "a").state == S.SUCCEEDED


# --- What is left lying ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "is_lying"),
    [
        ({"state": "ready", "ready_at": None}, True),
        ({"state": "ready"}, False),
        ({"state": "retry_wait", "not_before": -1}, True),
        ({"state": "retry_wait", "not_before": 30}, False),
        ({"state": "running", "lease_until": -1}, True),
        ({"state": "running", "lease_until": 30}, False),
        ({"state": "failed"}, False),
    ],
)
def test_what_is_left_lying(fields, is_lying):
    run = start(put("a"))
    fields = {name: later(value) if isinstance(value, int) else value for name, value in fields.items()}
    if "ready_at" in fields:
        fields["ready_at"] = later(-3)
    Step.objects.filter(run=run).update(**fields)
    assert bool(chores.left_lying(set())) is is_lying


def test_what_lies_is_rung_for_and_then_done_by_the_sweeper_itself(rung, monkeypatch):
    run = start(put("a"))
    Step.objects.update(ready_at=later(-3))
    sweeper = Sweeper()
    carried = []
    monkeypatch.setattr(Sweeper, "_carry_out", lambda self, pk: carried.append(pk))
    clock = iter([0.0, 1.0, 2.5, 6.0])
    monkeypatch.setattr("dr_console.runs.clocks.steady", lambda: 100 + next(clock))
    for _ in range(4):
        sweeper._pick_up()
    pk = step(run, "a").pk
    assert rung == [("runs.carry_out", pk)] * 3
    assert carried == [pk]


def test_without_redis_it_does_it_itself_at_once(monkeypatch):
    start(put("a"))
    Step.objects.update(ready_at=later(-3))
    monkeypatch.setattr(doorbell.Bell, "send", lambda self, task, *ids: False)
    carried = []
    monkeypatch.setattr(Sweeper, "_carry_out", lambda self, pk: carried.append(pk))
    Sweeper()._pick_up()
    assert len(carried) == 1


def test_one_chore_that_fails_does_not_stop_the_others(rung, monkeypatch):
    monkeypatch.setattr(registry, "_chores", [])
    done = []

    def broken():
        raise ValueError("broken")

    registry.sweep_also(broken)
    registry.sweep_also(lambda: done.append(1))
    Sweeper().sweep()
    assert done == [1]


def test_redis_that_does_not_answer_is_left_alone_for_a_while(settings):
    current_app.conf.task_always_eager = False
    try:
        with current_app.connection_for_write("redis://127.0.0.1:1/0"):
            bell = doorbell.Bell()
            began = time.monotonic()
            assert bell.send("runs.relay") in (True, False)
            assert time.monotonic() - began < 4
    finally:
        current_app.conf.task_always_eager = True


def test_a_step_that_nobody_moved_on_is_moved_on():
    run = start(put("a"), put("b", "a"))
    Step.objects.filter(key="a").update(state=S.SUCCEEDED)
    chores.settle_runs()
    assert states(run)["b"] == S.READY


# --- Leases ----------------------------------------------------------------------------------------
def test_a_lease_is_renewed_for_as_long_as_the_step_is_ours():
    run = start(put("a"))
    held = orphan(run, "a", lease_until=later(1))
    lease = Lease(held.pk, held.fence, clocks.steady() - 20)
    assert not lease.is_good_for(10)
    lease.renew()
    assert lease.is_good_for(10)
    assert step(run, "a").lease_until > later(28)
    Step.objects.update(fence=99)
    lease.renew()
    assert lease.is_lost
    assert not lease.is_good_for(0)


def test_after_two_failures_nothing_more_is_begun():
    lease = Lease(1, 1, clocks.steady())
    assert lease.is_good_for(10)
    lease.failures = 2
    assert not lease.is_good_for(10)


def test_a_worker_ends_before_its_leases_do(monkeypatch):
    ended = []
    monkeypatch.setattr(leases.os, "_exit", ended.append)
    monkeypatch.setattr(Lease, "renew", lambda self: connection.cursor().execute("SELECT nothing"))
    keeper = Keeper()
    keeper._renew([Lease(1, 1, clocks.steady() - 27)])
    assert ended == []
    keeper.ends_process = True
    keeper._renew([Lease(1, 1, clocks.steady() - 15)])
    assert ended == []
    keeper._renew([Lease(1, 1, clocks.steady() - 27)])
    assert ended == [leases.WATCHDOG_EXIT]


# --- The outbox --------------------------------------------------------------------------------------
@pytest.fixture
def told(monkeypatch):
    """What handlers were given; those of the apps are left out."""
    told = []
    monkeypatch.setattr(registry, "_handlers", {"run.changed": told.append})
    return told


def test_what_happened_is_handed_over_once(told):
    run = drive(start(put("a")))
    assert outbox.relay() >= 2
    assert outbox.relay() == 0
    assert told[-1] == {"run": run.code, "state": "succeeded", "kind": "failover"}


def test_a_handler_that_fails_is_asked_again_and_stops_nobody(monkeypatch):
    told = []

    def broken(payload):
        raise LookupError("no such incident")

    monkeypatch.setattr(registry, "_handlers", {"run.changed": broken, "step.ended": told.append})
    drive(start(put("a")))
    outbox.relay()
    assert told
    row = Outbox.objects.filter(topic="run.changed").first()
    assert (row.done_at, row.attempts, row.error) == (None, 1, "LookupError: no such incident")
    assert row.not_before > now()
    monkeypatch.setattr(registry, "_handlers", {})
    Outbox.objects.update(not_before=now())
    outbox.relay()
    assert not Outbox.objects.filter(done_at=None).exists()


def test_what_somebody_else_is_handing_over_is_left_to_them(told):
    drive(start(put("a")))
    rows = list(Outbox.objects.filter(done_at=None))
    outbox.relay()
    told.clear()
    assert [outbox._hand_over(row) for row in rows] == [False] * len(rows)
    assert told == []


def test_what_was_handed_over_long_ago_is_forgotten(told):
    drive(start(put("a")))
    outbox.relay()
    Outbox.objects.update(done_at=now() - timedelta(days=8))
    assert outbox.prune() > 0
    assert not Outbox.objects.exists()


def test_the_clocks_agree():
    assert abs(skew_seconds()) < 2


# --- In the terminal ---------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_with_redis_and_the_workers_gone_a_run_is_carried_out_in_the_terminal(monkeypatch, world):
    monkeypatch.setattr(doorbell.Bell, "send", lambda self, task, *ids: False)
    monkeypatch.setattr(chores, "LEFT_LYING", timedelta(0))
    run = start(put("a"), put("b", "a"))
    call_command("sweep", "--once", "--without-redis")
    run.refresh_from_db()
    assert run.state == R.SUCCEEDED
    assert world.effects == [("a", "new"), ("b", "new")]


def test_a_button_pressed_twice_at_the_same_instant(monkeypatch):
    run = services.pause(start(put("a")), by=None, client_token="x")
    monkeypatch.setattr("dr_console.runs.services.steering.was_given", lambda token: False)
    with pytest.raises(Refused, match="done already"):
        services.resume(run, by=None, client_token="x")


def test_while_a_person_decides_nobody_tries_what_may_not_begin(world):
    world.script["act"] = [refused()]
    run = start(put("a"), put("b"))
    executor.carry_out(step(run, "a").pk)
    Step.objects.filter(state=S.READY).update(ready_at=later(-60))
    assert chores.left_lying(set()) == []
