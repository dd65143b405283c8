"""The bar shows what a person may open; the palette finds it, and what apps add."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dr_console.web import navigation
from dr_console.web.navigation import Destination, Found
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    """Without what the apps have registered."""
    monkeypatch.setattr(navigation, "_pages", [])
    monkeypatch.setattr(navigation, "_searches", [])
    monkeypatch.setattr(navigation, "_acts", [])


def test_the_bar_has_what_exists_and_what_the_person_may():
    labels = [str(page.label) for page in navigation.bar(make.user("ada", role="viewer"))]
    assert labels == ["Home", "Readiness"]
    labels = [str(page.label) for page in navigation.bar(make.user("root", role="administrator"))]
    assert labels == ["Home", "Readiness", "People"]


def test_the_current_page_is_the_one_whose_address_is_longest():
    pages = [Destination("Home", "home"), Destination("People", "people:list")]
    assert navigation.current("/", pages) == pages[0]
    assert navigation.current("/people/ada/", pages) == pages[1]
    assert navigation.current("/elsewhere/", pages) is None


def test_a_page_beside_the_bar_marks_the_one_it_belongs_to(monkeypatch):
    preferences, within = Destination("Preferences", "people:preferences"), Destination("People", "people:list")
    monkeypatch.setattr(navigation, "_pages", [preferences])
    assert navigation.current("/people/preferences/", [within]) is None
    monkeypatch.setattr(navigation, "_pages", [replace(preferences, within="people:list")])
    assert navigation.current("/people/preferences/", [within]) == within


def test_the_bar_marks_where_one_is(client):
    client.force_login(make.user("root", role="administrator"))
    page = client.get("/people/").content.decode()
    assert page.count('aria-current="page"') == 1
    assert page.index('href="/people/"') < page.index('aria-current="page"') < page.index("People</a>")


def test_the_palette_finds_pages_by_every_word():
    navigation.add_page(Destination("Escalation matrix", "home"))
    navigation.add_page(Destination("Escalation matrix", "home"))
    person = make.user("ada")
    assert [found.label for found in navigation.find(person, "matrix ESC")] == ["Escalation matrix"]
    assert navigation.find(person, "matrix of nothing") == []


def test_the_palette_keeps_what_is_not_for_the_person_to_itself():
    navigation.add_page(Destination("Secrets", "home", permission="people.manage"))
    assert navigation.find(make.user("ada"), "secrets") == []


def test_the_palette_asks_the_apps_once_something_is_typed():
    asked = []

    def incidents(person, text):
        asked.append(text)
        yield from (Found(f"INC-2025-{number:03}", "/x/") for number in range(40))

    navigation.add_search(incidents)
    person = make.user("ada")
    assert [found.label for found in navigation.find(person, "")] == ["Home"]
    assert asked == []
    assert len(navigation.find(person, "inc")) == 16


def test_what_may_be_done_on_the_page_in_view_comes_first(client, ada, monkeypatch):
    def acts(person, path):
        yield Found("Brake", f"{path}brake/", "INC-1", posts={"version": "3"})

    monkeypatch.setattr(navigation, "_acts", [acts])
    person = make.user("bob")
    assert [found.label for found in navigation.find(person, "", at="/train/")] == ["Brake", "Home"]
    assert [found.label for found in navigation.find(person, "brake inc-1", at="/train/")] == ["Brake"]
    assert navigation.find(person, "brake") == []
    page = client.get("/find/?at=/train/", headers={"HX-Request": "true"}).content.decode()
    assert 'method="post" action="/train/brake/"' in page
    assert 'name="version" value="3"' in page


def test_htmx_gets_the_results_alone(client, ada):
    response = client.get("/find/?q=home", headers={"HX-Request": "true"})
    assert response.content.decode().strip().startswith('<div id="palette-results"')
    assert 'role="option"' in response.content.decode()


def test_without_javascript_the_palette_is_a_page(client, ada):
    response = client.get("/find/?q=home")
    assert "<html" in response.content.decode()
    assert 'value="home"' in response.content.decode()
    assert "Nothing here is called “zzz”." in client.get("/find/?q=zzz").content.decode()
