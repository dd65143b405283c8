"""An answer and a step in the same moment, and two who step at once: exactly one goes first, and both are told of."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from dr_console.notifications.models import Delivery
from incidents.models import Escalation, Severity
from incidents.services import command, escalation, escalation_acts
from incidents.services import incident as incidents
from tests import make
from tests.incidents.test_all_at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def due() -> Escalation:
    """A climb whose next step is due."""
    make.plan()
    incident, _is_new = incidents.declare(title="API unavailable", severity=Severity.P0, service=None, by=None)
    Escalation.objects.update(next_at=now() - MINUTE)
    return incident.escalations.get()


def test_an_answer_and_a_step_in_the_same_moment(due):
    """I11."""
    ada = make.user("ada", role="commander")
    assert not at_once([escalation.tick, lambda: command.acknowledge(due.incident, by=ada), escalation.tick])
    due.refresh_from_db()
    kinds = list(due.events.values_list("kind", flat=True))
    assert kinds.count("acknowledged") == 1
    assert kinds.count("level_started") <= 2
    if kinds.index("acknowledged") > 2:
        assert kinds[2] == "level_started", "the step came first, and was answered after it"
    assert due.status == "acked"
    assert not Delivery.objects.filter(purpose="escalation", state="queued").exclude(person="").exists()


def test_several_workers_page_a_level_once(due):
    """I3, I5."""
    assert not at_once([escalation.tick] * 4)
    due.refresh_from_db()
    assert list(due.events.values_list("kind", "level")) == [("armed", -1), ("level_started", 0), ("level_started", 1)]
    assert Delivery.objects.filter(purpose="escalation").count() == 4


def test_two_answers_in_the_same_moment_are_one_acknowledgement(due):
    """I12."""

    def answer(via):
        escalation_acts.acknowledge(due.incident, by=None, name="Ada", via=via, person="contact:on-call")

    assert not at_once([lambda: answer("phone"), lambda: answer("slack"), lambda: answer("pagerduty")])
    assert due.events.filter(kind="acknowledged").count() == 1


def test_who_asks_for_the_next_level_at_once_gets_one(due):
    ada, as_of = make.user("ada", role="commander"), now()
    assert not at_once([lambda: escalation_acts.escalate_now(due.incident, by=ada, as_of=as_of)] * 3)
    assert due.events.filter(kind="escalated").count() == 1
