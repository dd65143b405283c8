"""What beat rings for, carried out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from dr_console.celery import app
from incidents import tasks
from incidents.models import Sample, Turn
from incidents.services import samples
from tests import make

pytestmark = pytest.mark.django_db


def test_samples_are_pruned_every_hour():
    rung = app.conf.beat_schedule["prune samples"]
    assert (rung["task"], rung["schedule"]) == (tasks.prune_samples.name, 3600)
    Sample.objects.create(metric="throughput", source="prometheus", at=now() - samples.KEPT * 2, value=1)
    Sample.objects.create(metric="throughput", source="prometheus", at=now() - timedelta(hours=1), value=1)
    tasks.prune_samples.delay()
    assert Sample.objects.count() == 1


def test_prometheus_is_not_rung_for_where_there_is_none():
    assert "read Prometheus" not in app.conf.beat_schedule


def test_prometheus_is_read_by_the_task(settings):
    make.plan()
    settings.DR_PROMETHEUS_URL = "http://127.0.0.1:9"
    settings.DR_PROMETHEUS_QUERIES = settings.DR_PROMETHEUS_QUERIES | {"throughput": "sum(t)"}
    tasks.read_prometheus.delay()
    assert Turn.objects.get().trouble["problem"] == "unreachable"
