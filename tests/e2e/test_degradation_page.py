"""The degradation level and the messages in a real browser: every look, the dialog, live, and without JavaScript."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import Browser, expect

from dr_console.errors import Problem, ProviderError
from dr_console.live.publish import nudge
from dr_console.notifications.models import Delivery
from dr_console.runs.models import Run
from dr_console.runs.services import set_interlock
from incidents.models import DegradationChange
from tests import make
from tests.e2e.pages import Look, check_every_look, log_in, visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def root():
    make.heartbeats()
    make.plan()
    someone = make.user("root", role="administrator")
    set_interlock("all", True, by=someone, reason="Nothing is to leave this test")
    return someone


def world(root):
    at_level(1, by=root, reason="Many users")
    at_level(3, previous_level=1, by=root, reason="Too many users " * 10, until=now())
    error = ProviderError("Slack", "write to the channel", Problem.NOT_FOUND, code="channel_not_found").facts()
    for state in Delivery.State:
        one = make.message(recipient="On-call engineer", about="INC-2026-001", address="C0INCIDENTS" * 5)
        Delivery.objects.filter(pk=one.pk).update(state=state, error=error)


def at_level(level, **fields):
    defaults = {"previous_level": 0, "origin": "person", "token": f"to {level}"}
    return DegradationChange.objects.create(level=level, **defaults | fields)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_in_every_look(browser: Browser, server: str, root, language):
    world(root)
    addresses = [
        reverse("home"),
        reverse("incidents:degradation"),
        reverse("incidents:degradation-set", args=[2]),
        reverse("notifications:list"),
        reverse("notifications:detail", args=[Delivery.objects.get(state="failed").pk]),
    ]
    with visit(browser, server, Look(language=language), root) as page:
        for address in addresses:
            check_every_look(page, address, language=language)


def test_a_level_is_set_from_its_dialog_by_the_keyboard_alone(browser: Browser, server: str, root):
    with visit(browser, server, Look(), root) as page:
        page.goto(reverse("incidents:degradation"))
        page.get_by_role("link", name="Set level 2").focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Set degradation level 2, Moderate?")
        expect(dialog.get_by_label("Why")).to_be_focused()
        page.keyboard.press("Enter")  # without a reason
        expect(dialog.get_by_label("Why")).to_have_attribute("aria-invalid", "true")
        dialog.get_by_label("Why").fill("Too many users")
        page.keyboard.press("Enter")
        expect(dialog).to_have_count(0)
        expect(page.locator("#degradation")).to_contain_text("Being changed")
    assert Run.objects.get().reason == "Too many users"


def test_another_browser_sees_the_change_within_a_second(browser: Browser, server: str, root):
    with visit(browser, server, Look(), root) as page:
        page.goto(reverse("incidents:degradation"))
        expect(page.locator("#degradation")).to_contain_text("Level 0")
        at_level(2, by=root)
        nudge("console", "degradation")
        expect(page.locator("#degradation h2").first).to_contain_text("Level 2", timeout=3000)


def test_without_javascript(browser: Browser, server: str, root):
    context = browser.new_context(base_url=server, java_script_enabled=False)
    page = context.new_page()
    try:
        log_in(context, server, root)
        page.goto(reverse("incidents:degradation"))
        page.get_by_role("link", name="Set level 1").click()
        page.get_by_label("Why").fill("Too many users")
        page.get_by_role("button", name="Set level 1").click()
        expect(page.locator("#messages")).to_contain_text("Level 1 is being set.")
        one = make.message()
        page.goto(reverse("notifications:detail", args=[one.pk]))
        page.get_by_role("button", name="Do not send it").click()
        expect(page.locator("#delivery")).to_contain_text("Cancelled")
        page.get_by_role("button", name="Send again").click()
        expect(page.locator("#delivery")).to_contain_text("Queued")
    finally:
        context.close()
