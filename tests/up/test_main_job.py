"""The main job in a real console, as the person sees it who breaks Tokyo and then only watches."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.up.conftest import Console

pytestmark = [pytest.mark.processes, pytest.mark.one_database, pytest.mark.browser]

PASSWORD = "correct-horse-battery"
QUICK = {"DR_SANDBOX_SPEED": "30", "DR_PROBE_INTERVAL_SECONDS": "0.5", "DR_PROBE_TIMEOUT_SECONDS": "1"}
RECOVERY_MILLISECONDS = 90_000


def log_in(browser: Browser, console: Console) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(f"{console.address}/accounts/login/")
    page.locator("[name=login]").fill("admin")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    expect(page.locator("#open-incidents")).to_be_visible()
    return page


def truth(console: Console) -> dict[str, Any]:
    port = console.environment["DR_SANDBOX_PORT"]
    found: dict[str, Any] = httpx.get(f"http://127.0.0.1:{port}/control/truth", timeout=30).json()
    return found


def test_a_region_outage_is_noticed_failed_over_and_told_without_one_more_click(
    browser: Browser, up: Callable[..., Any]
):
    with up(DR_ADMIN_PASSWORD=PASSWORD, **QUICK) as console:
        console.wait_until_ready()
        home, sandbox = log_in(browser, console), log_in(browser, console)
        expect(home.locator("#world")).to_contain_text("up", timeout=30_000)

        sandbox.goto(f"{console.address}/sandbox/")
        sandbox.locator("#scenario-region-outage").get_by_role("button", name="Break it").click()

        # From here on nobody presses anything but links.
        incident = home.locator("#open-incidents").get_by_role("link", name=re.compile("Tokyo does not answer"))
        incident.click(timeout=60_000)
        expect(home.locator("#timeline")).to_contain_text("Independent hosts on the internet answer")
        expect(home.locator("main")).to_contain_text("Update the DNS records")
        expect(home.locator("#timeline")).to_contain_text("Users are served again", timeout=RECOVERY_MILLISECONDS)
        expect(home.get_by_text("Recovered, being watched", exact=True)).to_be_visible()
        expect(home.locator("main")).to_contain_text(re.compile(r"INC-\d+-\d+: users are served again"))  # the message

        sandbox.goto(f"{console.address}/sandbox/outbox/")
        expect(sandbox.locator("main")).to_contain_text("Region failure: Tokyo does not answer")
        happened = truth(console)
        assert happened["doubles"] == []
        (episode,) = happened["episodes"]
        assert episode["rto_seconds"] < 15 * 60
