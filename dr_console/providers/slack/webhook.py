"""Slack's incoming webhook, where there is no bot: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import limits
from dr_console.providers.capabilities.chat import ChatMessage
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import Wire, Words
from dr_console.providers.slack.blocks import body_of
from dr_console.providers.slack.bot import POST, VENDOR
from dr_console.vendors import is_loopback

MISSING = {"no_service", "no_service_id", "channel_not_found", "team_disabled", "no_team", "user_not_found"}
CREDENTIALS = {"invalid_token", "no_active_hooks", "action_prohibited", "posting_to_general_channel_denied"}


class SlackWebhook:
    """It says, and that is all: no threads, no edits, no buttons that lead back, and nothing can be found again."""

    def post(self, message: ChatMessage, *, deadline: Deadline) -> None:
        """Write to the channel that the webhook is of. Not repeated; whether a lost one arrived, nobody can tell."""
        url = address()
        parts = urlsplit(url)
        wire = Wire(VENDOR, f"{parts.scheme}://{parts.netloc}", secrets=(url, parts.path), refusal=_refusal)
        try:
            answer = wire.call(
                "POST",
                parts.path,
                operation=POST,
                deadline=deadline,
                json=body_of(message),
                also_counted=(limits.slack_channel(limits.digest(url)),),
            )
        except ProviderError as error:
            raise _named(error) from error
        if answer.text.strip() != "ok":
            answer.is_garbled("")


def address() -> str:
    """The webhook's address, which is a secret. Raises ProviderError (SETTINGS) if it would leave the sandbox."""
    url = credential("slack", "webhook_url", operation=POST)
    if settings.DR_MODE == "sandbox" and not is_loopback(urlsplit(url).hostname or ""):
        said = "DR_SLACK_WEBHOOK_URL is not on this machine"
        raise ProviderError(VENDOR, POST, Problem.SETTINGS, said=said, permanent=True)
    return url


def _refusal(status: int, body: Any) -> Words | None:
    if status < 400:
        return None
    said = body.strip() if isinstance(body, str) else ""
    return Words(said) if said.replace("_", "").isalpha() and len(said) < 80 else Words()


def _named(error: ProviderError) -> ProviderError:
    if error.code in MISSING:
        error.problem = Problem.NOT_FOUND
    elif error.code in CREDENTIALS:
        error.problem = Problem.CREDENTIALS
    elif error.code == "rollup_error":  # Slack's own trouble, said with 500
        error.problem, error.outcome = Problem.REFUSED, Outcome.UNKNOWN
    return error
