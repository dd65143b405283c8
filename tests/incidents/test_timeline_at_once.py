"""Several who write one timeline at the same time: no gap, a chain that is whole, one entry for one fact."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection
from django.utils.translation import gettext_noop as _

from dr_console.web.sentences import sentence
from incidents.models import Incident, TimelineEntry
from incidents.queries.timeline_check import findings
from incidents.services import timeline
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS, EACH = 4, 5


def at_once(write: Callable[[int], None]) -> None:
    """Each in a thread with a connection of its own."""
    problems: list[Exception] = []
    ready = threading.Barrier(WRITERS)

    def run(number: int) -> None:
        ready.wait()
        try:
            write(number)
        except Exception as error:  # noqa: BLE001 -- told in the test's own thread
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems


def fact(incident: Incident, number: int, **given: str) -> TimelineEntry:
    return timeline.record(
        incident, sentence(_("Fact %(number)s"), number=number), kind=TimelineEntry.Kind.NOTICED, **given
    )


def test_places_have_no_gap_and_a_fact_that_all_tell_is_told_once(transactional_db):
    incident = make.incident()

    def write(number: int) -> None:
        for each in range(EACH):
            fact(incident, number * EACH + each)
        fact(incident, 99, dedup_key="all of us saw it")

    at_once(write)
    told = WRITERS * EACH + 1
    assert list(incident.timeline.order_by("seq").values_list("seq", flat=True)) == list(range(1, told + 1))
    assert list(findings(incident)) == []
