"""Everybody acts on one incident in the same moment: nobody waits for somebody who waits for them.

PostgreSQL ends one of two who wait for each other; that one would be told of a mistake of the console.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connection
from django.utils.timezone import now

from dr_console.errors import Refused
from incidents.alerting.signals import Signal
from incidents.models import Audience, Escalation, Incident, Severity, Stage, UpdateDue
from incidents.services import (
    alert_routing,
    asks,
    checklist,
    command,
    escalation,
    escalation_acts,
    lifecycle,
    timeline,
    update_dues,
    updates,
)
from incidents.services import incident as incidents
from tests import make
from tests.incidents import alerting

pytestmark = pytest.mark.django_db(transaction=True)
Act = Callable[[], object]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def incident() -> Incident:
    make.plan()
    return incidents.declare(title="API unavailable", severity=Severity.P1, service=None, by=None)[0]


def at_once(acts: Iterable[Act]) -> list[Exception]:
    """Each in a thread with a connection of its own. Returns what went wrong; who is refused was merely later."""
    acts, problems = list(acts), list[Exception]()
    ready = threading.Barrier(len(acts))

    def do(act: Act) -> None:
        ready.wait(30)
        try:
            with suppress(Refused):
                act()
        except Exception as error:  # noqa: BLE001 -- told in the test's own thread
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=do, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return problems


def test_nobody_waits_crosswise(incident):
    ada, bob = make.user("ada", role="commander"), make.user("bob", role="commander")
    task, overdue = (asks.ask(incident, text, bob, minutes=5, by=ada) for text in ("Call Vercel", "Call AWS"))
    overdue.__class__.objects.filter(pk=overdue.pk).update(next_at=now() - MINUTE)
    command.take_command(incident, by=ada)
    offer = command.offer(incident, bob, by=ada)
    UpdateDue.objects.filter(incident=incident).update(at=now() - MINUTE)
    Escalation.objects.filter(incident=incident).update(next_at=now() - MINUTE)
    source, _secret = alerting.source()
    alert_routing.take(source, [Signal("one", True, "High error rate")], at=now())
    item = incident.checklist.order_by("position")[0]
    draft = updates.Draft(Audience.CUSTOMERS, Stage.INVESTIGATING, {"en": "The API fails"})
    assert not at_once(
        [
            lambda: lifecycle.resolve(incident, by=ada),
            lambda: asks.accept(task, by=bob),
            asks.follow_up,
            escalation.tick,
            lambda: escalation_acts.escalate_now(incident, by=None, name="Bob", via="phone"),
            lambda: escalation_acts.acknowledge(incident, by=None, name="Carol", via="slack"),
            lambda: command.decline(offer, by=bob, reason="I am driving"),
            lambda: checklist.tick(item, by=bob),
            lambda: updates.publish(incident, [draft], by=ada, token="one"),
            update_dues.remind,
            lambda: alert_routing.take(source, [Signal("one", False, "High error rate")], at=now()),
            lambda: incidents.declare(title="Another", severity=Severity.P0, service=None, by=bob),
            lambda: timeline.note(incident, timeline.Written("Seen", now() - MINUTE), by=bob),
        ]
    )
    assert list(incident.timeline.order_by("seq").values_list("seq", flat=True)) == list(
        range(1, incident.timeline.count() + 1)
    )
