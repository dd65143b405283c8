"""/metrics: what Prometheus reads."""

from __future__ import annotations

import pytest

from dr_console.operations import heartbeats
from dr_console.operations.models import Heartbeat
from tests import make

pytestmark = pytest.mark.django_db


def test_requests_are_counted_by_view_not_by_address(client):
    client.get("/healthz")
    client.get("/no/such/page/")
    text = client.get("/metrics").content.decode()
    assert 'dr_console_requests_total{method="GET",status="200",view="operations:healthz"}' in text
    assert 'view="(no such page)"' in text
    assert "/no/such/page" not in text
    assert 'dr_console_request_seconds_count{view="operations:healthz"}' in text


def test_it_shows_heartbeats_plan_version_viewers_and_incidents(client):
    heartbeats.beat("worker", kind=Heartbeat.Kind.WORKER)
    make.plan()
    text = client.get("/metrics").content.decode()
    assert 'dr_console_heartbeat_age_seconds{host="' in text
    assert "dr_console_plan_version 1.0" in text
    assert "dr_console_live_viewers 0.0" in text
    assert "dr_console_open_incidents 0.0" in text


def test_without_a_token_it_is_for_this_machine_only(client):
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 403
    # Behind a proxy on this machine, everybody comes from this machine.
    assert client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 403


def test_with_a_token_it_is_for_whoever_sends_it(client, settings):
    settings.DR_METRICS_TOKEN = "let-me-see"
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer let-me-in"}).status_code == 403
    told = client.get("/metrics", REMOTE_ADDR="192.0.2.7", headers={"Authorization": "Bearer let-me-see"})
    assert told.status_code == 200


def test_a_strange_method_does_not_become_a_label(client):
    client.generic("FROBNICATE", "/healthz")
    text = client.get("/metrics").content.decode()
    assert "FROBNICATE" not in text
    assert 'method="(other)"' in text
