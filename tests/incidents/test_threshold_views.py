"""The page of thresholds, with what is measured of them, and the list of breaches."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils.timezone import now

from dr_console.errors import Problem, ProviderError
from dr_console.people.models import ApiToken
from incidents.models import Breach, Sample, ServiceEndpoint, Threshold, ThresholdState, Turn
from incidents.queries.health import used_endpoints
from incidents.queries.metrics import PROMETHEUS_TURN
from incidents.services import metrics
from tests import make

pytestmark = pytest.mark.django_db

THRESHOLDS, BREACHES = reverse("incidents:thresholds"), reverse("incidents:breaches")


@pytest.fixture(autouse=True)
def viewer(client):
    make.plan()
    someone = make.user("vera", role="viewer")
    client.force_login(someone)
    return someone


def text(response):
    assert response.status_code == 200
    page = unescape(re.sub(r"<[^>]+>", " ", response.content.decode()))
    return re.sub(r"\s+", " ", page)


def measured(*, failing=(), rounds=12):
    """A minute of rounds that ends now."""
    begin = now() - timedelta(seconds=5 * rounds)
    for count in range(rounds + 1):
        at = begin + timedelta(seconds=5 * count)
        make.probe_round(at=at, failing=failing)
        metrics.consider(at=at)


def test_before_anything_was_judged_nothing_is_well(client):
    page = text(client.get(THRESHOLDS))
    assert "Unknown" in page
    assert "Not judged yet" in page
    assert "Within the threshold" not in page


def test_present_values_stand_beside_what_they_are_measured_by(client):
    measured()
    page = text(client.get(THRESHOLDS))
    assert "Within the threshold" in page
    assert "100 %" in page
    assert "over 5 min · Health checks" in page
    assert "Nobody measures it: push it" in page


def test_a_breach_is_shown_with_the_service_that_is_worst_off(client):
    failing = ServiceEndpoint.objects.filter(pk__in=used_endpoints(), service__key="api")
    measured(failing=failing)
    page = text(client.get(THRESHOLDS))
    assert "Breached" in page
    assert "worst: API 0 %" in page
    assert "none yet" in page, "some were never breached"


def test_a_state_that_nobody_has_judged_lately_is_unknown(client):
    measured()
    ThresholdState.objects.update(at=now() - timedelta(minutes=5))
    page = text(client.get(THRESHOLDS))
    assert "Within the threshold" not in page
    assert "Not judged for 5 min" in page


def test_what_is_wrong_with_prometheus_is_said(client, settings):
    settings.DR_PROMETHEUS_URL = "https://prometheus.example.com"
    error = ProviderError("Prometheus", "read a metric", Problem.TIMED_OUT)
    Turn.objects.create(name=PROMETHEUS_TURN, at=now(), trouble=error.facts())
    assert "What is read from Prometheus is unknown: Prometheus did not answer in time" in text(client.get(THRESHOLDS))


def test_htmx_gets_the_table_alone_and_renews_it(client):
    measured()
    page = client.get(THRESHOLDS, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in page
    assert "live:breaches from:body" in page


def test_the_list_of_breaches_says_which_still_lasts_and_which_incident_it_belongs_to(client):
    incident = make.incident(origin="breach", started_at=now() - timedelta(minutes=2))
    measured(failing=ServiceEndpoint.objects.all())
    Breach.objects.filter(metric="error_rate").update(cleared_at=now())
    page = text(client.get(BREACHES))
    assert incident.reference in page
    assert "Breached for" in page
    assert "Ended lasted" in page
    assert "under 99.5 %" in page


@pytest.mark.parametrize(("query", "shown"), [("open=true", {"Availability"}), ("metric=error_rate", {"Error rate"})])
def test_it_can_be_narrowed(client, query, shown):
    measured(failing=ServiceEndpoint.objects.all())
    Breach.objects.filter(metric="error_rate").update(cleared_at=now())
    response = client.get(f"{BREACHES}?{query}")
    assert {row.record.threshold.name for row in response.context["table"].rows} == shown


def test_breaches_ask_as_often_for_many_as_for_few(client, django_assert_max_num_queries):
    threshold = Threshold.objects.get(key="throughput")
    for minutes in range(60):
        at = now() - timedelta(minutes=minutes)
        Breach.objects.create(
            threshold=threshold,
            opened_at=at,
            cleared_at=at,
            metric="throughput",
            comparison="below",
            unit="requests_per_second",
            limit=100,
            window_seconds=60,
            source="pushed",
            value=1,
            worst=1,
            last=1,
        )
    with django_assert_max_num_queries(12):
        assert "Older" in text(client.get(BREACHES))


def test_the_last_hour_is_drawn_and_said(client):
    measured(failing=ServiceEndpoint.objects.all())
    response = client.get(THRESHOLDS)
    page = response.content.decode()
    assert 'class="sparkline"' in page
    assert 'class="bad"' in page
    assert 'aria-label="0 %"' in page
    assert "Nothing was measured." in page


def test_what_was_pushed_is_in_the_last_hour(client):
    make.api_token()
    for minutes, value in [(50, 400), (10, 60), (10, 80)]:
        at = now() - timedelta(minutes=minutes, microseconds=value)
        Sample.objects.create(metric="throughput", source="pushed", token=ApiToken.objects.get(), at=at, value=value)
    assert "from 70 requests/s to 400 requests/s" in text(client.get(THRESHOLDS))
