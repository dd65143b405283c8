from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from dr_console.live import history
from dr_console.live.models import Event, Topic
from dr_console.live.publish import nudge
from dr_console.live.tasks import prune_events

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _five_events():
    for number in range(1, 6):
        nudge("console", f"change-{number}")


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (5, []),
        (3, [(4, "change-4"), (5, "change-5")]),
        (0, [(1, "change-1"), (2, "change-2"), (3, "change-3")]),
        (6, None),
    ],
    ids=["nothing missed", "the rest", "a page of it", "a number that was never given"],
)
def test_what_a_page_missed(seen, expected):
    assert history.missed("console", seen, limit=3) == expected


def test_of_a_topic_on_which_nothing_happened_nothing_is_missed():
    assert history.missed("incident-7", 0, limit=3) == []
    assert history.head("incident-7") == 0


def test_events_of_the_last_hour_are_kept_and_the_number_for_ever():
    Event.objects.filter(seq__lte=3).update(at=now() - timedelta(minutes=61))
    assert prune_events() == 3
    assert history.missed("console", 3, limit=9) == [(4, "change-4"), (5, "change-5")]
    assert history.missed("console", 2, limit=9) is None

    Event.objects.update(at=now() - timedelta(minutes=61))
    prune_events()
    assert Topic.objects.get(name="console").seq == 5
    assert history.missed("console", 4, limit=9) is None
    assert history.missed("console", 5, limit=9) == []


def test_a_hole_left_by_a_wrong_clock_is_not_passed_over():
    Event.objects.filter(seq=4).delete()
    assert history.missed("console", 2, limit=9) is None
