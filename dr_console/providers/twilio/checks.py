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
TRIAL = _("%(name)s is a trial account: it calls only numbers that were verified.")
NUMBER = _("The number that calls come from is the account’s and can speak")


@about(ACCOUNT)
def account(deadline: Deadline) -> Iterable[Finding]:
    name, status, kind = TwilioPhone().account(deadline=deadline)
    state = State.OK if status == "active" else State.FAILED
    said = TRIAL if kind == "Trial" and state is State.OK else "%(name)s: %(status)s"
    yield Finding("twilio", ACCOUNT, state, said, {"name": name, "status": status})


@about(NUMBER)
def number(deadline: Deadline) -> Iterable[Finding]:
    number = credential("twilio", "from_number", operation=READ_NUMBERS)
    can = TwilioPhone().can_call_from(number, deadline=deadline)
    yield Finding("twilio", NUMBER, State.OK if can else State.FAILED, number)


CHECKS: tuple[Check, ...] = (account, number)
