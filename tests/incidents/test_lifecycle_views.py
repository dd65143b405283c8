"""How far an incident is and how bad, as pages: every change is a question that says what follows."""

from __future__ import annotations

import pytest
from django.urls import reverse

from incidents.models import Incident, Severity
from incidents.services import lifecycle
from tests import make

pytestmark = pytest.mark.django_db

VERBS = ["mitigate", "resolve", "close", "reopen", "unmerge", "severity", "merge"]


@pytest.fixture
def ada(client):
    someone = make.user("ada", role="commander")
    client.force_login(someone)
    return someone


@pytest.fixture
def incident(ada):
    make.plan()
    return make.incident(reference="INC-2026-911", title="Tokyo is dark", severity="P1")


def url(incident, verb):
    return reverse(f"incidents:{verb}", args=[incident.reference])


def test_forward_and_back_with_what_follows_shown(client, incident):
    assert "PagerDuty" in client.get(url(incident, "mitigate")).content.decode()
    for verb, status in [("mitigate", "mitigated"), ("resolve", "resolved"), ("close", "closed"), ("reopen", "open")]:
        assert client.get(url(incident, verb)).status_code == 200
        response = client.post(url(incident, verb), {"reason": "Seen in the logs"})
        assert response.url == incident.get_absolute_url()
        incident.refresh_from_db()
        assert incident.status == status
        if status == "resolved":
            assert incident.postmortem_due_at is not None
            assert "is still owed" in client.get(url(incident, "close")).content.decode()
    assert "Opened again: Seen in the logs" in [entry.words for entry in incident.timeline.all()]


def test_htmx_gets_a_dialog_and_then_lets_the_panels_renew_themselves(client, incident):
    headers = {"HX-Request": "true"}
    assert "<dialog" in client.get(url(incident, "mitigate"), headers=headers).content.decode()
    response = client.post(url(incident, "mitigate"), headers=headers)
    assert (response.content, response["HX-Retarget"]) == (b"", "#ask")
    assert "live:incident" in response["HX-Trigger"]


@pytest.mark.parametrize(("verb", "status"), [("resolve", "open"), ("reopen", "mitigated")])
def test_where_a_reason_is_asked_for_it_has_to_be_given(client, incident, verb, status):
    Incident.objects.update(status=status)
    response = client.post(url(incident, verb), {"reason": " "}, headers={"HX-Request": "true"})
    assert (response.status_code, response["HX-Retarget"]) == (422, "#ask")
    assert Incident.objects.get().status == status


def test_what_cannot_be_is_said_with_409(client, incident):
    response = client.post(url(incident, "close"))
    assert response.status_code == 409
    assert "is in the state “Open”" in response.content.decode()


def test_another_severity_is_one_press_with_what_changes_shown(client, incident):
    page = client.get(url(incident, "severity")).content.decode()
    assert "Make it P0" in page
    assert "within 3 days of its end" in page
    assert "now within 5 working days of its end" in page
    assert client.post(url(incident, "severity"), {"severity": "P0", "seen": "P1"}).status_code == 302
    assert Incident.objects.get().severity == "P0"


def test_who_decides_on_what_another_has_changed_is_told(client, incident):
    lifecycle.set_severity(incident, Severity.P3, by=make.user("bob"))
    response = client.post(url(incident, "severity"), {"severity": "P0", "seen": "P1", "reason": "All of Tokyo"})
    assert response.status_code == 409
    assert "Meanwhile somebody has made it P3" in response.content.decode()
    assert "All of Tokyo" in response.content.decode()


@pytest.mark.parametrize("severity", ["P9", "", "pending"])
def test_a_severity_that_does_not_exist_is_refused(client, incident, severity):
    assert client.post(url(incident, "severity"), {"severity": severity, "seen": "P1"}).status_code == 422


def test_a_duplicate_is_merged_by_its_reference_and_taken_back(client, incident):
    other = make.incident(reference="INC-2026-912", title="The API is down")
    assert "INC-2026-912" in client.get(url(incident, "merge")).content.decode()
    assert client.post(url(incident, "merge"), {"into": "inc-2026-912 The API"}).status_code == 302
    page = client.get(incident.get_absolute_url()).content.decode()
    assert "Goes on as INC-2026-912" in page
    assert incident.reference in client.get(other.get_absolute_url()).content.decode()
    assert "Duplicate of INC-2026-912" in client.get("/incidents/").content.decode()
    client.post(url(incident, "unmerge"))
    assert Incident.objects.get(pk=incident.pk).status == "open"


def test_merging_into_what_does_not_exist_says_so(client, incident):
    response = client.post(url(incident, "merge"), {"into": "INC-1999-001"})
    assert response.status_code == 422
    assert "There is no incident “INC-1999-001”" in response.content.decode()
    assert client.post(url(incident, "merge"), {"into": incident.reference}).status_code == 409


@pytest.mark.parametrize("verb", VERBS)
def test_it_takes_the_permission(client, verb):
    incident = make.incident()
    assert client.post(url(incident, verb)).url.startswith(reverse("account_login"))
    client.force_login(make.user("vera", role="responder"))
    assert client.post(url(incident, verb)).status_code == 403
    page = client.get(incident.get_absolute_url()).content.decode()
    assert url(incident, verb) not in page


@pytest.mark.parametrize("verb", VERBS)
def test_what_does_not_exist_is_not_found(client, ada, verb):
    assert client.get(reverse(f"incidents:{verb}", args=["INC-1999-001"])).status_code == 404


def test_the_panel_says_how_far_it_is(client, incident):
    lifecycle.mitigate(incident, by=None)
    page = client.get(reverse("incidents:state", args=[incident.reference])).content.decode()
    assert page.count("is-passed") == 2
    assert "Resolve incident" in page
    assert "Mark as mitigated" not in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("severity=pending", {"unclear"}),
        ("open=true", {"unclear", "real"}),
        ("open=false", {"over"}),
        ("is_practice=true", {"over"}),
    ],
)
def test_the_list_is_narrowed(client, ada, query, shown):
    make.incident(title="It is unclear", severity="")
    make.incident(title="It is real")
    at = "2026-11-01T10:00Z"
    make.incident(title="It is over", status="resolved", resolved_at=at, is_practice=True)
    page = client.get(f"/incidents/?{query}").content.decode()
    assert {word for word in ("unclear", "real", "over") if f"It is {word}" in page} == shown
    assert "Open: 2 of 2." in page
    assert "Drills, counted apart: 0 of 1 open." in page
