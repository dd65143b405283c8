"""Rounds are added up by minute and hour, read again over any time, and forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dr_console.providers.capabilities.probe import Failure
from incidents.figures import Sample, pack_samples
from incidents.models import EndpointState, ProbeLocation, ProbeRollup, ProbeRound, Service, ServiceEndpoint
from incidents.queries import health
from incidents.queries.rounds import figures_by_endpoint
from incidents.services import rollup
from tests import make

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
GOOD, BAD = Sample(120.0, 200), Sample(3000.0, None, Failure.TIMED_OUT)
MINUTE, HOUR = rollup.Length.MINUTE, rollup.Length.HOUR


def rounds(
    since: datetime, until: datetime, *, sample: Sample = GOOD, every: float = 5, endpoint: int = 1, **fields
) -> None:
    count = int((until - since).total_seconds() / every)
    ProbeRound.objects.bulk_create(
        ProbeRound(
            at=since + timedelta(seconds=every * number),
            samples=pack_samples({endpoint: sample}),
            **{"location": "here", "kind": "round", "canaries_asked": 3, "canaries_good": 3} | fields,
        )
        for number in range(count)
    )


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def as_the_watch_does(until: datetime) -> None:
    """Let the roller hear of every round there is."""
    roller = rollup.Roller("here")
    for at in ProbeRound.objects.order_by("at").values_list("at", flat=True):
        roller.heard_of(at)
    roller.heard_of(until)


def test_a_minute_is_added_up_when_the_next_has_begun():
    rounds(AT, AT + minutes(2.5))
    as_the_watch_does(AT + minutes(2.5))
    assert list(ProbeRollup.objects.values_list("seconds", "at")) == [(60, AT), (60, AT + minutes(1))]


def test_an_hour_is_added_up_from_its_minutes(time_machine):
    time_machine.move_to(AT + minutes(70))
    rounds(AT, AT + minutes(61))
    as_the_watch_does(AT + minutes(61))
    hour = ProbeRollup.objects.get(seconds=HOUR)
    assert hour.at == AT
    assert rollup._of_minutes("here", AT)[1].count == 720


def test_adding_up_again_changes_nothing():
    rounds(AT, AT + minutes(1))
    for _ in range(2):
        rollup.roll_up("here", MINUTE, AT)
    assert ProbeRollup.objects.count() == 1


def test_nothing_adds_up_to_no_row():
    rollup.roll_up("here", MINUTE, AT)
    assert not ProbeRollup.objects.exists()


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (AT, AT + minutes(1)),
        (AT + minutes(3), AT + minutes(8)),
        (AT + minutes(1), AT + minutes(59)),
        (AT + minutes(13), AT + minutes(200)),
        (AT, AT + minutes(240)),
        (AT - timedelta(days=30), AT + minutes(250)),
        (AT + minutes(59), AT + minutes(121)),
        (AT + minutes(59), AT + minutes(125)),
    ],
    ids=str,
)
def test_however_it_is_read_every_round_counts_once(since, until, time_machine):
    time_machine.move_to(AT + minutes(251))
    rounds(AT, AT + minutes(250), every=10)
    as_the_watch_does(AT + minutes(250))
    seen = ProbeRound.objects.filter(at__gte=since, at__lt=until).count()
    assert figures_by_endpoint(since, until)[1].count == seen
    assert figures_by_endpoint(since, until, with_times=False)[1].count == seen


def test_a_process_that_was_killed_catches_up_when_it_starts_again(time_machine):
    time_machine.move_to(AT + minutes(130))
    rounds(AT, AT + minutes(125), every=15)
    rollup.Roller("here").heard_of(AT + minutes(125))
    assert ProbeRollup.objects.filter(seconds=MINUTE).count() == 125
    assert ProbeRollup.objects.filter(seconds=HOUR).count() == 2
    assert figures_by_endpoint(AT, AT + minutes(125))[1].count == 500


def test_a_clock_that_is_set_back_loses_no_minute():
    roller = rollup.Roller("here")
    rounds(AT, AT + minutes(1))
    roller.heard_of(AT)
    rounds(AT - minutes(60), AT - minutes(59))
    roller.heard_of(AT - minutes(60))
    roller.heard_of(AT - minutes(59))
    assert set(ProbeRollup.objects.filter(seconds=MINUTE).values_list("at", flat=True)) == {AT, AT - minutes(60)}


def test_asking_again_what_has_failed_does_not_count_double():
    rounds(AT, AT + minutes(1))
    rounds(AT, AT + minutes(1), sample=BAD, kind="confirmation")
    rounds(AT, AT + minutes(1), sample=BAD, kind="asked")
    rollup.roll_up("here", MINUTE, AT)
    assert rollup._of_rounds("here", AT)[1].failed == 0
    assert figures_by_endpoint(AT, AT + minutes(1))[1].failed == 0


def test_what_a_place_that_is_cut_off_finds_does_not_count():
    rounds(AT, AT + minutes(1), location="Tokyo office")
    rounds(AT, AT + minutes(1), sample=BAD, canaries_good=0)
    for location in ("here", "Tokyo office"):
        rollup.roll_up(location, MINUTE, AT)
    assert figures_by_endpoint(AT, AT + minutes(1))[1].availability == 100.0
    assert ProbeRollup.objects.get().location == "Tokyo office"


def test_what_is_too_old_is_forgotten(time_machine):
    time_machine.move_to(AT, tick=False)
    for age in (1, 3, 36, 731):
        at = AT - timedelta(days=age)
        rounds(at, at + minutes(1))
        for length in (MINUTE, HOUR):
            ProbeRollup.objects.create(location="here", seconds=length, at=at, counts=b"", times=b"")
    assert rollup.prune() == 36 + 2 + 1
    assert ProbeRound.objects.count() == 12
    assert sorted(ProbeRollup.objects.values_list("seconds", flat=True)) == [60, 60, 3600, 3600, 3600]


def test_a_place_that_was_given_up_is_forgotten_with_its_rounds(time_machine):
    make.plan()
    time_machine.move_to(AT, tick=False)
    endpoint = ServiceEndpoint.objects.all()[0]
    for name, age in (("here", 1), ("Tokyo office", 47), ("Frankfurt office", 49)):
        ProbeLocation.objects.create(name=name, at=AT - timedelta(hours=age))
        EndpointState.objects.create(endpoint=endpoint, location=name, state="down")
    rollup.prune()
    assert list(ProbeLocation.objects.values_list("name", flat=True)) == ["Tokyo office", "here"]
    assert set(EndpointState.objects.values_list("location", flat=True)) == {"Tokyo office", "here"}


def test_much_is_forgotten_a_little_at_a_time(time_machine, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(rollup, "PRUNED_AT_ONCE", 10)
    time_machine.move_to(AT + timedelta(days=3))
    rounds(AT, AT + minutes(2))
    assert rollup.prune() == 24
    assert not ProbeRound.objects.exists()


def test_availability_is_that_of_what_users_use(time_machine):
    make.plan()
    time_machine.move_to(AT + minutes(5), tick=False)
    public = ServiceEndpoint.objects.get(url="https://api.example.com/health")
    standby = ServiceEndpoint.objects.get(url="https://frankfurt.origin.example.com/health")
    rounds(AT, AT + minutes(4), endpoint=public.pk)
    rounds(AT + minutes(4), AT + minutes(5), endpoint=public.pk, sample=BAD)
    rounds(AT, AT + minutes(5), endpoint=standby.pk, sample=BAD)
    assert health.availability(minutes(5)) == pytest.approx(80.0)
    assert health.availability(minutes(5), until=AT) is None


def test_figures_of_a_service_are_those_of_its_own_endpoints(time_machine):
    make.plan()
    api, database = Service.objects.get(key="api"), Service.objects.get(key="database")
    for endpoint in ServiceEndpoint.objects.all():
        rounds(AT, AT + minutes(1), endpoint=endpoint.pk, sample=BAD if endpoint.service_id == database.pk else GOOD)
    assert health.figures(AT, AT + minutes(1), api).error_rate == 0.0
    assert health.figures(AT, AT + minutes(1), api).percentile(0.95) == pytest.approx(120, rel=0.03)
    # A service that has no host name of its own is judged by its primary region, and does not count for all.
    assert health.figures(AT, AT + minutes(1), database).count == 12
    assert health.figures(AT, AT + minutes(1), database).availability == 0.0
    assert health.figures(AT, AT + minutes(1)).availability == 100.0
