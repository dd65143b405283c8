"""Declaring in one form of three fields, from any page; and what the palette offers on the page of an incident."""

from __future__ import annotations

import pytest
from django.urls import reverse

from dr_console.notifications.models import Delivery
from incidents.models import Incident, Service
from tests import make

pytestmark = pytest.mark.django_db

URL = "/incidents/declare/"


@pytest.fixture
def ada(client):
    make.plan()
    someone = make.user("ada", role="commander")
    client.force_login(someone)
    return someone


def declare(client, **fields):
    defaults = {"title": "Checkout answers with errors", "severity": "P1", "service": "api", "token": "one"}
    return client.post(URL, defaults | fields)


def test_three_fields_open_an_incident_and_page_whoever_is_on_call(client, ada):
    response = declare(client, title="  Checkout \t answers with errors ")
    incident = Incident.objects.get()
    assert (response.status_code, response.url) == (302, incident.get_absolute_url())
    assert (incident.title, incident.severity, incident.service.key) == ("Checkout answers with errors", "P1", "api")
    assert (incident.origin, incident.declared_by) == ("person", ada)
    assert set(Delivery.objects.filter(about=incident.reference).values_list("channel", flat=True)) == {
        "pagerduty",
        "slack",
    }


def test_how_bad_it_is_may_wait(client, ada):
    declare(client, severity="pending", service="")
    incident = Incident.objects.get()
    assert (incident.severity, incident.assumed_severity, incident.service) == ("", "P1", None)
    assert "taken for P1" in incident.timeline.get(kind="declared").words
    subjects = set(Delivery.objects.values_list("subject", flat=True))
    assert all(f"P1? {incident.reference}" in subject for subject in subjects)
    assert "Not decided" in client.get(incident.get_absolute_url()).content.decode()


def test_pressed_twice_it_is_one(client, ada):
    assert declare(client).url == declare(client).url
    declare(client, token="another")
    assert Incident.objects.count() == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", " "), ("title", "x" * 201), ("severity", "P9"), ("severity", ""), ("service", "moon"), ("token", "")],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(client, ada, field, value):
    response = declare(client, **{"title": "Keep this", field: value})
    assert response.status_code == 422
    assert Incident.objects.count() == 0
    if field != "title":
        assert "Keep this" in response.content.decode()


def test_the_form_says_what_each_severity_sets_in_motion_and_what_is_open(client, ada, django_assert_max_num_queries):
    make.incident(reference="INC-2026-901", title="Tokyo is dark")
    with django_assert_max_num_queries(30):
        page = client.get(URL).content.decode()
    assert "by PagerDuty, Phone" in page.replace("phone", "Phone")
    assert "within 3 days of its end" in page
    assert "INC-2026-901 Tokyo is dark" in page


def test_it_takes_the_permission(client):
    client.force_login(make.user("vera", role="viewer"))
    assert client.get(URL).status_code == 403
    assert declare(client).status_code == 403
    assert URL not in client.get("/incidents/").content.decode()


def test_strangers_are_sent_to_log_in(client):
    assert declare(client).url.startswith(reverse("account_login"))


def test_every_page_leads_there(client, ada):
    assert f'href="{URL}" data-key-alone="d"' in client.get("/contacts/").content.decode()


def test_the_services_of_the_plan_are_offered_and_no_others(client, ada):
    Service.objects.create(key="gone", name="Gone", position=99, retired_at="2026-01-01T00:00Z")
    assert declare(client, service="gone").status_code == 422


# --- The palette ----------------------------------------------------------------------------------------------------


def find(client, text="", at=""):
    return client.get("/find/", {"q": text, "at": at}, headers={"HX-Request": "true"}).content.decode()


def test_the_palette_finds_incidents_by_reference_and_title(client, ada):
    make.incident(reference="INC-2026-902", title="Tokyo is dark", is_practice=True)
    assert "DRILL INC-2026-902 Tokyo is dark" in find(client, "902")
    assert "INC-2026-902" in find(client, "tokyo is")
    client.force_login(make.user("nobody"))
    assert "INC-2026-902" not in find(client, "902")


def test_on_an_incidents_page_it_offers_what_may_be_done_there(client, ada):
    incident = make.incident(reference="INC-2026-903")
    page = find(client, at=incident.get_absolute_url())
    assert f'action="{reverse("incidents:take-command", args=[incident.reference])}"' in page
    assert f'href="{incident.get_absolute_url()}mitigate/"' in page
    assert "Change severity" not in find(client, "contacts", at=incident.get_absolute_url())
    assert "mitigate/" not in find(client, at="/contacts/")
    assert "mitigate/" not in find(client, at="//elsewhere")


def test_it_offers_nothing_that_the_person_may_not(client, ada):
    incident = make.incident()
    client.force_login(make.user("vera", role="viewer"))
    page = find(client, at=incident.get_absolute_url())
    assert f"{incident.get_absolute_url()}mitigate/" not in page
    assert reverse("incidents:take-command", args=[incident.reference]) not in page
    assert URL not in page


def test_without_javascript_it_knows_the_page_that_one_came_from(client, ada):
    incident = make.incident()
    page = client.get("/find/", headers={"Referer": f"http://testserver{incident.get_absolute_url()}"}).content.decode()
    assert f'name="at" value="{incident.get_absolute_url()}"' in page
    assert f'href="{incident.get_absolute_url()}mitigate/"' in page
