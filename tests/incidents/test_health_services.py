"""What health checks found is kept, and turned into states."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from dr_console.live.models import Event
from dr_console.providers.capabilities.probe import Failure, Phase, ProbeResult, Timings
from incidents.figures import unpack_samples
from incidents.models import EndpointState, ProbeLocation, ProbeRound, ServiceEndpoint
from incidents.services import health
from incidents.services.health import Canaries
from tests import make

pytestmark = pytest.mark.django_db

GOOD = ProbeResult("https://api.example.com/health", Timings(whole=0.0123), status=200)
BAD = ProbeResult("https://api.example.com/health", Timings(whole=3.0), Failure.TIMED_OUT, Phase.FIRST_BYTE)
AT = datetime(2026, 11, 22, 19, 0, tzinfo=UTC)
KINDS = ProbeRound.Kind


@pytest.fixture
def endpoint() -> ServiceEndpoint:
    make.plan()
    health._news = health._News()
    return ServiceEndpoint.objects.get(url="https://api.example.com/health")


@pytest.fixture
def edge(sandbox, settings) -> None:
    """Health checks go to the sandbox of this test."""
    settings.DR_EDGE_URL = f"{sandbox.url}/edge"


def rounds(endpoint, results: str, *, at: datetime = AT, location: str = "here") -> EndpointState:
    """One round a letter, five seconds apart: g is a good one."""
    for number, letter in enumerate(results):
        moment = at + timedelta(seconds=5 * number)
        health.record_round(location, moment, {endpoint.pk: GOOD if letter == "g" else BAD})
    return EndpointState.objects.get(endpoint=endpoint, location=location)


@pytest.mark.parametrize(
    ("results", "state"),
    [
        ("g", "up"),
        ("b", "suspect"),
        ("gb", "suspect"),
        ("gbg", "up"),
        ("gbb", "suspect"),
        ("gbbb", "down"),
        ("bbb", "down"),
        ("bbbg", "down"),
        ("bbbgg", "down"),
        ("bbbggg", "up"),
        ("bbbggb", "down"),
        ("bbbggbgg", "down"),
        ("bbbgggb", "suspect"),
        ("gbgbgb", "suspect"),
    ],
)
def test_it_takes_three_bad_rounds_to_be_down_and_three_good_ones_to_be_up_again(endpoint, results, state):
    assert rounds(endpoint, results).state == state


def test_a_state_says_since_when_and_how_often(endpoint):
    state = rounds(endpoint, "ggbbbb")
    assert (state.bad_streak, state.good_streak) == (4, 0)
    assert state.streak_began_at == AT + timedelta(seconds=10)
    assert state.since == AT + timedelta(seconds=20)
    assert state.at == AT + timedelta(seconds=25)
    assert (state.failure, state.phase, state.milliseconds, state.status) == ("timed_out", "first_byte", 3000.0, None)


def test_how_many_good_rounds_it_takes_is_a_setting(endpoint, settings):
    settings.DR_PROBE_GOOD_ROUNDS = 1
    assert rounds(endpoint, "bbbg").state == "up"


def test_places_see_for_themselves(endpoint):
    rounds(endpoint, "ggg", location="Tokyo office")
    assert rounds(endpoint, "bbb", location="here").state == "down"
    assert EndpointState.objects.get(endpoint=endpoint, location="Tokyo office").state == "up"
    assert set(ProbeLocation.objects.values_list("name", flat=True)) == {"here", "Tokyo office"}


def test_a_round_is_one_row_with_every_sample_in_it(endpoint):
    other = ServiceEndpoint.objects.exclude(pk=endpoint.pk)[0]
    health.record_round("here", AT, {endpoint.pk: GOOD, other.pk: BAD}, canaries=Canaries(3, 2))
    row = ProbeRound.objects.get()
    found = unpack_samples(bytes(row.samples))
    assert (row.at, row.kind, row.canaries_asked, row.canaries_good) == (AT, "round", 3, 2)
    assert found[endpoint.pk].milliseconds == pytest.approx(12.3)
    assert found[other.pk].failure is Failure.TIMED_OUT


def test_an_endpoint_that_is_gone_meanwhile_is_passed_over(endpoint):
    health.record_round("here", AT, {endpoint.pk: GOOD, 999_999: GOOD})
    assert EndpointState.objects.count() == 1


def test_a_round_without_canaries_leaves_what_is_known_of_them(endpoint):
    health.record_round("here", AT, {}, canaries=Canaries(3, 3))
    health.record_round("here", AT + timedelta(seconds=1), {endpoint.pk: GOOD}, kind=KINDS.ASKED)
    place = ProbeLocation.objects.get()
    assert (place.canaries_asked, place.canaries_at, place.at) == (3, AT, AT + timedelta(seconds=1))


@pytest.mark.parametrize(("asked", "good", "cut_off"), [(0, 0, False), (3, 0, True), (3, 1, True), (3, 2, False)])
def test_a_place_is_cut_off_when_most_independent_hosts_do_not_answer(asked, good, cut_off):
    assert ProbeLocation(name="here", canaries_asked=asked, canaries_good=good).is_cut_off is cut_off


def test_open_pages_hear_of_a_change_and_not_of_every_round(endpoint, time_machine):
    time_machine.move_to(AT, tick=False)
    told = []
    for number, letter in enumerate("gggbbbg"):
        time_machine.shift(5)
        health._news._told_at = float("-inf")  # a second has gone by
        rounds(endpoint, letter, at=AT + timedelta(seconds=number * 5))
        told.append(Event.objects.filter(name="health").count())
    # up; then nothing new; suspect; still suspect; down; the reason of the failure is gone
    assert told == [1, 1, 1, 2, 2, 3, 4]


def test_several_changes_in_a_second_are_told_once_and_then_again(endpoint):
    rounds(endpoint, "gb")
    assert Event.objects.filter(name="health").count() == 1
    health._news._told_at = float("-inf")
    rounds(endpoint, "b")
    assert Event.objects.filter(name="health").count() == 2


def test_a_round_asks_the_database_as_often_for_many_endpoints_as_for_few(endpoint):
    everything = list(ServiceEndpoint.objects.values_list("pk", flat=True))
    health.record_round("here", AT, dict.fromkeys(everything, GOOD))
    with CaptureQueriesContext(connection) as few:
        health.record_round("here", AT, {endpoint.pk: GOOD})
    with CaptureQueriesContext(connection) as many:
        health.record_round("here", AT, dict.fromkeys(everything, GOOD))
    assert len(many) == len(few) <= 9


def test_asking_now_keeps_what_it_finds(endpoint, sandbox, edge):
    results = health.ask_now(ServiceEndpoint.objects.all())
    assert [result.ok for result in results] == [True] * len(results)
    assert EndpointState.objects.filter(state="up").count() == len(results)
    assert ProbeRound.objects.get().kind == "asked"
    assert abs(ProbeRound.objects.get().at - now()) < timedelta(seconds=10)


def test_asking_an_address_that_is_no_endpoint_keeps_nothing(endpoint, sandbox, edge):
    assert health.ask_now("https://www.example.com/")[0].ok
    assert not ProbeRound.objects.exists()


def test_asking_an_address_of_an_endpoint_asks_that(endpoint, sandbox, edge):
    assert health.ask_now(endpoint.url, "Tokyo office")[0].ok
    assert EndpointState.objects.get().location == "Tokyo office"


def test_a_region_that_is_lost_is_seen(endpoint, sandbox, edge):
    sandbox.post("/scenarios", {"name": "region-outage", "parameters": {"region": "tokyo", "how": "reset"}})
    endpoints = list(ServiceEndpoint.objects.all())
    results = {one.url: result for one, result in zip(endpoints, health.ask_now(endpoints), strict=True)}
    assert results["https://tokyo.origin.example.com/health"].failure is Failure.RESET
    assert results["https://california.origin.example.com/health"].ok
