"""One contact or vendor on a page: how they are reached, when they are asked, and trying them."""

from __future__ import annotations

import pytest
from django.urls import reverse

from dr_console.notifications.models import Delivery
from dr_console.plans.models import PlanVersion
from dr_console.plans.queries import current_number
from dr_console.plans.services import edit_entry, export
from incidents.models import ChannelTest, Contact, Vendor
from incidents.services import channel_tests
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def plan():
    return make.plan()


@pytest.fixture
def log_in(client):
    def as_role(role: str, name: str = "ada"):
        someone = make.user(name, role=role)
        client.force_login(someone)
        return someone

    return as_role


def page(client, name: str = "contact", key: str = "cto", **kwargs) -> str:
    response = client.get(reverse(f"incidents:{name}", args=[key]), **kwargs)
    assert response.status_code == 200
    return response.content.decode()


def change(section: str, key: str, **fields) -> None:
    entry = next(one for one in export()[section] if one["key"] == key)
    edit_entry(section, key, {**entry, **fields}, base_version=current_number(), by=make.user("editor"))


def first(key: str = "cto", kind: str = "email") -> dict[str, str]:
    address = Contact.objects.get(key=key).channels.get(kind=kind).address
    return {"kind": kind, "address": address}


def press(client, name: str, key: str = "cto", data=None, **kwargs):
    return client.post(reverse(f"incidents:{name}", args=[key]), data or {}, **kwargs)


# --- What is shown --------------------------------------------------------------------------------
def test_it_tells_when_they_are_asked_and_by_what(client, log_in):
    log_in("viewer")
    text = page(client)
    assert "P0 Critical" in text
    assert "after 10 min without an answer" in text


def test_whoever_is_on_call_stands_on_the_ladder_through_the_rotation(client, log_in):
    log_in("viewer")
    text = page(client, key="on-call-engineer")
    assert "at once" in text
    assert "while on call in:" in text
    assert ">now<" in text


def test_quiet_hours_and_the_time_there_are_told(client, log_in, time_machine):
    time_machine.move_to("2026-11-23 18:30 +0000")
    log_in("viewer")
    change("contacts", "cto", quiet_hours="22:00-07:00", time_zone="Asia/Shanghai")
    text = page(client)
    assert "<b>02:30</b> Tuesday" in text
    assert "now quiet" in text


def test_messages_to_them_lead_to_what_became_of_them(client, log_in):
    log_in("viewer")
    sent = make.message(person="contact:cto")
    make.message(person="contact:technical-lead", message=sent_otherwise())
    text = page(client)
    assert reverse("notifications:detail", args=[sent.pk]) in text
    assert "Somebody else" not in text


def sent_otherwise():
    return channel_tests.Message(subject="Somebody else")


def test_whose_account_it_is_is_told(client, log_in):
    log_in("viewer", "ada")
    change("contacts", "cto", channels=[{"kind": "email", "address": "ada@example.com"}])
    assert '<small class="muted">ada</small>' in page(client)


@pytest.mark.parametrize(("name", "key"), [("contact", "cto"), ("vendor", "aws")])
def test_the_number_of_queries_is_bounded(client, log_in, name, key, django_assert_max_num_queries):
    log_in("administrator")
    page(client, name, key)
    with django_assert_max_num_queries(32):
        page(client, name, key)


@pytest.mark.parametrize(("name", "key"), [("contact", "cto"), ("vendor", "aws")])
def test_htmx_gets_the_panel_alone(client, log_in, name, key):
    log_in("viewer")
    text = page(client, name, key, headers={"HX-Request": "true"})
    assert text.lstrip().startswith(f'<div id="{name}"')


@pytest.mark.parametrize("name", ["contact", "vendor"])
def test_one_that_the_plan_does_not_have_is_not_found(client, log_in, name):
    log_in("viewer")
    assert client.get(reverse(f"incidents:{name}", args=["nobody"])).status_code == 404


@pytest.mark.parametrize(("name", "key"), [("contact", "cto"), ("vendor", "aws")])
def test_a_viewer_is_offered_nothing_to_change(client, log_in, name, key):
    log_in("viewer")
    text = page(client, name, key)
    assert 'method="post"' not in text.partition('id="plan-content"')[2].partition("</main>")[0]


# --- Vendors --------------------------------------------------------------------------------------
def test_a_vendor_says_what_they_will_ask_for_and_whether_they_are_open(client, log_in, time_machine):
    time_machine.move_to("2026-11-28 03:00 +0000")  # Saturday
    log_in("viewer")
    change("vendors", "aws", contract_number="C-1234", hours="Mon-Fri 09:00-18:00 Asia/Tokyo", plan="Enterprise")
    text = page(client, "vendor", "aws")
    assert "C-1234" in text
    assert "Enterprise" in text
    assert "closed now" in text
    assert "2026-11-30 00:00 UTC" in text


def test_a_vendor_without_a_contract_number_shows_it(client, log_in):
    log_in("viewer")
    assert "not filled in" in page(client, "vendor", "aws")


def test_a_vendor_is_never_sent_a_test(client, log_in):
    log_in("administrator")
    assert "/test/" not in page(client, "vendor", "aws")


# --- Trying ---------------------------------------------------------------------------------------
def test_a_commander_sends_a_test_and_the_panel_renews_itself(client, log_in):
    ada = log_in("commander")
    response = press(client, "contact-test", data=first(), headers={"HX-Request": "true"})
    assert (response.status_code, "live:contacts" in response["HX-Trigger"]) == (204, True)
    assert ChannelTest.objects.get().by == ada
    assert "waiting for the answer" in page(client)


def test_without_javascript_one_comes_back_to_the_page(client, log_in):
    log_in("commander")
    response = press(client, "contact-test-all")
    assert response.url == reverse("incidents:contact", args=["cto"])
    assert Delivery.objects.count() == 2


def test_a_test_that_did_not_arrive_is_told_of_a_placeholder_too(client, log_in):
    log_in("commander")
    press(client, "contact-test", data=first())
    ChannelTest.objects.update(state=ChannelTest.State.FAILED)
    ways = page(client).split("</ol>")[0]
    assert "placeholder" in ways
    assert "Did not arrive" in ways
    assert "Test sent" in ways


def test_everybody_may_try_their_own_addresses(client, log_in):
    log_in("viewer", "ada")
    assert press(client, "contact-test", data=first()).status_code == 403
    change("contacts", "cto", channels=[{"kind": "email", "address": "ada@example.com"}])
    assert press(client, "contact-test", data=first()).status_code == 302
    assert "Test all" in page(client)
    assert press(client, "contact-test-all", "technical-lead").status_code == 403


def test_a_channel_that_is_not_theirs_is_not_found(client, log_in):
    log_in("commander")
    for data in ({}, {"kind": "email", "address": "stranger@company.cn"}, {"kind": "pigeon", "address": "x"}):
        assert press(client, "contact-test", data=data).status_code == 404
    assert not Delivery.objects.exists()


def test_a_second_press_is_refused_in_words(client, log_in):
    log_in("commander")
    press(client, "contact-test", data=first())
    response = press(client, "contact-test", data=first(), headers={"HX-Request": "true"})
    assert response.status_code == 409
    assert "a moment ago" in response.content.decode()


@pytest.mark.parametrize(("name", "key", "kind"), [("contact", "cto", "email"), ("vendor", "aws", "phone")])
def test_what_somebody_said_is_written_down(client, log_in, name, key, kind):
    log_in("commander")
    owner = (Contact if name == "contact" else Vendor).objects.get(key=key)
    asked = {"kind": kind, "address": owner.channels.get(kind=kind).address}
    form = client.get(reverse(f"incidents:{name}-told", args=[key]), asked)
    assert (form.status_code, asked["address"] in form.content.decode()) == (200, True)
    assert press(client, f"{name}-told", key, {**asked, "name": "Grace"}).url == owner.get_absolute_url()
    assert ChannelTest.objects.get().answered_by == "Grace"
    assert "Answered by Grace" in page(client, name, key)


def test_nobody_in_particular_is_not_written_down(client, log_in):
    log_in("commander")
    response = press(client, "contact-told", data={**first(), "name": " "})
    assert response.status_code == 422
    assert not ChannelTest.objects.exists()


# --- The order of preference ----------------------------------------------------------------------
def test_an_administrator_moves_a_channel_up_through_the_plan(client, log_in):
    log_in("administrator")
    response = press(client, "contact-move", data={**first(), "to": "up", "base": current_number()})
    assert response.status_code == 302
    assert [one.kind for one in Contact.objects.get(key="cto").channels.all()] == ["email", "phone"]
    assert PlanVersion.objects.count() == 2
    assert press(client, "contact-move", data={**first(), "to": "up", "base": current_number()}).status_code == 409


def test_a_vendors_too(client, log_in):
    log_in("administrator")
    address = Vendor.objects.get(key="vercel").channels.get(kind="email").address
    data = {"kind": "email", "address": address, "to": "down", "base": current_number()}
    press(client, "vendor-move", "vercel", data)
    assert [one.kind for one in Vendor.objects.get(key="vercel").channels.all()] == ["phone", "email"]


def test_somebody_elses_change_is_not_undone(client, log_in):
    log_in("administrator")
    before = current_number()
    change("contacts", "cto", quiet_hours="22:00-07:00")
    response = press(client, "contact-move", data={**first(), "to": "up", "base": before})
    assert response.status_code == 409
    assert Contact.objects.get(key="cto").quiet_hours == "22:00-07:00"


def test_only_up_and_down_exist(client, log_in):
    log_in("administrator")
    assert press(client, "contact-move", data={**first(), "to": "left", "base": 1}).status_code == 404


# --- The lists ------------------------------------------------------------------------------------
def test_the_list_leads_to_the_page_and_tells_what_was_tested(client, log_in):
    log_in("viewer")
    text = client.get(reverse("incidents:contacts")).content.decode()
    assert reverse("incidents:contact", args=["cto"]) in text
    assert "never tested" in text  # @oncall is no placeholder


def test_the_list_is_narrowed_to_what_was_tested(client, log_in):
    ada = log_in("commander")
    change("contacts", "cto", channels=[{"kind": "email", "address": "cto@company.cn"}])
    cto = Contact.objects.get(key="cto")
    channel_tests.write_down(cto, cto.channels.get(), by=ada, name="Grace")
    text = client.get(reverse("incidents:contacts") + "?tested=true").content.decode()
    assert reverse("incidents:contact", args=["cto"]) in text
    assert reverse("incidents:contact", args=["technical-lead"]) not in text
