"""Whether the mail server lets us in; no letter is sent."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_noop as _

from dr_console.providers.checking import Check, Finding, State, about
from dr_console.providers.deadlines import Deadline
from dr_console.providers.mail import SmtpMail

LOGIN = _("The mail server answers and lets the console in")


@about(LOGIN)
def login(deadline: Deadline) -> Iterable[Finding]:
    yield Finding("mail", LOGIN, State.OK, SmtpMail().check(deadline=deadline))


CHECKS: tuple[Check, ...] = (login,)
