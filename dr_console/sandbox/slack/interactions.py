"""What Slack sends when somebody presses a button or types a slash command: signed, to the app's own address.

https://docs.slack.dev/interactivity
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from dr_console.sandbox import loopback
from dr_console.sandbox.slack.workspace import APP, BOT, BOT_USER, TEAM, Channel, Message, Person, Workspace

SECRET = "sandbox-slack-signing"
ANSWER_WITHIN_SECONDS = 3.0
MOST_ANSWERS = 5
ANSWERS_WITHIN_SECONDS = 30 * 60.0
FORM = "application/x-www-form-urlencoded"


def buttons_of(block: dict[str, Any]) -> list[dict[str, Any]]:
    """What of a block can be pressed."""
    elements = block.get("elements")
    found = [*(elements if isinstance(elements, list) else ()), block.get("accessory")]
    return [one for one in found if isinstance(one, dict) and one.get("action_id")]


def _blocks(body: dict[str, Any]) -> list[Any]:
    given = body.get("blocks")
    return [block for block in given if isinstance(block, dict)] if isinstance(given, list) else []


@dataclass
class ResponseUrl:
    """Where the app may answer to what it was sent, a few times within half an hour."""

    channel: Channel
    message: Message | None
    user: str
    until: float
    left: int = MOST_ANSWERS


class Interactions:
    """`base`: where this sandbox answers, for response_url; it is learnt from the requests that come in."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace, self.world = workspace, workspace.world
        self.request_url = f"{self.world.console}/callbacks/slack/" if self.world.console else ""
        self.command_url = ""
        self.answers: dict[str, ResponseUrl] = {}

    def sign(self, body: bytes, *, at: int) -> dict[str, str]:
        signed = hmac.new(SECRET.encode(), b"v0:" + str(at).encode() + b":" + body, hashlib.sha256).hexdigest()
        return {
            "Content-Type": FORM,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": str(at),
            "X-Slack-Signature": f"v0={signed}",
        }

    async def press(
        self, url: str, base: str, person: Person, channel: Channel, message: Message, element: dict[str, Any]
    ) -> tuple[int, str]:
        """Send a press of a button. Raises what loopback raises."""
        block = next(one for one in message.blocks if element in buttons_of(one))
        ts = self.workspace.new_ts()
        action = {"action_ts": ts, "block_id": block.get("block_id", ""), **element}
        payload: dict[str, Any] = {
            "type": "block_actions",
            "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": TEAM},
            "api_app_id": APP,
            "token": "deprecated",
            "container": {
                "type": "message",
                "message_ts": message.ts,
                "channel_id": channel.id,
                "is_ephemeral": False,
            },
            "trigger_id": self.workspace.new_id("13345224609."),
            "team": {"id": TEAM, "domain": "gemini"},
            "enterprise": None,
            "is_enterprise_install": False,
            "channel": {"id": channel.id, "name": channel.name},
            "message": self.workspace.shown(channel, message),
            "state": {"values": {}},
            "response_url": self._response_url(base, channel, message, person.id),
            "actions": [action],
        }
        return await self._send(url, urlencode({"payload": json.dumps(payload)}).encode())

    async def command(
        self, url: str, base: str, person: Person, channel: Channel, command: str, text: str
    ) -> tuple[int, str]:
        """Send a slash command; what the app answers is shown to who typed it."""
        form = {
            "token": "deprecated",
            "team_id": TEAM,
            "team_domain": "gemini",
            "channel_id": channel.id,
            "channel_name": channel.name,
            "user_id": person.id,
            "user_name": person.name,
            "command": command,
            "text": text,
            "api_app_id": APP,
            "is_enterprise_install": "false",
            "response_url": self._response_url(base, channel, None, person.id),
            "trigger_id": self.workspace.new_id("13345224609."),
        }
        status, said = await self._send(url, urlencode(form).encode())
        if status == 200 and said:
            self._show(said, channel, person.id)
        return status, said

    def respond(self, id: str, body: dict[str, Any]) -> str:
        """A message sent to a response_url; returns what is wrong, or ""."""
        found = self.answers.get(id)
        if found is None or found.until < self.world.clock.now() or found.left == 0:
            return "used_url" if found else "invalid_url"
        found.left -= 1
        if body.get("delete_original") and found.message:
            found.channel.messages.pop(found.message.ts, None)
        elif body.get("replace_original") and found.message:
            found.message.text = str(body.get("text", found.message.text))
            found.message.blocks = _blocks(body)
            self.world.truth.effect("slack", "response_url.replace", found.channel.id, ts=found.message.ts)
        elif body.get("response_type") == "in_channel":
            made = Message(self.workspace.new_ts(), str(body.get("text", "")), BOT_USER, blocks=_blocks(body))
            self.workspace.post(found.channel, made)
        else:
            self.world.outbox.add(
                "slack", found.user, str(body.get("text", "")), "ephemeral", channel_id=found.channel.id
            )
        return ""

    def _show(self, said: str, channel: Channel, user: str) -> None:
        try:
            body = json.loads(said)
        except ValueError:
            body = {"text": said}
        if isinstance(body, dict) and body.get("response_type") == "in_channel":
            made = Message(self.workspace.new_ts(), str(body.get("text", "")), BOT_USER, blocks=_blocks(body))
            self.workspace.post(channel, made)
        elif isinstance(body, dict) and body.get("text"):
            self.world.outbox.add("slack", user, str(body["text"]), "ephemeral", channel_id=channel.id)

    def _response_url(self, base: str, channel: Channel, message: Message | None, user: str) -> str:
        id = self.workspace.new_id("")
        self.answers[id] = ResponseUrl(channel, message, user, self.world.clock.now() + ANSWERS_WITHIN_SECONDS)
        return f"{base}/slack/actions/{TEAM}/{BOT}/{id}"

    async def _send(self, url: str, body: bytes) -> tuple[int, str]:
        # By our own clock: a world in which time flies must not be taken for somebody who repeats what he overheard.
        headers = self.sign(body, at=int(time.time()))
        return await loopback.ask("POST", url, headers, body, within=ANSWER_WITHIN_SECONDS)
