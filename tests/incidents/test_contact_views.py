"""Contacts and vendors, as pages."""

from __future__ import annotations

import pytest
from django.urls import reverse

from incidents.models import Contact
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def shown(client):
    make.plan()
    client.force_login(make.user(role="viewer"))

    def get(name: str, query: str = "", **headers: str) -> str:
        response = client.get(reverse(name) + query, headers=headers)
        assert response.status_code == 200
        return response.content.decode()

    return get


def test_a_phone_number_is_one_press_away(shown):
    number = Contact.objects.get(key="cto").channels.get(kind="phone").address
    assert f'href="tel:{number.replace(" ", "")}"' in shown("incidents:contacts")


def test_placeholders_are_marked_until_somebody_fills_them_in(shown):
    assert "placeholder" in shown("incidents:contacts")
    for contact in Contact.objects.current():
        contact.channels.all().delete()
        contact.channels.create(kind="email", address=f"{contact.key}@gemini.dev", position=0)
    assert "st-waiting" not in shown("incidents:contacts")


def test_the_list_is_narrowed_to_placeholders(shown):
    cto = Contact.objects.get(key="cto")
    cto.channels.all().delete()
    cto.channels.create(kind="email", address="cto@gemini.dev", position=0)
    assert cto.name_en not in shown("incidents:contacts", "?placeholder=true")
    assert cto.name_en in shown("incidents:contacts", "?placeholder=false")


def test_search_looks_at_names_in_both_languages_and_at_addresses(shown):
    cto = Contact.objects.get(key="cto")
    address = cto.channels.filter(kind="email").get().address
    for words in (cto.name_en, cto.name_zh_hans, address):
        assert cto.name_en in shown("incidents:contacts", f"?q={words}")
    assert cto.name_en not in shown("incidents:contacts", "?q=nobody-is-called-so")


def test_names_are_shown_in_the_persons_language(shown):
    lead = Contact.objects.get(key="technical-lead")
    assert lead.name_zh_hans in shown("incidents:contacts", **{"Accept-Language": "zh-CN"})


def test_a_viewer_is_not_offered_to_change_anything(shown):
    assert reverse("plans:edit", args=["contacts", "cto"]) not in shown("incidents:contacts")


def test_an_administrator_is(client, shown):
    client.force_login(make.user("root", role="administrator"))
    assert reverse("plans:edit", args=["contacts", "cto"]) in shown("incidents:contacts")


def test_vendors_show_their_support(shown):
    text = shown("incidents:vendors")
    assert all(vendor in text for vendor in ("Vercel", "Cloudflare", "AWS"))


def test_a_column_that_does_not_exist_is_refused_by_name(client, shown):
    response = client.get(reverse("incidents:contacts") + "?sort=password")
    assert response.status_code == 400
    assert "password" in response.content.decode()
