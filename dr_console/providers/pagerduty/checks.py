"""Whether PagerDuty's keys work and have the rights that the plan needs; nothing is changed, nobody is rung."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.utils.translation import gettext_noop as _

from dr_console.providers.checking import Check, Finding, State, about
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline
from dr_console.providers.pagerduty import PagerDuty
from dr_console.providers.pagerduty.events import TRIGGER
from dr_console.providers.pagerduty.rest import READ_USERS

ROUTING_KEY_CHARACTERS = 32

INTEGRATION = _("The integration key is set and well formed")
LENGTH = _("It has %(given)s characters, and an integration key has 32.")
TOKEN = _("The REST API key works")
LOGIN = _("The login that changes are made as exists")
ON_CALL = _("Somebody is on call")
WEBHOOK = _("PagerDuty tells the console what happens")


@about(INTEGRATION)
def integration_key(deadline: Deadline) -> Iterable[Finding]:
    """Events v2 has no question that rings nobody, so only the key's form can be looked at."""
    key = credential("pagerduty", "routing_key", operation=TRIGGER)
    if len(key) == ROUTING_KEY_CHARACTERS:
        yield Finding("pagerduty", INTEGRATION, State.OK)
    else:
        yield Finding("pagerduty", INTEGRATION, State.FAILED, LENGTH, {"given": str(len(key))})


@about(TOKEN)
def token(deadline: Deadline) -> Iterable[Finding]:
    abilities = PagerDuty().abilities(deadline=deadline)
    yield Finding("pagerduty", TOKEN, State.OK, ", ".join(sorted(abilities)[:5]))


@about(LOGIN)
def login(deadline: Deadline) -> Iterable[Finding]:
    email = credential("pagerduty", "from_email", operation=READ_USERS)
    found = PagerDuty().has_user(email, deadline=deadline)
    yield Finding("pagerduty", LOGIN, State.OK if found else State.FAILED, email)


@about(ON_CALL)
def on_call(deadline: Deadline) -> Iterable[Finding]:
    people = PagerDuty().on_call(deadline=deadline)
    names = ", ".join(dict.fromkeys(f"{one.level}: {one.name}" for one in people))
    first = any(one.level == 1 for one in people)
    yield Finding("pagerduty", ON_CALL, State.OK if first else State.FAILED, names)


@about(WEBHOOK)
def webhook(deadline: Deadline) -> Iterable[Finding]:
    ours = [one for one in PagerDuty().subscriptions(deadline=deadline) if one.url.startswith(settings.DR_PUBLIC_URL)]
    active = [one for one in ours if one.active]
    said = ", ".join(one.url for one in active or ours)
    state = State.OK if active else State.FAILED if ours else State.NOT_SET
    yield Finding("pagerduty", WEBHOOK, state, said)


CHECKS: tuple[Check, ...] = (integration_key, token, login, on_call, webhook)
