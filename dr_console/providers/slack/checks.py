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

NEEDED = {
    "chat:write": "write messages",
    "channels:read": "read the channel",
    "channels:history": "find a message whose answer was lost",
    "users:read": "name who pressed a button",
    "users:read.email": "know whom a Slack user is here",
}

TOKEN = _("The bot token works")
SCOPES = _("The bot token has the scopes that are needed")
CHANNEL = _("The channel for incidents exists, and the bot is in it")
SIGNING = _("The signing secret is set")


@about(TOKEN)
def token(deadline: Deadline) -> Iterable[Finding]:
    found = Slack().whoami(deadline=deadline)
    yield Finding("slack", TOKEN, State.OK, f"{found.name}, {found.team}")
    missing = [scope for scope in NEEDED if scope not in found.rights]
    if not found.rights:
        yield Finding("slack", SCOPES, State.UNKNOWN, "")
    elif missing:
        said = "; ".join(f"{scope} ({NEEDED[scope]})" for scope in missing)
        yield Finding("slack", SCOPES, State.FAILED, said)
    else:
        yield Finding("slack", SCOPES, State.OK, ", ".join(NEEDED))


@about(CHANNEL)
def channel(deadline: Deadline) -> Iterable[Finding]:
    id = credential("slack", "channel", operation=READ_CHANNEL)
    found = Slack().channel(id, deadline=deadline)
    problems = [word for word, holds in (("archived", found.archived), ("not a member", not found.member)) if holds]
    said = f"#{found.name}{': ' if problems else ''}{', '.join(problems)}"
    yield Finding("slack", CHANNEL, State.FAILED if problems else State.OK, said)


@about(SIGNING)
def signing_secret(deadline: Deadline) -> Iterable[Finding]:
    try:
        credential("slack", "signing_secret", operation=SIGNING)
    except ProviderError as error:
        yield Finding("slack", SIGNING, State.NOT_SET, error.said)
    else:
        yield Finding("slack", SIGNING, State.OK)


CHECKS: tuple[Check, ...] = (token, channel, signing_secret)
