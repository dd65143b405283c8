"""The helper that holds pages to the rules must notice when they are broken."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests import make
from tests.e2e.pages import Look, check_page, visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_everything_that_is_wrong_is_said_at_once(browser: Browser, server: str) -> None:
    person = make.user("ada")
    with visit(browser, server, Look(390), person) as page, pytest.raises(AssertionError) as told:
        check_page(page, "/broken/", look=Look(390), status=404)
    for fault in (
        "status 200 instead of 404",
        "says that its language is 'fr'",
        "scrolls sideways",
        "spills over the edge: <b>wide",
        "axe: image-alt",
        "another host: https://elsewhere.example/x.png",
        "console: error:",
    ):
        assert fault in str(told.value)


def test_a_good_page_passes(browser: Browser, server: str) -> None:
    with visit(browser, server, Look(390)) as page:
        check_page(page, "/accounts/login/", look=Look(390))
