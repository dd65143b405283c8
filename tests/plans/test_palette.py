"""The plan in the palette (Ctrl-K)."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils.translation import override

from dr_console.web import navigation
from tests import make

pytestmark = pytest.mark.django_db


def found(text: str, role: str | None = "viewer") -> dict[str, str]:
    person = make.user("vera", role=role)
    return {str(one.label): one.url for one in navigation.find(person, text)}


def test_a_page_of_the_plan_is_found_by_its_name():
    assert found("thres")["Thresholds"] == reverse("incidents:thresholds")


def test_an_entry_is_found_by_its_name_and_leads_to_its_page():
    make.plan()
    assert found("technical le")["Technical lead"] == reverse("incidents:contact", args=["technical-lead"])


def test_an_entry_is_found_by_its_name_in_chinese():
    make.plan()
    with override("zh-hans"):
        assert "技术主管" in found("技术")


def test_somebody_without_a_role_finds_nothing_of_the_plan():
    make.plan()
    nobody = make.user("nobody")
    assert [str(one.label) for one in navigation.find(nobody, "t")] == []


def test_a_page_of_the_plan_marks_the_plan_in_the_bar(client):
    client.force_login(make.user("vera", role="viewer"))
    response = client.get(reverse("incidents:regions"))
    assert response.context["navigation_current"].url_name == "plans:overview"
