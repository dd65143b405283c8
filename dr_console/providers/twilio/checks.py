"""Whether Twilio's token works and the number can call; nobody is called."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_noop as _

from dr_console.providers.checking import Check, Finding, State, about
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline
from dr_console.providers.twilio import TwilioPhone
from dr_console.providers.twilio.phone import READ_NUMBERS

ACCOUNT = _("The auth token works and the account is active")
NUMBER = _("The number that calls come from is the account’s and can speak")


@about(ACCOUNT)
def account(deadline: Deadline) -> Iterable[Finding]:
    name, status, kind = TwilioPhone().account(deadline=deadline)
    said = f"{name}: {status}" + (", trial: it calls only verified numbers" if kind == "Trial" else "")
    yield Finding("twilio", ACCOUNT, State.OK if status == "active" else State.FAILED, said)


@about(NUMBER)
def number(deadline: Deadline) -> Iterable[Finding]:
    number = credential("twilio", "from_number", operation=READ_NUMBERS)
    can = TwilioPhone().can_call_from(number, deadline=deadline)
    yield Finding("twilio", NUMBER, State.OK if can else State.FAILED, number)


CHECKS: tuple[Check, ...] = (account, number)
