"""Versions of the plan, as pages."""

from __future__ import annotations

import pytest
from django.urls import reverse

from dr_console.plans import reader, services
from dr_console.plans.models import PlanVersion
from dr_console.plans.queries import entry_now
from dr_console.plans.registry import section
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_versions(client):
    make.plan()
    someone = make.user("root", role="administrator")
    client.force_login(someone)
    entry = entry_now(section("contacts"), "cto") | {"time_zone": "Europe/Berlin"}
    services.edit_entry("contacts", "cto", entry, base_version=1, by=someone)


def text(client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_the_list_shows_the_newest_first(client, two_versions):
    page = text(client, reverse("plans:versions"))
    assert page.index(reverse("plans:version", args=[2])) < page.index(reverse("plans:version", args=[1]))


def test_two_versions_are_compared_field_by_field(client, two_versions):
    page = text(client, reverse("plans:compare"))
    assert "contacts → cto → time_zone" in page
    assert "<ins>Europe/Berlin</ins>" in page


def test_compared_the_other_way_round_it_is_undone(client, two_versions):
    assert "<del>Europe/Berlin</del>" in text(client, reverse("plans:compare") + "?from=2&to=1")


def test_a_version_compared_with_itself_does_not_differ(client, two_versions):
    assert "Nothing differs" in text(client, reverse("plans:compare") + "?from=2&to=2")


@pytest.mark.parametrize(("query", "status"), [("?to=x", 400), ("?to=99", 404), ("?from=1e3", 400), ("?from=-1", 400)])
def test_a_wrong_number_is_refused(client, two_versions, query, status):
    assert client.get(reverse("plans:compare") + query).status_code == status


def test_the_file_of_a_version_can_be_loaded_again(client, two_versions, tmp_path):
    response = client.get(reverse("plans:version-file", args=[1]))
    assert response["Content-Type"].startswith("application/yaml")
    assert "attachment" in response["Content-Disposition"]
    file = tmp_path / "plan.yaml"
    file.write_bytes(response.content)
    assert reader.read(file).content() == PlanVersion.objects.get(number=1).content


def test_a_version_shows_who_made_it_and_the_whole_plan(client, two_versions):
    page = text(client, reverse("plans:version", args=[2]))
    assert "root" in page
    assert "escalation_policies:" in page


def test_a_version_that_does_not_exist_is_not_found(client, two_versions):
    assert client.get(reverse("plans:version", args=[3])).status_code == 404
