"""From measurements to a breach, its alerts, and the incident: on the built-in plan, with real rows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils.timezone import now

from dr_console.live.models import Event
from dr_console.notifications.models import Delivery
from dr_console.people.models import ApiToken
from dr_console.web.sentences import spoken
from incidents.models import (
    Breach,
    Incident,
    Sample,
    ServiceEndpoint,
    Source,
    Threshold,
    ThresholdState,
    Turn,
)
from incidents.queries.health import used_endpoints
from incidents.services import breach_words, metrics
from tests import make

pytestmark = pytest.mark.django_db

ROUND = timedelta(seconds=5)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _plan():
    make.plan()


@pytest.fixture
def start():
    return now()


def all_facing():
    """The endpoints at names that users come to."""
    return ServiceEndpoint.objects.filter(pk__in=used_endpoints())


def endpoints(service="api"):
    return all_facing().filter(service__key=service)


def go(at, rounds, *, failing=(), milliseconds=80.0):
    """So many rounds from `at` on, each judged; returns when the next one would be."""
    for _round in range(rounds):
        make.probe_round(at=at, failing=failing, milliseconds=milliseconds)
        metrics.consider(at=at)
        at += ROUND
    return at


def state(key):
    return ThresholdState.objects.get(threshold__key=key)


def alerts(breach):
    return Delivery.objects.filter(dedup_key__startswith=f"breach:{breach.pk}:")


def pushed(metric, value, at, **fields):
    token = ApiToken.objects.first() or (make.api_token() and ApiToken.objects.get())
    return Sample.objects.create(metric=metric, source=Source.PUSHED, token=token, at=at, value=value, **fields)


def test_without_measurements_everything_is_unknown(start):
    assert metrics.consider(at=start)
    found = {row.threshold.key: (row.state, row.gap) for row in ThresholdState.objects.all()}
    assert set(found.values()) == {("unknown", "nothing"), ("unknown", "no_source")}
    assert found["throughput"] == ("unknown", "no_source")
    assert not Breach.objects.exists()


def test_good_rounds_are_well(start):
    go(start, 10)
    availability = state("availability")
    assert (availability.state, availability.value, availability.source) == ("well", 100.0, "probes")
    assert state("response-time-p50").value == pytest.approx(80, rel=0.03)
    assert state("throughput").state == "unknown"


def test_a_percentile_of_few_is_unknown_rather_than_good(start):
    go(start, 3)
    assert (state("response-time-p99").state, state("response-time-p99").gap) == ("unknown", "too_few")


def test_only_addresses_that_users_come_to_count(start):
    standby = ServiceEndpoint.objects.filter(region__key="us-west-1")
    go(start, 12, failing=standby)
    assert state("availability").state == "well"


def test_a_breach_opens_once_and_the_channel_of_the_plan_is_told_once(start):
    go(start, 12, failing=endpoints())
    breach = Breach.objects.get(metric="availability")
    assert (breach.worst_part, breach.source, breach.limit) == ("api", "probes", 99.5)
    assert breach.worst <= breach.value
    assert {one.channel for one in alerts(breach)} == {"pagerduty"}
    assert alerts(breach).count() == 1
    assert {one.channel for one in alerts(Breach.objects.get(metric="error_rate"))} == {"email"}


def test_one_lost_probe_is_no_breach(start):
    at = go(start, 6)
    at = go(at, 1, failing=endpoints()[:1])
    go(at, 6)
    assert not Breach.objects.exists()


def test_it_clears_once_after_a_whole_good_window_and_says_so(start):
    at = go(start, 12)
    at = go(at, 4, failing=all_facing())
    breach = Breach.objects.get(metric="error_rate")
    at = go(at, 23)
    breach.refresh_from_db()
    assert breach.cleared_at is None, "the bad rounds are a minute in the window, and the window then has to be good"
    go(at, 8)
    breach.refresh_from_db()
    assert breach.cleared_at is not None
    assert Breach.objects.filter(metric="error_rate").count() == 1
    assert {one.payload["action"] for one in alerts(breach)} == {"trigger", "resolve"}
    assert len({one.payload["key"] for one in alerts(breach)}) == 1
    assert state("error-rate").state == "well"


def test_silence_does_not_clear_it(start):
    at = go(start, 4, failing=all_facing())
    for _round in range(60):
        metrics.consider(at=at)
        at += ROUND
    assert Breach.objects.open().filter(metric="error_rate").exists()
    assert (state("error-rate").state, state("error-rate").value) == ("breached", None)


def test_a_place_that_is_cut_off_is_no_witness(start):
    at = start
    for _round in range(12):
        make.probe_round(at=at, failing=all_facing(), canaries_asked=3, canaries_good=0)
        metrics.consider(at=at)
        at += ROUND
    assert state("availability").state == "unknown"
    assert not Breach.objects.exists()


def test_confirmations_do_not_count_a_failure_twice(start):
    for count in range(12):
        make.probe_round(at=start + count * ROUND)
        make.probe_round(at=start + count * ROUND, failing=all_facing(), kind="confirmation")
    metrics.consider(at=start + 12 * ROUND)
    assert state("availability").value == 100.0


# Who measures ------------------------------------------------------------------------------------------


def test_throughput_is_what_was_pushed_each_value_by_itself(start):
    pushed("throughput", 900, start - ROUND)
    pushed("throughput", 40, start)
    metrics.consider(at=start)
    assert (state("throughput").state, state("throughput").value) == ("breached", 40)
    assert {one.channel for one in alerts(Breach.objects.get())} == {"slack"}


def test_pushed_availability_is_the_mean_over_the_window_weighted(start):
    for ago, value, count in [(10, 100, 998), (20, 0, 1), (30, 0, 1)]:
        pushed("availability", value, start - timedelta(seconds=ago), count=count)
    metrics.consider(at=start)
    assert state("availability").value == pytest.approx(99.8)
    assert state("availability").source == "pushed"


def test_when_pushing_stops_health_checks_do_not_speak_for_it_at_once(start):
    pushed("error_rate", 0.1, start - timedelta(minutes=10))
    go(start, 12)
    assert (state("error-rate").state, state("error-rate").gap) == ("unknown", "nothing")
    assert state("availability").state == "well"


def test_after_an_hour_of_silence_health_checks_take_over(start):
    pushed("error_rate", 0.1, start - timedelta(minutes=61))
    go(start, 12)
    assert (state("error-rate").state, state("error-rate").source) == ("well", "probes")


def test_a_metric_with_a_query_is_prometheus_alone(start, settings):
    settings.DR_PROMETHEUS_URL = "https://prometheus.example.com"
    settings.DR_PROMETHEUS_QUERIES = settings.DR_PROMETHEUS_QUERIES | {"error_rate": "errors[$window]"}
    pushed("error_rate", 0, start)
    go(start, 12)
    assert (state("error-rate").state, state("error-rate").source) == ("unknown", "prometheus")
    Sample.objects.create(metric="error_rate", source=Source.PROMETHEUS, at=start + MINUTE, value=7)
    metrics.consider(at=start + MINUTE + ROUND)
    assert (state("error-rate").state, state("error-rate").value) == ("breached", 7)


# The incident ------------------------------------------------------------------------------------------


def test_what_matters_declares_one_incident_after_diagnosis_had_its_time(start):
    at = go(start, 7, failing=all_facing())
    assert not Incident.objects.exists()
    go(at, 3, failing=all_facing())
    incident = Incident.objects.get()
    assert (incident.origin, incident.severity) == ("breach", "P1")
    assert incident.started_at == Breach.objects.get(metric="availability").opened_at
    assert set(incident.breaches.values_list("metric", flat=True)) == {"availability", "error_rate"}


def test_it_gets_worse_when_availability_falls_too(start):
    """Pushed error rates, for example, come first."""
    pushed_bad = [pushed("error_rate", 5, start - timedelta(seconds=ago)) for ago in (2, 1, 0)]
    assert pushed_bad
    metrics.consider(at=start)
    metrics.consider(at=start + 6 * ROUND)
    incident = Incident.objects.get()
    assert (incident.severity, incident.words) == ("P2", "Error rate over 1 %")
    go(start + 7 * ROUND, 12, failing=all_facing())
    incident.refresh_from_db()
    assert (Incident.objects.count(), incident.severity, incident.words) == (1, "P1", "Availability under 99.5 %")


def test_an_incident_of_breaches_alone_is_over_with_the_last_of_them(start):
    at = go(start, 12, failing=all_facing())
    incident = Incident.objects.get()
    at = go(at, 60)
    incident.refresh_from_db()
    assert incident.recovered_at is None, "availability still has the bad minute in its five"
    go(at, 65)
    incident.refresh_from_db()
    cleared = Breach.objects.get(metric="availability").cleared_at
    assert (incident.status, incident.verified_at) == ("mitigated", cleared)
    assert incident.started_at < incident.recovered_at < cleared


def test_slow_answers_alert_and_declare_nothing(start):
    go(start, 40, milliseconds=4000)
    assert set(Breach.objects.values_list("metric", flat=True)) == {
        "response_time_p50",
        "response_time_p95",
        "response_time_p99",
    }
    assert not Incident.objects.exists()


def test_it_is_put_to_the_incident_that_is_open(start):
    incident = make.incident(origin=Incident.Origin.BREACH, started_at=start)
    go(start, 20, failing=all_facing())
    assert Incident.objects.count() == 1
    assert incident.breaches.count() == 2
    said = [entry.words for entry in incident.timeline.all()]
    assert any("Availability is" in one and "Worst off" in one for one in said)
    assert len(said) == 2


def test_an_old_incident_of_somebody_else_is_not_about_it(start):
    old = make.incident(started_at=start - timedelta(days=14))
    go(start, 12, failing=all_facing())
    assert Incident.objects.count() == 2
    assert not old.breaches.exists()


def test_a_drill_does_not_hide_a_real_breach(start):
    drill = make.incident(started_at=start, is_practice=True)
    go(start, 12, failing=all_facing())
    assert not drill.breaches.exists()
    assert Incident.objects.real().count() == 1


def test_clearing_is_told_on_the_timeline(start):
    incident = make.incident(origin=Incident.Origin.BREACH, started_at=start)
    pushed("throughput", 40, start)
    metrics.consider(at=start)
    at = start
    for _round in range(20):
        at += ROUND
        pushed("throughput", 400, at)
        metrics.consider(at=at)
    assert incident.timeline.filter(dedup_key__endswith="-cleared").count() == 1


# The plan changes, and several ask at once -----------------------------------------------------------


def test_a_threshold_that_the_plan_drops_ends_its_breach(start):
    pushed("throughput", 40, start)
    metrics.consider(at=start)
    Threshold.objects.filter(key="throughput").update(retired_at=now())
    metrics.consider(at=start + ROUND)
    breach = Breach.objects.get()
    assert breach.cleared_at is not None
    assert "no longer has this threshold" in alerts(breach).get(payload__action="resolve").subject
    assert not ThresholdState.objects.filter(threshold__key="throughput").exists()


def test_however_many_ask_one_judges_every_five_seconds(start):
    seconds = [0, 0, 0.5, 4.4, 4.98, 9, 10.02]
    judged = [metrics.consider(at=start + timedelta(seconds=count)) for count in seconds]
    assert judged == [True, False, False, False, True, False, True]


def test_a_clock_that_was_set_back_does_not_stop_the_judging(start):
    assert metrics.consider(at=start + timedelta(days=1))
    assert metrics.consider(at=start)
    assert Turn.objects.get().at == start


def test_pages_are_told_of_what_changes_and_of_nothing_else(start):
    def told():
        return Event.objects.filter(topic__name="console", name="breaches").count()

    at = go(start, 40)
    quiet = told()
    at = go(at, 5)
    assert told() == quiet
    pushed("throughput", 40, at)
    metrics.consider(at=at)
    assert told() == quiet + 1


def test_sentences_speak_the_readers_language(start):
    pushed("throughput", 40.25, start)
    metrics.consider(at=start)
    said = breach_words.opened(Breach.objects.get())
    assert spoken(said) == (
        "Throughput is 40.2 requests/s, under the threshold of 100 requests/s (over 1 min, as pushed through the API)."
    )


def test_the_number_of_queries_does_not_grow_with_the_rounds(start, django_assert_max_num_queries):
    go(start, 30)
    make.probe_round(at=start + 30 * ROUND)
    with django_assert_max_num_queries(24):
        assert metrics.consider(at=start + 30 * ROUND)


@pytest.mark.django_db(transaction=True)
def test_twelve_that_judge_at_once_open_one_breach_and_alert_once(start):
    make.plan()
    pushed("throughput", 40, start)
    ready = Barrier(12)

    def one(number):
        try:
            ready.wait()
            # Some at the same moment, some one turn later.
            return metrics.consider(at=start + (number % 3) * ROUND)
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        judged = list(pool.map(one, range(12)))
    assert 1 <= sum(judged) <= 3
    assert alerts(Breach.objects.get()).count() == 1


def test_prometheus_is_told_how_many_thresholds_are_crossed(client, start):
    assert "dr_console_open_breaches 0.0" in client.get("/metrics").content.decode()
    pushed("throughput", 40, start)
    metrics.consider(at=start)
    assert "dr_console_open_breaches 1.0" in client.get("/metrics").content.decode()
