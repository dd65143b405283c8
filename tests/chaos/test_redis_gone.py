"""I6: Redis is gone for ten minutes, and with it every worker: a web process pages all the same, level after level."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dr_console.management.standing_in import StandIn
from dr_console.notifications.models import Delivery
from dr_console.operations import engine
from dr_console.providers import budgets
from incidents.models import Escalation, EscalationEvent
from incidents.services import incident as incidents
from tests import make
from tests.notifications.conftest import People, _people, people
from tests.notifications.test_real_worker import sending, until

__all__ = ["_people", "people"]
pytestmark = pytest.mark.django_db(transaction=True)
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def _no_redis(settings: Any) -> None:
    """For pages, budgets and readiness. The workers' bell still has its broker, at which nobody listens: without one
    its thread would keep trying for minutes after the test.
    """
    budgets.forget()
    settings.REDIS_URL = NOWHERE


def all_sent() -> None:
    """The threads that send have done what was due."""
    end = time.monotonic() + 60
    while Delivery.objects.filter(state__in=("queued", "sending"), not_before__lte=datetime.now(UTC)).exists():
        assert time.monotonic() < end, "something was not sent within a minute"
        time.sleep(0.02)
    until(lambda: not sending())


@pytest.mark.usefixtures("_no_redis")
def test_i6_ten_minutes_without_redis_and_pages_still_go(people: People, time_machine: Any) -> None:
    people.reset(speed=1)
    time_machine.move_to(datetime.now(UTC), tick=True)
    make.plan()
    web = StandIn(name="1@web-a")
    web._began -= 3600
    incident, _is_new = incidents.declare(title="Tokyo is dark", severity="P0", service=None, by=None)
    for _look in range(21):
        web.look()
        all_sent()
        time_machine.shift(timedelta(seconds=30))
    climb = Escalation.objects.get(incident=incident)
    started = climb.events.filter(kind=EscalationEvent.Kind.LEVEL_STARTED).order_by("pk")
    assert [(one.round, one.level) for one in started] == [(0, 0), (0, 1), (0, 2)]
    assert [each["to"] for each in people.heard("phone")] == ["+15550100", "+15550101", "+15550102"]
    assert [each["to"] for each in people.heard("email")] == ["technical-lead@example.com", "cto@example.com"]
    assert web.stands_in
    assert engine.reading().level is engine.Level.STOPPED  # and every page says so
