"""The pages on which updates are written, and on which the public page is looked at."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from dr_console.status_places import StatusPlaces
from incidents.models import Audience, Incident, MaintenanceNotice, Service, StatusStore, StatusUpdate, UpdateDue
from incidents.services import update_dues
from tests import make

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def commander(client):
    someone = make.user("ada", role="commander")
    client.force_login(someone)
    return someone


@pytest.fixture
def incident() -> Incident:
    make.plan()
    found = make.incident(service=Service.objects.get(key="api"))
    update_dues.declared(found)
    return found


def url(name, incident, *more):
    return reverse(f"incidents:{name}", args=[incident.reference, *more])


def compose(client, incident, query="", **fields):
    given = {
        "stage": "investigating",
        "token": "one",
        "customers_headline_en": "API fails",
        "customers_next": "30",
        **{f"impact_{one.key}": "operational" for one in Service.objects.current()},
    }
    return client.post(url("update-compose", incident) + query, given | fields)


def test_the_composer_begins_with_the_plans_words_for_every_audience(client, commander, incident):
    page = client.get(url("update-compose", incident)).content.decode()
    assert "Problems with API" in page
    assert "API 出现问题" in page
    assert page.count('type="checkbox"') == 3
    assert page.count('name="impact_') == 5


def test_one_audience_by_itself(client, commander, incident):
    page = client.get(url("update-compose", incident) + "?audience=managers&stage=resolved").content.decode()
    assert "managers_headline_en" in page
    assert "customers_headline_en" not in page
    assert "impact_api" not in page
    assert "(P0): resolved" in page


@pytest.mark.parametrize("name", ["update-compose", "update-snooze"])
def test_an_audience_that_there_is_not(client, commander, incident, name):
    address = url(name, incident) + "?audience=press" if name == "update-compose" else url(name, incident, "press")
    assert client.get(address).status_code == 404


def test_it_is_looked_at_before_it_is_published(client, commander, incident):
    page = compose(client, incident, "?audience=customers", do="preview").content.decode()
    assert "This is what they will read" in page
    assert "On the public status page, within seconds." in page
    assert "Nothing was written in this language" in page
    assert 'value="API fails"' in page
    assert not StatusUpdate.objects.exists()


def test_what_is_published_leads_back_to_the_incident(client, commander, incident):
    response = compose(client, incident, "?audience=customers", do="publish", impact_api="major_outage")
    assert response.url == incident.get_absolute_url()
    made = StatusUpdate.objects.get()
    assert (made.audience, made.by, made.impact) == ("customers", commander, {"api": "major_outage"})
    compose(client, incident, "?audience=customers", do="publish")
    assert StatusUpdate.objects.count() == 1


def test_only_the_chosen_audiences_are_told(client, commander, incident):
    compose(client, incident, do="publish", customers_include="on", managers_headline_en="To managers")
    assert [one.audience for one in StatusUpdate.objects.all()] == [Audience.CUSTOMERS]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"customers_headline_en": ""}, "Write a headline"),
        ({"stage": "panic"}, "Select a valid choice"),
        ({"impact_api": "on fire"}, "Select a valid choice"),
        ({"customers_headline_en": "x" * 201}, "at most 200 characters"),
    ],
    ids=["no headline", "unknown stage", "unknown impact", "too long"],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(client, commander, incident, fields, said):
    response = compose(client, incident, "?audience=customers", do="publish", customers_needs_en="Wait a bit", **fields)
    assert response.status_code == 422
    page = response.content.decode()
    assert said in page
    assert "Wait a bit" in page
    assert not StatusUpdate.objects.exists()


def test_nobody_chosen_is_said(client, commander, incident):
    response = compose(client, incident, do="publish")
    assert response.status_code == 422
    assert "Choose at least one audience." in response.content.decode()


def test_a_refusal_keeps_what_was_typed(client, commander, incident):
    Incident.objects.filter(pk=incident.pk).update(merged_into=make.incident())
    response = compose(client, incident, "?audience=customers", do="publish")
    assert response.status_code == 409
    assert 'value="API fails"' in response.content.decode()


def test_the_words_of_another_stage(client, commander, incident):
    page = compose(client, incident, "?audience=customers", do="words", stage="monitoring").content.decode()
    assert "API works again" in page


def test_the_incident_shows_what_is_owed(client, commander, incident):
    page = client.get(incident.get_absolute_url()).content.decode()
    assert 'id="updates"' in page
    assert "data-counts-down" in page


def test_what_is_overdue_is_said_in_words(client, commander, incident, time_machine):
    time_machine.move_to(now() + timedelta(hours=1))
    page = client.get(url("updates", incident)).content.decode()
    assert page.count("is-overdue") == 3
    assert "data-counts-up" in page


def test_it_can_wait(client, commander, incident):
    address = url("update-snooze", incident, "customers")
    assert client.get(address, headers=HTMX).status_code == 200
    assert client.post(address, {"minutes": "60", "reason": ""}, headers=HTMX).status_code == 422
    response = client.post(address, {"minutes": "60", "reason": "Nothing is new"}, headers=HTMX)
    assert "live:updates" in response["HX-Trigger"]
    assert UpdateDue.objects.get(audience="customers").snooze_reason == "Nothing is new"


def test_what_was_said_is_listed_and_withdrawn(client, commander, incident):
    compose(client, incident, "?audience=customers", do="publish")
    made = StatusUpdate.objects.get()
    assert "API fails" in client.get(url("update-list", incident)).content.decode()
    response = client.post(url("update-withdraw", incident, made.pk), {"reason": "Wrong"})
    assert response.status_code == 302
    assert "Withdrawn by ada: Wrong" in client.get(url("update-list", incident)).content.decode()
    response = client.post(url("update-withdraw", incident, made.pk), {"reason": "Wrong"})
    assert response.status_code == 409


def test_an_update_of_another_incident_is_not_withdrawn_here(client, commander, incident):
    compose(client, incident, "?audience=customers", do="publish")
    address = url("update-withdraw", make.incident(), StatusUpdate.objects.get().pk)
    assert client.post(address, {"reason": "Wrong"}).status_code == 404


def test_who_may_only_read_sees_it_and_changes_nothing(client, incident):
    client.force_login(make.user("vera", role="viewer"))
    page = client.get(url("updates", incident)).content.decode()
    assert "Write an update" not in page
    for name, more in (("update-compose", []), ("update-snooze", ["customers"]), ("update-withdraw", [1])):
        assert client.post(url(name, incident, *more)).status_code == 403
    for name in ("push", "announce"):
        assert client.post(reverse(f"incidents:status-page-{name}")).status_code == 403


def test_the_panel_asks_a_bounded_number_of_times(client, commander, incident, django_assert_max_num_queries):
    compose(client, incident, "?audience=customers", do="publish")
    client.get(url("updates", incident))
    with django_assert_max_num_queries(14):
        client.get(url("updates", incident))


# --- The public page ------------------------------------------------------------------------------------------------
def preview(name):
    return reverse("incidents:status-page-preview", args=[name])


def test_the_files_can_be_looked_at_before_anybody_sees_them(client, commander, incident):
    response = client.get(preview("index.zh-hans.html"))
    assert 'lang="zh-hans"' in response.content.decode()
    assert "script-src" not in response["Content-Security-Policy"]
    assert client.get(preview("status.css"))["Content-Type"].startswith("text/css")
    assert client.get(preview("secrets")).status_code == 404


def test_a_failing_place_is_said_loudly(client, commander, incident, settings, time_machine):
    settings.DR_STATUS_PAGE = StatusPlaces(vendor="s3", bucket="gemini-status")
    facts = {"vendor": "AWS", "operation": "write the object", "problem": "unreachable", "outcome": "nothing"}
    facts |= {"status": None, "code": "", "said": "", "permanent": False, "retry_after": None}
    StatusStore.objects.create(name="s3", failures=3, failed_since=incident.started_at, error=facts)
    for address in (reverse("incidents:status-page"), incident.get_absolute_url()):
        page = client.get(address).content.decode()
        assert "The public page cannot be pushed to gemini-status" in page
        assert "AWS could not be reached" in page


def test_no_place_at_all_is_said_too(client, commander, settings):
    settings.DR_STATUS_PAGE = StatusPlaces()
    assert "DR_STATUS_STORE" in client.get(reverse("incidents:status-page")).content.decode()


def test_it_is_pushed_again(client, commander, incident):
    response = client.post(reverse("incidents:status-page-push"), headers=HTMX)
    assert 'id="status-places"' in response.content.decode()
    assert client.post(reverse("incidents:status-page-push")).status_code == 302


def test_maintenance_is_announced_and_called_off(client, commander, incident, time_machine):
    time_machine.move_to("2026-11-22 14:30 +0000")
    given = {
        "title_en": "New database",
        "services": [Service.objects.get(key="database").pk],
        "starts_at": "2026-11-23T02:00:00",
        "ends_at": "2026-11-23T01:00:00",
        "token": "one",
    }
    response = client.post(reverse("incidents:status-page-announce"), given)
    assert response.status_code == 422
    assert "It has to end after it has begun." in response.content.decode()
    assert client.post(reverse("incidents:status-page-announce"), given | {"ends_at": "2026-11-23T04:00:00"}).url
    notice = MaintenanceNotice.objects.get()
    assert f"{notice.starts_at:%H:%M}" == "02:00"
    assert "New database" in client.get(reverse("incidents:status-page")).content.decode()
    client.post(reverse("incidents:status-page-call-off", args=[notice.pk]))
    assert "New database" not in client.get(preview("index.html")).content.decode()
