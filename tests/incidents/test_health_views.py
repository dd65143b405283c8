"""The page of health checks, and how each service stands on the first page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from dr_console.home import objectives
from dr_console.providers.capabilities.probe import Failure, Phase, ProbeResult, Timings
from incidents.models import EndpointState, ProbeLocation, ServiceEndpoint
from incidents.queries.checks import checks
from incidents.queries.world import world
from incidents.services import health
from incidents.services.health import Canaries
from tests import make

pytestmark = pytest.mark.django_db

ALL_WELL = Canaries(3, 3)


def good(milliseconds: float = 20) -> ProbeResult:
    return ProbeResult("", Timings(whole=milliseconds / 1000), status=200)


def bad() -> ProbeResult:
    return ProbeResult("", Timings(whole=3.0), Failure.TIMED_OUT, Phase.FIRST_BYTE)


@pytest.fixture(autouse=True)
def _plan():
    make.plan()


@pytest.fixture
def shown(client):
    client.force_login(make.user("vera", role="viewer"))
    return lambda name="incidents:health": client.get(reverse(name)).content.decode()


def rounds(
    count: int = 3, *, lost: str = "nothing", location: str = "here", canaries: Canaries = ALL_WELL, age: float = 0
):
    """Rounds of now in which every address that has `lost` in it fails."""
    endpoints = list(ServiceEndpoint.objects.all())
    for number in range(count):
        at = now() - timedelta(seconds=age + 5 * (count - number))
        results = {one.pk: bad() if lost in one.url else good() for one in endpoints}
        health.record_round(location, at, results, canaries=canaries)


def standings(service: str = "api") -> dict[str, str]:
    places = next(places for one, places in world().rows if one.key == service)
    return {place.region.key: str(place.standing.word) for place in places if place.endpoints}


def test_before_anybody_has_asked_nothing_is_known(shown):
    assert set(standings().values()) == {"unknown"}
    assert "No place has asked yet" in shown()


def test_what_answers_is_up():
    rounds()
    assert set(standings().values()) == {"up"}


def test_a_region_of_which_nothing_answers_is_down():
    rounds(lost="tokyo")
    rounds(lost="api.example.com")
    rounds(3, lost="o")  # every address has one
    assert set(standings().values()) == {"down"}


def test_a_service_of_which_only_some_addresses_answer_is_partly_down():
    rounds(lost="tokyo")
    assert standings() == {"asia-northeast-1": "partly down", "us-west-1": "up", "eu-central-1": "up"}


def test_the_first_failure_makes_it_suspect():
    rounds(1, lost="tokyo")
    assert standings()["asia-northeast-1"] == "suspect"


def test_one_place_of_three_is_outvoted():
    rounds(location="Tokyo office")
    rounds(location="Frankfurt office")
    rounds(lost="tokyo")
    assert standings()["asia-northeast-1"] == "suspect"


def test_what_a_place_that_is_cut_off_sees_is_not_believed(shown):
    rounds(lost="e", canaries=Canaries(3, 0))
    assert set(standings().values()) == {"unknown"}
    assert "cut off: what it sees is not believed" in shown()


def test_what_was_seen_long_ago_is_not_what_is(shown):
    rounds(lost="tokyo", age=120)
    assert set(standings().values()) == {"unknown"}
    assert "quiet" in shown()


def test_the_page_says_why_a_check_failed_and_since_when(shown):
    rounds(lost="tokyo")
    found = shown()
    assert "It took the request, and did not answer in time." in found
    assert "for 1" in found  # seconds
    assert found.count("<polyline") + found.count("<circle") == ServiceEndpoint.objects.count()


def test_figures_stand_beside_the_picture():
    rounds(4, lost="tokyo")
    rows = {row.endpoint.url: row for _service, rows in checks().services for row in rows}
    lost, well = rows["https://tokyo.origin.example.com/health"], rows["https://api.example.com/health"]
    assert (lost.hour.count, lost.hour.failed, lost.availabilities) == (4, 4, [0.0, 0.0, 0.0])
    assert well.times == pytest.approx([20, 20, 20], rel=0.03)
    assert well.availabilities == [100.0, 100.0, 100.0]
    assert len(lost.chart.bars) in (1, 2)  # the rounds may lie in two minutes


def test_a_certificate_that_ends_soon_is_pointed_out(shown):
    rounds()
    assert "Certificate ends" not in shown()
    EndpointState.objects.filter(endpoint__url="https://api.example.com/health").update(
        certificate_expires_at=now() + timedelta(days=5)
    )
    assert "ends soon" in shown()


def test_there_is_a_column_for_each_place(shown):
    for name in ("here", "Tokyo office", "Frankfurt office"):
        rounds(1, location=name)
    found = shown()
    assert all(f"From {name}" in found for name in ("here", "Tokyo office", "Frankfurt office"))


def test_more_places_and_rounds_take_no_more_queries(shown):
    rounds()
    shown()
    with CaptureQueriesContext(connection) as few:
        shown()
    for name in ("Tokyo office", "Frankfurt office"):
        rounds(20, location=name)
    with CaptureQueriesContext(connection) as many:
        shown()
    assert len(many) <= len(few)


def test_a_place_without_canaries_is_told_so(shown):
    rounds(canaries=Canaries())
    assert "asks no independent host" in shown()


def test_the_first_page_shows_the_availability_that_users_met_with(shown):
    rounds(4)
    assert objectives([])[2].value == 100
    rounds(1, lost="api.example.com")
    assert objectives([])[2].value == pytest.approx(93.3)
    assert "Target missed" in shown("home")


def test_places_are_listed_in_order_of_their_names():
    for name in ("here", "Berlin", "Tokyo"):
        ProbeLocation.objects.create(name=name)
    assert [place.location.name for place in checks().places] == ["Berlin", "Tokyo", "here"]
