"""The parts of pages in a real browser: at every width, in light and dark, in both languages."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils.timezone import now
from playwright.sync_api import Browser, expect

from dr_console.web import navigation
from tests import make
from tests.e2e.pages import Look, check_every_look, check_page, faults, listen, visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def person(server: str) -> User:
    make.heartbeats()
    return make.user("ada", role="administrator", first_name="Ada")


@pytest.fixture
def many(person: User) -> None:
    User.objects.bulk_create(
        User(username=f"person-{index:02}", email=f"p{index}@example.com", date_joined=now() - timedelta(index))
        for index in range(60)
    )


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_part_keeps_what_pages_must_keep(
    browser: Browser, server: str, many: None, person: User, language: Any
) -> None:
    with visit(browser, server, Look(language=language), person) as page:
        check_every_look(page, "/style/", language=language)
        check_every_look(page, "/users/?active=true", language=language)
        page.context.clear_cookies(name="sessionid")
        check_every_look(page, "/accounts/login/", language=language)


def test_other_pages_keep_what_pages_must_keep(browser: Browser, server: str, person: User) -> None:
    look = Look(320, "dark")
    errors = {"/nowhere/": 404, "/users/?sort=x": 400, "/refuse/": 409, "/only-post/": 405, "/break/": 500}
    with visit(browser, server, look, person) as page:
        for address, status in {**errors, "/find/": 200}.items():
            check_page(page, address, look=look, status=status)


def test_a_heading_sorts_in_place_and_keeps_the_focus(browser: Browser, server: str, many: None, person: User) -> None:
    with visit(browser, server, person=person) as page:
        noise = listen(page)
        page.goto("/users/")
        page.locator("#sort-username").click()
        expect(page.locator("tbody th").first).to_have_text("person-59")
        expect(page).to_have_url(f"{server}/users/?sort=-username")
        expect(page.locator("#sort-username")).to_be_focused()
        expect(page.locator("#announcer")).to_have_text("25 rows")
        page.locator("#page-next").click()
        expect(page.locator("tbody th").first).to_have_text("person-34")
        page.go_back()
        expect(page.locator("tbody th").first).to_have_text("person-59")
        assert noise == []


def test_typing_filters_and_keeps_the_order(browser: Browser, server: str, many: None, person: User) -> None:
    with visit(browser, server, person=person) as page:
        noise = listen(page)
        page.goto("/users/")
        page.locator("#sort-username").click()
        expect(page.locator("tbody th").first).to_have_text("person-59")
        page.get_by_label("Search").press_sequentially("person-4")
        expect(page.locator("tbody tr")).to_have_count(10)
        expect(page.locator("tbody th").first).to_have_text("person-49")
        expect(page).to_have_url(f"{server}/users/?q=person-4&sort=-username")
        expect(page.get_by_label("Search")).to_be_focused()
        page.get_by_label("Search").fill("nobody")
        expect(page.get_by_text("Nothing matches these filters")).to_be_visible()
        assert noise == []


def test_lists_work_without_javascript(browser: Browser, server: str, many: None, person: User) -> None:
    with visit(browser, server, person=person) as page:
        page.route("**/*.js", lambda route: route.abort())
        page.goto("/users/")
        page.get_by_label("Search").fill("person-4")
        page.get_by_role("button", name="Filter").click()
        expect(page.locator("tbody tr")).to_have_count(10)
        page.locator("#sort-username").click()
        expect(page.locator("tbody th").first).to_have_text("person-49")


def test_the_palette_opens_finds_and_goes(browser: Browser, server: str, person: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(navigation, "_pages", [])
    monkeypatch.setattr(navigation, "_searches", [])
    with visit(browser, server, person=person) as page:
        noise = listen(page)
        page.goto("/style/")
        page.keyboard.press("Control+k")
        expect(page.locator("#palette-text")).to_be_focused()
        expect(page.locator("#palette [role=option]")).not_to_have_count(0)
        page.keyboard.type("peop")
        expect(page.locator("#palette [role=option]")).to_have_count(1)
        page.keyboard.press("ArrowDown")
        expect(page.locator("#palette [role=option]")).to_have_attribute("aria-selected", "true")
        assert faults(page, look=Look()) == []
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{server}/people/")
        assert noise == []


def test_escape_closes_the_palette_and_gives_the_focus_back(browser: Browser, server: str, person: User) -> None:
    with visit(browser, server, person=person) as page:
        page.goto("/users/")
        page.get_by_role("link", name="Find").click()
        expect(page.locator("#palette")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#palette")).to_be_hidden()
        expect(page.get_by_role("link", name="Find")).to_be_focused()


def test_single_keys_work_and_can_be_switched_off(browser: Browser, server: str, person: User) -> None:
    with visit(browser, server, person=person) as page:
        page.goto("/users/")
        page.keyboard.press("?")
        expect(page.locator("#shortcuts")).to_be_visible()
        assert faults(page, look=Look()) == []
        page.keyboard.press("Escape")
        page.keyboard.press("g")
        page.keyboard.press("e")
        expect(page).to_have_url(f"{server}/people/")
        page.goto("/users/")
        page.evaluate("document.body.dataset.shortcuts = 'off'")
        page.keyboard.press("?")
        page.keyboard.press("g")
        page.keyboard.press("e")
        expect(page.locator("#shortcuts")).to_be_hidden()
        expect(page).to_have_url(f"{server}/users/")


def test_keys_do_nothing_while_somebody_types(browser: Browser, server: str, many: None, person: User) -> None:
    with visit(browser, server, person=person) as page:
        page.goto("/users/")
        page.get_by_label("Search").press_sequentially("?ge")
        expect(page.locator("#shortcuts")).to_be_hidden()
        expect(page.get_by_label("Search")).to_have_value("?ge")


def test_a_dangerous_button_waits_for_the_phrase(browser: Browser, server: str, person: User) -> None:
    with visit(browser, server, person=person) as page:
        page.goto("/style/")
        page.get_by_text("Approve DNS switch…").click()
        button = page.get_by_role("button", name="Switch DNS", exact=True)
        expect(button).to_be_disabled()
        page.locator("#phrase").fill("us-west-2")
        expect(button).to_be_disabled()
        page.locator("#phrase").fill("us-west-1")
        expect(button).to_be_enabled()
        assert faults(page, look=Look()) == []
        page.get_by_role("button", name="Keep primary").click()
        expect(page.locator("#switch")).to_be_hidden()


@pytest.mark.parametrize("width", [320, 1440])
def test_the_menus_open_without_javascript(browser: Browser, server: str, person: User, width: int) -> None:
    look = Look(width)
    with visit(browser, server, look, person) as page:
        page.route("**/*.js", lambda route: route.abort())
        page.goto("/users/")
        if width < 1000:
            expect(page.get_by_role("link", name="People")).to_be_hidden()
            page.get_by_role("button", name="Menu").click()
        expect(page.get_by_role("link", name="People")).to_be_visible()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Account").click()
        expect(page.get_by_role("button", name="Log out")).to_be_visible()
        assert faults(page, look=look) == []


def test_a_refusal_appears_in_the_messages_area(browser: Browser, server: str, person: User) -> None:
    with visit(browser, server, person=person) as page:
        page.goto("/users/")
        page.evaluate("htmx.ajax('GET', '/refuse/', '#table')")
        expect(page.locator("#messages")).to_contain_text("ada has already ticked")
        expect(page.locator("#table tbody")).to_be_visible()


def test_a_server_that_has_gone_is_said(browser: Browser, server: str, many: None, person: User) -> None:
    with visit(browser, server, person=person) as page:
        page.goto("/users/")
        expect(page.locator(".data-age-time")).to_contain_text("updated")
        page.route("**/*", lambda route: route.abort())  # the age of the data too: one answer, and it has not gone
        page.locator("#sort-username").click()
        expect(page.locator("#messages")).to_contain_text("The console does not answer")
        expect(page.locator(".data-age-word")).to_have_text("STALE")


def test_the_age_of_the_data_counts_and_turns_stale(browser: Browser, server: str, person: User) -> None:
    with visit(browser, server, person=person) as page:
        page.clock.install()
        page.goto("/users/")
        page.route("**/data-age/**", lambda route: None)  # asked, and never answered
        expect(page.locator(".data-age-time")).to_have_text("updated 0 s ago")
        page.clock.run_for(9_000)
        expect(page.locator(".data-age-time")).to_have_text("updated 9 s ago")
        expect(page.locator(".data-age-word")).to_have_count(0)
        page.clock.run_for(32_000)
        expect(page.locator(".data-age-word")).to_have_text("STALE")
        assert faults(page, look=Look()) == []


def test_an_expired_session_leads_to_the_login(browser: Browser, server: str, many: None, person: User) -> None:
    with visit(browser, server, person=person) as page:
        page.goto("/users/?q=person")
        page.context.clear_cookies(name="sessionid")
        page.locator("#sort-username").click()
        expect(page).to_have_url(f"{server}/accounts/login/?next=%2Fusers%2F%3Fq%3Dperson")


def test_a_panel_that_finds_the_session_expired_leaves_the_page_alone(
    browser: Browser, server: str, person: User
) -> None:
    with visit(browser, server, person=person) as page:
        page.clock.install()
        page.goto("/style/")
        page.locator("#empty_note").fill("half a thought")
        page.context.clear_cookies(name="sessionid")
        # A panel whose request is still on its way skips a turn.
        for _ in range(3):
            page.clock.run_for(16_000)
        expect(page.locator("#messages")).to_contain_text("You are logged out")
        expect(page.locator(".data-age-word")).to_have_text("STALE")
        expect(page.locator("#empty_note")).to_have_value("half a thought")
        page.get_by_role("link", name="Log in").click()
        expect(page).to_have_url(re.compile("/accounts/login/"))


def test_a_passkey_is_added_and_logs_in(browser: Browser, server: str, person: User) -> None:
    server = server.replace("127.0.0.1", "localhost")  # a passkey belongs to a name
    with visit(browser, server, person=person) as page:
        noise = listen(page)
        devtools = page.context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        device = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
        devtools.send(
            "WebAuthn.addVirtualAuthenticator",
            {"options": {**device, "isUserVerified": True, "automaticPresenceSimulation": True}},
        )
        page.goto("/accounts/2fa/webauthn/add/")
        page.get_by_label("Password", exact=True).fill("secret")
        page.get_by_role("button", name="Confirm").click()
        expect(page.get_by_role("heading", name="Add Security Key")).to_be_visible()
        page.wait_for_load_state()  # the button listens only once its script has run
        page.get_by_label("Passwordless").check()
        page.get_by_role("button", name="Add").click()
        expect(page.get_by_role("heading", name="Recovery Codes")).to_be_visible()
        page.goto("/accounts/2fa/webauthn/")
        assert faults(page, look=Look()) == []
        page.context.clear_cookies(name="sessionid")
        page.goto("/accounts/login/?next=/style/")
        page.get_by_role("button", name="Log in with a passkey").click()
        expect(page).to_have_url(f"{server}/style/")
        assert noise == []


def test_a_passkey_that_fails_says_so_in_the_page(browser: Browser, server: str) -> None:
    with visit(browser, server) as page:
        noise = listen(page)
        page.goto("/accounts/login/")
        page.get_by_role("button", name="Log in with a passkey").click()
        expect(page.locator("#messages")).to_contain_text("The passkey was not used.")
        assert noise == []
