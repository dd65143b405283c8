"""Language and look can be chosen by anybody, and are kept for whoever is logged in."""

from __future__ import annotations

import pytest

from dr_console.web import choices

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(monkeypatch):
    calls = []
    monkeypatch.setattr(choices, "_keepers", [])
    choices.keep_with(lambda person, name, value: calls.append((person.username, name, value)))
    return calls


def test_a_stranger_chooses_a_language(client, kept):
    response = client.post("/language/", {"language": "zh-hans", "next": "/accounts/login/"})
    assert response.url == "/accounts/login/"
    assert 'lang="zh-hans"' in client.get("/accounts/login/").content.decode()
    assert kept == []


def test_a_person_s_language_is_kept_for_them(client, ada, kept):
    client.post("/language/", {"language": "zh-hans", "next": "/style/"})
    assert kept == [("ada", "language", "zh-hans")]


def test_a_language_that_the_console_does_not_speak_is_refused(client):
    response = client.post("/language/", {"language": "tlh"})
    assert response.status_code == 400
    assert "does not speak “tlh”" in response.content.decode()


def test_nobody_is_sent_elsewhere_by_choosing(client):
    assert client.post("/language/", {"language": "en", "next": "https://evil.example/"}).url == "/"


def test_a_stranger_chooses_a_look(client):
    response = client.post("/look/", {"theme": "dark"}, headers={"Referer": "http://testserver/accounts/login/"})
    assert response.url == "http://testserver/accounts/login/"
    assert 'data-theme="dark"' in client.get("/accounts/login/").content.decode()


def test_a_person_s_look_is_kept_for_them(client, ada, kept):
    client.post("/look/", {"theme": "light"})
    assert kept == [("ada", "theme", "light")]


def test_a_look_that_does_not_exist_is_refused(client):
    assert client.post("/look/", {"theme": "pink"}).status_code == 400


def test_a_cookie_with_rubbish_changes_nothing(client):
    client.cookies["dr_theme"] = '"><script>'
    assert 'data-theme="system"' in client.get("/accounts/login/").content.decode()
