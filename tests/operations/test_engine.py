"""The engine's tick: how old it is, and who stands in while there is none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from dr_console.audit.models import AuditEntry
from dr_console.live.models import Event
from dr_console.operations import engine
from dr_console.operations.engine import Level
from dr_console.operations.models import EngineTick

pytestmark = pytest.mark.django_db


def last_round(seconds_ago, **fields):
    EngineTick.objects.update_or_create(
        pk=engine.THE_ROW, defaults={"at": now() - timedelta(seconds=seconds_ago), **fields}
    )


def test_before_the_first_round_it_has_never_ticked():
    assert engine.age() == engine.NEVER
    assert engine.reading().level is Level.STOPPED


def test_a_round_makes_it_young():
    engine.ticked()
    assert engine.age() < timedelta(seconds=10)
    assert engine.reading().level is Level.WELL
    assert EngineTick.objects.get().process == engine.me()


def test_rounds_are_written_every_two_seconds_only(django_assert_num_queries):
    last_round(-60)  # by a clock ahead: however long the machine is busy, it is less than two seconds old
    with django_assert_num_queries(1):
        engine.ticked()
    last_round(25)
    with django_assert_num_queries(2):
        engine.ticked()
    assert engine.age() < timedelta(seconds=20)


@pytest.mark.parametrize(
    ("seconds", "level"),
    [(0, Level.WELL), (14.9, Level.WELL), (15, Level.LATE), (29.9, Level.LATE), (30, Level.STOPPED)],
)
def test_it_is_amber_at_15_s_and_red_at_30(seconds, level):
    assert engine.level_of(timedelta(seconds=seconds)) is level


def test_a_clock_that_was_set_back_makes_no_negative_age():
    last_round(-3600)
    assert engine.age() == timedelta()


@pytest.mark.parametrize("seconds", [None, 31], ids=["never", "long ago"])
def test_where_there_is_no_tick_one_process_stands_in(seconds):
    if seconds:
        last_round(seconds)
    assert engine.stand_in("1@web-a")
    assert not engine.stand_in("2@web-b")
    assert engine.stand_in("1@web-a")  # round after round
    assert engine.reading().stand_in == "1@web-a"


def test_prometheus_is_told_how_old_it_is():
    assert engine.age_in_seconds() is None
    last_round(20)
    assert engine.age_in_seconds() == pytest.approx(20, abs=15)


def test_nobody_stands_in_for_an_engine_that_is_there():
    last_round(20)
    assert not engine.stand_in("1@web-a")


def test_when_whoever_stood_in_is_gone_another_does():
    last_round(60)
    assert engine.stand_in("1@web-a")
    EngineTick.objects.update(stand_in_at=now() - timedelta(seconds=11))
    assert engine.stand_in("2@web-b")
    assert not engine.stand_in("1@web-a")


def test_a_round_of_whoever_stands_in_is_no_sign_of_life():
    last_round(60)
    with engine.standing_in():
        engine.ticked()
    assert engine.reading().level is Level.STOPPED
    engine.ticked()
    assert engine.reading().level is Level.WELL


def test_it_is_given_back_when_the_engine_ticks_again():
    last_round(60)
    engine.stand_in("1@web-a")
    assert engine.give_back() == ""  # not yet
    engine.ticked()
    assert engine.give_back() == "1@web-a"
    assert engine.give_back() == ""  # only one of those who see it says so
    assert engine.reading().stand_in == ""


def test_taking_over_and_giving_back_are_on_record_and_told_to_open_pages():
    last_round(60)
    engine.stand_in("1@web-a")
    engine.stand_in("1@web-a")
    engine.ticked()
    engine.give_back()
    assert list(AuditEntry.objects.order_by("pk").values_list("action", "target")) == [
        ("engine.stand_in", "1@web-a"),
        ("engine.back", "1@web-a"),
    ]
    assert [event.name for event in Event.objects.filter(topic__name="console")] == ["watchdog", "watchdog"]
