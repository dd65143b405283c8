"""Addresses that belong to one message and do one thing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dr_console.notifications import tokens
from dr_console.notifications.tokens import Expired, Use, Worthless


def test_it_names_the_message_and_what_it_is_for():
    assert tokens.delivery_of(tokens.token(12, Use.KEYS), Use.KEYS) == (12, Use.KEYS)


@pytest.mark.parametrize("other", [Use.KEYS, Use.STATUS, Use.ESCALATE])
def test_what_was_signed_for_one_use_opens_no_other(other):
    with pytest.raises(Worthless):
        tokens.delivery_of(tokens.token(12, Use.ACKNOWLEDGE), other)


@pytest.mark.parametrize(
    "text",
    ["", "acknowledge-12", "acknowledge-12.abc.def", "acknowledge-13{rest}", "{whole}x", " {whole}", "-12{rest}"],
)
def test_what_was_not_signed_opens_nothing(text):
    whole = tokens.token(12, Use.ACKNOWLEDGE)
    rest = whole.removeprefix("acknowledge-12")
    with pytest.raises(Worthless):
        tokens.delivery_of(text.format(whole=whole, rest=rest), Use.ACKNOWLEDGE)


@pytest.mark.parametrize("use", list(Use))
def test_its_time_runs_out(time_machine, use):
    time_machine.move_to("2026-03-01 12:00 +0000", tick=False)
    one = tokens.token(12, use)
    time_machine.shift(tokens.VALID[use] - timedelta(seconds=1))
    assert tokens.delivery_of(one, use) == (12, use)
    time_machine.shift(timedelta(seconds=3))
    with pytest.raises(Expired):
        tokens.delivery_of(one, use)


def test_a_secret_key_that_was_changed_still_opens_it(settings):
    one = tokens.token(12, Use.KEYS)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another one, long and random enough"
    assert tokens.delivery_of(one, Use.KEYS) == (12, Use.KEYS)


def test_vendors_are_sent_to_this_machine_in_the_sandbox(settings):
    settings.DR_PUBLIC_URL = "https://dr.example.com"
    assert tokens.vendors_base().startswith("http://127.0.0.1:")
    settings.DR_MODE = "live"
    assert tokens.status_url("twilio", 12).startswith("https://dr.example.com/callbacks/twilio/status/status-12.")
