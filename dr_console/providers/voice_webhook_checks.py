"""Whether the voice webhook is set; it is asked for nothing, as every request to it rings somebody."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from django.utils.translation import gettext_noop as _

from dr_console.errors import ProviderError
from dr_console.providers.checking import Check, Finding, State, about
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline
from dr_console.providers.voice_webhook import CALL, address

CONFIGURED = _("The address that calls are asked for at, and its secret, are set")


@about(CONFIGURED)
def configured(deadline: Deadline) -> Iterable[Finding]:
    try:
        host = urlsplit(address(CALL)).hostname or ""
        credential("voice", "secret", operation=CALL)
    except ProviderError as error:
        yield Finding("voice", CONFIGURED, State.NOT_SET, error.said)
    else:
        yield Finding("voice", CONFIGURED, State.OK, host)


CHECKS: tuple[Check, ...] = (configured,)
