"""Thresholds, breaches and tokens in a real browser: every look, live, and without JavaScript."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import Browser, expect

from dr_console.people.models import ApiToken
from incidents.models import Breach, Sample, ServiceEndpoint
from incidents.queries.health import used_endpoints
from incidents.services import metrics
from tests import make
from tests.e2e.pages import Look, check_every_look, faults, log_in, visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def root():
    make.heartbeats()
    make.plan()
    return make.user("root", role="administrator")


def measure() -> None:
    """An hour that was well, and a minute in which the API was not."""
    make.api_token("load balancer Tokyo")
    token = ApiToken.objects.get()
    for minutes in range(60):
        at = now() - timedelta(minutes=minutes)
        Sample.objects.create(metric="throughput", source="pushed", token=token, at=at, value=240 - minutes)
    failing = ServiceEndpoint.objects.filter(pk__in=used_endpoints(), service__key="api")
    for ago in range(300, -1, -5):
        at = now() - timedelta(seconds=ago)
        make.probe_round(at=at, failing=failing if ago < 60 else (), milliseconds=80 + ago)
        metrics.consider(at=at)


def pages() -> list[str]:
    names = ["incidents:thresholds", "incidents:breaches", "people:tokens", "people:add-token"]
    return [*(reverse(name) for name in names), reverse("people:token", args=["load balancer Tokyo"])]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_in_every_look(browser: Browser, server: str, root, language):
    measure()
    with visit(browser, server, Look(language=language), root) as page:
        for address in pages():
            check_every_look(page, address, language=language)


def test_a_breach_is_on_the_open_page_before_anybody_asks(browser: Browser, server: str, root):
    with visit(browser, server, person=root) as page:
        page.goto(reverse("incidents:thresholds"))
        expect(page.locator("#table")).not_to_contain_text("Breached")
        make.api_token()
        Sample.objects.create(metric="throughput", source="pushed", token=ApiToken.objects.get(), at=now(), value=12)
        metrics.consider(at=now())
        assert Breach.objects.exists()
        expect(page.locator("#table")).to_contain_text("Breached", timeout=10_000)


def test_a_token_is_made_and_revoked_without_javascript(browser: Browser, server: str, root):
    context = browser.new_context(base_url=server, java_script_enabled=False, viewport={"width": 390, "height": 900})
    context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": "en", "url": server}])
    log_in(context, server, root)
    page = context.new_page()
    page.goto(reverse("people:add-token"))
    page.get_by_label("Name").fill("cron")
    page.get_by_role("button", name="Make", exact=True).click()
    expect(page.locator("#token-made")).to_contain_text("drc_")
    page.get_by_role("link", name="All tokens").click()
    page.get_by_role("link", name="cron").click()
    page.get_by_role("button", name="Revoke").click()
    expect(page.locator("body")).to_contain_text("Revoked")
    context.close()


def test_a_token_is_made_by_keyboard(browser: Browser, server: str, root):
    with visit(browser, server, person=root) as page:
        page.goto(reverse("people:add-token"))
        page.get_by_label("Name").focus()
        page.keyboard.type("a/b")
        page.keyboard.press("Enter")
        expect(page.locator("#token-add")).to_contain_text("Enter a valid value")
        page.get_by_label("Name").fill("load balancer")
        page.keyboard.press("Enter")
        expect(page.locator("#token-made")).to_be_focused()
        assert faults(page, look=Look()) == []
