"""The page behind a link in a letter, as whoever was woken finds it: on a telephone, in the dark, not logged in."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from dr_console.notifications import tokens
from dr_console.notifications.models import Channel, Delivery
from dr_console.notifications.purposes import Wish
from tests.callbacks.conftest import asked, sent
from tests.e2e.pages import Look, check_every_look, check_other_looks, visit

__all__ = ["asked", "sent"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_it_asks_and_a_press_acts(browser: Browser, server: str, sent: Any, asked: Any, language: Any):
    letter = sent(channel=Channel.EMAIL, address="ada@example.com")
    path = "/answer/" + tokens.answer_url(letter.pk, Wish.ACKNOWLEDGE).split("/answer/")[1]
    with visit(browser, server, Look(language=language)) as page:
        check_every_look(page, path, language=language)
        assert asked.answers == []
        page.locator("#answer-button").click()
        expect(page.get_by_text("Heard from Ada")).to_be_visible()
        check_other_looks(page, language=language)
    letter.refresh_from_db()
    assert letter.state == Delivery.State.ACKNOWLEDGED
