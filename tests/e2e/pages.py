"""Open a page as a person would, and hold it to what every page must keep: see `check_page`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

HTML_LANG = {"en": "en", "zh-hans": "zh-hans"}
VIOLATIONS = 'axe.run({resultTypes: ["violations"]}).then((found) => found.violations)'
# Wider than the window although nothing scrolls: what a person would find cut off.
SPILLING = """() => [...document.querySelectorAll("body *")]
  .filter((element) => {
    const box = element.getBoundingClientRect();
    if (!box.width || !box.height || box.right <= innerWidth + 1) return false;
    for (let up = element.parentElement; up; up = up.parentElement)
      if (/auto|scroll|hidden|clip/.test(getComputedStyle(up).overflowX)) return false;
    return !element.closest("[popover]:not(:popover-open)");
  })
  .slice(0, 5)
  .map((element) => element.outerHTML.slice(0, 120))"""


@dataclass(frozen=True)
class Look:
    """How wide, how bright and in which language a page is looked at."""

    width: int = 1440
    scheme: Literal["light", "dark"] = "light"
    language: Literal["en", "zh-hans"] = "en"

    def __str__(self) -> str:
        return f"{self.width}-{self.scheme}-{self.language}"


LOOKS = [Look(*look) for look in product((1440, 390, 320), ("light", "dark"), ("en", "zh-hans"))]
# axe takes a second, and what it finds depends on width, brightness and language each by itself: every one of them is
# looked at by it. What depends on two of them at once, that nothing is too wide, is looked at in all.
WITH_AXE = (Look(), Look(320, "dark"), Look(390, "dark", "zh-hans"))


@contextmanager
def visit(browser: Browser, server: str, look: Look = Look(), person: User | None = None) -> Iterator[Page]:
    """A window of that look, in which `person` is logged in; relative addresses are the server's."""
    context = browser.new_context(
        base_url=server,
        viewport={"width": look.width, "height": 900},
        color_scheme=look.scheme,
        locale={"en": "en-GB", "zh-hans": "zh-CN"}[look.language],
    )
    context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": look.language, "url": server}])
    if person is not None:
        log_in(context, server, person)
    try:
        yield context.new_page()
    finally:
        context.close()


def log_in(context: BrowserContext, server: str, person: User) -> None:
    client = Client()
    client.force_login(person)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": server}])


def check_page(page: Page, address: str, *, look: Look, status: int = 200, axe: bool = True) -> None:
    """Open the page and say everything that is wrong with it at once.

    It answers with the status; says its language; does not scroll sideways, nor spill over the window's edge; asks no
    other host for anything; breaks no rule of axe; and leaves the browser's console empty.
    """
    noise = listen(page)
    response = page.goto(address)
    wrong = faults(page, look=look, axe=axe)
    if response is None or response.status != status:
        wrong.insert(0, f"status {response and response.status} instead of {status}")
    # A browser notes every answer of 400 and above, which is not the page's doing.
    wrong += [line for line in noise if not (status >= 400 and "Failed to load resource" in line)]
    assert not wrong, f"{address} at {look}:\n" + "\n".join(wrong)


def check_every_look(page: Page, address: str, *, language: Literal["en", "zh-hans"]) -> None:
    """`check_page`, and then the same page at every width, light and dark. The window speaks that language already."""
    first = Look(language=language)
    _be(page, first)
    check_page(page, address, look=first, axe=first in WITH_AXE)
    check_other_looks(page, language=language)


def check_other_looks(page: Page, *, language: Literal["en", "zh-hans"]) -> None:
    """The page as it stands, after whatever the test has done to it, at every width, light and dark."""
    wrong = []
    for look in LOOKS:
        if look.language == language:
            _be(page, look)
            wrong += [f"at {look}: {fault}" for fault in faults(page, look=look, axe=look in WITH_AXE)]
    _be(page, Look(language=language))
    assert not wrong, f"{page.url}:\n" + "\n".join(wrong)


def _be(page: Page, look: Look) -> None:
    page.set_viewport_size({"width": look.width, "height": 900})
    page.emulate_media(color_scheme=look.scheme)


# What htmx says of a request that a later one took the place of; of one that failed it says sendError besides.
GIVEN_UP = ("htmx:afterRequest", "htmx:sendAbort")


def listen(page: Page) -> list[str]:
    """What the browser's console says from now on, and what the page asks of other hosts."""
    noise: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if not message.text.startswith(GIVEN_UP):
            noise.append(f"console: {message.type}: {message.text}")

    page.on("console", hear)
    page.on("pageerror", lambda error: noise.append(f"error: {error}"))

    def remember(request: Any) -> None:
        first = urlsplit(page.url if page.url != "about:blank" else request.url)
        asked = urlsplit(request.url)
        if asked.scheme in ("http", "https") and asked.netloc != first.netloc:
            noise.append(f"another host: {request.url}")

    page.on("request", remember)
    return noise


def faults(page: Page, *, look: Look, axe: bool = True) -> list[str]:
    """What is wrong with the page as it stands now, after whatever the test has done to it."""
    wrong = []
    language = page.evaluate("document.documentElement.lang")
    if language != look.language:
        wrong.append(f"says that its language is {language!r}")
    width = page.evaluate("document.documentElement.scrollWidth")
    if width > look.width:
        wrong.append(f"scrolls sideways: {width} px wide in a window of {look.width}")
    wrong += [f"spills over the edge: {element}" for element in page.evaluate(SPILLING)]
    return wrong + (axe_faults(page) if axe else [])


def axe_faults(page: Page) -> list[str]:
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE_SCRIPT)
    return [
        f"axe: {rule['id']} ({rule['impact']}): {rule['help']}: {node['html'][:160]} | "
        + " ".join(node["failureSummary"].split())
        for rule in page.evaluate(VIOLATIONS)
        for node in rule["nodes"][:3]
    ]
