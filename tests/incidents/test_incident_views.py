"""Incidents, as pages."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer(client):
    someone = make.user("vera", role="viewer")
    client.force_login(someone)
    return someone


def text(client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_the_list_shows_the_newest_first(client, viewer, time_machine):
    time_machine.move_to("2026-11-01 10:00 +0000")
    make.incident(reference="INC-2026-701", title="The older one")
    time_machine.move_to("2026-11-02 10:00 +0000")
    make.incident(reference="INC-2026-702", title="The newer one")
    client.force_login(viewer)
    page = text(client, reverse("incidents:list"))
    assert page.index("The newer one") < page.index("The older one")


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("severity=P0", {"dark"}),
        ("severity=P3", {"slow"}),
        ("q=dark", {"dark"}),
        ("is_practice=true", {"slow"}),
        ("", {"dark", "slow"}),
    ],
)
def test_the_list_is_narrowed(client, viewer, query, shown):
    make.incident(reference="INC-2026-703", title="It is dark", severity="P0")
    make.incident(reference="INC-2026-704", title="It is slow", severity="P3", is_practice=True)
    page = text(client, reverse("incidents:list") + f"?{query}")
    assert {word for word in ("dark", "slow") if f"It is {word}" in page} == shown


def test_an_incident_tells_its_facts(client, viewer):
    version = make.plan()
    incident = make.incident(reference="INC-2026-705", title="Tokyo is dark", commander=viewer, plan_version=version)
    page = text(client, incident.get_absolute_url())
    assert all(fact in page for fact in ("Tokyo is dark", "INC-2026-705", "vera", version.get_absolute_url()))


def test_nothing_on_the_page_has_an_empty_id(client):
    """What is focused stays so by its id, when its panel renews itself."""
    client.force_login(make.user("cora", role="commander"))
    page = client.get(make.incident().get_absolute_url()).content.decode()
    assert 'id="state-1"' in page
    assert 'id=""' not in page


def test_a_drill_is_marked(client, viewer):
    incident = make.incident(reference="INC-2026-706", is_practice=True)
    assert "Drill" in text(client, incident.get_absolute_url())


def test_what_does_not_exist_is_not_found(client, viewer):
    assert client.get(reverse("incidents:detail", args=["INC-1999-001"])).status_code == 404


def test_a_status_that_does_not_exist_is_refused(client, viewer):
    assert client.get(reverse("incidents:list") + "?status=gone").status_code == 422
