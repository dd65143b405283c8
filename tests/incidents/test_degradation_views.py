"""The page of the degradation level, and what everybody may read of it."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.db import DatabaseError
from django.urls import reverse
from django.utils.timezone import now

from dr_console.runs import services
from dr_console.runs.models import Run
from incidents.models import DegradationChange
from incidents.queries.degradation import canonical
from incidents.views import degradation_document
from tests import make

pytestmark = pytest.mark.django_db
URL = "/degradation.json"


@pytest.fixture
def commander(client):
    make.plan()
    someone = make.user("ada", role="commander")
    client.force_login(someone)
    return someone


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    monkeypatch.setattr(degradation_document, "_last", {})


def at_level(level, **fields):
    defaults = {"previous_level": 0, "origin": "person", "token": f"{level}-{now()}"}
    return DegradationChange.objects.create(level=level, **defaults | fields)


def is_signed(body, pem):
    told = json.loads(body)
    signature = told.pop("signature")
    try:
        load_pem_public_key(pem).verify(base64.b64decode(signature["value"]), canonical(told))
    except InvalidSignature:
        return False
    return True


# --- The page -----------------------------------------------------------------------------------------------------


def test_it_shows_which_level_is_in_force_and_why(client, commander):
    at_level(2, by=commander, reason="Too many users", until=now() + timedelta(hours=1))
    page = client.get(reverse("incidents:degradation")).content.decode()
    for words in ("Level 2", "Moderate", "Too many users", "it is put back by itself", "Not seen at this level yet"):
        assert words in page


def test_the_question_says_what_it_means(client, commander):
    page = client.get(reverse("incidents:degradation-set", args=[3])).content.decode()
    for words in ("Set degradation level 3, Severe?", "all-dynamic", "some functions are unavailable", "Keep level 0"):
        assert words in page


def test_htmx_gets_the_question_as_a_dialog(client, commander):
    response = client.get(reverse("incidents:degradation-set", args=[1]), headers={"HX-Request": "true"})
    assert response.content.decode().lstrip().startswith("<dialog")


def test_a_level_is_set_with_reason_and_time(client, commander):
    told = {"minutes": "30", "reason": "Too many users", "token": "one"}
    response = client.post(reverse("incidents:degradation-set", args=[2]), told)
    assert response.url == reverse("incidents:degradation")
    run = Run.objects.get()
    assert (run.kind, run.by, run.reason) == ("degradation", commander, "Too many users")
    assert run.steps.get().parameters["level"] == 2
    assert run.steps.get().parameters["until"]


def test_htmx_is_told_that_it_is_done(client, commander):
    told = {"reason": "Why", "token": "one"}
    response = client.post(reverse("incidents:degradation-set", args=[2]), told, headers={"HX-Request": "true"})
    assert (response.status_code, response["HX-Retarget"]) == (200, "#ask")
    assert "live:degradation" in response["HX-Trigger"]


def test_pressed_twice_it_is_one_change(client, commander):
    for _press in range(2):
        client.post(reverse("incidents:degradation-set", args=[2]), {"reason": "Why", "token": "one"})
    assert Run.objects.count() == 1


def test_without_a_reason_it_is_asked_again(client, commander):
    response = client.post(reverse("incidents:degradation-set", args=[2]), {"token": "one"})
    assert response.status_code == 422
    assert not Run.objects.exists()


def test_a_refusal_stands_in_the_question(client, commander):
    response = client.post(reverse("incidents:degradation-set", args=[0]), {"reason": "Why", "token": "one"})
    assert response.status_code == 409
    assert "It is at level 0 already." in response.content.decode()


def test_there_is_no_such_level(client, commander):
    assert client.get(reverse("incidents:degradation-set", args=[7])).status_code == 404


def test_one_press_puts_it_back(client, commander):
    change = at_level(2)
    page = client.get(reverse("incidents:degradation")).content.decode()
    assert reverse("incidents:degradation-put-back", args=[change.pk]) in page
    client.post(reverse("incidents:degradation-put-back", args=[change.pk]))
    assert Run.objects.get().steps.get().parameters["level"] == 0


def test_while_it_is_being_changed_the_page_says_by_what(client, commander):
    services.set_interlock("all", True, by=commander, reason="Wait")
    client.post(reverse("incidents:degradation-set", args=[2]), {"reason": "Why", "token": "one"})
    page = client.get(reverse("incidents:degradation-panel")).content.decode()
    assert "Being changed" in page
    assert Run.objects.get().code in page


@pytest.mark.parametrize("name", ["incidents:degradation-set", "incidents:degradation-put-back"])
def test_who_may_not_change_it_cannot(client, name):
    make.plan()
    change = at_level(2)
    client.force_login(make.user("vera", role="viewer"))
    level_or_change = 1 if name.endswith("set") else change.pk
    assert client.post(reverse(name, args=[level_or_change])).status_code == 403
    page = client.get(reverse("incidents:degradation")).content.decode()
    assert reverse("incidents:degradation-put-back", args=[change.pk]) not in page
    assert reverse("incidents:degradation-set", args=[1]) not in page


def test_the_first_page_says_that_something_is_switched_off(client, commander):
    assert "In force" not in client.get(reverse("home")).content.decode()
    at_level(2, until=now() + timedelta(minutes=30))
    page = client.get(reverse("home")).content.decode()
    assert "Switched off: api-heavy, image-generation." in page
    assert "It is put back by itself" in page


# --- The document -------------------------------------------------------------------------------------------------


def test_everybody_may_read_it_and_keep_it_a_moment(client):
    make.plan()
    response = client.get(URL)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json; charset=utf-8"
    assert response["Cache-Control"].startswith("public, max-age=5")
    assert "stale-if-error" in response["Cache-Control"]
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Vary"] == "Accept-Language"
    assert not response.cookies
    assert response.json()["level"] == 0


def test_it_says_all_that_the_plan_has_of_the_level(client):
    make.plan()
    change = at_level(3, until=now() + timedelta(hours=1))
    told = client.get(URL).json()
    assert (told["level"], told["key"], told["version"]) == (3, "severe", change.pk)
    assert told["features"] == {"on": ["static"], "off": ["all-dynamic"]}
    assert (told["cache"], told["static_only"], told["is_sandbox"]) == ("permanent", True, True)
    assert told["message"]["zh-hans"] == "系统维护中，部分功能暂不可用。"
    assert told["text"] == told["message"]["en"]
    assert told["until"].endswith("Z")


@pytest.mark.parametrize(
    ("path", "header", "language"),
    [
        (URL, "", "en"),
        (URL, "zh-CN,zh;q=0.9,en;q=0.5", "zh-hans"),
        (URL + "?lang=zh-hans", "en", "zh-hans"),
        (URL + "?lang=en", "zh-CN", "en"),
        (URL + "?lang=../../etc", "zh-CN", "zh-hans"),
        (URL, "tlh,*;q=0.1", "en"),
        (URL, "x" * 5000, "en"),
    ],
)
def test_it_speaks_the_visitors_language(client, path, header, language):
    make.plan()
    at_level(3)
    response = client.get(path, headers={"Accept-Language": header} if header else {})
    assert response["Content-Language"] == language
    assert response.json()["text"] == response.json()["message"][language]


def test_it_is_signed_and_a_changed_one_is_found_out(client):
    make.plan()
    at_level(3)
    body, pem = client.get(URL).content, client.get("/degradation.pub").content
    assert is_signed(body, pem)
    assert not is_signed(body.replace(b'"level":3', b'"level":0'), pem)
    assert is_signed(client.get(URL + "?lang=zh-hans").content, pem)


def test_who_has_it_already_gets_nothing(client):
    make.plan()
    first = client.get(URL)
    again = client.get(URL, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["Access-Control-Allow-Origin"] == "*"
    at_level(1)
    assert client.get(URL, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_while_the_database_is_away_it_says_what_it_said_last(client, monkeypatch):
    def away():
        raise DatabaseError("gone")

    make.plan()
    at_level(2)
    before = client.get(URL).content
    monkeypatch.setattr("incidents.queries.degradation.in_force", away)
    assert client.get(URL).content == before
    monkeypatch.setattr(degradation_document, "_last", {})
    response = client.get(URL)
    assert (response.status_code, response["Cache-Control"]) == (503, "no-store")


def test_without_a_plan_it_says_the_level_alone(client):
    at_level(2)
    told = client.get(URL).json()
    assert (told["level"], told["name"], told["message"]) == (2, {}, {})


def test_it_is_asked_for_from_another_page(client):
    response = client.options(URL, headers={"Origin": "https://www.example.com"})
    assert response["Access-Control-Allow-Origin"] == "*"
    assert client.head(URL).status_code == 200
    assert client.post(URL).status_code == 405


def test_it_costs_two_queries(client, django_assert_max_num_queries):
    make.plan()
    at_level(3)
    with django_assert_max_num_queries(2):
        client.get(URL)
