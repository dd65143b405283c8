"""/readyz: is every part there? Asked by machines, without login."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils.timezone import now

from dr_console.operations import engine, heartbeats, readiness
from dr_console.operations.models import EngineTick, Heartbeat

pytestmark = pytest.mark.django_db(transaction=True)

Kind = Heartbeat.Kind


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    """However busy the machine is that runs the tests: what answers is there."""
    monkeypatch.setattr(readiness, "SECONDS_A_CHECK", 30.0)


def all_alive(queues):
    for kind in (Kind.WEB, Kind.WORKER, Kind.BEAT, Kind.WATCH):
        heartbeats.beat(kind, kind=kind)
    for queue in queues:
        heartbeats.beat(queue, kind=Kind.QUEUE)
    engine.ticked()


def test_ready_says_so_for_every_part(client, settings):
    all_alive(settings.DR_QUEUES)
    response = client.get("/readyz")
    assert response.status_code == 200
    answer = response.json()
    assert answer["ready"] is True
    assert set(answer["checks"]) == {"database", "redis", "migrations", "worker", "beat", "watch", "queues", "engine"}
    assert {check["status"] for check in answer["checks"].values()} == {"ok"}
    assert answer["checks"]["worker"]["age_seconds"] < 60


@pytest.mark.parametrize(
    ("gone", "part"),
    [
        ({"kind": Kind.WORKER}, "worker"),
        ({"kind": Kind.BEAT}, "beat"),
        ({"kind": Kind.WATCH}, "watch"),
        ({"process": "failover"}, "queues"),
    ],
)
def test_who_has_gone_quiet_is_named(client, settings, gone, part):
    all_alive(settings.DR_QUEUES)
    Heartbeat.objects.filter(**gone).update(at=now() - timedelta(seconds=61))
    response = client.get("/readyz")
    assert response.status_code == 503
    failed = {name for name, check in response.json()["checks"].items() if check["status"] != "ok"}
    assert failed == {part}


def test_an_engine_that_has_stopped(client, settings):
    all_alive(settings.DR_QUEUES)
    EngineTick.objects.update(at=now() - timedelta(seconds=31))
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["engine"]["detail"] == "Escalations have not been looked at for more than 30 s."


@pytest.mark.parametrize(("seconds", "status"), [(0, 200), (29, 200), (31, 503)])
def test_the_engine_is_asked_by_itself_too(client, seconds, status):
    EngineTick.objects.create(pk=engine.THE_ROW, at=now() - timedelta(seconds=seconds))
    response = client.get("/healthz/engine")
    assert response.status_code == status
    assert response.json()["age_seconds"] == pytest.approx(seconds, abs=20)


def test_who_stands_in_is_named_and_does_not_make_it_well(client):
    EngineTick.objects.create(pk=engine.THE_ROW, at=now() - timedelta(seconds=60))
    engine.stand_in("4711@web-a")
    response = client.get("/healthz/engine")
    assert response.status_code == 503
    assert response.json()["detail"].endswith("Process 4711@web-a does it meanwhile.")


def test_an_engine_that_never_ticked(client):
    response = client.get("/healthz/engine")
    assert (response.status_code, response.json()["detail"]) == (503, "Escalations have never been looked at.")


def test_who_was_never_heard_of_is_not_ready(client):
    checks = client.get("/readyz").json()["checks"]
    assert checks["beat"] == {"status": "failed", "detail": "Never heard of."}
    assert "default" in checks["queues"]["detail"]


def test_redis_down(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["redis"] == {"status": "failed", "detail": "Redis does not answer."}


def test_a_migration_that_is_not_applied(client):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'operations' AND name = '0004_engine'")
    try:
        check = client.get("/readyz").json()["checks"]["migrations"]
    finally:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES ('operations', '0004_engine', %s)",
                [now()],
            )
    assert check == {"status": "failed", "detail": "1 migrations are not applied."}


def test_a_part_that_hangs_does_not_hold_up_the_answer(client, monkeypatch):
    answers = threading.Event()
    monkeypatch.setattr(readiness, "SECONDS_A_CHECK", 0.1)
    monkeypatch.setitem(readiness.CHECKS, "database", lambda: answers.wait(60))
    try:
        check = client.get("/readyz").json()["checks"]["database"]
        assert check == {"status": "failed", "detail": "No answer within 0.1 s."}
    finally:
        answers.set()
