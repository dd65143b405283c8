"""A web process climbs the ladders itself while nobody else does, and stops when somebody does again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils.module_loading import import_string
from django.utils.timezone import now

from dr_console.live.models import Event
from dr_console.management.standing_in import SCANS, StandIn
from dr_console.operations import engine
from dr_console.operations.models import EngineTick

pytestmark = pytest.mark.django_db

done: list[str] = []


def scan():
    done.append("scan")
    engine.ticked()


def broken():
    raise ValueError("no")


@pytest.fixture(autouse=True)
def _nothing_done(monkeypatch):
    done.clear()
    # The test's own connection has to outlive the round.
    monkeypatch.setattr("django.db.connection.close", lambda: None)


def last_round(seconds_ago):
    at = now() - timedelta(seconds=seconds_ago)
    EngineTick.objects.update_or_create(pk=engine.THE_ROW, defaults={"at": at})


def web(name="1@web-a", scans=(f"{__name__}.scan",)):
    """A web process that has been there for an hour."""
    process = StandIn(scans, name=name)
    process._began -= 3600
    return process


def test_while_the_engine_ticks_it_only_looks():
    last_round(20)
    web().look()
    assert done == []


def test_after_30_s_without_a_tick_it_does_the_work_round_after_round():
    last_round(31)
    process = web()
    process.look()
    process.look()
    assert done == ["scan", "scan"]
    assert engine.reading().level is engine.Level.STOPPED  # its own rounds are no sign of life


def test_one_that_has_just_started_gives_the_others_time():
    last_round(3600)
    StandIn((f"{__name__}.scan",), name="1@web-a").look()
    assert done == []


def test_of_several_web_processes_one_does_it():
    last_round(31)
    first, second = web("1@web-a"), web("2@web-b")
    for _ in range(3):
        first.look()
        second.look()
    assert done == ["scan"] * 3
    assert (first.stands_in, second.stands_in) == (True, False)


def test_another_goes_on_where_that_one_is_gone():
    last_round(31)
    web("1@web-a").look()
    EngineTick.objects.update(stand_in_at=now() - timedelta(seconds=11))
    web("2@web-b").look()
    assert engine.reading().stand_in == "2@web-b"


def test_it_stops_when_ticks_come_back():
    last_round(31)
    process = web()
    process.look()
    engine.ticked()
    process.look()
    assert done == ["scan"]
    assert not process.stands_in
    assert engine.reading().stand_in == ""


def test_a_scan_that_breaks_does_not_keep_the_next_from_being_done():
    last_round(31)
    web(scans=(f"{__name__}.broken", f"{__name__}.scan")).look()
    assert done == ["scan"]


def test_without_a_database_it_waits_for_it(monkeypatch):
    last_round(31)
    process = web()

    def fail():
        raise OperationalError("no")

    with monkeypatch.context() as patch:
        patch.setattr(engine, "reading", fail)
        process.look()
    assert done == []
    process.look()
    assert done == ["scan"]


def test_open_pages_hear_of_it_when_it_gets_late_and_when_it_is_over():
    process = web()

    def told():
        return Event.objects.filter(topic__name="console", name="watchdog").count()

    last_round(16)
    process.look()
    process.look()
    assert told() == 1
    last_round(0)
    process.look()
    assert told() == 2


def test_what_it_scans_is_there():
    assert all(callable(import_string(scan)) for scan in SCANS)
