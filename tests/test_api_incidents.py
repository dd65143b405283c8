"""/api/v1/incidents: what programs declare and read."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils.timezone import now

from dr_console.audit.models import AuditEntry
from dr_console.notifications.models import Delivery
from incidents.models import Incident
from tests import make

pytestmark = pytest.mark.django_db

URL = "/api/v1/incidents"


@pytest.fixture
def token():
    make.plan()
    return make.api_token("monitoring", scopes=["declare_incidents"])


@pytest.fixture
def reader():
    return make.api_token("dashboard", scopes=["read_incidents"])


def declare(client, token, body=None, **fields):
    sent = body if body is not None else json.dumps({"title": "Checkout answers with errors"} | fields)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return client.post(URL, sent, content_type="application/json", headers=headers)


def get(client, reader, path="", **query):
    return client.get(f"{URL}{path}", query, headers={"Authorization": f"Bearer {reader}"})


def test_it_is_declared_and_people_are_paged(client, token):
    response = declare(client, token, severity="P0", service="api", title=" Checkout \n is down ")
    assert response.status_code == 201, response.content
    facts = response.json()
    incident = Incident.objects.get()
    assert facts["reference"] == incident.reference
    assert facts["url"].endswith(incident.get_absolute_url())
    assert (facts["title"], facts["severity"], facts["service"], facts["status"], facts["declared"]) == (
        "Checkout is down",
        "P0",
        "api",
        "open",
        "api",
    )
    assert Delivery.objects.filter(about=incident.reference, channel="phone").exists()
    assert "Declared through the API, with the token “monitoring”" in [one.words for one in incident.timeline.all()]
    assert AuditEntry.objects.get(action="incident.declared").after["origin"] == "api"


def test_only_the_title_has_to_be_known(client, token):
    facts = declare(client, token).json()
    assert (facts["severity"], facts["assumed_severity"], facts["service"], facts["is_drill"]) == (
        None,
        "P1",
        None,
        False,
    )


def test_to_send_the_same_again_is_harmless(client, token):
    first = declare(client, token, client_token="deploy-17")
    again = declare(client, token, client_token="deploy-17")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["reference"] == again.json()["reference"]
    other = make.api_token("another", scopes=["declare_incidents"])
    assert declare(client, other, client_token="deploy-17").status_code == 201


def test_the_same_token_for_something_else_is_a_mistake(client, token):
    declare(client, token, client_token="deploy-17")
    response = declare(client, token, client_token="deploy-17", title="Something else")
    assert response.status_code == 409
    assert "under another title" in response.json()["error"]


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"severity": "P9"}, "severity"),
        ({"severity": "pending"}, "severity"),
        ({"service": "moon"}, "service"),
        ({"title": "  "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"title": 7}, "title"),
        ({"client_token": ""}, "client_token"),
        ({"client_token": "two words"}, "client_token"),
        ({"started_at": "2026-11-22T14:30:00"}, "started_at"),
        ({"started_at": "tomorrow"}, "started_at"),
        ({"color": "red"}, "color"),
    ],
    ids=lambda value: "-".join(value) + str(len(str(value))) if isinstance(value, dict) else value,
)
def test_what_is_wrong_is_named_and_nothing_is_kept(client, token, fields, where):
    response = declare(client, token, **fields)
    assert response.status_code == 422, response.content
    assert [one["where"] for one in response.json()["problems"]] == [where]
    assert Incident.objects.count() == 0


def test_a_time_in_the_future_is_refused(client, token):
    response = declare(client, token, started_at=(now() + timedelta(hours=1)).isoformat())
    assert "is in the future" in response.json()["problems"][0]["problem"]


@pytest.mark.parametrize(("body", "status"), [("{", 400), ("[]", 422), ("", 422)])
def test_what_is_no_declaration_is_said(client, token, body, status):
    assert declare(client, token, body=body).status_code == status


def test_strangers_and_other_scopes_are_kept_out(client, token, reader):
    assert declare(client, "").status_code == 401
    assert declare(client, reader).status_code == 403
    assert get(client, token).status_code == 403


def test_the_newest_come_first_page_by_page(client, reader):
    for number in range(5):
        make.incident(reference=f"INC-2026-{920 + number}", started_at=now() - timedelta(hours=5 - number))
    first = get(client, reader, limit=3).json()
    assert [one["reference"][-3:] for one in first["incidents"]] == ["924", "923", "922"]
    rest = get(client, reader, limit=3, cursor=first["next"]).json()
    assert [one["reference"][-3:] for one in rest["incidents"]] == ["921", "920"]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"open": "true"}, {"open"}),
        ({"open": "false"}, {"over"}),
        ({"status": "resolved"}, {"over"}),
        ({"severity": "P2"}, {"over"}),
        ({"is_drill": "true"}, {"over"}),
        ({"service": "api"}, set()),
    ],
    ids=str,
)
def test_the_list_is_narrowed(client, reader, query, shown):
    make.incident(title="open")
    make.incident(title="over", status="resolved", resolved_at=now(), severity="P2", is_practice=True)
    assert {one["title"] for one in get(client, reader, **query).json()["incidents"]} == shown


@pytest.mark.parametrize("query", [{"status": "gone"}, {"limit": "0"}, {"limit": "101"}, {"open": "perhaps"}], ids=str)
def test_a_filter_that_does_not_exist_is_refused(client, reader, query):
    assert get(client, reader, **query).status_code == 422


def test_one_is_asked_for_by_its_reference(client, reader):
    incident = make.incident(reference="INC-2026-931", severity="")
    assert get(client, reader, "/INC-2026-931").json()["reference"] == incident.reference
    response = get(client, reader, "/INC-1999-001")
    assert (response.status_code, response.json()["error"]) == (404, "There is no incident INC-1999-001.")
    assert get(client, reader, cursor="made-up").status_code == 400
