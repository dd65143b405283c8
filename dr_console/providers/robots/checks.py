"""Which robots are set up; none is asked for anything, as whatever is sent to them is said in their room."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from django.utils.translation import gettext_noop as _

from dr_console.credentials import CREDENTIALS, NAMES
from dr_console.errors import ProviderError
from dr_console.providers.checking import ROBOTS, Check, Finding, State, about
from dr_console.providers.credentials import credential_or_none
from dr_console.providers.deadlines import Deadline
from dr_console.providers.robots.wire import address

CONFIGURED = _("The address of %(name)s’s robot is set")
ANY = _("A robot of a chat room is set up")


@about(ANY)
def configured(deadline: Deadline) -> Iterable[Finding]:
    given = [vendor for vendor in ROBOTS if credential_or_none(vendor, "url")]
    for vendor in given:
        yield _finding(vendor)
    if not given:
        yield Finding("robots", ANY, State.NOT_SET, ", ".join(CREDENTIALS[vendor]["url"].setting for vendor in ROBOTS))


def _finding(vendor: str) -> Finding:
    names = {"name": NAMES[vendor]}
    try:
        return Finding("robots", CONFIGURED, State.OK, urlsplit(address(vendor)).hostname or "", names)
    except ProviderError as error:
        return Finding("robots", CONFIGURED, State.FAILED, error.said, names)


CHECKS: tuple[Check, ...] = (configured,)
