"""What /healthz, /readyz and /metrics have in common: they are for machines, without login."""

from __future__ import annotations

import pytest


def test_healthz_asks_nobody(client, redis_url, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = client.get("/healthz")  # without the mark django_db, any query would fail the test
    assert (response.status_code, response.content) == (200, b"ok\n")


@pytest.mark.parametrize("path", ["/healthz", "/healthz/engine", "/readyz", "/metrics"])
@pytest.mark.django_db(transaction=True)
def test_they_only_tell_and_are_not_kept(client, path):
    assert client.post(path).status_code == 405
    assert "no-store" in client.get(path)["Cache-Control"]
