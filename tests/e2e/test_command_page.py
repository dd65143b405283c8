"""Two people on one incident, in two browsers: who leads, who is here, what is asked, and without JavaScript."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from incidents.models import Incident
from incidents.services import asks, command, decision_log
from tests import make
from tests.e2e.pages import Look, check_page, listen, log_in, visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WITHIN_A_SECOND_AND_SOME = 5_000
# Where the end of a stream is not noticed: without a sign of life for 18 s, and pages look every 8 s.
SURELY_GONE = 40_000


@pytest.fixture
def ada() -> User:
    make.heartbeats()
    make.plan()
    return make.user("ada", role="commander")


@pytest.fixture
def bob() -> User:
    return make.user("bob", role="commander")


@pytest.fixture
def incident(ada: User) -> Incident:
    return make.incident()


def open_live(page: Page, incident: Incident) -> None:
    """As far as that its stream is open and its panels have renewed themselves for the first time."""
    with page.expect_response("**/command/"), page.expect_response("**/here/"):
        page.goto(incident.get_absolute_url())
    expect(page.locator("html")).to_have_attribute("data-live", "open")


def test_two_people_lead_ask_and_decide_together(
    browser: Browser, server: str, ada: User, bob: User, incident: Incident
):
    with (
        visit(browser, server, Look(), ada) as hers,
        visit(browser, server, Look(390, "dark"), bob) as his,
    ):
        noise = [listen(hers), listen(his)]
        open_live(hers, incident)
        open_live(his, incident)
        expect(hers.locator("#here")).to_contain_text("Here now: ada, bob", timeout=WITHIN_A_SECOND_AND_SOME)

        hers.locator("#take-command").click()
        expect(his.locator(".incident-bar")).to_contain_text("Commander: ada", timeout=WITHIN_A_SECOND_AND_SOME)
        expect(his.locator("#take-command")).to_have_count(0)

        hers.locator("#ask-somebody").click()
        dialog = hers.get_by_role("dialog")
        dialog.get_by_label("What is to be done").fill("Call Vercel")
        dialog.get_by_role("button", name="Ask", exact=True).click()
        expect(dialog).to_contain_text("This field is required")
        expect(dialog.get_by_label("What is to be done")).to_have_value("Call Vercel")
        dialog.get_by_label("Who").select_option(label="bob · here now")
        dialog.get_by_role("button", name="Ask", exact=True).click()
        his.locator("#asks").get_by_role("button", name="Accept").click()
        expect(hers.locator("#asks")).to_contain_text("Accepted", timeout=WITHIN_A_SECOND_AND_SOME)

        hers.locator("#hand-over").click()
        dialog.get_by_label("To", exact=True).select_option(label="bob · here now")
        dialog.get_by_role("button", name="Offer command").click()
        his.locator("#briefing-link").click()
        expect(his.locator("#briefing")).to_contain_text("Call Vercel")
        his.locator("#accept-command").click()
        expect(hers.locator(".incident-bar")).to_contain_text("Commander: bob", timeout=WITHIN_A_SECOND_AND_SOME)

        his.close()
        expect(hers.locator("#here")).not_to_contain_text("bob", timeout=SURELY_GONE)
        assert [line for lines in noise for line in lines if "status of 422" not in line] == []


def test_the_pages_of_the_room_where_they_are_narrowest(
    browser: Browser, server: str, ada: User, bob: User, incident: Incident
):
    look = Look(320, "dark", "zh-hans")
    command.acknowledge(incident, by=bob)
    command.take_command(incident, by=ada)
    asks.ask(incident, "Call Vercel", bob, minutes=5, by=ada)
    decision = decision_log.put_up(incident, "Fail over now, or wait for Vercel?", ["Now", "Wait"], by=ada)
    decision_log.say(decision, by=bob, objection="It is cold")
    handover = command.offer(incident, bob, by=ada, note="Vercel is on the phone")
    with visit(browser, server, look, bob) as page:
        for address in (
            incident.get_absolute_url(),
            handover.get_absolute_url(),
            decision.get_absolute_url(),
            reverse("incidents:decide", args=[incident.reference, decision.pk]),
            reverse("incidents:give-role", args=[incident.reference]),
        ):
            check_page(page, address, look=look)


def test_all_of_it_works_without_javascript(browser: Browser, server: str, ada: User, bob: User, incident: Incident):
    context = browser.new_context(base_url=server, java_script_enabled=False, locale="en-GB")
    log_in(context, server, ada)
    page = context.new_page()
    page.goto(incident.get_absolute_url())
    page.locator("#command").get_by_role("button", name="Take command").click()
    page.locator("#asks").get_by_role("link", name="Ask somebody").click()
    page.get_by_label("What is to be done").fill("Call Vercel")
    page.get_by_label("Who").select_option("bob")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#asks")).to_contain_text("Call Vercel")
    page.locator("#decision-log").get_by_role("link", name="To be decided").click()
    page.get_by_label("What is to be decided").fill("Fail over now?")
    page.get_by_role("button", name="Put it up").click()
    page.locator("#decision-log").get_by_role("link", name="Decide…").click()
    page.get_by_label("What was decided").fill("Yes")
    page.get_by_role("button", name="Decide").click()
    expect(page.locator("#timeline")).to_contain_text("Decided: Fail over now? → Yes")
    context.close()
