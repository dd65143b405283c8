"""How long it took, over many incidents: counts, medians, spread, and who kept the target; drills apart."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils.timezone import now

from incidents.models import Incident
from incidents.queries import figures_of_incidents
from incidents.queries.figures_of_incidents import Figure, figures
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _half_past_two(time_machine) -> None:
    time_machine.move_to("2026-11-22 14:30 +0000", tick=False)


def incident(*, ago: timedelta = timedelta(days=1), **minutes: float | None) -> Incident:
    """With moments that many minutes after it began: `detected=2`."""
    began = now() - ago
    moments: dict[str, Any] = {
        f"{name}_at": began + timedelta(minutes=after) for name, after in minutes.items() if after is not None
    }
    if "resolved_at" in moments:
        moments["status"] = Incident.Status.RESOLVED
    return make.incident(started_at=began, **moments)


def figure(label: str, **given: Any) -> Figure:
    return next(one for one in figures(is_practice=False, **given).figures if one.label == label)


def test_each_figure_is_measured_between_its_two_moments():
    incident(detected=2, acknowledged=5, mitigated=10, verified=11, recovered=9, resolved=30)
    took = {str(one.label): one.took for one in figures(is_practice=False).figures}
    assert took == {
        "Time to detect": [120],
        "Time to acknowledge": [180],
        "Time to mitigate": [600],
        "Time to verify": [660],
        "Time to resolve": [1800],
    }


def test_what_is_not_known_is_counted_apart():
    incident(acknowledged=3)
    incident()
    assert figure("Time to acknowledge").took == [180]  # since it began: nobody knows when it was detected
    assert (figure("Time to acknowledge").missing, figure("Time to detect").missing) == (1, 2)


def test_somebody_who_was_there_before_it_was_detected_took_no_time():
    incident(detected=5, acknowledged=3)
    assert figure("Time to acknowledge").took == [0]


@pytest.mark.parametrize(
    ("minutes", "median", "nine_of_ten"),
    [([], None, None), ([4], 4, 4), ([1, 2], 1.5, 2), ([1, 2, 3, 4, 5, 6, 7, 8, 9, 600], 5.5, 9)],
    ids=["none", "one", "two", "ten"],
)
def test_one_long_incident_hardly_moves_them(minutes, median, nine_of_ten):
    found = Figure("", "", sorted(60.0 * each for each in minutes), 0)
    assert found.median == (None if median is None else 60 * median)
    assert found.nine_of_ten == (None if nine_of_ten is None else 60 * nine_of_ten)


def test_the_spread():
    for minutes in (0.5, 1, 14.9, 15, 60 * 30):
        incident(ago=timedelta(days=3), resolved=minutes)
    bars = [(bar.label, bar.count, bar.width) for bar in figure("Time to resolve").bars]
    assert bars == [
        ("under 1 min", 1, 100),
        ("1 min to 5 min", 1, 100),
        ("5 min to 15 min", 1, 100),
        ("15 min to 30 min", 1, 100),
        ("30 min to 1 h", 0, 0),
        ("1 h to 4 h", 0, 0),
        ("4 h to 1 d", 0, 0),
        ("1 d or more", 1, 100),
    ]


def test_the_target_is_kept_only_strictly_under_it():
    make.plan()  # within 15 minutes
    for recovered in (3, 14.99, 15, 40):
        incident(recovered=recovered)
    incident(resolved=5)  # nobody probed it: its clock stopped when it was resolved
    incident(ago=timedelta(minutes=20))  # lasts, and is late already
    incident(ago=timedelta(minutes=5))  # lasts
    target = figures(is_practice=False).target
    assert target is not None
    assert (target.kept, target.known) == (3, 6)
    assert target.percent == 50


def test_without_a_plan_there_is_no_target():
    assert figures(is_practice=False).target is None


def test_drills_are_counted_apart_and_duplicates_not_at_all():
    real, drill = incident(detected=1), incident(detected=2)
    Incident.objects.filter(pk=drill.pk).update(is_practice=True)
    Incident.objects.filter(pk=incident(detected=3).pk).update(merged_into=real)
    assert figures(is_practice=False).figures[0].took == [60]
    assert figures(is_practice=True).figures[0].took == [120]


def test_of_a_period_and_of_a_severity():
    incident(ago=timedelta(days=40), detected=1)
    Incident.objects.filter(pk=incident(detected=2).pk).update(severity="P2")
    assert figure("Time to detect", since=now() - timedelta(days=30)).took == [120]
    assert figure("Time to detect", severity="P2").took == [120]
    assert figure("Time to detect", severity="P0").took == [60]


def test_more_than_can_be_read_at_once(monkeypatch):
    monkeypatch.setattr(figures_of_incidents, "MOST", 2)
    for _each in range(3):
        incident(detected=1)
    found = figures(is_practice=False)
    assert (found.count, found.is_cut) == (2, True)


# --- The page --------------------------------------------------------------------------------------------------------
@pytest.fixture
def page(client):
    client.force_login(make.user("vera", role="viewer"))
    return lambda **asked: client.get(reverse("incidents:figures"), asked)


def test_the_page_says_what_is_measured_and_never_a_mean(page):
    make.plan()
    for recovered in (3, 4):
        incident(detected=1, recovered=recovered, verified=recovered)
    shown = page().content.decode()
    for words in ("From the start", "Median", "p90", "100 % were back in under 15 min", "(2 of 2", "No drill"):
        assert words in shown
    assert "verage" not in shown


def test_the_period_stands_in_the_address(page):
    incident(ago=timedelta(days=100), detected=1)
    assert "No incident in this period" in page().content.decode()
    assert "Real incidents · 1" in page(period="all").content.decode()


@pytest.mark.parametrize("asked", [{"period": "yesterday"}, {"severity": "P9"}], ids=str)
def test_what_cannot_be_asked(page, asked):
    response = page(**asked)
    assert response.status_code == 422
    assert "Select a valid choice" in response.content.decode()
