from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.test import RequestFactory

from dr_console.celery import app
from dr_console.live.context_processors import live

pytestmark = pytest.mark.django_db


def test_beat_has_old_events_forgotten():
    entries = [entry for entry in app.conf.beat_schedule.values() if entry["task"] == "live.prune_events"]
    assert len(entries) == 1
    app.loader.import_default_modules()
    assert "live.prune_events" in app.tasks


@pytest.mark.parametrize(("user", "stream"), [(User(), "/live/console/"), (AnonymousUser(), ""), (None, "")], ids=str)
def test_a_page_knows_its_stream_when_somebody_has_logged_in(user, stream):
    request = RequestFactory().get("/")
    if user is not None:
        request.user = user
    assert live(request) == {"live_stream": stream}
