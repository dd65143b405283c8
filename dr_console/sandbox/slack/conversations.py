"""conversations.*, users.*, auth.* and the like: https://docs.slack.dev/reference/methods."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Any

from dr_console.sandbox.slack.calls import Answer, Given, No
from dr_console.sandbox.slack.chat import Chat
from dr_console.sandbox.slack.workspace import (
    BOT,
    BOT_USER,
    TEAM,
    Channel,
    Message,
    Person,
    Workspace,
    bot_profile,
    channel_shown,
    person_shown,
)

NAME = re.compile(r"[a-z0-9_\-]{1,80}")


class Conversations:
    def __init__(self, workspace: Workspace, chat: Chat) -> None:
        self.workspace, self.world, self._chat = workspace, workspace.world, chat

    def info(self, given: Given) -> Answer:
        return {"channel": channel_shown(self._chat.channel(given))}

    def all(self, given: Given) -> Answer:
        kinds = given.text("types") or "public_channel"
        wanted = [
            one
            for one in self.workspace.channels.values()
            if _kind(one) in kinds.split(",") and not (given.flag("exclude_archived") and one.archived)
        ]
        return _page(given, "channels", [channel_shown(one) for one in wanted])

    def members(self, given: Given) -> Answer:
        return _page(given, "members", self._chat.channel(given).members)

    def history(self, given: Given) -> Answer:
        channel = self._chat.channel(given)
        messages = [one for one in channel.messages.values() if not one.thread and _in_time(given, one)]
        return self._messages(given, channel, list(reversed(messages)))

    def replies(self, given: Given) -> Answer:
        channel, ts = self._chat.channel(given), given.needed("ts")
        first = channel.messages.get(ts)
        if first is None:
            raise No("thread_not_found")
        replies = [one for one in channel.thread_of(ts) if _in_time(given, one)]
        return self._messages(given, channel, [first, *replies])

    def create(self, given: Given) -> Answer:
        name = given.needed("name")
        if not NAME.fullmatch(name):
            raise No("invalid_name_specials")
        if any(one.name == name for one in self.workspace.channels.values()):
            raise No("name_taken")
        born = int(self.world.clock.now())
        made = Channel(self.workspace.new_id("C"), name, born, [BOT_USER], private=given.flag("is_private"))
        self.workspace.channels[made.id] = made
        self.world.truth.effect("slack", "conversations.create", name)
        return {"channel": channel_shown(made)}

    def invite(self, given: Given) -> Answer:
        channel, users = self._chat.channel(given), given.needed("users").split(",")
        for user in users:
            if user not in self.workspace.people:
                raise No("user_not_found")
            if user in channel.members:
                raise No("already_in_channel")
        channel.members += users
        self.world.truth.effect("slack", "conversations.invite", channel.name, users=",".join(users))
        return {"channel": channel_shown(channel)}

    def join(self, given: Given) -> Answer:
        channel = self._chat.channel(given)
        already = BOT_USER in channel.members
        channel.members += [] if already else [BOT_USER]
        return {"channel": channel_shown(channel), **({"warning": "already_in_channel"} if already else {})}

    def archive(self, given: Given) -> Answer:
        channel = self._chat.channel(given)
        if channel.archived:
            raise No("already_archived")
        channel.archived = True
        self.world.truth.effect("slack", "conversations.archive", channel.name)
        return {}

    def set_topic(self, given: Given) -> Answer:
        channel = self._chat.channel(given)
        channel.topic = given.needed("topic")
        return {"channel": channel_shown(channel)}

    def set_purpose(self, given: Given) -> Answer:
        channel = self._chat.channel(given)
        channel.purpose = given.needed("purpose")
        return {"channel": channel_shown(channel)}

    def open(self, given: Given) -> Answer:
        person = self._person(given.needed("users").split(",")[0])
        channel = self.workspace.direct(person.id)
        return {"channel": channel_shown(channel) if given.flag("return_im") else {"id": channel.id}}

    def user(self, given: Given) -> Answer:
        return {"user": person_shown(self._person(given.text("user")))}

    def users(self, given: Given) -> Answer:
        found = _page(given, "members", [person_shown(one) for one in self.workspace.people.values()])
        return {**found, "cache_ts": int(self.world.clock.now())}

    def by_email(self, given: Given) -> Answer:
        email = given.needed("email").lower()
        found = next((one for one in self.workspace.people.values() if one.email == email), None)
        if found is None:
            raise No("users_not_found")
        return {"user": person_shown(found)}

    def test(self, given: Given) -> Answer:
        return {
            "url": "https://gemini.slack.com/",
            "team": "Gemini",
            "user": "drconsole",
            "team_id": TEAM,
            "user_id": BOT_USER,
            "bot_id": BOT,
            "is_enterprise_install": False,
        }

    def team(self, given: Given) -> Answer:
        team = {"id": TEAM, "name": "Gemini", "domain": "gemini", "email_domain": "example.com", "icon": {}}
        return {"team": team}

    def bot(self, given: Given) -> Answer:
        if given.text("bot") not in ("", BOT):
            raise No("bot_not_found")
        return {"bot": bot_profile()}

    def api_test(self, given: Given) -> Answer:
        if given.text("error"):
            raise No(given.text("error"), args=dict(given))
        return {"args": dict(given)}

    def _messages(self, given: Given, channel: Channel, messages: Sequence[Message]) -> Answer:
        metadata = given.flag("include_all_metadata")
        shown = [self.workspace.shown(channel, one, metadata=metadata) for one in messages]
        found = _page(given, "messages", shown)
        return {**found, "has_more": bool(found["response_metadata"]["next_cursor"]), "pin_count": 0}

    def _person(self, id: str) -> Person:
        found = self.workspace.people.get(id)
        if found is None:
            raise No("user_not_found")
        return found


def _kind(channel: Channel) -> str:
    if channel.id.startswith("D"):
        return "im"
    return "private_channel" if channel.private else "public_channel"


def _in_time(given: Given, message: Message) -> bool:
    oldest, latest = given.text("oldest"), given.text("latest")
    try:
        at, after, before = float(message.ts), float(oldest or 0), float(latest or "inf")
    except ValueError:
        raise No("invalid_ts_oldest" if oldest else "invalid_ts_latest") from None
    return after <= at <= before if given.flag("inclusive") else after < at < before


def _page(given: Given, name: str, rows: Sequence[Any]) -> Answer:
    """One page; the cursor says where the next begins."""
    limit = given.whole("limit", 100, 1000)
    start = 0
    if cursor := given.text("cursor"):
        try:
            start = int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
        except ValueError:
            raise No("invalid_cursor") from None
    end = start + limit
    following = base64.b64encode(f"next:{end}".encode()).decode() if end < len(rows) else ""
    return {name: list(rows[start:end]), "response_metadata": {"next_cursor": following}}
