"""Every page in a real browser, in both languages, light and dark, at three widths."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect

from dr_console.plans import services
from dr_console.plans.queries import entry_now
from dr_console.plans.registry import section
from incidents.services import timeline
from incidents.services.checklist_choice import choose
from incidents.services.timeline import Written
from tests import make
from tests.e2e.pages import Look, check_every_look, visit
from tests.test_pages import PAGES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PARTS = 3  # so that processes side by side share them


def addresses() -> list[str]:
    """Every page that a person can open, with the built-in plan inside and one change made to it."""
    further = ["plans:compare", "people:list", "people:add", "people:preferences", "audit:log"]
    allauths = ["account_change_password", "mfa_index"]
    return [reverse(name) for name in (*PAGES, *further, *allauths)] + [
        reverse("plans:version", args=[1]),
        reverse("plans:edit-single", args=["about"]),
        reverse("plans:edit", args=["failover_plans", "manual-failover"]),
        reverse("plans:edit", args=["contacts", "cto"]),
        reverse("plans:add", args=["drill_calendar"]),
        reverse("plans:remove", args=["vendors", "aws"]),
        reverse("incidents:failover-plan", args=["manual-failover"]),
        reverse("incidents:checklist", args=["quick-recovery"]),
        reverse("incidents:detail", args=["INC-2026-001"]),
        reverse("incidents:timeline-page", args=["INC-2026-001"]),
        reverse("incidents:timeline-correct", args=["INC-2026-001", 1]),
        reverse("incidents:checklist-item", args=["INC-2026-001", "notify-people"]),
        reverse("incidents:checklist-add", args=["INC-2026-001"]),
        reverse("incidents:update-compose", args=["INC-2026-001"]),
        reverse("incidents:update-list", args=["INC-2026-001"]),
        reverse("plans:edit", args=["status_updates", "customers"]),
        reverse("incidents:escalation-accept", args=["p0"]),
        reverse("incidents:paging-rearm", args=["INC-2026-001"]),
        reverse("incidents:declare"),
        reverse("incidents:resolve", args=["INC-2026-001"]),
        reverse("incidents:severity", args=["INC-2026-001"]),
        reverse("incidents:merge", args=["INC-2026-001"]),
    ]


def world():
    """The built-in plan, changed once, and an incident that is still open."""
    make.heartbeats()
    make.plan()
    make.vendor_checks()
    root = make.user("root", role="administrator")
    entry = entry_now(section("contacts"), "cto") | {"time_zone": "Asia/Shanghai"}
    services.edit_entry("contacts", "cto", entry, base_version=1, by=root)
    incident = make.incident(reference="INC-2026-001", title="API unavailable in Tokyo", commander=root)
    choose(incident)
    smoke = timeline.note(incident, Written("**Smoke** in Tokyo", incident.started_at), by=root)
    timeline.correct(smoke, Written("**Smoke** in Osaka", incident.started_at), by=root)
    timeline.pin(incident, f"entry-{smoke.seq}", by=root)
    return root


# allauth's own templates name variables that are not always there.
@pytest.mark.ignore_template_errors
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_in(browser: Browser, server: str, language: Any, part: int):
    root = world()
    wrong = []
    with visit(browser, server, Look(language=language), root) as page:
        for address in addresses()[part::PARTS]:
            try:
                check_every_look(page, address, language=language)
            except AssertionError as error:
                wrong.append(f"{address}: {error}")
    assert not wrong, "\n\n".join(wrong)


def test_a_person_logs_in_and_sees_the_plan_in_their_language(browser: Browser, server: str):
    make.plan()
    make.user("wei", role="viewer")
    with visit(browser, server, Look(390, "dark", "zh-hans")) as page:
        page.goto("/contacts/")
        page.locator("input[name=login]").fill("wei")
        page.locator("input[name=password]").fill("secret")
        page.locator("main form button").first.click()
        expect(page.get_by_text("技术主管").first).to_be_visible()


def test_everything_works_without_javascript(browser: Browser, server: str):
    world()
    context = browser.new_context(base_url=server, java_script_enabled=False)
    page = context.new_page()
    page.goto("/contacts/?q=cto")
    page.locator("input[name=login]").fill("root")
    page.locator("input[name=password]").fill("secret")
    page.locator("main form button").first.click()
    expect(page.get_by_role("rowheader", name="CTO")).to_be_visible()
    expect(page.get_by_role("rowheader", name="Technical lead")).to_have_count(0)
    page.get_by_role("link", name="Change cto").click()
    page.get_by_role("button", name="Add a row").click()
    rows = page.locator(".part-row")
    expect(rows).to_have_count(4)
    rows.last.get_by_label("Kind").select_option("slack")
    rows.last.get_by_label("Address").fill("@the-cto")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as version 3.")).to_be_visible()
    expect(page.get_by_text("@the-cto")).to_be_visible()
    context.close()


def test_a_list_is_searched_while_one_types(browser: Browser, server: str):
    root = world()
    with visit(browser, server, Look(), root) as page:
        page.goto("/contacts/")
        page.get_by_label("Search").fill("cto")
        expect(page.get_by_role("rowheader", name="Technical lead")).to_have_count(0)
        expect(page.get_by_role("rowheader", name="CTO")).to_be_visible()
        assert "q=cto" in page.url


def test_a_change_of_the_plan_reaches_an_open_page(browser: Browser, server: str):
    root = world()
    with visit(browser, server, Look(), root) as page:
        page.goto("/")
        expect(page.get_by_text("Frankfurt").first).to_be_visible()
        expect(page.locator("html")).to_have_attribute("data-live", "open")
        region = entry_now(section("regions"), "eu-central-1")
        region["name"] = {"en": "Zürich", "zh-hans": "苏黎世"}
        services.edit_entry("regions", "eu-central-1", region, base_version=2, by=root)
        expect(page.get_by_text("Zürich").first).to_be_visible()


@pytest.mark.parametrize("address", ["/contacts/", "/plan/", "/escalation/"])
def test_pages_of_the_plan_renew_themselves(browser: Browser, server: str, address: str):
    root = world()
    with visit(browser, server, Look(), root) as page:
        page.goto(address)
        expect(page.locator("html")).to_have_attribute("data-live", "open")
        entry = entry_now(section("contacts"), "cto")
        entry["name"] = {"en": "Captain", "zh-hans": "队长"}
        services.edit_entry("contacts", "cto", entry, base_version=2, by=root)
        expect(page.get_by_text("Captain").first).to_be_visible()
        assert page.url.endswith(address)


# Lets the page renew itself, and waits until what came has been dealt with.
RENEW = """() => new Promise((done) => {
  document.addEventListener("htmx:afterRequest", () => setTimeout(done, 100), { once: true });
  document.body.dispatchEvent(new CustomEvent("live:plan", { bubbles: true }));
})"""


def test_a_panel_that_says_the_same_again_keeps_what_one_was_at(browser: Browser, server: str):
    root = world()
    with visit(browser, server, Look(), root) as page:
        page.goto("/plan/")
        expect(page.locator("html")).to_have_attribute("data-live", "open")
        link = page.get_by_role("link", name="Escalation matrix")
        link.focus()
        page.evaluate("document.activeElement.stays = true")
        page.evaluate(RENEW)
        page.evaluate(RENEW)
        assert page.evaluate("document.activeElement.stays") is True


def test_a_panel_that_says_something_else_gives_the_focus_to_the_same_link_again(browser: Browser, server: str):
    root = world()
    with visit(browser, server, Look(), root) as page:
        page.goto("/regions/")
        expect(page.locator("html")).to_have_attribute("data-live", "open")
        link = page.get_by_role("link", name="Change us-west-1")
        link.focus()
        region = entry_now(section("regions"), "eu-central-1")
        region["name"] = {"en": "Zürich", "zh-hans": "苏黎世"}
        services.edit_entry("regions", "eu-central-1", region, base_version=2, by=root)
        expect(page.get_by_text("Zürich").first).to_be_visible()
        expect(link).to_be_focused()


def test_a_form_is_never_renewed_under_ones_hands(browser: Browser, server: str):
    root = world()
    with visit(browser, server, Look(), root) as page:
        page.goto("/plan/contacts/cto/edit/")
        expect(page.locator("html")).to_have_attribute("data-live", "open")
        page.get_by_label("Name · English").fill("Half a na")
        page.evaluate("""() => { window.heard = new Promise(
          (done) => document.body.addEventListener("live:plan", () => setTimeout(done, 100), { once: true })) }""")
        entry = entry_now(section("contacts"), "technical-lead")
        entry["time_zone"] = "Europe/Berlin"
        services.edit_entry("contacts", "technical-lead", entry, base_version=2, by=root)
        page.evaluate("() => window.heard")
        expect(page.get_by_label("Name · English")).to_have_value("Half a na")
