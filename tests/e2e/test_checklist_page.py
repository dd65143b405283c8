"""An incident's checklist in a real browser: two people at one list, and one without JavaScript."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect

from incidents.models import Incident, Service
from incidents.services.checklist_choice import choose
from tests import make
from tests.e2e.pages import Look, faults, listen, log_in, visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def wei() -> User:
    make.heartbeats()
    make.plan()
    return make.user("wei", role="commander")


@pytest.fixture
def incident(wei: User) -> Incident:
    made = make.incident(service=Service.objects.get(key="api"), failure="api_errors", commander=wei)
    choose(made)
    return made


def open_page(page: Page, incident: Incident) -> None:
    with page.expect_response("**/checklist/"):
        page.goto(incident.get_absolute_url())


def test_two_people_work_one_list(browser: Browser, server: str, wei: User, incident: Incident):
    rita = make.user("rita", role="responder")
    with visit(browser, server, Look(), wei) as page, visit(browser, server, Look(390, "dark"), rita) as phone:
        noise = listen(page)
        open_page(page, incident)
        open_page(phone, incident)
        first = "Confirm the scope and impact of the failure"
        page.get_by_role("checkbox", name=first).click()
        expect(phone.get_by_role("checkbox", name=first)).to_be_checked()
        expect(phone.locator("#checklist")).to_contain_text("wei")
        expect(page.locator("#next-title")).to_contain_text("Activate the incident response team")
        # What is pressed stays focused although its panel comes anew: the next press is one key away.
        expect(page.get_by_role("checkbox", name=first)).to_be_focused()
        phone.get_by_role("checkbox", name=first).click()
        expect(page.get_by_role("checkbox", name=first)).not_to_be_checked()

        phone.get_by_role("button", name="Yes", exact=True).click()
        expect(page.get_by_role("checkbox", name="Bring back the data")).to_be_visible()
        page.get_by_role("link", name="Notify those concerned", exact=True).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Note").fill("Marketing asks every ten minutes")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_have_count(0)
        expect(phone.locator("#checklist")).to_contain_text("Marketing asks every ten minutes")
        assert faults(page, look=Look()) == []
        assert faults(phone, look=Look(390, "dark")) == []
        assert noise == []


def test_it_is_worked_without_javascript(browser: Browser, server: str, wei: User, incident: Incident):
    context = browser.new_context(base_url=server, java_script_enabled=False)
    log_in(context, server, wei)
    page = context.new_page()
    page.goto(incident.get_absolute_url())
    page.get_by_role("checkbox", name="Confirm the scope").click()
    expect(page.get_by_text("The item is done.")).to_be_visible()
    page.get_by_role("link", name="Add an item").click()
    page.get_by_label("What is to be done").fill("Stop the nightly job")
    page.get_by_role("button", name="Add the item").click()
    page.get_by_role("link", name="Stop the nightly job").click()
    page.get_by_label("Why it does not apply").fill("It has not begun")
    page.get_by_role("button", name="Does not apply").click()
    expect(page.locator("#checklist")).to_contain_text("It has not begun")
    context.close()
