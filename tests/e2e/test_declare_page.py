"""Declaring, deciding how bad it is and ending it in a real browser: by keys, and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from celery import current_app
from playwright.sync_api import Browser, expect

from incidents.models import Incident
from tests import make
from tests.e2e.pages import Look, faults, listen, log_in, visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def no_worker() -> Iterator[None]:
    """Messages are rung for and stay: what people press is looked at."""
    current_app.conf.task_always_eager = False
    yield
    current_app.conf.task_always_eager = True


def test_from_any_page_to_resolved_by_keys_alone(browser: Browser, server: str):
    make.heartbeats()
    make.plan()
    with visit(browser, server, Look(), make.user("wei", role="commander")) as page:
        noise = listen(page)
        page.goto("/contacts/")
        page.keyboard.press("d")
        expect(page.get_by_label("What is wrong")).to_be_focused()
        page.keyboard.type("Checkout answers with errors")
        page.keyboard.press("Enter")
        expect(page.locator("#incident")).to_contain_text("Not decided")
        page.locator("#bar-severity").focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("now within 5 working days of its end")
        assert faults(page, look=Look()) == []
        dialog.get_by_role("button", name="Make it P0").press("Enter")
        expect(dialog).to_have_count(0)
        expect(page.locator("#incident")).to_contain_text("P0")
        assert noise == []  # whoever leaves the page from here on breaks off what its panels were asking
        page.keyboard.press("Control+k")
        page.keyboard.type("resolve")
        page.keyboard.press("Enter")  # before what was typed is found: not the first of what is shown until then
        page.get_by_label("What ended it").fill("A false alarm")
        page.keyboard.press("Enter")
        expect(page.locator("#state [aria-current]")).to_contain_text("Resolved")
        assert Incident.objects.get().status == "resolved"


def test_without_javascript_the_same_is_done_on_pages(browser: Browser, server: str):
    make.plan()
    context = browser.new_context(base_url=server, java_script_enabled=False, viewport={"width": 390, "height": 900})
    log_in(context, server, make.user("wei", role="commander"))
    page = context.new_page()
    page.goto("/incidents/")
    page.get_by_role("link", name="Declare an incident").click()
    page.get_by_role("button", name="Declare incident").click()
    expect(page.get_by_role("alert")).to_contain_text("What is wrong")
    page.get_by_label("What is wrong").fill("Checkout answers with errors")
    page.get_by_role("button", name="Declare incident").click()
    page.locator("#state").get_by_role("link", name="Mark as mitigated").click()
    page.get_by_role("button", name="Mark as mitigated").click()
    expect(page.locator("#state [aria-current]")).to_contain_text("Mitigated")
    context.close()
