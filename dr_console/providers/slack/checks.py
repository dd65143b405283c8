"""Whether Slack's token works, has the scopes that the plan needs, and is in the channel; nothing is written."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_noop as _

from dr_console.errors import ProviderError
from dr_console.providers.checking import Check, Finding, State, about
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline
from dr_console.providers.slack import Slack
from dr_console.providers.slack.bot import READ_CHANNEL

NEEDED = (
    "chat:write",
    "channels:read",
    "channels:history",  # to find a message whose answer was lost
    "users:read",  # to name who pressed a button
    "users:read.email",  # to know who that is here
)

TOKEN = _("The bot token works")
SCOPES = _("The bot token has the scopes that are needed")
CHANNEL = _("The channel for incidents exists, and the bot is in it")
SIGNING = _("The signing secret is set")
ARCHIVED = _("%(channel)s is archived.")
NOT_A_MEMBER = _("The bot is not in %(channel)s. Invite it there.")
MISSING = _("Missing: %(scopes)s")


@about(TOKEN)
def token(deadline: Deadline) -> Iterable[Finding]:
    found = Slack().whoami(deadline=deadline)
    yield Finding("slack", TOKEN, State.OK, f"{found.name}, {found.team}")
    missing = [scope for scope in NEEDED if scope not in found.rights]
    if not found.rights:
        yield Finding("slack", SCOPES, State.UNKNOWN, "")
    elif missing:
        yield Finding("slack", SCOPES, State.FAILED, MISSING, {"scopes": ", ".join(missing)})
    else:
        yield Finding("slack", SCOPES, State.OK, ", ".join(NEEDED))


@about(CHANNEL)
def channel(deadline: Deadline) -> Iterable[Finding]:
    id = credential("slack", "channel", operation=READ_CHANNEL)
    found = Slack().channel(id, deadline=deadline)
    said = ARCHIVED if found.archived else "" if found.member else NOT_A_MEMBER
    names = {"channel": f"#{found.name}"}
    yield Finding("slack", CHANNEL, State.FAILED if said else State.OK, said or names["channel"], names)


@about(SIGNING)
def signing_secret(deadline: Deadline) -> Iterable[Finding]:
    try:
        credential("slack", "signing_secret", operation=SIGNING)
    except ProviderError as error:
        yield Finding("slack", SIGNING, State.NOT_SET, error.said)
    else:
        yield Finding("slack", SIGNING, State.OK)


CHECKS: tuple[Check, ...] = (token, channel, signing_secret)
