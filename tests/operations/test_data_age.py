"""The line that says how old a page is, and why it may be wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.urls import reverse
from django.utils.timezone import now

from dr_console.operations import data_age, heartbeats, loudness
from dr_console.operations.models import Heartbeat
from tests import make

pytestmark = pytest.mark.django_db

Kind = Heartbeat.Kind


@pytest.fixture(autouse=True)
def _long_running(monkeypatch):
    """As if the web process had been there for long: one that has just started gives the others a minute."""
    monkeypatch.setattr(data_age, "_started_at", now() - timedelta(hours=1))
    monkeypatch.setattr(data_age.redis, "at", float("-inf"))


@pytest.fixture
def _all_alive():
    for kind in (Kind.WORKER, Kind.BEAT, Kind.QUEUE, Kind.WATCH):
        heartbeats.beat(kind, kind=kind)


@pytest.fixture
def panel(client):
    client.force_login(make.user())
    return lambda: client.get(reverse("operations:data-age")).content.decode()


@pytest.mark.usefixtures("_all_alive")
def test_it_says_when_the_page_was_drawn(panel, time_machine):
    time_machine.move_to(now().replace(hour=14, minute=30, second=5), tick=False)
    Heartbeat.objects.update(at=now())
    page = panel()
    assert "as of 14:30:05 UTC" in page
    assert f'data-rendered-at="{int(now().timestamp())}"' in page
    assert "STALE" not in page


@pytest.mark.usefixtures("_all_alive")
@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (Kind.WORKER, "The workers have been quiet"),
        (Kind.QUEUE, "The workers have been quiet"),  # alive, but deaf
        (Kind.BEAT, "The scheduler has been quiet"),
        (Kind.WATCH, "Nothing has checked the services’ health"),
    ],
)
def test_it_says_who_has_gone_quiet(panel, kind, sentence):
    Heartbeat.objects.filter(kind=kind).update(at=now() - timedelta(seconds=61))
    page = panel()
    assert "STALE" in page
    assert sentence in page


def test_who_never_spoke_is_quiet_too(panel):
    assert "The workers have been quiet" in panel()


def test_a_console_that_has_just_started_is_not_called_stale(panel, monkeypatch):
    monkeypatch.setattr(data_age, "_started_at", now())
    assert "STALE" not in panel()


@pytest.mark.usefixtures("_all_alive")
def test_it_says_that_redis_is_down(panel, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert "Redis does not answer" in panel()


@pytest.mark.usefixtures("_all_alive")
def test_redis_is_not_asked_by_every_page(panel, settings):
    assert "STALE" not in panel()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert "STALE" not in panel()  # asked less than five seconds ago


def test_it_is_drawn_even_without_a_database(monkeypatch):
    def fail():
        raise OperationalError("no")

    monkeypatch.setattr(heartbeats, "last_heard", fail)
    assert data_age.data_age().reasons[0] == "The database does not answer."


def test_strangers_do_not_see_it(client):
    assert client.get(reverse("operations:data-age")).status_code == 302


def test_it_costs_one_query(client, django_assert_max_num_queries):
    client.force_login(make.user())
    client.get(reverse("operations:data-age"))
    with django_assert_max_num_queries(5):  # session, person, preferences, role, heartbeats
        client.get(reverse("operations:data-age"))


@pytest.mark.usefixtures("_all_alive")
@pytest.mark.parametrize(
    ("age", "said"),
    [(14, "as of"), (16, "for more than 15 seconds"), (31, "for more than 30 seconds")],
)
def test_it_says_that_nobody_looks_at_escalations(panel, monkeypatch, age, said):
    seen = loudness.State(age=timedelta(seconds=age))
    monkeypatch.setattr(loudness, "remembered", loudness.Remembered(at=float("inf"), last=seen))
    page = panel()
    assert said in page
    assert ("STALE" in page) == (age > 15)
