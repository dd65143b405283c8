"""Signs of life: written small, read by kind, forgotten after a day."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils.timezone import now

from dr_console.celery import app
from dr_console.operations import heartbeats, tasks
from dr_console.operations.models import Heartbeat
from dr_console.operations.scheduler import BeatingScheduler

Kind = Heartbeat.Kind


@pytest.mark.django_db
def test_a_process_has_one_row_that_is_overwritten(time_machine):
    time_machine.move_to("2026-03-01 12:00 +0000", tick=False)
    heartbeats.beat("worker", kind=Kind.WORKER)
    time_machine.shift(10)
    heartbeats.beat("worker", kind=Kind.WORKER)
    row = Heartbeat.objects.get()
    assert (row.at, row.pid) == (now(), os.getpid())


@pytest.mark.django_db
def test_a_beat_is_one_small_write(django_assert_num_queries):
    heartbeats.beat("worker", kind=Kind.WORKER)
    with django_assert_num_queries(1) as captured:
        heartbeats.beat("worker", kind=Kind.WORKER)
    assert captured[0]["sql"].startswith("UPDATE")


@pytest.mark.django_db
def test_the_latest_of_several_hosts_counts(monkeypatch):
    for host in ("tokyo", "osaka"):
        monkeypatch.setattr("socket.gethostname", lambda host=host: host)
        heartbeats.beat("worker", kind=Kind.WORKER)
    Heartbeat.objects.filter(host="tokyo").update(at=now() - timedelta(hours=1))
    assert now() - heartbeats.last_heard()[Kind.WORKER] < timedelta(seconds=5)


@pytest.mark.django_db
def test_a_queue_is_heard_of_when_a_worker_takes_from_it():
    tasks.answer_on_queue.delay("probes")
    assert list(heartbeats.last_heard_by_queue()) == ["probes"]


@pytest.mark.django_db
def test_who_has_been_gone_for_a_day_is_forgotten():
    heartbeats.beat("worker", kind=Kind.WORKER)
    heartbeats.beat("old", kind=Kind.WORKER)
    Heartbeat.objects.filter(process="old").update(at=now() - timedelta(days=1, seconds=1))
    tasks.forget_the_gone.delay()
    assert Heartbeat.objects.get().process == "worker"


def test_every_queue_is_rung_by_the_schedule_and_a_ring_that_nobody_takes_expires(settings):
    rings = [entry for entry in app.conf.beat_schedule.values() if entry["task"] == "operations.answer_on_queue"]
    assert {entry["options"]["queue"] for entry in rings} == set(settings.DR_QUEUES)
    assert all(entry["options"]["expires"] <= heartbeats.QUIET_AFTER.total_seconds() for entry in rings)


def test_every_scheduled_task_exists():
    app.loader.import_default_modules()
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


@pytest.mark.django_db
def test_the_scheduler_beats_by_ticking(monkeypatch):
    scheduler = BeatingScheduler(app, lazy=True)
    monkeypatch.setattr("django.db.connection.close", lambda: None)  # the test's own transaction lives on it
    scheduler.tick()
    scheduler.tick()
    assert Heartbeat.objects.get().kind == Kind.BEAT


def test_what_is_due_every_so_many_seconds_is_due_as_soon_as_the_scheduler_starts():
    scheduler = BeatingScheduler(app)
    assert all(entry.is_due().is_due for entry in scheduler.schedule.values())


def test_a_pulse_outlives_a_database_that_fails(monkeypatch):
    beats = []

    def fail_at_first(process, *, kind):
        beats.append(process)
        if len(beats) == 1:
            raise OperationalError("the server closed the connection")
        pulse.stop()

    monkeypatch.setattr(heartbeats, "beat", fail_at_first)
    pulse = heartbeats.Pulse("worker", kind=Kind.WORKER, every=0.01)
    pulse.start()
    pulse.join(timeout=5)
    assert beats == ["worker", "worker"]
