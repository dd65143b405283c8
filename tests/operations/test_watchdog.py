"""What every page says above everything else."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.urls import reverse
from django.utils import translation
from django.utils.timezone import now

from dr_console.operations import engine, loudness
from dr_console.operations.loudness import Alarm, Remembered, State
from dr_console.operations.models import EngineTick
from dr_console.web.sentences import sentence
from tests import make

pytestmark = pytest.mark.django_db

EXHAUSTED = Alarm(sentence("Nobody answered: %(title)s", title="Tokyo is dark"), "/incidents/INC-1/")


def an_hour_old(**fields):
    """What a process remembers that was started an hour ago, before it has looked."""
    return Remembered(began=-3600.0, **fields)


@pytest.fixture
def remembers(monkeypatch):
    """Have every page remember that state."""

    def remember(state):
        monkeypatch.setattr(loudness, "remembered", Remembered(at=float("inf"), last=state))

    return remember


@pytest.fixture
def any_page(client):
    client.force_login(make.user())
    return lambda: client.get(reverse("web:palette")).content.decode()


def nobody_answers():
    return [EXHAUSTED]


@pytest.fixture
def _loud(monkeypatch):
    monkeypatch.setattr(loudness, "_everywhere", [f"{__name__}.nobody_answers"])


def test_all_well_and_nothing_is_said(any_page, remembers):
    remembers(State())
    assert 'id="watchdog"' in any_page()
    assert "alarm-" not in any_page()


@pytest.mark.parametrize(
    ("state", "colour", "said"),
    [
        (State(age=timedelta(seconds=20)), "alarm-amber", "Pages may go out late."),
        (State(age=timedelta(seconds=31)), "alarm-red", "call people yourself"),
        (State(age=timedelta(seconds=90), stand_in_since=now()), "alarm-red", "The web server pages people itself"),
        (State(alarms=(EXHAUSTED,)), "alarm-red", "Nobody answered: Tokyo is dark"),
    ],
    ids=["amber", "red", "stood in", "a ladder that ran out"],
)
def test_every_page_says_what_must_not_be_overlooked(any_page, remembers, state, colour, said):
    remembers(state)
    text = any_page()
    assert colour in text
    assert said in text


def test_strangers_are_told_nothing(client, remembers):
    remembers(State(alarms=(EXHAUSTED,)))
    assert "Tokyo" not in client.get(reverse("account_login")).content.decode()
    assert client.get(reverse("operations:watchdog")).status_code == 302


def test_a_page_that_says_it_already_is_left_alone(client, remembers):
    client.force_login(make.user())
    remembers(State(alarms=(EXHAUSTED,)))
    shown = loudness.remembered.state().digest
    url = reverse("operations:watchdog")
    assert client.get(url, {"shown": shown}).status_code == 204
    remembers(State())
    assert client.get(url, {"shown": shown}).status_code == 200


@pytest.mark.usefixtures("_loud")
def test_a_process_looks_once_every_few_seconds(django_assert_num_queries):
    EngineTick.objects.create(pk=engine.THE_ROW, at=now() - timedelta(seconds=20))
    remembered = an_hour_old()
    with django_assert_num_queries(1):
        state = remembered.state()
        remembered.state()
    assert state.level is engine.Level.LATE
    assert state.alarms == (EXHAUSTED,)


@pytest.mark.usefixtures("_loud")
def test_who_was_told_of_a_change_is_not_given_what_was_seen_before_it(client, monkeypatch):
    client.force_login(make.user())
    old = Remembered(at=time.monotonic() - 1.0, last=State())
    monkeypatch.setattr(loudness, "remembered", old)
    assert "Tokyo" not in client.get(reverse("web:palette")).content.decode()
    page = client.get(reverse("operations:watchdog"), {"shown": State().digest}).content.decode()
    assert "Nobody answered: Tokyo is dark" in page


def test_a_process_that_has_just_started_misses_nobody_yet():
    assert Remembered().state().level is engine.Level.WELL
    assert an_hour_old().state().level is engine.Level.STOPPED


def test_without_a_database_it_stays_as_loud_as_it_was(monkeypatch):
    def fail():
        raise OperationalError("no")

    monkeypatch.setattr(engine, "reading", fail)
    before = State(alarms=(EXHAUSTED,))
    assert an_hour_old(last=before).state() is before


def test_a_drill_is_said_to_be_one(any_page, remembers):
    remembers(State(alarms=(Alarm(EXHAUSTED.said, EXHAUSTED.url, is_practice=True),)))
    assert "DRILL" in any_page()


def test_an_alarm_is_said_in_the_language_of_whoever_reads(monkeypatch):
    alarm = Alarm(sentence("On call"), "/")
    with translation.override("zh-hans"):
        chinese = alarm.words
    assert chinese != alarm.words
