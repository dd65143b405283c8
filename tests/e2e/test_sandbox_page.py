"""The page of the sandbox in a real browser, beside a real sandbox: break Tokyo, and see the picture change."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests import make
from tests.e2e.pages import Look, check_other_looks, check_page, listen, visit
from tests.sandboxed import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(sandbox: Sandbox, settings: Any) -> Sandbox:
    settings.DR_SANDBOX_URL = sandbox.url
    return sandbox


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("broken", [False, True], ids=["well", "broken"])
def test_the_page_in_every_look(browser: Browser, server: str, world: Sandbox, language: Any, broken: bool):
    make.heartbeats()
    root = make.user("root", role="administrator")
    if broken:
        world.post("/scenarios", {"name": "region-outage"})
        world.post("/scenarios", {"name": "cdn-outage"})
        world.post("/clock", {"advance": 60})
    with visit(browser, server, Look(language=language), root) as page:
        check_page(page, "/sandbox/", look=Look(language=language), axe=False)
        page.locator("#fault > summary").click()
        check_other_looks(page, language=language)


def test_tokyo_is_broken_and_healed_while_one_watches(browser: Browser, server: str, world: Sandbox):
    root = make.user("root", role="administrator")
    with visit(browser, server, Look(), root) as page:
        page.goto("/sandbox/")
        noise = listen(page)
        picture = page.locator(".picture")
        expect(picture.get_by_text("Tokyo · Vercel")).to_be_visible()
        expect(picture.locator("g.p-failed")).to_have_count(0)
        page.locator("#scenario-region-outage").get_by_role("button", name="Break it").click()
        expect(page.locator(".message", has_text="Broken: Region outage.")).to_be_visible()
        expect(picture.get_by_text("does not answer")).to_be_in_viewport()
        expect(page.get_by_text("still running")).to_be_visible()
        # The panel renews itself, and what one was at stays.
        heal = page.locator("#in-force").get_by_role("button", name="Heal Region outage")
        heal.focus()
        with page.expect_response(lambda response: response.url.endswith("/sandbox/world/")):
            pass
        page.wait_for_timeout(300)
        expect(heal).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#in-force")).to_have_count(0)
        expect(picture.locator("g.p-failed", has_text="Tokyo · Vercel")).to_have_count(0)
        assert noise == []


def test_a_wrong_rule_is_shown_where_it_is_wrong(browser: Browser, server: str, world: Sandbox):
    root = make.user("root", role="administrator")
    with visit(browser, server, Look(390), root) as page:
        page.goto("/sandbox/")
        page.locator("#fault > summary").click()
        page.get_by_label("What goes wrong").select_option("latency")
        page.get_by_role("button", name="Add the fault").click()
        expect(page.get_by_text("a fault of kind latency needs seconds").first).to_be_in_viewport()


def test_it_goes_on_by_itself_once_the_sandbox_answers(browser: Browser, server: str, world: Sandbox, settings: Any):
    settings.DR_SANDBOX_URL = "http://127.0.0.1:9"
    root = make.user("root", role="administrator")
    with visit(browser, server, Look(), root) as page:
        page.goto("/sandbox/")
        expect(page.get_by_text("The sandbox does not answer")).to_be_visible()
        settings.DR_SANDBOX_URL = world.url
        expect(page.get_by_text("The world now")).to_be_visible()
        settings.DR_SANDBOX_URL = "http://127.0.0.1:9"
        expect(page.get_by_text("The sandbox does not answer")).to_be_visible()
