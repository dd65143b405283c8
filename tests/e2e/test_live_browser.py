from __future__ import annotations

import re

import pytest
from django.conf import settings
from playwright.sync_api import BrowserContext, Page, Route, expect

from dr_console.live.publish import nudge
from incidents.models import Incident
from tests import make

pytestmark = pytest.mark.browser

# Write on the page what it hears from the server, and how often it tells its panels of the plan.
WITNESS = """
    const write = (name, value) => document.documentElement.setAttribute(`data-${name}`, value);
    const heard = [];
    let told = 0;
    window.EventSource = class extends window.EventSource {
        constructor(address) {
            super(address);
            this.addEventListener("message", (event) => {
                heard.push(event.data);
                write("heard", heard.join(" "));
            });
        }
    };
    document.addEventListener("live:plan", () => write("told", told += 1));
"""


@pytest.fixture
def ada(server: str, client, context: BrowserContext) -> None:
    """A person who has logged in, in the browser."""
    client.force_login(make.user("ada", role="viewer"))
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": client.session.session_key, "url": server}
    context.add_cookies([cookie])
    context.add_init_script(f"(() => {{ {WITNESS} }})()")


def open_home(context: BrowserContext, server: str) -> Page:
    page = context.new_page()
    page.goto(server)
    return page


def listening(context: BrowserContext, server: str) -> Page:
    page = open_home(context, server)
    says(page, "open")
    heard(page, "connected")
    return page


def says(page: Page, state: str) -> None:
    expect(page.locator("html")).to_have_attribute("data-live", state, timeout=20_000)


def look_away(page: Page) -> None:
    page.evaluate("""Object.defineProperty(document, "hidden", {configurable: true, get: () => true})""")
    look_here(page)


def look_back(page: Page) -> None:
    page.evaluate("""delete document.hidden""")
    look_here(page)


def look_here(page: Page) -> None:
    """What a browser says when a tab is hidden or shown: nothing but that it may be the one or the other."""
    page.evaluate("""document.dispatchEvent(new Event("visibilitychange"))""")


def heard(page: Page, *names: str) -> None:
    expect(page.locator("html")).to_have_attribute("data-heard", " ".join(names), timeout=20_000)


def declare(title: str) -> Incident:
    incident = make.incident(title=title)
    nudge("console", "incidents")
    return incident


@pytest.fixture
def without_polling(context: BrowserContext) -> None:
    """Panels that ask every 15 seconds would hide a stream that says nothing."""
    context.add_init_script(
        "const wait = window.setTimeout; window.setTimeout = (f, ms) => wait(f, ms >= 10000 ? ms * 1000 : ms);"
    )


def test_an_update_reaches_an_open_page(server, ada, context, without_polling):
    page = listening(context, server)
    expect(page.locator("#open-incidents")).to_contain_text("All quiet")
    declare("Tokyo is dark")
    expect(page.locator("#open-incidents")).to_contain_text("Tokyo is dark", timeout=10_000)


def test_what_changes_while_a_panel_is_being_fetched_is_not_missed(server, ada, context, without_polling):
    page = listening(context, server)
    expect(page.locator("#open-incidents")).to_contain_text("All quiet")

    def answer_late(route: Route) -> None:
        from_before = route.fetch()
        declare("Tokyo is dark")
        heard(page, "connected", "incidents", "incidents")
        route.fulfill(response=from_before)

    page.route("**/incidents/open/", answer_late, times=1)
    nudge("console", "incidents")
    expect(page.locator("#open-incidents")).to_contain_text("Tokyo is dark", timeout=10_000)


def test_a_hidden_tab_gives_its_connection_back_and_catches_up_when_it_is_shown(server, ada, context, without_polling):
    page = listening(context, server)
    look_away(page)
    says(page, "closed")
    declare("Tokyo is dark")
    with page.expect_request(lambda request: "/live/console/?after=0" in request.url):
        look_back(page)
    says(page, "open")
    expect(page.locator("#open-incidents")).to_contain_text("Tokyo is dark", timeout=10_000)
    # Exactly what was missed, and not "connected", which would have every panel asked anew.
    heard(page, "connected", "incidents")


def test_of_a_burst_panels_hear_at_its_beginning_and_at_its_end(server, ada, context):
    page = listening(context, server)
    look_away(page)
    for _ in range(30):
        nudge("console", "plan")
    nudge("console", "services")
    look_back(page)
    heard(page, "connected", *["plan"] * 30, "services")
    expect(page.locator("html")).to_have_attribute("data-told", re.compile("^[2-4]$"))


def test_the_eighth_tab_loads_and_answers(server, ada, context):
    pages = [open_home(context, server) for _ in range(8)]
    for page in pages[:3]:
        says(page, "open")
    for page in pages[3:]:
        says(page, "waiting")
    eighth = pages[-1]
    eighth.goto(server)
    expect(eighth.locator("#open-incidents")).to_contain_text("All quiet")
    assert eighth.evaluate("fetch('/healthz').then(answer => answer.status)") == 200

    pages[0].close()
    look_here(eighth)
    says(eighth, "open")
    declare("Tokyo is dark")
    expect(eighth.locator("#open-incidents")).to_contain_text("Tokyo is dark", timeout=10_000)


def test_a_page_that_is_left_and_found_again_listens_again(server, ada, context):
    page = listening(context, server)
    page.goto(f"{server}/healthz")
    page.go_back()
    says(page, "open")
    declare("Tokyo is dark")
    expect(page.locator("#open-incidents")).to_contain_text("Tokyo is dark", timeout=10_000)


def test_without_locks_a_page_listens_all_the_same(server, ada, context):
    context.add_init_script("Object.defineProperty(Navigator.prototype, 'locks', {get: () => undefined})")
    page = listening(context, server)
    look_away(page)
    says(page, "closed")


def test_strangers_have_no_stream(server, context):
    page = context.new_page()
    page.goto(f"{server}/accounts/login/")
    expect(page.locator("body")).to_have_attribute("data-live-stream", "")
    expect(page.locator("html")).not_to_have_attribute("data-live", "open")
