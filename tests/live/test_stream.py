from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse

from dr_console.live import topics
from dr_console.live.stream import still_welcome
from tests import make

pytestmark = pytest.mark.django_db


def url(topic="console"):
    return reverse("live:stream", args=[topic])


@pytest.fixture(autouse=True)
def _rules(monkeypatch):
    monkeypatch.setattr(topics, "_rules", dict(topics._rules))
    topics.allow("incident-", lambda user, topic: user.username == "ada")


@pytest.fixture
def ada(client):
    someone = make.user("ada")
    client.force_login(someone)
    return someone


@pytest.mark.parametrize("topic", ["console", "incident-7"])
def test_those_who_may_see_a_topic_get_its_stream(client, ada, topic):
    response = client.get(url(topic))
    assert response.status_code == 200
    assert response["Content-Type"] == "text/event-stream"
    assert response["Cache-Control"] == "no-cache"
    assert response["X-Accel-Buffering"] == "no"


def test_strangers_are_sent_to_log_in(client):
    response = client.get(url())
    assert response.status_code == 302
    assert response.url.startswith("/accounts/login/")


def test_others_may_not_watch_it(client):
    client.force_login(make.user("bob"))
    assert client.get(url("incident-7")).status_code == 403


@pytest.mark.parametrize("topic", ["nothing", "console2", "incident-"])
def test_there_is_no_stream_of_an_unknown_topic(client, ada, topic):
    assert client.get(url(topic)).status_code == 404


@pytest.mark.parametrize("cursor", ["yesterday", "-1", "1.5", "٣", "9" * 19, "1 OR 1=1"])
def test_a_wrong_cursor_gets_a_sentence(client, ada, cursor):
    for response in (client.get(url(), {"after": cursor}), client.get(url(), headers={"Last-Event-ID": cursor})):
        assert response.status_code == 400
        assert "must be a whole number" in response.content.decode()


def test_posting_is_not_allowed(client, ada):
    assert client.post(url()).status_code == 405


@pytest.fixture
def session_key(client, ada):
    return client.session.session_key


def test_a_stream_ends_with_the_session(session_key):
    assert still_welcome(session_key, "console")
    Session.objects.all().delete()
    assert not still_welcome(session_key, "console")


def test_a_stream_ends_when_the_person_is_deactivated(session_key, ada):
    ada.is_active = False
    ada.save()
    assert not still_welcome(session_key, "console")


def test_a_stream_ends_when_the_password_is_changed(session_key, ada):
    ada.set_password("another")
    ada.save()
    assert not still_welcome(session_key, "console")


def test_a_stream_ends_when_the_topic_is_theirs_no_more(session_key):
    assert still_welcome(session_key, "incident-7")
    topics.allow("incident-", lambda user, topic: False)
    assert not still_welcome(session_key, "incident-7")


def test_a_stranger_is_never_welcome():
    assert not still_welcome(None, "console")
