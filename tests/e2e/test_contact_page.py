"""Trying whether somebody is reached, in a real browser: every look, live, by keyboard, and without JavaScript."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import Browser, expect

from dr_console.notifications.purposes import Answer, Wish
from dr_console.notifications.services import answer
from incidents.models import ChannelTest, Contact, Vendor
from incidents.services import channel_tests
from tests import make
from tests.e2e.pages import Look, check_every_look, check_other_looks, faults, log_in, visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NEW = b"key,name,channel 1\nwei,\xe9\x99\x88\xe4\xbc\x9f,phone: +86 10 6552 9988\n"


@pytest.fixture
def root():
    make.heartbeats()
    make.plan()
    return make.user("root", role="administrator")


def tried(root) -> None:
    """One address that is proven, one that waits, and a vendor's that somebody tried by hand."""
    lead, aws = Contact.objects.get(key="technical-lead"), Vendor.objects.get(key="aws")
    channel_tests.send_all(lead, by=root)
    channel_tests.write_down(lead, lead.channels.get(kind="phone"), by=root, name="Grace")
    channel_tests.write_down(aws, aws.channels.get(), by=root, name="Sam")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_in_every_look(browser: Browser, server: str, root, language):
    tried(root)
    told = reverse("incidents:contact-told", args=["cto"]) + "?kind=email&address=cto@example.com"
    pages = [reverse("incidents:contact", args=["technical-lead"]), reverse("incidents:vendor", args=["aws"]), told]
    with visit(browser, server, Look(language=language), root) as page:
        for address in pages:
            check_every_look(page, address, language=language)
        page.goto(reverse("incidents:address-book"))
        page.locator("#id_file").set_input_files({"name": "people.csv", "mimeType": "text/csv", "buffer": NEW})
        page.locator("main .btn-primary").press("Enter")
        expect(page.locator(".diff")).to_contain_text("contacts → wei")
        check_other_looks(page, language=language)


def test_an_answer_is_on_the_open_page_before_anybody_asks(browser: Browser, server: str, root):
    with visit(browser, server, person=root) as page:
        page.goto(reverse("incidents:contact", args=["cto"]))
        expect(page.locator(".ways li").first).to_contain_text("+1-555-0102")
        page.locator("#test-1").press("Enter")
        expect(page.locator(".ways li").first).to_contain_text("waiting for the answer")
        test = ChannelTest.objects.get()
        answer(test.delivery, Answer(Wish.ACKNOWLEDGE, by="Grace", via="link", as_of=now()))
        expect(page.locator(".ways li").first).to_contain_text("by Grace")
        page.locator("#down-1").press("Enter")
        expect(page.locator(".ways li").first).to_contain_text("cto@example.com")
        assert faults(page, look=Look()) == []


def test_a_file_is_brought_in_without_javascript(browser: Browser, server: str, root):
    context = browser.new_context(base_url=server, java_script_enabled=False, viewport={"width": 390, "height": 900})
    context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": "en", "url": server}])
    log_in(context, server, root)
    page = context.new_page()
    page.goto(reverse("incidents:address-book"))
    page.get_by_label("File", exact=True).set_input_files({"name": "people.csv", "mimeType": "text/csv", "buffer": NEW})
    page.get_by_role("button", name="Show what would change").click()
    expect(page.locator(".diff")).to_contain_text("contacts → wei")
    page.get_by_role("button", name="Change the plan").click()
    expect(page.locator("#table")).to_contain_text("陈伟")
    context.close()
