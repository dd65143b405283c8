"""Who is paged how fast, as the forms that declare and that change a severity say it beforehand."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime

import pytest

from dr_console.plans import reader, services
from incidents.models import Contact, EscalationPolicy
from incidents.queries.consequences import of_severities
from tests import make

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def plan(time_machine):
    time_machine.move_to(MOMENT, tick=False)
    return make.plan()


def lines(severity):
    return dict(of_severities()[severity])


def test_the_first_level_is_told_at_once_and_the_others_when_nobody_answers():
    found = lines("P0")
    assert found["Told at once"] == "On-call engineer, by PagerDuty, Phone"
    assert found["If nobody answers"].startswith("Technical lead after 5 min")
    assert "CTO after 10 min" in found["If nobody answers"]
    assert found["Answer within"] == "5 min"


def test_a_level_that_reaches_nobody_lets_no_time_pass():
    Contact.objects.filter(key="technical-lead").update(retired_at=MOMENT)
    assert lines("P0")["If nobody answers"] == "CTO after 5 min"


def test_quiet_hours_are_said_of_what_can_wait():
    content = deepcopy(services.export())
    for one in content["contacts"]:
        one.update(quiet_hours="22:00-07:00", time_zone="UTC")
    services.load(reader.validate(content), by=None, source="quiet.yaml")
    assert "when their quiet hours end in 4 h" in lines("P3")["Told at once"]
    assert "quiet" not in lines("P1")["Told at once"]


def test_without_anybody_to_reach_it_says_so():
    Contact.objects.update(retired_at=MOMENT)
    assert lines("P0")["Told at once"] == "nobody: call somebody"


def test_without_a_ladder_nobody_is_told():
    EscalationPolicy.objects.filter(severity="P2").update(retired_at=MOMENT)
    assert lines("P2")["Told at once"] == "nobody"


def test_it_asks_the_database_as_often_for_all_as_for_one(django_assert_max_num_queries):
    with django_assert_max_num_queries(24):
        of_severities()
